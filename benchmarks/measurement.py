"""What the contenders compute on a workload, and the CPU time it takes them, side by side."""

import statistics
from collections.abc import Iterable
from contextlib import ExitStack

from benchmarks.entrant import each, entrant
from benchmarks.worker import Evaluation

# A contender's turn takes at least so many seconds and evaluations: long enough to make it remove its own
# cyclic garbage, as a loop of training does.  An evaluation that takes longer than `LONG` is a turn.
BLOCK, EVALUATIONS, LONG = 0.2, 3, 1.0


def evaluated(workload: str, contenders: Iterable[str]) -> dict[str, Evaluation]:
    """For each contender that does not fail, what it computes, the first thing in a fresh process."""

    def evaluation(name: str) -> Evaluation:
        with entrant(name, workload) as process:
            return process.evaluation

    return each(workload, contenders, evaluation)


def repeats(seconds: float) -> int:
    """How many evaluations make a turn, if one takes so many seconds of CPU time."""
    return 1 if seconds > LONG else max(EVALUATIONS, round(BLOCK / seconds))


def interleaved(workload: str, contenders: Iterable[str], rounds: int) -> dict[str, list[float]]:
    """For each contender that does not fail, its seconds per evaluation, one figure a round.

    In each round all take their turn, so that whatever disturbs the machine disturbs all of them.
    """
    with ExitStack() as processes:
        entrants = each(workload, contenders, lambda name: processes.enter_context(entrant(name, workload)))
        turns = each(workload, entrants, lambda name: repeats(entrants[name].seconds(1)))
        seconds: dict[str, list[float]] = {name: [] for name in turns}
        for _ in range(rounds):
            turn = each(workload, seconds, lambda name: entrants[name].seconds(turns[name]))
            seconds = {name: [*seconds[name], turn[name]] for name in turn}
    return seconds


def ratio(seconds: list[float], base: list[float]) -> float:
    """The median over the rounds of the ratio within a round."""
    return statistics.median(mine / yours for mine, yours in zip(seconds, base, strict=True))
