"""Traced functions as machine code: `jit` and `vmap`; graphs as C: `to_c`."""

from autograd.compiler.csource import to_c
from autograd.compiler.jitting import Jitted, jit
from autograd.compiler.mapping import Mapped, vmap

__all__ = ["Jitted", "Mapped", "jit", "to_c", "vmap"]
