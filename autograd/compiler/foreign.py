"""A function of machine code as an object of Python, by ctypes: what the engine in C has as its own type."""

from __future__ import annotations

import ctypes

from autograd.rows import real

__all__ = ["MachineFunction"]

_KIND = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)


class MachineFunction:
    """The function `int f(const double *in, double *out)` at `address`, for as long as `owner` lives.

    Called with `inputs` numbers it returns a float, or a tuple unless `outputs` is 1, or None where the
    function returns 0.  Raises MemoryError where it returns less.  ctypes releases the interpreter's lock
    during every call, whatever `releases` says.
    """

    def __init__(self, address: int, inputs: int, outputs: int, owner: object, releases: bool) -> None:
        self._function = _KIND(address)
        self._inputs = ctypes.c_double * inputs
        self._outputs = ctypes.c_double * outputs
        self._owner = owner

    def __call__(self, *numbers: float) -> float | tuple[float, ...] | None:
        if len(numbers) != self._inputs._length_:
            raise TypeError(f"this machine code takes {self._inputs._length_} numbers, not {len(numbers)}")
        out = self._outputs()
        code = self._function(self._inputs(*map(real, numbers)), out)
        if code < 0:
            raise MemoryError
        if code == 0:
            return None
        return out[0] if len(out) == 1 else (*out,)
