"""The process in which one peer works with arrays on one workload; `entrant` starts it and asks.

The inputs are files of doubles in a folder: input-0, input-1, ...  There it leaves what it computes, NAME-0
with the value and NAME-1, ... with the derivatives.  It answers as the worker of the other contenders does,
first with the seconds from its source to the first result, then with those of one of so many calls; by the
clock, for there may be more threads than one.
"""

import array
import functools
import itertools
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks import vectorised
from benchmarks.vectorised.sources import SOURCES
from benchmarks.worker import answering


def read(path: Path) -> Sequence[float]:
    numbers = array.array("d")
    numbers.frombytes(path.read_bytes())
    return numbers


def main(name: str, workload: str, folder: str) -> None:
    with answering() as answer:
        peer, (function, differentiated) = vectorised.load(name), SOURCES[workload]
        paths = (Path(folder, f"input-{number}") for number in itertools.count())
        inputs = [peer.array(read(path)) for path in itertools.takewhile(Path.exists, paths)]
        start = time.perf_counter()
        call = peer.with_gradient(functools.partial(function, peer.math), differentiated)
        results = call(*inputs)
        seconds = time.perf_counter() - start
        for number, result in enumerate(results):
            Path(folder, f"{name}-{number}").write_bytes(
                array.array("d", result.flatten().tolist()).tobytes()
            )
        answer(name=peer.name, seconds=seconds)
        for line in sys.stdin:
            start, repeats = time.perf_counter(), int(line)
            for _ in range(repeats):
                call(*inputs)
            answer(seconds=(time.perf_counter() - start) / repeats)
