"""The chain rule over recorded nodes, in reverse and forward, for the transforms and for graphs.

A sweep feeds the rows' partials with the stored floats, or with the nodes themselves: then the derivative
is a graph, to be differentiated again.  Unlike `backward` it touches no `.grad`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

from autograd import modes
from autograd.engine import Condition, Value, topological_order
from autograd.node import check_finite
from autograd.primitives import selected_product, strong_product
from autograd.rows import Primitive

__all__ = ["adjoints", "depending", "handed_on", "tangents"]


def adjoints(
    outputs: Sequence[Any],
    seeds: Sequence[Any],
    wrt: Sequence[Value],
    *,
    as_values: bool,
    inputs: Sequence[Value] = (),
) -> list[Any]:
    """The derivatives by each of `wrt` of the sum of outputs times seeds: one reverse sweep.

    As floats, from the recorded partials; or `as_values`, from the rows' partials applied to the nodes,
    so that they can be differentiated again.  `.grad` is not touched.  The sweep ends at `inputs`, whatever
    they were computed from.
    """
    recorded = [output for output in outputs if isinstance(output, Value)]
    order = topological_order(*recorded)
    if conditions := [node for node in order if isinstance(node, Condition)]:
        # Contributions are added in the order of the same program without a trace, where they are bools.
        order = topological_order(*recorded, without=conditions)
    varying = depending(order, wrt)
    found: dict[Value, Any] = {}
    for output, seed in zip(outputs, seeds, strict=True):
        if isinstance(output, Value):
            found[output] = found[output] + seed if output in found else seed
    contribution = _value_contribution if as_values else handed_on
    ends = {node for node in inputs if node.primitive is not None}
    for node in reversed(order):
        if node not in found or node not in varying or node in ends:
            continue
        for position, argument in enumerate(node.arguments):
            if not isinstance(argument, float) and argument in varying:
                part = contribution(found[node], node, position)
                if part is not None:
                    found[argument] = found[argument] + part if argument in found else part
    _check_all("the adjoint of ", reversed(order), found)
    return [found.get(node, 0.0) for node in wrt]


def tangents(
    outputs: Sequence[Any], wrt: Sequence[Value], seeds: Sequence[Any], *, as_values: bool
) -> list[Any]:
    """The derivatives of each output in the direction `seeds` of `wrt`: one forward sweep."""
    found: dict[Value, Any] = dict(zip(wrt, seeds, strict=True))
    contribution = _value_contribution if as_values else handed_on
    order = topological_order(*(output for output in outputs if isinstance(output, Value)))
    for node in order:
        if node in found:
            continue
        total = None
        for position, argument in enumerate(node.arguments):
            if not isinstance(argument, float) and argument in found:
                part = contribution(found[argument], node, position)
                if part is not None:
                    total = part if total is None else total + part
        if total is not None:
            found[node] = total
    _check_all("the tangent of ", order, found)
    return [found.get(output, 0.0) if isinstance(output, Value) else 0.0 for output in outputs]


def _check_all(what: str, nodes: Iterable[Value], found: dict[Value, Any]) -> None:
    """Inside detect_anomaly, raises for the first node with a nan or an infinity."""
    if modes.current.watched:
        for node in nodes:
            number = found.get(node, 0.0)
            check_finite(what, node, number._data if isinstance(number, Value) else number)


def depending(order: Iterable[Value], sources: Iterable[Value]) -> set[Value]:
    """The sources, and those nodes of a topological order that depend on them."""
    found = set(sources)
    for node in order:
        for argument in node.arguments:
            if not isinstance(argument, float) and argument in found:
                found.add(node)
                break
    return found


def handed_on(factor: float, node: Value, position: int) -> float | None:
    """An adjoint (or tangent) times a recorded partial; None where the strong zero says: not visited.

    >>> handed_on(float("inf"), Value(-1.0).relu(), 0) is None  # relu did not select its argument
    True
    """
    primitive: Primitive = node.primitive  # type: ignore[assignment]
    partial = node.partials[position]
    if factor == 0 or (partial == 0 and primitive.skips(position)):
        return None
    return factor * partial


def _value_contribution(factor: Any, node: Value, position: int) -> Any:
    """The same product as a graph, where the strong zero is decided anew at every replay."""
    primitive: Primitive = node.primitive  # type: ignore[assignment]
    partial = primitive.derivative(position, node.arguments, node)
    if not isinstance(factor, Value) and factor == 0:
        return None
    if not isinstance(partial, Value):
        if partial == 0 and primitive.skips(position):
            return None
        if partial in (1, -1):
            return factor if partial == 1 else -factor
        if math.isfinite(partial):
            return factor * partial
    elif not isinstance(factor, Value):
        if factor == 1:
            return partial
        if math.isfinite(factor) and not primitive.skips(position):
            return factor * partial
    return (selected_product if primitive.skips(position) else strong_product)(factor, partial)
