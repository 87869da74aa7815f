"""Scalar automatic differentiation: ordinary Python with `Value`s, and the gradients of it.

>>> from autograd import Value
>>> x = Value(3.0, label="x")
>>> y = x**2 + 2 * x
>>> y.backward()
>>> x.grad
8.0
"""

from autograd import primitives
from autograd.engine import Condition, Value, engine_name, topological_order
from autograd.modes import detect_anomaly, no_grad, scope
from autograd.primitives import *  # noqa: F403 (every row of the table is a public function)
from autograd.rows import Primitive, primitive

__version__ = "0.1.0"

__all__ = [
    "Condition",
    "Primitive",
    "Value",
    "detect_anomaly",
    "engine_name",
    "no_grad",
    "primitive",
    "scope",
    "topological_order",
    *primitives.__all__,
]
