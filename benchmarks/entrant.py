"""A contender at work on one workload, in a process of its own: how it is started, asked and stopped.

The process is of the contender's own Python environment if it has one.  However it fails, by an
exception, a crash or silence, that is one line here, and the others go on.
"""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

from benchmarks import environments
from benchmarks.worker import Evaluation

Answer = TypeVar("Answer")

ROOT = Path(__file__).parents[1]
PROGRAM = (
    "import importlib, sys; place, root, worker, *names = sys.argv[1:]; sys.path.insert(int(place), root); "
    "importlib.import_module(worker).main(*names)"
)
FIRST, LAST = 0, sys.maxsize  # places on sys.path
PATIENCE = 120.0  # seconds until a contender that does not answer is given up


class Failure(Exception):
    """Why a contender gave no answer, in one line."""


class Entrant:
    """One contender on one workload: what it computes, and how long that takes.

    `first` is the first answer of its worker.
    """

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.first = self._answer()

    @property
    def evaluation(self) -> Evaluation:
        return Evaluation(**self.first)

    def seconds(self, repeats: int) -> float:
        """Those of one evaluation, as of so many, by the clock that its worker reads."""
        return float(self._answer(f"{repeats}\n")["seconds"])

    def _answer(self, question: str = "") -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        watch = threading.Timer(PATIENCE, self._process.kill)
        watch.start()
        try:
            with suppress(BrokenPipeError):  # an end that the next line notices
                self._process.stdin.write(question)
                self._process.stdin.flush()
            line = self._process.stdout.readline()
            in_time = watch.is_alive()
        finally:
            watch.cancel()
        if not in_time:
            raise Failure(f"no answer in {PATIENCE:g} seconds")
        if not line:
            raise Failure(f"its process ended with status {self._process.wait()}")
        try:
            answer: dict[str, Any] = json.loads(line)
        except ValueError:
            raise Failure(f"its process answered {line!r}") from None
        if "error" in answer:
            raise Failure(answer["error"])
        return answer


@contextmanager
def entrant(contender: str, *names: str, worker: str = "benchmarks.worker") -> Iterator[Entrant]:
    """The contender of that name at work on the workload of the next name.  Raises Failure.

    `worker` is the module whose `main` takes the names in the process.
    """
    python = environments.python(contender)
    # Where a peer is installed, it comes before this project, whose packages may bear its name.
    place = FIRST if python == sys.executable else LAST
    try:
        process = subprocess.Popen(
            [python, "-EP", "-c", PROGRAM, str(place), str(ROOT), worker, contender, *names],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={name: value for name, value in os.environ.items() if name != "AUTOGRAD_CORE"},
            text=True,
        )
    except OSError as error:
        raise Failure(str(error)) from error
    try:
        yield Entrant(process)
    finally:
        process.kill()
        process.communicate()


def each(workload: str, contenders: Iterable[str], question: Callable[[str], Answer]) -> dict[str, Answer]:
    """What the question gives for each contender in turn; one that fails is left out, with a line."""
    answers = {}
    for contender in contenders:
        try:
            answers[contender] = question(contender)
        except Failure as failure:
            print(f"{contender} is skipped at {workload}: {failure}", file=sys.stderr)
    return answers
