"""Calls with arrays of floats, whose numbers reach machine code as they lie in memory.

None of them becomes a float of Python on the way there or back, so that a call costs little more than its
code.  This is for arguments whose shapes were seen before; whatever else is given takes the longer way, which
finds out what it is, and says what is wrong with it.
"""

from __future__ import annotations

import array
import math
import struct
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from autograd.compiler.paths import Path, Paths, rebuilt_from

if TYPE_CHECKING:
    import numpy

__all__ = ["AtArrays", "Axes", "OverArrays", "Shapes", "shapes"]

Shapes = tuple[tuple[int, ...] | None, ...]  # None stands for a float
Axes = Sequence[int | None]

_double = struct.Struct("d").pack


def shapes(arguments: Sequence[Any]) -> Shapes | None:
    """The shape of each argument; None if one is neither a float nor an array whose memory is its numbers.

    >>> import numpy
    >>> shapes([1.0, numpy.zeros((2, 3))]), shapes([1, "one"])
    ((None, (2, 3)), None)
    """
    import numpy

    found: list[tuple[int, ...] | None] = []
    for argument in arguments:
        if type(argument) is float:
            found.append(None)
        elif type(argument) is numpy.ndarray and argument.ndim and _is_plain(argument):
            found.append(argument.shape)
        else:
            return None
    return tuple(found)


def _is_plain(numbers: numpy.ndarray[Any, Any]) -> bool:
    """Whether doubles of this machine follow one another in memory, in the order of the elements."""
    kind, flags = numbers.dtype, numbers.flags
    return kind.char == "d" and kind.isnative and flags.c_contiguous and flags.aligned


class AtArrays:
    """A function at one point: called with arguments of shapes that its paths were made for.

    It returns None where the guards of no path hold.  The kernels are machine code, and no mode is active.
    """

    def __init__(self, paths: Paths) -> None:
        self._paths = paths

    def __call__(self, arguments: Sequence[Any]) -> Any:
        """The function's result by a path that is compiled."""
        for path in self._paths.paths:
            found = self._by(path, arguments)
            if found is not None:
                self._paths.use_first(path)
                return found
        return None

    def _by(self, path: Path, arguments: Sequence[Any]) -> Any:
        import numpy

        kernel: Any = path.kernel
        is_alone = len(arguments) == 1 and not path.captured and type(arguments[0]) is not float
        outputs = numpy.empty(len(path.graph.outputs))
        holds = kernel.fill(arguments[0] if is_alone else _joined(arguments, path), outputs)
        return rebuilt_from(path.results, outputs) if holds else None


class OverArrays:
    """A function over rows: called with arguments of the given shapes, by rows or shared as `axes` say.

    It returns None where rows take several paths.  The kernels are machine code, and no mode is active.
    """

    def __init__(self, paths: Paths, given: Shapes, axes: Axes, reduce: str | None, threads: int) -> None:
        self._paths = paths
        self._axes = axes
        self._reduce = reduce
        self._threads = threads
        self._varying = b"".join(
            bytes(math.prod(shape or ())) if axis is None else b"\1" * math.prod((shape or ())[1:])
            for shape, axis in zip(given, axes, strict=True)
        )

    def __call__(self, arguments: Sequence[Any]) -> Any:
        """The results of all rows, by the first path."""
        path = self._paths.paths[0]
        kernel: Any = path.kernel
        shared, columns, count = [], [], 0
        for argument, axis in zip(arguments, self._axes, strict=True):
            if axis is None:
                shared.append(argument)
            else:
                columns += _columns(argument)
                count = len(argument)
        outputs, missed = kernel.rows_of_bytes(
            self._varying + bytes(len(path.captured)),
            _joined(shared, path),
            columns,
            count,
            reduce=self._reduce,
            threads=self._threads,
        )
        if missed is not None and missed.any():
            return None
        if self._reduce:
            return rebuilt_from(path.results, outputs)
        return path.results.stacked([*outputs], count)


def _joined(arguments: Sequence[Any], path: Path) -> bytearray:
    """The numbers of the arguments, and then of the leaves that the path has captured, as bytes."""
    parts = [_double(part) if type(part) is float else part for part in arguments]
    if path.captured:
        parts.append(array.array("d", [leaf._data for leaf in path.captured]))
    return bytearray().join(parts)


def _columns(rows: numpy.ndarray[Any, Any]) -> list[numpy.ndarray[Any, Any]]:
    """A contiguous array for each number of a row."""
    import numpy

    return [rows] if rows.ndim == 1 else [*numpy.ascontiguousarray(rows.reshape(len(rows), -1).T)]
