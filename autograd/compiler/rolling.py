"""Programs as loops: what a trace of a Python loop repeats is found again, and becomes one loop.

1.  Values of the same shape of computation, down to the inputs, are one *kind*: the same row, operands of the
    same kinds, the same coefficients.  A long chain of additions whose inner sums nobody else uses is one
    value, an ordered fold.
2.  A kind with many members is computed in a loop, the others one by one.
3.  Kinds of equal size go into one loop where each member reads the member of the same iteration; what only
    its own iteration reads is never stored.  A fold goes into the loop that computes its terms.
4.  The iterations of a loop are ordered by the places that they read, results are stored in the order of the
    iterations, and places become base + digits * strides, or else a table.

A value's *stage* keeps the loops in an order that can be carried out: it is that of its operands, and one more
where one of them has to be complete before.  Everything takes time proportional to the program's length, but
for the sorting of a loop's iterations.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from typing import Any

import numpy

from autograd.compiler.chains import NEUTRAL, chains, runs
from autograd.compiler.columns import Places, extents, strides, varying
from autograd.compiler.program import Program
from autograd.compiler.rolled import Array, Column, Copy, Fold, Guard, Local, Loop, Operand, Rolled, Statement
from autograd.rows import Primitive

__all__ = ["rolled"]

_FEWEST = 16  # members of a kind, below which a loop is not worth its table of places
_MOST_OPERANDS = 4  # of an operation in a loop
_MOST_COEFFICIENTS = 8  # beyond so many different constants in one role, they are data
_KEYS = 4  # columns by which iterations are sorted, at most
_LONGEST_STRAIGHT = 1_000  # statements


def rolled(program: Program) -> Rolled:
    """The program as loops, with the same bits.

    >>> from autograd import trace
    >>> from autograd.compiler.program import lowered
    >>> print(rolled(lowered(trace(lambda x: sum(number * number for number in x))([1.0] * 50))))
    50 inputs, 1 constants, 0 values, 1 outputs
    loop 50 steps:
        %0 = mul(inputs[0 + 1*i], inputs[0 + 1*i])
        fold add(constants[0], %0) -> outputs[0]
    """
    return _Rolling(program).result()


class _Folding:
    """A run of a chain: the number of its value, and its terms; the first are combined with `initial`."""

    __slots__ = ("initial", "number", "period", "terms")

    def __init__(self, number: int, initial: int, terms: list[int], period: int) -> None:
        self.number = number
        self.initial = initial
        self.terms = terms
        self.period = period


class _Kind:
    """Operations, or folds, of one kind, that a loop computes."""

    def __init__(self, color: int, row: Primitive, members: Places) -> None:
        self.color = color
        self.row = row
        self.members = members  # their numbers, ascending
        self.operands: list[Places] = []  # by position
        self.is_data: list[bool] = []  # whether the operands are constants that are laid out anew
        self.terms: list[Places] = []  # of a fold: members x steps, for each term of a step
        self.is_kept = False
        self.loop: _Iterations


class _Iterations:
    """A loop under construction: its kinds, and in which iteration each member is."""

    def __init__(self, stage: int, size: int) -> None:
        self.stage = stage
        self.size = size
        self.kinds: list[_Kind] = []
        self.folds: list[_Kind] = []
        self.steps: Places | None = None  # the iterations that the folds go through: members x steps


class _Rolling:
    """The arrays over all of a program's values, and the steps of the work on them."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.first = program.first
        self.count = program.first + len(program.operations)
        self.constants = list(program.constants)
        self.table: list[int] = []
        self.tables: dict[bytes, int] = {}  # where each begins
        operations = program.operations
        self.flat = numpy.fromiter(
            itertools.chain.from_iterable([operands for _, operands in operations]), numpy.int64
        )
        arities = numpy.fromiter([len(operands) for _, operands in operations], numpy.int64, len(operations))
        self.offsets = numpy.cumsum(arities) - arities
        read = [*program.outputs, *(number for number, _ in program.guards)]
        self.results = numpy.array(read, numpy.int64)
        uses = numpy.bincount(self.flat, minlength=self.count)
        self.uses = (uses + numpy.bincount(self.results, minlength=self.count)).tolist()
        self.data = self._data(arities)
        self.foldings: dict[int, _Folding] = {}
        self.color = [0] * self.first  # of each value: 0 an input, negative a constant, else its kind's
        self.members: list[list[int]] = [[]]
        self.kind_of: list[_Kind | None] = [None]  # by color; None for values computed one by one
        self.stage = [0] * self.count  # of values computed one by one
        self.straight: dict[int, list[int]] = {}  # these, by stage
        self.iterations: list[_Iterations] = []
        self.position = numpy.zeros(self.count, numpy.int64)  # of a value in its loop
        self.address = numpy.full(self.count, -1, numpy.int64)  # in the array where it lies
        self.address[: program.inputs] = numpy.arange(program.inputs)
        self.address[program.inputs : self.first] = numpy.arange(len(program.constants))
        self.values = 0

    def result(self) -> Rolled:
        self._find_kinds()
        self._place_kinds()
        return self._written()

    # --- Kinds ---

    def _data(self, arities: Places) -> dict[int, set[int]]:
        """The positions at which an operation's constants are data, not coefficients.

        In one role, a position of a row beside an operand of some row, there are few coefficients, each
        with many operands; of data there are many, or each with an operand of its own.
        """
        program = self.program
        if not program.constants:
            return {}
        number = {row: place for place, row in enumerate({row: None for row, _ in program.operations}, 2)}
        rows = numpy.fromiter([number[row] for row, _ in program.operations], numpy.int64)
        row_of = numpy.concatenate([numpy.zeros(self.first, numpy.int64), rows])
        row_of[program.inputs : self.first] = 1
        binary = numpy.flatnonzero(arities == 2)
        found: dict[int, set[int]] = {}
        for position in (0, 1):
            constant = self.flat[self.offsets[binary] + position]
            other = self.flat[self.offsets[binary] + 1 - position]
            chosen = numpy.flatnonzero((row_of[constant] == 1) & (row_of[other] != 1))
            roles = rows[binary[chosen]] * (len(number) + 2) + row_of[other[chosen]]
            order = numpy.argsort(roles, kind="stable")
            borders = numpy.flatnonzero(numpy.diff(roles[order])) + 1
            for role in numpy.split(order, borders) if len(order) else ():
                used = chosen[role]
                different = len(numpy.unique(constant[used]))
                operands = len(numpy.unique(other[used]))
                if different > _MOST_COEFFICIENTS or 1 < different and operands == len(used):
                    for operation in binary[used].tolist():
                        found.setdefault(operation + self.first, set()).add(position)
        return found

    def _find_kinds(self) -> None:
        """Colors every value but the inner links of folds, and lists the members of each color."""
        program, color, first = self.program, self.color, self.first
        color[program.inputs :] = [-1 - place for place in range(len(program.constants))]
        chained = chains(program, self.uses)
        inner = {link: chain for chain in chained for link in chain.links}
        last = {chain.links[-1]: chain for chain in chained}
        color += [0] * len(program.operations)
        colors: dict[Any, int] = {}
        members = self.members
        data = self.data
        unusual = inner.keys() | data.keys()
        for number, (row, operands) in enumerate(program.operations, first):
            key: tuple[Any, ...]
            if number in unusual:
                if number in inner:
                    if number in last:
                        self._color_chain(last[number], colors)
                    continue
                kinds = [0 if place in data[number] else color[o] for place, o in enumerate(operands)]
                key = (row, *sorted(data[number]), None, *kinds)
            elif len(operands) == 2:
                key = (row, color[operands[0]], color[operands[1]])
            else:
                key = (row, *map(color.__getitem__, operands))
            found = colors.get(key)
            if found is None:
                found = colors[key] = len(members)
                members.append([])
            color[number] = found
            members[found].append(number)

    def _color_chain(self, chain: Any, colors: dict[Any, int]) -> None:
        """Colors the chain's links outside of its runs, and the ends of these."""
        color, terms, links = self.color, chain.terms, chain.links
        start = 1  # the next term; what is before is in `total`
        total = terms[0]
        for run in (*runs(tuple([color[term] for term in terms])), None):
            stop = len(terms) if run is None else max(run.start, 1)
            for place in range(start, stop):
                operands = self.program.operations[links[place - 1] - self.first].operands
                self._add(links[place - 1], (chain.row, *[color[o] for o in operands]), colors)
                total = links[place - 1]
            if run is None:
                return
            initial = total if run.start else self._neutral(chain.row)
            before = color[total] if run.start else None
            number = links[run.stop - 2]
            self.foldings[number] = _Folding(number, initial, terms[run.start : run.stop], run.period)
            steps = (run.stop - run.start) // run.period
            kinds = [color[term] for term in terms[run.start : run.start + run.period]]
            self._add(number, ("fold", chain.row, steps, before, *kinds), colors)
            total, start = number, run.stop

    def _add(self, number: int, key: Any, colors: dict[Any, int]) -> None:
        found = colors.setdefault(key, len(self.members))
        if found == len(self.members):
            self.members.append([])
        self.color[number] = found
        self.members[found].append(number)

    def _neutral(self, row: Primitive) -> int:
        """What stands for the number that a chain starts with: the place of a constant, from -1 downwards."""
        self.constants.append(NEUTRAL[row])
        return -len(self.constants)

    # --- Loops ---

    def _place_kinds(self) -> None:
        """Gives each kind its loop, or each of its members its place among the straight code."""
        for members in self.members[1:]:
            row, operands = self.program.operations[members[0] - self.first]
            kind = None
            if members[0] in self.foldings:
                kind = _Kind(len(self.kind_of), row, numpy.array(members, numpy.int64))
                self._place_folds(kind)
            elif len(members) >= _FEWEST and len(operands) <= _MOST_OPERANDS:
                kind = _Kind(len(self.kind_of), row, numpy.array(members, numpy.int64))
                self._place_operations(kind)
            else:
                self._place_one_by_one(members)
            self.kind_of.append(kind)

    def _place_one_by_one(self, members: list[int]) -> None:
        color, kind_of, stages = self.color, self.kind_of, self.stage
        for number in members:
            stage = 0
            for operand in self.program.operations[number - self.first].operands:
                kind = kind_of[color[operand]] if color[operand] > 0 else None
                stage = max(stage, stages[operand] if kind is None else kind.loop.stage + 1)
            stages[number] = stage
            self.straight.setdefault(stage, []).append(number)

    def _place_operations(self, kind: _Kind) -> None:
        begin = self.offsets[kind.members - self.first]
        first = int(kind.members[0])
        arity = len(self.program.operations[first - self.first].operands)
        kind.operands = [self.flat[begin + position] for position in range(arity)]
        kind.is_data = [position in self.data.get(first, ()) for position in range(arity)]
        loop, positions = self._loop(kind.operands, 0, len(kind.members))
        kind.loop = loop
        loop.kinds.append(kind)
        self.position[kind.members] = positions

    def _place_folds(self, kind: _Kind) -> None:
        foldings = [self.foldings[number] for number in kind.members.tolist()]
        initial = numpy.array([folding.initial for folding in foldings], numpy.int64)
        terms = numpy.array([folding.terms for folding in foldings], numpy.int64)
        period = foldings[0].period
        kind.operands = [initial]
        kind.terms = [terms[:, place::period] for place in range(period)]
        count, steps = kind.terms[0].shape
        stage = self._stage_after(initial)
        loop, positions = self._loop([term.ravel() for term in kind.terms], stage, count * steps)
        ways = positions.reshape(count, steps)
        rows = numpy.arange(count)
        if loop.steps is None:
            loop.steps = ways
        elif (same := _rows_alike(loop.steps, ways)) is not None:
            rows = same
        else:
            loop = self._new_loop(loop.stage + 1, count * steps)
            loop.steps = numpy.arange(count * steps).reshape(count, steps)
        kind.loop = loop
        loop.folds.append(kind)
        self.position[kind.members] = rows

    def _stage_after(self, numbers: Places) -> int:
        """The first stage in which values of one kind are complete."""
        color = self._color_of(numbers)
        if color <= 0:
            return 0
        kind = self.kind_of[color]
        if kind is not None:
            return kind.loop.stage + 1
        return max(map(self.stage.__getitem__, self.members[color]))

    def _color_of(self, numbers: Places) -> int:
        number = int(numbers.flat[0])
        return self.color[number] if number >= 0 else -1

    def _loop(self, columns: Sequence[Places], stage: int, size: int) -> tuple[_Iterations, Places]:
        """The loop for what reads these columns, and the iteration of each of their `size` places.

        It is the loop of the operands that the same iteration computes, if there are any.
        """
        aligned: list[tuple[_Kind, Places]] = []
        for column in columns:
            kind = self.kind_of[self._color_of(column)] if self._color_of(column) > 0 else None
            if kind is not None and self._is_aligned(kind, column, size):
                aligned.append((kind, column))
                stage = max(stage, kind.loop.stage)
            else:
                stage = max(stage, self._stage_after(column))
        near = [(kind, column) for kind, column in aligned if kind.loop.stage == stage]
        if not near:
            return self._new_loop(stage, size), numpy.arange(size)
        loop = near[0][0].loop
        positions = self.position[near[0][1]]
        for kind, column in near[1:]:
            others = self.position[column]
            if kind.loop is loop:
                if (others == positions).all():
                    continue
            elif self._merge(loop, kind.loop, others, positions):
                continue
            return self._new_loop(stage + 1, size), numpy.arange(size)
        return loop, positions

    def _is_aligned(self, kind: _Kind, column: Places, size: int) -> bool:
        """Whether a column of `size` reads each iteration of the kind's loop once."""
        if kind.terms or kind.loop.size != size or len(kind.members) != size:
            return False
        return bool(numpy.bincount(self.position[column], minlength=size).max() == 1)

    def _new_loop(self, stage: int, size: int) -> _Iterations:
        self.iterations.append(_Iterations(stage, size))
        return self.iterations[-1]

    def _merge(self, loop: _Iterations, other: _Iterations, others: Places, positions: Places) -> bool:
        """Takes another loop of the stage into `loop`, iteration `others` as `positions`; False if it cannot."""
        if loop.steps is not None and other.steps is not None:
            return False
        renamed = numpy.empty(loop.size, numpy.int64)
        renamed[others] = positions
        for kind in other.kinds:
            kind.loop = loop
            self.position[kind.members] = renamed[self.position[kind.members]]
        for kind in other.folds:
            kind.loop = loop
        if other.steps is not None:
            loop.steps = renamed[other.steps]
        loop.kinds += other.kinds
        loop.folds += other.folds
        other.kinds, other.folds = [], []
        return True

    # --- The result ---

    def _written(self) -> Rolled:
        chunks = self._chunks()
        self._keep(chunks)
        loops: list[Loop] = []
        by_stage: dict[int, list[_Iterations]] = {}
        for iterations in self.iterations:
            if iterations.kinds or iterations.folds:
                by_stage.setdefault(iterations.stage, []).append(iterations)
        self.targets: dict[int, list[int]] = {}
        for place, number in enumerate(self.program.outputs):
            if number >= self.first:
                self.targets.setdefault(number, []).append(place)
        self.copied = [place for place, number in enumerate(self.program.outputs) if number < self.first]
        for stage in range(max([*chunks, *by_stage], default=-1) + 1):
            loops += [self._straight(chunk) for chunk in chunks.get(stage, ())]
            loops += [self._nest(iterations) for iterations in by_stage.get(stage, ())]
        copies, guards = tuple(self._copies()), tuple(self._guards())
        return Rolled(
            self.program.inputs,
            tuple(self.constants),
            tuple(self.table),
            self.values,
            len(self.program.outputs),
            tuple(loops),
            copies,
            guards,
        )

    def _chunks(self) -> dict[int, list[list[int]]]:
        """The straight code of each stage, in pieces."""
        return {
            stage: [
                ordered[start : start + _LONGEST_STRAIGHT]
                for start in range(0, len(ordered), _LONGEST_STRAIGHT)
            ]
            for stage, ordered in ((stage, sorted(numbers)) for stage, numbers in self.straight.items())
        }

    def _keep(self, chunks: dict[int, list[list[int]]]) -> None:
        """Gives an address to the values computed one by one that are read elsewhere, and marks such kinds."""
        kept = numpy.zeros(self.count, bool)
        kept[[number for number, _ in self.program.guards]] = True
        for kind in filter(None, self.kind_of):
            for column in (*kind.operands, *kind.terms):
                if not self._is_local(kind, column):
                    kept[column[column >= 0]] = True
        operations = self.program.operations
        for chunk in itertools.chain.from_iterable(chunks.values()):
            inside = set(chunk)
            for number in chunk:
                for operand in operations[number - self.first].operands:
                    if operand not in inside:
                        kept[operand] = True
        for members, kind in zip(self.members, self.kind_of, strict=True):
            if kind is not None:
                kind.is_kept = bool(kept[kind.members].any())
            else:
                for number in members:
                    if kept[number]:
                        self.address[number] = self._allocated(1)

    def _is_local(self, kind: _Kind, column: Places) -> bool:
        """Whether each iteration reads what it has computed itself."""
        color = self._color_of(column)
        source = self.kind_of[color] if color > 0 else None
        return source is not None and source.loop is kind.loop and not source.terms

    def _allocated(self, count: int) -> int:
        self.values += count
        return self.values - count

    def _straight(self, chunk: list[int]) -> Loop:
        local = {number: Local(place) for place, number in enumerate(chunk)}
        statements = []
        for number in chunk:
            row, operands = self.program.operations[number - self.first]
            stores = [Column("outputs", place) for place in self.targets.pop(number, ())]
            if self.address[number] >= 0:
                stores.append(Column("values", int(self.address[number])))
            read = tuple(local.get(o) or Column(self._array(o), int(self.address[o])) for o in operands)
            statements.append(Statement(row, read, tuple(stores)))
        return Loop((), (), tuple(statements))

    def _array(self, number: int) -> Array:
        if number < 0:
            return "constants"
        return "inputs" if number < self.program.inputs else "constants" if number < self.first else "values"

    def _addresses(self, numbers: Places) -> Places:
        """Where values lie, in their array; of a chain's neutral start, among the constants."""
        if numbers.flat[0] < 0:
            return -1 - numbers
        addresses: Places = self.address[numbers]
        return addresses

    def _nest(self, iterations: _Iterations) -> Loop:
        """The loop, its iterations in the order in which it reads, and its results in the order of these."""
        kinds = sorted(iterations.kinds, key=lambda kind: kind.color)
        folds = sorted(iterations.folds, key=lambda kind: kind.color)
        steps = iterations.steps
        reads: dict[tuple[int, int], Places] = {}  # by kind and position, the addresses in each iteration
        keys: list[Places] = []
        for kind in kinds:
            for position, column in enumerate(kind.operands):
                if not self._is_local(kind, column):
                    addresses = numpy.empty(iterations.size, numpy.int64)
                    addresses[self.position[kind.members]] = self._addresses(column)
                    reads[kind.color, position] = addresses
                    if not kind.is_data[position]:
                        keys.append(addresses)
        for kind in folds:
            for position, column in enumerate(kind.terms):
                if not self._is_local(kind, column):
                    addresses = numpy.empty(iterations.size, numpy.int64)
                    addresses[steps[self.position[kind.members]]] = self._addresses(column)
                    reads[kind.color, position] = addresses
                    keys.append(addresses)
        starts = {}
        for kind in folds:
            starts[kind.color] = numpy.empty(len(kind.members), numpy.int64)
            starts[kind.color][self.position[kind.members]] = self._addresses(kind.operands[0])
        if steps is None:
            order = _sorted_rows(keys, iterations.size)
            rows = order
        else:
            rows = _sorted_rows([*starts.values(), *(key[steps[:, 0]] for key in keys)], len(steps))
            order = steps[rows].ravel()
        place = numpy.empty(iterations.size, numpy.int64)
        place[order] = numpy.arange(iterations.size)
        row_place = numpy.empty(len(rows), numpy.int64)
        row_place[rows] = numpy.arange(len(rows))
        for kind in kinds:
            self.position[kind.members] = place[self.position[kind.members]]
        for kind in folds:
            self.position[kind.members] = row_place[self.position[kind.members]]
            starts[kind.color] = starts[kind.color][rows]
        reads = {which: addresses[order] for which, addresses in reads.items()}
        keys = [key[order] for key in keys]
        if steps is None:
            shape, inner = extents(keys, iterations.size), ()
        else:
            table = [key.reshape(steps.shape) for key in keys]
            shape = extents([*starts.values(), *(key[:, 0] for key in table)], len(steps))
            inner = extents([key[0] for key in table], steps.shape[1])
        digits = (*shape, *inner)
        statement_of = {kind.color: place for place, kind in enumerate(kinds)}

        def operand(kind: _Kind, position: int, column: Places) -> Operand:
            if (kind.color, position) in reads:
                return self._column(self._array(int(column.flat[0])), reads[kind.color, position], digits)
            return Local(statement_of[self._color_of(column)])

        statements = [
            Statement(
                kind.row,
                tuple(operand(kind, position, column) for position, column in enumerate(kind.operands)),
                self._stores(kind, digits),
            )
            for kind in kinds
        ]
        foldings = [
            Fold(
                kind.row,
                self._column(self._array(int(kind.operands[0][0])), starts[kind.color], shape),
                tuple(operand(kind, position, column) for position, column in enumerate(kind.terms)),
                self._stores(kind, shape),
            )
            for kind in folds
        ]
        return Loop(shape, inner, tuple(statements), tuple(foldings))

    def _column(self, array: Array, addresses: Places, shape: Sequence[int]) -> Column:
        """The addresses of all iterations as a column; data are laid out in order, others looked up."""
        found = strides(addresses, shape)
        if found is not None:
            return Column(array, int(addresses[0]), found)
        few, found = varying(addresses, shape)
        if array == "constants":
            base = len(self.constants)
            self.constants += [self.constants[place] for place in few.tolist()]
            return Column(array, base, found)
        name = few.tobytes()
        if name not in self.tables:
            self.tables[name] = len(self.table)
            self.table += few.tolist()
        return Column(array, self.tables[name], found, by_table=True)

    def _stores(self, kind: _Kind, shape: Sequence[int]) -> tuple[Column, ...]:
        """Where the members' values go: those that something else reads, in the order of the iterations."""
        stores = []
        members = kind.members.tolist()
        places = [place for number in members for place in self.targets.get(number, ())]
        size = len(members)
        if len(places) == size and all(number in self.targets for number in members):
            targets = numpy.empty(size, numpy.int64)
            targets[self.position[kind.members]] = places
            stores.append(self._column("outputs", targets, shape))
        elif places:
            self.copied += places
            kind.is_kept = True
        if kind.is_kept:
            base = self._allocated(size)
            self.address[kind.members] = base + self.position[kind.members]
            stores.append(self._column("values", base + numpy.arange(size), shape))
        return tuple(stores)

    def _copies(self) -> Iterable[Copy]:
        """The outputs that no loop stores: inputs, constants, and some of a kind's members."""
        outputs = self.program.outputs
        places = sorted(self.copied)
        for _, group in itertools.groupby(
            enumerate(places), lambda pair: (pair[1] - pair[0], self._array(outputs[pair[1]]))
        ):
            targets = [place for _, place in group]
            numbers = numpy.array([outputs[place] for place in targets], numpy.int64)
            column = self._column(self._array(int(numbers[0])), self.address[numbers], (len(targets),))
            yield Copy(len(targets), column, targets[0])

    def _guards(self) -> Iterable[Guard]:
        guards = sorted(self.program.guards, key=lambda guard: (guard[1], self._array(guard[0])))
        for (truth, array), group in itertools.groupby(
            guards, lambda guard: (guard[1], self._array(guard[0]))
        ):
            addresses = numpy.unique(self.address[[number for number, _ in group]])
            yield Guard(len(addresses), self._column(array, addresses, (len(addresses),)), truth)


def _sorted_rows(keys: Sequence[Places], size: int) -> Places:
    """The rows in the order of their keys, the first of which counts most."""
    varying_keys = [key for key in keys if len(key) and (key != key[0]).any()][:_KEYS]
    if not varying_keys:
        return numpy.arange(size)
    return numpy.lexsort(varying_keys[::-1])


def _rows_alike(rows: Places, others: Places) -> Places | None:
    """Which of the rows each of the others is; None if they differ."""
    if rows.shape != others.shape:
        return None
    place = numpy.full(rows.size, -1, numpy.int64)
    place[rows[:, 0]] = numpy.arange(len(rows))
    found = place[others[:, 0]]
    return found if (found >= 0).all() and (rows[found] == others).all() else None
