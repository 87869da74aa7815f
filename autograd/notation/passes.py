"""The forward and the backward pass as tables: every node, its number, and the rule that gave it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from autograd.engine import Value, topological_order
from autograd.notation.chain_rule import equations, sides, symbols, text_of_derivative, wanted_names
from autograd.notation.infix import READING, rounded
from autograd.notation.written import lines, numbering

__all__ = ["columns", "steps"]


def steps(value: Value, names: Mapping[Value, str] | None = None) -> str:
    """Both passes over what a Value depends on, in their order, as two tables.

    The forward pass has each node's operation and value, the backward pass its adjoint, and the chain rule
    by which it came from the adjoints above it, in symbols and numbers.  Nodes are called by their labels, or
    `names`.  A node that no adjoint reaches is missing from the second table, unless it is a leaf.  Local
    derivatives are those of the forward pass: after a leaf's data was assigned, compute the value again.

    >>> x, w = Value(2.0, "x"), Value(-3.0, "w")
    >>> print(steps((x * w).tanh() + x))
    forward pass
    node  operation  value
    x                2
    w                -3
    t1    x*w        -6
    t2    tanh(t1)   -0.999988
    f     t2 + x     1.00001
    <BLANKLINE>
    backward pass
    adjoint  value        rule
    df/df    1
    df/dt2   1
    df/dt1   2.45765e-05  df/dt2 · dt2/dt1 = df/dt2 · tanh'(t1) = 1 · 2.45765e-05
    df/dw    4.91531e-05  df/dt1 · dt1/dw = df/dt1 · x = 2.45765e-05 · 2
    df/dx    0.999926     ∂f/∂x + df/dt1 · ∂t1/∂x = 1 + df/dt1 · w = 1 + 2.45765e-05 · (-3)
    """
    if not isinstance(value, Value):
        raise TypeError(f"the steps are those to a Value, not to {type(value).__name__}")
    order = topological_order(value)
    leaves = [node for node in order if node.primitive is None]
    numbered = numbering(order, wanted_names(order, dict(names or {}), {value: "f"}))
    parts, found = lines(READING, order, [value], leaves, numbered, taken=symbols(order), kept=set(order))
    results = (node for node in order if node.primitive is not None)
    forward = [[found[leaf], "", rounded(leaf._data)] for leaf in leaves]
    forward += [[name, part, rounded(node._data)] for node, (name, part) in zip(results, parts, strict=True)]
    backward = [[text_of_derivative(found[value], found[value], False), "1", ""]]
    for equation in equations(value, leaves, set(order), each=True):
        if equation.node is not value:
            adjoint, *rule, number = sides(equation, value, READING, found, text_of_derivative, " · ")
            backward.append([adjoint, number, " = ".join(rule)])
    return "\n".join(
        [
            "forward pass",
            columns([["node", "operation", "value"], *forward]),
            "",
            "backward pass",
            columns([["adjoint", "value", "rule"], *backward]),
        ]
    )


def columns(rows: Sequence[Sequence[str]]) -> str:
    """Rows of cells as lines, the cells of a column below each other."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    widths[-1] = 0
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )
