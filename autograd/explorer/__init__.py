"""The graph as one self-contained HTML page, in which a reader plays the passes and moves the leaves.

The page needs no network and no server.  It computes with the rows' own straight-line programs, written in
JavaScript, and says which row has none; it knows no primitive and no derivative.  What the page does stands
in its scripts: `numbers.js`, `program.js`, `layout.js`, `view.js`.
"""

from __future__ import annotations

import functools
import html
import importlib.resources
import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from autograd import straightline
from autograd.engine import Value, topological_order
from autograd.files import check_folder, write_whole
from autograd.graph import Graph
from autograd.rows import Primitive

if TYPE_CHECKING:
    from autograd.explorer.widget import ExplorerWidget

__all__ = ["Explorer", "explore"]

_SCRIPTS = ("numbers.js", "program.js", "layout.js", "view.js")
_HEIGHT = 640  # pixels, in a notebook and inside other pages


@overload
def explore(value_or_graph: Value | Graph, path: None = None, *, limit: int = 5000) -> Explorer: ...


@overload
def explore(value_or_graph: Value | Graph, path: str | os.PathLike[str], *, limit: int = 5000) -> Path: ...


def explore(
    value_or_graph: Value | Graph, path: str | os.PathLike[str] | None = None, *, limit: int = 5000
) -> Explorer | Path:
    """An interactive page of a Value's expression or of a Graph: written to `path`, or to be displayed.

    The page zooms, pans and searches; shows what a node depends on and what depends on it; opens and closes
    scopes; plays the forward and the backward pass, each step with its rule; and has a slider for each leaf,
    which computes everything anew.  The last output is differentiated until the reader chooses another.
    With a path, writes the file, as a whole or not at all, and returns the path.  Without, returns what a
    notebook displays.  Raises TypeError for anything but a Value or a Graph, ValueError for more than
    `limit` nodes or no output, FileNotFoundError for a missing folder, and IsADirectoryError for a path that
    is a folder.

    >>> x = Value(3.0, label="x")
    >>> page = explore(x * x + 1)
    >>> page
    <Explorer of 3 nodes: explore(..., "page.html") writes it to a file>
    >>> page.html[:15]
    '<!doctype html>'
    """
    if not isinstance(value_or_graph, Value | Graph):
        raise TypeError(f"explore takes a Value or a Graph, not {type(value_or_graph).__name__}")
    graph = Graph(value_or_graph) if isinstance(value_or_graph, Value) else value_or_graph
    if len(graph) > limit:
        raise ValueError(
            f"this graph has {len(graph):,} nodes, and a page of more than {limit:,} is slow: explore an "
            "inner Value, print the text listing with print(Graph(value)), or insist with "
            f"explore(..., limit={len(graph)})"
        )
    if not graph.outputs:
        raise ValueError("this graph has no output, and a page plays the passes of one: return a number")
    explorer = Explorer(graph)
    return explorer if path is None else explorer.write(path)


class Explorer:
    """An interactive page of a graph as of now; a notebook displays it, and `write` makes it a file.

    `html` is the whole page; `fragment` is for the inside of another page, any number of times.  The same
    graph gives the same text in every process.
    """

    def __init__(self, graph: Graph) -> None:
        self._description = _Description(graph)

    def __repr__(self) -> str:
        nodes = f"{len(self._description.nodes):,} node{'' if len(self._description.nodes) == 1 else 's'}"
        return f'<Explorer of {nodes}: explore(..., "page.html") writes it to a file>'

    @property
    def html(self) -> str:
        """The page: one file without references to others, in UTF-8."""
        title = html.escape(self._description.title).encode("ascii", "xmlcharrefreplace").decode()
        return (
            '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            f'<meta name="color-scheme" content="light dark">\n<title>{title}</title>\n'
            f"<style>html, body {{ height: 100%; margin: 0; }}</style>\n</head>\n<body>\n"
            f"{self._placed('height: 100%', 'document')}</body>\n</html>\n"
        )

    @property
    def fragment(self) -> str:
        """An element and its script, to be put into any page, as often as one likes."""
        return self._placed(f"height: {_HEIGHT}px")

    def _placed(self, style: str, keyboard: str = "null") -> str:
        host = "document.currentScript.previousElementSibling"
        call = f"openExplorer({host}, graph, rules, style, {keyboard});"
        script = f'(() => {{\n"use strict";\n{self._script}{call}\n}})();'
        return f'<div style="{style}"></div>\n<script>\n{script}\n</script>\n'

    @property
    def module(self) -> str:
        """The script as a module of JavaScript, as anywidget loads it."""
        return f"{self._script}\n{_own('widget.js')}"

    @property
    def _script(self) -> str:
        description = self._description
        sources = "\n".join(map(_own, _SCRIPTS))
        style = _literal(_own("view.css"))
        return (
            f"{sources}\nconst style = {style};\nconst graph = {_literal(description.contents())};\n"
            f"const rules = {{\n{description.rules()}}};\n"
        )

    def write(self, path: str | os.PathLike[str]) -> Path:
        """Writes the page, as a whole or not at all, and returns the path.

        Raises FileNotFoundError if there is no such folder, and IsADirectoryError if the path is one.
        """
        path = Path(path)
        check_folder(path)
        write_whole(path, self.html.encode())
        return path

    def widget(self) -> ExplorerWidget:
        """The page as a widget of Jupyter whose leaves are linked to Python; needs the extra `notebook`.

        Raises ImportError, naming the remedy, where anywidget is not installed.
        """
        try:
            from autograd.explorer.widget import ExplorerWidget
        except ImportError as error:
            raise ImportError(
                f"the widget needs anywidget: python -m pip install 'scalar-autograd[notebook]' ({error})"
            ) from error
        return ExplorerWidget(self.module, [leaf._data for leaf in self._description.leaves])

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None, **_: Any) -> dict[str, str]:
        """The page in a frame of its own.

        A notebook that is not trusted leaves the frame out, but shows the words within it; so does what
        knows no HTML with the text.
        """
        frame = (
            f'<iframe srcdoc="{html.escape(self.html)}" style="width: 100%; height: {_HEIGHT}px; border: 0" '
            f'title="Explorer">{html.escape(repr(self))}: trust this notebook to see it.</iframe>'
        )
        return {"text/html": frame, "text/plain": repr(self)}


class _Description:
    """What the page is told of a graph: its nodes, arguments before results, and the rows as JavaScript."""

    def __init__(self, graph: Graph) -> None:
        first = str(graph).partition("\n")[0]
        self.title, _, self._note = first.removesuffix(")").partition(" (")
        self._graph = graph
        conditions = [condition for condition, _ in graph.branches]
        outputs = [output for output in graph.outputs if isinstance(output, Value)]
        inner = topological_order(*conditions, *outputs, without=graph.inputs)
        self.nodes = (*graph.inputs, *inner)
        self._given = set(graph.inputs)
        self._place = {node: place for place, node in enumerate(self.nodes)}
        self.leaves = [node for node in self.nodes if self._row(node) is None]
        self._rows = list(dict.fromkeys(row for node in self.nodes if (row := self._row(node)) is not None))
        self._scopes: dict[tuple[str, ...], int] = {}
        for node in self.nodes:
            for depth in range(1, len(node.scope) + 1):
                self._scopes.setdefault(node.scope[:depth], len(self._scopes))

    def _row(self, node: Value) -> Primitive | None:
        """The row that computes a node; None for what is given: a leaf, or an inner node as an input."""
        return None if node in self._given else node.primitive

    def contents(self) -> dict[str, Any]:
        """As `Program` of program.js takes it."""
        numbers = {node: number for number, node in enumerate(self._graph.nodes)}
        for node in self.nodes:
            numbers.setdefault(node, len(numbers))  # what only a branch asks for
        nodes = [self._node(node, numbers[node]) for node in self.nodes]
        branches = {self._place[condition]: outcome for condition, outcome in self._graph.branches}
        outputs = []
        for position, output in enumerate(self._graph.outputs):
            if isinstance(output, Value):
                outputs.append(self._place[output])
            else:
                outputs.append(len(nodes))
                nodes.append([f"output {position}", len(nodes), None, [], None, output, []])
        return {
            "title": self.title,
            "note": self._note,
            "rows": [self._described(row) for row in self._rows],
            "scopes": [[self._scopes[path[:-1]] if path[:-1] else None, path[-1]] for path in self._scopes],
            "nodes": nodes,
            "leaves": [self._place[leaf] for leaf in self.leaves],
            "branches": [[place, outcome] for place, outcome in branches.items()],
            "outputs": outputs,
        }

    def _node(self, node: Value, number: int) -> list[Any]:
        row = self._row(node)
        scope = self._scopes[node.scope] if node.scope else None
        if row is None:
            return [node.label, number, None, [], scope, node._data, []]
        operands = [[a] if isinstance(a, float) else self._place[a] for a in node.arguments]
        partials = list(node.partials)
        return [node.label, number, self._rows.index(row), operands, scope, node._data, partials]

    def _described(self, row: Primitive) -> list[Any]:
        most = max(len(node.arguments) for node in self.nodes if node.primitive is row)
        blocked = [int(row.partial(position) is None) for position in range(most)]
        selects = row.selects if isinstance(row.selects, bool) else list(row.selects)
        return [row.name, row.infix, row.symbol, selects, row.comparison, blocked]

    def rules(self) -> str:
        """A line for each row: from the arguments to the value and the partials; null if there is none."""
        return "".join(f"  {row.name}: {_rule(row)},\n" for row in self._rows)


def _rule(row: Primitive) -> str:
    names = [f"x{position}" for position in range(row.arity)]
    program, out, partials = straightline.value_and_partials(row, names, range(row.arity))
    lines = straightline.javascript_lines(program, _library())
    known = [partial for partial in partials if partial is not None]
    if lines is None or len(known) < len(partials):
        return "null"
    results = ", ".join(map(straightline.javascript_operand, [out, *known]))
    return f"({', '.join(names)}) => {{ {' '.join([*lines, f'return [{results}];'])} }}"


@functools.cache
def _library() -> frozenset[str]:
    """The functions that numbers.js defines."""
    definitions = re.findall(r"^const (\w+|\{[\w, ]+\}) =", _own("numbers.js"), re.MULTILINE)
    return frozenset(name for names in definitions for name in re.findall(r"\w+", names))


@functools.cache
def _own(name: str) -> str:
    """A file of this package as text."""
    return importlib.resources.files(__name__).joinpath(name).read_text(encoding="utf-8")


def _literal(thing: Any) -> str:
    """As JavaScript inside HTML: in ASCII, without a character that could end the script."""
    return json.dumps(thing, separators=(",", ":")).replace("<", "\\u003c")
