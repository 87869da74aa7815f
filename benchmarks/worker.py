"""The process in which one contender works on one workload; `entrant` starts it and asks.

It knows the workloads and the contender, but, in the environment of a peer, nothing else of this project.
It answers in lines of JSON: first what the contender computes, then, for each whole number it reads, the
seconds that one of so many evaluations took.  When something goes wrong, it says what, and ends.  The
cyclic collector stays on, as a user has it.
"""

import gc
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from benchmarks import contenders, workloads
from benchmarks.contenders import Contender
from benchmarks.resident import peak, resident
from benchmarks.workloads import Workload


class Evaluation(NamedTuple):
    """What a contender computes, and what its graph takes."""

    name: str
    value: float
    gradient: list[float] | None
    growth: int | None
    """Bytes by which the evaluation, a fresh process's first, raised its resident memory at the peak."""


def evaluation(contender: Contender, workload: Workload) -> Evaluation:
    before = resident()
    value, gradient = contender.value_and_gradient(workload.function, workload.point)
    highest = peak()
    growth = None if before is None or highest is None else highest - before
    return Evaluation(contender.name, value, gradient, growth)


def seconds(contender: Contender, workload: Workload, repeats: int) -> float:
    """CPU time of one evaluation, its graph built, differentiated and freed."""
    gc.collect()  # the garbage of what was before is not charged to this
    start = time.process_time()
    for _ in range(repeats):
        contender.value_and_gradient(workload.function, workload.point)
    return (time.process_time() - start) / repeats


@contextmanager
def answering() -> Iterator[Callable[..., None]]:
    """What answers, with fields of JSON in a line of its own; an exception is the last answer."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever a library prints is no answer

    def answer(**fields: Any) -> None:
        print(json.dumps(fields), file=answers, flush=True)

    try:
        yield answer
    except Exception as error:
        answer(error=" ".join(f"{type(error).__name__}: {error}".split()))


def main(contender_name: str, workload_name: str) -> None:
    with answering() as answer:
        contender, workload = contenders.load(contender_name), workloads.load(workload_name)
        answer(**evaluation(contender, workload)._asdict())
        for repeats in sys.stdin:
            answer(seconds=seconds(contender, workload, int(repeats)))
