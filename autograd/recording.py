"""The methods of a node that record a primitive, written out in Python for each primitive and compiled.

A method computes the value and the partials and makes the node.  Its text comes from the straight-line
program of the row, so that recording an operation costs no calls but those of the C library: calling the
row's own functions one by one costs several times as much.  Where Python raises for a number, the row
itself gives the IEEE result.  For `exp` the text is

    def method(self):
        x = self._data
        try:
            out = _exp(x)
            dx = out
        except (ValueError, ArithmeticError):
            out = real(primitive.value(*(x,)))
            dx = primitive.local_derivative(0, (x,), out)
        node = new(Value)
        node._primitive = primitive
        node._data = out
        node._mark = None
        node._x = self
        node._y = None
        node._dx = dx
        if modes.active:
            apply_modes(node)
        return node
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from typing import Any

from autograd import straightline
from autograd.rows import Primitive, real

_UNARY = """
def method(self):
    x = self._data
    compute by x
    return node of _x = self, _y = None, _dx = dx
"""

_FORWARD = """
def method(self, other):
    x = self._data
    kind = type(other)
    if kind is Value or issubclass(kind, Value):
        y = other._data
        compute by x y
        return node of _x = self, _y = other, _dx = dx, _dy = dy
    y = other if kind is float else number(other)
    if y is NotImplemented:
        return y
    compute by x
    return node of _x = self, _y = None, _right = y, _dx = dx
"""

_REFLECTED = """
def method(self, other):
    x = other if type(other) is float else number(other)
    if isinstance(x, Value):
        return apply(primitive, (x, self))
    if x is NotImplemented:
        return x
    y = self._data
    compute by y
    return node of _x = self, _y = None, _left = x, _dx = dy
"""

_NODE = """
node = new(Value)
node._primitive = primitive
node._data = out
node._mark = None
{}
if modes.active:
    apply_modes(node)
return node
"""


def unary(row: Primitive, names: dict[str, Any]) -> Callable[..., Any]:
    """The method of a node that records a row of one argument; `names` are what the text refers to."""
    return _compiled(row, _UNARY, names)


def binary(row: Primitive, names: dict[str, Any]) -> Callable[..., Any]:
    """The method that records a row of two arguments, this node's first."""
    return _compiled(row, _FORWARD, names)


def reflected(row: Primitive, names: dict[str, Any]) -> Callable[..., Any]:
    """The method that records a row of two arguments, a number and this node."""
    return _compiled(row, _REFLECTED, names)


def _compiled(row: Primitive, template: str, names: dict[str, Any]) -> Callable[..., Any]:
    namespace = {**names, "primitive": row, "real": real, "inf": math.inf, "nan": math.nan}
    lines = []
    for line in template.splitlines():
        text = line.lstrip()
        indentation = line[: len(line) - len(text)]
        if text.startswith("compute by "):
            written = _computation(row, text.removeprefix("compute by ").split(), namespace)
        elif text.startswith("return node of "):
            fields = text.removeprefix("return node of ").split(", ")
            written = _NODE.format("\n".join(f"node.{field}" for field in fields)).strip().split("\n")
        else:
            written = [text]
        lines += [indentation + part for part in written]
    file = os.path.join(os.path.dirname(__file__), f"<recording of {row.name}>")
    exec(compile("\n".join(lines), file, "exec"), namespace)  # the text above, and the table's formulas
    method: Callable[..., Any] = namespace["method"]
    return method


def _computation(row: Primitive, varying: list[str], namespace: dict[str, Any]) -> list[str]:
    """Lines that set `out` and, for each varying argument, its partial: `dx`, `dy`.

    By the row's program; where that raises for a number, by the row itself.
    """
    arguments = ["x", "y"][: row.arity]
    positions = [arguments.index(name) for name in varying]
    program, out, partials = straightline.value_and_partials(row, arguments, positions)
    results = {"out": out}
    called = []
    for position, partial in zip(positions, partials, strict=True):
        variable = f"d{arguments[position]}"
        if partial is None:
            namespace[f"{variable}_of"] = row.partial(position)
            called.append(f"{variable} = real({variable}_of({', '.join(arguments)}, out))")
        else:
            results[variable] = partial
    # A step that computes a result bears its name; other results are assigned.
    steps = {variable for variable, _, _ in program.steps}
    names: dict[straightline.Operand, str] = {}
    for name, operand in results.items():
        if operand in steps:
            names.setdefault(operand, name)
    assigned = [
        f"{name} = {names.get(operand, straightline.python_operand(operand))}"
        for name, operand in results.items()
        if names.get(operand) != name
    ]
    point = f"({', '.join(arguments)},)"
    fallback = [f"out = real(primitive.value(*{point}))"] + [
        f"d{arguments[position]} = primitive.local_derivative({position}, {point}, out)"
        for position in positions
    ]
    return [
        "try:",
        *(f"    {line}" for line in straightline.python_lines(program, names, namespace)),
        *(f"    {line}" for line in (*assigned, *called)),
        "except (ValueError, ArithmeticError):",
        *(f"    {line}" for line in fallback),
    ]
