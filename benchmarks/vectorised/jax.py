"""jax: arrays in double precision, compiled by `jax.jit`, on one thread of the CPU."""

import os

os.environ["JAX_PLATFORMS"] = "cpu"
os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"

from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

import jax  # type: ignore[import-not-found, unused-ignore]
import numpy

jax.config.update("jax_enable_x64", True)


class Jax:
    name = f"jax {jax.__version__}, jit"
    math = SimpleNamespace(
        exp=jax.numpy.exp,
        log=jax.numpy.log,
        sqrt=jax.numpy.sqrt,
        tanh=jax.numpy.tanh,
        erfc=jax.scipy.special.erfc,
        relu=jax.nn.relu,
    )

    def array(self, numbers: Sequence[float]) -> Any:
        return jax.numpy.asarray(numpy.array(numbers).squeeze())

    def with_gradient(
        self, function: Callable[..., Any], differentiated: int
    ) -> Callable[..., tuple[Any, ...]]:
        @jax.jit  # type: ignore[untyped-decorator, unused-ignore]
        def both(*inputs: Any) -> tuple[Any, ...]:
            constants = inputs[differentiated:]
            value, pullback = jax.vjp(
                lambda *variables: function(*variables, *constants), *inputs[:differentiated]
            )
            return value, *pullback(jax.numpy.ones_like(value))

        return lambda *inputs: jax.block_until_ready(both(*inputs))  # type: ignore[no-any-return, unused-ignore]


peer = Jax()
