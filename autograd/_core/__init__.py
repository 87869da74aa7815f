"""The same Value in C: hand-written engine and formulas generated from the table.

The engine in Python, `autograd.value`, is the definition; this one equals it in every bit and every message.
Importing it raises ModuleNotFoundError where it was not built.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autograd import primitives, rows
from autograd._core.value import Value, caller, complete, declare, method, topological_order
from autograd.node import Node, Outcome, add_methods, calling, refuse_operation
from autograd.rows import Primitive, real

__all__ = ["Condition", "Value", "call_rows_from_c", "topological_order"]


class Condition(Outcome, Value):
    """A comparison recorded inside a trace: `where` takes it, and its truth value records a branch."""

    __module__ = "autograd.engine"
    __slots__ = ()


def _init(self: Node, data: Any, label: Any = "", _op: Any = "", _children: Any = ()) -> tuple[Any, ...]:
    """The constructor's data and label, or Python's own message of what is wrong with its arguments."""
    number = real(data)
    if _op or _children:
        refuse_operation()
    return number, label


def _backward(self: Node, seed: Any = 1.0) -> Any:
    """The same of the backward pass."""
    return seed


def _zero_grad(self: Node) -> None: ...


_init.__name__, _init.__qualname__ = "__init__", "Value.__init__"  # which the messages begin with
_backward.__name__, _backward.__qualname__ = "backward", "Value.backward"
_zero_grad.__name__, _zero_grad.__qualname__ = "zero_grad", "Value.zero_grad"


def call_rows_from_c() -> None:
    """Makes a row called as a function start in C too, for the process in which this engine is in use."""
    Primitive.__call__ = caller(Primitive)  # type: ignore[method-assign]


def _unary(row: Primitive, *names: str) -> Callable[..., Any]:
    return method(row) or calling(row)


rows.for_each_primitive(declare)
complete(
    Condition,
    {
        "add": primitives.add,
        "sub": primitives.sub,
        "mul": primitives.mul,
        "truediv": primitives.div,
        "floordiv": primitives.floor_divide,
        "mod": primitives.mod,
        "pow": primitives.pow,
        "square": primitives.square,
        "neg": primitives.neg,
        "abs": primitives.abs,
        "lt": primitives.less,
        "le": primitives.less_equal,
        "eq": primitives.equal,
        "ne": primitives.not_equal,
        "gt": primitives.greater,
        "ge": primitives.greater_equal,
        "constant": primitives.constant,
    },
    _init,
    _backward,
    _zero_grad,
)
Value._plain = Value
for _name in ("floor", "ceil", "trunc"):
    setattr(Value, f"__{_name}__", _unary(rows.table[_name]))
add_methods(Value, _unary)
