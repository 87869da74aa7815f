"""The checker on trial: false alarms on right gradients, and which planted errors it finds.

    python -m autograd.testing.trials [--inputs 3000] [--planted 500] [--seed 0] [--json FILE]

Each function is checked at inputs that are spread over the whole range of doubles, 1e-300 to 1e300, with
either sign, a tenth of them small integers and numbers where functions have their kinks.  A gradient is
made wrong by a row in front of the function or behind it, whose value is its argument and whose derivative
is 1 + 1e-3, 1 + 1e-6 or 1 + 1e-8: a case is an input at which function and gradient are finite and not 0.
Where PyTorch is installed its gradcheck, at its defaults, gets the same inputs and the same errors.

Exit status 1 if there was a false alarm, or fewer errors were found than are asked for.
"""

from __future__ import annotations

import argparse
import collections
import math
import multiprocessing
import random
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from autograd import primitives
from autograd.rows import Primitive
from autograd.testing.checking import check_gradients
from autograd.testing.verdicts import Verdict
from autograd.transforms import value_and_grad

__all__ = ["FUNCTIONS", "main"]


class Kind(NamedTuple):
    """A kind of function; `function(m, *numbers)` finds its operations in the namespace m."""

    name: str
    function: Callable[..., Any]
    arity: int = 1
    tuned: bool = True  # among those on which the checker was developed
    wide: bool = True  # meant for inputs of any size


def _horner(m: Any, x: Any) -> Any:
    total = 0.0
    for coefficient in (0.5, -1.25, 3.0, 0.125, -2.0):
        total = total * x + coefficient
    return total


def _newton(m: Any, x: Any) -> Any:
    root = 1.0 + 0 * x
    for _ in range(4):
        root = (root + x / root) / 2
    return root


def _network(m: Any, x: Any, y: Any) -> Any:
    hidden = [
        m.tanh(a * x + b * y + c) for a, b, c in ((0.5, -1.0, 0.1), (1.5, 0.25, -0.2), (-0.75, 2.0, 0.0))
    ]
    return m.sigmoid(0.7 * hidden[0] - 1.1 * hidden[1] + 0.4 * hidden[2])


def _branching(m: Any, x: Any) -> Any:
    if x > 1:
        return m.log(x) + 1
    return x * x if x > 0 else -x


def _loop(m: Any, x: Any) -> Any:
    count = 0
    while x > 2 and count < 50:
        x, count = m.sqrt(x), count + 1
    return x * x


FUNCTIONS = [
    Kind("sum of products", lambda m, x, y: x * y + x + 2 * y, 2),
    Kind("polynomial", _horner),
    Kind("rational", lambda m, x: (x * x - 1) / (x * x + 2)),
    Kind("quotient", lambda m, x, y: x / y, 2),
    Kind("powers", lambda m, x: x**3 + x**-2),
    Kind("real power", lambda m, x: m.abs(x) ** 1.7),
    Kind("power of two variables", lambda m, x, y: m.abs(x) ** y, 2),
    Kind("exponentials", lambda m, x: m.exp(x) + m.exp(-x)),
    Kind("logarithms", lambda m, x: m.log(x) * m.log1p(x)),
    Kind("roots", lambda m, x: m.sqrt(x) + m.sqrt(x + 1)),
    Kind("trigonometric", lambda m, x: m.sin(x) * m.cos(3 * x)),
    Kind("tangent", lambda m, x: m.tan(x)),
    Kind("inverse trigonometric", lambda m, x: m.atan(x) + m.asin(x / (1 + m.abs(x)))),
    Kind("hyperbolic", lambda m, x: m.tanh(x) + m.sinh(x / 8)),
    Kind("sigmoids", lambda m, x: m.sigmoid(x) * m.tanh(x)),
    Kind("error function", lambda m, x: m.erf(x) + m.erfc(2 * x)),
    Kind("gaussian", lambda m, x: m.exp(-x * x / 2)),
    Kind("angles", lambda m, x, y: m.atan2(x, y) + m.hypot(x, y), 2),
    Kind("kinks", lambda m, x, y: m.maximum(x, y) + m.abs(x) - m.relu(y), 2),
    Kind("choice", lambda m, x: m.where(x > 0, m.log1p(m.abs(x)), x * x)),
    Kind("logarithm of a sum", lambda m, x, y: m.logaddexp(x, y), 2),
    Kind("network", _network, 2),
    Kind("branches", _branching, tuned=False),
    Kind("loop", _loop, tuned=False),
    Kind("cancellation", lambda m, x: (m.exp(x) - 1) / x, tuned=False),
    Kind("difference of roots", lambda m, x: m.sqrt(x * x + 1) - m.abs(x), tuned=False),
    Kind("Newton's iteration", _newton, tuned=False),
    Kind("oscillation", lambda m, x: m.sin(1 / x) * x, tuned=False),
    Kind("log of a gamma", lambda m, x: m.lgamma(m.abs(x) + 0.5), tuned=False),
    Kind("composed exponentials", lambda m, x: m.exp(-m.exp(-x)), tuned=False),
    Kind("entropy", lambda m, x: -m.sigmoid(x) * m.log(m.sigmoid(x)), tuned=False),
    Kind("distance", lambda m, x, y: m.sqrt((x - y) * (x - y) + 1e-6 * x * x), 2, tuned=False),
    Kind("rounding", lambda m, x: m.floor(x) + x - m.round(x / 2), tuned=False),
    Kind("expm1 and log1p", lambda m, x: m.expm1(m.log1p(x) / 2), tuned=False),
    Kind("softmax", lambda m, x, y: m.exp(x) / (m.exp(x) + m.exp(y) + 1), 2, tuned=False),
    Kind("far scales", lambda m, x, y: 1e-9 * x + 1e9 * y * y + m.cos(x * y), 2, tuned=False),
    Kind("inverse hyperbolic", lambda m, x: m.asinh(x) + m.acosh(1 + x * x), tuned=False),
    Kind("cosine at a distance", lambda m, x: (1 - m.cos(x)) / (x * x), tuned=False),
]
"""Of the 22 kinds the checker was tuned on, then of others."""

_SPECIAL = (0.0, 1.0, -1.0, 2.0, 0.5, -2.0, 3.0, math.pi, 1e-8, -0.5)

ERRORS = {1e-3: 0.97, 1e-6: 0.95, 1e-8: 0.93}
"""The relative errors that are planted, and the share of them that has to be found."""

_PLANTED = {
    error: Primitive(f"planted_{error:.0e}".replace("-", "_"), lambda x: x, (1 + error,), defined=True)
    for error in ERRORS
}


def wide_inputs(seed: Any, arity: int) -> Iterator[tuple[float, ...]]:
    """Points spread over the doubles, the same for the same seed."""
    generator = random.Random(seed)

    def number() -> float:
        if generator.random() < 0.1:
            return generator.choice(_SPECIAL)
        width = generator.choice((300, 30, 3, 3))
        return generator.choice((1, -1)) * 10 ** generator.uniform(-width, width)

    while True:
        yield tuple(number() for _ in range(arity))


class Outcome(NamedTuple):
    """What became of one kind of function."""

    name: str
    verdicts: dict[str, int]
    found: dict[float, list[int]]  # by planted error: how many were found, of how many
    alarms: list[str]


def tried(kind: Kind, inputs: int, planted: int, seed: int) -> Outcome:
    """One kind of function at so many inputs, with errors planted at the first of them."""
    verdicts: collections.Counter[str] = collections.Counter()
    found = {error: [0, 0] for error in ERRORS}
    alarms = []

    def right(*numbers: Any) -> Any:
        return kind.function(primitives, *numbers)

    points = wide_inputs(f"{seed} {kind.name}", kind.arity)
    for number in range(inputs):
        point = next(points)
        report = check_gradients(right, *point)
        for check in report.checks:
            verdicts[str(check.verdict)] += 1
        if not report:
            alarms.append(f"{kind.name}{point}\n{report}")
        if number < planted and _is_case(right, point):
            for error, row in _PLANTED.items():
                found[error][0] += not check_gradients(_with_error(right, row, number % 2 == 0), *point)
                found[error][1] += 1
    return Outcome(kind.name, dict(verdicts), found, alarms)


def _with_error(right: Callable[..., Any], row: Primitive, behind: bool) -> Callable[..., Any]:
    def wrong(*numbers: Any) -> Any:
        return row(right(*numbers)) if behind else right(*map(row, numbers))

    return wrong


def _is_case(function: Callable[..., Any], point: Sequence[float]) -> bool:
    value, gradient = value_and_grad(function, tuple(range(len(point))))(*point)
    return all(math.isfinite(x) for x in (value, *gradient)) and any(gradient)


def _tried(arguments: tuple[int, int, int, int]) -> Outcome:
    index, inputs, planted, seed = arguments
    return tried(FUNCTIONS[index], inputs, planted, seed)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the trials and prints their table; the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m autograd.testing.trials", description=__doc__.split("\n")[0]
    )
    parser.add_argument("--inputs", type=int, default=3000, help="inputs of each kind of function")
    parser.add_argument("--planted", type=int, default=500, help="of these with errors planted")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    work = [(i, options.inputs, options.planted, options.seed) for i in range(len(FUNCTIONS))]
    outcomes = []
    print(f"{'function':<26}{'inputs':>8}{'OK':>8}{'ill':>6}{'inconcl.':>9}{'nonfin.':>8}{'alarms':>7}"
          + "".join(f"{error:>9.0e}" for error in ERRORS))  # fmt: skip
    with multiprocessing.Pool() as pool:
        for outcome in pool.imap(_tried, work):
            outcomes.append(outcome)
            print(_line(outcome), flush=True)
    tuned = [o for o, kind in zip(outcomes, FUNCTIONS, strict=True) if kind.tuned]
    others = [o for o, kind in zip(outcomes, FUNCTIONS, strict=True) if not kind.tuned]
    for name, group in (("the kinds tuned on", tuned), ("the others", others), ("all", outcomes)):
        print(_line(_joined(name, group)))
    for outcome in outcomes:
        for alarm in outcome.alarms[:3]:
            print(alarm)
    whole = _joined("all", outcomes)
    enough = all(found >= ERRORS[error] * cases for error, (found, cases) in whole.found.items())
    return 0 if enough and not whole.alarms else 1


def _joined(name: str, outcomes: Sequence[Outcome]) -> Outcome:
    verdicts: collections.Counter[str] = collections.Counter()
    for outcome in outcomes:
        verdicts.update(outcome.verdicts)
    found = {error: [sum(o.found[error][i] for o in outcomes) for i in (0, 1)] for error in ERRORS}
    return Outcome(name, dict(verdicts), found, [alarm for o in outcomes for alarm in o.alarms])


def _line(outcome: Outcome) -> str:
    counts = outcome.verdicts
    passing = sum(counts.get(verdict.name, 0) for verdict in Verdict if verdict.passes)
    cells = [
        sum(counts.values()),
        passing,
        *(counts.get(name, 0) for name in ("ILL_CONDITIONED", "INCONCLUSIVE", "NONFINITE")),
    ]
    shares = "".join(
        f"{found / cases:>9.1%}" if cases else f"{'-':>9}" for found, cases in outcome.found.values()
    )
    numbers = "".join(f"{cell:>{width}}" for cell, width in zip(cells, (8, 8, 6, 9, 8), strict=True))
    return f"{outcome.name:<26}{numbers}{len(outcome.alarms):>7}{shares}"


if __name__ == "__main__":
    sys.exit(main())
