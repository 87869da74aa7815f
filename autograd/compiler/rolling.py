"""Programs as loops: what a trace of a Python loop repeats is found again, and becomes one loop.

`kinds` finds what is alike, `placement` puts it into loops, and `recurrences` finds what repeats in the rest.
`layout` orders these and gives their results places in memory, and `simplification` works on what is left of
each loop: one iteration.  The program itself may be long: what comes before takes time in proportion to its
length, but for the sorting of iterations.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import NamedTuple

import numpy

from autograd.compiler.columns import Places
from autograd.compiler.layout import Layout
from autograd.compiler.placement import Iterations, Placement
from autograd.compiler.program import Program, without_collecting
from autograd.compiler.recurrences import Recurrence, pieces
from autograd.compiler.rolled import Rolled
from autograd.compiler.simplification import Pool, simplified

__all__ = ["rolled", "rolled_if_repetitive"]

_LONGEST_STRAIGHT = 1_000  # operations

_LONG_CODE = 2_500  # statements, from which on another division of the program may be worth its search
_LOOP = 25  # statements that take as long to compile as a loop without any
_SHORTER = 0.75  # of the code, for which loops that can be vectors are given up


def rolled(program: Program) -> Rolled:
    """The program as loops, with the same bits.

    >>> from autograd import trace
    >>> from autograd.compiler.program import recorded
    >>> print(rolled(recorded(trace(lambda x: sum(number * number for number in x))([1.0] * 50))))
    50 inputs, 1 constants, 0 values, 1 outputs
    loop 50 steps:
        %0 = mul(inputs[0 + 1*i], inputs[0 + 1*i])
        fold add(constants[0], %0) -> outputs[0]
    """
    with without_collecting():
        return _written(_divided(program))


def rolled_if_repetitive(program: Program) -> Rolled | None:
    """The program as loops; None if most of its operations would be outside of any.

    >>> from autograd import trace
    >>> from autograd.compiler.program import recorded
    >>> rolled_if_repetitive(recorded(trace(lambda x: (x + 2) / (x + 1))(3.0))) is None
    True
    """
    with without_collecting():
        division = _divided(program)
        return None if 2 * division.straight > len(program.operations) else _written(division)


class _Division(NamedTuple):
    """A program as loops and, by stage, what is computed one by one: straight code and what repeats."""

    placement: Placement
    pieces: dict[int, list[Places | Recurrence]]

    @staticmethod
    def of(placement: Placement) -> _Division:
        program, operands, same = placement.program, placement.operands, placement.same
        found = {
            stage: pieces(program, operands, same, numpy.array(sorted(numbers), numpy.int64))
            for stage, numbers in placement.single.items()
        }
        return _Division(
            placement, {stage: [part for piece in found[stage] for part in _parts(piece)] for stage in found}
        )

    @property
    def straight(self) -> int:
        """How many operations are in straight code."""
        return sum(len(piece) for piece in self.all_pieces() if not isinstance(piece, Recurrence))

    @property
    def length(self) -> int:
        """How long the code is, in statements that take as long to compile."""
        repeated = [len(piece.rows) for piece in self.all_pieces() if isinstance(piece, Recurrence)]
        loops = [len(made.kinds) + len(made.folds) for made in self.placement.iterations]
        return self.straight + sum(repeated) + sum(loops) + _LOOP * (len(repeated) + len(loops))

    def all_pieces(self) -> Iterator[Places | Recurrence]:
        return itertools.chain.from_iterable(self.pieces.values())


def _divided(program: Program) -> _Division:
    """What is alike as loops, and of the rest what repeats; or all of it by what repeats, if that is shorter.

    Steps of many numbers at a time are alike within each step, and so would become loops for each step.
    """
    division = _Division.of(Placement(program))
    if division.length > _LONG_CODE:
        other = _Division.of(Placement(program, is_split=True))
        if other.length < _SHORTER * division.length:
            return other
    return division


def _parts(piece: Places | Recurrence) -> list[Places | Recurrence]:
    if isinstance(piece, Recurrence):
        return [piece]
    return [piece[start : start + _LONGEST_STRAIGHT] for start in range(0, len(piece), _LONGEST_STRAIGHT)]


def _written(division: _Division) -> Rolled:
    placement, pieces = division
    program = placement.program
    pool = Pool(program.constants)
    layout = Layout(placement, pool)
    layout.keep([*division.all_pieces()])
    by_stage: dict[int, list[Iterations]] = {}
    for iterations in placement.iterations:
        by_stage.setdefault(iterations.stage, []).append(iterations)
    loops = []
    for stage in range(max([*pieces, *by_stage], default=-1) + 1):
        loops += [layout.piece(piece) for piece in pieces.get(stage, ())]
        loops += [layout.loop(iterations) for iterations in by_stage.get(stage, ())]
    simple = tuple(simplified(loop, pool) for loop in loops)
    copies, guards = tuple(layout.copies()), tuple(layout.guards())
    return Rolled(
        program.inputs,
        tuple(pool.numbers),
        tuple(layout.table),
        layout.values,
        len(program.outputs),
        simple,
        copies,
        guards,
    )
