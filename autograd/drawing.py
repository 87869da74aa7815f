"""Graphviz pictures: a box per node with label, data and gradient, and the local derivative on every edge.

`draw` promises the same DOT source, byte for byte, in every process, and labels shown as typed.  It
renders without a system Graphviz: whichever engine is installed does it, and if none is, the error
carries the text listing.  This module knows no primitive; the table's rows say how they are written.
"""

from __future__ import annotations

import base64
import html
import importlib.util
import math
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any, overload

import graphviz

from autograd.engine import Value
from autograd.graph import Graph
from autograd.rows import Primitive

__all__ = ["Picture", "RenderingError", "draw"]

ENGINES = ("dot", "graphviz-pure", "pygraphviz")
PIXEL_FORMATS = ("png", "jpg", "jpeg", "gif", "webp")
PURE_FORMATS = ("svg", "png", "jpg", "jpeg", "json", "dot", "gv")  # those of graphviz-pure
FORMATS = ("svg", *PIXEL_FORMATS, "pdf", "eps", "ps", "json", "dot", "gv")
TIMEOUT = 60.0  # seconds for one engine to lay out one picture

# The one family that every engine both has metrics for and writes with a fallback into an SVG.
_FONT = "Helvetica"
_EM = 12
_SMALL = 10
_WHITE, _LEAF, _OPERATION, _LINE, _QUIET = "#ffffff", "#e6f0fa", "#fbe6bd", "#7d8a97", "#5f6b76"
_ALARM, _ALARM_GROUND = "#b00020", "#ffd6d6"
_ABSENT = "–"
_SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_NOT_IN_XML = re.compile("[^\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_PYGRAPHVIZ = """
import sys, pygraphviz
layout, format, *options = sys.argv[1:]
graph = pygraphviz.AGraph(string=sys.stdin.buffer.read().decode())
picture = graph.draw(format=format.removeprefix("-T"), prog=layout.removeprefix("-K"), args=" ".join(options))
sys.stdout.buffer.write(picture)
"""


class RenderingError(RuntimeError):
    """No engine could render a picture; the message says why and what to install.

    Unless an engine is at work, and only refused this picture, it lists the graph as well.
    """


# --- The picture as an object -------------------------------------------------------------------------


class Picture(graphviz.Digraph):  # type: ignore[misc]
    """A `graphviz.Digraph` that finds an engine by itself, and shows itself in every notebook.

    The engines are tried in the order of `ENGINES`, until one renders the format asked for: the system's
    `dot`; graphviz-pure; pygraphviz, if it is installed.  The environment variable AUTOGRAD_GRAPHVIZ
    names the only one to use, or the path of such a program.  `source` is the DOT text and `listing`
    the graph as text.  A file is written as a whole or not at all.
    """

    def __init__(self, *arguments: Any, listing: str = "", **attributes: Any) -> None:
        super().__init__(*arguments, **attributes)
        self.listing = listing

    def _copy_kwargs(self, **attributes: Any) -> Any:
        return {**super()._copy_kwargs(**attributes), "listing": self.listing}

    def __repr__(self) -> str:
        return self.listing

    @overload
    def pipe(self, format: str | None = None, *, encoding: None = None) -> bytes: ...

    @overload
    def pipe(self, format: str | None = None, *, encoding: str) -> str: ...

    def pipe(self, format: str | None = None, *, encoding: str | None = None) -> bytes | str:
        """The picture as bytes, or as text if an encoding is given.

        Raises ValueError for an unknown format and RenderingError if no engine renders a known one.
        """
        picture = self._rendered(_known(format or self.format))
        return picture if encoding is None else picture.decode(encoding)

    def write(self, path: str | os.PathLike[str]) -> Path:
        """Writes the picture in the format of the path's suffix, and returns the path.

        svg, png, jpg and json work everywhere, pdf with `dot` or pygraphviz; dot and gv are the source,
        which needs no engine.  Raises ValueError for an unknown format, FileNotFoundError for a missing
        folder and RenderingError if no engine renders it, always before anything is written.
        """
        path = Path(path)
        if not path.suffix.removeprefix("."):
            raise ValueError(f"give the file a suffix: {path.name.removesuffix('.')}.svg")
        format = _known(path.suffix.removeprefix("."))
        _check_folder(path)
        _write_whole(path, self.source.encode() if format in ("dot", "gv") else self._rendered(format))
        return path

    def render(
        self,
        filename: str | os.PathLike[str] | None = None,
        directory: str | os.PathLike[str] | None = None,
        view: bool = False,
        cleanup: bool = False,
        format: str | None = None,
        quiet: bool = False,
        quiet_view: bool = False,
        *,
        outfile: str | os.PathLike[str] | None = None,
    ) -> str:
        """Writes the picture, and its source unless `cleanup`, where `graphviz.Digraph.render` would.

        That is to `filename.format` and `filename`, or to `outfile` and its name with the suffix gv.
        Returns the picture's path; raises what `write` raises.  An engine's warnings are never shown.
        """
        if filename is not None:
            self.filename = os.fspath(filename)
        if directory is not None:
            self.directory = os.fspath(directory)
        if outfile is None:
            format = _known(format or self.format)
            source = Path(self.filepath)
            target = source.with_name(f"{source.name}.{format}")
        else:
            target = Path(self.directory, outfile)
            format = _known(format or target.suffix.removeprefix("."))
            source = target.with_suffix(".gv") if filename is None else Path(self.filepath)
        _check_folder(source)
        _check_folder(target)
        picture = self._rendered(format)
        if not cleanup:
            _write_whole(source, self.source.encode())
        _write_whole(target, picture)
        if view or quiet_view:
            self._view(str(target), format=format, quiet=quiet_view)
        return str(target)

    def _rendered(self, format: str) -> bytes:
        options = [f"-K{self.engine}", f"-T{format}", *(["-Gdpi=144"] if format in PIXEL_FORMATS else [])]
        source: bytes = self.source.encode()
        setting = os.environ.get("AUTOGRAD_GRAPHVIZ")
        failures, found, refused = [], [], False
        for name in [setting] if setting else ENGINES:
            command = _command(name)
            if not command:
                failures.append(f"{name} is not installed")
                continue
            found.append(name)
            try:
                finished = subprocess.run(
                    [*command, *options], input=source, capture_output=True, timeout=TIMEOUT, check=True
                )
                return finished.stdout
            except subprocess.TimeoutExpired:
                failures.append(f"{name} did not finish within {TIMEOUT:g} seconds")
            except subprocess.CalledProcessError as error:
                reason = " ".join(error.stderr.decode(errors="replace").split())
                failures.append(f"{name} ended with status {error.returncode}: {reason}")
                refused = True
            except OSError as error:
                failures.append(f"{name} could not be started: {error}")
        raise RenderingError(
            f"no Graphviz engine renders {format} here"
            + (f", where AUTOGRAD_GRAPHVIZ is {setting}" if setting else "")
            + f": {'; '.join(failures)}"
            + f"\nTo install one: {_remedies(format, found)}"
            + ("" if refused else f"\nThe graph as text:\n{self.listing}")
        )

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None, **_: Any) -> dict[str, str]:
        """What a notebook shows: an image inside HTML, which no notebook strips; a PNG; the listing.

        Without an engine, the text says how to get one.  Never raises.
        """
        try:
            svg, png = (base64.b64encode(self._rendered(format)).decode() for format in ("svg", "png"))
        except RenderingError as error:
            return {"text/plain": str(error)}
        alternative = html.escape(self.listing.partition("\n")[0])
        bundle = {
            "text/html": f'<img alt="{alternative}" src="data:image/svg+xml;base64,{svg}">',
            "image/png": png,
            "text/plain": self.listing,
        }
        return {
            kind: bundle[kind]
            for kind in bundle
            if kind in (include or bundle) and kind not in (exclude or ())
        }


def _known(format: str) -> str:
    if format.lower() not in FORMATS:
        raise ValueError(
            f"a picture's format, or its file's suffix, is one of {', '.join(FORMATS)}, not {format!r}"
        )
    return format.lower()


def _command(engine: str) -> list[str]:
    """How to call an engine, as far as `dot`'s own options; empty if it is not installed.

    The interpreter's own folder comes before the PATH, where a notebook's kernel often does not have it.
    """
    if engine == "pygraphviz":  # in a process of its own, which a timeout can end
        return [sys.executable, "-c", _PYGRAPHVIZ] if importlib.util.find_spec("pygraphviz") else []
    program = shutil.which(engine, path=sysconfig.get_path("scripts")) or shutil.which(engine)
    return [program] if program else []


def _remedies(format: str, found: list[str]) -> str:
    """What to install for a format where these engines have been found, and did not render it."""
    remedies = ["python -m pip install pygraphviz", "the Graphviz of your system"]
    if format in PURE_FORMATS and "graphviz-pure" not in found:
        remedies.insert(0, "python -m pip install graphviz-pure")
    return ", or ".join(remedies)


def _check_folder(path: Path) -> None:
    if not path.parent.is_dir():
        raise FileNotFoundError(
            f"there is no folder {path.parent} to write {path.name} into: create it first"
        )


def _write_whole(path: Path, content: bytes) -> None:
    """Writes beside the path first: a file that is replaced is at no moment half-written."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        part.write_bytes(content)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


# --- Drawing --------------------------------------------------------------------------------------------


def draw(
    value_or_graph: Value | Graph, *, format: str = "svg", rankdir: str = "LR", limit: int = 1000
) -> Picture:
    """The picture of a Value's expression or of a Graph, as of now.

    A box is a node: its operation, with number operands in place (`* 2`, `** 3`), its label, its data
    and its gradient, – if none has been computed.  Leaves are blue, outputs have a bold outline.  An edge
    goes from each argument to the result and bears the local derivative: ∂ for the only argument, ∂₁, ∂₂
    in the order of several; it is dashed if nothing is differentiated by the argument, as by a condition.
    Numbers have four digits, and all of them in a browser's tooltip; nan and inf are red.

    `format` is what `pipe` and `render` produce by default; `rankdir` is the direction of computation:
    LR, TB, RL or BT.  Raises ValueError for any other, and for more than `limit` nodes.

    >>> x = Value(3.0, label="x")
    >>> picture = draw(x * x)
    >>> picture.source.count("->")
    2
    >>> picture.pipe("svg")[:5]
    b'<?xml'
    """
    if not isinstance(value_or_graph, Value | Graph):
        raise TypeError(f"draw takes a Value or a Graph, not {type(value_or_graph).__name__}")
    if rankdir not in ("LR", "TB", "RL", "BT"):
        raise ValueError(f"rankdir is LR, TB, RL or BT, not {rankdir!r}")
    graph = Graph(value_or_graph) if isinstance(value_or_graph, Value) else value_or_graph
    if len(graph) > limit:
        raise ValueError(
            f"this graph has {len(graph):,} nodes, and a picture of more than {limit:,} is slow to make and "
            "hardly legible: draw an inner Value, print the text listing with print(Graph(value)), or insist "
            f"with draw(..., limit={len(graph)})"
        )
    picture = Picture(
        "computation_graph",
        listing=str(graph),
        format=_known(format),
        graph_attr={
            "rankdir": rankdir,
            "bgcolor": _WHITE,
            "pad": "0.1",
            "nodesep": "0.15",
            "ranksep": "0.3",
        },
        node_attr={
            "shape": "box",
            "style": "rounded,filled",
            "margin": "0.05,0.03",
            "fillcolor": _WHITE,
            "color": _LINE,
            "fontname": _FONT,
            "fontsize": str(_EM),
        },
        edge_attr={
            "arrowsize": "0.6",
            "color": _LINE,
            "fontcolor": _QUIET,
            "fontname": _FONT,
            "fontsize": str(_SMALL),
        },
    )
    names = {
        node: f"n{number}" for number, node in enumerate(graph)
    }  # numbered as in the listing, where they are %0, %1, ...
    outputs = {output for output in graph.outputs if isinstance(output, Value)}
    for number, node in enumerate(graph):
        grad = node.grad if node._has_grad else None
        path = f" in {_text('/'.join(node.scope))}" if node.scope else ""
        picture.node(
            names[node],
            _box(_operation(node), node.label, node._data, grad),
            fillcolor=None if node.primitive else _LEAF,
            penwidth="2" if node in outputs else None,
            tooltip=f"%{number}{path}: data {node._data!r}, grad {_ABSENT if grad is None else repr(grad)}",
        )
        edges = [(place, value) for place, value in enumerate(node.arguments) if isinstance(value, Value)]
        for place, argument in edges:
            picture.edge(names[argument], names[node], **_edge(node, place, is_only=len(edges) == 1))
    for position, output in enumerate(graph.outputs):
        if not isinstance(output, Value):
            picture.node(f"output {position}", _box("", "", output, None), penwidth="2")
    return picture


def _box(operation: str, label: str, data: float, grad: float | None) -> str:
    """A node's table, in Graphviz's HTML: operation and label, below them data, then gradient."""
    heads = []
    if operation:
        heads.append(f'STYLE="ROUNDED" BGCOLOR="{_OPERATION}"> {_text(operation)} ')
    if label.strip():
        # Not every engine can measure other scripts than Latin: an em for each character is enough.
        width = 0 if label.isascii() else _EM * max(map(len, label.splitlines()))
        heads.append(f'WIDTH="{width}"><B>{_text(label)}</B>')
    rows = ["".join(f'<TD COLSPAN="{2 // len(heads)}" {head}</TD>' for head in heads)] if heads else []
    rows += [_row("data", data), _row("grad", grad)]
    body = "".join(f"<TR>{row}</TR>" for row in rows)
    return f'<<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="1" CELLPADDING="2">{body}</TABLE>>'


def _row(name: str, number: float | None) -> str:
    text, ground = _ABSENT if number is None else _number(number), ""
    if number is not None and not math.isfinite(number):
        text, ground = f'<FONT COLOR="{_ALARM}"><B>{text}</B></FONT>', f' BGCOLOR="{_ALARM_GROUND}"'
    name = f'<FONT COLOR="{_QUIET}" POINT-SIZE="{_SMALL}">{name}</FONT>'
    return f'<TD ALIGN="LEFT">{name}</TD><TD ALIGN="RIGHT"{ground}>{text}</TD>'


def _edge(node: Value, position: int, *, is_only: bool) -> dict[str, str]:
    """The attributes of the edge from an argument: the partial by it, numbered unless it is the only one."""
    primitive: Primitive = node.primitive  # type: ignore[assignment]
    place = "" if is_only else str(position + 1).translate(_SUBSCRIPTS)
    if primitive.partial(position) is None:
        return {"label": place, "style": "dashed"}
    partial = node.partials[position]
    alarm = {} if math.isfinite(partial) else {"color": _ALARM, "fontcolor": _ALARM}
    return {"label": f"∂{place} {_number(partial)}", "labeltooltip": f"∂{place} {partial!r}", **alarm}


def _operation(node: Value) -> str:
    """How the node was computed, with its number operands in place: `tanh`, `* 2`, `clamp(·, 0, 1)`."""
    if node.primitive is None:
        return ""
    operands = [_number(operand) if isinstance(operand, float) else "" for operand in node.arguments]
    if not any(operands):
        return node.primitive.symbol
    if node.primitive.infix:
        return f" {node.primitive.infix} ".join(operands).strip()
    return f"{node.primitive.symbol}({', '.join(operand or '·' for operand in operands)})"


def _number(number: float) -> str:
    """Four significant digits, or six of a whole number; 1e-7 stays 1e-07."""
    return f"{number:.6g}" if number.is_integer() else f"{number:.4g}"


def _text(text: str) -> str:
    """Any text as Graphviz's HTML that shows it as typed; what XML cannot hold, as Python writes it."""
    lines = (_NOT_IN_XML.sub(lambda found: ascii(found[0])[1:-1], line) for line in text.splitlines())
    return "<BR/>".join(html.escape(line.replace("\\", r"\\")) for line in lines)
