"""A diagram as a Mermaid flowchart, which GitHub and GitLab draw wherever Markdown is shown."""

from __future__ import annotations

import re

from autograd.drawing import colours
from autograd.drawing.diagram import Box, Diagram, Edge

__all__ = ["mermaid"]

_MARKS = {-1: "▼ ", 0: "", 1: "▲ "}
_SPECIAL = re.compile(r"[^\w .,+*/–…·×∂Σ▲▼-]|[_`]")


def mermaid(diagram: Diagram, rankdir: str) -> str:
    """The text of a flowchart: every character that Mermaid might read as its own is a numbered entity."""
    names = {box.name: f"b{number}" for number, box in enumerate(diagram.boxes)}
    lines = [f"flowchart {rankdir}"]
    open_scope: tuple[str, ...] = ()
    clusters = 0
    for box in sorted(diagram.boxes, key=lambda box: box.scope):
        while open_scope != box.scope[: len(open_scope)]:
            open_scope = open_scope[:-1]
            lines.append("end")
        for part in box.scope[len(open_scope) :]:
            open_scope = (*open_scope, part)
            lines.append(f'subgraph c{clusters} ["{_escaped(part).strip() or " "}"]')
            clusters += 1
        lines.append(_box(box, names[box.name]))
    lines += ["end"] * len(open_scope)
    lines += [_edge(edge, names) for edge in diagram.edges]
    lines += [f"%% {_escaped(line)}" for note in diagram.notes for line in note.splitlines()]
    for kind, style in (
        ("alarm", f"stroke:{colours.ALARM},stroke-width:3px"),
        ("output", "stroke-width:3px"),
        ("pale", "opacity:0.35"),
    ):
        members = [names[box.name] for box in diagram.boxes if getattr(box, kind)]
        if members:
            lines += [f"classDef {kind} {style}", f"class {','.join(members)} {kind}"]
    return "\n".join(lines) + "\n"


def _box(box: Box, name: str) -> str:
    heads = [_escaped(head) for head in (box.operation, box.label) if head.strip()]
    rows = [_escaped(f"{row.name} {_MARKS[row.sign]}{row.text}") for row in box.rows]
    opening, closing = ("([", "])") if box.round else ("[[", "]]") if box.folded else ("[", "]")
    return f'{name}{opening}"{"<br/>".join([*heads, *rows])}"{closing}'


def _edge(edge: Edge, names: dict[str, str]) -> str:
    arrow = "-.->" if edge.dashed else "==>" if edge.bold else "-->"
    ends = [names[edge.source], names[edge.target]]
    source, target = reversed(ends) if edge.backward else ends
    label = f'|"{_escaped(edge.label)}"|' if edge.label else ""
    return f"{source} {arrow}{label} {target}"


def _escaped(text: str) -> str:
    lines = (_SPECIAL.sub(lambda found: f"#{ord(found[0])};", line) for line in text.splitlines())
    return "<br/>".join(lines)
