"""Slopes as limits of difference quotients at growing precision: no rule of differentiation, no rounding.

A function is known by its values at mpmath's numbers near a point.  Quotients are taken over a step and
over the square of it, with more than three times the step's digits; where they agree to eighteen digits
that is the derivative, where they do not, smaller steps follow.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from autograd.rows import Primitive
from autograd.testing.replay import applied
from autograd.testing.verdicts import Behaviour, Side

__all__ = ["QUICK", "behaviour", "behaviour_of_row", "careful_behaviour"]

_FIRST_DIGITS, _MOST_DIGITS = 12, 1500  # of a step; doubles themselves reach down to 10**-324 only
_TO_ZERO = 350  # digits that tell 0 from a derivative that is a double
QUICK = 100
"""The most digits of a step that are enough to see which way a pole goes."""

_AGREEMENT = 1e-18  # of derivatives
_SIDES_AGREEMENT = 1e-10  # of slopes on one side, which come nearer only as fast as the step shrinks
_NO_DOUBLE = -330  # powers of ten below it are nearer to 0 than to any other double


class _Near(NamedTuple):
    """A function on one side of a point: at the step's distance, and the slope further out."""

    value: Any
    slope: Any


class _Quotients:
    """A function at one step's distance: its values, None where it has none, and what follows of them."""

    def __init__(self, along: Callable[[Any], Any], size: float, digits: int, guard: int) -> None:
        import mpmath

        self._along = along
        self._precision = 3 * digits + guard
        self._near: dict[int, _Near | None] = {}
        self.tells_zero = guard >= _TO_ZERO + _extent([size])
        self.digits = digits
        with mpmath.workdps(self._precision):
            self.step = mpmath.mpf(size) * mpmath.mpf(10) ** -digits
            self.here = along(mpmath.mpf(0))
            self.below, self.above = along(-self.step), along(self.step)
            self.is_whole = all(
                value is not None and mpmath.isfinite(value) for value in (self.below, self.here, self.above)
            )
            if self.is_whole:
                self.central = (self.above - self.below) / (2 * self.step)
                self.bend = abs((self.above - self.here) - (self.here - self.below)) / self.step
                noise = abs(self.here) * mpmath.mpf(10) ** (6 - self._precision) / self.step
                self.is_noise = bool(abs(self.central) <= noise)

    def near(self, sign: int) -> _Near | None:
        """One side, its slope taken between one step and two: a jump at the point is no part of it."""
        import mpmath

        if sign not in self._near:
            value = self.above if sign > 0 else self.below
            with mpmath.workdps(self._precision):
                further = None if value is None else self._along(2 * sign * self.step)
                slope = None if further is None else sign * (further - value) / self.step
            self._near[sign] = None if slope is None else _Near(value, slope)
        return self._near[sign]


def behaviour(along: Callable[[Any], Any], size: float, most_digits: int = _MOST_DIGITS) -> Behaviour:
    """What a function does at distance 0, from its values `along(t)` at the distances t, mpmath numbers.

    `along` gives None where there is no real value.  `size`, a positive number, is the distance over which
    the function is expected to vary.
    """
    return _behaviour(along, size, _FIRST_DIGITS, 20 + _extent([size]), most_digits)


def careful_behaviour(along: Callable[[Any], Any], x: float, numbers: Iterable[float]) -> Behaviour:
    """The same where nothing is expected: `along` gives the values around x, `numbers` are those on the way.

    What grows large on the way may make the function vary over so much less, around 0 whatever is small,
    and a large and a small number may have to be added.
    """
    finite = _sizes(numbers)
    growth = _ratio(max(finite, default=1.0), max(abs(x), 1.0))
    if x == 0:
        growth = max(growth, _ratio(1.0, min(finite, default=1.0)))
    return _careful(along, x, growth, finite)


def behaviour_of_row(row: Primitive, point: Sequence[float], position: int) -> Behaviour:
    """What a row does around a point, by one of its arguments.

    One argument may go into another as often as their ratio says, and the row jump as often.  Raises
    NoValue for a row that has no value over mpmath's numbers.
    """
    import mpmath

    def along(distance: Any) -> Any:
        arguments = [mpmath.mpf(x) for x in point]
        arguments[position] += distance
        value = applied(row, arguments, mpmath.mpf)
        return None if mpmath.isnan(value) else value

    sizes = _sizes((1.0, *point)) if point[position] == 0 else _sizes(point)
    return _careful(along, point[position], _ratio(max(sizes), min(sizes)), sizes)


def _careful(along: Callable[[Any], Any], x: float, growth: int, sizes: list[float]) -> Behaviour:
    digits = _FIRST_DIGITS + max(0, growth)
    return _behaviour(along, min(abs(x), 1.0) or 1.0, digits, 20 + _extent(sizes), _MOST_DIGITS)


def _sizes(numbers: Iterable[float]) -> list[float]:
    return [abs(x) for x in numbers if x != 0 and math.isfinite(x)]


def _ratio(larger: float, smaller: float) -> int:
    """The digits between two positive numbers."""
    return int(math.log10(larger) - math.log10(smaller))


def _behaviour(
    along: Callable[[Any], Any], size: float, digits: int, guard: int, most_digits: int
) -> Behaviour:
    import mpmath

    steps: list[_Quotients] = []
    while digits <= most_digits:
        step = _Quotients(along, size, digits, guard)
        if step.is_whole and step.is_noise and not step.tells_zero:
            guard = max(guard, _TO_ZERO + _extent([size, float(step.here)]))
            continue
        steps.append(step)
        if len(steps) > 1:
            with mpmath.workdps(50):
                found = _smooth(*steps[-2:]) or _sides(steps)
            if found is not None:
                return found
            if _vanishes(*steps[-2:]):
                digits = max(digits, _TO_ZERO // 2)
        digits *= 2
    last = steps[-1]
    left, right = (Side(last.near(sign) is not None) for sign in (-1, 1))
    return Behaviour(_is_finite(last.here), left, right)


def _extent(numbers: Iterable[float]) -> int:
    """Digits that it takes to add up such numbers without a loss."""
    return min(int(sum(max(0.0, abs(math.log10(x)) - 3) for x in _sizes(numbers))), 2 * _TO_ZERO)


def _vanishes(previous: _Quotients, last: _Quotients) -> bool:
    """Whether the derivative seems to be 0, because the quotient shrinks with the step."""
    if not (previous.is_whole and last.is_whole):
        return False
    return bool(abs(last.central) < abs(previous.central) * _shrunk(previous, last))


def _shrunk(previous: _Quotients, last: _Quotients) -> Any:
    """The fourth root of the ratio of the steps: what goes to 0 with the step has fallen below it."""
    import mpmath

    return mpmath.mpf(10) ** ((previous.digits - last.digits) / 4)


def _smooth(previous: _Quotients, last: _Quotients) -> Behaviour | None:
    """The derivative, if the quotients have come together and the slopes of the two sides with them."""
    import mpmath

    if not (previous.is_whole and last.is_whole):
        return None
    is_straight = last.bend <= _SIDES_AGREEMENT * abs(last.central) or last.bend <= previous.bend * _shrunk(
        previous, last
    )
    difference = abs(last.central - previous.central)
    agree = difference <= _AGREEMENT * abs(last.central)
    if abs(last.central) < mpmath.mpf(10) ** _NO_DOUBLE:
        agree, difference = last.tells_zero or last.digits >= _TO_ZERO, abs(last.central)
    if not (is_straight and agree):
        return None
    side = Side(True, last.central, difference)
    return Behaviour(True, side, side, last.central, difference)


def _sides(steps: list[_Quotients]) -> Behaviour | None:
    """The slopes of the two sides, if each has come to its limit and they differ for good."""
    left, right = _side(steps, -1), _side(steps, 1)
    if left is None or right is None:
        return None
    is_whole = left.defined and right.defined and not (left.jump or right.jump) and steps[-1].is_whole
    if is_whole and not left.is_infinite and not right.is_infinite:
        previous, last = steps[-2:]
        error = left.error + right.error
        if abs(right.slope - left.slope) <= error and (last.tells_zero or not last.is_noise):
            return Behaviour(True, left, right, (left.slope + right.slope) / 2, error)
        if last.bend <= 0.5 * previous.bend:
            return None  # they are still coming together
    return Behaviour(_is_finite(steps[-1].here), left, right)


def _side(steps: list[_Quotients], sign: int) -> Side | None:
    """One side, if the last steps tell the same of it."""
    import mpmath

    previous, last = steps[-2:]
    before, now = previous.near(sign), last.near(sign)
    if before is None or now is None:
        return Side(False) if before is now else None
    difference = abs(now.slope - before.slope)
    if difference <= _SIDES_AGREEMENT * abs(now.slope):
        slope, error = now.slope, difference
    elif abs(now.slope) <= abs(before.slope) * _shrunk(previous, last):
        slope, error = mpmath.mpf(0), abs(now.slope)
    elif _grows([step.near(sign) for step in steps[-3:]]):
        slope, error = mpmath.inf * mpmath.sign(now.slope), mpmath.mpf(0)
    else:
        return None
    if not _is_finite(last.here):
        return Side(True, slope, error)
    gap, gap_before = abs(now.value - last.here), abs(before.value - previous.here)
    return Side(True, slope, error, jump=bool(gap > 0.7 * gap_before))


def _grows(sides: list[_Near | None]) -> bool:
    """Whether the slope has grown from step to step, twice: a logarithm's doubles when the digits do."""
    sizes = [abs(side.slope) for side in sides if side is not None]
    return len(sizes) == 3 and bool(0 < 1.5 * sizes[0] < sizes[1] and 1.5 * sizes[1] < sizes[2])


def _is_finite(value: Any) -> bool:
    import mpmath

    return value is not None and bool(mpmath.isfinite(value))
