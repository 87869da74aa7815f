"""The kinds of a program's values: those that are computed alike, down to the inputs, are of one kind.

Of one kind are applications of one row to operands of the same kinds and to the same coefficients.  A run of
a chain of additions is one value, a fold.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy

from autograd.compiler.chains import Chain, chains, runs
from autograd.compiler.columns import Operands, Places
from autograd.compiler.program import Program

__all__ = ["INPUT", "Folding", "Kinds", "kinds"]

INPUT = 0  # the kind of all inputs; constants are of kinds below it, operations of kinds above
_MOST_COEFFICIENTS = 8  # beyond so many different constants in one role, they are data


class Folding(NamedTuple):
    """Terms that are combined in order, `period` of them in each step, with `initial`.

    Without it they are combined with the number that changes nothing.
    """

    initial: int | None
    terms: list[int]
    period: int


class Kinds(NamedTuple):
    """`of` holds the kind of every value; 0 for the inner values of folds, which nobody else reads.

    `members` lists the values of a kind, whose operands are of lower kinds; `foldings` are the values
    that are folds; `data` has the positions at which an operation's constant does not count for its kind.
    """

    of: list[int]
    members: list[list[int]]
    foldings: dict[int, Folding]
    data: dict[int, set[int]]


def kinds(program: Program, operands: Operands) -> Kinds:
    """The kinds of a program's values.

    >>> from autograd import trace
    >>> from autograd.compiler.program import recorded
    >>> program = recorded(trace(lambda x, y: (x * x, y * y, x + 2, y + 3))(5.0, 7.0))
    >>> kinds(program, Operands.of(program)).members
    [[], [4, 5], [6, 7]]
    """
    return _Coloring(program, operands).kinds()


class _Coloring:
    """The kinds found so far, while going through the operations in order."""

    def __init__(self, program: Program, operands: Operands) -> None:
        self._program = program
        self._operands = operands
        self._of = [*[INPUT] * program.inputs, *range(-1, -1 - len(program.constants), -1)]
        self._of += [INPUT] * len(program.operations)
        self._members: list[list[int]] = [[]]
        self._foldings: dict[int, Folding] = {}
        self._numbers: dict[tuple[Any, ...], int] = {}  # of the kinds, by what makes them different

    def kinds(self) -> Kinds:
        program, of, members, numbers = self._program, self._of, self._members, self._numbers
        chained = chains(program, self._operands)
        inner = {link for chain in chained for link in chain.links}
        last = {chain.links[-1]: chain for chain in chained}
        data = _data(program, self._operands)
        unusual = inner | data.keys()
        for number, (row, operands) in enumerate(program.operations, program.first):
            key: tuple[Any, ...]
            if number in unusual:
                if number in inner:
                    if number in last:
                        self._add_chain(last[number])
                    continue
                counted = [None if place in data[number] else of[o] for place, o in enumerate(operands)]
                key = (row, *counted)
            elif len(operands) == 2:
                key = (row, of[operands[0]], of[operands[1]])
            else:
                key = (row, *map(of.__getitem__, operands))
            kind = numbers.get(key)  # as `_add`, which is called less often
            if kind is None:
                kind = numbers[key] = len(members)
                members.append([])
            of[number] = kind
            members[kind].append(number)
        return Kinds(of, members, self._foldings, data)

    def _add(self, number: int, key: tuple[Any, ...]) -> None:
        kind = self._numbers.setdefault(key, len(self._members))
        if kind == len(self._members):
            self._members.append([])
        self._of[number] = kind
        self._members[kind].append(number)

    def _add_chain(self, chain: Chain) -> None:
        """Adds the ends of the chain's runs, and the links that belong to none."""
        of, terms, links = self._of, chain.terms, chain.links
        start = 1  # the place of the next term; those before it are in a link, or the first itself
        for run in (*runs(tuple([of[term] for term in terms])), None):
            stop = len(terms) if run is None else max(run.start, 1)
            for link in links[start - 1 : stop - 1]:
                operands = self._program.operations[link - self._program.first].operands
                self._add(link, (chain.row, *[of[operand] for operand in operands]))
            if run is None:
                return
            before = None if run.start == 0 else terms[0] if run.start == 1 else links[run.start - 2]
            folding = Folding(before, terms[run.start : run.stop], run.period)
            number = links[run.stop - 2]
            self._foldings[number] = folding
            steps = len(folding.terms) // run.period
            period = [of[term] for term in folding.terms[: run.period]]
            self._add(number, (chain.row, "fold", steps, None if before is None else of[before], *period))
            start = run.stop


def _data(program: Program, operands: Operands) -> dict[int, set[int]]:
    """The positions at which an operation's constants are data, not coefficients.

    In one role, a position of a row beside an operand of some row, there are few coefficients, each
    with many operands; of data there are many, or each with an operand of its own.
    """
    applied = [row for row, _ in program.operations]
    numbers = {row: number for number, row in enumerate(dict.fromkeys(applied), 2)}
    rows = numpy.fromiter(map(numbers.__getitem__, applied), numpy.int64, len(applied))
    row_of = numpy.concatenate([numpy.zeros(program.first, numpy.int64), rows])
    row_of[program.inputs : program.first] = 1
    binary = numpy.flatnonzero(operands.lengths == 2)
    begins = operands.begins[binary]
    found: dict[int, set[int]] = {}
    for position in (0, 1):
        constants = operands.numbers[begins + position]
        others = operands.numbers[begins + 1 - position]
        chosen = numpy.flatnonzero((row_of[constants] == 1) & (row_of[others] != 1))
        roles = rows[binary[chosen]] * (len(numbers) + 2) + row_of[others[chosen]]
        for role in _grouped(roles):
            used = chosen[role]
            different = len(numpy.unique(constants[used]))
            if different > _MOST_COEFFICIENTS or (
                different > 1 and len(numpy.unique(others[used])) == len(used)
            ):
                for operation in binary[used].tolist():
                    found.setdefault(operation + program.first, set()).add(position)
    return found


def _grouped(labels: Places) -> list[Places]:
    """The places of equal labels."""
    if not len(labels):
        return []
    order = numpy.argsort(labels, kind="stable")
    return numpy.split(order, numpy.flatnonzero(numpy.diff(labels[order])) + 1)
