"""Arguments by rows: what one row of each is, and all rows as columns of numbers.

An array has rows along one of its axes, a list its elements, and a tuple, dict or registered container the
rows of each of its parts.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autograd import containers
from autograd.compiler.signature import has_values, is_recording, number
from autograd.engine import Value
from autograd.graph import varies
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
        parts = [part for argument in self._arguments for part in argument.parts]
        self._parts = [*parts, _Shared(keywords)]
        counts = sorted({part.count for part in parts if part.count is not None})
        if len(counts) != 1:
            raise ValueError(
                f"all arguments have the same number of rows, not {' and '.join(map(str, counts)) or 'none'}"
            )
        (self.count,) = counts
        if self.count == 0:
            raise ValueError("there are no rows, and so nothing that shows what a row's result would be")

    @property
    def is_recorded(self) -> bool:
        """Whether every operation is to be recorded: for Values, or a transform or trace around the call."""
        return is_recording() or any(part.has_values for part in self._parts)

    def row(self, place: int) -> tuple[Any, ...]:
        """The positional arguments of one row."""
        return tuple(argument.row(place) for argument in self._arguments)

    def columns(self) -> list[Any]:
        """For each number of a row, in order, the float that all rows share or a contiguous float64 array.

        Raises TypeError for elements that are no numbers, and for rows that differ in structure.
        """
        return [column for part in self._parts for column in part.columns()]


class _Argument:
    """An argument by rows, taken apart as far as its parts have rows of their own."""

    def __init__(self, parts: Sequence[Any], rebuild: Any) -> None:
        self.parts = parts
        self._rebuild = rebuild

    def row(self, place: int) -> Any:
        return self._rebuild([part.row(place) for part in self.parts])


def _by_rows(argument: Any, axis: int | None) -> _Argument:
    if axis is None:
        return _Argument([_Shared(argument)], lambda rows: rows[0])
    parts, rebuild = containers.parts(argument, lambda part: isinstance(part, list))
    return _Argument([_part(part, axis) for part in parts], rebuild)


def _part(part: Any, axis: int) -> _Array | _List:
    if isinstance(part, list):
        if axis != 0:
            raise ValueError(f"a list has its rows along axis 0, not {axis}: make it an array")
        return _List(part)
    if hasattr(part, "__array__") and getattr(part, "shape", ()) != ():
        return _Array(part, axis)
    raise TypeError(
        f"{type(part).__name__} has no rows: give a list or an array, or None in in_axes for an argument "
        "that all rows share"
    )


class _Shared:
    """What all rows share: numbers, containers, modules."""

    count = None

    def __init__(self, argument: Any) -> None:
        self._argument = argument
        self._leaves, structure = containers.flatten(argument)
        self.has_values = has_values(self._leaves, structure)

    def row(self, _: int) -> Any:
        return self._argument

    def columns(self) -> list[float]:
        return [number(leaf) for leaf in self._leaves if varies(leaf)]


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
        rows = numpy.moveaxis(numpy.asarray(array), axis, 0)
        if array.dtype.kind == "O" and not self.has_values:
            rows = numpy.array([real(item) for item in rows.flat]).reshape(rows.shape)
        self._rows = rows if self.has_values else rows.astype(numpy.float64, copy=False)
        self.count = len(rows)

    def row(self, place: int) -> Any:
        row = self._rows[place]
        return row if self._rows.ndim > 1 or self.has_values else float(row)

    def columns(self) -> list[Any]:
        import numpy

        return [numpy.ascontiguousarray(column) for column in self._rows.reshape(self.count, -1).T]


class _List:
    """A list, whose elements are the rows, alike in structure."""

    def __init__(self, rows: list[Any]) -> None:
        self._rows = rows
        self.count = len(rows)
        self._leaves = rows
        self.has_values = False
        if not set(map(type, rows)) <= {float}:
            self._leaves, self._structure = containers.flatten(rows)
            self.has_values = has_values(self._leaves, self._structure)

    def row(self, place: int) -> Any:
        return self._rows[place]

    def columns(self) -> list[Any]:
        import numpy

        if self._leaves is not self._rows:
            if not self._structure.has_parts_alike():
                raise TypeError(
                    f"rows are alike in structure, but among these some differ: {self._rows!r:.200}"
                )
            for leaf in self._leaves:
                if not varies(leaf):
                    raise TypeError(f"rows are of numbers, not of {type(leaf).__name__}: {leaf!r}")
        matrix = numpy.array([number(leaf) for leaf in self._leaves]).reshape(self.count, -1)
        return [numpy.ascontiguousarray(column) for column in matrix.T]
