"""Copy, deepcopy and pickle of nodes, without recursion and for every engine.

Sharing is kept within one call: `(x, loss)` comes back with x the leaf of loss.  A primitive is saved by
name; loading a row that the process has not declared raises LookupError.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

from autograd import modes
from autograd.rows import Primitive, real

Record = tuple[Any, ...]  # (primitive or None, arguments, partials, data, grad or None, label, scope)


def record(node: Any) -> Record:
    """What a node is made of, in the order that `_restored` takes it.

    Raises RuntimeError for a leaf inside a trace.
    """
    if modes.active and modes.current.trace is not None and node.primitive is None:
        raise RuntimeError(
            "copying a leaf inside a trace would freeze the number it happens to hold now: compute with the "
            "Value itself, or with autograd.identity(v)"
        )
    grad = node.grad if node._has_grad else None
    return node.primitive, node.arguments, node.partials, node._data, grad, node.label, node.scope


def checked(record: Any, kind: type) -> Record:
    """The record, if a node of this kind can be made of it: a pickle may have been cut or edited.

    Raises ValueError or TypeError, saying what is wrong, before anything is made.
    """
    if type(record) is not tuple or len(record) != 7:
        raise ValueError("a node is restored from a tuple of 7 things")
    primitive, arguments, partials, data, grad, label, scope = record
    # By type, because isinstance believes what a proxy or a mock says of itself.
    if type(arguments) is not tuple or not all(
        type(a) is float or issubclass(type(a), kind) for a in arguments
    ):
        raise TypeError(f"a node is restored with a tuple of Values and floats as arguments: {arguments!r}")
    if type(partials) is not tuple or not all(type(partial) is float for partial in partials):
        raise TypeError(f"a node is restored with a tuple of floats as partials: {partials!r}")
    if primitive is None:
        fits = not arguments
    elif type(primitive) is Primitive:
        fits = len(arguments) == primitive.arity or (primitive.variadic and len(arguments) > 0)
    else:
        raise TypeError(f"a node is restored with a primitive, or None for a leaf: {primitive!r}")
    if not fits or len(partials) != len(arguments):
        raise ValueError(
            f"a node of {primitive or 'no primitive'} is not restored with {len(arguments)} arguments "
            f"and {len(partials)} partials"
        )
    if not issubclass(type(label), str) or type(scope) is not tuple:
        raise TypeError(f"a node is restored with a str and a tuple as label and scope: {(label, scope)!r}")
    if not all(issubclass(type(name), str) for name in scope):
        raise TypeError(f"a scope is a tuple of names: {scope!r}")
    # Exactly str: a subclass might refer to the node.
    label, scope = str.__str__(label), tuple(map(str.__str__, scope))
    return primitive, arguments, partials, real(data), None if grad is None else real(grad), label, scope


def deepcopied(node: Any, memo: dict[int, Any]) -> Any:
    """The copy of a node and of all it depends on; `memo` is deepcopy's, and what it holds is not walked."""
    stack = [node]
    while stack:
        original = stack[-1]
        primitive, arguments, *rest = record(original)
        missing = [a for a in arguments if not isinstance(a, float) and id(a) not in memo]
        if missing:
            stack.extend(missing)
            continue
        stack.pop()
        if id(original) not in memo:
            copies = tuple(a if isinstance(a, float) else memo[id(a)] for a in arguments)
            memo[id(original)] = type(original)._restored((primitive, copies, *rest))
    return memo[id(node)]


class _Emitted(threading.local):
    nodes: set[Any] | None = None


_emitted = _Emitted()


def reduced(node: Any, topological_order: Callable[[Any], list[Any]]) -> tuple[Any, ...]:
    """What pickle stores of a node: first its ancestors in topological order, then the node itself.

    A pickler walks depth first, by recursion.  So the first node it meets hands it a list of all that
    the node depends on, arguments first: when the list reaches a node, its arguments are known already.
    """
    if _emitted.nodes is not None and node in _emitted.nodes:
        return _restored, (type(node), record(node))
    ancestors = topological_order(node)[:-1]
    if all(not a.arguments for a in ancestors):
        return _restored, (type(node), record(node))
    return _restored_last, (_Ancestors(ancestors), type(node), record(node))


def _restored(kind: Any, saved: Record) -> Any:
    return kind._restored(saved)


def _restored_last(ancestors: list[Any], kind: Any, saved: Record) -> Any:
    return kind._restored(saved)


class _Ancestors(list[Any]):
    """A list of nodes, pickled item by item, each in the knowledge that those before it are stored."""

    def __reduce__(self) -> tuple[Any, ...]:
        return list, (), None, self._items()

    def _items(self) -> Iterator[Any]:
        outer, _emitted.nodes = _emitted.nodes, set()
        try:
            for node in self:
                _emitted.nodes.add(node)
                yield node
        finally:
            _emitted.nodes = outer
