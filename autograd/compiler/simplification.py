"""The statements of a loop made fewer: what the passes do to a program, done to one iteration."""

from __future__ import annotations

from collections.abc import Sequence

from autograd.compiler.passes import optimised
from autograd.compiler.program import Operation, Program, expanded
from autograd.compiler.rolled import Column, Local, Loop, Operand, Statement

__all__ = ["Pool", "simplified"]


class Pool:
    """The constants of a rolled program, to which more may be added."""

    numbers: list[float]

    def __init__(self, numbers: Sequence[float]) -> None:
        self.numbers = [*numbers]
        self._places = {repr(number): place for place, number in enumerate(numbers)}  # tells 0.0 from -0.0

    def column(self, number: float) -> Column:
        """A constant that is the same in every iteration."""
        place = self._places.setdefault(repr(number), len(self.numbers))
        if place == len(self.numbers):
            self.numbers.append(number)
        return Column("constants", place)

    def block(self, places: Sequence[int]) -> int:
        """Where copies of the constants at these places begin, one after the other."""
        base = len(self.numbers)
        self.numbers += [self.numbers[place] for place in places]
        return base


def simplified(loop: Loop, pool: Pool) -> Loop:
    """The loop with rows that are not defined by others, and after every pass, with the same bits.

    >>> from autograd.compiler.rolled import Store
    >>> from autograd.primitives import square, strong_product
    >>> x, one = Column("inputs", 0), Column("constants", 0)
    >>> loop = Loop((), (), (Statement(square, (x,)), Statement(strong_product, (Local(0), one))))
    >>> loop = loop._replace(stores=(Store(Local(1), Column("outputs", 0)),))
    >>> [row.name for row, _ in simplified(loop, Pool([1.0])).statements]
    ['mul']
    """
    results = [operand for operand, _ in loop.stores]
    results += [term for fold in loop.folds for term in fold.terms]
    results += [carry.next for carry in loop.carries]
    read = (*(operand for _, operands in loop.statements for operand in operands), *results)
    inputs: dict[Operand, None] = {}
    constants: dict[Operand, float] = {}
    for operand in read:
        if isinstance(operand, Column):
            if operand.array == "constants" and not operand.strides:
                constants[operand] = pool.numbers[operand.base]
            else:
                inputs[operand] = None
    known = [*inputs, *constants, *map(Local, range(len(loop.statements)))]
    numbers = {operand: number for number, operand in enumerate(known)}
    iteration = Program(
        len(inputs),
        tuple(constants.values()),
        tuple(Operation(row, tuple(numbers[o] for o in operands)) for row, operands in loop.statements),
        tuple(numbers[operand] for operand in results),
    )
    program = optimised(expanded(iteration))
    known = [*inputs, *map(pool.column, program.constants), *map(Local, range(len(program.operations)))]
    found = iter([known[number] for number in program.outputs])
    return loop._replace(
        statements=tuple(
            Statement(row, tuple(known[number] for number in operands))
            for row, operands in program.operations
        ),
        stores=tuple(store._replace(operand=next(found)) for store in loop.stores),
        folds=tuple(fold._replace(terms=tuple(next(found) for _ in fold.terms)) for fold in loop.folds),
        carries=tuple(carry._replace(next=next(found)) for carry in loop.carries),
    )
