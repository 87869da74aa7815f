"""Programs made shorter, every bit kept: constants folded, operations replaced, shared, or left out.

Each pass takes a program and returns one with the same inputs, outputs and guards.  Every nan counts as
equal.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Sequence

from autograd import primitives
from autograd.compiler.program import Operation, Program
from autograd.rows import Primitive, real

__all__ = ["divided", "folded", "optimised", "pruned", "reduced", "shared"]


def optimised(program: Program) -> Program:
    """The program after every pass of this module.

    >>> from autograd import trace
    >>> from autograd.compiler.program import lowered
    >>> print(optimised(lowered(trace(lambda x: (x * 1 + x) / 4 + (x + x))(2.0))))
    %0 inputs
    %1 = 0.25
    %2 = add(%0, %0)
    %3 = mul(%2, %1)
    %4 = add(%3, %2)
    output %4
    """
    return pruned(_rebuilt(program, _fold, _reduce, _share))


def folded(program: Program) -> Program:
    """Operations on constants replaced by the value that their row gives."""
    return pruned(_rebuilt(program, _fold))


def reduced(program: Program) -> Program:
    """Operations replaced by an operand, or by a cheaper operation, of the same bits at every double.

    `x*1`, `x/1`, `x - 0` and `x + -0.0` are x, but `x + 0` is not: it turns -0.0 into 0.0.  A division by a
    power of two whose reciprocal is exact becomes a product; a sign moves into a sum.  A strong product with
    a positive constant is a product, and a choice by a constant is the operand that it chooses.
    """
    return pruned(_rebuilt(program, _reduce))


def shared(program: Program) -> Program:
    """Of operations that apply one row to the same operands the first alone; sums and products commute."""
    return pruned(_rebuilt(program, _share))


def pruned(program: Program) -> Program:
    """Without the operations and constants that no output or guard depends on."""
    return _chosen(program, (*program.outputs, *(number for number, _ in program.guards)))


def divided(program: Program, fixed: Sequence[int], varying: Sequence[int]) -> tuple[Program, Program]:
    """What depends on the `fixed` inputs alone, and the rest; every input is either.

    The first program has the fixed inputs, and gives what the second needs of it.  The second has the fixed
    inputs, the outputs of the first and the varying inputs, in this order.

    >>> from autograd import trace
    >>> from autograd.compiler.program import lowered
    >>> before, rest = divided(lowered(trace(lambda x, a: x * (a + 1))(2.0, 3.0)), [1], [0])
    >>> print(before, rest, sep="\\n\\n")
    %0 inputs
    %1 = 1.0
    %2 = add(%0, %1)
    output %2
    <BLANKLINE>
    %0, %1, %2 inputs
    %3 = mul(%2, %1)
    output %3
    """
    varies = [False] * program.first
    for number in varying:
        varies[number] = True
    for _, operands in program.operations:
        varies.append(any(varies[operand] for operand in operands))
    asked = [*program.outputs, *(number for number, _ in program.guards)]
    for number, (_, operands) in enumerate(program.operations, program.first):
        if varies[number]:
            asked += operands
    between = [number for number in dict.fromkeys(asked) if number >= program.first and not varies[number]]
    before = _chosen(program._replace(outputs=tuple(between), guards=()), between, fixed)
    within = _chosen(program, asked, [*fixed, *between, *varying])
    return before, within


# --- Rebuilding a program -----------------------------------------------------------------------------

_Rule = Callable[["_Building", Primitive, Sequence[int]], int | None]


class _Building:
    """A program under construction.  `apply` asks each rule for a place to use instead of a new operation.

    A constant's place is negative until the end, where their number is known: -1 for the first.
    """

    def __init__(self, inputs: int, rules: Sequence[_Rule] = ()) -> None:
        self.inputs = inputs
        self.earlier: dict[tuple[object, ...], int] = {}
        self._rules = rules
        self._constants: dict[str, int] = {}  # repr tells 0.0 from -0.0
        self._numbers: list[float] = []
        self._rows: list[Primitive | None] = [None] * inputs  # by place, as are their operands
        self._operands: list[Sequence[int]] = [()] * inputs

    def constant(self, number: float) -> int:
        place = self._constants.setdefault(repr(number), -1 - len(self._numbers))
        if place < -len(self._numbers):
            self._numbers.append(number)
        return place

    def number(self, place: int) -> float | None:
        """The constant at a place, or None."""
        return self._numbers[-1 - place] if place < 0 else None

    def operands(self, place: int, row: Primitive) -> Sequence[int] | None:
        """The operands of the operation at a place, or None if it is no operation of this row."""
        return self._operands[place] if place >= 0 and self._rows[place] is row else None

    @property
    def next_place(self) -> int:
        """The place of the operation that is added next."""
        return len(self._rows)

    def is_condition(self, place: int) -> bool:
        row = self._rows[place] if place >= 0 else None
        return row is not None and row.comparison

    def apply(self, row: Primitive, operands: Sequence[int]) -> int:
        for rule in self._rules:
            place = rule(self, row, operands)
            if place is not None:
                return place
        self._rows.append(row)
        self._operands.append(operands)
        return len(self._rows) - 1

    def finished(self, outputs: Iterable[int], guards: Iterable[tuple[int, bool]]) -> Program:
        first = self.inputs + len(self._numbers)
        last = first + len(self._rows) - self.inputs
        # By place; those of the constants, from -1 downwards, stand at the end.
        numbers = [*range(self.inputs), *range(first, last), *range(first - 1, self.inputs - 1, -1)]
        number = numbers.__getitem__
        operands = [tuple(map(number, places)) for places in self._operands[self.inputs :]]
        return Program(
            self.inputs,
            tuple(self._numbers),
            tuple(map(Operation._make, zip(self._rows[self.inputs :], operands, strict=True))),
            tuple(map(number, outputs)),
            tuple((number(place), truth) for place, truth in guards),
        )


def _rebuilt(program: Program, *rules: _Rule) -> Program:
    """The program operation by operation, by the rules."""
    building = _Building(program.inputs, rules)
    places = [*range(program.inputs), *map(building.constant, program.constants)]
    for row, operands in program.operations:
        places.append(building.apply(row, [places[operand] for operand in operands]))
    guards = [(places[number], truth) for number, truth in program.guards]
    return building.finished([places[number] for number in program.outputs], guards)


def _chosen(program: Program, wanted: Collection[int], inputs: Sequence[int] | None = None) -> Program:
    """The operations that the wanted values depend on, of which some may be given as inputs instead."""
    given = range(program.inputs) if inputs is None else inputs
    places = {number: place for place, number in enumerate(given)}
    needed = bytearray(program.first + len(program.operations))  # a flag for each value
    for number in wanted:
        needed[number] = True
    numbers = range(program.first, len(needed))
    for number, (_, operands) in zip(reversed(numbers), reversed(program.operations), strict=True):
        if needed[number] and number not in places:
            for operand in operands:
                needed[operand] = True
    if inputs is None and all(needed[program.inputs :]):
        return program
    building = _Building(len(given))
    for number, constant in enumerate(program.constants, program.inputs):
        if needed[number]:
            places[number] = building.constant(constant)
    for number, (row, operands) in enumerate(program.operations, program.first):
        if needed[number] and number not in places:
            places[number] = building.apply(row, [places[operand] for operand in operands])
    guards = [(places[number], truth) for number, truth in program.guards]
    return building.finished([places[number] for number in program.outputs], guards)


# --- Rules: the place of an equal value that is there already, or cheaper; or None ----------------------


def _fold(building: _Building, row: Primitive, operands: Sequence[int]) -> int | None:
    if max(operands) >= 0:
        return None
    return building.constant(real(row(*(building.number(operand) for operand in operands))))


def _share(building: _Building, row: Primitive, operands: Sequence[int]) -> int | None:
    commutes = row is primitives.add or row is primitives.mul
    key = (row, *(sorted(operands) if commutes else operands))
    following = building.next_place
    place = building.earlier.setdefault(key, following)
    return None if place == following else place


def _reduce(building: _Building, row: Primitive, operands: Sequence[int]) -> int | None:
    rule = _REDUCTIONS.get(row)
    return None if rule is None else rule(building, *operands)


def _sum(building: _Building, x: int, y: int) -> int | None:
    for one, other in ((x, y), (y, x)):
        if _is(building.number(other), -0.0):
            return one
        negative = building.operands(other, primitives.neg)
        if negative:
            return building.apply(primitives.sub, [one, *negative])
    return None


def _difference(building: _Building, x: int, y: int) -> int | None:
    if _is(building.number(y), 0.0):
        return x
    if _is(building.number(x), -0.0):
        return building.apply(primitives.neg, [y])
    negative = building.operands(y, primitives.neg)
    return building.apply(primitives.add, [x, *negative]) if negative else None


def _product(building: _Building, x: int, y: int) -> int | None:
    for one, other in ((x, y), (y, x)) if x < 0 or y < 0 else ():
        if building.number(other) == 1:
            return one
        if building.number(other) == -1:
            return building.apply(primitives.neg, [one])
    return _without_signs(building, primitives.mul, x, y)


def _quotient(building: _Building, x: int, y: int) -> int | None:
    divisor = building.number(y)
    if divisor is not None:
        if divisor == 1:
            return x
        fraction, _ = math.frexp(divisor)
        if abs(fraction) == 0.5 and math.isfinite(1 / divisor):
            return building.apply(primitives.mul, [x, building.constant(1 / divisor)])
    return _without_signs(building, primitives.div, x, y)


def _without_signs(building: _Building, row: Primitive, x: int, y: int) -> int | None:
    """Two signs of a product or a quotient cancel."""
    of_x = building.operands(x, primitives.neg)
    of_y = of_x and building.operands(y, primitives.neg)
    return building.apply(row, [*of_x, *of_y]) if of_x and of_y else None


def _opposite(building: _Building, x: int) -> int | None:
    negative = building.operands(x, primitives.neg)
    return negative[0] if negative else None


def _magnitude(building: _Building, x: int) -> int | None:
    if building.operands(x, primitives.abs):
        return x
    negative = building.operands(x, primitives.neg)
    return building.apply(primitives.abs, [*negative]) if negative else None


def _choice(building: _Building, condition: int, x: int, y: int) -> int | None:
    truth = building.number(condition)
    if truth is not None:
        return x if truth else y
    return y if x == y or _is_strong_product(building, condition, x, y) else None


def _is_strong_product(building: _Building, condition: int, adjoint: int, product: int) -> bool:
    """Whether `where(adjoint == 0, adjoint, adjoint*c)` stands here, c > 0 finite: the product."""
    compared = building.operands(condition, primitives.equal)
    factors = building.operands(product, primitives.mul)
    if compared is None or factors is None or compared[0] != adjoint or building.number(compared[1]) != 0:
        return False
    constant = building.number(factors[factors[0] == adjoint])
    return adjoint in factors and constant is not None and 0 < constant < math.inf


def _both(building: _Building, x: int, y: int) -> int | None:
    return _one_condition(building, x, y, neutral=True)


def _either(building: _Building, x: int, y: int) -> int | None:
    return _one_condition(building, x, y, neutral=False)


def _one_condition(building: _Building, x: int, y: int, *, neutral: bool) -> int | None:
    """Of a condition and a constant truth the condition, where the truth is neutral, else the truth."""
    for one, other in ((x, y), (y, x)):
        truth = building.number(other)
        if truth is not None and bool(truth) is not neutral:
            return building.constant(float(not neutral))
        if (truth is not None or one == other) and building.is_condition(one):
            return one
    return None


def _is(number: float | None, expected: float) -> bool:
    """Whether it is this zero and not the other."""
    return number == 0 and math.copysign(1.0, number) == math.copysign(1.0, expected)


_REDUCTIONS: dict[Primitive, Callable[..., int | None]] = {
    primitives.add: _sum,
    primitives.sub: _difference,
    primitives.mul: _product,
    primitives.div: _quotient,
    primitives.neg: _opposite,
    primitives.abs: _magnitude,
    primitives.where: _choice,
    primitives.logical_and: _both,
    primitives.logical_or: _either,
}
