"""`Program`: a recorded graph as numbered single operations, of which a backend writes each by its row.

`recorded` keeps the rows as they were recorded.  `expanded` takes those apart that others define, so what is
left are operators, functions of the C library and algorithms in Python: the same operations, in the same
order, as the engines carry out, and so the same bits.  `lowered` does both.  No derivative is known here: a
gradient is a graph like any other.
"""

from __future__ import annotations

import contextlib
import functools
import gc
import itertools
import operator
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from autograd import primitives, straightline
from autograd.engine import Value
from autograd.graph import Graph
from autograd.rows import Primitive

__all__ = ["Operation", "Program", "expanded", "lowered", "recorded", "without_collecting"]


class Operation(NamedTuple):
    """One application of a row to values by their numbers."""

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
    """A graph as a program of rows that are not defined by others; see `recorded`.

    >>> from autograd import trace
    >>> print(lowered(trace(lambda x: x**2)(2.0)))
    %0 inputs
    %1 = mul(%0, %0)
    output %1
    """
    return expanded(recorded(graph, captured))


def recorded(graph: Graph, captured: Sequence[Value] = ()) -> Program:
    """A graph as a program: its inputs, then the `captured` leaves, are the program's inputs.

    Any other leaf is a constant with the data that it has now.  Raises TypeError for an output that is not
    a number the program computes or a constant.
    """
    with without_collecting():
        return _recorded(graph, captured)


@contextlib.contextmanager
def without_collecting() -> Iterator[None]:
    """A block that makes objects by the million, none of them garbage: looking for it takes as long again."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _recorded(graph: Graph, captured: Sequence[Value]) -> Program:
    places = _Places({node: place for place, node in enumerate((*graph.inputs, *captured))})
    inputs = len(places)
    nodes = [node for node in graph.program if node not in places]
    rows = [node.primitive for node in nodes]
    arguments = [node.arguments for node in nodes]
    numbers = [a for a in itertools.chain.from_iterable(arguments) if isinstance(a, float)]
    numbers += [node._data for node, row in zip(nodes, rows, strict=True) if row is None]
    numbers += [float(output) for output in graph.outputs if not isinstance(output, Value)]
    places.constants = {text: place for place, text in enumerate(dict.fromkeys(map(repr, numbers)), inputs)}
    place = inputs + len(places.constants)
    applied: list[Primitive] = []
    applied_to = []
    for node, row, operands in zip(nodes, rows, arguments, strict=True):
        if row is None:
            places[node] = places.constants[repr(node._data)]
        elif row in _NAMES:
            places[node] = places[operands[0]]
        else:
            places[node] = place
            place += 1
            applied.append(row)
            applied_to.append(operands)
    find = places.__getitem__
    read = [tuple(map(find, operands)) for operands in applied_to]
    return Program(
        inputs,
        tuple(map(float, places.constants)),
        tuple(map(Operation._make, zip(applied, read, strict=True))),
        tuple(places[output] for output in graph.outputs),
        tuple((places[condition], outcome) for condition, outcome in graph.branches),
    )


class _Places(dict[Any, int]):
    """The numbers of a graph's nodes, and of the floats beside them, which are not among the keys."""

    constants: dict[str, int]  # by their text, which tells 0.0 from -0.0

    def __missing__(self, number: float) -> int:
        return self.constants[repr(float(number))]


_NAMES = {primitives.identity, primitives.constant}
"""The rows that give their argument another name."""


def expanded(program: Program) -> Program:
    """The program with every row that others define replaced by the operations that define it."""
    if not any(row.defined for row, _ in program.operations):
        return program
    texts = dict.fromkeys(map(repr, program.constants))
    for row, count in dict.fromkeys((row, len(operands)) for row, operands in program.operations):
        texts.update(_form(row, count).constants)
    constants = {text: number for number, text in enumerate(texts, program.inputs)}
    places = [*range(program.inputs), *(constants[repr(number)] for number in program.constants)]
    number = program.inputs + len(constants)
    operations: list[tuple[Primitive, tuple[int, ...]]] = []
    for row, operands in program.operations:
        values = [places[operand] for operand in operands]
        if not row.defined:
            operations.append((row, tuple(values)))
            places.append(number)
            number += 1
            continue
        form = _form(row, len(values))
        values += map(constants.__getitem__, form.constants)
        for step, chosen in form.steps:
            operations.append((step, chosen(values)))
            values.append(number)
            number += 1
        places.append(values[form.value])
    return Program(
        program.inputs,
        tuple(map(float, constants)),
        tuple(map(Operation._make, operations)),
        tuple(places[output] for output in program.outputs),
        tuple((places[condition], truth) for condition, truth in program.guards),
    )


class _Form(NamedTuple):
    """What a row is made of, over a list of values: the arguments, the constants, then a value per step."""

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
    """The function that picks what is at these places, as a tuple; a large program has many steps."""
    if len(places) > 1:
        return operator.itemgetter(*places)
    return lambda values: (values[places[0]],)
