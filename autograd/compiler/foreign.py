"""What calls machine code from Python where the engine in C, which does the same faster, was not built."""

from __future__ import annotations

import array
import ctypes
from collections.abc import Sequence
from typing import Any

from autograd import modes
from autograd.rows import real

__all__ = ["Dispatcher", "MachineFunction", "call_point", "call_rows", "empty_matrix", "split_columns"]

_KIND = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)
_ROWS_KIND = ctypes.CFUNCTYPE(
    ctypes.c_int,
    ctypes.c_void_p,  # numbers that the rows share
    ctypes.c_void_p,  # the addresses of columns
    ctypes.c_int64,  # the first row, and
    ctypes.c_int64,  # the row after the last
    ctypes.c_void_p,  # the addresses of what to fill
    ctypes.c_void_p,  # a byte per row, or NULL
)


class Dispatcher:
    """What is called by the first of its `ways` that does not return None, or else by its own `_at_length`.

    So it is with keywords, and where any mode is active.
    """

    ways: tuple[Any, ...] = ()

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        if not keywords and not modes.active:
            for way in self.ways:
                found = way(*arguments)
                if found is not None:
                    return found
        return self._at_length(*arguments, **keywords)

    def _at_length(self, *arguments: Any, **keywords: Any) -> Any:
        raise NotImplementedError


class MachineFunction:
    """The function `int f(const double *in, double *out)` at `address`, for as long as `owner` lives.

    Called with `inputs` numbers it returns a float, or a tuple unless `outputs` is 1, or None where the
    function returns 0.  Raises MemoryError where it returns less.  ctypes releases the interpreter's lock
    during every call, whatever `releases` says.
    """

    def __init__(self, address: int, inputs: int, outputs: int, owner: object, releases: bool) -> None:
        self._function = _KIND(address)
        self._count = inputs
        self._inputs = ctypes.c_double * inputs
        self._outputs = ctypes.c_double * outputs
        self._owner = owner

    def __call__(self, *numbers: float) -> float | tuple[float, ...] | None:
        if len(numbers) != self._count:
            raise TypeError(f"this machine code takes {self._count} numbers, not {len(numbers)}")
        out = self._outputs()
        code = self._function(self._inputs(*map(real, numbers)), out)
        if code < 0:
            raise MemoryError
        if code == 0:
            return None
        return out[0] if len(out) == 1 else (*out,)


def split_columns(columns: Sequence[Any], /) -> tuple[bytes, bytearray, list[Any]]:
    """Which columns are no floats, as bytes of 1; the floats, packed as doubles; the others, as a list.

    >>> varying, numbers, others = split_columns([1.0, "column", 2.0])
    >>> [*varying], len(numbers), others
    ([0, 1, 0], 16, ['column'])
    """
    varying = bytes(not isinstance(column, float) for column in columns)
    numbers = array.array("d", [column for column in columns if isinstance(column, float)])
    others = [column for column in columns if not isinstance(column, float)]
    return varying, bytearray(numbers.tobytes()), others


def call_point(address: int, inputs: Any, outputs: Any, releases: bool, /) -> int:
    """What the function `int f(const double *in, double *out)` at `address` returns.

    inputs, outputs -- bytearrays, or contiguous arrays of NumPy, with the bytes of enough doubles.
    """
    code: int = _KIND(address)(_start(inputs), _start(outputs))
    return code


def _start(buffer: Any) -> int:
    """The address of the bytes."""
    if isinstance(buffer, bytearray):
        return ctypes.addressof((ctypes.c_char * len(buffer)).from_buffer(buffer))
    address: int = buffer.ctypes.data
    return address


def call_rows(
    address: int,
    shared: bytearray,
    columns: list[Any],
    outputs: Any,
    count: int,
    missed: Any,
    first: int,
    last: int,
    /,
) -> int:
    """What the function at `address`, of many rows, returns for the rows from `first` up to `last`.

    shared -- the bytes of the numbers that all rows share.
    columns, missed -- arrays of NumPy, with a number and a byte for each row; `missed` may be None.
    outputs -- an array of `count` arrays to fill.
    """
    pointers = ctypes.c_void_p * (len(columns) + count)
    step = outputs.nbytes // count if count else 0
    filled = (outputs.ctypes.data + place * step for place in range(count))
    places = pointers(*(column.ctypes.data for column in columns), *filled)
    code: int = _ROWS_KIND(address)(
        _start(shared),
        places,
        first,
        last,
        ctypes.byref(places, ctypes.sizeof(ctypes.c_void_p) * len(columns)),
        None if missed is None else missed.ctypes.data,
    )
    return code


def empty_matrix(rows: int, columns: int) -> Any:
    """What `numpy.empty((rows, columns))` gives."""
    import numpy

    return numpy.empty((rows, columns))
