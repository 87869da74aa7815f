"""What the table's promises are measured against, where, and with which tolerance.

The reference knows no rule of differentiation: it is the difference of a row's own values over
mpmath's numbers, believed when two step sizes, at two precisions, agree far beyond a double's digits.
"""

import math
import random
from collections.abc import Iterator
from typing import Any

import mpmath

from autograd import Primitive, Value, primitives

SMALLEST_NORMAL = 2.0**-1022

# A partial is a handful of operations, each right to half an ulp or, in the C library, to about one:
# 4 ulp in all.  gelu and the gamma family are longer.
TOLERANCE = {
    "gelu": 5,
    "lgamma": 8,
    "digamma": 8,
    "polygamma": 8,
    "gamma": 16,
}
GAMMA_FAMILY = (
    "gamma",
    "lgamma",
    "digamma",
    "polygamma",
)  # for x < 0: of the result, or of 1 if larger

# The partials of these slopes are second derivatives, with roots where two terms cancel: they are measured
# against the larger term.
CANCELLING = ("power_slope", "silu_slope")

# Where formulas change their branch or lose their digits: roots, patch borders, overflow and underflow.
HARD = (
    0.0, 0.25, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 8.3, 8.55, 12.0, 15.0, 20.0, 27.2, 37.5, 40.0, 64.0, 170.5,
    700.0, 720.0, 744.0, 1000.0, 1074.0, 1e8, 1e17, 1e150, 1e160, 1e300, 1.7976931348623157e308,
    5e-324, 1.5e-323, 1e-310, SMALLEST_NORMAL, 1e-300, 1e-160, 1e-150, 1e-8, 0.1, 0.5001,
    1.4616321449683622, 1.2784645427610737, 0.7517915246935645, 1.0284645427610737, 1.5284645427610737,
    0.5017915246935645, 1.0017915246935645, math.pi, math.pi / 2, 709.7, math.nextafter(64.0, 0.0),
)  # fmt: skip


def points(row: Primitive, count: int) -> list[tuple[float, ...]]:
    """Points of a row's domain, the same in every process: wide, moderate, hard, and close to each other."""
    generator = random.Random(row.name)
    return [_point(generator, row) for _ in range(count)]


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


def _number(generator: random.Random, interval: tuple[float, float] | range) -> float:
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
            math.ldexp(generator.random(), generator.randrange(-1073, 1024)),
        )
    )
    size = min(size, 1.7976931348623157e308)
    return generator.choice((size, -size)) if lower == -math.inf else lower + size


def exact_partial(row: Primitive, position: int, point: tuple[float, ...]) -> Any:
    """The derivative of a row by one argument at doubles, as an mpmath number of at least 20 digits.

    Two quotients of differences must agree, and the slopes on the two sides with them.  The steps are
    10**-20, 10**-40, ... of the argument (of 1 if that is smaller), less where the arguments are far
    apart: a quotient may jump as often as one argument goes into the other.  Raises ArithmeticError
    where there is no derivative, or mpmath has no value.
    """
    x = point[position]
    sizes = [math.log10(abs(argument)) if argument else 0.0 for argument in point]
    spread, ratio = max(map(abs, sizes)), max(sizes) - min(sizes)
    size = 10 ** mpmath.mpf(math.floor(min(sizes[position], 0.0) - ratio))
    previous = mpmath.inf
    for digits in (20, 40, 80, 160, 320, 640, 1280):
        with mpmath.workdps(int(3 * digits + 2 * spread + 2 * ratio) + 10):
            step = size * mpmath.mpf(10) ** -digits
            arguments = [mpmath.mpf(argument) for argument in point]
            values = []
            for arguments[position] in (x - step, mpmath.mpf(x), x + step):
                values.append(row(*arguments))
            below, here, above = values
            quotient = (above - below) / (2 * step)
            bend = (above - here) - (here - below)
            agree = abs(quotient - previous) <= abs(quotient) * mpmath.mpf(10) ** -20
            straight = abs(bend) <= abs(above - below) * mpmath.mpf(10) ** -10
            if agree and straight and (quotient != 0 or digits >= 160):
                return quotient
            if 0 < max(abs(quotient), abs(previous)) < mpmath.mpf(10) ** -400:
                return quotient  # no double is nearer to it than 0
        previous = quotient
    raise ArithmeticError(f"{row.name} at {point} has no derivative by argument {position}")


def ulps(number: float, exact: Any, least: float = 0.0) -> float:
    """How many units in the last place of the exact result (or of `least`, if larger) a double misses it."""
    if math.isnan(number) or mpmath.isnan(exact):
        return 0.0 if math.isnan(number) and mpmath.isnan(exact) else math.inf
    nearest = float(exact)
    if number == nearest:
        return 0.0
    largest = 1.7976931348623157e308
    if math.isinf(number) or math.isinf(nearest):  # beyond the largest double, one ulp further than it
        number, nearest = (max(-largest, min(largest, z)) for z in (number, nearest))
        return abs(number - nearest) / math.ulp(largest) + 1
    return float(abs(exact - number) / math.ulp(max(abs(nearest), least)))


def misses(row: Primitive, count: int) -> list[str]:
    """Where a row's partials are further from the derivative than its tolerance; [] if nowhere."""
    found = []
    decided = 0
    for point in points(row, count):
        out = row(*point)
        if not math.isfinite(out) or point in row.kinks:
            continue
        partials = row.local_derivatives(point, out)
        for position, partial in enumerate(row.partials):
            try:
                exact = 0 if partial is None else exact_partial(row, position, point)
            except (ArithmeticError, ValueError):
                continue
            decided += 1
            least = 1.0 if row.name in GAMMA_FAMILY and point[-1] < 0 else 0.0
            error = ulps(partials[position], exact, least)
            if error > TOLERANCE.get(row.name, 4) and not _is_excused(row, position, point, exact):
                shown = f"{partials[position]!r}, exactly {mpmath.nstr(exact, 20)}: {error:.3g} ulp"
                found.append(f"{row.name}{point} by argument {position}: {shown}")
    if decided < count / 4:
        found.append(f"{row.name}: only {decided} of {count} points have a derivative by mpmath")
    return found


def _is_excused(row: Primitive, position: int, point: tuple[float, ...], exact: Any) -> bool:
    """Whether an intermediate result underflows (or cancels), and the error is small beside the largest."""
    partial = row.partials[position]
    if not callable(partial):
        return False
    arguments = [Value(x) for x in point]
    result = partial(*arguments, row(*arguments))
    steps = list(intermediates(result))
    loses_digits = row.name in CANCELLING or any(
        abs(node.data) < SMALLEST_NORMAL and _underflows(node) for node in steps
    )
    largest = max(abs(x) for x in (*point, *(node.data for node in steps)) if math.isfinite(x))
    return loses_digits and bool(abs(exact - result.data) <= 4 * math.ulp(largest))


def _underflows(node: Value) -> bool:
    """Whether a node below the normal numbers is so by rounding, not because its exact value is 0."""
    exact = node.primitive(*(mpmath.mpf(getattr(argument, "data", argument)) for argument in node.arguments))
    return bool(exact != 0)


def intermediates(result: Any) -> Iterator[Value]:
    """Every operation that went into a result, those inside `defined` rows too, those not taken left out."""
    stack, seen = [result], set()
    while stack:
        node = stack.pop()
        if not isinstance(node, Value) or node in seen or node.primitive is None:
            continue
        seen.add(node)
        yield node
        if node.primitive is primitives.where:
            condition, x, y = node.arguments
            stack.append(x if getattr(condition, "data", condition) else y)
            continue
        stack.extend(node.arguments)
        if node.primitive.defined:
            numbers = (Value(getattr(argument, "data", argument)) for argument in node.arguments)
            stack.append(node.primitive.function(*numbers))
