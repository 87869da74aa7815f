"""A recorded program as a flat list of steps, to be run over any kind of number, quickly and often.

`Graph.evaluate` replays a graph for a user, in the containers of the traced function.  What tests a
gradient runs one program hundreds of times: over doubles at neighbouring points, over mpmath's numbers,
over balls.  A `Replay` knows no derivative.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from autograd.engine import Value
from autograd.graph import Graph
from autograd.rows import Primitive

__all__ = ["NoValue", "OtherBranch", "Replay", "applied"]

_NUMERIC_ERRORS = (ValueError, ArithmeticError)
_MOST_BITS = 50_000  # of an exponent: more takes mpmath's functions minutes

_general: dict[Primitive, bool] = {}  # whether a row computes with whatever numbers it is given


class NoValue(TypeError):
    """A row has no value over these numbers."""


class OtherBranch(Exception):
    """These inputs take another branch of the traced function than the one that was recorded."""


def _exponent(number: Any) -> int:
    """The binary exponent of an mpmath number; 0 of any other."""
    parts = getattr(number, "_mpf_", None)
    return parts[2] + parts[3] if parts else 0


def _keeps_digits(row: Primitive, arguments: Sequence[Any]) -> bool:
    """Whether a row's function leaves its arguments as they are: many a number becomes a float in silence,
    which a Value never does."""
    try:
        row.function(*(Value(float(argument)) for argument in arguments))
    except Exception:  # whatever a user's function raises for what is no float
        return False
    return True


def applied(row: Primitive, arguments: Sequence[Any], lift: Callable[[float], Any]) -> Any:
    """The row's value for numbers of another kind; `lift` makes one of a float, exactly.

    Where the operation raises it has the value that IEEE 754 gives it.  Raises NoValue.
    """
    if any(_exponent(argument) > _MOST_BITS for argument in arguments):
        raise NoValue(f"{row.name} is given a number far beyond the doubles")
    if row not in _general:
        _general[row] = row.states_other_forms or _keeps_digits(row, arguments)
    if not _general[row]:
        raise NoValue(f"{row.name} computes with floats, not with rows")
    try:
        result = row(*arguments)
    except _NUMERIC_ERRORS:
        result = row.value(*map(float, arguments))
    except TypeError as error:
        raise NoValue(f"{row.name} has no value over numbers other than floats") from error
    return lift(result) if isinstance(result, float | int) and not row.comparison else result


class Replay:
    """The steps of a graph with one output.

    A run gives a list with one number for each of the graph's inputs, then captured leaves, constants and
    results; `places` says where each node's stands, `output` where the output's.

    >>> from autograd.graph import trace
    >>> replay = Replay(trace(lambda x, y: x * y + 1)(2.0, 3.0))
    >>> values = replay.over_floats([5.0, 7.0])
    >>> values, values[replay.output]
    ([5.0, 7.0, 1.0, 35.0, 36.0], 36.0)
    """

    def __init__(self, graph: Graph) -> None:
        program = graph.program
        inputs = dict.fromkeys(graph.inputs)
        captured = [node for node in program if node.primitive is None and node not in inputs]
        results = [node for node in program if node.primitive is not None and node not in inputs]
        constants = [a for node in results for a in node.arguments if isinstance(a, float)]
        (output,) = graph.outputs
        if not isinstance(output, Value):
            constants.append(output)
        self.fixed: list[float] = [*(leaf._data for leaf in captured), *constants]
        """The numbers between the inputs and the results."""

        first = len(inputs) + len(self.fixed)
        self.places: dict[Value, int] = {
            node: place for place, node in [*enumerate([*inputs, *captured]), *enumerate(results, first)]
        }
        self.output = self.places[output] if isinstance(output, Value) else first - 1
        constant = len(inputs) + len(captured)
        self.steps: list[tuple[Primitive, tuple[int, ...]]] = []
        for node in results:
            operands = []
            for argument in node.arguments:
                if isinstance(argument, float):
                    operands.append(constant)
                    constant += 1
                else:
                    operands.append(self.places[argument])
            self.steps.append((node.primitive, tuple(operands)))  # type: ignore[arg-type]
        self._branches = [(self.places[condition], outcome) for condition, outcome in graph.branches]

    def over_floats(self, inputs: Sequence[float]) -> list[Any]:
        """The numbers of one run over doubles: what a Value would hold.  Raises OtherBranch."""
        values: list[Any] = [*inputs, *self.fixed]
        for row, operands in self.steps:
            try:
                if len(operands) == 2:
                    i, j = operands
                    result = row.function(values[i], values[j])
                elif len(operands) == 1:
                    result = row.function(values[operands[0]])
                else:
                    result = row.function(*[values[place] for place in operands])
            except _NUMERIC_ERRORS:
                result = row.value(*[values[place] for place in operands])
            values.append(result)
        self._check_branches(values)
        return values

    def over(self, inputs: Sequence[Any], lift: Callable[[float], Any]) -> list[Any]:
        """The numbers of one run over another kind, as `applied` gives them.  Raises OtherBranch."""
        values: list[Any] = [*inputs, *map(lift, self.fixed)]
        for row, operands in self.steps:
            arguments = [values[place] for place in operands]
            values.append(applied(row, arguments, lift))
        self._check_branches(values)
        return values

    def _check_branches(self, values: list[Any]) -> None:
        for place, outcome in self._branches:
            if bool(values[place]) is not outcome:
                raise OtherBranch
