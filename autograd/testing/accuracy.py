"""The accuracy of every row in ulp: `python -m autograd.testing.accuracy`.

Each row of the table is measured against mpmath, in each engine that there is: the partials that its nodes
record, which have a promise to keep, its value, which is the C library's as far as it goes, and its second
and third derivatives by nested gradients.  The second and third derivatives are those of auxiliary rows as
well, whose partials are measured like any other's.  The exit status is 1 if a partial breaks its promise.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import dataclasses
import difflib
import functools
import importlib
import itertools
import math
import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import mpmath
from tqdm import tqdm

from autograd import value
from autograd.primitives import SMALLEST_NORMAL, named, table
from autograd.rows import Primitive
from autograd.testing import reference

__all__ = ["Accuracy", "PartialAccuracy", "Worst", "engines", "main", "markdown", "measure"]

_UNDECIDED = (ArithmeticError, ValueError, TypeError)  # where mpmath has no value or finds no derivative
_CHUNK = 25  # points that one process measures at a time


@dataclasses.dataclass(frozen=True)
class Worst:
    """The largest error met, and where."""

    error: float = 0.0
    point: tuple[float, ...] | None = None

    def or_worse(self, other: Worst) -> Worst:
        """The larger of the two; the first at a tie."""
        return other if self.point is None or other.error > self.error else self


@dataclasses.dataclass
class PartialAccuracy:
    """What was met of one partial: by engine, the worst in ulp where the promise is in ulp of the result.

    `underflowing` is the worst of the points where the partial keeps the other promise only: an intermediate
    result underflows, and the error is within 4 ulp of the largest of them.
    """

    decided: int = 0
    worst: dict[str, Worst] = dataclasses.field(default_factory=dict)
    underflowing: dict[str, Worst] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass
class Accuracy:
    """What was met of one row at `points` points."""

    row: Primitive
    points: int = 0
    partials: dict[int, PartialAccuracy] = dataclasses.field(default_factory=dict)
    value: dict[str, Worst] = dataclasses.field(default_factory=dict)
    higher: dict[tuple[int, str], Worst] = dataclasses.field(default_factory=dict)
    """By order and engine, the worst error of a derivative, relative to the largest of order 0 to 3."""
    broken: list[str] = dataclasses.field(default_factory=list)
    """Where a partial is further from the derivative than its promise, in words."""

    @property
    def misses(self) -> list[str]:
        """Where the row breaks its promise, or that too little could be measured; [] if it keeps it."""
        undecided = [
            f"{self.row.name}: only {partial.decided} of {self.points} points have a derivative by argument "
            f"{position} in mpmath"
            for position, partial in self.partials.items()
            if partial.decided < self.points / 4
        ]
        return self.broken + undecided

    def add(self, other: Accuracy) -> None:
        """Adds what was met at other points."""
        self.points += other.points
        for position, met in other.partials.items():
            partial = self.partials.setdefault(position, PartialAccuracy())
            partial.decided += met.decided
            _add_worst(partial.worst, met.worst)
            _add_worst(partial.underflowing, met.underflowing)
        _add_worst(self.value, other.value)
        _add_worst(self.higher, other.higher)
        self.broken += other.broken


def _add_worst(worst: dict[Any, Worst], met: dict[Any, Worst]) -> None:
    for key, other in met.items():
        worst[key] = worst.get(key, Worst()).or_worse(other)


@functools.cache
def engines() -> dict[str, Any]:
    """The engines that there are, by name: modules with a `Value` and its `topological_order`."""
    found: dict[str, Any] = {"python": value}
    try:
        found["native"] = importlib.import_module("autograd._core")
    except ModuleNotFoundError as error:
        if error.name != "autograd._core.value":
            raise
    return found


def measure(row: Primitive, count: int) -> Accuracy:
    """The accuracy of a row, built in or declared at run time, at `count` points of its domain.

    >>> from autograd.primitives import sin
    >>> measure(sin, 5).misses
    []
    """
    accuracy = _measure_points(row, reference.points(row, count))
    _add_worst(accuracy.higher, _higher(row))
    return accuracy


def _measure_points(row: Primitive, points: Sequence[tuple[float, ...]]) -> Accuracy:
    accuracy = Accuracy(row, len(points))
    for position, partial in enumerate(row.partials):
        if partial is not None:
            accuracy.partials[position] = PartialAccuracy()
    for point in points:
        if point in row.kinks:
            continue
        nodes = {name: row(*map(engine.Value, point)) for name, engine in engines().items()}
        try:
            exact = reference.exact_value(row, point)
        except _UNDECIDED:
            continue
        for name, node in nodes.items():
            met = Worst(reference.ulps(node.data, exact, reference.least(row, point)), point)
            _add_worst(accuracy.value, {name: met})
        for position, partial_accuracy in accuracy.partials.items():
            try:
                exact = reference.exact_partial(row, position, point)
            except _UNDECIDED:
                continue
            partial_accuracy.decided += 1
            partials = {name: node.partials[position] for name, node in nodes.items()}
            _judge(accuracy, position, point, partials, exact)
    return accuracy


def _judge(
    accuracy: Accuracy, position: int, point: tuple[float, ...], partials: dict[str, float], exact: Any
) -> None:
    """Books the partials that the engines recorded at a point."""
    row = accuracy.row
    partial = accuracy.partials[position]
    for name, number in partials.items():
        error = reference.ulps(number, exact, reference.least(row, point))
        worst = partial.worst
        if error > reference.tolerance(row):
            if abs(exact - number) <= reference.allowance(row, position, point):
                worst = partial.underflowing
            else:
                accuracy.broken.append(
                    f"{row.name}{point} by argument {position}, {name}: {number!r}, "
                    f"exactly {_exactly(exact)}: {error:.3g} ulp"
                )
        _add_worst(worst, {name: Worst(error, point)})


def _exactly(exact: Any) -> str:
    """An mpmath number with more digits than a double's, or as a double if its exponent is beyond theirs."""
    return mpmath.nstr(exact, 20) if 0 < abs(float(exact)) < math.inf else repr(float(exact))


def _higher(row: Primitive) -> dict[tuple[int, str], Worst]:
    worst: dict[tuple[int, str], Worst] = {}
    for point in reference.moderate_points(row):
        exact = reference.exact_derivatives(row, point)
        scale = max(map(abs, exact), default=0)
        if scale < SMALLEST_NORMAL:
            continue
        for name, engine in engines().items():
            numbers = reference.higher_derivatives(row, point, engine, len(exact))
            for order in range(2, len(exact)):
                error = float(abs(numbers[order] - exact[order]) / scale)
                _add_worst(worst, {(order, name): Worst(error, point)})
    return worst


# --- The command --------------------------------------------------------------------------------------


def main(argv: Sequence[str] | None = None) -> int:
    """Measures the rows, prints the table, and returns the exit status."""
    parser = argparse.ArgumentParser(
        "python -m autograd.testing.accuracy",
        description="Measure the value and the partials of every row against mpmath, in ulp.",
    )
    parser.add_argument("--points", type=int, default=100, metavar="N", help="points per row (default: 100)")
    parser.add_argument("--rows", nargs="+", metavar="name", help="the rows to measure (default: all)")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="also write the table to a file")
    arguments = parser.parse_args(argv)
    try:
        if arguments.points < 1:
            raise ValueError(f"--points is a whole number of at least 1, not {arguments.points}")
        rows = _chosen(arguments.rows)
        accuracies = _measure_all(rows, arguments.points)
        text = markdown(accuracies, arguments.points)
        if arguments.markdown is not None:
            arguments.markdown.write_text(text, encoding="utf-8")
    except (LookupError, OSError, ValueError) as error:
        print(f"accuracy: {error}", file=sys.stderr)
        return 2
    print(text, end="")
    misses = [miss for accuracy in accuracies for miss in accuracy.misses]
    print(*misses, sep="\n", file=sys.stderr, end="\n" if misses else "")
    return 1 if misses else 0


def _chosen(names: Iterable[str] | None) -> list[Primitive]:
    """The rows of these names, by default all with a derivative; LookupError for a wrong name."""
    if names is None:
        return [row for row in table.values() if _has_partials(row)]
    rows = []
    for name in names:
        if name not in table:
            similar = difflib.get_close_matches(name, table, n=3, cutoff=0.0)
            raise LookupError(f"no row of the table is named {name!r}: is it {', '.join(similar)}?")
        row = named(name)
        if not _has_partials(row):
            raise ValueError(f"{name} has no derivative to measure")
        rows.append(row)
    return rows


def _has_partials(row: Primitive) -> bool:
    return any(partial is not None for partial in row.partials)


def _measure_all(rows: Sequence[Primitive], count: int) -> list[Accuracy]:
    """The accuracy of each row, measured in as many processes as there are processors."""
    tasks = [(row, start, count) for start in range(0, count, _CHUNK) for row in rows]
    accuracies = {row.name: Accuracy(row) for row in rows}
    with concurrent.futures.ProcessPoolExecutor(os.cpu_count()) as pool:
        parts = pool.map(_measure_part, *zip(*tasks, strict=True))
        for part in tqdm(parts, total=len(tasks), disable=None, unit="part"):
            accuracies[part.row.name].add(part)
    return list(accuracies.values())


def _measure_part(row: Primitive, start: int, count: int) -> Accuracy:
    part = _measure_points(row, reference.points(row, count)[start : start + _CHUNK])
    if start == 0:
        _add_worst(part.higher, _higher(row))
    return part


def markdown(accuracies: Sequence[Accuracy], count: int) -> str:
    """The table of what was met."""
    names = list(engines())
    header = [
        "row", "argument", "decided", "promise", *names, "at", "near underflow", "at", "value", "at",
        "2nd", "3rd",
    ]  # fmt: skip
    lines = list(itertools.chain.from_iterable(_lines(accuracy, names) for accuracy in accuracies))
    widths = [max(map(len, column)) for column in zip(header, *lines, strict=True)]
    rules = ["-" * width for width in widths]
    cells = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |"
        for line in (header, rules, *lines)
    ]
    return "\n".join([_INTRODUCTION.format(count=count), *cells, ""])


_INTRODUCTION = """\
# The accuracy of the derivatives

Measured by `python -m autograd.testing.accuracy --points {count}` against mpmath: the worst error of each
partial derivative, in units in the last place of the exact result, in each engine, over random bit patterns,
hard points and bands where an intermediate result underflows.  *Promise* is what may not be exceeded; the
gamma family's, at negative arguments, is in ulp of the result or of 1 if that is larger.  *Near underflow*:
the worst where an intermediate result underflows and the error, beyond the promise, is still within 4 ulp of
the largest intermediate result (of a quotient's slope -(x/y)/y: within an ulp of x/y, divided by y).
*Value* is the row's own value, measured and not promised.  *2nd* and *3rd*: the worst error of these
derivatives by nested gradients at moderate points, relative to the largest of the value and its first three
derivatives.

"""


def _lines(accuracy: Accuracy, names: Sequence[str]) -> list[list[str]]:
    """The row's lines, one for each partial; what belongs to the row stands in the first."""
    lines = []
    of_row = [
        *_cells(accuracy.value, names),
        *(_shown(_worst(accuracy.higher, [(order, name) for name in names])[0]) for order in (2, 3)),
    ]
    for position, partial in accuracy.partials.items():
        lines.append(
            [
                accuracy.row.name,
                str(position),
                str(partial.decided),
                str(reference.tolerance(accuracy.row)),
                *(_shown(partial.worst.get(name)) for name in names),
                _cells(partial.worst, names)[1],
                *_cells(partial.underflowing, names),
                *of_row,
            ]
        )
        of_row = [""] * len(of_row)
    return lines


def _worst(met: dict[Any, Worst], keys: Iterable[Any]) -> tuple[Worst | None, str]:
    found = functools.reduce(Worst.or_worse, (met[key] for key in keys if key in met), Worst())
    if found.point is None:
        return None, ""
    return found, ", ".join(map(repr, found.point))


def _cells(met: dict[Any, Worst], names: Sequence[str]) -> list[str]:
    """The worst of all engines, and where it was met; nothing of a point without an error."""
    worst, point = _worst(met, names)
    return [_shown(worst), point if worst is not None and worst.error > 0 else ""]


def _shown(worst: Worst | None) -> str:
    return "" if worst is None else f"{worst.error:.2g}"


if __name__ == "__main__":
    sys.exit(main())
