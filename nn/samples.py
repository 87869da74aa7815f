"""Samples: points with their targets, from lists, arrays and data frames, as plain numbers."""

from __future__ import annotations

import math
import numbers
from collections.abc import Iterable
from typing import Any

from autograd import real

__all__ = ["Point", "Target", "entries_of", "is_row", "samples"]

Point = list[float]
Target = float | list[float]


def samples(points: Iterable[Any], targets: Iterable[Any]) -> tuple[list[Point], list[Target]]:
    """The points as lists of floats, all of one length, and one target for each.

    Points have the shape `(rows, inputs)`, or `(rows,)` for one input; targets `(rows,)`, or
    `(rows, outputs)`, where `(rows, 1)` is `(rows,)`.  Lists, tuples, NumPy arrays and data frames are taken;
    whole numbers among the targets stay whole, since they may be classes.  Raises ValueError if there are no
    points, if there are more points than targets or fewer, for points of different lengths, and for a number
    that is not finite or too large for a double; TypeError for what is no number.  The messages say which
    entry is meant, counted from 0.

    >>> samples([(0.5, 1), (2, 3)], [1, 0])
    ([[0.5, 1.0], [2.0, 3.0]], [1, 0])
    """
    points, targets = entries_of("points", points), entries_of("targets", targets)
    if len(points) != len(targets):
        raise ValueError(
            f"expected one target per point, not {len(targets)} targets for {len(points)} points"
        )
    if not points:
        raise ValueError("expected at least one point with its target")
    return (
        [list(map(float, row)) for row in _rows("points", points)],
        [row[0] if len(row) == 1 else row for row in _rows("targets", targets)],
    )


def entries_of(name: str, things: Any) -> list[Any]:
    """The entries of a list, an array or a data frame as a list; those of an array are plain numbers.

    Raises TypeError, naming the things, for what holds none, and for text.

    >>> entries_of("points", 5)
    Traceback (most recent call last):
        ...
    TypeError: points are a list or an array, not 5
    """
    for method in ("to_numpy", "tolist"):  # a data frame; an array
        things = getattr(things, method, lambda things=things: things)()
    if isinstance(things, str) or not isinstance(things, Iterable):
        raise TypeError(f"{name} are a list or an array, not {things!r}")
    return list(things)


def _rows(name: str, things: list[Any]) -> list[list[Any]]:
    rows: list[list[float]] = []
    for position, thing in enumerate(things):
        place = f"{name}[{position}]"
        row = [_number(place, entry) for entry in (entries_of(place, thing) if is_row(thing) else [thing])]
        if rows and len(row) != len(rows[0]):
            raise ValueError(f"{place} has {len(row)} numbers, and {name}[0] has {len(rows[0])}")
        rows.append(row)
    return rows


def is_row(thing: Any) -> bool:
    """Whether a thing holds numbers rather than being one; an array without axes is a number.

    >>> is_row([1.0]), is_row(1.0)
    (True, False)
    """
    return not isinstance(thing, float) and bool(getattr(thing, "ndim", hasattr(thing, "__iter__")))


def _number(place: str, thing: Any) -> float:
    if not isinstance(thing, numbers.Real):
        raise TypeError(f"{place} holds {thing!r}, which is no number")
    if not math.isfinite(real(thing)):  # an int too large for a double is inf
        raise ValueError(f"{place} holds {real(thing)}: leave the row out, or fill the gap")
    return int(thing) if isinstance(thing, numbers.Integral) else float(thing)
