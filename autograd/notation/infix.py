"""Graphs as infix text, and as Python that computes the same again."""

from __future__ import annotations

import collections
import keyword
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from autograd import primitives
from autograd.engine import Condition, Value, topological_order
from autograd.graph import Graph
from autograd.notation.written import (
    COMPARISON,
    LOOSEST,
    POWER,
    PRODUCT,
    SIGN,
    TIGHTEST,
    Notation,
    Written,
    lines,
    text,
)
from autograd.rows import Primitive, real, table

__all__ = ["brief", "definition", "expression"]

_LONGEST = 60  # characters of an expression inside a sentence
_CONSTANTS = ("inf", "nan")


def expression(value: Any, names: Mapping[Value, str] | None = None) -> str:
    """How a Value was computed, as a line of infix text with as few brackets as Python needs.

    Leaves appear by their labels, or by `names`, which goes first; unlabelled ones, like numbers, by their
    data.  What is used more than once, and what would be nested too deeply for Python, is lifted out into
    lines of its own before the last.  A label that is no name in Python, or that stands for something else
    already, is replaced by one that is.  A row whose symbol is another row's sign or name is written like
    that one: so the product of the chain rule is a product.

    >>> x, w, b = Value(2.0, "x"), Value(-3.0, "w"), Value(6.0, "b")
    >>> expression((x * w + b).tanh())
    'tanh(x*w + b)'
    >>> difference = x - w
    >>> print(expression(difference * difference / b**2))
    t1 = x - w
    t1*t1/b**2
    """
    if not isinstance(value, Value):
        return exact(real(value))
    order = topological_order(value)
    wanted = {node: node.label for node in order if node.label} | dict(names or {})
    leaves = [node for node in order if node.primitive is None and node in wanted]
    taken = _called(order, _familiar_call)
    parts, found = lines(_FAMILIAR, order, [value], leaves, wanted, taken=taken)
    return "\n".join([*(f"{name} = {part}" for name, part in parts), text(_FAMILIAR, value, found)])


def brief(value: Any) -> str:
    """The expression of a Value for use inside a sentence; where that is long, its last operation only.

    >>> x = Value(2.0, "x")
    >>> brief((x + 1).tanh())
    'tanh(x + 1)'
    """
    whole = expression(value)
    if len(whole) <= _LONGEST and "\n" not in whole:
        return whole
    return f"{value.primitive.name}(...)" if value.primitive is not None else repr(value._data)


def definition(graph: Graph, name: str = "f") -> str:
    """A graph as a function in Python, with the imports it needs: calling it records the same rows again.

    The parameters are the inputs, named as `expression` names leaves; every other leaf becomes a Value
    with its data.  A row declared at run time is looked up by its own name.

    >>> from autograd.graph import trace
    >>> print(definition(trace(lambda x, y: (x + y).sin())(1.0, 2.0)))
    from autograd import sin
    <BLANKLINE>
    def f(x, y):
        return sin(x + y)
    """
    recorded = [output for output in graph.outputs if isinstance(output, Value)]
    order = topological_order(*recorded, without=graph.inputs)
    captured = [node for node in order if node.primitive is None]
    called = _called(order, _exact_call) | ({"Value"} if captured else set())
    given = [*graph.inputs, *captured]
    wanted = {node: node.label for node in order if node.label}
    wanted |= {node: node.label or f"x{place}" for place, node in enumerate(given, 1)}
    taken = called | {name, "named"}
    parts, names = lines(_EXACT, order, graph.outputs, given, wanted, taken=taken)
    body = [f"{names[leaf]} = Value({exact(leaf._data)})" for leaf in captured]
    body += [f"{part} = {written}" for part, written in parts]
    body.append(f"return {', '.join(text(_EXACT, output, names) for output in graph.outputs)}")
    parameters = ", ".join(names[node] for node in graph.inputs)
    return "\n".join(
        [*_imports(called, "\n".join(body)), f"def {name}({parameters}):", *(f"    {line}" for line in body)]
    )


def _imports(names: Iterable[str], text: str) -> list[str]:
    """The lines that make rows, and the constants that a text has, known by their names."""
    constants = [name for name in _CONSTANTS if re.search(rf"\b{name}\b", text)]
    declared = sorted(name for name in names if name in table and name not in primitives.__all__)
    imported = sorted({*names, *(["named"] if declared else [])} - {*declared})
    lines = [f"from math import {', '.join(constants)}"] if constants else []
    lines += [f"from autograd import {', '.join(imported)}"] if imported else []
    lines += [""] if lines else []
    lines += [f'{name} = named("{name}")' for name in declared]
    return [*lines, ""] if declared else lines


# --- Forms: what is written for one node -----------------------------------------------------------------


def _familiar_call(node: Value) -> str | None:
    """The name of the function that is called; None for a row that is written by its sign."""
    row: Primitive = node.primitive  # type: ignore[assignment]
    if row.precedence:
        return None
    return row.symbol if row.symbol in table else row.name


def _exact_call(node: Value) -> str | None:
    """Also where Python's operator would record another row: it turns `1 < x` and `x < (y < z)` round."""
    row: Primitive = node.primitive  # type: ignore[assignment]
    is_operator = getattr(row.function, "__module__", None) == "_operator" and row.name in primitives.__all__
    is_turned = row.comparison and (
        isinstance(node.arguments[0], float) or any(isinstance(a, Condition) for a in node.arguments)
    )
    return None if row.precedence and is_operator and not is_turned else row.name


def _symbol_call(node: Value) -> str | None:
    row: Primitive = node.primitive  # type: ignore[assignment]
    return None if row.precedence else row.symbol


def _called(order: Iterable[Value], call: Callable[[Value], str | None]) -> set[str]:
    return {name for node in order if node.primitive is not None and (name := call(node)) is not None}


def _calling(call: Callable[[Value], str | None]) -> Callable[[Value], Written]:
    """Writes a node as a call of the function that `call` names, or else by its sign."""

    def written(node: Value) -> Written:
        name = call(node)
        if name is not None:
            return called(f"{name}(", node.arguments, ")")
        row: Primitive = node.primitive  # type: ignore[assignment]
        return Written(row.precedence, _signed(row, node.arguments))

    return written


def called(opening: str, arguments: Sequence[Any], closing: str) -> Written:
    """A function's name with a bracket, the arguments, and the other bracket."""
    operands: list[str | tuple[Any, float]] = [(argument, LOOSEST) for argument in arguments]
    between = [piece for operand in operands for piece in (", ", operand)]
    return Written(TIGHTEST, [opening, *between[1:], closing])


def _signed(row: Primitive, arguments: Sequence[Any]) -> list[str | tuple[Any, float]]:
    """The row's sign before, between or after its operands, which are taken from the left.

    Powers are taken from the right, and an exponent may have a sign; comparisons in a row would be a
    chain, so that neither operand may be one.
    """
    level = row.precedence
    if row.infix is None:
        return [row.symbol + " " * row.symbol.isalpha(), (arguments[0], level)]
    left = level + 1 if level in (COMPARISON, POWER) else level
    if len(arguments) == 1:
        return [(arguments[0], left), row.infix]
    sign = row.infix if level >= PRODUCT and not row.infix.isalpha() else f" {row.infix} "
    return [(arguments[0], left), sign, (arguments[1], SIGN if level == POWER else level + 1)]


def exact(number: float) -> str:
    """A number as short as Python reads it back; a negative zero keeps its point."""
    shortest = repr(number)
    return shortest if shortest == "-0.0" else shortest.removesuffix(".0")


def rounded(number: float) -> str:
    """A number with six significant digits, for reading: 1e-7 stays 1e-07."""
    return f"{number:.6g}"


def literal(digits: Callable[[float], str]) -> Callable[[float], Written]:
    """Writes a number with the digits that the function gives, which may begin with a sign."""

    def written(number: float) -> Written:
        found = digits(number)
        return Written(SIGN if found.startswith("-") else TIGHTEST, [found])

    return written


# --- Names ---


def safe_names(wanted: Mapping[Value, str], taken: Iterable[str]) -> dict[Value, str]:
    """A name in Python for each node, different from each other: the wanted one wherever it will do."""
    used = {*taken, *_CONSTANTS, "__debug__"}
    counts: collections.Counter[str] = collections.Counter()
    names = {}
    for node, label in wanted.items():
        name = base = _identifier(label)
        while name in used or keyword.iskeyword(name):
            counts[base] += 1
            name = f"{base}_{counts[base] + 1}"
        used.add(name)
        names[node] = name
    return names


def _identifier(label: str) -> str:
    """The label if Python reads it as a name, else what of it can stand in one."""
    text = unicodedata.normalize("NFKC", label)  # as Python reads names
    if text.isidentifier():
        return text
    text = re.sub(r"\W+", "_", text, flags=re.ASCII).strip("_")
    return text if text.isidentifier() else f"v{text}"


_FAMILIAR = Notation(_calling(_familiar_call), literal(exact), ("(", ")"), safe_names)
"""The row's sign, or a call of the row that it is named after."""

_EXACT = Notation(_calling(_exact_call), literal(exact), ("(", ")"), safe_names)
"""An operator only if applying it to Values records this very row, else a call of it."""

READING = Notation(_calling(_symbol_call), literal(rounded), ("(", ")"), safe_names)
"""For the eye and no parser: functions by their symbols, `tanh'`, numbers with six digits."""
