"""Traced functions as machine code: `jit` and `vmap`."""
