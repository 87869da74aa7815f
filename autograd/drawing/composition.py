"""A graph as a diagram: what each box and each edge says, in each of the views.

Everything is read from the recorded nodes; nothing is computed again except, where a view or a highlight
asks for them, adjoints, by a sweep that touches no `.grad`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

from autograd.drawing import wording
from autograd.drawing.diagram import Box, Diagram, Edge, Row
from autograd.drawing.flow import Highlight
from autograd.drawing.folding import Folding, Group
from autograd.engine import Value
from autograd.graph import Graph
from autograd.sweeps import handed_on

__all__ = ["Content", "compose"]

_DECADES = 5  # of |grad| that the shades tell apart at most
_LINE = 60  # characters of the legend side by side
_LABELLED = 200  # edges whose labels leave room for the boxes; with more they are in the tooltips only

Adjoint = Callable[[Value], float | None]


class Content(NamedTuple):
    """What a picture is to show of a graph."""

    graph: Graph
    folding: Folding
    adjoint: Adjoint | None  # None: no row for it
    titles: tuple[str, ...]  # what each output is called, besides its label
    highlight: Highlight | None
    backward: bool
    legend: bool


class _Use(NamedTuple):
    """One operand of one node, across two boxes."""

    node: Value
    position: int
    argument: Value
    derivative: float | None  # of the target's root; None if nothing is differentiated by the operand


def compose(content: Content) -> Diagram:
    """The diagram of a graph; its boxes are numbered as the listing numbers nodes, if nothing is folded."""
    groups = content.folding.groups
    strengths, scale = _strengths(content)
    titles: dict[Value, list[str]] = {}
    for output, title in zip(content.graph.outputs, content.titles, strict=True):
        if isinstance(output, Value):
            titles.setdefault(output, []).append(title)
    numbers = {node: number for number, node in enumerate(content.graph)}
    boxes = [
        _box(content, group, f"n{place}", numbers[group.nodes[0]], strength, titles)
        for place, (group, strength) in enumerate(zip(groups, strengths, strict=True))
    ]
    boxes += [
        Box(f"output {position}", "", title, tuple(_rows(content, [output], [])), output=True)
        for position, (output, title) in enumerate(zip(content.graph.outputs, content.titles, strict=True))
        if not isinstance(output, Value)
    ]
    edges = [edge for uses in _bundles(content) for edge in _edges(content, uses)]
    notes = _notes(content, boxes, edges)
    if len(edges) > _LABELLED:
        edges = [edge if edge.bold else edge._replace(label="") for edge in edges]
    return Diagram(tuple(boxes), tuple(edges), tuple(notes), scale if content.legend else None)


# --- Boxes ---------------------------------------------------------------------------------------------


def _adjoints(content: Content, group: Group) -> list[float]:
    if content.adjoint is None:
        return []
    return [adjoint for node in group.heads if (adjoint := content.adjoint(node)) is not None]


def _strengths(content: Content) -> tuple[list[float | None], tuple[str, str] | None]:
    """For each group where its largest |adjoint| lies on a logarithmic scale, and the scale's two ends."""
    sizes = [
        max((abs(a) for a in _adjoints(content, group) if a and math.isfinite(a)), default=0.0)
        for group in content.folding.groups
    ]
    shown = [size for size in sizes if size]
    if not shown:
        return [None] * len(sizes), None
    most = math.log10(max(shown))
    least = max(math.log10(min(shown)), most - _DECADES)
    width = most - least
    strengths = [
        None if not size else max(0.0, (math.log10(size) - least) / width) if width else 1.0 for size in sizes
    ]
    return strengths, (wording.number(10**least) if width else "", wording.number(max(shown)))


def _box(
    content: Content,
    group: Group,
    name: str,
    number: int,
    strength: float | None,
    titles: dict[Value, list[str]],
) -> Box:
    own = [title for node in group.nodes if node in titles for title in titles[node]]
    label = wording.printable(group.label).strip("\n")
    adjoints = _adjoints(content, group)
    rows = _rows(content, [node._data for node in group.heads], adjoints)
    return Box(
        name,
        wording.printable(group.operation),
        "\n".join(
            filter(str.strip, [wording.shortened(label), wording.shortened(", ".join(filter(None, own)))])
        ),
        tuple(rows),
        tooltip=_tooltip(group, number, adjoints),
        scope=tuple(wording.shortened(wording.printable(part)) for part in group.scope),
        shade=strength,
        leaf=all(node.primitive is None for node in group.nodes),
        output=bool(own),
        folded=group.folded,
        pale=content.highlight is not None and content.highlight.nodes.isdisjoint(group.nodes),
    )


def _rows(content: Content, data: Sequence[float], adjoints: Sequence[float]) -> list[Row]:
    rows = [_row("data", data)]
    if content.adjoint is not None:
        signs = {math.copysign(1, adjoint) if adjoint else 0 for adjoint in adjoints}
        sign = int(signs.pop()) if len(signs) == 1 else 0
        rows.append(_row("grad", adjoints, sign))
    return rows


def _row(name: str, numbers: Sequence[float], sign: int = 0) -> Row:
    alarm = not all(map(math.isfinite, numbers))
    return Row(name, wording.span(numbers), 0 if any(map(math.isnan, numbers)) else sign, alarm)


def _tooltip(group: Group, number: int, adjoints: Sequence[float]) -> str:
    """All digits of a node, by its number in the listing, and all of a label; of several nodes how many."""
    scope = wording.printable("/".join(group.heads[0].scope))
    path = f" in {scope}" if scope.strip() else ""
    if group.folded:
        ends = f"data {wording.span([node._data for node in group.heads])}"
        return f"{wording.count(len(group.nodes), 'node')}{path}: {ends}, grad {wording.span(adjoints)}"
    (node,) = group.nodes
    grad = repr(adjoints[0]) if adjoints else wording.ABSENT
    long = f", {wording.printable(node.label)}" if len(node.label) > wording.LONGEST else ""
    return f"%{number}{path}: data {node._data!r}, grad {grad}{long}"


# --- Edges ---------------------------------------------------------------------------------------------


def _bundles(content: Content) -> list[list[_Use]]:
    """The operands that cross from one box to another, by pair of boxes."""
    _, places, weights = content.folding
    bundles: dict[tuple[int, int], list[_Use]] = {}
    for node in content.graph:
        for position, argument in enumerate(node.arguments):
            if isinstance(argument, float) or places[argument] == places[node]:
                continue
            varies = node.primitive.partial(position) is not None  # type: ignore[union-attr]
            derivative = handed_on(weights[node], node, position) or 0.0 if varies else None
            use = _Use(node, position, argument, derivative)
            bundles.setdefault((places[argument], places[node]), []).append(use)
    return list(bundles.values())


def _edges(content: Content, uses: list[_Use]) -> list[Edge]:
    """One edge for the operands from one box to another; between two plain nodes one for each."""
    groups, places, _ = content.folding
    source, target = places[uses[0].argument], places[uses[0].node]
    if groups[source].folded or groups[target].folded:
        return [_edge(content, f"n{source}", f"n{target}", uses)]
    return [_edge(content, f"n{source}", f"n{target}", [use]) for use in uses]


def _edge(content: Content, source: str, target: str, uses: list[_Use]) -> Edge:
    derivatives = [use.derivative for use in uses if use.derivative is not None]
    label, detail = _label(content, uses, derivatives)
    pale = bold = False
    if content.highlight is not None:
        shares = [content.highlight.shares.get((use.node, use.position), 0.0) for use in uses]
        bold = any((use.node, use.position) in content.highlight.shares for use in uses)
        pale = not bold
        if bold and None not in shares:
            share = math.fsum(share for share in shares if share is not None)
            label = f"{label}\n{wording.percent(share)}"
    lost = all(not math.isfinite(number) for use in uses for number in (use.argument._data, use.node._data))
    return Edge(
        source,
        target,
        label,
        detail,
        dashed=not derivatives,
        alarm=lost or not all(map(math.isfinite, derivatives)),
        pale=pale,
        bold=bold,
        backward=content.backward,
    )


def _label(content: Content, uses: list[_Use], derivatives: list[float]) -> tuple[str, str]:
    """What an edge says, and what its tooltip says."""
    target = content.folding.groups[content.folding.places[uses[0].node]]
    if len(uses) > 1 or not target.tree:
        times = f"×{len(uses):,}" if len(uses) > 1 else ""
        return times, f"{wording.count(len(uses), 'local derivative')}: {wording.span(derivatives)}"
    (use,) = uses
    operands = sum(isinstance(argument, Value) for argument in use.node.arguments)
    place = wording.subscript(use.position) if operands > 1 and not target.folded else ""
    if use.derivative is None:
        return place, ""
    label, detail = f"∂{place} {wording.number(use.derivative)}", f"∂{place} {use.derivative!r}"
    if content.backward and content.adjoint:
        adjoint = content.adjoint(target.heads[0]) or 0.0
        part = handed_on(content.adjoint(use.node) or 0.0, use.node, use.position) or 0.0
        label += f" × {wording.number(adjoint)} = {wording.number(part)}"
        detail += f" × {adjoint!r} = {part!r}"
    return label, detail


# --- Notes ---------------------------------------------------------------------------------------------


def _notes(content: Content, boxes: Sequence[Box], edges: Sequence[Edge]) -> list[str]:
    """What the picture leaves out, and, with a legend, what each sign in it means."""
    notes = []
    shown = len(content.folding.groups)
    if shown < len(content.graph):
        notes.append(f"{wording.count(len(content.graph), 'node')} folded into {shown:,}")
    if content.highlight is not None:
        notes.append(content.highlight.note)
    if not boxes:
        notes.append("an empty graph")
    if not content.legend:
        return notes
    hidden = ", in the tooltips" if len(edges) > _LABELLED else ""
    signs = {row.sign for box in boxes for row in box.rows}
    marks = [mark for sign, mark in ((1, "▲ positive"), (-1, "▼ negative")) if sign in signs]
    meanings = [
        (content.adjoint is not None, "grad: derivative of the output by the node"),
        (bool(marks), ", ".join(marks)),
        (any(edge.label.startswith("∂") for edge in edges), "∂: derivative by the operand" + hidden),
        (content.backward, "arrows: ∂ × grad of the result = what the operand receives"),
        (any(edge.label.startswith("×") for edge in edges), "×: so many at once"),
        (any(edge.dashed for edge in edges), "dashed: no derivative"),
        (any(box.alarm for box in boxes), "red: nan or infinite"),
    ]
    explained = [text for present, text in meanings if present]
    if explained:
        notes.append(_wrapped(explained))
    return notes


def _wrapped(texts: Sequence[str]) -> str:
    """Short texts side by side, in as few lines as there is room for."""
    lines = [texts[0]]
    for text in texts[1:]:
        if len(lines[-1]) + len(text) > _LINE:
            lines.append(text)
        else:
            lines[-1] += f"   {text}"
    return "\n".join(lines)
