"""`Rolled`: a program as loops over its repeated operations, of which a backend writes each as text.

It knows neither how a program came to be loops nor what they are written in.  There are four arrays of
doubles: the inputs, the constants, the values that later loops read, and the outputs.  What only its own
iteration reads has no place in them.  `evaluate` is the meaning of it all, in Python.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

from autograd.rows import Primitive

__all__ = [
    "Array",
    "Carry",
    "Column",
    "Copy",
    "Fold",
    "Guard",
    "Local",
    "Loop",
    "Operand",
    "Rolled",
    "Statement",
    "Store",
    "evaluate",
]

Array = Literal["inputs", "constants", "values", "own", "carried", "outputs"]
"""`own` are the values as well, where a loop reads what it has written itself; `carried` is what it hands
from one step to the next."""


class Local(NamedTuple):
    """The value, in the same iteration, of an earlier statement of the loop, by its place in it."""

    statement: int


class Column(NamedTuple):
    """Where an operand or a result lies in `array`, for every iteration of a loop.

    The index is `base` plus each digit of the iteration times its stride; or, with `by_table`, the number
    that `Rolled.table` holds at that index.
    """

    array: Array
    base: int
    strides: tuple[int, ...] = ()
    by_table: bool = False


Operand = Local | Column


class Statement(NamedTuple):
    """One operation of every iteration."""

    row: Primitive
    operands: tuple[Operand, ...]


class Store(NamedTuple):
    """Where something of every iteration is kept."""

    operand: Operand
    target: Column


class Fold(NamedTuple):
    """A chain of operations: `initial`, combined with the terms in the order of the steps.

    One for each iteration of a loop's shape: the columns `initial` and `targets` have its digits only.
    """

    row: Primitive
    initial: Column
    terms: tuple[Operand, ...]  # of each step, in order
    targets: tuple[Column, ...] = ()


class Carry(NamedTuple):
    """A number that each step reads and then replaces: it is `initial` at first, and `next` after a step.

    All of a loop's are replaced at once.  What the last step leaves goes to the `targets`.  `initial` and
    the targets have no digits.
    """

    initial: Column
    next: Operand
    targets: tuple[Column, ...] = ()


class Loop(NamedTuple):
    """Iterations that do not depend on each other, `shape`, times the ordered `steps` of their folds.

    Of a loop without folds the steps depend on those before, by what they carry, or by the values that they
    have written; it has no shape.

    A column has one stride for each number of `shape`, then of `steps`, the outermost first; none if it is
    the same everywhere.  A loop without either is straight code.
    """

    shape: tuple[int, ...]
    steps: tuple[int, ...]
    statements: tuple[Statement, ...]
    stores: tuple[Store, ...] = ()
    folds: tuple[Fold, ...] = ()
    carries: tuple[Carry, ...] = ()


class Copy(NamedTuple):
    """So many outputs, one after the other from `target` on, that are values from elsewhere."""

    length: int
    source: Column
    target: int


class Guard(NamedTuple):
    """So many conditions with the truth that each had in the trace."""

    length: int
    column: Column
    truth: bool


class Rolled(NamedTuple):
    """Loops to be carried out in order; then the copies, and the guards, which are checked last.

    `values` is the length of the array of values.
    """

    inputs: int
    constants: tuple[float, ...]
    table: tuple[int, ...]
    values: int
    outputs: int
    loops: tuple[Loop, ...]
    copies: tuple[Copy, ...] = ()
    guards: tuple[Guard, ...] = ()

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        yield (
            f"{self.inputs} inputs, {len(self.constants)} constants, {self.values} values, "
            f"{self.outputs} outputs"
        )
        for loop in self.loops:
            counts = [*(f"{extent}" for extent in loop.shape), *(f"{extent} steps" for extent in loop.steps)]
            yield f"loop {' x '.join(counts)}:" if counts else "once:"
            for place, (row, operands) in enumerate(loop.statements):
                yield f"    %{place} = {row.name}({', '.join(map(_text, operands))})"
            for operand, target in loop.stores:
                yield f"    {_text(operand)} -> {_text(target)}"
            for row, initial, terms, targets in loop.folds:
                call = f"fold {row.name}({', '.join(map(_text, (initial, *terms)))})"
                yield f"    {' -> '.join([call, *map(_text, targets)])}"
            for place, (initial, after, targets) in enumerate(loop.carries):
                carry = f"carried[{place}] = {_text(initial)}, then {_text(after)}"
                yield f"    {' -> '.join([carry, *map(_text, targets)])}"
        for length, source, start in self.copies:
            yield f"copy {length}: {_text(source)} -> outputs[{start}]"
        for length, column, truth in self.guards:
            yield f"guard {length}: {_text(column)} is {truth}"


def _text(operand: Operand) -> str:
    if isinstance(operand, Local):
        return f"%{operand.statement}"
    digits = [
        f" + {stride}*{digit}" for digit, stride in zip("ijklmnop", operand.strides, strict=False) if stride
    ]
    index = f"{operand.base}{''.join(digits)}"
    return f"{operand.array}[{f'table[{index}]' if operand.by_table else index}]"


def evaluate(rolled: Rolled, numbers: Sequence[float]) -> list[float] | None:
    """The outputs for these inputs, loop by loop in Python; None if a guard has another truth.

    It defines what the loops mean, and is slow.

    >>> from autograd.primitives import mul
    >>> square = Statement(mul, (Column("inputs", 0, (1,)),) * 2)
    >>> loop = Loop((3,), (), (square,), (Store(Local(0), Column("outputs", 0, (1,))),))
    >>> evaluate(Rolled(3, (), (), 0, 3, (loop,)), [1.0, 2.0, 3.0])
    [1.0, 4.0, 9.0]
    """
    carried: list[float] = []
    arrays: dict[str, list[float]] = {
        "inputs": list(numbers),
        "constants": list(rolled.constants),
        "values": (values := [math.nan] * rolled.values),  # until they are written
        "own": values,
        "carried": carried,
        "outputs": [0.0] * rolled.outputs,
    }

    def index(column: Column, digits: Sequence[int]) -> int:
        place = column.base + sum(map(int.__mul__, column.strides, digits))
        return rolled.table[place] if column.by_table else place

    def number(operand: Operand, digits: Sequence[int], results: Sequence[float]) -> float:
        if isinstance(operand, Local):
            return results[operand.statement]
        return arrays[operand.array][index(operand, digits)]

    def keep(target: Column, digits: Sequence[int], value: float) -> None:
        arrays[target.array][index(target, digits)] = value

    for loop in rolled.loops:
        for member in itertools.product(*map(range, loop.shape)):
            totals = [number(fold.initial, member, ()) for fold in loop.folds]
            carried[:] = [number(carry.initial, (), ()) for carry in loop.carries]
            for step in itertools.product(*map(range, loop.steps)):
                digits = (*member, *step)
                results: list[float] = []
                for row, operands in loop.statements:
                    results.append(float(row.value(*(number(o, digits, results) for o in operands))))
                for operand, target in loop.stores:
                    keep(target, digits, number(operand, digits, results))
                for place, fold in enumerate(loop.folds):
                    for term in fold.terms:
                        totals[place] = fold.row.value(totals[place], number(term, digits, results))
                carried[:] = [number(carry.next, digits, results) for carry in loop.carries]
            for fold, total in zip(loop.folds, totals, strict=True):
                for target in fold.targets:
                    keep(target, member, total)
            for carry, left in zip(loop.carries, carried, strict=True):
                for target in carry.targets:
                    keep(target, (), left)
    for length, source, start in rolled.copies:
        for place in range(length):
            arrays["outputs"][start + place] = number(source, (place,), ())
    for length, column, truth in rolled.guards:
        if any(bool(number(column, (place,), ())) != truth for place in range(length)):
            return None
    return arrays["outputs"]
