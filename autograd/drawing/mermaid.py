"""A diagram as a Mermaid flowchart, which GitHub and GitLab draw wherever Markdown is shown."""

from __future__ import annotations

import re

from autograd.drawing import colours
from autograd.drawing.diagram import Box, Diagram, Edge

__all__ = ["mermaid"]

_MARKS = {-1: "▼ ", 0: "", 1: "▲ "}
_SPECIAL = re.compile(r"[^\w .,+*/–…·×∂Σ▲▼-]|[_`]")
_COLLAPSING = re.compile(r"(?<![^ ]) ")  # in HTML: a space behind another, or that begins a line
# Read as Mermaid's own even from entities, with what follows: $$x$$ is a formula, \n a new line, fa:fa-car an
# icon, and ﬂ° or ¶ß what it makes of entities itself.  A word joiner, which takes no room, keeps them apart.
_LEADING = re.compile(r"[$\\:ﬂ¶]")
_JOINER = "\N{WORD JOINER}"
_MOST_EDGES = 500
_MOST_CHARACTERS = 50_000


def mermaid(diagram: Diagram, rankdir: str) -> str:
    """The text of a flowchart: every character that Mermaid might read as its own is a numbered entity.

    If it has more edges or characters than Mermaid draws by itself, a first line says what to do.
    """
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
            lines.append(f'subgraph c{clusters} ["{_escaped(part) or " "}"]')
            clusters += 1
        lines.append(_box(box, names[box.name]))
    lines += ["end"] * len(open_scope)
    lines += [_edge(edge, names) for edge in diagram.edges]
    lines += [f"%% {_commented(line)}" for note in diagram.notes for line in note.splitlines()]
    for kind, style in (
        ("alarm", f"stroke:{colours.ALARM},stroke-width:3px"),
        ("output", "stroke-width:3px"),
        ("pale", "opacity:0.35"),
    ):
        members = [names[box.name] for box in diagram.boxes if getattr(box, kind)]
        if members:
            lines += [f"classDef {kind} {style}", f"class {','.join(members)} {kind}"]
    text = "\n".join(lines) + "\n"
    return _advice(len(diagram.edges), len(text)) + text


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
    """Any text as a label that shows it as typed."""
    return "<br/>".join(map(_escaped_line, text.splitlines()))


def _escaped_line(line: str) -> str:
    spaced = _COLLAPSING.sub("\N{NO-BREAK SPACE}", line)
    parted = _LEADING.sub(lambda found: found[0] + _JOINER, spaced)
    return _SPECIAL.sub(lambda found: f"#{ord(found[0])};", parted)


def _commented(line: str) -> str:
    """A line as it is, but for what begins a directive, which Mermaid obeys even in a comment."""
    return line.replace("%{", "% {")


def _advice(edges: int, characters: int) -> str:
    """A comment before a text that Mermaid refuses unless the page that shows it allows more."""
    if edges <= _MOST_EDGES and characters <= _MOST_CHARACTERS:
        return ""
    return (
        f"%% {edges:,} edges and {characters:,} characters; Mermaid draws {_MOST_EDGES} and "
        f"{_MOST_CHARACTERS:,}: fold more, or raise maxEdges and maxTextSize with mermaid.initialize\n"
    )
