"""How far rounding may have moved a computed result from the exact one, and which operations are to blame.

The adjoint of a node says by how much the output moves if the node's value does, so one backward pass
carries the rounding error of every operation to the output.  This is the theory of first order: it
takes the derivatives as constant over errors of the size of a rounding, and knows nothing of a branch
that rounding decided otherwise, nor of a result that overflowed on the way.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable
from typing import NamedTuple

from autograd import primitives
from autograd.engine import Value, topological_order
from autograd.graph import Graph
from autograd.rows import Primitive
from autograd.sweeps import adjoints

__all__ = ["Contribution", "RoundingError", "bound", "rounding_error"]

_HALF_ULP = 2.0**-53  # of a normal number, relative to it
_SMALLEST = 5e-324  # half of it, an operation's error among the subnormal numbers, is no double
_SHOWN = 10

_EXACT = frozenset({
    primitives.identity, primitives.neg, primitives.abs, primitives.nonnegative, primitives.sign,
    primitives.copysign, primitives.floor, primitives.ceil, primitives.trunc, primitives.round,
    primitives.fmod, primitives.remainder, primitives.ldexp,
})  # fmt: skip

_CORRECTLY_ROUNDED = frozenset({
    primitives.add, primitives.sub, primitives.mul, primitives.div, primitives.square,
    primitives.reciprocal, primitives.sqrt, primitives.fsum, primitives.strong_product,
    primitives.selected_product,
})  # fmt: skip

_LONG = frozenset({
    primitives.gamma, primitives.lgamma, primitives.digamma, primitives.polygamma, primitives.gelu,
})  # fmt: skip


class Contribution(NamedTuple):
    """What the rounding of one node's value may do to the output."""

    node: Value
    adjoint: float
    error: float


class RoundingError:
    """How far the output may be from the exact value for the same leaves, which count as exact.

    `bound` is absolute and `relative` to the output; inf where an adjoint or a value is inf or nan, for
    then nothing is known.  `contributions` has one entry for each node that adds to the bound, largest
    first.  The text is a table of them.
    """

    output: float
    bound: float
    relative: float
    contributions: tuple[Contribution, ...]

    def __init__(self, output: float, contributions: Iterable[Contribution]) -> None:
        found = [part for part in contributions if part.error > 0]
        self.output = output
        self.contributions = tuple(sorted(found, key=lambda part: -part.error))
        self.bound = sum(part.error for part in found) if math.isfinite(output) else math.inf
        if 0 < abs(output) < math.inf:
            self.relative = self.bound / abs(output)
        else:
            self.relative = math.inf if self.bound else 0.0

    def __repr__(self) -> str:
        return f"<RoundingError of {self.bound:.2g} in {self.output!r}>"

    def __str__(self) -> str:
        lines = [f"{self.output!r}, rounded by at most {self.bound:.2g} (relative {self.relative:.2g})"]
        if self.contributions:
            lines.append(f"{'operation':<16}{'value':>24}{'adjoint':>13}{'error':>11}{'share':>9}")
        for node, adjoint, error in self.contributions[:_SHOWN]:
            share = error / self.bound if error < math.inf else 1.0
            name = node.label or node.primitive.name  # type: ignore[union-attr]
            lines.append(f"{name:<16}{node._data!r:>24}{adjoint:>13.3g}{error:>11.2g}{share:>9.1%}")
        if (more := len(self.contributions) - _SHOWN) > 0:
            lines.append(f"and {more:,} more")
        return "\n".join(lines)


def rounding_error(output: Value | Graph) -> RoundingError:
    """The bound of the rounding error in a Value, or in the one output of a Graph, as recorded.

    One reverse sweep over floats; `.grad` is not touched.  Raises TypeError for anything else, and
    ValueError for a graph that has not one output.

    >>> from autograd.primitives import exp
    >>> x = Value(1e-7, label="x")
    >>> error = rounding_error((exp(x) - 1) / x)
    >>> print(error)
    1.0000000494336803, rounded by at most 4.4e-09 (relative 4.4e-09)
    operation                          value      adjoint      error    share
    exp                    1.000000100000005        1e+07    4.4e-09   100.0%
    sub               1.0000000494336803e-07        1e+07    1.1e-16     0.0%
    div                   1.0000000494336803            1    1.1e-16     0.0%
    """
    if not isinstance(output, Graph | Value):
        raise TypeError(f"a rounding error is that of a Value or a Graph, not of {type(output).__name__}")
    outputs = output.outputs if isinstance(output, Graph) else (output,)
    if len(outputs) != 1:
        raise ValueError(f"a rounding error is that of one output, and this graph has {len(outputs)}")
    if not isinstance(outputs[0], Value):
        return RoundingError(outputs[0], ())
    nodes = topological_order(outputs[0])
    found = adjoints(outputs, [1.0], nodes, as_values=False)
    parts = (Contribution(*part) for part in zip(nodes, found, errors(nodes, found), strict=True))
    return RoundingError(outputs[0]._data, parts)


def bound(nodes: Iterable[Value], adjoints: Iterable[float]) -> float:
    """What the rounding of all these nodes' values may do to the output; inf where nothing is known."""
    return sum(errors(nodes, adjoints))


def errors(nodes: Iterable[Value], adjoints: Iterable[float]) -> list[float]:
    """The same for each node alone."""
    found = []
    for node, adjoint in zip(nodes, adjoints, strict=True):
        error = 0.0
        if node.primitive is not None and adjoint != 0 and (count := _half_ulps(node.primitive)):
            error = count * abs(adjoint) * (abs(node._data) * _HALF_ULP + _SMALLEST)
        found.append(error if error == error else math.inf)
    return found


@functools.cache
def _half_ulps(row: Primitive) -> int:
    """How far a row's value may be from the exact one, in halves of a unit in the last place.

    IEEE 754 rounds the operations of arithmetic correctly.  The C library promises nothing, but its
    functions are measured within 2 ulp, and the rows that are formulas within 4, the gamma family and gelu
    within 10.  Not so, relative to the value: lgamma and logaddexp close to their roots, the gamma family
    left of 0, gelu far left of it.
    """
    if row in _CORRECTLY_ROUNDED:
        return 1
    if row in _EXACT or row.selects is True:
        return 0
    if row in _LONG:
        return 20
    return 8 if row.defined else 4
