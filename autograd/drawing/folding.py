"""Which nodes of a graph share a box: sums of products, series of leaves, repeats, layers.

Folding is two steps.  First a node that serves one user only may join it, so that a sum with all of its
products is one tree, named by its root.  Then roots of equal keys share a box; what the key is depends on
the fold.  Both are one pass over the graph, without recursion, and know nothing of pictures.
"""

from __future__ import annotations

import collections
from collections.abc import Callable, Hashable, Iterable
from typing import NamedTuple

from autograd.drawing import wording
from autograd.engine import Value
from autograd.graph import Graph
from autograd.primitives import add, mul, square
from autograd.rows import Primitive
from autograd.sweeps import handed_on

__all__ = ["FOLDS", "Folding", "Group", "fold_graph"]

FOLDS = ("none", "sums", "repeats", "layers")

_PRODUCTS = (mul, square)
_SMALLEST_SUM = 2  # additions, of three terms
_SMALLEST_RUN = 3  # equal operations, each on the result of the one before


class Group(NamedTuple):
    """The nodes of one box, arguments before results; its `heads` are those that others use, or outputs."""

    nodes: tuple[Value, ...]
    heads: tuple[Value, ...]
    operation: str
    label: str
    scope: tuple[str, ...]
    tree: bool = True  # all of it serves one head, so that an operand has one derivative

    @property
    def folded(self) -> bool:
        """Whether the box stands for more than a node."""
        return len(self.nodes) > 1


class Folding(NamedTuple):
    """The groups in order; where each node is; and the derivative of its tree's root by each node in one."""

    groups: tuple[Group, ...]
    places: dict[Value, int]
    weights: dict[Value, float]


def fold_graph(graph: Graph, fold: str, depth: int) -> Folding:
    """Folds a graph; `depth` is how much of a scope counts.

    none -- a box for every node.
    sums -- a sum of products is one box, with the leaves of its own scope; leaves of a series are one.
    repeats -- and so are boxes that compute the same of the same, and runs of one operation.
    layers -- a scope is one box, and so is what lies between two.

    >>> from autograd import Value
    >>> xs = [Value(1.0, f"x{i}") for i in range(9)]
    >>> ws = [Value(2.0, f"w{i}") for i in range(9)]
    >>> graph = Graph(sum(w * x for w, x in zip(ws, xs)).tanh())
    >>> [(group.operation, group.label) for group in fold_graph(graph, "sums", 1).groups]
    [('', 'w0 … w8  ×9'), ('', 'x0 … x8  ×9'), ('Σ 9 products', ''), ('tanh', '')]
    """
    outputs = {output for output in graph.outputs if isinstance(output, Value)}
    roots = _roots(graph, outputs, fold)
    key = _keys(graph, roots, outputs, fold, depth)
    gathered: dict[Hashable, list[Value]] = {}
    for node in graph:
        gathered.setdefault(key(roots[node]), []).append(node)
    places = {node: place for place, nodes in enumerate(gathered.values()) for node in nodes}
    heads = outputs | {
        argument
        for node in graph
        for argument in node.arguments
        if isinstance(argument, Value) and places[argument] != places[node]
    }
    groups = [_group(nodes, heads, roots, fold, depth) for nodes in gathered.values()]
    return Folding(tuple(groups), places, _weights(graph, roots))


# --- Trees: a node that joins its only user ------------------------------------------------------------


def _roots(graph: Graph, outputs: set[Value], fold: str) -> dict[Value, Value]:
    """For each node the last one of its tree, which for most is itself."""
    roots = {node: node for node in graph}
    if fold in ("sums", "repeats"):
        users = _only_users(graph, outputs)
        sums = _sums(graph, users)
        roots |= sums
    if fold == "repeats":
        elsewhere = {node: user for node, user in users.items() if node not in sums and user not in sums}
        roots |= _trees(graph, elsewhere, _goes_on, _SMALLEST_RUN)
    return roots


def _only_users(graph: Graph, outputs: set[Value]) -> dict[Value, Value]:
    """The user of each node that is one operand of one node, and no output."""
    users: dict[Value, Value] = {}
    shared = set(outputs)
    for node in graph:
        for argument in node.arguments:
            if isinstance(argument, Value):
                if argument in users:
                    shared.add(argument)
                users[argument] = node
    return {argument: user for argument, user in users.items() if argument not in shared}


def _sums(graph: Graph, users: dict[Value, Value]) -> dict[Value, Value]:
    """The nodes of each sum, with its last addition: additions, products, parameters of it alone."""
    roots = _trees(graph, users, lambda node, user: _adds(node, user, (add,)), _SMALLEST_SUM)
    for node in reversed(graph.nodes):
        user = users.get(node)
        if user in roots and (_is_parameter(node, user) or _adds(node, user, _PRODUCTS)):
            roots[node] = roots[user]
    return roots


def _trees(
    graph: Graph, users: dict[Value, Value], joins: Callable[[Value, Value], bool], least: int
) -> dict[Value, Value]:
    """The nodes of the trees of at least so many, with the last one of each."""
    roots: dict[Value, Value] = {}
    for node in reversed(graph.nodes):
        user = users.get(node)
        roots[node] = roots[user] if user is not None and joins(node, user) else node
    sizes = collections.Counter(roots.values())
    return {node: root for node, root in roots.items() if sizes[root] >= least}


def _is_parameter(node: Value, user: Value) -> bool:
    return node.primitive is None and node.scope != () and node.scope == user.scope


def _adds(node: Value, user: Value, kinds: tuple[Primitive, ...]) -> bool:
    """Whether the user adds a node that is of one of these kinds."""
    return user.primitive is add and node.primitive in kinds and _may_join(node, user)


def _goes_on(node: Value, user: Value) -> bool:
    """Whether the user does the same again, to an operand in the same place: `- ·` is no `· -`."""
    if user.primitive is not node.primitive or not _may_join(node, user):
        return False
    places = _places(node)
    return len(places) == 1 and places == _places(user)


def _may_join(node: Value, user: Value) -> bool:
    """A label is to be seen, and a scope is not to be left."""
    return not node.label and node.scope == user.scope


def _places(node: Value) -> list[int]:
    return [place for place, argument in enumerate(node.arguments) if isinstance(argument, Value)]


def _terms(addition: Value, roots: dict[Value, Value]) -> list[Value | float]:
    """What an addition of a sum adds to it: no other addition of the same sum, and no 0, as sum() begins."""
    return [
        operand
        for operand in addition.arguments
        if (
            operand != 0
            if isinstance(operand, float)
            else operand.primitive is not add or roots[operand] is not roots[addition]
        )
    ]


def _weights(graph: Graph, roots: dict[Value, Value]) -> dict[Value, float]:
    """The derivative of each tree's root by each of its nodes: one path, for each serves one user only."""
    weights = {node: 1.0 for node in graph if roots[node] is node}
    for node in reversed(graph.nodes):
        for position, argument in enumerate(node.arguments):
            if isinstance(argument, Value) and roots[argument] is roots[node]:
                weights[argument] = handed_on(weights[node], node, position) or 0.0
    return weights


# --- Keys: roots that share a box ----------------------------------------------------------------------


def _keys(
    graph: Graph, roots: dict[Value, Value], outputs: set[Value], fold: str, depth: int
) -> Callable[[Value], Hashable]:
    if fold == "none":
        return lambda root: root
    keys = {
        "sums": _keys_of_series,
        "repeats": _keys_of_repeats,
        "layers": _keys_of_layers,
    }[fold](graph, roots, outputs, depth)
    return lambda root: keys.get(root, root)


def _keys_of_series(
    graph: Graph, roots: dict[Value, Value], outputs: set[Value], depth: int
) -> dict[Value, Hashable]:
    """Leaves with labels alike, of the same scope, that the same trees use."""
    users: dict[Value, dict[Value, None]] = {}
    for node in graph:
        for argument in node.arguments:
            if isinstance(argument, Value) and argument.primitive is None:
                users.setdefault(argument, {})[roots[node]] = None
    return {
        leaf: (stem, leaf.scope, tuple(users.get(leaf, ())))
        for leaf in graph
        if leaf.primitive is None and roots[leaf] is leaf and leaf not in outputs
        for stem in [wording.stem(leaf.label)]
        if stem
    }


def _keys_of_repeats(
    graph: Graph, roots: dict[Value, Value], outputs: set[Value], depth: int
) -> dict[Value, Hashable]:
    """A number for each way to be computed: one operation, in one scope, of equally computed operands.

    Whether a node has joined another is part of the way, so that equal numbers mean trees of equal shape.
    A sum's operands are its terms, in any order; those of all else stand in their places, as do numbers.
    """
    numbers: dict[Hashable, int] = {}
    keys: dict[Value, Hashable] = {}
    terms: dict[Value, list[Hashable]] = {}
    sizes = collections.Counter(roots.values())

    def ways(operands: Iterable[Value | float]) -> list[Hashable]:
        return [None if isinstance(operand, float) else keys[operand] for operand in operands]

    for node in graph:
        root = roots[node]
        operands: Hashable
        if node.primitive is add and sizes[root] > 1:
            terms.setdefault(root, []).extend(ways(_terms(node, roots)))
            if node is not root:
                continue
            operands = frozenset(collections.Counter(terms.pop(root)).items())
        else:
            operands = tuple(ways(node.arguments))
        name = node.primitive.name if node.primitive else ""
        way = (name, wording.stem(node.label), node.scope[:depth], node in outputs, root is node, operands)
        keys[node] = numbers.setdefault(way, len(numbers))
    return keys


def _keys_of_layers(
    graph: Graph, roots: dict[Value, Value], outputs: set[Value], depth: int
) -> dict[Value, Hashable]:
    """The scope; of leaves without one the label's stem; of other nodes the last scope they depend on."""
    order: dict[tuple[str, ...], int] = {}
    latest: dict[Value, int] = {}
    keys: dict[Value, Hashable] = {}
    for node in graph:
        scope = node.scope[:depth]
        own = order.setdefault(scope, len(order) + 1) if scope else 0
        arguments = [latest[argument] for argument in node.arguments if isinstance(argument, Value)]
        latest[node] = max([own, *arguments])
        if scope:
            keys[node] = scope
        elif node.primitive is None:
            keys[node] = ("leaf", wording.stem(node.label), node in outputs)
        else:
            keys[node] = latest[node]
    return keys


# --- Words ---------------------------------------------------------------------------------------------


def _group(nodes: list[Value], heads: set[Value], roots: dict[Value, Value], fold: str, depth: int) -> Group:
    if len(nodes) == 1:
        return Group(tuple(nodes), tuple(nodes), operation(nodes[0]), nodes[0].label, nodes[0].scope[:depth])
    scopes = {node.scope[:depth] for node in nodes}
    scope = scopes.pop() if len(scopes) == 1 else ()
    outward = tuple(node for node in nodes if node in heads) or tuple(nodes)
    if all(node.primitive is None for node in nodes):
        label = _times(wording.series(node.label for node in nodes), len(nodes))
        return Group(tuple(nodes), outward, "", label, scope)
    if fold == "layers":
        return Group(
            tuple(nodes),
            outward,
            wording.count(len(nodes), "node"),
            "/".join(scope),
            scope[:-1],
            tree=False,
        )
    tops = [node for node in nodes if roots[node] is node]
    first = [node for node in nodes if roots[node] is tops[0]]
    text = _tree(first, roots) if len(first) > 1 else operation(tops[0], exact=False)
    label = wording.series(node.label for node in tops)
    return Group(tuple(nodes), outward, text, _times(label, len(tops)), scope, tree=len(tops) == 1)


def _times(label: str, amount: int) -> str:
    return "  ".join(filter(None, [label, f"×{amount:,}" if amount > 1 else ""]))


def _tree(nodes: Iterable[Value], roots: dict[Value, Value]) -> str:
    """What a tree computes: `Σ 16 products + b`, `sin, 1,000 in a row`."""
    tree = [node for node in nodes if node.primitive is not None]
    root = tree[-1]
    if root.primitive is not add:
        return f"{operation(root, exact=False)}, {len(tree):,} in a row"
    terms = [term for node in tree if node.primitive is add for term in _terms(node, roots)]
    products = sum(node.primitive is not add for node in tree)
    others = [
        term for term in terms if isinstance(term, float) or term.primitive is None or roots[term] is not root
    ]
    if not products:
        return f"Σ {wording.count(len(others), 'term')}"
    text = f"Σ {wording.count(products, 'product')}"
    if not others:
        return text
    (only,) = others if len(others) == 1 else (None,)
    named = only.label if isinstance(only, Value) and only.label else wording.count(len(others), "term")
    return f"{text} + {wording.shortened(named, 12)}"


def operation(node: Value, exact: bool = True) -> str:
    """How the node was computed, with its number operands in place: `tanh`, `* 2`, `clamp(·, 0, 1)`.

    Unless `exact`, a dot stands for every number.
    """
    row = node.primitive
    if row is None:
        return ""
    operands = [
        (wording.number(operand) if exact else wording.ANY) if isinstance(operand, float) else ""
        for operand in node.arguments
    ]
    if not any(operands):
        return str(row.symbol)
    if row.infix:
        return f" {row.infix} ".join(operands).strip()
    return f"{row.symbol}({', '.join(operand or wording.ANY for operand in operands)})"
