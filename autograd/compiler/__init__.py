"""Traced functions as machine code: `jit` and `vmap`."""

from autograd.compiler.jitting import Jitted, jit
from autograd.compiler.mapping import Mapped, vmap

__all__ = ["Jitted", "Mapped", "jit", "vmap"]
