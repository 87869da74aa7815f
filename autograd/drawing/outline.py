"""A diagram as plain text, a line for each box: for a terminal, a log, a reader who sees no pictures."""

from __future__ import annotations

from autograd.drawing.diagram import Box, Diagram, Edge

__all__ = ["outline"]

_MARKS = {-1: "▼ ", 0: "", 1: "▲ "}


def outline(diagram: Diagram) -> str:
    """Every word of a picture: box by box what it is, its numbers, and what it is computed from."""
    arriving: dict[str, list[Edge]] = {}
    for edge in diagram.edges:
        arriving.setdefault(edge.target, []).append(edge)
    heads = [_head(box) for box in diagram.boxes]
    width = min(max(map(len, heads), default=0), 40)
    lines = [
        f"{head:<{width}}  {_body(box, arriving.get(box.name, []))}".rstrip()
        for head, box in zip(heads, diagram.boxes, strict=True)
    ]
    return "\n".join([*lines, *diagram.notes]) + "\n"


def _head(box: Box) -> str:
    scope = f"[{_line('/'.join(box.scope))}]" if box.scope else ""
    return "  ".join(filter(None, [box.name, _line(box.operation), _line(box.label), scope]))


def _body(box: Box, edges: list[Edge]) -> str:
    numbers = "  ".join(f"{row.name} {_MARKS[row.sign]}{row.text}" for row in box.rows)
    operands = ", ".join(f"{edge.source} {_line(edge.label)}".rstrip() for edge in edges)
    return f"{numbers}  from {operands}" if operands else numbers


def _line(text: str) -> str:
    return " ".join(text.split())
