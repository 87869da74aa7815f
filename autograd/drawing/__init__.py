"""Pictures of computation graphs: boxes with label, data and gradient, the local derivative on every edge.

`draw` promises the same DOT source, byte for byte, in every process, and labels shown as typed.  It
renders without a system Graphviz: whichever engine is installed does it, and if none is, the error
carries the text listing.  This package knows no primitive but those of a sum of products; the table's
rows say how they are written.
"""

from __future__ import annotations

from collections.abc import Sequence

from autograd.drawing import wording
from autograd.drawing.composition import Adjoint, Content, compose
from autograd.drawing.diagram import with_separate_operations
from autograd.drawing.engines import RenderingError, known, seconds
from autograd.drawing.flow import all_adjoints, highlighted
from autograd.drawing.folding import FOLDS, Folding, fold_graph
from autograd.drawing.picture import TIMEOUT, Picture
from autograd.engine import Value
from autograd.graph import Graph

__all__ = ["Picture", "RenderingError", "draw"]

LARGE = 150  # nodes that are legible on a screen: more than these are folded unless the caller says
FOLDABLE = 100_000  # nodes that are folded within a few seconds

_RANKDIRS = ("LR", "TB", "RL", "BT")
_STYLES = ("compact", "micrograd")
_VIEWS = ("forward", "backward", "gradient")
_FOLD_ADVICE = {
    "repeats": "fold it with fold='repeats'",
    "layers": "fold it with fold='layers', which wants scopes (with autograd.scope(name): ...)",
}


def draw(
    value_or_graph: Value | Graph,
    *,
    format: str = "svg",
    rankdir: str = "LR",
    style: str = "compact",
    view: str = "forward",
    fold: str = "auto",
    depth: int = 1,
    highlight: Value | Sequence[Value] | None = None,
    legend: bool = True,
    limit: int = 1000,
    timeout: float = TIMEOUT,
) -> Picture:
    """The picture of a Value's expression or of a Graph, with the data and gradients that it has now.

    A box is a node: its operation, with number operands in place (`* 2`, `** 3`), its label, its data
    and its gradient, – if none has been computed.  The box is the darker the larger |grad| is, on a
    logarithmic scale; ▲ and ▼ are its sign.  A leaf's label is blue, an output's outline bold.  An edge
    goes from each argument to the result and bears the local derivative: ∂ for the only argument, ∂₁, ∂₂
    in the order of several; it is dashed if nothing is differentiated by the argument, as by a condition.
    Numbers have four digits, and all of them in a browser's tooltip; nan and inf are red.  A line below
    the picture says what its signs mean.

    format -- what `pipe` and `render` produce by default: svg, png, pdf, dot, mmd (Mermaid), txt, ...
    rankdir -- the direction of computation: LR, TB, RL or BT.
    style -- compact, or micrograd for operations as boxes of their own.
    view -- forward; or backward, with arrows from results to arguments that bear what is handed back, and
        adjoints that are computed for the picture if need be; or gradient, which draws the derivatives by
        the inputs as the graph that they are.
    fold -- none for a box per node; sums for one Σ per sum of products, and one box per series of leaves
        (x0 … x9); repeats for one box also for all that compute the same of the same (×16); layers for one
        box per scope; auto for none up to 150 nodes, then sums, then repeats.
    depth -- how many levels of scopes are drawn as clusters, and count for layers and repeats.
    highlight -- an input, to see only what carries a gradient from the output to it, with its share; or
        the nodes of a path, arguments before results.
    legend -- whether the signs are explained.
    limit -- the most boxes; with fold="auto", which loses detail unasked, or of more than 100,000, which
        are slow to fold, also the most nodes.
    timeout -- seconds for the layout, at most a day of them.

    Raises TypeError for what is no Value and no Graph, and ValueError for any other option and for a
    picture beyond the limit; the message says what to ask for.

    >>> x = Value(3.0, label="x")
    >>> picture = draw(x * x)
    >>> picture.source.count("->")
    2
    >>> picture.pipe("svg")[:5]
    b'<?xml'
    >>> print(draw(x * x, view="backward", legend=False).pipe("txt", encoding="utf-8"))
    n0  x  data 3  grad ▲ 6
    n1  *  data 9  grad ▲ 1  from n0 ∂₁ 3 × 1 = 3, n0 ∂₂ 3 × 1 = 3
    <BLANKLINE>
    """
    if not isinstance(value_or_graph, Value | Graph):
        raise TypeError(f"draw takes a Value or a Graph, not {type(value_or_graph).__name__}")
    _check_choice("rankdir", rankdir, _RANKDIRS)
    _check_choice("style", style, _STYLES)
    _check_choice("view", view, _VIEWS)
    _check_choice("fold", fold, ("auto", *FOLDS))
    for name, number in (("depth", depth), ("limit", limit)):
        if not isinstance(number, int) or number < 0:
            raise ValueError(f"{name} is a whole number, 0 or more, not {number!r}")
    timeout, format = seconds(timeout), known(format)
    if view == "gradient" and highlight is not None:
        raise ValueError("highlight is for the forward and the backward view, not for view='gradient'")
    graph = Graph(value_or_graph) if isinstance(value_or_graph, Value) else value_or_graph
    titles = ("",) * len(graph.outputs)
    if view == "gradient":
        _check_size(len(graph), limit, fold)
        graph, titles = _gradient(graph)
    _check_size(len(graph), limit, fold)
    folding = _folded(graph, fold, depth, limit)
    content = Content(
        graph,
        folding,
        _adjoint(graph, view),
        titles,
        None if highlight is None else highlighted(graph, highlight),
        backward=view == "backward",
        legend=legend,
    )
    diagram = compose(content)
    if style == "micrograd":
        diagram = with_separate_operations(diagram)
    return Picture.of(diagram, listing=str(graph), timeout=timeout, format=format, rankdir=rankdir)


def _check_choice(name: str, given: str, choices: tuple[str, ...]) -> None:
    if given not in choices:
        raise ValueError(f"{name} is {', '.join(choices[:-1])} or {choices[-1]}, not {given!r}")


def _check_size(nodes: int, limit: int, fold: str) -> None:
    if nodes <= limit or (nodes <= FOLDABLE and fold not in ("auto", "none")):
        return
    if nodes <= FOLDABLE:
        reason = f"a picture of more than {limit:,} is slow to make and hardly legible"
        advice, insisting = "fold it with draw(..., fold='repeats') or fold='layers', ", "none"
    else:
        reason = f"more than {FOLDABLE:,} are slow even to fold"
        advice, insisting = "", "repeats" if fold == "auto" else fold
    raise ValueError(
        f"this graph has {nodes:,} nodes, and {reason}: {advice}draw an inner Value, print the text listing "
        f"with print(Graph(value)), or insist with draw(..., fold={insisting!r}, limit={nodes})"
    )


def _folded(graph: Graph, fold: str, depth: int, limit: int) -> Folding:
    """The graph's folding; of `auto` the least one whose boxes are legible, or else that of fewest boxes."""
    candidates = [fold] if fold != "auto" else ["none"] if len(graph) <= LARGE else ["sums", "repeats"]
    for candidate in candidates:
        folding = fold_graph(graph, candidate, depth)
        if len(folding.groups) <= LARGE:
            break
    if len(folding.groups) > limit:
        untried = [advice for other, advice in _FOLD_ADVICE.items() if other != candidate]
        raise ValueError(
            f"with fold={candidate!r} this graph of {len(graph):,} nodes still has "
            f"{len(folding.groups):,} boxes, more than {limit:,}: {', '.join(untried)}, draw an inner Value, "
            f"or insist with draw(..., fold={candidate!r}, limit={len(folding.groups)})"
        )
    return folding


def _gradient(graph: Graph) -> tuple[Graph, tuple[str, ...]]:
    """The graph of the derivatives by the inputs, and what each of them is called."""
    derivatives = graph.gradient()
    (output,) = graph.outputs
    whole = output.label if isinstance(output, Value) and output.label else "f"
    names = [f"∂{whole}/∂{given.label or f'input {place}'}" for place, given in enumerate(graph.inputs)]
    return derivatives, tuple(wording.shortened(wording.printable(name)) for name in names)


def _adjoint(graph: Graph, view: str) -> Adjoint | None:
    """How a picture finds a node's adjoint: what was recorded; computed for it; none."""
    if view == "gradient":
        return None
    if view == "backward":
        return all_adjoints(graph, "the backward view").get
    return lambda node: node.grad if node._has_grad else None
