"""Numbers of places: the operands of a program, and how a nest of loops counts them.

A column of places, one for each iteration, is affine if it is a base plus strides times digits.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy

from autograd.compiler.program import Program

__all__ = ["Operands", "Places", "extents", "strides", "varying"]

Places = numpy.ndarray[Any, numpy.dtype[numpy.int64]]

_DEEPEST = 4  # extents, beyond which places are looked up in a table


class Operands(NamedTuple):
    """The operands of all of a program's operations, in one array; those of the n-th begin at `begins[n]`."""

    numbers: Places
    begins: Places
    lengths: Places

    @staticmethod
    def of(program: Program) -> Operands:
        operands = [operands for _, operands in program.operations]
        lengths = numpy.fromiter(map(len, operands), numpy.int64, len(operands))
        numbers = numpy.fromiter(itertools.chain.from_iterable(operands), numpy.int64, int(lengths.sum()))
        return Operands(numbers, numpy.cumsum(lengths) - lengths, lengths)

    def read_by(self, operations: Places) -> Places:
        """The operands of the operations at these places, one after the other."""
        lengths = self.lengths[operations]
        ends = numpy.cumsum(lengths)
        shifts = numpy.repeat(self.begins[operations] - ends + lengths, lengths)
        found: Places = self.numbers[shifts + numpy.arange(len(shifts))]
        return found


def extents(columns: Iterable[Places], size: int) -> tuple[int, ...]:
    """The extents of a nest of `size` iterations in which the columns are affine, as far as they can be.

    A column that none of the nests fits has no say.

    >>> extents([numpy.array([0, 1, 2, 0, 1, 2]), numpy.array([5, 5, 5, 7, 7, 7])], 6)
    (2, 3)
    """
    found: list[int] = []
    left = list(columns)
    while size > 1 and len(found) < _DEEPEST:
        lengths = [_length(column) for column in left]
        candidates = [
            length
            for column, length in zip(left, lengths, strict=True)
            if size % length == 0 and _is_periodic(column, length)
        ]
        inner = min(candidates, default=size)
        left = [column[::inner] for column in left if _is_periodic(column, inner)]
        found.append(inner)
        size //= inner
    if size > 1:
        found.append(size)
    return tuple(reversed(found))


def _length(column: Places) -> int:
    """How many places from the first on have equal distances."""
    breaks = numpy.flatnonzero(numpy.diff(column, 2))
    return int(breaks[0]) + 2 if len(breaks) else len(column)


def _is_periodic(column: Places, length: int) -> bool:
    """Whether every `length` places have the same equal distances."""
    rows = column.reshape(-1, length)
    distance = rows[0, 1] - rows[0, 0] if length > 1 else 0
    return bool((rows == rows[:, :1] + distance * numpy.arange(length)).all())


def strides(column: Places, shape: Sequence[int]) -> tuple[int, ...] | None:
    """The strides of a column that is affine in the digits of `shape`; None if it is not.

    >>> strides(numpy.array([0, 1, 2, 10, 11, 12]), (2, 3))
    (10, 1)
    """
    places = column.reshape(shape)
    origin = places[(0,) * len(shape)]
    found = []
    expected = numpy.full((), origin)
    for axis, extent in enumerate(shape):
        index = [0] * len(shape)
        index[axis] = min(1, extent - 1)
        found.append(int(places[tuple(index)] - origin))
        expected = expected[..., None] + found[-1] * numpy.arange(extent)
    return tuple(found) if (places == expected).all() else None


def varying(column: Places, shape: Sequence[int]) -> tuple[Places, tuple[int, ...]]:
    """The column without the digits on which it does not depend, and the strides into what is left.

    >>> varying(numpy.array([7, 3, 4, 7, 3, 4]), (2, 3))
    (array([7, 3, 4]), (0, 1))
    """
    places = column.reshape(shape)
    kept = []
    for axis in range(len(shape)):
        first = places.take([0], axis)
        kept.append(not (places == first).all())
        if not kept[-1]:
            places = first
    step = 1
    found = []
    for axis in reversed(range(len(shape))):
        found.append(step if kept[axis] else 0)
        step *= places.shape[axis]
    return places.ravel(), tuple(reversed(found))
