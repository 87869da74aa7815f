"""`Program`: a recorded graph as numbered single operations, of which a backend writes each by its row.

A row that is defined by other rows is taken apart, so what is left are operators, functions of the C library
and algorithms in Python: the same operations, in the same order, as the engines carry out, and so the same
bits.  No derivative is known here: a gradient is a graph like any other.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from autograd import straightline
from autograd.engine import Value
from autograd.graph import Graph
from autograd.rows import Primitive

__all__ = ["Operation", "Program", "lowered"]


class Operation(NamedTuple):
    """One application of a row that is not defined by others, to values by their numbers."""

    row: Primitive
    operands: tuple[int, ...]


class Program(NamedTuple):
    """Operations over numbered values: the inputs first, then the constants, then one value per operation.

    `guards` are values with the truth that each had when the program was traced: where one has another, the
    outputs are not those of the function.  The order of operations is one in which they can be carried out.

    >>> from autograd import trace
    >>> print(lowered(trace(lambda x, y: x * y + 1)(2.0, 3.0)))
    %0, %1 inputs
    %2 = 1.0
    %3 = mul(%0, %1)
    %4 = add(%3, %2)
    output %4
    """

    inputs: int
    constants: tuple[float, ...]
    operations: tuple[Operation, ...]
    outputs: tuple[int, ...]
    guards: tuple[tuple[int, bool], ...] = ()

    @property
    def first(self) -> int:
        """The number of the first operation's value."""
        return self.inputs + len(self.constants)

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        yield f"{', '.join(f'%{number}' for number in range(self.inputs)) or 'no'} inputs"
        for number, constant in enumerate(self.constants, self.inputs):
            yield f"%{number} = {constant!r}"
        for number, (row, operands) in enumerate(self.operations, self.first):
            yield f"%{number} = {row.name}({', '.join(f'%{operand}' for operand in operands)})"
        for number, truth in self.guards:
            yield f"guard %{number} is {truth}"
        yield f"output {', '.join(f'%{number}' for number in self.outputs)}"


def lowered(graph: Graph, captured: Sequence[Value] = ()) -> Program:
    """A graph as a program: its inputs, then the `captured` leaves, are the program's inputs.

    Any other leaf is a constant with the data that it has now.  Raises TypeError for an output that is not
    a number the program computes or a constant.
    """
    building = _Building(len(graph.inputs) + len(captured))
    places = {node: place for place, node in enumerate((*graph.inputs, *captured))}
    for node in graph.program:
        if node in places:
            continue
        row = node.primitive
        if row is None:
            places[node] = building.constant(node._data)
            continue
        operands = [building.constant(a) if isinstance(a, float) else places[a] for a in node.arguments]
        places[node] = building.apply(row, operands)
    outputs = [
        places[output] if isinstance(output, Value) else building.constant(output) for output in graph.outputs
    ]
    guards = [(places[condition], outcome) for condition, outcome in graph.branches]
    return building.finished(outputs, guards)


class _Building:
    """A program under construction, where the number of constants is not known yet.

    A constant's place is negative until then: -1 for the first.
    """

    def __init__(self, inputs: int) -> None:
        self._inputs = inputs
        self._constants: dict[str, int] = {}
        self._operations: list[tuple[Primitive, list[int]]] = []

    def constant(self, number: float) -> int:
        return self._constants.setdefault(repr(float(number)), -1 - len(self._constants))

    def apply(self, row: Primitive, operands: Sequence[int]) -> int:
        """The place of the row's value: a row that others define becomes their operations."""
        places: list[int] = []
        steps, value = _steps(row, len(operands))

        def place(operand: _Operand) -> int:
            if isinstance(operand, float):
                return self.constant(operand)
            return operands[-1 - operand] if operand < 0 else places[operand]

        for step, step_operands in steps:
            places.append(self._inputs + len(self._operations))
            self._operations.append((step, [place(operand) for operand in step_operands]))
        return place(value)

    def finished(self, outputs: Sequence[int], guards: Sequence[tuple[int, bool]]) -> Program:
        count = len(self._constants)

        def number(place: int) -> int:
            if place < 0:
                return self._inputs - 1 - place
            return place if place < self._inputs else place + count

        return Program(
            self._inputs,
            tuple(map(float, self._constants)),
            tuple(Operation(row, tuple(map(number, operands))) for row, operands in self._operations),
            tuple(map(number, outputs)),
            tuple((number(place), outcome) for place, outcome in guards),
        )


_Operand = int | float  # an earlier step, from 0; an argument, the first of which is -1; a constant


@functools.cache
def _steps(row: Primitive, count: int) -> tuple[list[tuple[Primitive, tuple[_Operand, ...]]], _Operand]:
    """The single operations of a row of `count` arguments, and which of them is its value."""
    names = [f"x{position}" for position in range(count)]
    program, value = straightline.value_program(row, names)
    numbers: dict[straightline.Operand, _Operand] = {name: -1 - place for place, name in enumerate(names)}
    numbers |= {name: place for place, (name, _, _) in enumerate(program.steps)}
    steps = [(step, tuple(numbers.get(o, o) for o in operands)) for _, step, operands in program.steps]
    return steps, numbers.get(value, value)
