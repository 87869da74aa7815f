"""What the table's promises are measured against, where, and with which tolerance.

The reference knows no rule of differentiation: it is the limit of differences of a row's own values over
mpmath's numbers.
"""

from __future__ import annotations

import functools
import math
import random
import struct
import sys
from collections.abc import Iterator
from typing import Any

import mpmath

from autograd import primitives
from autograd.primitives import SMALLEST_NORMAL
from autograd.rows import Interval, Primitive
from autograd.testing import limits
from autograd.value import Value

__all__ = [
    "GAMMA_FAMILY",
    "HARD",
    "TOLERANCE",
    "allowance",
    "exact_derivatives",
    "exact_partial",
    "exact_value",
    "higher_derivatives",
    "intermediates",
    "least",
    "moderate_points",
    "points",
    "tolerance",
    "ulps",
]

LARGEST = sys.float_info.max

# A partial is a handful of operations, each right to half an ulp or, in the C library, to about one:
# 4 ulp in all.  gelu and the gamma family are longer.
TOLERANCE = {
    "gelu": 5,
    "lgamma": 8,
    "digamma": 8,
    "polygamma": 8,
    "gamma": 16,
}
"""The promise in ulp where it is not 4, by row."""

GAMMA_FAMILY = ("gamma", "lgamma", "digamma", "polygamma")
"""The rows whose partials, at a negative argument, are held in ulp of the result or of 1 if larger."""

# The slope of this second derivative has a root, where two terms cancel: it is measured against the larger.
CANCELLING = (("power_slope", 1),)

# Where formulas change their branch or lose their digits: roots, patch borders, overflow and underflow.
HARD = (
    0.0, 0.25, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 8.3, 8.55, 12.0, 15.0, 20.0, 27.2, 37.5, 40.0, 64.0, 170.5,
    700.0, 720.0, 744.0, 1000.0, 1074.0, 1e8, 1e17, 1e150, 1e160, 1e300, LARGEST,
    5e-324, 1.5e-323, 1e-310, SMALLEST_NORMAL, 1e-300, 1e-160, 1e-150, 1e-8, 1.3e-4, 0.1, 0.5001,
    1.4616321449683622, 1.2784645427610737, 0.7517915246935645, 1.0284645427610737, 1.5284645427610737,
    0.5017915246935645, 1.0017915246935645, math.pi, math.pi / 2, 709.7, math.nextafter(64.0, 0.0),
)  # fmt: skip


# --- Where --------------------------------------------------------------------------------------------


def points(row: Primitive, count: int) -> list[tuple[float, ...]]:
    """Points of a row's domain, the same in every process: wide, moderate, hard, and close to each other.

    A quarter of them, where so many are found, lie where an intermediate result of a partial underflows.
    """
    generator = random.Random(row.name)
    found = [_point(generator, row) for _ in range(count - count // 4)]
    bands: list[tuple[float, ...]] = []
    for _ in range(5 * count):
        if len(found) + len(bands) == count:
            break
        point = _point(generator, row)
        if any(_loses_digits(row, position, point) for position in range(row.arity)):
            bands.append(point)
    found += bands
    return found + [_point(generator, row) for _ in range(count - len(found))]


def _point(generator: random.Random, row: Primitive) -> tuple[float, ...]:
    point = [_number(generator, interval) for interval in row.domain]
    if len(point) > 1 and generator.random() < 0.4:
        x, interval = point[0], row.domain[1]
        near = generator.choice(
            (x, -x, x * (1 + 10 ** generator.uniform(-16, 0)), x + generator.uniform(-40, 40))
        )
        if not isinstance(interval, range) and interval[0] <= near <= interval[1] and math.isfinite(near):
            point[1] = near
    return tuple(point)


def _number(generator: random.Random, interval: Interval) -> float:
    if isinstance(interval, range):
        return float(generator.choice(interval))
    lower, upper = interval
    if upper < math.inf:
        inside = 10 ** generator.uniform(-17, 0) * generator.choice((1.0, 1.0, 1e-280))
        return generator.choice(
            (lower + inside * (upper - lower), upper - inside * (upper - lower), inside * upper)
        )
    size = generator.choice(
        (
            10 ** generator.uniform(-300, 300),
            10 ** generator.uniform(-3, 3),
            10 ** generator.uniform(-3, 3),
            generator.choice(HARD),
            generator.choice(HARD) * (1 + 10 ** generator.uniform(-16, -1)),
            _random_bits(generator),
        )
    )
    size = min(size, LARGEST)
    return generator.choice((size, -size)) if lower == -math.inf else lower + size


def _random_bits(generator: random.Random) -> float:
    """A finite double that is not negative, any of them as likely as any other."""
    pattern = generator.randrange(0x7FF0_0000_0000_0000)
    number: float = struct.unpack("<d", struct.pack("<Q", pattern))[0]
    return number


# --- Against what -------------------------------------------------------------------------------------


def exact_value(row: Primitive, point: tuple[float, ...]) -> Any:
    """The row's value at doubles, as an mpmath number of at least 50 digits.

    Raises ArithmeticError, ValueError or TypeError where mpmath has none.
    """
    _check_reach(row, point)
    sizes = [math.log10(abs(argument)) if argument else 0.0 for argument in point]
    with mpmath.workdps(60 + int(2 * sum(map(abs, sizes)))):
        value = row(*map(mpmath.mpf, point))
        if not mpmath.isfinite(value):
            raise ArithmeticError(f"{row.name} at {point} has no value")
        return value


def _check_reach(row: Primitive, point: tuple[float, ...]) -> None:
    """Raises ArithmeticError where mpmath would take hours: its polygamma counts from x < 0 up to 0."""
    if row is primitives.polygamma and point[1] < -1e4:
        raise ArithmeticError(f"{row.name} at {point} is out of mpmath's reach")


def exact_partial(row: Primitive, position: int, point: tuple[float, ...]) -> Any:
    """The derivative of a row by one argument at doubles, as an mpmath number of at least 18 digits.

    It is the limit of differences of the row's values.  Raises ArithmeticError where there is none, or it
    could not be found, and TypeError where mpmath has no value.
    """
    _check_reach(row, point)
    derivative = limits.behaviour_of_row(row, point, position).derivative
    if derivative is None:
        raise ArithmeticError(f"{row.name} at {point} has no derivative by argument {position}")
    return derivative


# --- How far off, and how far it may be ----------------------------------------------------------------


def ulps(number: float, exact: Any, least: float = 0.0) -> float:
    """How many units in the last place of the exact result (or of `least`, if larger) a double misses it."""
    if math.isnan(number) or mpmath.isnan(exact):
        return 0.0 if math.isnan(number) and mpmath.isnan(exact) else math.inf
    nearest = float(exact)
    if number == nearest:
        return 0.0
    if math.isinf(number) or math.isinf(nearest):  # beyond the largest double, one ulp further than it
        number, nearest = (max(-LARGEST, min(LARGEST, z)) for z in (number, nearest))
        return abs(number - nearest) / math.ulp(LARGEST) + 1
    return float(abs(exact - number) / math.ulp(max(abs(nearest), least)))


def tolerance(row: Primitive) -> int:
    """How many ulp the partials of a row may miss the derivative by."""
    return TOLERANCE.get(row.name, 4)


def least(row: Primitive, point: tuple[float, ...]) -> float:
    """The number whose ulp counts, at the least, in measuring the row's results at a point."""
    return 1.0 if row.name in GAMMA_FAMILY and point[-1] < 0 else 0.0


def allowance(row: Primitive, position: int, point: tuple[float, ...]) -> float:
    """How far off a partial may be where an intermediate result underflows: 4 ulp of the largest; else 0.

    A quotient's slope -(x/y)/y is the exception: where x/y is subnormal, its rounding is divided by y.
    """
    if (row.name, position) not in CANCELLING and not _loses_digits(row, position, point):
        return 0.0
    if row is primitives.div:
        x, y = point
        return math.ulp(x / y) / abs(y)
    return 4 * math.ulp(
        max((abs(node.data) for node, _ in _partial_steps(row, position, point)), default=0.0)
    )


@functools.lru_cache(maxsize=64)
def _partial_steps(row: Primitive, position: int, point: tuple[float, ...]) -> list[tuple[Value, Primitive]]:
    """The finite operations of a partial with their rows, truth values left out."""
    arguments = [Value(x) for x in point]
    partial = row.partials[position]
    result = partial(*arguments, row(*arguments)) if callable(partial) else None
    return [
        (node, applied)
        for node, applied in _operations(result)
        if math.isfinite(node.data) and not applied.comparison
    ]


def _loses_digits(row: Primitive, position: int, point: tuple[float, ...]) -> bool:
    steps = _partial_steps(row, position, point)
    return any(abs(node.data) < SMALLEST_NORMAL and _underflows(node, applied) for node, applied in steps)


def _underflows(node: Value, row: Primitive) -> bool:
    """Whether a node below the normal numbers is so by rounding, not because its exact value is 0."""
    numbers = [mpmath.mpf(getattr(argument, "data", argument)) for argument in node.arguments]
    try:
        return bool(row(*numbers) != 0)
    except (ArithmeticError, ValueError, TypeError):  # mpmath has no value there
        return False


def intermediates(result: Any) -> Iterator[Value]:
    """Every operation that went into a result, those inside `defined` rows too, those not taken left out."""
    return (node for node, _ in _operations(result))


def _operations(result: Any) -> Iterator[tuple[Value, Primitive]]:
    """The same, each with its row."""
    stack, seen = [result], set()
    while stack:
        node = stack.pop()
        if not isinstance(node, Value) or node in seen or node.primitive is None:
            continue
        seen.add(node)
        yield node, node.primitive
        if node.primitive is primitives.where:
            condition, x, y = node.arguments
            stack.append(x if getattr(condition, "data", condition) else y)
            continue
        stack.extend(node.arguments)
        if node.primitive.defined:
            numbers = (Value(getattr(argument, "data", argument)) for argument in node.arguments)
            stack.append(node.primitive.function(*numbers))


# --- Second and third derivatives ---------------------------------------------------------------------


def moderate_points(row: Primitive) -> list[tuple[float, ...]]:
    """Points where three derivatives are no harder than the row itself, patch borders and kinks included."""
    moderate = [p for p in points(row, 60) if all(x == 0 or 1e-2 < abs(x) < 30 for x in p)][:6]
    if row.arity == 1 and not isinstance(row.domain[0], range):
        lower, upper = row.domain[0]
        hard = [x for x in HARD if x in (0.0, 64.0) or 0.2 < x < 9]
        moderate += [(x,) for size in hard for x in (size, -size) if lower < x < upper]
    return moderate


def exact_derivatives(row: Primitive, point: tuple[float, ...]) -> list[Any]:
    """The value and the first three derivatives along a line; fewer where the next one does not exist."""

    def on_the_line(t: Any) -> Any:
        return _along_a_line(row, tuple(map(mpmath.mpf, point)), t)

    found: list[Any] = []
    with mpmath.workdps(50):
        for order in range(4):
            try:
                below, above = (mpmath.diff(on_the_line, 0, order, direction=side) for side in (-1, 1))
            except (ArithmeticError, ValueError):
                break
            if not abs(above - below) <= 1e-15 * (1 + abs(above)) or abs(above) > 1e20:  # a kink, a jump
                break
            found.append(above)
    return found


def higher_derivatives(row: Primitive, point: tuple[float, ...], engine: Any, count: int) -> list[float]:
    """The value and `count - 1` derivatives along the same line, by the rows' partials, nested.

    `engine` is a module with a `Value` and its `topological_order`.
    """
    parameter = engine.Value(0.0)
    result = _along_a_line(row, point, parameter)
    found = []
    for _ in range(count):
        found.append(float(getattr(result, "data", result)))
        result = _derivative(result, parameter, engine)
    return found


def _along_a_line(row: Primitive, point: tuple[float, ...], parameter: Any) -> Any:
    """The row where its arguments move with a parameter, in a direction that meets every mixed partial."""
    directions = (1.0, -0.5, 2.0)
    arguments = []
    for x, direction, interval in zip(point, directions, row.domain, strict=False):
        arguments.append(x if isinstance(interval, range) else x + parameter * direction)
    return row(*arguments)


def _derivative(output: Any, variable: Any, engine: Any) -> Any:
    """The derivative of a node by a leaf as a graph: tangents handed on through the rows' partials."""
    if not isinstance(output, engine.Value):
        return 0.0
    tangents: dict[Any, Any] = {variable: 1.0}
    for node in engine.topological_order(output):
        if node.primitive is not None:
            tangent: Any = 0.0
            for position, argument in enumerate(node.arguments):
                partial = node.primitive.partial(position)
                if isinstance(argument, engine.Value) and argument in tangents and partial is not None:
                    slope = partial(*node.arguments, node) if callable(partial) else partial
                    tangent = tangent + primitives.strong_product(tangents[argument], slope)
            tangents[node] = tangent
    return tangents.get(output, 0.0)
