"""What a function does at a point, seen from both sides, and the verdict on a gradient that follows.

However slopes are found, by differences of doubles or at hundreds of digits, they are judged here.
"""

from __future__ import annotations

import enum
import math
from typing import Any, NamedTuple

__all__ = ["Behaviour", "Side", "Verdict", "judge"]


class Verdict(enum.Enum):
    """The answer for one input, from best to worst.  Only MISMATCH says that something is wrong.

    ILL_CONDITIONED passes as well: whoever wants to forbid it asks for `verdict.passes`, true of the OKs.

    >>> print(*Verdict, sep=", ")
    OK, OK_KINK, OK_EDGE, OK_SINGULAR, OK_JUMP, NONFINITE, ILL_CONDITIONED, INCONCLUSIVE, MISMATCH
    """

    OK = "the gradient is the derivative"
    OK_KINK = "the slopes on the two sides differ, and the gradient is one of them or lies between"
    OK_EDGE = "the function ends here, and the gradient is the slope on its side"
    OK_SINGULAR = "the function or its slope is infinite here, and so is the gradient, with the right sign"
    OK_JUMP = "the function jumps here, and the gradient is a slope beside the jump or lies between"
    NONFINITE = "the function has no finite value here"
    ILL_CONDITIONED = "every step of the backward pass is right, but doubles cannot give its result"
    INCONCLUSIVE = "the differences cannot tell"
    MISMATCH = "the gradient is not the derivative"

    @property
    def passes(self) -> bool:
        """Whether the verdict is one of the OKs."""
        return self.name.startswith("OK")

    def __str__(self) -> str:
        return self.name


class Side(NamedTuple):
    """A function on one side of a point: `slope` may be infinite; nan if there is no telling."""

    defined: bool
    slope: Any = math.nan
    error: Any = 0.0  # how far off the slope may be
    jump: bool = False  # the function's limit from this side is not its value

    @property
    def is_infinite(self) -> bool:
        """Whether the slope is infinite."""
        return bool(abs(self.slope) == math.inf)


class Behaviour(NamedTuple):
    """A function near a point: where both sides have one slope, `derivative` is it."""

    finite: bool  # whether it has a finite value at the point
    left: Side
    right: Side
    derivative: Any = None  # None where the sides differ, or nobody knows
    error: Any = 0.0  # how far off the derivative may be

    @property
    def sides(self) -> list[Side]:
        """Those sides on which the function has values."""
        return [side for side in (self.left, self.right) if side.defined]

    @property
    def description(self) -> str:
        """The derivative, or the slopes on the two sides, in words."""
        if self.derivative is not None:
            return f"{float(self.derivative)!r}"
        sides = (("left", self.left), ("right", self.right))
        known = [f"{float(side.slope)!r} on the {name}" for name, side in sides if side.defined]
        return " and ".join(known) or "unknown"


def judge(gradient: float, behaviour: Behaviour, relative: float) -> Verdict | None:
    """The verdict on a gradient; None where the derivative is known and the gradient is not it.

    What that means is the caller's to say.  `relative` is the tolerance beside the behaviour's own errors.
    """
    sides = behaviour.sides
    infinite = [side for side in sides if side.is_infinite]
    if not behaviour.finite:
        agrees = any(gradient == float(side.slope) for side in infinite)
        return Verdict.OK_SINGULAR if agrees else Verdict.NONFINITE
    if behaviour.derivative is not None:
        close = _is_close(gradient, behaviour.derivative, behaviour.error, relative)
        return Verdict.OK if close else None
    if not sides or any(_is_nan(side.slope) for side in sides):
        return Verdict.INCONCLUSIVE
    if _is_nan(gradient) and infinite and (any(side.jump for side in sides) or len(set(infinite)) > 1):
        return Verdict.OK_SINGULAR  # no number, of whatever sign, is a derivative here
    if not _lies_between(gradient, sides, relative):
        return None
    if any(side.jump for side in sides):
        return Verdict.OK_JUMP
    if infinite and math.isinf(gradient):
        return Verdict.OK_SINGULAR
    return Verdict.OK_EDGE if len(sides) == 1 else Verdict.OK_KINK


def _lies_between(gradient: float, sides: list[Side], relative: float) -> bool:
    low = min(sides, key=lambda side: side.slope)
    high = max(sides, key=lambda side: side.slope)
    if low.slope <= gradient <= high.slope:
        return True
    return any(_is_close(gradient, side.slope, side.error, relative) for side in (low, high))


def _is_close(gradient: float, slope: Any, error: Any, relative: float) -> bool:
    if math.isinf(gradient) or abs(slope) == math.inf:
        return bool(gradient == float(slope))
    return bool(abs(gradient - slope) <= error + relative * max(abs(gradient), abs(slope)))


def _is_nan(number: Any) -> bool:
    return bool(number != number)
