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
from typing import TYPE_CHECKING, Any, cast

from autograd.compiler.paths import Path, Paths, rebuilt_from

if TYPE_CHECKING:
    import numpy

    from autograd.compiler.kernel import Kernel

__all__ = ["Axes", "Shapes", "at_arrays", "over_arrays", "row_shapes", "shapes"]

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


def row_shapes(arguments: Sequence[Any], axes: Axes) -> Shapes | None:
    """The shapes of one row's arguments, where the rows lie along the first axis or the argument is shared.

    None for other arguments, for other axes, and unless there are rows, as many in each argument.
    """
    found = shapes(arguments)
    if found is None or len(axes) != len(found):
        return None
    counts = set()
    of_a_row: list[tuple[int, ...] | None] = []
    for shape, axis in zip(found, axes, strict=True):
        if axis is None:
            of_a_row.append(shape)
        elif axis == 0 and shape is not None:
            counts.add(shape[0])
            of_a_row.append(shape[1:])
        else:
            return None
    return tuple(of_a_row) if len(counts) == 1 and 0 not in counts else None


def _is_plain(numbers: numpy.ndarray[Any, Any]) -> bool:
    """Whether doubles of this machine follow one another in memory, in the order of the elements."""
    kind, flags = numbers.dtype, numbers.flags
    return kind.char == "d" and kind.isnative and flags.c_contiguous and flags.aligned


# --- One point ----------------------------------------------------------------------------------------


def at_arrays(paths: Paths, arguments: Sequence[Any]) -> Any:
    """The function's result by a path that is compiled; None where the guards of none of them hold."""
    return paths.found(lambda path: _at_arrays(path, arguments))


def _at_arrays(path: Path, arguments: Sequence[Any]) -> Any:
    import numpy

    alone = len(arguments) == 1 and not path.captured
    inputs = arguments[0] if alone else _joined(arguments, path)
    outputs = numpy.empty(len(path.graph.outputs))
    found = _kernel(path).fill(inputs, outputs)
    return rebuilt_from(path.results, outputs) if found else None


def _joined(arguments: Sequence[Any], path: Path) -> bytearray:
    """The numbers of the arguments, and then of the leaves that the path has captured, as bytes."""
    parts = [_double(part) if type(part) is float else part for part in arguments]
    if path.captured:
        parts.append(array.array("d", [leaf._data for leaf in path.captured]))
    return bytearray().join(parts)


def _kernel(path: Path) -> Kernel:
    """The machine code: this module is met under `jit` alone."""
    return cast("Kernel", path.kernel)


# --- Many rows ----------------------------------------------------------------------------------------


def over_arrays(paths: Paths, arguments: Sequence[Any], axes: Axes, reduce: str | None, threads: int) -> Any:
    """The results of all rows, where `row_shapes` has shapes; None where they take several paths."""
    path = paths.paths[0]
    shared = [argument for argument, axis in zip(arguments, axes, strict=True) if axis is None]
    by_rows = [argument for argument, axis in zip(arguments, axes, strict=True) if axis is not None]
    count = len(by_rows[0])
    outputs, missed = _kernel(path).rows_of_bytes(
        _varying(arguments, axes) + bytes(len(path.captured)),
        _joined(shared, path),
        [column for argument in by_rows for column in _columns(argument)],
        count,
        reduce=reduce,
        threads=threads,
    )
    if missed is not None and missed.any():
        return None
    return rebuilt_from(path.results, outputs) if reduce else path.results.stacked([*outputs], count)


def _varying(arguments: Sequence[Any], axes: Axes) -> bytes:
    """A byte for each number of a row: 1 where it is the row's own, 0 where all rows share it."""
    some = []
    for argument, axis in zip(arguments, axes, strict=True):
        if axis is None:
            some.append(bytes(1 if type(argument) is float else argument.size))
        else:
            some.append(b"\1" * math.prod(argument.shape[1:]))
    return b"".join(some)


def _columns(rows: numpy.ndarray[Any, Any]) -> list[numpy.ndarray[Any, Any]]:
    """A contiguous array for each number of a row."""
    import numpy

    return [rows] if rows.ndim == 1 else [*numpy.ascontiguousarray(rows.reshape(len(rows), -1).T)]
