"""CPU time and memory of a workload's evaluations, contender beside contender.

The cyclic collector stays on, as a user has it.
"""

import gc
import statistics
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from benchmarks import contenders, workloads
from benchmarks.contenders import Contender
from benchmarks.workloads import Workload

# A contender's turn takes at least so many seconds and evaluations: long enough to make it remove its own
# cyclic garbage, as a loop of training does.
BLOCK, EVALUATIONS = 0.2, 3


def _seconds(contender: Contender, workload: Workload, repeats: int) -> float:
    """CPU time of one evaluation, its graph built, differentiated and freed."""
    gc.collect()  # the garbage of the contender before is not charged to this one
    start = time.process_time()
    for _ in range(repeats):
        contender.value_and_gradient(workload.function, workload.point)
    return (time.process_time() - start) / repeats


def interleaved(workload: Workload, entrants: list[Contender], rounds: int) -> list[list[float]]:
    """For each contender its seconds per evaluation, one figure a round.

    In each round all take their turn, so that whatever disturbs the machine disturbs all of them.
    """
    repeats = [max(EVALUATIONS, round(BLOCK / _seconds(entrant, workload, 1))) for entrant in entrants]
    seconds: list[list[float]] = [[] for _ in entrants]
    for _ in range(rounds):
        for position, entrant in enumerate(entrants):
            seconds[position].append(_seconds(entrant, workload, repeats[position]))
    return seconds


def ratio(seconds: list[float], base: list[float]) -> float:
    """The median over the rounds of the ratio within a round."""
    return statistics.median(mine / yours for mine, yours in zip(seconds, base, strict=True))


def peak_memory(name: str, workload_name: str) -> int | None:
    """Bytes by which one gradient raises the resident memory of a fresh process, at its peak.

    None where the system does not tell (it is read from Linux's /proc).
    """
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        return process.submit(_growth, name, workload_name).result()


def _growth(name: str, workload_name: str) -> int | None:
    contender, workload = contenders.load(name), workloads.load(workload_name)
    before = _status("VmRSS")
    contender.value_and_gradient(workload.function, workload.point)
    peak = _status("VmHWM")
    return None if before is None or peak is None else peak - before


def _status(field: str) -> int | None:
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return None
    kilobytes = next(line.split()[1] for line in lines if line.startswith(field + ":"))
    return int(kilobytes) * 1024
