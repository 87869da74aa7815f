"""The order in which a loop of a rolled program is carried out, for the writers of text.

The members of a fold do not wait for each other, and the additions of one fold do.  So where the innermost
extent of the members is long enough, it runs inside the steps, and the folds of all its members are carried
on together: a compiler can make vectors of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from autograd.compiler.rolled import Loop

__all__ = ["WIDEST", "Body", "Finish", "For", "Nest", "Start", "nest", "totals"]

_NARROWEST = 4  # members that are worth carrying on together
WIDEST = 512  # members whose totals lie close to the processor


class For(NamedTuple):
    """The body for every number below `extent`, which is the digit at place `digit` of the loop."""

    digit: int
    extent: int
    body: tuple[Nest, ...]


class Start(NamedTuple):
    """Every fold's total, and what is carried, becomes its initial value."""


class Body(NamedTuple):
    """The statements of one iteration; the folds' terms join their totals; what is carried is replaced."""


class Finish(NamedTuple):
    """The totals are stored, and what is carried."""


Nest = For | Start | Body | Finish


def totals(loop: Loop) -> int:
    """How many totals of each fold there are at a time, one for each number of the shape's last digit.

    0 stands for a single one, as long as no digit chooses among them.
    """
    if not loop.folds or not loop.shape:
        return 0
    return loop.shape[-1] if _NARROWEST <= loop.shape[-1] <= WIDEST else 0


def nest(loop: Loop) -> tuple[Nest, ...]:
    """The loop as nested iterations.

    >>> nest(Loop((3, 2), (), ()))
    (For(digit=0, extent=3, body=(For(digit=1, extent=2, body=(Body(),)),)),)
    """
    shape = [*enumerate(loop.shape)]
    steps = [*enumerate(loop.steps, len(shape))]
    if loop.shape and not loop.folds:
        return _around(shape, (Body(),))
    if not totals(loop):
        return _around(shape, (Start(), *_around(steps, (Body(),)), Finish()))
    last = shape[-1:]
    together = (*_around(last, (Start(),)), *_around([*steps, *last], (Body(),)), *_around(last, (Finish(),)))
    return _around(shape[:-1], together)


def _around(digits: Sequence[tuple[int, int]], body: tuple[Nest, ...]) -> tuple[Nest, ...]:
    for digit, extent in reversed(digits):
        body = (For(digit, extent, body),)
    return body
