"""Arguments by rows: what one row of each is, and all rows as columns of numbers.

An array has rows along one of its axes, a list its elements, and a tuple, dict or registered container the
rows of each of its parts.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Hashable, Sequence
from typing import Any

from autograd import containers
from autograd.compiler.signature import Arguments, is_recording, number, unstructured, varies
from autograd.engine import Value
from autograd.rows import real

__all__ = ["Rows"]


class Rows:
    """Positional arguments by rows, along their axes or, where the axis is None, shared; and shared keywords.

    Raises TypeError for an argument that has no rows, and ValueError if their numbers differ or are 0.
    """

    count: int

    def __init__(
        self, arguments: Sequence[Any], axes: Sequence[int | None], keywords: dict[str, Any]
    ) -> None:
        self.keywords = keywords
        self._arguments = [_by_rows(argument, axis) for argument, axis in zip(arguments, axes, strict=True)]
        self._all = [*self._arguments, _Shared(keywords)] if keywords else self._arguments
        counts = sorted({count for argument in self._arguments for count in argument.counts})
        if not counts:
            raise ValueError("no positional argument has rows: keyword arguments are shared by all rows")
        if len(counts) > 1:
            raise ValueError(
                f"all arguments have the same number of rows, not {' and '.join(map(str, counts))}"
            )
        (self.count,) = counts
        if self.count == 0:
            raise ValueError("there are no rows, and so nothing that shows what a row's result would be")

    @property
    def is_recorded(self) -> bool:
        """Whether every operation is to be recorded: for Values, or a transform or trace around the call."""
        return is_recording() or any(argument.has_values for argument in self._all)

    def row(self, place: int) -> tuple[Any, ...]:
        """The positional arguments of one row."""
        return tuple(argument.row(place) for argument in self._arguments)

    def signature(self, name: str) -> tuple[Hashable, list[Any]]:
        """The key of one row's signature, for the function `name`, and a column for each number of a row.

        A column is the float that all rows share, or a contiguous float64 array.  Raises TypeError for
        elements that are no numbers, and for rows that differ in structure.
        """
        keys, columns = zip(*(argument.signature(name) for argument in self._all), strict=True)
        return keys, [column for some in columns for column in some]


class _Shared:
    """What all rows share: numbers, containers, modules."""

    counts = ()

    def __init__(self, argument: Any) -> None:
        self._argument = argument
        self._taken_apart = Arguments(argument)
        self.has_values = self._taken_apart.has_values

    def row(self, _: int) -> Any:
        return self._argument

    def signature(self, name: str) -> tuple[Hashable, Sequence[Any]]:
        return self._taken_apart.signature(name)


class _Varying:
    """An argument by rows, taken apart as far as its parts have rows of their own."""

    _rebuild: Callable[[list[Any]], Any]

    def __init__(self, argument: Any, axis: int) -> None:
        parts, self._rebuild = [argument], operator.itemgetter(0)
        if argument is not None and not _has_rows(argument):
            parts, self._rebuild = containers.parts(argument, _has_rows)
        self._parts = [_part(part, axis) for part in parts]
        self.counts = [part.count for part in self._parts]
        self.has_values = any(part.has_values for part in self._parts)

    def row(self, place: int) -> Any:
        return self._rebuild([part.row(place) for part in self._parts])

    def signature(self, name: str) -> tuple[Hashable, Sequence[Any]]:
        columns = [column for part in self._parts for column in part.columns(name)]
        return Arguments(self.row(0)).signature(name).key, columns


def _by_rows(argument: Any, axis: int | None) -> _Shared | _Varying:
    return _Shared(argument) if axis is None else _Varying(argument, axis)


def _has_rows(part: Any) -> bool:
    return isinstance(part, list) or (containers.is_array(part) and containers.as_array(part).shape != ())


def _part(part: Any, axis: int) -> _Array | _List:
    if isinstance(part, list):
        if axis != 0:
            raise ValueError(f"a list has its rows along axis 0, not {axis}: make it an array")
        return _List(part)
    if _has_rows(part):
        return _Array(containers.as_array(part), axis)
    what = "an array of shape ()" if containers.is_array(part) else type(part).__name__
    raise TypeError(
        f"{what} has no rows: give a list or an array, or None in in_axes for an argument that all rows share"
    )


class _Array:
    """An array, whose rows lie along one of its axes."""

    def __init__(self, array: Any, axis: int) -> None:
        import numpy

        if not -array.ndim <= axis < array.ndim:
            raise ValueError(f"in_axes names axis {axis} of an array of shape {array.shape}")
        if array.dtype.kind not in "fiuO":
            raise TypeError(
                f"rows are of numbers, not of {array.dtype}: array.astype(float) makes them floats"
            )
        self.has_values = array.dtype.kind == "O" and any(isinstance(item, Value) for item in array.flat)
        rows = numpy.moveaxis(array, axis, 0) if axis else array
        if array.dtype.kind == "O" and not self.has_values:
            rows = numpy.array([real(item) for item in rows.flat]).reshape(rows.shape)
        self._rows = rows if self.has_values else rows.astype(numpy.float64, copy=False)
        self.count = len(rows)

    def row(self, place: int) -> Any:
        row = self._rows[place]
        return row if self._rows.ndim > 1 or self.has_values else float(row)

    def columns(self, name: str) -> list[Any]:
        import numpy

        return [*numpy.array(self._rows.reshape(self.count, -1).T, order="C")]  # the caller's may change


class _List:
    """A list, whose elements are the rows, alike in structure."""

    def __init__(self, rows: list[Any]) -> None:
        self._rows = rows
        self.count = len(rows)
        self._taken_apart = None if set(map(type, rows)) <= {float} else Arguments(rows)
        self.has_values = self._taken_apart is not None and self._taken_apart.has_values

    def row(self, place: int) -> Any:
        return self._rows[place]

    def columns(self, name: str) -> list[Any]:
        import numpy

        if self._taken_apart is None:
            return [numpy.array(self._rows)]
        leaves, structure = self._taken_apart.leaves, self._taken_apart.structure
        if structure is not None and not structure.has_parts_alike():
            raise TypeError("the rows of a list differ in structure: give all the same containers and shapes")
        holds_more = any(containers.contents(self._rows[0]))  # and so does every row, of the same structure
        for things in unstructured(name, self._rows) if holds_more else ():
            if things != things[: len(things) // self.count] * self.count:
                raise TypeError(
                    "the rows of a list are one program: give all dicts their keys in one order, and all "
                    "modules the same but for their parameters"
                )
        for leaf in leaves:
            if not varies(leaf):
                raise TypeError(f"rows are of numbers, not of {type(leaf).__name__}: {leaf!r}")
        matrix = numpy.array([number(leaf) for leaf in leaves]).reshape(self.count, -1)
        return [*numpy.ascontiguousarray(matrix.T)]
