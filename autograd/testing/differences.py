"""Slopes from differences of doubles, with an error bar: all that can be had of a black box.

Central differences over a ladder of steps, extrapolated to step 0 (Richardson).  The bar adds up what the
extrapolation left open, the noise of the values over the step, and a part of the kink: the difference of
the slopes on the two sides, extrapolated as well, without which a feature narrower than the step is
overlooked.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from autograd.testing.verdicts import Behaviour, Side

__all__ = ["RESOLUTION", "TOLERANCE", "behaviour", "central", "noise", "resolution"]

RESOLUTION = 1e-8
"""The relative error that a check by differences has to be able to see."""

TOLERANCE = 2e-9
"""What a gradient and a difference may differ by, relatively, beside the error bar."""

_SAFETY = 4.0  # times the bar
_POWER = 1e-3  # an estimate with a larger relative error is not believed by itself
_LEVELS = 26
_EVEN, _ODD, _ALL = range(2, 16, 2), range(1, 16, 2), range(1, 8)  # powers of the step in the error
_AT_ZERO = (2.0**-3, 2.0**-20, 2.0**-60, 2.0**-200, 2.0**-600)

_UNKNOWN = Behaviour(True, Side(True), Side(True))

Function = Callable[[float], float]  # nan where there is no value


class Estimate(NamedTuple):
    """A slope, and how far off it may be."""

    slope: float = math.nan
    error: float = math.inf

    def behaviour(self) -> Behaviour:
        """A smooth function with this slope."""
        side = Side(True, self.slope, _SAFETY * self.error)
        return Behaviour(True, side, side, self.slope, _SAFETY * self.error)

    def is_good(self, goal: float) -> bool:
        """Whether the error is no larger than `goal`, relatively."""
        return self.error <= goal * abs(self.slope) or self.error == 0

    def contradicts(self, coarser: Estimate) -> bool:
        """Whether a function that this estimate saw at smaller steps is not what the other took it for."""
        return abs(self.slope - coarser.slope) > _SAFETY * (self.error + coarser.error)


class _Ladder:
    """Richardson's extrapolation of quotients at steps that halve; `powers` are those of their error."""

    def __init__(self, powers: range) -> None:
        self._factors = [2.0**power - 1 for power in powers]
        self._row: list[float] = []

    def descend(self, quotient: float) -> tuple[float, float]:
        """The best entry of the new row, and its distance from its neighbours."""
        row, best, error = [quotient], quotient, math.inf
        for before, factor in zip(self._row, self._factors, strict=False):
            entry = row[-1] + (row[-1] - before) / factor
            distance = max(abs(entry - row[-1]), abs(entry - before))
            if distance <= error:
                best, error = entry, distance
            row.append(entry)
        self._row = row
        return best, error


def _scales(x: float, hint: float) -> Iterator[float]:
    """The first steps to try, powers of two, best first; `hint` is where the function is thought to vary."""
    size = abs(x)
    sizes = [min(max(hint, 1e-9 * size), max(size, 1.0))] if 0 < hint < math.inf else []
    if x == 0:
        sizes += [8 * step for step in _AT_ZERO]
    else:
        sizes += [size, 1.0, math.sqrt(size)]
        if not 1e-3 <= size <= 1e3:
            sizes += [size**0.25, size**0.75]
    yield from dict.fromkeys(filter(None, map(_power_of_two, filter(math.isfinite, sizes))))


def _fine_scales(x: float) -> set[float]:
    """First steps far below the size of x."""
    return {_power_of_two(math.ldexp(abs(x) or 1.0, -exponent)) for exponent in (12, 24, 36)} - {0.0}


def _power_of_two(size: float) -> float:
    """About an eighth of a positive number; 0 if that is no double."""
    return math.ldexp(1.0, math.frexp(size)[1] - 4)


def central(function: Function, x: float, here: float, noise: float, hint: float) -> Estimate:
    """The derivative at x by central differences, from the first ladder that is good enough.

    `here` is the value at x, `noise` how far off the values may be.
    """
    best = Estimate()
    for scale in _scales(x, hint):
        estimate = _descent(function, x, here, noise, scale)
        if estimate.error < best.error:
            best = estimate
        if best.is_good(TOLERANCE):
            break
    return best if _is_seen_close_by(function, x, noise, hint, best) else Estimate()


def _central_of_all(
    function: Function, x: float, here: float, noise: float, scales: Iterable[float]
) -> Estimate:
    """The same from every ladder: a finer one that contradicts a coarser is the one to believe."""
    best = Estimate()
    for scale in sorted(scales, reverse=True):
        estimate = _descent(function, x, here, noise, scale)
        if estimate.error < best.error or (estimate.is_good(_POWER) and estimate.contradicts(best)):
            best = estimate
    return best


def _descent(function: Function, x: float, here: float, noise: float, scale: float) -> Estimate:
    """One ladder of central differences from the step `scale` down, until its error is small or noise."""
    slopes, kinks = _Ladder(_EVEN), _Ladder(_ODD)
    best = Estimate()
    for level in range(_LEVELS):
        step = math.ldexp(scale, -level)
        right, left = x + step, x - step
        if step == 0 or (right - x != step and step < abs(x)):  # the doubles are not dense enough
            break
        above, below = function(right), function(left)
        if not math.isfinite(above - below):
            slopes, kinks = _Ladder(_EVEN), _Ladder(_ODD)
            continue
        slope, error = slopes.descend((above - below) / 2 / step)
        bend = ((above - here) - (here - below)) / step
        kink, kink_error = kinks.descend(bend)
        moved = max(abs((right - step) - x), abs((left + step) - x))  # by rounding
        floor = 2 * (noise + moved * abs(bend)) / step
        bar = error + floor + (abs(kink) + kink_error) / 4
        if bar < best.error:
            best = Estimate(slope, bar)
        if best.is_good(TOLERANCE) or floor > best.error:
            break
    return best


# --- One side at a time, for a black box -------------------------------------------------------------


def behaviour(function: Function, x: float, noise: float, hint: float) -> Behaviour:
    """What a function of doubles does at x, as far as differences can tell."""
    here = function(x)
    is_finite = math.isfinite(here)
    if is_finite and 0 < _spread(function, x, hint) < 8 * noise:
        return _UNKNOWN
    fine = _fine_scales(x)
    estimate = Estimate()
    for scales in ({*fine, *_scales(x, hint)}, fine) if is_finite else ():
        estimate = _central_of_all(function, x, here, noise, scales)
        usual = abs(here / x) if x else 0.0
        is_sharp = estimate.error <= _POWER * max(abs(estimate.slope), usual) or estimate.error == 0
        if is_sharp and _is_seen_close_by(function, x, noise, hint, estimate):
            return estimate.behaviour()
    left, right = (_side(function, x, here, noise, hint, sign) for sign in (-1, 1))
    bars = left.error + right.error
    is_smooth = left.defined and right.defined and not left.jump and not right.jump and is_finite
    if is_smooth and not abs(left.slope - right.slope) > bars:
        joined = Estimate((left.slope + right.slope) / 2, max(bars, estimate.error))
        if math.isfinite(joined.slope) and _is_seen_close_by(function, x, noise, hint, joined):
            return joined.behaviour()
        return _UNKNOWN
    return Behaviour(is_finite, left, right)


def _spread(function: Function, x: float, hint: float) -> float:
    """How much the function varies over the distances that are tried."""
    points = [x + sign * scale for scale in _scales(x, hint) for sign in (-1, 1)]
    values = [value for value in map(function, [x, *points]) if math.isfinite(value)]
    return max(values) - min(values) if values else 0.0


def _is_seen_close_by(function: Function, x: float, noise: float, hint: float, estimate: Estimate) -> bool:
    """Whether the function has the estimated slope over much smaller distances too.

    Steps that are powers of two leap over what has a period, a plateau for one.
    """
    size = min(abs(x) or 1.0, hint or math.inf)
    for exponent in (-24, -36, -42):
        step = math.ldexp(size, exponent)
        right, left = x + step, x - step
        if step < 16 * math.ulp(x):
            continue
        slope = (function(right) - function(left)) / (right - left)
        bar = _SAFETY * (noise / step + estimate.error) + 1e-6 * max(abs(slope), abs(estimate.slope))
        if abs(slope - estimate.slope) > bar:
            return False
    return True


def _side(function: Function, x: float, here: float, noise: float, hint: float, sign: int) -> Side:
    """The slope on one side, measured from the nearest double there."""
    start = math.nextafter(x, sign * math.inf)
    edge = function(start)
    if not math.isfinite(edge):
        return Side(False)
    best, quotients = Estimate(), []
    for scale in sorted({*_fine_scales(x), *_scales(x, hint)}, reverse=True):
        ladder, found = _Ladder(_ALL), Estimate()
        for level in range(_LEVELS):
            step = math.ldexp(scale, -level)
            point = start + sign * step
            value = function(point)
            if point == start or not math.isfinite(value - edge):
                continue
            quotients.append((value - edge) / (point - start) if abs(value - edge) > 8 * noise else 0.0)
            slope, error = ladder.descend((value - edge) / (point - start))
            bar = error + 2 * noise / step
            if bar < found.error:
                found = Estimate(slope, bar)
        if found.error < best.error or (found.is_good(_POWER) and found.contradicts(best)):
            best = found
    gap = abs(edge - here)
    further = function(start + 2.0**20 * (start - x))
    jump = (
        math.isfinite(here)
        and gap > 8 * noise + 4 * abs(best.slope) * abs(start - x)
        and abs(further - edge) < gap
    )
    last = [abs(quotient) for quotient in quotients[-_LEVELS:]]
    if len(last) > 8 and all(1.01 * a < b for a, b in itertools.pairwise(last[-8:])):
        return Side(True, math.copysign(math.inf, quotients[-1]), 0.0, jump and not math.isinf(here))
    return Side(True, best.slope, _SAFETY * best.error, jump)


def resolution(gradient: float, behaviour: Behaviour) -> float:
    """The smallest relative error of the gradient that could not have been overlooked; nan if none."""
    if behaviour.derivative is None:
        return math.nan
    size = max(abs(gradient), abs(behaviour.derivative))
    allowed = behaviour.error + TOLERANCE * size
    return allowed / size if size else 0.0 if allowed == 0 else math.inf


def noise(function: Function, x: float) -> float:
    """How far off the values of a function near x are, judged by how they scatter.

    From the higher differences of values at equal distances, to which a smooth function contributes next
    to nothing: Hamming's table, as in More and Wild, Estimating computational noise (2011).  Each side of
    x for itself, so that a kink at x is no noise; at several distances, because values may lie on steps,
    which show no differences over a short distance, and curves are bent over a long one.
    """
    found = [0.0]
    for exponent in (-49, -40, -30, -20, -10):
        distance = math.ldexp(1.0, math.frexp(x)[1] + exponent) if x else math.ldexp(1.0, exponent)
        for sign in (-1, 1):
            values = [function(x + sign * i * distance) for i in range(1, 10)]
            if all(map(math.isfinite, values)):
                found.append(_scatter(values))
    here = function(x)
    return max(*found, math.ulp(here) if math.isfinite(here) else 0.0)


def _scatter(values: list[float]) -> float:
    """The standard deviation of values that would lie on a smooth curve but for their noise.

    Each order of the differences gives an estimate.  Three that agree are believed: where a curve is too
    bent for the distance they fall, or grow, from order to order.
    """
    estimates = []
    for order in range(1, 7):
        values = [b - a for a, b in itertools.pairwise(values)]
        estimates.append(math.hypot(*values) / math.sqrt(len(values) * math.comb(2 * order, order)))
    threes = zip(estimates, estimates[1:], estimates[2:], strict=False)
    return min((max(three) for three in threes if max(three) <= 4 * min(three)), default=0.0)
