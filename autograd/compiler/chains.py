"""Chains of one operation, `((a + b) + c) + d`, whose inner results nobody else uses: what a fold is made of.

A chain is folded in its own order, so that a fold has the bits of the chain.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import NamedTuple

import numpy

from autograd.compiler.columns import Operands
from autograd.compiler.program import Program
from autograd.primitives import add, mul
from autograd.rows import Primitive

__all__ = ["NEUTRAL", "Chain", "Run", "chains", "runs"]

NEUTRAL: dict[Primitive, float] = {add: -0.0, mul: 1.0}
"""The rows that are folded, each with the number that changes no bit of what it is combined with."""

_SHORTEST = 8  # links; what is shorter is as well left in the loop that surrounds it
_LONGEST_PERIOD = 8  # terms that one step of a loop over a chain combines, at most


class Chain(NamedTuple):
    """`terms` combined in order by `row`; `links` are the values after the second, third, ... term."""

    row: Primitive
    terms: list[int]
    links: list[int]


def chains(program: Program, operands: Operands) -> list[Chain]:
    """The chains of a program with these operands.

    >>> from autograd import trace
    >>> from autograd.compiler.program import recorded
    >>> program = recorded(trace(lambda *numbers: sum(numbers[1:], numbers[0]))(*map(float, range(9))))
    >>> chains(program, Operands.of(program))[0].terms
    [0, 1, 2, 3, 4, 5, 6, 7, 8]
    """
    first, operations = program.first, program.operations
    results = [*program.outputs, *(number for number, _ in program.guards)]
    read = numpy.concatenate([operands.numbers, numpy.array(results, numpy.int64)])
    uses = numpy.bincount(read, minlength=first + len(operations)).tolist()
    length: dict[int, int] = {}  # of the chain that ends with a value
    before: dict[int, int] = {}  # the link before this one
    for number, (row, both) in enumerate(operations, first):
        if row not in NEUTRAL:
            continue
        x, y = both
        left, right = length.get(x, 0), length.get(y, 0)
        if left and (uses[x] > 1 or operations[x - first].row is not row):
            left = 0
        if right and (uses[y] > 1 or operations[y - first].row is not row):
            right = 0
        if right >= _SHORTEST and right > left:  # only what is a fold by itself goes on from the right
            before[number], length[number] = y, right + 1
        else:
            length[number] = left + 1
            if left:
                before[number] = x
    inner = set(before.values())
    return [
        _chain(program, number, before)
        for number, links in length.items()
        if links >= _SHORTEST and number not in inner
    ]


def _chain(program: Program, last: int, before: dict[int, int]) -> Chain:
    links = [last]
    while links[-1] in before:
        links.append(before[links[-1]])
    links.reverse()
    start, *_ = operations = [program.operations[link - program.first] for link in links]
    terms = list(start.operands)
    for link, (_, (left, right)) in zip(links, operations[1:], strict=False):
        terms.append(right if left == link else left)
    return Chain(start.row, terms, links)


class Run(NamedTuple):
    """Terms of a chain from `start` to `stop`, alike in every step of `period` terms."""

    start: int
    stop: int
    period: int


@functools.lru_cache(1)  # chains that are alike follow one another
def runs(kinds: Sequence[object]) -> tuple[Run, ...]:
    """A chain's terms, of these kinds, as runs one after the other; what does not repeat is left out.

    >>> runs("x" + "ab" * 6 + "c" * 9)
    (Run(start=1, stop=13, period=2), Run(start=13, stop=22, period=1))
    """
    found = []
    start = 0
    while start < len(kinds):
        if kinds[start] not in kinds[start + 1 : start + 1 + _LONGEST_PERIOD]:
            start += 1
            continue
        run = max((_run(kinds, start, period) for period in range(1, _LONGEST_PERIOD + 1)), key=_terms)
        if _terms(run) < _SHORTEST or _terms(run) < 4 * run.period:
            start += 1
        else:
            found.append(run)
            start = run.stop
    return tuple(found)


def _terms(run: Run) -> int:
    return run.stop - run.start


def _run(kinds: Sequence[object], start: int, period: int) -> Run:
    """The longest run of this period that begins at `start`."""
    place = start + period
    while place < len(kinds) and kinds[place] == kinds[place - period]:
        place += 1
    return Run(start, min(place, len(kinds)) - (min(place, len(kinds)) - start) % period, period)
