"""What every notation shares: which parts of a graph get a line of their own, and how pieces are joined.

A notation says what to write for one node: pieces of text, with operands between them, and how tightly the
whole binds.  Joining the pieces, brackets, and naming what is used more than once are the same for all.
"""

from __future__ import annotations

import collections
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from autograd.engine import Value

# Levels of precedence, as a row's field counts them; a name or a call binds tighter than any operator.
LOOSEST, COMPARISON, SUM, PRODUCT, SIGN, POWER, TIGHTEST = 0, 4, 5, 6, 7, 8, 9
MINUS = 5.5  # a sign in mathematics: it may begin a product, elsewhere in one or in a sum it is bracketed

_DEEPEST = 80  # operations within each other on one line; Python's parser gives up at about 100


class Written(NamedTuple):
    """What is written for a node: its precedence, and text and operands in order.

    An operand stands with the least precedence that needs no brackets in its place.
    """

    level: float
    pieces: Sequence[str | tuple[Any, float]]


class Notation(NamedTuple):
    """How to write a node that has a primitive, a number, and brackets; and how to name nodes.

    `names` gives different names to nodes that want to be called as in a mapping, none of them among those
    that are taken.
    """

    node: Callable[[Value], Written]
    number: Callable[[float], Written]
    brackets: tuple[str, str]
    names: Callable[[Mapping[Value, str], Iterable[str]], dict[Value, str]]


def lines(
    notation: Notation,
    order: Sequence[Value],
    outputs: Sequence[Any],
    given: Sequence[Value],
    wanted: Mapping[Value, str],
    *,
    taken: Iterable[str] = (),
    kept: Container[Value] = (),
    numbered: Mapping[Value, str] | None = None,
) -> tuple[list[tuple[str, str]], dict[Value, str]]:
    """The parts that are lifted out, as pairs of a name and a text, and all names.

    The nodes `given` are written by their names and not by what they are made of; those `kept` are lifted
    out in any case.  `wanted` holds the names that nodes should have, `taken` what no node may be called,
    and `numbered` those of a whole graph, of which this is a part: every text about it names it alike.
    """
    apart = _lifted(order, outputs, kept)
    ideal = dict(numbered or {})
    first = 1 + sum(node.primitive is not None for node in ideal)
    ideal |= {node: wanted[node] for node in given}
    for place, node in enumerate(apart, first):
        ideal[node] = wanted.get(node, ideal.get(node, f"t{place}"))
    found = notation.names(ideal, taken)
    names = {node: found[node] for node in (*given, *apart)}
    return [(names[node], joined(notation, notation.node(node), names)) for node in apart], names


def numbering(order: Iterable[Value], wanted: Mapping[Value, str]) -> dict[Value, str]:
    """A name for every node of a graph: the wanted one, or x1, x2, ... (leaves) and t1, t2, ... (results)."""
    counts: collections.Counter[str] = collections.Counter()
    names: dict[str, dict[Value, str]] = {"x": {}, "t": {}}
    for node in order:
        letter = "x" if node.primitive is None else "t"
        counts[letter] += 1
        names[letter][node] = wanted.get(node, f"{letter}{counts[letter]}")
    return names["x"] | names["t"]


def _lifted(order: Sequence[Value], outputs: Sequence[Any], kept: Container[Value]) -> list[Value]:
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
        if uses[node] > 1 or depth >= _DEEPEST or node in kept:
            lifted.append(node)
            depth = 0
        depths[node] = depth
    if lifted and lifted[-1] not in kept and uses[lifted[-1]] == 1 and any(lifted[-1] is o for o in outputs):
        lifted.pop()  # only deep, and the last line anyway
    return lifted


def text(notation: Notation, operand: Any, names: Mapping[Value, str], least: float = LOOSEST) -> str:
    """A node or a number in a place that needs brackets about what binds looser than `least`."""
    return joined(notation, Written(LOOSEST, [(operand, least)]), names)


def joined(notation: Notation, written: Written, names: Mapping[Value, str]) -> str:
    """The pieces with each operand's own in its place, in brackets where it binds too loosely."""
    opening, closing = notation.brackets
    texts = []
    waiting = [*reversed(written.pieces)]
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
        if not isinstance(operand, Value):
            inner = notation.number(operand)
        elif operand.primitive is None:
            inner = notation.number(operand._data)
        else:
            inner = notation.node(operand)
        brackets = inner.level < least
        waiting += [closing] * brackets + [*reversed(inner.pieces)] + [opening] * brackets
    return "".join(texts)
