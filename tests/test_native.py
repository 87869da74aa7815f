"""The engine in C survives hostile use, exhaustion and damaged pickles, and leaks nothing.

These are small versions of the commands in `tests/native/`; each runs in a process of its own, whose crash
would be seen.  `python -m tests.native.sanitized` runs them under the sanitizers.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

if os.environ.get("AUTOGRAD_CORE") != "native":
    pytest.importorskip("autograd._core.value", reason="the engine in C was not built")

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize(
    "command",
    [
        "hostile --rounds 5",
        "pickles --changes 100",
        "leaks --times 150",
        "exhaustion --stride 500 --interrupts 5",
    ],
)
def test_nothing_crashes_or_leaks(command: str) -> None:
    module, *options = command.split()
    run = subprocess.run(
        [sys.executable, "-X", "faulthandler", "-m", f"tests.native.{module}", *options],
        cwd=ROOT,
        env=os.environ | {"AUTOGRAD_CORE": "native"},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stdout + run.stderr
