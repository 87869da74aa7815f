"""The peers' Python environments: `python -m benchmarks.environments` makes them, in `.venv-peers/`.

Each peer has its own, named like its contender: HIPS autograd's package has the name of ours, so that no
environment can hold both.  A contender without one is looked for in the environment that runs.
"""

import argparse
import shutil
import subprocess
import sys
import venv
from collections.abc import Sequence
from pathlib import Path

FOLDER = Path(__file__).parents[1] / ".venv-peers"

# One version of each, so that the table can be measured again.
REQUIREMENTS = {
    "xad": "xad==1.5.2",
    "torch": "torch==2.13.0",
    "hips_autograd": "autograd==1.9.1",
    "jax": "jax==0.10.2",
}


def python(contender: str) -> str:
    """The interpreter of the contender's own environment, or else the one that runs."""
    own = FOLDER / contender / "bin" / "python"
    return str(own) if own.exists() else sys.executable


def create(contender: str) -> bool:
    """Makes the contender's environment anew; returns whether pip could install what it takes."""
    folder = FOLDER / contender
    venv.create(folder, clear=True, symlinks=True)
    pip = [sys.executable, "-m", "pip", "--python", str(folder), "install", "--quiet"]
    installed = subprocess.run([*pip, REQUIREMENTS[contender]], check=False).returncode == 0
    if not installed:
        shutil.rmtree(folder)
    return installed


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.environments", description=__doc__)
    parser.add_argument("peers", nargs="*", metavar="PEER", help=f"of {', '.join(REQUIREMENTS)}; else all")
    peers = parser.parse_args(argv).peers or list(REQUIREMENTS)
    if unknown := [peer for peer in peers if peer not in REQUIREMENTS]:
        parser.error(f"no peer {unknown[0]!r}: there are {', '.join(REQUIREMENTS)}")
    for peer in peers:
        print(f"Installing {REQUIREMENTS[peer]} into {FOLDER / peer}", flush=True)
        if not create(peer):
            print(f"{peer} has no environment: pip did not install {REQUIREMENTS[peer]}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
