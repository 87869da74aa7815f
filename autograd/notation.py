"""Graphs as text: infix notation, and Python that computes the same again.

How a row is written stands in the row: `infix`, `symbol`, `precedence`.  A *form* says what to write for
one node: pieces of text, with operands between them; joining the pieces is the same for every form.
Nothing here recurses, and everything is linear in the graph.
"""

from __future__ import annotations

import collections
import keyword
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from autograd import primitives
from autograd.engine import Condition, Value, topological_order
from autograd.graph import Graph
from autograd.rows import Primitive, real, table

__all__ = ["brief", "definition", "expression"]

# Levels of precedence, as a row's field counts them; a name or a call binds tighter than any operator.
_LOOSEST, _COMPARISON, _PRODUCT, _SIGN, _POWER, _TIGHTEST = 0, 4, 6, 7, 8, 9

_LONGEST = 60  # characters of an expression inside a sentence
_DEEPEST = 80  # operations within each other on one line; Python's parser gives up at about 100
_CONSTANTS = ("inf", "nan")


class _Written(NamedTuple):
    """What a form writes for a node: its precedence, and text and operands in order.

    An operand stands with the least precedence that needs no brackets in its place.
    """

    level: int
    pieces: list[str | tuple[Any, int]]


_Form = Callable[[Value], _Written]


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
        return _number(real(value))
    order = topological_order(value)
    wanted = {node: node.label for node in order if node.label} | dict(names or {})
    leaves = [node for node in order if node.primitive is None and node in wanted]
    lines, (last,) = _lines(order, [value], leaves, wanted, _called(order, _familiar_call), _familiar)
    return "\n".join([*(f"{name} = {text}" for name, text in lines), last])


def brief(value: Any) -> str:
    """The expression of a Value for use inside a sentence; where that is long, its last operation only.

    >>> x = Value(2.0, "x")
    >>> brief((x + 1).tanh())
    'tanh(x + 1.0)'
    """
    text = expression(value)
    if len(text) <= _LONGEST and "\n" not in text:
        return text
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
    lines, results = _lines(order, graph.outputs, given, wanted, taken, _exact)
    names = _safe_names({node: wanted[node] for node in given}, taken)
    body = [f"{names[leaf]} = Value({_number(leaf._data)})" for leaf in captured]
    body += [f"{part} = {text}" for part, text in lines]
    body.append(f"return {', '.join(results)}")
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


def _familiar(node: Value) -> _Written:
    """The row's sign, or a call of the row that it is named after."""
    return _python(node, _familiar_call)


def _exact(node: Value) -> _Written:
    """An operator only if applying it to Values records this very row, else a call of it."""
    return _python(node, _exact_call)


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


def _called(order: Iterable[Value], call: Callable[[Value], str | None]) -> set[str]:
    return {name for node in order if node.primitive is not None and (name := call(node)) is not None}


def _python(node: Value, call: Callable[[Value], str | None]) -> _Written:
    row: Primitive = node.primitive  # type: ignore[assignment]
    name = call(node)
    if name is None:
        return _Written(row.precedence, _signed(row, node.arguments))
    operands: list[str | tuple[Any, int]] = [(argument, _LOOSEST) for argument in node.arguments]
    between = [piece for operand in operands for piece in (", ", operand)]
    return _Written(_TIGHTEST, [f"{name}(", *between[1:], ")"])


def _signed(row: Primitive, arguments: Sequence[Any]) -> list[str | tuple[Any, int]]:
    """The row's sign before, between or after its operands, which are taken from the left.

    Powers are taken from the right, and an exponent may have a sign; comparisons in a row would be a
    chain, so that neither operand may be one.
    """
    level = row.precedence
    if row.infix is None:
        return [row.symbol + " " * row.symbol.isalpha(), (arguments[0], level)]
    left = level + 1 if level in (_COMPARISON, _POWER) else level
    if len(arguments) == 1:
        return [(arguments[0], left), row.infix]
    sign = row.infix if level >= _PRODUCT and not row.infix.isalpha() else f" {row.infix} "
    return [(arguments[0], left), sign, (arguments[1], _SIGN if level == _POWER else level + 1)]


def _number(number: float) -> str:
    """A number as short as Python reads it back; a negative zero keeps its point."""
    text = repr(number)
    return text if text == "-0.0" else text.removesuffix(".0")


# --- Lines: what is named, what is lifted out, and the pieces joined -------------------------------------


def _lines(
    order: Sequence[Value],
    outputs: Sequence[Any],
    given: Sequence[Value],
    wanted: Mapping[Value, str],
    taken: set[str],
    form: _Form,
) -> tuple[list[tuple[str, str]], list[str]]:
    """The lifted parts as pairs of a name and a text, and the texts of the outputs.

    The nodes `given` are written by their names.  `wanted` holds the names that nodes should have, `taken`
    what no node may be called.
    """
    lifted = _lifted(order, outputs)
    ideal = {node: wanted[node] for node in given}
    ideal |= {node: wanted.get(node, f"t{place}") for place, node in enumerate(lifted, 1)}
    names = _safe_names(ideal, taken)
    lines = [(names[node], _joined(form(node), names, form)) for node in lifted]
    return lines, [_joined(_Written(_LOOSEST, [(output, _LOOSEST)]), names, form) for output in outputs]


def _lifted(order: Sequence[Value], outputs: Sequence[Any]) -> list[Value]:
    """The nodes that get a line of their own: used more than once, or too deep; arguments before results."""
    uses = collections.Counter(
        operand
        for operands in (outputs, *(node.arguments for node in order))
        for operand in operands
        if isinstance(operand, Value)
    )
    depths: dict[Value, int] = {}
    lifted = []
    for node in order:
        if node.primitive is None:
            continue
        depth = 1 + max(depths.get(operand, 0) for operand in node.arguments if isinstance(operand, Value))
        if uses[node] > 1 or depth >= _DEEPEST:
            lifted.append(node)
            depth = 0
        depths[node] = depth
    if lifted and uses[lifted[-1]] == 1 and any(lifted[-1] is output for output in outputs):
        lifted.pop()  # only deep, and the last line anyway
    return lifted


def _joined(written: _Written, names: Mapping[Value, str], form: _Form) -> str:
    """The pieces with each operand's own in its place, in brackets where it binds too loosely."""
    texts = []
    waiting = written.pieces[::-1]
    while waiting:
        piece = waiting.pop()
        if isinstance(piece, str):
            texts.append(piece)
            continue
        operand, least = piece
        name = names.get(operand) if isinstance(operand, Value) else None
        if name is not None:
            texts.append(name)
            continue
        inner = form(operand) if isinstance(operand, Value) and operand.primitive else _constant(operand)
        brackets = inner.level < least
        waiting += [")"] * brackets + inner.pieces[::-1] + ["("] * brackets
    return "".join(texts)


def _constant(operand: Any) -> _Written:
    """A number, or a leaf without a name, whose text may begin with a sign."""
    text = _number(operand._data if isinstance(operand, Value) else operand)
    return _Written(_SIGN if text.startswith("-") else _TIGHTEST, [text])


def _safe_names(wanted: Mapping[Value, str], taken: Iterable[str]) -> dict[Value, str]:
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
