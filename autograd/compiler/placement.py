"""Which loop computes which values of a program, and in which of its iterations.

Kinds of equal size go into one loop where each member reads the member of the same iteration, and a fold goes
into the loop that computes its terms.  What is too rare for a loop is computed one by one.

A value's stage keeps this in an order that can be carried out: it is that of its operands, and one more where
a loop has to be complete before.  In a stage, what is computed one by one comes before the loops.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy

from autograd.compiler.columns import Operands, Places
from autograd.compiler.kinds import INPUT, Kinds, kinds
from autograd.compiler.program import Program
from autograd.rows import Primitive

__all__ = ["Iterations", "LoopKind", "Placement"]

_FEWEST = 16  # members of a kind, below which a loop is not worth its places
_MOST_OPERANDS = 4  # of an operation in a loop


class LoopKind:
    """A kind that a loop computes: operations, or folds, which have terms.

    `members` are their numbers; `operands` holds the numbers of each operand's values, member by member.  Of
    folds these are the initial values, if any, and `terms` has an array of shape (members, steps) for each
    term of a step.  `data` are the positions of operands that are constants which vary.
    """

    iterations: Iterations

    def __init__(
        self,
        row: Primitive,
        members: Places,
        operands: Sequence[Places],
        terms: Sequence[Places] = (),
        data: Collection[int] = (),
    ) -> None:
        self.row = row
        self.members = members
        self.operands = operands
        self.terms = terms
        self.data = data


class Iterations:
    """The iterations of a loop, `size` of them, with the kinds and folds that they compute.

    `steps` are the iterations that each member of the folds goes through, of shape (members, steps).
    """

    def __init__(self, stage: int, size: int) -> None:
        self.stage = stage
        self.size = size
        self.kinds: list[LoopKind] = []
        self.folds: list[LoopKind] = []
        self.steps: Places | None = None


class Placement:
    """Where a program's values are computed.

    `single` lists, by stage, what is computed one by one; `iterations` are the loops.  `operands` are
    those of the program.  `of` is a kind's loop kind, or None; `position` of a value in a loop is its
    iteration, and of a fold the member of the steps.
    `same` is, for each value, an equal one that stands for it: itself, but for what is computed twice.

    With `is_split` there are no loops, and everything is computed one by one.
    """

    def __init__(self, program: Program, *, is_split: bool = False) -> None:
        self.program = program
        self.operands = Operands.of(program)
        self._first = program.first
        count = program.first + len(program.operations)
        self.kinds = Kinds([INPUT] * count, [[]], {}, {}) if is_split else kinds(program, self.operands)
        self.of: list[LoopKind | None] = [None]
        self.single: dict[int, list[int]] = {0: [*range(program.first, count)]} if is_split else {}
        self.position: Places = numpy.zeros(count, numpy.int64)
        self.same: Places = numpy.arange(count)
        self._made: list[Iterations] = []
        self._stages = [0] * count  # of what is computed one by one
        foldings = self.kinds.foldings
        for members in self.kinds.members[1:]:
            if len(members) < _FEWEST and members[0] not in foldings:  # in a long program there are many
                self._place_one_by_one(members)
                self.of.append(None)
            else:
                self.of.append(self._placed(members))

    @property
    def iterations(self) -> list[Iterations]:
        return [made for made in self._made if made.kinds or made.folds]

    def kind(self, numbers: Places) -> LoopKind | None:
        """The loop kind of values that are all of one kind, or None."""
        kind = self.kinds.of[int(numbers.flat[0])]
        return self.of[kind] if kind > INPUT else None

    def is_local(self, kind: LoopKind, operands: Places) -> bool:
        """Whether each iteration of the kind's loop reads what it has computed itself."""
        source = self.kind(operands)
        return source is not None and source.iterations is kind.iterations and not len(source.terms)

    def _placed(self, members: list[int]) -> LoopKind | None:
        row, operands = self.program.operations[members[0] - self.program.first]
        if members[0] in self.kinds.foldings:
            return self._placed_folds(row, members)
        if len(operands) <= _MOST_OPERANDS:
            return self._placed_operations(row, members, len(operands))
        self._place_one_by_one(members)
        return None

    # --- One by one ---

    def _place_one_by_one(self, members: list[int]) -> None:
        of, stages, operations, first = self.kinds.of, self._stages, self.program.operations, self._first
        for number in members:
            stage = 0
            for operand in operations[number - first].operands:
                kind = self.of[of[operand]] if of[operand] > INPUT else None
                after = stages[operand] if kind is None else kind.iterations.stage + 1
                if after > stage:
                    stage = after
            stages[number] = stage
            if stage in self.single:
                self.single[stage].append(number)
            else:
                self.single[stage] = [number]

    def _stage_after(self, numbers: Places) -> int:
        """The first stage whose loops can read these values of one kind."""
        kind = self.kinds.of[int(numbers.flat[0])]
        if kind <= INPUT:
            return 0
        loop_kind = self.of[kind]
        if loop_kind is not None:
            return loop_kind.iterations.stage + 1
        return max(map(self._stages.__getitem__, self.kinds.members[kind]))

    # --- In loops ---

    def _placed_operations(self, row: Primitive, members: list[int], arity: int) -> LoopKind:
        numbers = numpy.array(members, numpy.int64)
        begins = self.operands.begins[numbers - self.program.first]
        operands = [self.same[self.operands.numbers[begins + position]] for position in range(arity)]
        first = _first_alike(operands)
        if first is not None:
            self.same[numbers] = numbers[first]
            different = numpy.flatnonzero(first == numpy.arange(len(numbers)))
            numbers, operands = numbers[different], [operand[different] for operand in operands]
        kind = LoopKind(row, numbers, operands, data=self.kinds.data.get(members[0], ()))
        kind.iterations, self.position[numbers] = self._loop(operands, 0, len(numbers))
        kind.iterations.kinds.append(kind)
        return kind

    def _placed_folds(self, row: Primitive, members: list[int]) -> LoopKind:
        foldings = [self.kinds.foldings[number] for number in members]
        initial = [folding.initial for folding in foldings if folding.initial is not None]
        terms = self.same[numpy.array([folding.terms for folding in foldings], numpy.int64)]
        period = foldings[0].period
        kind = LoopKind(
            row,
            numpy.array(members, numpy.int64),
            [self.same[numpy.array(initial, numpy.int64)]] if initial else [],
            [terms[:, place::period] for place in range(period)],
        )
        count, steps = kind.terms[0].shape
        stage = max(map(self._stage_after, kind.operands), default=0)
        loop, positions = self._loop([term.ravel() for term in kind.terms], stage, count * steps)
        ways = positions.reshape(count, steps)
        if loop.steps is None:
            loop.steps = ways
        rows = _rows_alike(loop.steps, ways)
        if rows is None:
            loop, rows = self._new_loop(loop.stage + 1, count * steps), numpy.arange(count)
            loop.steps = numpy.arange(count * steps).reshape(count, steps)
        kind.iterations, self.position[kind.members] = loop, rows
        loop.folds.append(kind)
        return kind

    def _loop(self, columns: Sequence[Places], stage: int, size: int) -> tuple[Iterations, Places]:
        """The loop for what reads these columns of values, and the iteration for each of their `size` places.

        It is the loop of the values that the same iteration computes, if there are any.
        """
        aligned: list[tuple[LoopKind, Places]] = []
        for column in columns:
            kind = self.kind(column)
            if kind is not None and self._is_aligned(kind, column, size):
                aligned.append((kind, column))
                stage = max(stage, kind.iterations.stage)
            else:
                stage = max(stage, self._stage_after(column))
        near = [(kind, column) for kind, column in aligned if kind.iterations.stage == stage]
        if not near:
            return self._new_loop(stage, size), numpy.arange(size)
        loop = near[0][0].iterations
        positions: Places = self.position[near[0][1]]
        for kind, column in near[1:]:
            others = self.position[column]
            if kind.iterations is loop:
                fits = bool((others == positions).all())
            else:
                fits = self._merge(loop, kind.iterations, others, positions)
            if not fits:
                return self._new_loop(stage + 1, size), numpy.arange(size)
        return loop, positions

    def _is_aligned(self, kind: LoopKind, column: Places, size: int) -> bool:
        """Whether a column of `size` values reads each iteration of the kind's loop once."""
        if len(kind.terms) or kind.iterations.size != size:
            return False
        return bool(numpy.bincount(self.position[column], minlength=size).max() == 1)

    def _new_loop(self, stage: int, size: int) -> Iterations:
        self._made.append(Iterations(stage, size))
        return self._made[-1]

    def _merge(self, loop: Iterations, other: Iterations, others: Places, positions: Places) -> bool:
        """Takes another loop of the stage into `loop`, its iterations `others` as `positions`.

        False, and nothing done, if both have folds.
        """
        if loop.steps is not None and other.steps is not None:
            return False
        renamed = numpy.empty(loop.size, numpy.int64)
        renamed[others] = positions
        for kind in (*other.kinds, *other.folds):
            kind.iterations = loop
        for kind in other.kinds:
            self.position[kind.members] = renamed[self.position[kind.members]]
        if other.steps is not None:
            loop.steps = renamed[other.steps]
        loop.kinds += other.kinds
        loop.folds += other.folds
        other.kinds, other.folds = [], []
        return True


def _first_alike(columns: Sequence[Places]) -> Places | None:
    """For each place the first one with the same numbers in every column; None if all places differ."""
    if any((numpy.diff(column) > 0).all() for column in columns):
        return None
    order = numpy.lexsort(columns)
    alike = numpy.ones(len(order) - 1, bool)
    for column in columns:
        alike &= numpy.diff(column[order]) == 0
    if not alike.any():
        return None
    starts = numpy.concatenate([[True], ~alike])
    first = numpy.empty(len(order), numpy.int64)
    first[order] = order[starts][numpy.cumsum(starts) - 1]
    return first


def _rows_alike(rows: Places, others: Places) -> Places | None:
    """Which of the rows each of the others is; None if one is none of them."""
    if rows.shape != others.shape:
        return None
    place = numpy.full(rows.size, -1, numpy.int64)
    place[rows[:, 0]] = numpy.arange(len(rows))
    found: Places = place[others[:, 0]]
    return found if (found >= 0).all() and (rows[found] == others).all() else None
