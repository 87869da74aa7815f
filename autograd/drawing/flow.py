"""Where the gradient flows: what each edge carries from the output to one input, and which share of it.

The adjoint of a node times the derivative of that node by the input is what passes through it; over any
cut between the two the parts add up to the input's gradient.  Nothing here touches a `.grad`.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import NamedTuple

from autograd.drawing import wording
from autograd.engine import Value
from autograd.graph import Graph
from autograd.sweeps import adjoints, handed_on, tangents

__all__ = ["Highlight", "all_adjoints", "highlighted"]

Places = dict[tuple[Value, int], float | None]

_TELLING = 1e12  # beyond so many times the gradient the parts cancel, and rounding decides on their shares


class Highlight(NamedTuple):
    """What is to stand out: nodes, and operands as (result, position) with their share, if it has one."""

    nodes: set[Value]
    shares: Places
    note: str


def all_adjoints(graph: Graph, purpose: str) -> dict[Value, float]:
    """The derivative of the one output by every node.  Raises ValueError unless there is one."""
    if len(graph.outputs) != 1:
        raise ValueError(f"{purpose} needs a graph of one output, and this one has {len(graph.outputs)}")
    found = adjoints(graph.outputs, [1.0], graph.nodes, as_values=False)
    return dict(zip(graph.nodes, found, strict=True))


def highlighted(graph: Graph, thing: Value | Sequence[Value]) -> Highlight:
    """What `highlight=` asks for: an input, or the nodes of a path, arguments before results.

    Raises TypeError for anything else, and ValueError for nodes that are not in the graph or no path.
    """
    path = [thing] if isinstance(thing, Value) else list(thing) if isinstance(thing, list | tuple) else []
    if not path or not all(isinstance(node, Value) for node in path):
        raise TypeError(
            f"highlight takes a Value of the graph, or a list of Values, each an argument of the next, "
            f"not {wording.shortened(repr(thing), 60)}"
        )
    known = set(graph.nodes)
    for node in path:
        if node not in known:
            raise ValueError(
                f"highlight takes Values of the graph, and {_name(node)} is none of it: a trace has its own, "
                "graph.inputs and graph.nodes"
            )
    adjoint = all_adjoints(graph, "highlight")
    return _path(path, adjoint) if len(path) > 1 else _input(graph, path[0], adjoint)


def _input(graph: Graph, source: Value, adjoint: dict[Value, float]) -> Highlight:
    """The edges that carry a gradient from the output to `source`."""
    tangent = dict(zip(graph, tangents(graph.nodes, [source], [1.0], as_values=False), strict=True))
    total = adjoint[source]
    nodes, shares = {source}, Places()
    for node in graph:
        for position, argument in enumerate(node.arguments):
            if isinstance(argument, float) or node is source or not tangent[argument]:
                continue
            part = handed_on(adjoint[node], node, position) or 0.0
            if part and (part := part * tangent[argument]):
                nodes |= {node, argument}
                shares[node, position] = _share(part, total)
    name = _name(source)
    if not shares and source is not graph.outputs[0]:
        return Highlight(nodes, shares, f"no gradient reaches {name}")
    if not total:
        return Highlight(nodes, shares, f"in full colour: what carries a gradient to {name}; it cancels to 0")
    gradient = f"the gradient {wording.number(total)} of {name}"
    return Highlight(nodes, shares, f"in full colour: what carries {gradient}, with its share")


def _path(path: list[Value], adjoint: dict[Value, float]) -> Highlight:
    """The edges of a path; where an operand is used twice, both."""
    shares = Places()
    part = adjoint[path[-1]]
    for argument, node in reversed([*itertools.pairwise(path)]):
        places = [place for place, operand in enumerate(node.arguments) if operand is argument]
        if not places:
            raise ValueError(
                f"highlight takes a path from arguments to results, and {_name(argument)} is no argument "
                f"of {_name(node)}"
            )
        shares |= {(node, place): None for place in places}
        part = sum(handed_on(part, node, place) or 0.0 for place in places)
    total = adjoint[path[0]]
    share = _share(part, total)
    percentage = "" if share is None else f", {wording.percent(share)}"
    return Highlight(
        set(path),
        shares,
        f"in full colour: a path that carries {wording.number(part)}{percentage} of the gradient "
        f"{wording.number(total)} of {_name(path[0])}",
    )


def _share(part: float, total: float) -> float | None:
    """The part by the total; None where that says nothing."""
    share = part / total if total else math.nan
    return share if abs(share) < _TELLING else None


def _name(node: Value) -> str:
    if node.label:
        return wording.shortened(wording.printable(node.label).replace("\n", " "), 30)
    return f"the result of {node.primitive.name}" if node.primitive else f"the leaf {node._data:g}"
