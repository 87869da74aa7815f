"""A diagram in Graphviz's language: the same bytes in every process, every label as typed."""

from __future__ import annotations

import html
from collections.abc import Iterable

import graphviz

from autograd.drawing import colours
from autograd.drawing.diagram import Box, Diagram, Edge, Row

__all__ = ["attributes", "write"]

# The one family that every engine both has metrics for and writes with a fallback into an SVG.
_FONT = "Helvetica"
_EM = 12
_SMALL = 10
_MARKS = {-1: (colours.NEGATIVE, "▼"), 0: ("", ""), 1: (colours.POSITIVE, "▲")}


def attributes(diagram: Diagram, rankdir: str) -> dict[str, dict[str, str]]:
    """What holds for the whole picture, as `graphviz.Digraph` takes it."""
    legend = _legend(diagram)
    font = {"fontname": _FONT, "fontcolor": colours.INK}
    return {
        "graph_attr": {
            "rankdir": rankdir,
            "pad": "0.1",
            "nodesep": "0.15",
            "ranksep": "0.3",
            **font,
            "fontsize": str(_SMALL),
            **({"label": legend, "labelloc": "b", "labeljust": "l"} if legend else {}),
        },
        "node_attr": {
            "shape": "box",
            "style": "rounded,filled",
            "margin": "0.05,0.03",
            "fillcolor": colours.PAPER,
            "color": colours.LINE,
            **font,
            "fontsize": str(_EM),
        },
        "edge_attr": {
            "arrowsize": "0.6",
            "color": colours.LINE,
            **font,
            "fontcolor": colours.QUIET,
            "fontsize": str(_SMALL),
        },
    }


def write(diagram: Diagram, digraph: graphviz.Digraph) -> None:
    """Adds the boxes, within the clusters of their scopes, and the edges to a picture."""
    clusters: dict[tuple[str, ...], graphviz.Digraph] = {(): digraph}
    for box in diagram.boxes:
        for length in range(1, len(box.scope) + 1):
            path = box.scope[:length]
            if path not in clusters:
                clusters[path] = _cluster(len(clusters), path[-1])
        clusters[box.scope].node(box.name, _label(box, diagram.horizontal), **_style(box))
    inmost_first = sorted(clusters, key=len, reverse=True)
    for path in inmost_first[:-1]:
        clusters[path[:-1]].subgraph(clusters[path])
    for edge in diagram.edges:
        digraph.edge(edge.source, edge.target, **_edge(edge))


def _cluster(number: int, name: str) -> graphviz.Digraph:
    title = f"<{_table([_cell(name, colours.QUIET)])}>" if name.strip() else ""  # or it bears the legend
    return graphviz.Digraph(
        f"cluster_{number}",
        graph_attr={
            "label": title,
            "labelloc": "t",
            "style": "rounded,dashed",
            "color": colours.LINE,
        },
    )


def _style(box: Box) -> dict[str, str | None]:
    fill = None if box.shade is None or box.pale else colours.shade(box.shade)
    line = colours.PALE if box.pale else colours.ALARM if box.alarm else None
    if box.round:
        return {
            "shape": "ellipse",
            "fillcolor": colours.PAPER if box.pale else colours.OPERATION,
            "color": line,
            "tooltip": _plain(box.tooltip),
        }
    return {
        "fillcolor": fill,
        "color": line,
        "penwidth": "2" if box.output or (box.alarm and not box.pale) else None,
        "peripheries": "2" if box.folded else None,
        "tooltip": _plain(box.tooltip),
    }


def _label(box: Box, horizontal: bool) -> str:
    """A box's table, in Graphviz's HTML: operation and label, with its rows below them or beside."""
    ink = colours.PALE_INK if box.pale else colours.INK
    heads = []
    if box.operation:
        ground = "" if box.pale or box.round else f' STYLE="ROUNDED" BGCOLOR="{colours.OPERATION}"'
        heads.append(_cell(f" {box.operation} ", ink, ground))
    if box.label.strip():
        ground = f' STYLE="ROUNDED" BGCOLOR="{colours.LEAF}"' if box.leaf and not box.pale else ""
        heads.append(_cell(box.label, ink, ground, bold=True))
    rows = [_row(row, box.pale) for row in box.rows]
    if horizontal:
        return f"<{_table([''.join([*heads, *rows])])}>"
    head = "".join(cell.replace("<TD", f'<TD COLSPAN="{2 // len(heads)}"', 1) for cell in heads)
    lines = [head, *rows] if heads else rows
    return f"<{_table(lines)}>"


def _table(lines: Iterable[str], spacing: int = 1) -> str:
    body = "".join(f"<TR>{line}</TR>" for line in lines)
    return f'<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="{spacing}" CELLPADDING="2">{body}</TABLE>'


def _cell(text: str, ink: str, ground: str = "", bold: bool = False) -> str:
    # Not every engine can measure other scripts than Latin: an em for each such character is enough.
    width = "" if text.isascii() else f' WIDTH="{max(map(_width, text.splitlines()))}"'
    shown = f"<B>{_text(text)}</B>" if bold else _text(text)
    colour = "" if ink == colours.INK else f' COLOR="{ink}"'
    return f"<TD{width}{ground}>{f'<FONT{colour}>{shown}</FONT>' if colour else shown}</TD>"


def _width(line: str) -> int:
    return sum(2 * _EM // 3 if character.isascii() else _EM for character in line)


def _row(row: Row, pale: bool) -> str:
    quiet = colours.PALE_INK if pale else colours.QUIET
    text, ground = row.text, ""
    if pale:
        text = f'<FONT COLOR="{quiet}">{text}</FONT>'
    elif row.alarm:
        text, ground = (
            f'<FONT COLOR="{colours.ALARM}"><B>{text}</B></FONT>',
            f' BGCOLOR="{colours.ALARM_GROUND}"',
        )
    colour, mark = _MARKS[row.sign]
    if mark:
        text = f'<FONT COLOR="{quiet if pale else colour}" POINT-SIZE="{_SMALL}">{mark}</FONT> {text}'
    name = f'<FONT COLOR="{quiet}" POINT-SIZE="{_SMALL}">{row.name}</FONT>'
    return f'<TD ALIGN="LEFT">{name}</TD><TD ALIGN="RIGHT"{ground}>{text}</TD>'


def _edge(edge: Edge) -> dict[str, str | None]:
    colour = (
        colours.PALE if edge.pale else colours.ALARM if edge.alarm else colours.INK if edge.bold else None
    )
    ink = colours.PALE_INK if edge.pale else colour
    return {
        "label": edge.label,
        "labeltooltip": edge.tooltip or None,
        "style": "dashed" if edge.dashed else None,
        "color": colour,
        "fontcolor": ink,
        "penwidth": "2" if edge.bold else None,
        "dir": "back" if edge.backward else None,
    }


def _legend(diagram: Diagram) -> str:
    """The notes, line by line; before the last the shades, between what the first and the last stand for."""
    ends = '<BR ALIGN="LEFT"/>'
    notes = [f'<TD ALIGN="LEFT">{_text(note, ends)}{ends}</TD>' for note in diagram.notes]
    if diagram.scale:
        least, most = diagram.scale
        shades = colours.SHADES if least else colours.SHADES[-1:]
        swatches = "".join(f'<TD BGCOLOR="{shade}" WIDTH="{_EM}"></TD>' for shade in shades)
        scale = f"<TD>|grad| {least} </TD>{swatches}<TD> {most}   </TD>"
        columns = len(shades) + 3
        notes = [note.replace("<TD", f'<TD COLSPAN="{columns}"', 1) for note in notes[:-1]] + [
            scale + notes[-1]
        ]
    if not notes:
        return ""
    return f'<<FONT COLOR="{colours.QUIET}">{_table(notes, 0)}</FONT>>'


def _text(text: str, end: str = "<BR/>") -> str:
    """Any text as Graphviz's HTML that shows it as typed."""
    return end.join(html.escape(line.replace("\\", r"\\")) for line in text.splitlines())


def _plain(text: str) -> str:
    """Any text as a string of Graphviz that shows it as typed."""
    return html.escape(text.replace("\\", r"\\"), quote=False)
