"""Hypothesis strategies: points of a row's domain, leaves of several kinds, whole random expressions.

Everything about a row stands in the row: a row declared at run time is drawn like any other.  What is drawn
shrinks to what a reader would have chosen: one leaf, one operation, x = 1.
"""

from __future__ import annotations

import functools
import math
import sys
from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

from autograd import primitives
from autograd.engine import Value
from autograd.graph import Graph, trace
from autograd.notation import definition
from autograd.rows import Interval, Primitive, table

__all__ = ["Expression", "expressions", "leaves", "points"]

_SIMPLE = (1.0, 0.5, 2.0, -1.0, 3.0)
_MOST_TERMS = 3  # of a row of any number of arguments
_COMPARISONS = st.sampled_from(
    [
        primitives.greater,
        primitives.less,
        primitives.greater_equal,
        primitives.less_equal,
        primitives.equal,
        primitives.not_equal,
    ]
)
_NODES = 9
_BACK = st.integers(0, _NODES + 2)  # of what is drawn for an operand, so many of these are nodes
_NAMES = ("x", "y", "z", "u", "v", "w")

_Operand = int | float  # the place of an earlier result, or a number
_Step = tuple[Primitive, tuple[_Operand, ...]]
_Drawn = tuple[Primitive, tuple[Any, ...]]  # a step before its operands are chosen, steps perhaps among them


# --- Numbers ---------------------------------------------------------------------------------------------


def _within(interval: Interval, kind: str = "any") -> st.SearchStrategy[float]:
    """Numbers of an interval: simple ones first, then whole ones, then any, moderate ones or no others."""
    if isinstance(interval, range):
        return st.sampled_from(interval).map(float)
    lower, upper = interval
    simple = [x for x in _SIMPLE if lower <= x <= upper and (kind != "integers" or x.is_integer())]
    whole = math.ceil(max(lower, -9.0)), math.floor(min(upper, 9.0))
    thousandths = math.ceil(max(lower, -4.0) * 1000), math.floor(min(upper, 4.0) * 1000)
    choices: list[st.SearchStrategy[float]] = [st.sampled_from(simple)] if simple else []
    if whole[0] <= whole[1]:
        choices.append(st.integers(*whole).map(float))
    if kind == "integers" and choices:
        return st.one_of(choices)
    if kind == "moderate" and thousandths[0] <= thousandths[1]:
        choices.append(st.integers(*thousandths).map(lambda count: count / 1000))
    else:
        ends = [None if math.isinf(end) else end for end in interval]
        choices.append(st.floats(*ends, allow_nan=False, allow_infinity=False))
    return st.one_of(choices)


def points(row: Primitive) -> st.SearchStrategy[tuple[float, ...]]:
    """Points of a row's domain: one finite number per argument, of a variadic row one to three in all.

    Raises TypeError for what is no row.

    >>> from hypothesis import find
    >>> find(points(primitives.acosh), lambda point: True), find(points(primitives.pow), lambda point: True)
    ((1.0,), (1.0, 1.0))
    """
    if not isinstance(row, Primitive):
        raise TypeError(f"points are those of a row, such as autograd.sin, not of {row!r}")
    if row.variadic:
        terms = st.lists(_within(row.domain[-1]), min_size=row.arity, max_size=_MOST_TERMS)
        return terms.map(tuple)
    return st.tuples(*map(_within, row.domain))


def leaves(kind: str = "moderate") -> st.SearchStrategy[float]:
    """Numbers for leaves, which shrink to 1, 0.5, 2, -1, 3, then to small whole numbers.

    moderate -- of magnitude up to 9, with at most three decimals;
    wide     -- of magnitudes from 1e-300 to 1e300;
    integers -- whole numbers from -9 to 9;
    kinks    -- the numbers at which rows state kinks or their domains end, and both zeros.

    Raises ValueError for another kind.

    >>> from hypothesis import find
    >>> find(leaves("wide"), lambda x: x > 1e200) > 1e200
    True
    """
    if kind in ("moderate", "integers"):
        return _within((-math.inf, math.inf), kind)
    if kind == "wide":
        sizes = st.floats(1e-300, 1e300)
        return st.one_of(st.sampled_from(_SIMPLE), sizes, sizes.map(lambda size: -size))
    if kind == "kinks":
        return st.sampled_from(_kinks())
    raise ValueError(f"leaves are moderate, wide, integers or kinks, not {kind!r}")


def _package_rows() -> list[Primitive]:
    """The rows that the package declares: what a user adds is drawn when it is asked for."""
    return [row for name, row in table.items() if name in primitives.__all__]


def _kinks() -> list[float]:
    rows = _package_rows()
    stated = [x for row in rows for point in row.kinks for x in point]
    ends = [x for row in rows for ends in row.domain if not isinstance(ends, range) for x in ends]
    finite = {x for x in (*stated, *ends) if math.isfinite(x)}
    return [*sorted(finite, key=lambda x: (abs(x), -x)), -0.0]


# --- Expressions -----------------------------------------------------------------------------------------


class Expression:
    """A random expression: a function of its inputs, over numbers of every kind and Values, and a point.

    `point` is a tuple with one float per input, `rows` the rows in the order of computation.  `source` is
    Python that checks the gradient at the point, and so is the repr: what a failing test prints can be
    pasted into a file.  A row declared at run time is looked up by its name, once it is declared again.

    >>> f = Expression((1.0,), [(primitives.sin, (0,)), (primitives.mul, (1, 0))])
    >>> f(2.0), f.point
    (1.8185948536513634, (1.0,))
    >>> f
    from autograd import sin
    from autograd.testing import check_gradients
    <BLANKLINE>
    def f(x):
        return sin(x)*x
    <BLANKLINE>
    assert check_gradients(f, 1.0)
    """

    point: tuple[float, ...]
    rows: tuple[Primitive, ...]

    def __init__(self, point: Sequence[float], steps: Sequence[_Step]) -> None:
        """Of inputs and steps those are kept that the last one needs; operands are places or floats."""
        needed = {len(point) + len(steps) - 1}
        for place in range(len(steps) - 1, -1, -1):
            if len(point) + place in needed:
                needed.update(operand for operand in steps[place][1] if isinstance(operand, int))
        kept = sorted(needed)
        places = {old: new for new, old in enumerate(kept)}
        self.point = tuple(point[old] for old in kept if old < len(point))
        self._steps = [
            (row, tuple(places[operand] if isinstance(operand, int) else operand for operand in operands))
            for row, operands in (steps[old - len(point)] for old in kept if old >= len(point))
        ]
        self.rows = tuple(row for row, _ in self._steps)

    def __call__(self, *arguments: Any) -> Any:
        """The value at other numbers, or recorded if some are Values."""
        if len(arguments) != len(self.point):
            raise TypeError(f"this expression takes {len(self.point)} arguments, not {len(arguments)}")
        return self._values(*arguments)[-1]

    def _values(self, *arguments: Any) -> list[Any]:
        """The arguments, by default the point, and the result of each step."""
        values = list(arguments or self.point)
        for row, operands in self._steps:
            values.append(row(*(values[o] if isinstance(o, int) else o for o in operands)))
        return values

    def last(self, count: int) -> Expression:
        """The last operations alone, with leaves at whole numbers in place of what they depend on."""
        first = max(0, len(self._steps) - count)
        if first and self._steps[first - 1][0].comparison:
            first -= 1
        numbers = self._values()[: len(self.point) + first]
        leaves = [*self.point, *(_whole(number) for number in numbers[len(self.point) :])]
        return Expression(leaves, self._steps[first:]) if first else self

    def holds(self, largest: float) -> bool:
        """Whether at the point every domain holds and every value is finite and at most `largest`."""
        values = self._values()
        for (row, operands), value in zip(self._steps, values[len(self.point) :], strict=True):
            for position, operand in enumerate(operands):
                if isinstance(operand, int) and not _holds(_interval(row, position), values[operand]):
                    return False
            if not abs(value) <= min(largest, sys.float_info.max):
                return False
        return True

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the inputs in the source: x, y, z, ..."""
        count = len(self.point)
        return _NAMES[:count] if count <= len(_NAMES) else tuple(f"x{place}" for place in range(count))

    @property
    def graph(self) -> Graph:
        """The graph at the point, with its branches recorded as conditions."""
        return trace(self)(*map(Value, self.point, self.names))

    @property
    def source(self) -> str:
        """Python that defines the function `f` and checks its gradient at the point."""
        head, _, function = definition(self.graph).rpartition("def ")
        imports = [line for line in head.split("\n") if line.startswith("from ")]
        declared = [line for line in head.split("\n") if line and line not in imports]
        parts = [
            "\n".join([*imports, "from autograd.testing import check_gradients"]),
            *(["\n".join(declared)] if declared else []),
            f"def {function}",
            f"assert check_gradients(f, {', '.join(map(repr, self.point))})",
        ]
        return "\n\n".join(parts)

    def __repr__(self) -> str:
        return self.source

    def _repr_pretty_(self, printer: Any, _: bool) -> None:
        """For Hypothesis and notebooks, which would indent the lines."""
        printer.text(f"\n{self.source}\n")


def expressions(
    rows: Sequence[Primitive] | None = None,
    *,
    leaves: str | st.SearchStrategy[float] = "moderate",
    most: int = 8,
    inputs: int = 3,
    largest: float = 1e6,
) -> st.SearchStrategy[Expression]:
    """Whole expressions of up to `most` operations and `inputs` leaves, with shared parts and branches.

    `rows` are the rows to draw from: by default all of the table's that are differentiable and no part of
    others.  `leaves` is a kind of leaves or a strategy for numbers; beside integers constants are whole,
    too.  An operation is left out where its domain does not hold at the values met, or where its value is
    not finite or greater than `largest`.  An argument whose domain is a range is a constant, and the
    condition of `where` a comparison.

    >>> from hypothesis import find
    >>> find(expressions(), lambda f: primitives.sin in f.rows)
    from autograd import sin
    from autograd.testing import check_gradients
    <BLANKLINE>
    def f(x):
        return sin(x)
    <BLANKLINE>
    assert check_gradients(f, 1.0)
    """
    numbers = _leaves(leaves) if isinstance(leaves, str) else leaves
    constants = "integers" if leaves == "integers" else "moderate"
    steps = _step(st.sampled_from([None, *(_usual_rows() if rows is None else rows)]), constants)
    return st.builds(
        lambda point, drawn, kept: _expression(point, drawn, kept, inputs, largest),
        st.lists(numbers, min_size=1, max_size=inputs),
        st.lists(steps, min_size=1, max_size=most),
        st.integers(1, 10 * most),
    )


_leaves = leaves  # `expressions` has an argument of that name


def _usual_rows() -> list[Primitive]:
    return [row for row in _package_rows() if not row.comparison and not row.auxiliary]


# What makes expressions shrink well: a step is drawn without a look at what came before and interpreted
# afterwards, so that it can be left out without changing what the others mean; the simplest step is none at
# all; and the simplest of all numbers of steps to keep is one, with leaves in place of what it depends on.


@st.composite
def _step(draw: st.DrawFn, rows: st.SearchStrategy[Primitive | None], constants: str) -> _Drawn | None:
    """A row with an operand for each argument; a comparison as the condition of `where`; or no step.

    A whole number counts the nodes that will do, from the last one back; a float is a constant.
    """
    row = draw(rows)
    if row is None:
        return None
    if row.variadic:
        count = draw(st.integers(row.arity, _MOST_TERMS))
        return row, tuple(_operand(draw, row.domain[-1], constants) for _ in range(count))
    operands: list[Any] = []
    for interval in row.domain:
        if row is primitives.where and not operands:
            comparison = draw(_COMPARISONS)
            operands.append(
                (comparison, tuple(_operand(draw, ends, constants) for ends in comparison.domain))
            )
        else:
            operands.append(_operand(draw, interval, constants))
    return row, tuple(operands)


def _operand(draw: st.DrawFn, interval: Interval, constants: str) -> _Operand:
    if isinstance(interval, range) or (back := draw(_BACK)) >= _NODES:
        return draw(_constants(interval, constants))
    return back


@functools.cache
def _constants(interval: Interval, kind: str) -> st.SearchStrategy[float]:
    return _within(interval, kind)


class _Growing:
    """The steps of a draw, put together as far as the values met allow."""

    def __init__(self, point: Sequence[float], largest: float) -> None:
        self.values: list[Any] = list(point)
        self.numbers = list(range(len(point)))  # the places of values that are no conditions
        self.steps: list[_Step] = []
        self.largest = largest

    def add(self, row: Primitive, drawn: Sequence[_Operand | _Drawn]) -> int | None:
        """The place of the row's result; None where its domain or its value does not allow it."""
        operands = self.chosen(row, drawn)
        if operands is None:
            return None
        value = row(*(self.values[o] if isinstance(o, int) else o for o in operands))
        if not abs(value) <= min(self.largest, sys.float_info.max):
            return None
        place = len(self.values)
        self.values.append(value)
        self.steps.append((row, tuple(operands)))
        if not row.comparison:
            self.numbers.append(place)
        return place

    def chosen(self, row: Primitive, drawn: Sequence[_Operand | _Drawn]) -> list[_Operand] | None:
        """A place or a number for each argument, at least one place of a number; None if that cannot be."""
        operands: list[_Operand] = []
        instead = None  # a place that could stand for a constant
        for position, operand in enumerate(drawn):
            interval = _interval(row, position)
            fitting = [place for place in self.numbers if _holds(interval, self.values[place])]
            if isinstance(operand, tuple):
                place = self.add(*operand)
            elif isinstance(operand, int):
                place = fitting[-1 - operand % len(fitting)] if fitting else None
            else:
                operands.append(operand)
                instead = (position, fitting[-1]) if fitting and instead is None else instead
                continue
            if place is None:
                return None
            operands.append(place)
        if not any(isinstance(operand, int) and operand in self.numbers for operand in operands):
            if instead is None:
                return None
            operands[instead[0]] = instead[1]
        return operands


def _interval(row: Primitive, position: int) -> Interval:
    return row.domain[min(position, row.arity - 1)]


def _whole(number: float) -> float:
    """The nearest whole number, but none other than 0 becomes 0."""
    return math.copysign(max(1.0, float(round(abs(number)))), number) if number else 0.0


def _holds(interval: Interval, value: float) -> bool:
    return not isinstance(interval, range) and interval[0] <= value <= interval[1]


def _expression(
    point: Sequence[float], drawn: Sequence[_Drawn | None], kept: int, inputs: int, largest: float
) -> Expression:
    growing = _Growing(point, largest)
    for step in drawn:
        if step is not None:
            growing.add(*step)
    last = growing.numbers[-1]
    whole = Expression(point, growing.steps[: max(0, last + 1 - len(point))])
    part = whole.last(kept)
    return part if len(part.point) <= inputs and part.holds(largest) else whole
