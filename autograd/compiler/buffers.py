"""Calls with floats and with arrays of them, whose numbers reach machine code as they lie in memory.

None of them becomes an object of Python on the way there or back, so that a call costs little more than its
code.  A way is for arguments of kinds that were seen before.  To whatever else it is given it returns None:
that takes the longer way, which finds out what it is, and says what is wrong with it.

The engine in C has ways of its own.  Those in Python stand in for it where it was not built, and divide rows
among threads.
"""

from __future__ import annotations

import array
import functools
import math
import struct
from collections.abc import Callable, Hashable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from autograd.compiler.kernel import Code
from autograd.compiler.paths import Path, Paths, rebuilt_from
from autograd.containers import Structure

if TYPE_CHECKING:
    import numpy

try:
    from autograd._core import value as native
    from autograd._core.value import Dispatcher
except ModuleNotFoundError:
    from autograd.compiler.foreign import Dispatcher  # type: ignore[assignment]

    native = None  # type: ignore[assignment]

__all__ = ["Dispatcher", "Kinds", "Way", "at_point", "kinds", "over_rows"]

Kinds = tuple[tuple[int, ...] | None, ...]
"""None stands for a float, and a shape for an array, with -1 as the number of its rows where it has rows."""


class Way(Protocol):
    """A compiled function of arguments of some kinds; None is its result for others."""

    kinds: Kinds

    def __call__(self, *arguments: Any) -> Any: ...


_double = struct.Struct("d").pack


def kinds(arguments: Sequence[Any], axes: Sequence[int | None] = ()) -> Kinds | None:
    """The kind of each argument; None if one is neither a float nor an array whose memory is its numbers.

    axes -- where the arguments have their rows; none of them, unless it is given, has any.

    >>> import numpy
    >>> kinds([1.0, numpy.zeros((2, 3))]), kinds([1, "one"])
    ((None, (2, 3)), None)
    >>> kinds([1.0, numpy.zeros((2, 3))], (None, 0))
    (None, (-1, 3))
    """
    import numpy

    found: list[tuple[int, ...] | None] = []
    for argument, axis in zip(arguments, axes or [None] * len(arguments), strict=True):
        if type(argument) is float and axis is None:
            found.append(None)
        elif type(argument) is numpy.ndarray and argument.ndim and axis in (0, None) and _is_plain(argument):
            found.append(argument.shape if axis is None else (-1, *argument.shape[1:]))
        else:
            return None
    return tuple(found)


def _is_plain(numbers: numpy.ndarray[Any, Any]) -> bool:
    """Whether doubles of this machine follow one another in memory, in the order of the elements."""
    kind, flags = numbers.dtype, numbers.flags
    return kind.char == "d" and kind.isnative and flags.c_contiguous and flags.aligned


def at_point(given: Kinds, paths: Paths) -> Way:
    """The way of a function at one point: its result, for arguments of these kinds, by the paths there are.

    Their kernels are machine code, here and over rows.
    """
    return native.Way(given, paths, "point", _route_at_point) if native else _AtPoint(given, paths)


def over_rows(given: Kinds, paths: Paths, reduce: str | None, threads: int) -> Way:
    """The way of a function over rows: their results by the first path; None where rows take several."""
    if native is None or threads > 1:
        return _OverRows(given, paths, reduce, threads)
    key = _varying(given), reduce is not None
    return native.Way(given, paths, key, functools.partial(_route_over_rows, key), reduce)


def _varying(given: Kinds) -> bytes:
    """A byte for each number of a row: 1 if it is the row's own, 0 if all share it."""
    return b"".join(
        b"\1" * math.prod(kind[1:]) if kind and kind[0] == -1 else bytes(math.prod(kind or ()))
        for kind in given
    )


# --- Routes -------------------------------------------------------------------------------------------


def _route_at_point(path: Path) -> native.Route:
    """What the engine in C knows of a path, which keeps it."""
    kernel: Any = path.kernel
    return _kept(path, "point", kernel.at_point(), rebuilt_from)


def _route_over_rows(key: tuple[bytes, bool], path: Path) -> native.Route:
    kernel: Any = path.kernel
    varying, is_reduced = key
    code = kernel.over_rows(varying + bytes(len(path.captured)), is_reduced)
    return _kept(path, key, code, rebuilt_from if is_reduced else _stacked)


def _kept(path: Path, key: Hashable, code: Code, rebuilt: Callable[[Structure, Any], Any]) -> native.Route:
    rebuild = functools.partial(rebuilt, path.results)
    route = native.Route(code, tuple(path.captured), path.results.pieces(), rebuild)
    path.routes[key] = route
    return route


def _stacked(results: Structure, outputs: numpy.ndarray[Any, Any]) -> Any:
    return results.stacked([*outputs], outputs.shape[1])


# --- Ways in Python -----------------------------------------------------------------------------------


class _AtPoint:
    def __init__(self, given: Kinds, paths: Paths) -> None:
        self.kinds = given
        self._paths = paths

    def __call__(self, *arguments: Any) -> Any:
        if kinds(arguments) != self.kinds:
            return None
        given = _joined(arguments)
        for path in self._paths.paths:
            found = self._by(path, given)
            if found is not None:
                self._paths.use_first(path)
                return found
        return None

    def _by(self, path: Path, given: bytes) -> Any:
        import numpy

        kernel: Any = path.kernel
        outputs = numpy.empty(len(path.graph.outputs))
        holds = kernel.fill(bytearray(given + _captured(path)), outputs)
        return rebuilt_from(path.results, outputs) if holds else None


class _OverRows:
    def __init__(self, given: Kinds, paths: Paths, reduce: str | None, threads: int) -> None:
        self.kinds = given
        self._paths = paths
        self._reduce = reduce
        self._threads = threads
        self._varying = _varying(given)
        self._axes = [0 if kind and kind[0] == -1 else None for kind in given]

    def __call__(self, *arguments: Any) -> Any:
        if len(arguments) != len(self._axes) or kinds(arguments, self._axes) != self.kinds:
            return None
        by_rows = [rows for rows, axis in zip(arguments, self._axes, strict=True) if axis == 0]
        counts = {len(rows) for rows in by_rows}
        if len(counts) > 1 or 0 in counts:
            return None
        return self._by(self._paths.paths[0], arguments, by_rows)

    def _by(self, path: Path, arguments: Sequence[Any], by_rows: Sequence[numpy.ndarray[Any, Any]]) -> Any:
        kernel: Any = path.kernel
        shared = [argument for argument, axis in zip(arguments, self._axes, strict=True) if axis is None]
        captured = _captured(path)
        outputs, missed = kernel.rows_of_bytes(
            self._varying + bytes(len(path.captured)),
            bytearray(_joined(shared) + captured),
            [column for rows in by_rows for column in _columns(rows)],
            len(by_rows[0]),
            reduce=self._reduce,
            threads=self._threads,
        )
        if missed is not None and missed.any():
            return None
        return rebuilt_from(path.results, outputs) if self._reduce else _stacked(path.results, outputs)


def _joined(arguments: Sequence[Any]) -> bytes:
    """The numbers of the arguments."""
    return b"".join(_double(part) if type(part) is float else part for part in arguments)


def _captured(path: Path) -> bytes:
    """The numbers of the leaves that the path has captured."""
    return array.array("d", [leaf._data for leaf in path.captured]).tobytes()


def _columns(rows: numpy.ndarray[Any, Any]) -> list[numpy.ndarray[Any, Any]]:
    """A contiguous array for each number of a row."""
    import numpy

    return [rows] if rows.ndim == 1 else [*numpy.ascontiguousarray(rows.reshape(len(rows), -1).T)]
