"""What a picture consists of: boxes, edges and notes, with every word that will be shown.

A diagram knows no graph and no format.  Whoever writes one in some format only places and escapes.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["Box", "Diagram", "Edge", "Row", "with_separate_operations"]


class Row(NamedTuple):
    """A line of a box: the name of a quantity and its value; `sign` is -1, 0 or 1."""

    name: str
    text: str
    sign: int = 0
    alarm: bool = False


class Box(NamedTuple):
    """A node of the graph, or several that are folded into one.

    `scope` is the cluster that it stands in, `shade` how strong its colour is, from 0 to 1 (None for
    none); a pale box is not what the reader is to look at.
    """

    name: str
    operation: str
    label: str
    rows: tuple[Row, ...]
    tooltip: str = ""
    scope: tuple[str, ...] = ()
    shade: float | None = None
    leaf: bool = False
    output: bool = False
    folded: bool = False
    pale: bool = False
    round: bool = False  # an operation on its own

    @property
    def alarm(self) -> bool:
        """Whether a number in it is nan or infinite."""
        return any(row.alarm for row in self.rows)


class Edge(NamedTuple):
    """From the box of an argument to that of a result."""

    source: str
    target: str
    label: str = ""
    tooltip: str = ""
    dashed: bool = False
    alarm: bool = False
    pale: bool = False
    bold: bool = False
    backward: bool = False  # the arrow points to the argument


class Diagram(NamedTuple):
    """A picture in words; `notes` explain it below, and `scale` says what the shades 0 and 1 stand for."""

    boxes: tuple[Box, ...] = ()
    edges: tuple[Edge, ...] = ()
    notes: tuple[str, ...] = ()
    scale: tuple[str, str] | None = None
    horizontal: bool = False  # the rows of a box stand side by side


def with_separate_operations(diagram: Diagram) -> Diagram:
    """The diagram as micrograd draws it: each operation is a round box before that of its value."""
    backward = any(edge.backward for edge in diagram.edges)
    boxes: list[Box] = []
    edges: list[Edge] = []
    entrances: dict[str, str] = {}
    for box in diagram.boxes:
        if box.operation:
            entrance = f"{box.name}_operation"
            entrances[box.name] = entrance
            boxes.append(
                Box(entrance, box.operation, "", (), box.tooltip, box.scope, pale=box.pale, round=True)
            )
            edges.append(Edge(entrance, box.name, pale=box.pale, backward=backward))
        boxes.append(box._replace(operation=""))
    edges += [edge._replace(target=entrances.get(edge.target, edge.target)) for edge in diagram.edges]
    return diagram._replace(boxes=tuple(boxes), edges=tuple(edges), horizontal=True)
