"""Programs as loops: what a trace of a Python loop repeats is found again, and becomes one loop.

`kinds` finds what is alike, `placement` puts it into loops, and `recurrences` finds what repeats in the rest.
`layout` orders these and gives their results places in memory, and `simplification` works on what is left of
each loop: one iteration.  The program itself may be long: what comes before takes time in proportion to its
length, but for the sorting of iterations.
"""

from __future__ import annotations

import itertools

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

Pieces = dict[int, list[Places | Recurrence]]  # what is computed one by one, by stage


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
        placement = Placement(program)
        return _written(placement, _pieces(placement))


def rolled_if_repetitive(program: Program) -> Rolled | None:
    """The program as loops; None if most of its operations would be outside of any.

    >>> from autograd import trace
    >>> from autograd.compiler.program import recorded
    >>> rolled_if_repetitive(recorded(trace(lambda x: (x + 2) / (x + 1))(3.0))) is None
    True
    """
    with without_collecting():
        placement = Placement(program)
        by_stage = _pieces(placement)
        found = itertools.chain.from_iterable(by_stage.values())
        straight = sum(len(piece) for piece in found if not isinstance(piece, Recurrence))
        return None if 2 * straight > len(program.operations) else _written(placement, by_stage)


def _pieces(placement: Placement) -> Pieces:
    """What is computed one by one: code of some length, and what repeats."""
    by_stage: Pieces = {}
    for stage, numbers in placement.single.items():
        found = pieces(placement.program, placement.operands, placement.same, numpy.array(sorted(numbers)))
        by_stage[stage] = [part for piece in found for part in _parts(piece)]
    return by_stage


def _parts(piece: Places | Recurrence) -> list[Places | Recurrence]:
    if isinstance(piece, Recurrence):
        return [piece]
    return [piece[start : start + _LONGEST_STRAIGHT] for start in range(0, len(piece), _LONGEST_STRAIGHT)]


def _written(placement: Placement, pieces: Pieces) -> Rolled:
    program = placement.program
    pool = Pool(program.constants)
    layout = Layout(placement, pool)
    layout.keep([piece for found in pieces.values() for piece in found])
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
