"""A function under test: its values at any point, over doubles and over mpmath's numbers.

It runs as a replay of its trace.  Where the inputs take a branch that no trace has met, the function
itself is traced again, there.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence
from typing import Any

from autograd.engine import Value
from autograd.graph import Graph
from autograd.testing.replay import OtherBranch, Replay

__all__ = ["Subject"]

_MOST_BRANCHES = 64  # paths kept for the next point


class Subject:
    """The function of numbers that a graph with one output recorded, and the point at which it did.

    `retrace` records it anew for other inputs; without it there is the one path, and the function has no
    value where another would be taken.
    """

    def __init__(
        self,
        graph: Graph,
        retrace: Callable[[Sequence[float]], Graph] | None = None,
        written: Collection[Value] | None = None,
    ) -> None:
        self.graph = graph
        self.written = set(graph.nodes) if written is None else written
        """The nodes that a user wrote; the others of a derivative come from the rows' partials."""

        self.point = [node._data for node in graph.inputs]
        self._retrace = retrace
        self._paths = [Replay(graph)]

    @property
    def replay(self) -> Replay:
        """The path of the recorded point."""
        return self._paths[0]

    def derivatives(self) -> list[Subject]:
        """The derivative by each input, as a function itself."""
        return [self._derivative(position) for position in range(len(self.graph.inputs))]

    def _derivative(self, position: int) -> Subject:
        def differentiated(graph: Graph) -> Graph:
            return graph.gradient(graph.inputs[position])

        retrace = self._retrace
        derivative = differentiated(self.graph)
        if retrace is None:
            return Subject(derivative, None, self.written)
        return Subject(derivative, lambda point: differentiated(retrace(point)), self.written)

    def is_constant_along(self, position: int) -> bool:
        """Whether the output certainly does not depend on an input, near the point.

        Over a small step to either side each change on the way ends at an operation that does not select
        it, as relu's do below 0; an operation that swallows a change by rounding proves nothing.
        """
        here = self.replay.over_floats(self.point)
        x = self.point[position]
        for step in (2.0**-20 * (abs(x) or 1.0), -(2.0**-20) * (abs(x) or 1.0)):
            moved = [*self.point[:position], x + step, *self.point[position + 1 :]]
            try:
                there = self.replay.over_floats(moved)
            except OtherBranch:
                return False
            changed = [a != b for a, b in zip(here, there, strict=True)]
            if changed[self.replay.output] or x + step == x:
                return False
            first = len(here) - len(self.replay.steps)
            for place, (row, operands) in enumerate(self.replay.steps, first):
                if not changed[place] and not row.selects and any(changed[operand] for operand in operands):
                    return False
        return True

    def along(self, position: int) -> Callable[[float], float]:
        """The function of one of its inputs, as a double; nan where it has no value, or raises."""
        inputs = list(self.point)

        def function(x: float) -> float:
            inputs[position] = x
            value: float = self._value(lambda path: path.over_floats(inputs), inputs, math.nan)
            return value

        return function

    def along_precisely(self, position: int) -> Callable[[Any], Any]:
        """The function of the distance from an input, over mpmath's numbers; None where it has no value."""
        import mpmath

        def function(distance: Any) -> Any:
            inputs = [mpmath.mpf(x) for x in self.point]
            inputs[position] += distance
            doubles = list(self.point)
            doubles[position] = _towards(float(inputs[position]), self.point[position], distance)
            value = self._value(lambda path: path.over(inputs, mpmath.mpf), doubles, None)
            return None if value is None or mpmath.isnan(value) else value

        return function

    def _value(self, run: Callable[[Replay], list[Any]], doubles: Sequence[float], nowhere: Any) -> Any:
        """The output of the path that fits; a path that nobody has met is looked for at `doubles`."""
        for path in self._paths:
            try:
                return run(path)[path.output]
            except OtherBranch:
                continue
        if self._retrace is None:
            return nowhere
        try:
            path = Replay(self._retrace(doubles))
        except Exception:  # whatever a user's function raises where it has no value
            return nowhere
        if len(self._paths) < _MOST_BRANCHES:
            self._paths.append(path)
        try:
            return run(path)[path.output]
        except OtherBranch:
            return nowhere


def _towards(nearest: float, x: float, distance: Any) -> float:
    """A double on the same side of x as the distance, however small that is."""
    return nearest if nearest != x or distance == 0 else math.nextafter(x, math.copysign(math.inf, distance))
