"""Every step of one backward pass checked for itself: each local derivative, and the sweep that joins them.

A gradient that is not the derivative has one of two causes.  Either a step is wrong, and the audit names
it; or every step is right to its last digits, and doubles cannot hold what lies between them.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from autograd.engine import Value
from autograd.graph import Graph
from autograd.notation import brief, expression
from autograd.rows import Primitive
from autograd.sweeps import depending
from autograd.testing import limits
from autograd.testing.replay import NoValue, applied
from autograd.testing.verdicts import Behaviour, Verdict, judge

__all__ = ["Audit", "Step"]

_LOCAL = 64 * 2.0**-53  # the relative error that a local derivative may have, a few times what rows promise
_FORMULA = 8 * 2.0**-53  # and that of its formula without rounding, whose constants are doubles
_UNDERFLOW, _OVERFLOW = 2.0**-1000, 2.0**1000  # adjoints beyond them may have lost their digits


class Step(NamedTuple):
    """The local derivative of a node by one argument, checked; the verdict None says that it is wrong."""

    node: Value
    position: int
    behaviour: Behaviour  # of the node's primitive at its arguments
    verdict: Verdict | None

    def __str__(self) -> str:
        """What was recorded and what is true, of the primitive alone and inside its expression."""
        row: Primitive = self.node.primitive  # type: ignore[assignment]
        numbers = [_data(argument) for argument in self.node.arguments]
        names = [f"x{place or ''}" for place in range(len(numbers))]
        alone = expression(row(*map(Value, numbers, names)))
        point = ", ".join(f"{name} = {x!r}" for name, x in zip(names, numbers, strict=True))
        inside = brief(self.node)
        by = f" by {names[self.position]}" if len(numbers) > 1 else ""
        recorded = self.node.partials[self.position]
        return (
            f"the derivative of {alone}{by} at {point} was recorded as {recorded!r}, "
            f"but is {self.behaviour.description}{f', inside {inside}' if inside != alone else ''}"
        )


class Audit:
    """The steps of the backward pass over a graph with one output, checked when asked for."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    @functools.cached_property
    def _steps(self) -> list[Step]:
        """Every local derivative that can be checked, in topological order.

        Where a number is not finite, or the row has no value over mpmath's numbers, nobody can tell.
        """
        found = []
        checked: dict[Any, tuple[Behaviour, Verdict | None] | None] = {}
        for node in _results_between(self._graph):
            row: Primitive = node.primitive  # type: ignore[assignment]
            numbers = tuple(map(_data, node.arguments))
            if not all(map(math.isfinite, (*numbers, node._data))):
                continue
            for position, argument in enumerate(node.arguments):
                if not isinstance(argument, Value) or row.partial(position) is None:
                    continue
                key = (row, numbers, position, node.partials[position])
                if key not in checked:
                    checked[key] = _checked(row, numbers, position, node.partials[position])
                if (answer := checked[key]) is not None:
                    found.append(Step(node, position, *answer))
        return found

    @property
    def faults(self) -> list[Step]:
        """The steps that are wrong: the first is in the smallest expression."""
        return [step for step in self._steps if step.verdict is None]

    @property
    def conventions(self) -> list[Step]:
        """The steps at a kink, a jump or a pole, where a convention chose the derivative."""
        return [step for step in self._steps if step.verdict not in (None, Verdict.OK, Verdict.INCONCLUSIVE)]

    def sweep_is_right(self, position: int, derivative: float) -> bool:
        """Whether the derivative by an input is what its recorded partials add up to, but for rounding."""
        exact, size, lost = self._adjoints[position]
        if lost:
            return True
        return bool(abs(exact - derivative) <= len(self._graph) * 2.0**-51 * size)

    @functools.cached_property
    def _adjoints(self) -> list[tuple[Any, Any, bool]]:
        """For each input its adjoint without rounding, the sum of the sizes of what is added up for it,
        and whether a double may have over- or underflowed on the way."""
        import mpmath

        (output,) = self._graph.outputs
        nodes = _results_between(self._graph)
        with mpmath.workdps(50):
            zero = mpmath.mpf(0)
            found: dict[Value, tuple[Any, Any, bool]] = {output: (mpmath.mpf(1), mpmath.mpf(1), False)}
            varying = {*nodes, *self._graph.inputs}
            for node in reversed(nodes):
                adjoint, size, lost = found.get(node, (zero, zero, False))
                if size == 0 and not lost:
                    continue
                for position, argument in enumerate(node.arguments):
                    if not isinstance(argument, Value) or argument not in varying:
                        continue
                    partial = node.partials[position]
                    if partial == 0 and node.primitive.skips(position):  # type: ignore[union-attr]
                        continue
                    old, old_size, old_lost = found.get(argument, (zero, zero, False))
                    part = adjoint * partial if adjoint != 0 else zero
                    part_size = size * abs(partial)
                    beyond = part_size != 0 and not _UNDERFLOW < part_size < _OVERFLOW
                    found[argument] = old + part, old_size + part_size, old_lost or lost or beyond
            return [found.get(node, (zero, zero, False)) for node in self._graph.inputs]


def _results_between(graph: Graph) -> list[Value]:
    """The results that depend on the inputs and the output on them, in topological order."""
    (output,) = graph.outputs
    if not isinstance(output, Value):
        return []
    inputs = set(graph.inputs)  # membership in a tuple would compare by value
    varying = depending(graph.nodes, inputs)
    needed, nodes = {output}, []
    for node in reversed(graph.nodes):
        if node in needed and node in varying and node not in inputs:
            nodes.append(node)
            needed.update(argument for argument in node.arguments if isinstance(argument, Value))
    return nodes[::-1]


def _checked(
    row: Primitive, numbers: Sequence[float], position: int, partial: float
) -> tuple[Behaviour, Verdict | None] | None:
    """The row's behaviour by one argument, and the verdict on the partial; None if it cannot be had."""
    try:
        behaviour = limits.behaviour_of_row(row, numbers, position)
    except (NoValue, ImportError):
        return None
    verdict = judge(partial, behaviour, _LOCAL)
    exact = behaviour.derivative
    if verdict is None and exact is not None and _formula_is_right(row, numbers, position, exact):
        verdict = Verdict.OK
    return behaviour, verdict


def _formula_is_right(row: Primitive, numbers: Sequence[float], position: int, derivative: Any) -> bool:
    """Whether the partial, computed without rounding, is the derivative: then its digits are rounding's."""
    import mpmath

    with mpmath.workdps(60):
        arguments = [mpmath.mpf(x) for x in numbers]
        try:
            partial = row.derivative(position, tuple(arguments), applied(row, arguments, mpmath.mpf))
        except (TypeError, ValueError, ArithmeticError):
            return False
        return bool(abs(partial - derivative) <= _FORMULA * abs(derivative))


def _data(argument: Value | float) -> float:
    return argument if isinstance(argument, float) else argument._data
