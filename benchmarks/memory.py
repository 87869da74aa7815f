"""Whether memory grows: `python -m benchmarks.memory` builds, differentiates and frees graphs, and watches.

First a million small graphs, then the training of micrograd's demo for some minutes, on whichever engine
`autograd` has chosen; or, with `--compiled`, a thousand functions that are compiled, called and dropped.  The
first tenth of each is its warm-up; if resident memory at its peak grows after that, the command ends with
status 1.  The peak, because what stays resident between two graphs depends on which of the allocator's
blocks happen to be empty.
"""

import argparse
import random
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence

from autograd import jit, tanh, value_and_grad, vmap
from autograd.engine import Value, engine_name
from benchmarks import workloads
from benchmarks.contenders.engine import Engine
from benchmarks.resident import peak, resident
from nn import MLP, SGD, fit, micrograd_moons

GRAPHS = 1_000_000
FUNCTIONS = 1_000
TENTHS = range(1, 11)
SHARE, SLACK = 0.01, 1e6  # what is no growth: so much of what there was, plus so many bytes


def small_graphs() -> Iterator[str]:
    """Evaluates the expression of W1, and says at each tenth how often."""
    engine, workload = Engine(engine_name, Value), workloads.load("w1")
    for tenth in TENTHS:
        for _ in range(GRAPHS // 10):
            engine.value_and_gradient(workload.function, workload.point)
        yield f"{tenth * GRAPHS // 10:,} small graphs"


def training(minutes: float) -> Iterator[str]:
    """Trains the network of W3, on and on, and says at each tenth of the time how many steps it made."""
    random.seed(1337)
    model, (points, labels) = MLP(2, [16, 16, 1]), micrograd_moons()
    signs = [2 * label - 1 for label in labels]
    optimizer = SGD(model.parameters(), learning_rate=0.1)
    made, start = 0, time.monotonic()
    for tenth in TENTHS:
        while True:
            fit(model, points, signs, loss="max_margin", optimizer=optimizer, epochs=1, progress=False)
            made += 1
            if time.monotonic() - start >= 60 * minutes * tenth / 10:
                break
        yield f"training step {made:,}"


def compiled_functions() -> Iterator[str]:
    """Compiles functions of two paths, for points and for rows, and says at each tenth how many."""

    def branching(number: int) -> Callable[[float], float]:
        return lambda x: x * number if x > 0 else tanh(x * number)

    for tenth in TENTHS:
        for number in range(FUNCTIONS // 10):
            step = value_and_grad(branching(number))
            at_a_point, over_rows = jit(step), jit(vmap(step))
            for x in (0.5, -0.5):
                at_a_point(x)
                over_rows([x] * 9)
        yield f"{tenth * FUNCTIONS // 10:,} compiled functions"


def grows(activity: Iterable[str]) -> bool:
    """Whether the peak, from the first thing that the activity says to the last, has grown."""
    peaks = []
    for progress in activity:
        now, highest = resident(), peak()
        if now is None or highest is None:
            raise SystemExit("resident memory is read from /proc/self/status, and there is none here")
        print(f"{now / 1e6:8.1f} MB, at the peak {highest / 1e6:.1f} MB, after {progress}", flush=True)
        peaks.append(highest)
    growth = peaks[-1] - peaks[0]
    grown = growth > SHARE * peaks[0] + SLACK
    print(f"Memory {'grew' if grown else 'did not grow'}: {growth / 1e6:+.1f} MB after the warm-up.\n")
    return grown


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.memory", description=__doc__)
    parser.add_argument("--minutes", type=float, default=1.0, help="how long to train (default 1)")
    parser.add_argument("--compiled", action="store_true", help="compile functions instead, and drop them")
    options = parser.parse_args(argv)
    print(f"Resident memory with the {engine_name} engine:")
    activities = [compiled_functions()] if options.compiled else [small_graphs(), training(options.minutes)]
    grown = [grows(activity) for activity in activities]
    return int(any(grown))


if __name__ == "__main__":
    sys.exit(main())
