"""The engine in C under AddressSanitizer and UndefinedBehaviorSanitizer: `python -m tests.native.sanitized`.

Builds it anew in a temporary folder, and there runs the commands of this folder and the tests of the engine.
It needs gcc and a few minutes, and ends with a status other than 0 at the first report.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
FLAGS = "-fsanitize=address,undefined"
TESTS = ("value", "backward", "copying", "modes", "agreement", "user_rows", "micrograd_compatibility")


def build(folder: Path) -> None:
    """A copy of the sources with an engine that watches itself."""
    for name in ("autograd", "benchmarks", "nn", "tests"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("*.so", "__pycache__"))
    for name in ("setup.py", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, folder)
    environment = os.environ | {
        "AUTOGRAD_CORE": "native",
        "CFLAGS": f"-O1 -g -fno-omit-frame-pointer {FLAGS}",
        "LDFLAGS": FLAGS,
    }
    command = [sys.executable, "setup.py", "--quiet", "build_ext", "--inplace"]
    subprocess.run(command, cwd=folder, env=environment, check=True)


def library(name: str) -> str:
    """Where the compiler keeps a library of the sanitizers."""
    command = ["gcc", f"-print-file-name={name}"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def watched(folder: Path, *command: str) -> None:
    """Runs a module in the folder.  Raises CalledProcessError if it fails or a sanitizer reports anything."""
    environment = os.environ | {
        "AUTOGRAD_CORE": "native",
        "LD_PRELOAD": f"{library('libasan.so')} {library('libubsan.so')}",
        "ASAN_OPTIONS": "detect_leaks=0:allocator_may_return_null=1",  # Python itself leaks at its end
        "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1",
        "PYTHONMALLOC": "malloc",
    }
    print("==", *command, flush=True)
    subprocess.run(
        [sys.executable, "-X", "faulthandler", "-m", *command], cwd=folder, env=environment, check=True
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.native.sanitized", description=__doc__)
    parser.add_argument("--rounds", type=int, default=100, help="of hostile use")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        build(folder)
        watched(folder, "pytest", "-q", "-s", *(f"tests/test_{name}.py" for name in TESTS))
        watched(folder, "tests.native.hostile", "--rounds", str(options.rounds), "--seed", str(options.seed))
        watched(folder, "tests.native.exhaustion", "--stride", "200", "--interrupts", "20")


if __name__ == "__main__":
    main()
