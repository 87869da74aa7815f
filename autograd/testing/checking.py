"""`check_gradients`: a verdict on every number of a gradient, with how much the check could have seen.

This module takes a user's function and arguments apart, and puts the report together; `comparison` finds
the verdicts.
"""

from __future__ import annotations

import functools
import math
import numbers
from collections.abc import Callable, Sequence
from typing import Any

from autograd import containers, modes
from autograd.engine import Value
from autograd.graph import Graph, argument_names, function_name, trace, varies
from autograd.notation import brief
from autograd.rows import real
from autograd.testing import differences
from autograd.testing.comparison import Comparison, compared_in_doubles
from autograd.testing.report import GradientReport, InputCheck
from autograd.testing.subject import Subject
from autograd.testing.verdicts import Verdict

__all__ = ["check_gradients", "check_graph", "observers"]

_LONGEST_NAME = 60

observers: list[Callable[[GradientReport], None]] = []
"""Each is called with the report of every check."""


def check_gradients(
    function: Callable[..., Any], *arguments: Any, order: int = 1, gradient: Any = None
) -> GradientReport:
    """Checks the gradient of `function` at `arguments` against differences of its values.

    `function` returns one number.  The arguments are what the transforms take: numbers, Values, NumPy
    arrays, modules, nested in lists, tuples, dicts; every float, int and Value among them is an input.
    A Value that the function refers to otherwise is a constant.  The function may branch and loop: it is
    called again where other inputs take another branch, and where it raises there it has no value.

    With `order` 2 the gradient of each number of the gradient is checked as well, and so on.  With
    `gradient`, nested like the arguments (of a single argument, like that), or a function that returns it,
    that is what is checked, and `function` is called with plain floats only, as a black box: then there
    are no more digits than doubles have, and the report says how much they could see.

    Each input is checked by itself: a network of a thousand parameters takes a second or more.

    Returns a `GradientReport`: false if anything is a MISMATCH, a table when printed.  Raises TypeError
    for a function that does not return one number, or changes its arguments; ValueError for one that
    raises at the arguments or is not deterministic, and where there is no number to vary.

    >>> from autograd.primitives import sin
    >>> report = check_gradients(lambda x, y: sin(x) * y, 1.0, 2.0)
    >>> report.verdict, bool(report)
    (<Verdict.OK: 'the gradient is the derivative'>, True)
    >>> print(check_gradients(lambda x: x * x, 3.0, gradient=7.0).verdict)
    MISMATCH
    """
    if not callable(function):
        raise TypeError(f"check_gradients takes a function and its arguments, not {function!r}")
    _check_order(order)
    subject = _Function(function, arguments)
    if gradient is not None and order != 1:
        raise ValueError("a gradient that is given can be checked to order 1 only")
    with modes.entered(watched=0):  # a check may well meet infinities
        if gradient is not None:
            return _reported(GradientReport(subject.name, _black_box_checks(subject, gradient)))
        traced = Subject(subject.first_trace(), subject.trace)
        return _reported(_checked(subject.name, subject.names, traced, order))


def check_graph(output: Value | Graph, order: int = 1) -> GradientReport:
    """Checks the derivatives of a Value, or of a Graph's one output, by the leaves it was computed from.

    What was recorded is one path: where a small step takes another branch there is nothing to compare
    with.  Otherwise as `check_gradients`.  Raises TypeError for anything else, ValueError for a Graph
    without inputs or with several outputs.

    >>> x = Value(2.0, "x")
    >>> print(check_graph(x * x + 1).verdict)
    OK
    """
    graph = Graph(output) if isinstance(output, Value) else output
    if not isinstance(graph, Graph):
        raise TypeError(f"check_graph takes a Value or a Graph, not {type(output).__name__}")
    if len(graph.outputs) != 1 or not graph.inputs:
        raise ValueError(f"check_graph takes a graph with one output and at least one input, not {graph!r}")
    _check_order(order)
    output = graph.outputs[0]
    name = brief(output) if isinstance(output, Value) else repr(output)
    inputs = [node.label or f"input {place}" for place, node in enumerate(graph.inputs)]
    with modes.entered(watched=0):
        return _reported(_checked(name, inputs, Subject(graph), order))


def _check_order(order: int) -> None:
    if not isinstance(order, int) or isinstance(order, bool) or order < 1:
        raise ValueError(f"order is 1 for the gradient, 2 for its gradient, and so on, not {order!r}")


def _reported(report: GradientReport) -> GradientReport:
    for observer in observers:
        observer(report)
    return report


def _checked(name: str, inputs: Sequence[str], subject: Subject, order: int) -> GradientReport:
    """The checks of all inputs, and of all of the gradient's numbers by all inputs, up to the order."""
    checks: list[InputCheck] = []
    faults: list[str] = []
    subjects: list[tuple[tuple[str, ...], Subject]] = [((), subject)]
    for level in range(order):
        if level:
            subjects = [
                ((*before, by), derivative)
                for before, of in subjects
                for by, derivative in zip(inputs, of.derivatives(), strict=True)
            ]
        for before, under_test in subjects:
            comparison = Comparison(under_test)
            names = [_derivative_name((*before, by)) for by in inputs]
            found = [comparison.check(place, shown) for place, shown in enumerate(names)]
            checks += found
            if any(check.verdict is Verdict.MISMATCH for check in found):
                faults += map(str, comparison.audit.faults)
    return GradientReport(name, checks, list(dict.fromkeys(faults)), subject.graph)


def _derivative_name(inputs: Sequence[str]) -> str:
    """How a report names a derivative: by the input alone, or as d2/dx dy."""
    if len(inputs) == 1:
        return inputs[0]
    return f"d{len(inputs)}/{' '.join(f'd{name}' for name in inputs)}"


class _Function:
    """A user's function with the arguments it is checked at; the errors of calling it are explained here."""

    def __init__(self, function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
        self.name = function_name(function)
        self._function = function
        self._arguments = arguments
        self.leaves, self.structure = containers.flatten((arguments, {}))
        self.point = [
            real(leaf._data if isinstance(leaf, Value) else leaf) for leaf in self.leaves if varies(leaf)
        ]
        if not self.point:
            raise ValueError(
                f"there is no number to vary among the arguments of {self.name}: give floats, Values or "
                "containers of them (bools and strs are not varied)"
            )

    def with_numbers(self, given: Sequence[Any]) -> tuple[Any, ...]:
        """The arguments with other numbers in place of those that vary."""
        remaining = iter(given)
        leaves = [next(remaining) if varies(leaf) else leaf for leaf in self.leaves]
        positional, _ = self.structure.rebuild(leaves)
        return positional  # type: ignore[no-any-return]

    @functools.cached_property
    def names(self) -> list[str]:
        """A name for each number that varies."""
        names = argument_names(self._function, self._arguments, {}, self.structure)
        return [name for name, leaf in zip(names, self.leaves, strict=True) if varies(leaf)]

    def matching(self, gradient: Any) -> list[float]:
        """The numbers of a gradient that is nested like the arguments.  Raises TypeError if it is not."""
        if callable(gradient):
            gradient = gradient(*self.with_numbers(self.point))
        given = (gradient,) if len(self._arguments) == 1 else gradient
        try:
            found = [
                _number(derivative)
                for derivative, leaf in zip(self.structure.leaves((given, {})), self.leaves, strict=True)
                if varies(leaf)
            ]
        except TypeError as error:
            raise TypeError(
                f"the gradient has to be nested like the arguments of {self.name}, with one number for each: "
                f"{error}"
            ) from None
        return found

    def trace(self, point: Sequence[float]) -> Graph:
        """The function's graph at other inputs."""
        return trace(self._function)(*self.with_numbers(self._values(point)))

    def _values(self, point: Sequence[float]) -> list[Value]:
        return [Value(x, name) for x, name in zip(point, self.names, strict=True)]

    def first_trace(self) -> Graph:
        """The graph at the given arguments, of a function that behaves."""
        graph = trace(self._watched)(*self.with_numbers(self._values(self.point)))
        again = self._function(*self.with_numbers(self._values(self.point)))
        self._check_same(_number(graph.outputs[0]), _number(again))
        return graph

    def value(self, point: Sequence[float]) -> float:
        """The function of plain floats; nan where it raises."""
        try:
            return _number(self._function(*self.with_numbers(point)))
        except Exception:
            return math.nan

    def first_value(self) -> float:
        """The value at the given arguments, of a function that behaves."""
        first, again = (_number(self._watched(*self.with_numbers(self.point))) for _ in range(2))
        self._check_same(first, again)
        return first

    def _check_same(self, first: float, again: float) -> None:
        if not _same(first, again):
            raise ValueError(
                f"{self.name} is not deterministic: at the same arguments it gave {first!r} and {again!r}; "
                "fix its random numbers, or pass them as arguments"
            )

    @property
    def _watched(self) -> Callable[..., Any]:
        """The function, whose errors say what is wrong with it."""

        @functools.wraps(self._function)
        def watched(*arguments: Any) -> Any:
            before, structure = containers.flatten(arguments)
            data = [getattr(leaf, "_data", leaf) for leaf in before]
            try:
                result = self._function(*arguments)
            except Exception as error:
                raise ValueError(
                    f"{self.name} raised {type(error).__name__} at the given arguments: {error}"
                ) from error
            after, structure_after = containers.flatten(arguments)
            if structure != structure_after or not all(map(_unchanged, before, data, after)):
                raise TypeError(
                    f"{self.name} changes its arguments, which makes it another function at the next call: "
                    "let it change a copy"
                )
            if not isinstance(result, Value | numbers.Real) and getattr(result, "shape", None) != ():
                raise TypeError(
                    f"a gradient is that of one number, but {self.name} returned {_shortened(result)}: let "
                    "it return one number"
                )
            return result

        return watched


def _number(result: Any) -> float:
    return real(result._data if isinstance(result, Value) else result)


def _same(a: Any, b: Any) -> bool:
    return bool(a == b or (a != a and b != b))


def _unchanged(before: Any, number: Any, after: Any) -> bool:
    if isinstance(before, Value):
        return before is after and _same(after._data, number)
    return before is after or _same(before, after)


def _shortened(thing: object) -> str:
    text = repr(thing)
    return text if len(text) <= _LONGEST_NAME else text[: _LONGEST_NAME - 3] + "..."


def _black_box_checks(subject: _Function, gradient: Any) -> list[InputCheck]:
    """The verdicts on a gradient that somebody claims, from differences of doubles."""
    claimed = subject.matching(gradient)
    here = subject.first_value()
    checks = []
    for place, (x, derivative, name) in enumerate(zip(subject.point, claimed, subject.names, strict=True)):
        point = list(subject.point)

        def along(x: float, point: list[float] = point, place: int = place) -> float:
            point[place] = x
            return subject.value(point)

        noise = 4 * differences.noise(along, x)
        hint = abs(here / derivative) if derivative and math.isfinite(derivative) else 0.0
        behaviour = differences.behaviour(along, x, noise, hint)
        verdict, resolution = compared_in_doubles(derivative, behaviour)
        checks.append(InputCheck(name, x, derivative, behaviour, verdict, resolution))
    return checks
