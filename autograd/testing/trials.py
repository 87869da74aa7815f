"""The checker on trial: false alarms at right gradients, and which planted errors it finds.

    python -m autograd.testing.trials [--inputs 2700] [--planted 300] [--seed 0]

Functions of many kinds are checked at inputs spread over the whole range of doubles, 1e-300 to 1e300 of
either sign, a tenth of them small integers and numbers where functions have their kinks.  A gradient is
made wrong by a row, in front of the function or behind it, whose value is its argument and whose derivative
is 1 + 1e-3, 1 + 1e-6 or 1 + 1e-8; a case is an input at which value and gradient are finite and the
gradient is not 0.  Where PyTorch is installed its gradcheck, at its defaults, gets the same cases.

Exit status 1 if there was a false alarm, or fewer errors were found than is asked for.
"""

from __future__ import annotations

import argparse
import collections
import functools
import importlib.util
import itertools
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

__all__ = ["ERRORS", "FUNCTIONS", "Kind", "Outcome", "OwnChecker", "TorchChecker", "main", "tried"]


class Kind(NamedTuple):
    """A kind of function; `function(m, *numbers)` finds its operations in the namespace m."""

    name: str
    function: Callable[..., Any]
    arity: int = 1
    tuned: bool = True  # among those on which the checker was developed


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

_ROWS = {
    error: Primitive(f"planted_{number}", lambda x: x, (1 + error,), defined=True, symbol="planted")
    for number, error in enumerate(ERRORS)
}


class Outcome(NamedTuple):
    """What became of one kind of function."""

    name: str
    verdicts: dict[Verdict, int]  # how many inputs got which, of the right function
    found: dict[float, tuple[int, int]]  # by planted error: how many were found, of how many
    alarms: list[str]


def wide_inputs(seed: str, arity: int) -> Iterator[tuple[float, ...]]:
    """Points spread over the doubles, the same for the same seed."""
    generator = random.Random(seed)

    def number() -> float:
        if generator.random() < 0.1:
            return generator.choice(_SPECIAL)
        width = generator.choice((300, 30, 3, 3))
        return generator.choice((1, -1)) * 10 ** generator.uniform(-width, width)

    while True:
        yield tuple(number() for _ in range(arity))


# --- The checkers ---------------------------------------------------------------------------------------


class OwnChecker:
    """`check_gradients` of functions over this package's rows."""

    namespace: Any = primitives

    def planted(self, error: float) -> Callable[[Any], Any]:
        """A function that gives its argument, and a derivative that is wrong by so much."""
        return _ROWS[error]

    def verdict(self, function: Callable[..., Any], point: Sequence[float]) -> tuple[Verdict, str]:
        """The verdict on a function at a point, and the report."""
        report = check_gradients(function, *point)
        return report.verdict, str(report) if not report else ""


class TorchChecker:
    """PyTorch's `gradcheck` at its defaults, which says yes or no."""

    def __init__(self) -> None:
        self.namespace = self._torch = importlib.import_module("torch")

    def planted(self, error: float) -> Callable[[Any], Any]:
        """As `OwnChecker.planted`."""

        class Planted(self._torch.autograd.Function):  # type: ignore[misc, name-defined]
            @staticmethod
            def forward(context: Any, x: Any) -> Any:
                return x.clone()

            @staticmethod
            def backward(context: Any, adjoint: Any) -> Any:
                return adjoint * (1 + error)

        return Planted.apply  # type: ignore[no-any-return]

    def verdict(self, function: Callable[..., Any], point: Sequence[float]) -> tuple[Verdict, str]:
        """OK or MISMATCH."""
        torch = self._torch
        inputs = tuple(torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in point)
        passes = torch.autograd.gradcheck(function, inputs, raise_exception=False)
        return (Verdict.OK if passes else Verdict.MISMATCH), ""


def tried(
    kind: Kind, checker: OwnChecker | TorchChecker, inputs: int, planted: int, seed: int, *, cases_only: bool
) -> Outcome:
    """A kind of function at so many inputs, with errors planted at the first of them."""
    verdicts: collections.Counter[Verdict] = collections.Counter()
    found = dict.fromkeys(ERRORS, (0, 0))
    alarms = []
    right = functools.partial(kind.function, checker.namespace)
    points = itertools.islice(wide_inputs(f"{seed} {kind.name}", kind.arity), inputs)
    for number, point in enumerate(points):
        is_case = (number < planted or cases_only) and _is_case(kind, point)
        if cases_only and not is_case:
            continue
        verdict, report = checker.verdict(right, point)
        verdicts[verdict] += 1
        if verdict is Verdict.MISMATCH:
            alarms.append(f"{kind.name} at {point}\n{report}")
        if number < planted and is_case:
            for error in ERRORS:
                wrong = _with_error(right, checker.planted(error), behind=number % 2 == 0)
                hits, cases = found[error]
                found[error] = hits + (checker.verdict(wrong, point)[0] is Verdict.MISMATCH), cases + 1
    return Outcome(kind.name, dict(verdicts), found, alarms)


def _with_error(
    right: Callable[..., Any], planted: Callable[[Any], Any], *, behind: bool
) -> Callable[..., Any]:
    def wrong(*numbers: Any) -> Any:
        return planted(right(*numbers)) if behind else right(*map(planted, numbers))

    return wrong


def _is_case(kind: Kind, point: Sequence[float]) -> bool:
    function = functools.partial(kind.function, primitives)
    value, gradient = value_and_grad(function, tuple(range(len(point))))(*point)
    return all(math.isfinite(x) for x in (value, *gradient)) and any(gradient)


# --- The command ----------------------------------------------------------------------------------------

_COLUMNS = {
    "OK": [verdict for verdict in Verdict if verdict.passes],
    "ill": [Verdict.ILL_CONDITIONED],
    "undecided": [Verdict.INCONCLUSIVE],
    "nonfinite": [Verdict.NONFINITE],
    "alarms": [Verdict.MISMATCH],
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the trials and prints their tables; the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m autograd.testing.trials",
        description="Count the checker's false alarms at right gradients, and which planted errors it finds.",
    )
    parser.add_argument("--inputs", type=int, default=2700, help="inputs of each kind of function")
    parser.add_argument("--planted", type=int, default=300, help="of these with errors planted")
    parser.add_argument("--seed", type=int, default=0, help="other inputs for another number")
    options = parser.parse_args(arguments)
    print("check_gradients")
    whole = _table(OwnChecker, options.inputs, options.planted, options.seed)
    for alarm in whole.alarms[:10]:
        print(alarm)
    if importlib.util.find_spec("torch") is not None:
        print("torch.autograd.gradcheck at its defaults, where value and gradient are finite")
        _table(TorchChecker, options.planted, options.planted, options.seed)
    enough = all(hits >= ERRORS[error] * cases for error, (hits, cases) in whole.found.items())
    return 0 if enough and not whole.alarms else 1


def _table(checker: type[OwnChecker | TorchChecker], inputs: int, planted: int, seed: int) -> Outcome:
    """Tries all kinds of functions, prints a line for each, and gives the sum."""
    print(f"{'function':<26}{'inputs':>9}" + "".join(f"{name:>10}" for name in (*_COLUMNS, *ERRORS)))
    work = [(index, checker, inputs, planted, seed) for index in range(len(FUNCTIONS))]
    outcomes = []
    with multiprocessing.Pool() as pool:
        for outcome in pool.imap(_tried, work):
            outcomes.append(outcome)
            print(_line(outcome), flush=True)
    for name, chosen in (("those tuned on", (True,)), ("the others", (False,)), ("all", (True, False))):
        group = [o for o, kind in zip(outcomes, FUNCTIONS, strict=True) if kind.tuned in chosen]
        whole = _sum(name, group)
        print(_line(whole))
    return whole


def _tried(work: tuple[int, type[OwnChecker | TorchChecker], int, int, int]) -> Outcome:
    index, checker, inputs, planted, seed = work
    cases_only = checker is TorchChecker  # it has no verdict for a function that is not finite
    return tried(FUNCTIONS[index], checker(), inputs, planted, seed, cases_only=cases_only)


def _sum(name: str, outcomes: Sequence[Outcome]) -> Outcome:
    verdicts: collections.Counter[Verdict] = collections.Counter()
    for outcome in outcomes:
        verdicts.update(outcome.verdicts)
    found = {
        error: tuple(map(sum, zip(*(o.found[error] for o in outcomes), strict=True))) for error in ERRORS
    }
    return Outcome(name, dict(verdicts), found, [alarm for o in outcomes for alarm in o.alarms])  # type: ignore[arg-type]


def _line(outcome: Outcome) -> str:
    counts = [sum(outcome.verdicts.get(v, 0) for v in verdicts) for verdicts in _COLUMNS.values()]
    shares = [f"{hits / cases:.1%}" if cases else "" for hits, cases in outcome.found.values()]
    cells = "".join(f"{cell:>10}" for cell in (*counts, *shares))
    return f"{outcome.name:<26}{sum(outcome.verdicts.values()):>9}{cells}"


if __name__ == "__main__":
    sys.exit(main())
