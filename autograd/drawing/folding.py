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
    roots = _roots(graph, outputs, fold) if fold in ("sums", "repeats") else {node: node for node in graph}
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
    uses: collections.Counter[Value] = collections.Counter()
    users: dict[Value, Value] = {}
    for node in graph:
        for argument in node.arguments:
            if isinstance(argument, Value):
                uses[argument] += 1
                users[argument] = node
    roots: dict[Value, Value] = {}
    for node in reversed(graph.nodes):
        user = users.get(node)
        joins = user is not None and uses[node] == 1 and node not in outputs and _joins(node, user, fold)
        roots[node] = roots[user] if joins and user is not None else node
    large = _large_trees(roots)
    for node in reversed(graph.nodes):
        root = roots[node]
        if root not in large:
            roots[node] = node
        if node.primitive is None and uses[node] == 1 and node.scope:
            user = users[node]
            if roots[user] in large and user.scope == node.scope and node not in outputs:
                roots[node] = roots[user]  # a parameter of this sum alone
    return roots


def _joins(node: Value, user: Value, fold: str) -> bool:
    if node.primitive is None or node.label or node.scope != user.scope:
        return False
    if user.primitive is add:
        return node.primitive is add or node.primitive in _PRODUCTS
    return fold == "repeats" and node.primitive is user.primitive and _is_unary(node) and _is_unary(user)


def _is_unary(node: Value) -> bool:
    return sum(isinstance(argument, Value) for argument in node.arguments) == 1


def _large_trees(roots: dict[Value, Value]) -> set[Value]:
    """The roots of those trees that are worth a box of their own kind."""
    sizes = collections.Counter(
        root
        for node, root in roots.items()
        if node.primitive is root.primitive and root.primitive is not None
    )
    return {
        root
        for root, size in sizes.items()
        if size >= (_SMALLEST_SUM if root.primitive is add else _SMALLEST_RUN)
    }


def _weights(graph: Graph, roots: dict[Value, Value]) -> dict[Value, float]:
    """The derivative of each tree's root by each of its nodes: one path, for each serves one user only."""
    weights = {node: 1.0 for node in graph if roots[node] is node}
    for node in reversed(graph.nodes):
        for position, argument in enumerate(node.arguments):
            if isinstance(argument, Value) and roots[argument] is roots[node]:
                weights[argument] = weights[node] * node.partials[position]
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
    """A number for each way to be computed: equal operations, in one scope, of equally computed arguments."""
    numbers: dict[Hashable, int] = {}
    keys: dict[Value, Hashable] = {}
    given: dict[Value, list[Hashable]] = {}
    sizes = collections.Counter(roots.values())
    for node in graph:
        root = roots[node]
        taken = given.setdefault(root, [])
        taken += [
            None if isinstance(argument, float) else keys[argument]
            for argument in node.arguments
            if isinstance(argument, float) or roots[argument] is not root
        ]
        if node is root:
            operands: Hashable = tuple(taken)
            if sizes[root] > 1:  # in a sum the order does not matter
                operands = (sizes[root], tuple(sorted(collections.Counter(taken).items(), key=repr)))
            name = node.primitive.name if node.primitive else ""
            way = (name, wording.stem(node.label), node.scope[:depth], node in outputs, operands)
            keys[node] = numbers.setdefault(way, len(numbers))
            del given[node]
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
    text = _tree(first) if len(first) > 1 else operation(tops[0], exact=False)
    label = wording.series(node.label for node in tops)
    return Group(tuple(nodes), outward, text, _times(label, len(tops)), scope, tree=len(tops) == 1)


def _times(label: str, amount: int) -> str:
    return "  ".join(filter(None, [label, f"×{amount:,}" if amount > 1 else ""]))


def _tree(nodes: Iterable[Value]) -> str:
    """What a tree computes: `Σ 16 products + b`, `sin, 1,000 in a row`."""
    tree = [node for node in nodes if node.primitive is not None]
    root = tree[-1]
    if root.primitive is not add:
        return f"{operation(root, exact=False)}, {len(tree):,} in a row"
    products = sum(node.primitive in _PRODUCTS for node in tree)
    additions = {node for node in tree if node.primitive is add}
    others = [
        argument
        for node in additions
        for argument in node.arguments
        if (isinstance(argument, float) and argument != 0)  # sum() begins with a 0
        or (isinstance(argument, Value) and argument not in additions and argument.primitive not in _PRODUCTS)
    ]
    if not products:
        return f"Σ {len(others):,} terms"
    if not others:
        return f"Σ {products:,} products"
    (only,) = others if len(others) == 1 else (None,)
    named = only.label if isinstance(only, Value) and only.label else wording.count(len(others), "term")
    return f"Σ {products:,} products + {wording.shortened(named, 12)}"


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
