"""Where a rolled program's values lie, and the order in which its loops go through them.

A loop's iterations are ordered by the places that they read, and what it leaves for others lies in the order
of its iterations.  So places become `base` plus strides times digits; where they do not, a table has them.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy

from autograd.compiler import recurrences
from autograd.compiler.chains import NEUTRAL
from autograd.compiler.columns import Places, extents, strides, varying
from autograd.compiler.nests import WIDEST
from autograd.compiler.placement import Iterations, LoopKind, Placement
from autograd.compiler.recurrences import FARTHEST, Read, Recurrence
from autograd.compiler.rolled import (
    Array,
    Carry,
    Column,
    Copy,
    Fold,
    Guard,
    Local,
    Loop,
    Operand,
    Statement,
    Store,
)
from autograd.compiler.simplification import Pool

__all__ = ["Layout"]

_MOST_KEYS = 4  # columns by which iterations are sorted


class Layout:
    """The arrays of a rolled program, filled while its loops are laid out in the order of their stages.

    `address` of a value is its place in its array, once it has one.
    """

    values: int  # in memory so far
    table: list[int]

    def __init__(self, placement: Placement, pool: Pool) -> None:
        program = placement.program
        self.values = 0
        self.table = []
        self._placement = placement
        self._program = program
        self._pool = pool
        self._tables: dict[bytes, int] = {}  # where each begins
        count = program.first + len(program.operations)
        self._address: Places = numpy.full(count, -1, numpy.int64)
        self._address[: program.inputs] = numpy.arange(program.inputs)
        self._address[program.inputs : program.first] = numpy.arange(len(program.constants))
        self._kept = numpy.zeros(count, bool)
        self._outputs: Places = placement.same[numpy.array(program.outputs, numpy.int64)]
        self._results = numpy.bincount(self._outputs, minlength=count)  # how many outputs each value is
        self._targets: dict[int, list[int]] = {}
        self._copied: list[int] = []
        for place, number in enumerate(self._outputs.tolist()):
            if number < program.first:
                self._copied.append(place)
            else:
                self._targets.setdefault(number, []).append(place)

    # --- What is kept in memory ---

    def keep(self, pieces: Sequence[Places | Recurrence]) -> None:
        """Marks the values that others read than the loop, or the piece of code, that computes them."""
        placement, kept = self._placement, self._kept
        kept[placement.same[[number for number, _ in self._program.guards]]] = True
        for kind in filter(None, placement.of):
            for column in (*kind.operands, *kind.terms):
                if not placement.is_local(kind, column):
                    kept[column] = True
        inside = numpy.zeros(len(kept), bool)
        for piece in pieces:
            if isinstance(piece, Recurrence):
                self._keep_for(piece)
            else:
                read = placement.same[placement.operands.read_by(piece - self._program.first)]
                inside[piece] = True
                kept[read[~inside[read]]] = True
                inside[piece] = False
        self._reserve(pieces)

    def _keep_for(self, recurrence: Recurrence) -> None:
        """Marks what a recurrence reads; if it is one of its own values, all that are computed like it."""
        kept = self._kept
        own = numpy.zeros(len(kept), bool)
        for operand in itertools.chain.from_iterable(recurrence.operands):
            if isinstance(operand, Read):
                kept[operand.numbers] = True
                own[operand.numbers] |= operand.own
            else:
                kept[[*operand.initial]] = True
        kept[recurrence.members[:, own[recurrence.members].any(axis=0)]] = True

    def _reserve(self, pieces: Sequence[Places | Recurrence]) -> None:
        """Gives places to what is computed one by one, and kept."""
        for piece in pieces:
            if isinstance(piece, Recurrence):
                for members, before, after in zip(
                    piece.members.T, piece.before, piece.after.tolist(), strict=True
                ):
                    self._reserve_together(members, before, after)
        others = [piece for piece in pieces if not isinstance(piece, Recurrence)]
        numbers = numpy.sort(numpy.concatenate(others)) if others else numpy.zeros(0, numpy.int64)
        numbers = numbers[self._kept[numbers] & (self._address[numbers] < 0)]
        of = [self._placement.kinds.of[number] for number in numbers.tolist()]
        numbers = numbers[numpy.argsort(of, kind="stable")]
        self._address[numbers] = self._allocated(len(numbers)) + numpy.arange(len(numbers))

    def _reserve_together(self, members: Places, before: Sequence[int], after: int) -> None:
        """Gives places to an operation of a recurrence, and to those like it before and after."""
        if self._results[members[:-FARTHEST]].any() and not (self._results[members] == 1).all():
            self._kept[members] = True
        if self._kept[members[:-FARTHEST]].any():
            first = [*itertools.takewhile(self._is_homeless, reversed(before))]
            last = [after] if after >= 0 and self._is_homeless(after) else []
            members = numpy.array([*reversed(first), *members.tolist(), *last], numpy.int64)
        else:
            members = members[self._kept[members]]
        self._address[members] = self._allocated(len(members)) + numpy.arange(len(members))

    def _is_homeless(self, number: int) -> bool:
        return bool(self._kept[number]) and self._address[number] < 0

    def _operands(self, number: int) -> list[int]:
        _, operands = self._program.operations[number - self._program.first]
        found: list[int] = self._placement.same[[*operands]].tolist()
        return found

    def _allocated(self, count: int) -> int:
        self.values += count
        return self.values - count

    # --- One by one ---

    def piece(self, piece: Places | Recurrence) -> Loop:
        """What is computed one by one, in this order."""
        return self._recurrence(piece) if isinstance(piece, Recurrence) else self._straight(piece.tolist())

    def _straight(self, chunk: Sequence[int]) -> Loop:
        local = {number: Local(place) for place, number in enumerate(chunk)}
        statements = []
        stores = []
        for number in chunk:
            row = self._program.operations[number - self._program.first].row
            read = tuple(local.get(o) or self._place_of(o) for o in self._operands(number))
            statements.append(Statement(row, read))
            targets = [Column("outputs", place) for place in self._targets.get(number, ())]
            if self._kept[number]:
                targets.append(Column("values", int(self._address[number])))
            stores += [Store(local[number], target) for target in targets]
        return Loop((), (), tuple(statements), tuple(stores))

    def _recurrence(self, recurrence: Recurrence) -> Loop:
        members = recurrence.members
        size = (len(members),)
        carries = _Carries(self._place_of)
        statements = []
        for row, operands in zip(recurrence.rows, recurrence.operands, strict=True):
            read = tuple(
                self._read(operand, size) if isinstance(operand, Read) else carries.operand(operand)
                for operand in operands
            )
            statements.append(Statement(row, read))
        stores = []
        for place, numbers in enumerate(members.T):
            columns, last = self._left(numbers)
            stores += [Store(Local(place), column) for column in columns]
            for back, targets in last.items():
                carries.leave(place, back, targets, self._pool)
        if recurrence.is_sequential or carries.found:
            return Loop((), size, tuple(statements), tuple(stores), carries=tuple(carries.found))
        return Loop(size, (), tuple(statements), tuple(stores))

    def _read(self, operand: Read, size: tuple[int, ...]) -> Column:
        array = self._array(int(operand.numbers[0]))
        column = self._column(array, self._address[operand.numbers], size)
        return column._replace(array="own") if operand.own else column

    def _left(self, members: Places) -> tuple[list[Column], dict[int, list[Column]]]:
        """Where the results of all iterations go, or of the last few, by their number from the end."""
        results, size = self._results[members], (len(members),)
        ending = members[: -FARTHEST - 1 : -1].tolist()
        columns: list[Column] = []
        last: dict[int, list[Column]] = {}
        if (results == 1).all():
            targets = [self._targets[number][0] for number in members.tolist()]
            columns.append(self._column("outputs", numpy.array(targets, numpy.int64), size))
        elif results[:-FARTHEST].any():
            for number in members[results > 0].tolist():
                self._copied += self._targets[number]
        else:
            for back, number in enumerate(ending):
                if results[-1 - back]:
                    last[back] = [Column("outputs", place) for place in self._targets[number]]
        if self._kept[members[:-FARTHEST]].any():
            columns.append(self._column("values", self._address[members], size))
        else:
            for back, number in enumerate(ending):
                if self._kept[number]:
                    last.setdefault(back, []).append(self._place_of(number))
        return columns, last

    def _place_of(self, number: int) -> Column:
        return Column(self._array(number), int(self._address[number]))

    def _array(self, number: int) -> Array:
        program = self._program
        return "inputs" if number < program.inputs else "constants" if number < program.first else "values"

    # --- Loops ---

    def loop(self, iterations: Iterations) -> Loop:
        """The iterations in order, and their results in memory."""
        iterations.kinds.sort(key=lambda kind: self._kind_of(kind.members))
        order = self._sorted(iterations, self._reads(iterations))
        local = {self._kind_of(kind.members): Local(place) for place, kind in enumerate(iterations.kinds)}

        def operands(kind: LoopKind, columns: Sequence[Places]) -> tuple[Operand, ...]:
            found = []
            for place, numbers in enumerate(columns):
                addresses = order.addresses.get((kind, place))
                found.append(
                    local[self._kind_of(numbers)]
                    if addresses is None
                    else self._column(self._array(int(numbers.flat[0])), addresses, order.digits)
                )
            return tuple(found)

        statements = [Statement(kind.row, operands(kind, kind.operands)) for kind in iterations.kinds]
        stores = [
            Store(Local(place), target)
            for place, kind in enumerate(iterations.kinds)
            for target in self._stored(kind, order.digits)
        ]
        folds = [
            Fold(
                kind.row,
                self._initial(kind, order),
                operands(kind, kind.terms),
                self._stored(kind, order.shape),
            )
            for kind in iterations.folds
        ]
        return Loop(order.shape, order.steps, tuple(statements), tuple(stores), tuple(folds))

    def _kind_of(self, numbers: Places) -> int:
        return self._placement.kinds.of[int(numbers.flat[0])]

    def _initial(self, kind: LoopKind, order: _Order) -> Column:
        if not kind.operands:
            return self._pool.column(NEUTRAL[kind.row])
        (numbers,) = kind.operands
        return self._column(self._array(int(numbers[0])), order.starts[kind], order.shape)

    def _reads(self, iterations: Iterations) -> dict[tuple[LoopKind, int], Places]:
        """The addresses that each iteration reads, by kind and position, but for what it computes itself."""
        position, steps = self._placement.position, iterations.steps
        found = {}
        for kind in (*iterations.kinds, *iterations.folds):
            places = position[kind.members]
            if len(kind.terms) and steps is not None:
                places = steps[places].ravel()
            for place, numbers in enumerate(kind.terms or kind.operands):
                if not self._placement.is_local(kind, numbers):
                    addresses = self._address[numbers].ravel()
                    found[kind, place] = _scattered(addresses, places, iterations.size)
        return found

    def _sorted(self, iterations: Iterations, reads: dict[tuple[LoopKind, int], Places]) -> _Order:
        """Sorts the iterations, and the members of folds, by what they read."""
        position, steps = self._placement.position, iterations.steps
        keys = [addresses for (kind, place), addresses in reads.items() if place not in kind.data]
        starts = {
            kind: _scattered(self._address[numbers], position[kind.members], len(kind.members))
            for kind in iterations.folds
            for numbers in kind.operands
        }
        if steps is None:
            rows = sequence = _in_order(keys, iterations.size)
        else:
            rows = _in_order([*starts.values(), *(key[steps[:, 0]] for key in keys)], len(steps))
            sequence = steps[rows].ravel()
        for kinds, places in ((iterations.kinds, sequence), (iterations.folds, rows)):
            moved = _scattered(numpy.arange(len(places)), places, len(places))
            for kind in kinds:
                position[kind.members] = moved[position[kind.members]]
        addresses = {read: column[sequence] for read, column in reads.items()}
        starts = {kind: column[rows] for kind, column in starts.items()}
        keys = [key[sequence] for key in keys]
        if steps is None:
            return _Order(addresses, starts, extents(keys, iterations.size), ())
        tables = [key.reshape(steps.shape) for key in keys]
        shape = extents([*starts.values(), *(table[:, 0] for table in tables)], len(steps))
        inner = extents([table[0] for table in tables], steps.shape[1])
        return _Order(addresses, starts, _narrowed(shape), inner)

    def _column(self, array: Array, addresses: Places, shape: Sequence[int]) -> Column:
        """The addresses of all iterations as a column; constants are laid out in order, others looked up."""
        found = strides(addresses, shape)
        if found is not None:
            return Column(array, int(addresses[0]), found if any(found) else ())
        few, found = varying(addresses, shape)
        if array == "constants":
            return Column(array, self._pool.block(few.tolist()), found)
        name = few.tobytes()
        if name not in self._tables:
            self._tables[name] = len(self.table)
            self.table += few.tolist()
        return Column(array, self._tables[name], found, by_table=True)

    def _stored(self, kind: LoopKind, shape: Sequence[int]) -> tuple[Column, ...]:
        """Where the members' values go: those that something else reads, in the order of the iterations."""
        columns = []
        position = self._placement.position[kind.members]
        places = [self._targets.get(number, ()) for number in kind.members.tolist()]
        if all(len(targets) == 1 for targets in places):
            targets = _scattered(numpy.array(places, numpy.int64).ravel(), position, len(places))
            columns.append(self._column("outputs", targets, shape))
        elif any(places):
            self._copied += itertools.chain.from_iterable(places)
            self._kept[kind.members] = True
        if self._kept[kind.members].any():
            base = self._allocated(len(places))
            self._address[kind.members] = base + position
            columns.append(self._column("values", base + numpy.arange(len(places)), shape))
        return tuple(columns)

    # --- After the loops ---

    def copies(self) -> Iterator[Copy]:
        """The outputs that no loop leaves in place: inputs, constants, and some of a kind's members."""
        arrays = [self._array(number) for number in self._outputs[sorted(self._copied)].tolist()]
        runs = enumerate(zip(sorted(self._copied), arrays, strict=True))
        for (_, array), group in itertools.groupby(runs, lambda item: (item[1][0] - item[0], item[1][1])):
            places = [place for _, (place, _) in group]
            addresses = self._address[self._outputs[places]]
            yield Copy(len(places), self._column(array, addresses, (len(places),)), places[0])

    def guards(self) -> Iterator[Guard]:
        same = self._placement.same
        places = {
            (truth, self._array(number), int(self._address[same[number]]))
            for number, truth in self._program.guards
        }
        for (truth, array), group in itertools.groupby(sorted(places), lambda place: place[:2]):
            addresses = numpy.array([address for _, _, address in group], numpy.int64)
            yield Guard(len(addresses), self._column(array, addresses, (len(addresses),)), truth)


class _Carries:
    """What the steps of a recurrence hand on, `found` while their operands are written."""

    def __init__(self, place_of: Callable[[int], Column]) -> None:
        self.found: list[Carry] = []
        self._place_of = place_of
        self._known: dict[
            tuple[int, tuple[int, ...]], Operand
        ] = {}  # by the operation, and what is before it

    def operand(self, carried: recurrences.Carried) -> Operand:
        """What an operation has computed some iterations before: it is handed on as often."""
        operand: Operand = Local(carried.place)
        for distance in range(carried.distance):
            initial = carried.initial[carried.distance - 1 - distance :]
            if (carried.place, initial) not in self._known:
                self._known[carried.place, initial] = Column("carried", len(self.found))
                self.found.append(Carry(self._place_of(initial[0]), operand))
            operand = self._known[carried.place, initial]
        return operand

    def leave(self, place: int, back: int, targets: Iterable[Column], pool: Pool) -> None:
        """Leaves at the targets what the operation computes in the last iteration, or so many before it."""
        operand: Operand = Local(place)
        for _ in range(back + 1):
            known = [carry.next for carry in self.found]
            number = known.index(operand) if operand in known else len(known)
            if number == len(known):
                self.found.append(Carry(pool.column(0.0), operand))
            operand = Column("carried", number)
        self.found[number] = self.found[number]._replace(targets=tuple(targets))


class _Order(NamedTuple):
    """The addresses that each kind reads from memory, by position, and where folds start, in order."""

    addresses: dict[tuple[LoopKind, int], Places]
    starts: dict[LoopKind, Places]
    shape: tuple[int, ...]
    steps: tuple[int, ...]

    @property
    def digits(self) -> tuple[int, ...]:
        return (*self.shape, *self.steps)


def _scattered(numbers: Places, places: Places, size: int) -> Places:
    """The numbers at their places."""
    found: Places = numpy.empty(size, numpy.int64)
    found[places] = numbers
    return found


def _in_order(keys: Iterable[Places], size: int) -> Places:
    """The places in the order of their keys, the first of which counts most."""
    different = [key for key in keys if (key != key[0]).any()][:_MOST_KEYS]
    return numpy.lexsort(different[::-1]) if different else numpy.arange(size)


def _narrowed(shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape, its last extent divided if that many folds would not be carried on together."""
    if not shape or shape[-1] <= WIDEST:
        return shape
    width = max(number for number in range(1, WIDEST + 1) if shape[-1] % number == 0)
    return shape if width == 1 else (*shape[:-1], shape[-1] // width, width)
