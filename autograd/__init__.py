"""Scalar automatic differentiation: ordinary Python with `Value`s, and the gradients of it.

>>> from autograd import Value
>>> x = Value(3.0, label="x")
>>> y = x**2 + 2 * x
>>> y.backward()
>>> x.grad
8.0
"""

import builtins
import importlib
from typing import TYPE_CHECKING, Any

from autograd.containers import register_container
from autograd.engine import Condition, Value, engine_name, topological_order
from autograd.graph import Graph, trace
from autograd.modes import detect_anomaly, no_grad, scope
from autograd.naming import label, variable_names
from autograd.primitives import *  # noqa: F403 (every row of the table is a public function)
from autograd.reduction import reduce_mean, reduce_sum
from autograd.rows import Primitive, named, primitive, real, table
from autograd.transforms import grad, hessian, hvp, jacobian, jvp, value_and_grad, vjp

if TYPE_CHECKING:
    from autograd.compiler import jit, vmap
    from autograd.drawing import draw
    from autograd.explorer import explore
    from autograd.notation import derivation, expression, latex, steps

__version__ = "0.1.0"

__all__ = [
    "Condition",
    "Graph",
    "Primitive",
    "Value",
    "derivation",
    "detect_anomaly",
    "draw",
    "engine_name",
    "explore",
    "expression",
    "grad",
    "hessian",
    "hvp",
    "jacobian",
    "jit",
    "jvp",
    "label",
    "latex",
    "named",
    "no_grad",
    "primitive",
    "real",
    "reduce_mean",
    "reduce_sum",
    "register_container",
    "scope",
    "steps",
    "table",
    "topological_order",
    "trace",
    "value_and_grad",
    "variable_names",
    "vjp",
    "vmap",
    # `import *` leaves the builtins abs, pow and round as they are, and the rows that only serve others out.
    *(name for name, row in table.items() if not row.auxiliary and not hasattr(builtins, name)),
]


def __getattr__(name: str) -> Any:
    """Loads at its first use what few programs need: modules, and what needs a third-party library."""
    if name in ("compiler", "drawing", "explorer", "formula", "math", "notation", "testing"):
        return importlib.import_module(f"{__name__}.{name}")
    if name == "draw":
        return importlib.import_module(f"{__name__}.drawing").draw
    if name == "explore":
        return importlib.import_module(f"{__name__}.explorer").explore
    if name in ("jit", "vmap"):
        return getattr(importlib.import_module(f"{__name__}.compiler"), name)
    if name in ("derivation", "expression", "latex", "steps"):
        return getattr(importlib.import_module(f"{__name__}.notation"), name)
    raise AttributeError(f"module 'autograd' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
