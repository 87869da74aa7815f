"""The compiler on trial: whether what it compiles has the bits of the engine, and one trace for each path.

    python -m autograd.testing.compiled [--expressions 60] [--programs 60] [--inputs 10000] [--rows 100000]

Random expressions and random programs with branches are compiled with their gradients and Hessians, each
one point at a time and over rows, also over 1 to 17 of them, which vectors of 8 do not divide.  A third of
the inputs are zeros, infinities, nan, subnormals and the largest doubles.  Values have to be the engine's,
bit for bit; derivatives too, but for the sign of zero; every nan is equal to every other.  The number of
traces has to be that of the paths, which are counted without a trace.  Beyond 64 paths nothing is compiled:
inputs that take further ones are left out.

Then a loop that stops where its numbers tell it to, over many rows, beside the engine row by row.

Exit status 1 if anything differed; Hypothesis shows the smallest function it found for that.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import math
import operator
import random
import sys
import time
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from autograd.compiler import jit, vmap
from autograd.compiler.paths import MOST_PATHS
from autograd.engine import Value, engine_name
from autograd.testing.programs import Program, programs
from autograd.testing.strategies import Expression, expressions
from autograd.transforms import grad, hessian, value_and_grad

__all__ = ["SPECIAL", "Outcome", "main", "tried", "wide_inputs"]

SPECIAL = (
    *(0.0, -0.0, 1.0, -1.0, 2.0, 0.5, 3.0, math.inf, -math.inf, math.nan),
    *(5e-324, -5e-324, -2.5e-310, sys.float_info.min, sys.float_info.max, -1e308, 1e-160, 710.0),
)
"""Numbers at which one operation or another has its kinks, overflows or loses digits."""

_REMAINDERS = range(1, 18)  # rows that vectors of 8 do not divide, or that one of them holds

Point = tuple[float, ...]
_Array = numpy.ndarray[Any, Any]


class Outcome(NamedTuple):
    """What came of one function, or of many: how much was compared, and what was wrong."""

    functions: int = 0
    inputs: int = 0
    left_out: int = 0  # inputs on paths that are not compiled
    numbers: int = 0  # of results that were compared
    differing: int = 0  # of these numbers
    traces: int = 0
    paths: int = 0  # how many traces there should be
    wrong: tuple[str, ...] = ()

    def plus(self, other: Outcome) -> Outcome:
        return Outcome(*map(operator.add, self, other))


def wide_inputs(arity: int, name: str) -> Iterator[Point]:
    """Points of so many numbers, on and on, the same for the same name.

    The numbers are special, of any magnitude, or between -4 and 4, where every other one is whole: those of
    a point all of one kind, which makes ties likely, or each of its own.
    """
    generator = random.Random(name)
    kinds: list[Callable[[], float]] = [
        lambda: generator.choice(SPECIAL),
        lambda: generator.choice((1, -1)) * 10.0 ** generator.uniform(-320, 308),
        lambda: generator.choice((generator.uniform(-4, 4), float(generator.randrange(-4, 5)))),
    ]
    while True:
        for kind in kinds:
            yield tuple(kind() for _ in range(arity))
        yield tuple(generator.choice(kinds)() for _ in range(arity))


def tried(function: Callable[..., Any], path: Callable[..., Hashable], points: Iterable[Point]) -> Outcome:
    """A function, its gradient and its Hessian, compiled for points and for rows, beside the engine.

    `path` gives for a point what tells its path from others.
    """
    by_path: dict[Hashable, list[Point]] = {}
    for point in points:
        by_path.setdefault(path(*point), []).append(point)
    taken = list(by_path.values())[:MOST_PATHS]
    kept = list(itertools.chain.from_iterable(taken))
    random.Random(len(kept)).shuffle(kept)  # so that neighbouring rows take different paths
    argnums = tuple(range(len(kept[0])))

    def value(*point: float) -> Any:
        return function(*map(Value, point)).data

    whole = Outcome(1, len(kept), sum(map(len, by_path.values())) - len(kept))
    whole = whole.plus(_compared("value", function, kept, _at_each(value, kept), len(taken)))
    for name, subject in (("gradient", grad(function, argnums)), ("Hessian", hessian(function, argnums))):
        whole = whole.plus(_compared(name, subject, kept, _at_each(subject, kept), len(taken)))
    return whole


def _compared(
    name: str, function: Callable[..., Any], points: list[Point], expected: _Array, paths: int
) -> Outcome:
    """A function compiled for points and for rows, beside what the engine found at the points."""
    at_points, over_rows = jit(function), jit(vmap(function))
    found = [
        ("", 0, _at_each(at_points, points)),
        (" over rows", 0, _over_rows(over_rows, points)),
        *(
            (f" over {count} rows", start, _over_rows(over_rows, points[start : start + count]))
            for count in _REMAINDERS
            for start in [min(100 * count, len(points) - 1)]
        ),
    ]
    numbers, differing, wrong = 0, 0, []
    for way, start, results in found:
        numbers += results.size
        right = _equal(results, expected[start : start + len(results)], signed_zeros=name == "value")
        differing += int((~right).sum())
        for place in numpy.flatnonzero(~right.all(axis=1))[:1]:
            wrong.append(
                f"{name}{way} at {points[start + place]}: {results[place].tolist()}, and by the engine "
                f"{expected[start + place].tolist()}"
            )
    traces = [compiled.stats.traces for compiled in (at_points, over_rows)]
    wrong += [f"{name}: {count} traces of {paths} paths" for count in traces if count != paths]
    return Outcome(0, 0, 0, numbers, differing, sum(traces), 2 * paths, tuple(wrong))


def _at_each(function: Callable[..., Any], points: list[Point]) -> _Array:
    """The numbers of the results, one line for each point."""
    return numpy.array([[*_numbers(function(*point))] for point in points])


def _over_rows(mapped: Callable[..., Any], points: list[Point]) -> _Array:
    """The same from one call."""
    columns = [*_numbers(mapped(*numpy.array(points).T))]
    return numpy.stack(columns, axis=1)


def _numbers(result: Any) -> Iterator[Any]:
    """The numbers in nested tuples, or the columns of numbers."""
    if isinstance(result, tuple):
        for part in result:
            yield from _numbers(part)
    else:
        yield result


def _equal(found: _Array, expected: _Array, *, signed_zeros: bool) -> _Array:
    """Where two arrays have equal doubles; every nan is equal to every other."""
    same: _Array = found == expected
    if signed_zeros:
        same &= numpy.signbit(found) == numpy.signbit(expected)
    same |= numpy.isnan(found) & numpy.isnan(expected)
    return same


# --- The command ----------------------------------------------------------------------------------------


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the trials and prints their table; the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m autograd.testing.compiled",
        description="Compare compiled functions with the engine, bit for bit, and traces with paths.",
    )
    parser.add_argument("--expressions", type=int, default=60, help="random expressions")
    parser.add_argument("--programs", type=int, default=60, help="random programs with branches and loops")
    parser.add_argument("--inputs", type=int, default=10_000, help="inputs of each")
    parser.add_argument("--rows", type=int, default=100_000, help="rows of the loop that its numbers end")
    parser.add_argument("--seed", type=int, default=0, help="other functions and inputs for another number")
    options = parser.parse_args(arguments)
    print(f"compiled functions beside the {engine_name} engine")
    print(f"{'':<16}" + "".join(f"{name:>12}" for name in (*Outcome._fields[:-1], "seconds")))
    trials: dict[str, Callable[[], Outcome]] = {
        "expressions": lambda: _random(expressions(), _of_expression, options.expressions, options),
        "programs": lambda: _random(programs(), _of_program, options.programs, options),
        "a loop over rows": lambda: _loop(options.rows, options.seed),
    }
    wrong: tuple[str, ...] = ()
    for name, trial in trials.items():
        start = time.perf_counter()
        outcome = trial()
        cells = (*outcome[:-1], round(time.perf_counter() - start))
        print(f"{name:<16}" + "".join(f"{cell:>12,}" for cell in cells), flush=True)
        wrong += outcome.wrong
    print("\n".join(wrong) if wrong else "No bit differs, and every path was traced once.")
    return int(bool(wrong))


def _of_expression(expression: Expression) -> tuple[int, Callable[..., Hashable]]:
    """The number of inputs, and what tells paths apart: an expression has one."""
    return len(expression.point), lambda *point: None


def _of_program(program: Program) -> tuple[int, Callable[..., Hashable]]:
    return 2, program.path


def _random(
    functions: st.SearchStrategy[Any],
    described: Callable[[Any], tuple[int, Callable[..., Hashable]]],
    count: int,
    options: argparse.Namespace,
) -> Outcome:
    """What came of so many random functions; wrong is the smallest that Hypothesis found, if one was."""
    whole, smallest = Outcome(), ""

    @seed(options.seed)
    @settings(
        max_examples=max(1, count),
        phases=(Phase.generate, Phase.shrink),
        database=None,
        deadline=None,
        suppress_health_check=[*HealthCheck],
    )
    @given(functions)
    def try_out(function: Any) -> None:
        nonlocal whole, smallest
        arity, path = described(function)
        points = itertools.islice(wide_inputs(arity, str(options.seed)), options.inputs)
        outcome = tried(function, path, points)
        if not smallest:  # what comes after a first one that is wrong are attempts to make it smaller
            whole = whole.plus(outcome)
        if outcome.wrong:
            smallest = "\n".join((repr(function), *outcome.wrong))
            raise _Wrong

    if count:
        with contextlib.suppress(_Wrong):
            try_out()
    return whole._replace(wrong=(smallest,)) if smallest else whole


class _Wrong(Exception):
    """What was compiled differs from the engine: Hypothesis makes the function smaller."""


_HALVING = Program("""def f(x, y):
    while x > 1:
        x = x / 2
        y = y + exp(-x) * y
    return x * y
""")


def _loop(count: int, name: int, doublings: int = 20) -> Outcome:
    """A loop that takes as many rounds as x has doublings, with its gradient, over so many rows."""
    generator = random.Random(name)
    points: list[Point] = [
        (2 ** generator.uniform(-2, doublings), generator.uniform(-1, 1)) for _ in range(count)
    ]
    paths = {_HALVING.path(*point) for point in points}
    step = value_and_grad(_HALVING, (0, 1))
    outcome = _compared("loop", step, points, _at_each(step, points), len(paths))
    return outcome._replace(functions=1, inputs=count)


if __name__ == "__main__":
    sys.exit(main())
