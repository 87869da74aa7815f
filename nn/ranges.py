"""Numbers that must lie in a range: learning rates, shares, counts.

Each check raises or does nothing; `whole` gives back what it checked, as an int.  All raise ValueError for a
number outside the range, nan included, and TypeError for what is no real number.  `what` begins the message:
"a learning rate", "momentum".
"""

from __future__ import annotations

import math
import numbers

from autograd import real

__all__ = [
    "check_count",
    "check_nonnegative",
    "check_positive",
    "check_share",
    "check_share_above_zero",
    "whole",
]


def check_positive(what: str, number: float) -> None:
    """Raises unless 0 < number < inf.

    >>> check_positive("a learning rate", -0.1)
    Traceback (most recent call last):
        ...
    ValueError: a learning rate is positive and finite, not -0.1
    """
    if not 0 < real(number) < math.inf:
        raise ValueError(f"{what} is positive and finite, not {number}")


def check_nonnegative(what: str, number: float) -> None:
    """Raises unless 0 <= number < inf."""
    if not 0 <= real(number) < math.inf:
        raise ValueError(f"{what} is at least 0 and finite, not {number}")


def check_share(what: str, number: float) -> None:
    """Raises unless 0 <= number < 1: the share of what was that is kept, where some must be forgotten."""
    if not 0 <= real(number) < 1:
        raise ValueError(f"{what} is at least 0 and less than 1, not {number}")


def check_share_above_zero(what: str, number: float) -> None:
    """Raises unless 0 < number <= 1: the share that is kept, where some must remain."""
    if not 0 < real(number) <= 1:
        raise ValueError(f"{what} is greater than 0 and at most 1, not {number}")


def check_count(what: str, number: int) -> None:
    """Raises unless the number is whole and at least 1; True and False are no numbers here.

    >>> check_count("a number of steps", 0)
    Traceback (most recent call last):
        ...
    ValueError: a number of steps is at least 1, not 0
    """
    count = whole(what, number)
    if count < 1:
        raise ValueError(f"{what} is at least 1, not {count}")


def whole(what: str, number: int) -> int:
    """The number as an int of Python, from one of Python or NumPy.  Raises TypeError for all else, and bools.

    >>> whole("a seed", True)
    Traceback (most recent call last):
        ...
    TypeError: a seed is a whole number, not True
    """
    if isinstance(number, bool) or not isinstance(number, numbers.Integral):
        raise TypeError(f"{what} is a whole number, not {number!r}")
    return int(number)
