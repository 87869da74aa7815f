"""Recurrences: what is computed one by one, each time from what the time before has left, as loops.

The steps of an iteration, of an integration or of a filter are each of a kind of their own, since each is
one deeper than the one before; so is what a reverse sweep makes of them.  But in the order of the program
their operations repeat with a period.  `pieces` finds where, and what one iteration has from another: what
lies few iterations back is carried on, and everything else is read from memory.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy

from autograd.compiler.columns import Operands, Places
from autograd.compiler.program import Program
from autograd.rows import Primitive

__all__ = ["FARTHEST", "Carried", "Read", "Recurrence", "pieces"]

_FEWEST = 8  # iterations, and
_SHORTEST = 100  # operations in all of them, below which straight code does as well
_LONGEST = 2_000  # operations of an iteration
FARTHEST = 4  # iterations back, beyond which a value is read from memory
_MOST_OPERANDS = 4  # of an operation in an iteration

_NEAR = 16  # operations back, up to which an operand's distance tells operations apart
_MOST_PERIODS = 12  # that are tried, of the most frequent and of the longest
_MOSTLY = 0.75  # of the iterations that have an operand in the same distance, for the others to be left out

_FACTOR = numpy.uint64(0x9E3779B97F4A7C15)  # odd, so that different words of signs rarely become equal

Booleans = numpy.ndarray[Any, numpy.dtype[numpy.bool_]]


class Carried(NamedTuple):
    """An operand that the operation at `place` of an iteration has computed, `distance` iterations before.

    At distance 0 it is of the same iteration.  `initial` are the values, by their numbers, that the first
    iterations read in its stead, as many as the distance.
    """

    place: int
    distance: int
    initial: tuple[int, ...]


class Read(NamedTuple):
    """An operand that is read from memory, by its number in each iteration.

    It is `own` if earlier iterations have computed some of these.
    """

    numbers: Places
    own: bool


class Recurrence(NamedTuple):
    """Operations that repeat: `members` are their numbers, of shape (iterations, period).

    `rows` and `operands` are those of one iteration.  `before` are, for each of these, the values of straight
    code that the first iterations read in the stead of its own.  `after` is the like of each after the last
    iteration, if straight code computes that; otherwise -1.
    """

    members: Places
    rows: tuple[Primitive, ...]
    operands: tuple[tuple[Carried | Read, ...], ...]
    before: tuple[tuple[int, ...], ...]
    after: Places

    @property
    def is_sequential(self) -> bool:
        """Whether an iteration needs what an earlier one has computed."""
        return any(
            operand.own if isinstance(operand, Read) else operand.distance > 0
            for operands in self.operands
            for operand in operands
        )


def pieces(program: Program, operands: Operands, same: Places, numbers: Places) -> list[Places | Recurrence]:
    """The operations of these numbers, in order, as straight code and recurrences.

    Operands are replaced by the values that are the `same`.

    >>> from autograd import trace
    >>> from autograd.compiler.program import recorded
    >>> def powers(x, steps=60):
    ...     y = x
    ...     for _ in range(steps):
    ...         y = (y * x).sin()
    ...     return y
    >>> program = recorded(trace(powers)(0.5))
    >>> (found,) = pieces(program, Operands.of(program), numpy.arange(121), numpy.arange(1, 121))
    >>> found.members.shape, [row.name for row in found.rows], found.operands[0][0]
    ((60, 2), ['mul', 'sin'], Carried(place=1, distance=1, initial=(0,)))
    """
    if len(numbers) < _SHORTEST:
        return [numbers] if len(numbers) else []
    return _Sequence(program, operands, same, numbers).pieces()


class _Sequence:
    """Operations in their order, and what each of them reads.

    `_read` has the numbers of their operands, and `_arrays` where these lie: the inputs, the constants, or
    the values; 0 stands for no operand.  `_positions` are the places in the sequence of those that belong to
    it, or -1, and `_distances` how many operations back that is, or 0.  `_position` has that of any value.
    """

    def __init__(self, program: Program, operands: Operands, same: Places, numbers: Places) -> None:
        self._program = program
        self._numbers = numbers
        count = len(numbers)
        applied = [program.operations[number - program.first].row for number in numbers.tolist()]
        names = {row: name for name, row in enumerate(dict.fromkeys(applied))}
        self._rows = numpy.fromiter(map(names.__getitem__, applied), numpy.int64, count)
        self._applied = applied
        begins, lengths = operands.begins[numbers - program.first], operands.lengths[numbers - program.first]
        self._read = numpy.full((count, _MOST_OPERANDS), -1, numpy.int64)
        for place in range(_MOST_OPERANDS):
            present = numpy.flatnonzero(lengths > place)
            self._read[present, place] = same[operands.numbers[begins[present] + place]]
        self._arrays = numpy.searchsorted([0, program.inputs, program.first], self._read, side="right")
        positions = numpy.full(len(same) + 1, -1, numpy.int64)  # the last stands for no operand
        positions[numbers] = numpy.arange(count)
        self._position = positions
        self._positions = positions[self._read]
        self._distances = numpy.where(self._positions < 0, 0, numpy.arange(count)[:, None] - self._positions)
        self._taken = lengths > _MOST_OPERANDS

    def pieces(self) -> list[Places | Recurrence]:
        found = {}
        for start, stop, period in self._candidates():
            run = self._fitted(*self._longest_free(start, stop), period)
            if run is not None:
                self._taken[run.start : run.stop] = True
                found[run.start] = run
        return [*self._divided([found[start] for start in sorted(found)])]

    def _divided(self, runs: list[_Run]) -> Iterator[Places | Recurrence]:
        straight = numpy.ones(len(self._numbers), bool)
        for run in runs:
            straight[run.start : run.stop] = False
        place = 0
        for run in runs:
            if place < run.start:
                yield self._numbers[place : run.start]
            yield self._recurrence(run, straight)
            place = run.stop
        if place < len(self._numbers):
            yield self._numbers[place:]

    # --- Where operations repeat ---

    def _candidates(self) -> list[tuple[int, int, int]]:
        """Stretches that repeat, with their period, the longest first."""
        signs = self._signs()
        found = []
        for period in _periods(signs):
            alike = numpy.concatenate([[False], signs[period:] == signs[:-period], [False]])
            edges = numpy.flatnonzero(alike[1:] != alike[:-1])
            starts, stops = edges[::2], edges[1::2] + period
            long = stops - starts >= max(_SHORTEST, _FEWEST * period)
            found += [
                (start, stop, period)
                for start, stop in zip(starts[long].tolist(), stops[long].tolist(), strict=True)
            ]
        return sorted(found, key=lambda stretch: (stretch[0] - stretch[1], stretch[2]))

    def _signs(self) -> Places:
        """Numbers that are equal for operations that may be the same one of different iterations."""
        is_near = (self._distances > 0) & (self._distances <= _NEAR)
        operands = numpy.where(is_near, 3 + self._distances, self._arrays)
        signs = self._rows
        for column in operands.T:
            signs = signs * (4 + _NEAR) + column
        signs = numpy.where(self._taken, -1 - numpy.arange(len(signs)), signs)
        return numpy.unique(signs, return_inverse=True)[1]

    def _longest_free(self, start: int, stop: int) -> tuple[int, int]:
        """The longest part of a stretch that belongs to no recurrence so far."""
        first, last = _longest_true(~self._taken[start:stop])
        return start + first, start + last

    def _fitted(self, start: int, stop: int, period: int) -> _Run | None:
        """The recurrence of this period that there is around this stretch, if any."""
        count = (stop - start) // period
        if count < _FEWEST or count * period < _SHORTEST:
            return None
        stretch = slice(start, start + count * period)
        distances = self._distances[stretch].reshape(count, period, _MOST_OPERANDS)
        middle = distances[count // 2]
        agrees = distances == middle
        carried = (middle > 0) & (middle <= FARTHEST * period) & (agrees.mean(0) > _MOSTLY)
        within = (distances > 0) & (distances < period)  # maybe of the same iteration, which memory has not
        fits = numpy.where(carried, agrees, ~within).all((1, 2))
        first, last = _longest_true(numpy.asarray(fits))
        if last - first < 2:
            return None
        origin = start + first * period
        run = _Run(origin, start + last * period, period, origin, middle, carried)
        run = self._extended(self._prolonged(run))
        count = (run.stop - run.start) // period
        if count < _FEWEST or count * period < _SHORTEST:
            return None
        return run._replace(stop=run.start + count * period)

    def _prolonged(self, run: _Run) -> _Run:
        """The run with what comes after it and is alike."""
        stop, size = run.stop, 4 * run.period
        while stop < len(self._numbers):
            places = numpy.arange(stop, min(stop + size, len(self._numbers)))
            fits, bound = self._compared(run, places)
            unlike = numpy.flatnonzero(~fits | (bound >= 0))
            if len(unlike):
                return run._replace(stop=stop + int(unlike[0]))
            stop, size = stop + len(places), 2 * size
        return run._replace(stop=stop)

    def _extended(self, run: _Run) -> _Run:
        """The run with what comes before it and is alike, but that it begins from other values."""
        start, lowest, size, bound = run.start, run.start, 4 * run.period, -1
        while lowest > 0:
            places = numpy.arange(max(lowest - size, 0), lowest)
            fits, bounds = self._compared(run, places)
            unlike = numpy.flatnonzero(~fits)
            if len(unlike):
                places, bounds = places[unlike[-1] + 1 :], bounds[unlike[-1] + 1 :]
            highest = numpy.maximum.accumulate(numpy.append(bounds, bound)[::-1])[::-1]
            possible = numpy.flatnonzero(highest[:-1] < places)
            if len(possible):
                start = int(places[possible[0]])
            if len(unlike):
                break
            lowest, size, bound = int(places[0]), 2 * size, int(highest[0])
        return run._replace(start=start)

    def _compared(self, run: _Run, places: Places) -> tuple[Booleans, Places]:
        """Which operations are those of the run, and the place after which it has to begin for that.

        It is -1 where an operation reads what it does in every iteration.
        """
        phases = (places - run.origin) % run.period
        like = run.origin + phases
        carried, distances = run.carried[phases], self._distances[places]
        arrays = self._arrays[places]
        fits = (self._rows[places] == self._rows[like]) & ~self._taken[places]
        fits &= numpy.where(carried, arrays > 0, arrays == self._arrays[like]).all(1)
        initial = carried & (distances != run.distances[phases])
        within = ~carried & (distances > 0) & (distances < run.period)
        bounds = numpy.where(initial | within, self._positions[places], -1)
        begins = numpy.where(initial, places[:, None] - run.distances[phases], -1)
        return fits, numpy.maximum(bounds, begins).max(1)

    # --- What an iteration is ---

    def _recurrence(self, run: _Run, straight: Booleans) -> Recurrence:
        start, period = run.start, run.period
        before: list[list[int]] = [[] for _ in range(period)]
        operands = []
        for place in range(period):
            phase = (start - run.origin + place) % period
            found: list[Carried | Read] = []
            for operand in numpy.flatnonzero(self._arrays[start + place]).tolist():
                column = slice(start + place, run.stop, period), operand
                read, distances = self._read[column], self._distances[column]
                source = place - int(distances[-1])
                source, distance = source % period, -(source // period)
                if run.carried[phase, operand]:
                    found.append(Carried(source, distance, tuple(read[:distance].tolist())))
                else:
                    found.append(Read(read, bool((self._positions[column] >= start).any())))
                if (
                    len(before[source]) < distance < len(read)
                    and (distances[distance:] == distances[-1]).all()
                ):
                    before[source] = read[:distance].tolist()
            operands.append(tuple(found))
        return Recurrence(
            self._numbers[start : run.stop].reshape(-1, period),
            tuple(self._applied[start : start + period]),
            tuple(operands),
            tuple(self._straight(numbers, straight) for numbers in before),
            self._after(run, straight),
        )

    def _straight(self, numbers: Sequence[int], straight: Booleans) -> tuple[int, ...]:
        """The last of these numbers, as far as they are of straight code."""
        positions = self._position[[*numbers]]
        others = numpy.flatnonzero((positions < 0) | ~straight[positions])
        return tuple(numbers[others[-1] + 1 if len(others) else 0 :])

    def _after(self, run: _Run, straight: Booleans) -> Places:
        """What straight code computes in the stead of each operation after the last iteration."""
        rows = self._rows[run.start : run.start + run.period]
        following = slice(run.stop, run.stop + run.period)
        numbers = numpy.full(run.period, -1, numpy.int64)
        count = len(self._numbers[following])
        alike = numpy.flatnonzero((self._rows[following] == rows[:count]) & straight[following])
        numbers[alike] = self._numbers[following][alike]
        return numbers


class _Run(NamedTuple):
    """A recurrence by the places of its operations.

    `distances` tells how far back each operand of an iteration is computed, if it is `carried`.  The
    operations of that iteration begin with the one at the place `origin`.
    """

    start: int
    stop: int
    period: int
    origin: int
    distances: Places
    carried: Booleans


def _periods(signs: Places) -> list[int]:
    """The distances after which three signs in a row come again: those that promise most."""
    mixed = signs.astype(numpy.uint64)
    words = (mixed[:-2] * _FACTOR + mixed[1:-1]) * _FACTOR + mixed[2:]
    order = numpy.argsort(words, kind="stable")
    distances = numpy.diff(order)[numpy.diff(words[order]) == 0]
    counts = numpy.bincount(distances[distances <= _LONGEST], minlength=1)
    counts[counts < _FEWEST - 1] = 0
    periods = numpy.arange(len(counts))
    frequent = numpy.argsort(-counts, kind="stable")[:_MOST_PERIODS]
    covering = numpy.argsort(-counts * periods, kind="stable")[:_MOST_PERIODS]
    return [period for period in sorted({*frequent.tolist(), *covering.tolist()}) if counts[period]]


def _longest_true(truths: Booleans) -> tuple[int, int]:
    """Where the longest run of truths begins, and the place after its end."""
    bounds = numpy.flatnonzero(numpy.concatenate([[True], ~truths, [True]]))
    longest = int(numpy.diff(bounds).argmax())
    return int(bounds[longest]), int(bounds[longest + 1]) - 1
