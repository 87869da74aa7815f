"""`Program`: a recorded graph as numbered single operations, of which a backend writes each by its row.

A row that is defined by other rows is taken apart, so what is left are operators, functions of the C library
and algorithms in Python: the same operations, in the same order, as the engines carry out, and so the same
bits.  No derivative is known here: a gradient is a graph like any other.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

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
    places = {node: place for place, node in enumerate((*graph.inputs, *captured))}
    inputs = len(places)
    nodes = [node for node in graph.program if node not in places]
    constants = _constants(nodes, graph.outputs, inputs)
    rows: list[Primitive] = []
    operands: list[tuple[int, ...]] = []
    number = inputs + len(constants)
    for node in nodes:
        row = node.primitive
        if row is None:
            places[node] = constants[repr(node._data)]
            continue
        arguments = node.arguments
        values = [constants[repr(a)] if isinstance(a, float) else places[a] for a in arguments]
        if not row.defined:
            rows.append(row)
            operands.append(tuple(values))
            places[node] = number
            number += 1
            continue
        form = _form(row, len(values))
        values += map(constants.__getitem__, form.constants)
        for step, chosen in form.steps:
            rows.append(step)
            operands.append(chosen(values))
            values.append(number)
            number += 1
        places[node] = values[form.value]
    return Program(
        inputs,
        tuple(map(float, constants)),
        tuple(map(Operation._make, zip(rows, operands, strict=True))),
        tuple(places[o] if isinstance(o, Value) else constants[repr(float(o))] for o in graph.outputs),
        tuple((places[condition], outcome) for condition, outcome in graph.branches),
    )


def _constants(nodes: Iterable[Value], outputs: Iterable[Any], first: int) -> dict[str, int]:
    """The numbers of the constants by their text, which tells 0.0 from -0.0."""
    texts: dict[str, None] = {}
    for node in nodes:
        row = node.primitive
        if row is None:
            texts[repr(node._data)] = None
            continue
        arguments = node.arguments
        for argument in arguments:
            if isinstance(argument, float):
                texts[repr(argument)] = None
        if row.defined:
            texts.update(_form(row, len(arguments)).constants)
    texts.update((repr(float(output)), None) for output in outputs if not isinstance(output, Value))
    return {text: number for number, text in enumerate(texts, first)}


class _Form(NamedTuple):
    """What a row is made of, over a list of values: the arguments, then the constants, then a value per step."""

    constants: dict[str, None]  # by their text
    steps: list[tuple[Primitive, Callable[[list[int]], tuple[int, ...]]]]  # with the choice of its operands
    value: int  # the place of the row's value


@functools.cache
def _form(row: Primitive, count: int) -> _Form:
    """The form of a row of `count` arguments."""
    names = [f"x{position}" for position in range(count)]
    program, value = straightline.value_program(row, names)
    used = [value, *(operand for _, _, operands in program.steps for operand in operands)]
    constants = dict.fromkeys(repr(operand) for operand in used if isinstance(operand, float))
    variables = [*names, *constants, *(name for name, _, _ in program.steps)]
    places = {variable: place for place, variable in enumerate(variables)}

    def place(operand: straightline.Operand) -> int:
        return places[operand if isinstance(operand, str) else repr(operand)]

    steps = [(step, _choice([*map(place, operands)])) for _, step, operands in program.steps]
    return _Form(constants, steps, place(value))


def _choice(places: list[int]) -> Callable[[list[int]], tuple[int, ...]]:
    """The function that picks what is at these places, as a tuple; fast, because large programs have many steps."""
    if len(places) > 1:
        return operator.itemgetter(*places)
    return lambda values: (values[places[0]],)
