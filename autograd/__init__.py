"""Scalar automatic differentiation: ordinary Python with `Value`s, and the gradients of it.

>>> from autograd import Value
>>> x = Value(3.0, label="x")
>>> y = x**2 + 2 * x
>>> y.backward()
>>> x.grad
8.0
"""

import builtins
from typing import TYPE_CHECKING, Any

from autograd import primitives
from autograd.containers import register_container
from autograd.engine import Condition, Value, engine_name, topological_order
from autograd.graph import Graph, trace
from autograd.modes import detect_anomaly, no_grad, scope
from autograd.primitives import *  # noqa: F403 (every row of the table is a public function)
from autograd.rows import Primitive, primitive
from autograd.transforms import grad, hessian, hvp, jacobian, jvp, value_and_grad, vjp

if TYPE_CHECKING:
    from autograd.drawing import draw

__version__ = "0.1.0"

__all__ = [
    "Condition",
    "Graph",
    "Primitive",
    "Value",
    "detect_anomaly",
    "draw",
    "engine_name",
    "grad",
    "hessian",
    "hvp",
    "jacobian",
    "jvp",
    "no_grad",
    "primitive",
    "register_container",
    "scope",
    "topological_order",
    "trace",
    "value_and_grad",
    "vjp",
    *(
        name for name in primitives.__all__ if not hasattr(builtins, name)
    ),  # `import *` leaves abs, pow, round
]


def __getattr__(name: str) -> Any:
    """Loads what needs a third-party library at its first use."""
    if name == "draw":
        from autograd.drawing import draw

        return draw
    raise AttributeError(f"module 'autograd' has no attribute {name!r}")
