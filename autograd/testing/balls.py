"""Proofs about a value and its gradient: the program and its derivative over balls of real numbers.

A ball is an interval that is known to contain a real number; python-flint's arb computes with them to
any precision.  The gradient is a graph, so it is evaluated like any other: this module knows no
derivative.  Where balls do not decide which branch the exact program takes, the precision is raised;
where no precision decides it, nothing is certified, and the reason names the operation.
"""

from __future__ import annotations

import importlib
import math
import operator
import sys
from collections.abc import Callable, Sequence
from typing import Any

from autograd import modes, primitives
from autograd.engine import Value, topological_order
from autograd.graph import Graph
from autograd.rows import Primitive, real
from autograd.sweeps import adjoints

__all__ = ["Certificate", "Enclosure", "certify"]

_PRECISIONS = (64, 128, 256, 512, 1024, 2048, 4096)
_NARROW = 2.0**-10  # of an ulp: a narrower ball says nothing more about the error of a double
_SETTLED = 2.0**-20  # of the number: a ball wider than this at the last precision hides a choice
_SHORT = 2**20  # a number of at most 20 bits, written in a formula, is exact
_SMALLEST, _LARGEST = 5e-324, sys.float_info.max
_LEFTMOST_POLYGAMMA = -1000  # the algorithm takes a step for each pole on its way
_SHOWN_DIGITS = 25


# --- What is proven -----------------------------------------------------------------------------------


class Enclosure:
    """What is proven of one number: the exact one lies between `lower` and `upper`.

    `computed` is what the engine computes, `error` the proven bound of its distance from the exact
    number, rounded up, and `ulps` the same in units of its last place.  `ball` is the enclosure with
    all its digits, an arb of python-flint.
    """

    def __init__(self, computed: float, ball: Any) -> None:
        """To be called at the precision of the ball."""
        self.computed = computed
        self.ball = ball
        self.lower, self.upper, self.error = -math.inf, math.inf, math.inf
        if ball.is_finite():
            self.lower, self.upper = 0.0 - _rounded_up(-ball), _rounded_up(ball)
            if math.isfinite(computed):
                self.error = _rounded_up(abs(ball - computed))
        self.ulps = self.error / math.ulp(computed) if self.error < math.inf else math.inf

    def __repr__(self) -> str:
        return f"<Enclosure [{self.lower!r}, {self.upper!r}] of {self.computed!r}>"

    def _row(self, name: str) -> str:
        is_double = self.lower == self.upper or bool(_SMALLEST <= abs(self.ball) <= _LARGEST)
        if _is_settled(self.ball) and is_double:
            exact = self.ball.str(_SHOWN_DIGITS, radius=False)
        else:
            exact = f"{self.lower!r} to {self.upper!r}"
        return f"{name:<10}{self.computed!r:>24}  {exact:<34}{self.error:>8.2g}{self.ulps:>10.3g}"


def _rounded_up(ball: Any) -> float:
    """The least double, or one of the least, that no number of the ball exceeds."""
    number = float(ball.upper())
    while not ball <= number:
        number = math.nextafter(number, math.inf)
    return number + 0.0  # never -0.0


class Certificate:
    """What was proven of a program at a point.

    `value` is an Enclosure, `gradient` has one for each input.  Unless it is `certified`, `reason` says
    which operation prevents that; the enclosures hold all the same, but some are wide or infinite.
    """

    def __init__(self, enclosures: Sequence[Enclosure], names: Sequence[str], reason: str) -> None:
        self.value, *gradient = enclosures
        self.gradient = tuple(gradient)
        self.reason = reason
        self._names = names

    @property
    def certified(self) -> bool:
        """Whether every branch was decided, and every enclosure is as narrow as rounding allows."""
        return not self.reason

    def __repr__(self) -> str:
        return f"<Certificate: {self.reason and 'not '}certified>"

    def __str__(self) -> str:
        worst = max(enclosure.ulps for enclosure in (self.value, *self.gradient))
        proven = f"certified: no computed number is further than {worst:.2g} ulp from the exact one"
        lines = [f"not certified: {self.reason}" if self.reason else proven]
        lines.append(f"{'':<10}{'computed':>24}  {'exact':<34}{'error':>8}{'in ulp':>10}")
        lines.append(self.value._row("value"))
        for name, enclosure in zip(self._names, self.gradient, strict=True):
            lines.append(enclosure._row(f"by {name}"))
        return "\n".join(lines)


def certify(graph: Graph | Value, *inputs: float) -> Certificate:
    """A proven enclosure of the exact value and gradient, and so of the error of the computed ones.

    `graph` has one output; `inputs` are one number for each of its inputs, by default the recorded ones.
    Inputs, captured leaves and constants count as exact.  Raises ImportError without python-flint;
    TypeError for what is no graph, or the wrong number of inputs; ValueError for a graph that has not one
    output, or inputs that take another branch than the trace.

    >>> from autograd.graph import trace
    >>> from autograd.primitives import exp
    >>> certificate = certify(trace(lambda x: (exp(x) - 1) / x)(1e-7))
    >>> print(certificate)
    certified: no computed number is further than 5.1e+13 ulp from the exact one
                              computed  exact                                error    in ulp
    value           1.0000000494336803  1.000000050000001666666706         5.7e-10  2.55e+06
    by x            0.5056632477790117  0.500000033333334583333366          0.0057   5.1e+13
    >>> certificate.gradient[0].lower, certificate.gradient[0].upper
    (0.5000000333333345, 0.5000000333333346)
    """
    if not isinstance(graph, Graph | Value):
        raise TypeError(f"what is certified is a Graph or a Value, not {type(graph).__name__}")
    precision = _flint().ctx.workprec
    program = _Program(graph if isinstance(graph, Graph) else Graph(graph), inputs)
    for bits in _PRECISIONS:
        with precision(bits):
            balls, reason = program.over_balls()
            enclosures = list(map(Enclosure, program.computed, balls))
            if not reason and all(map(_is_narrow, balls)):
                break
    return Certificate(enclosures, program.names, reason)


def _is_narrow(ball: Any) -> bool:
    return bool(ball.rad() <= _NARROW * math.ulp(float(ball.mid())))


def _is_settled(ball: Any) -> bool:
    """Whether an arb is finite and no wider than rounding makes it."""
    radius = ball.rad()
    return bool(ball.is_finite() and (radius <= _SETTLED * abs(ball.mid()) or radius < _SMALLEST))


# --- The program --------------------------------------------------------------------------------------


class _Program:
    """A graph and its derivatives as one program, in which every number of the graph is a leaf.

    So each float that is left beside the nodes of the derivatives was written in the partial of a row,
    and may stand for a number that no double is, as log(2.0) does: see `_meant`.
    """

    def __init__(self, graph: Graph, inputs: Sequence[float]) -> None:
        if len(graph.outputs) != 1:
            raise ValueError(f"what is certified has one output, and this graph has {len(graph.outputs)}")
        if inputs and len(inputs) != len(graph.inputs):
            many = "" if len(graph.inputs) == 1 else "s"
            raise TypeError(f"this graph has {len(graph.inputs)} input{many}, but {len(inputs)} were given")
        numbers = map(real, inputs) if inputs else (given._data for given in graph.inputs)
        copies = {
            given: Value(number, given.label) for given, number in zip(graph.inputs, numbers, strict=True)
        }
        leaves = list(copies.values())
        recording = modes.Trace(leaves)
        with modes.entered(trace=recording, paused=0, scope=()):
            for node in graph.program:
                if node not in copies:
                    copies[node] = _copy(node, copies)
            output = graph.outputs[0]
            output = copies[output] if isinstance(output, Value) else Value(output)
            derivatives = adjoints([output], [Value(1.0)], leaves, as_values=True)
        branches = [(copies[condition], outcome) for condition, outcome in graph.branches]
        for condition, outcome in branches:
            if condition._data != outcome:
                raise ValueError(
                    f"these inputs take another branch than the trace: {_described(condition)} was {outcome} "
                    "then; trace the function again for them"
                )
        self.branches = (*branches, *recording.branches)
        self.outputs = (output, *derivatives)
        self.computed = [result._data if isinstance(result, Value) else result for result in self.outputs]
        self.names = [leaf.label or f"input {place}" for place, leaf in enumerate(leaves)]
        results = (result for result in self.outputs if isinstance(result, Value))
        self._order = topological_order(*(condition for condition, _ in self.branches), *results)

    def over_balls(self) -> tuple[list[Any], str]:
        """The outputs' balls at the precision in force, and the reason why they prove nothing, or ""."""
        balls: dict[Value, Ball] = {}
        refusals: dict[Value, str] = {}
        for node in self._order:
            if node.primitive is None:
                balls[node] = Ball(_flint().arb(node._data))
                continue
            operands = (balls[a] if isinstance(a, Value) else Ball(_meant(a)) for a in node.arguments)
            try:
                balls[node] = node.primitive(*operands)
            except (TypeError, ValueError, ArithmeticError) as error:
                balls[node] = Ball(_flint().arb(math.nan))
                refusals[node] = f"{node.primitive.name} has no value over balls: {error}"
        reason = self._doubt(balls, refusals)
        if not all(balls[condition].arb == outcome for condition, outcome in self.branches):
            return [_flint().arb(math.nan)] * len(self.outputs), reason
        results = (balls[result].arb if isinstance(result, Value) else result for result in self.outputs)
        return list(map(_flint().arb, results)), reason

    def _doubt(self, balls: dict[Value, Ball], refusals: dict[Value, str]) -> str:
        """The first operation on the way to a branch or an output that balls do not decide, in words."""
        for node in (*(condition for condition, _ in self.branches), *self.outputs):
            if isinstance(node, Value) and not _is_settled(balls[node].arb):
                while wide := [
                    a for a in node.arguments if isinstance(a, Value) and not _is_settled(balls[a].arb)
                ]:
                    node = wide[0]
                if node in refusals:
                    return refusals[node]
                finite = balls[node].arb.is_finite()
                return f"{_described(node)} is {'undecided' if finite else 'not finite'} over balls"
        for condition, outcome in self.branches:
            if balls[condition].arb != outcome:
                return f"{_described(condition)} was computed as {outcome}, and exactly is {not outcome}"
        return ""


def _copy(node: Value, copies: dict[Value, Value]) -> Value:
    if node.primitive is None:
        return Value(node._data, node.label)
    operands = (Value(a) if isinstance(a, float) else copies[a] for a in node.arguments)
    copy: Value = node.primitive(*operands)
    copy.label = node.label
    return copy


def _described(node: Value) -> str:
    if node.primitive is None:
        return _named(node)
    name = node.label and f"{node.label} = "
    operands = ", ".join(_named(a) if isinstance(a, Value) else repr(a) for a in node.arguments)
    return f"{name}{node.primitive.name}({operands})"


def _named(node: Value) -> str:
    return f"{node.label} = {node._data!r}" if node.label else repr(node._data)


# --- Balls --------------------------------------------------------------------------------------------


def _flint() -> Any:
    try:
        return importlib.import_module("flint")
    except ImportError as error:
        raise ImportError(
            "certify needs python-flint: install it with pip install 'scalar-autograd[certify]'"
        ) from error


def _meant(number: float) -> Any:
    """The ball that a number stands for, written in a formula of the table.

    One of few bits (0.5, 2, -1) is itself.  A longer one (the logarithm of 2, 180/pi) is a real number
    rounded, and perhaps the rounded result of one operation on such a number: it lies within two ulp.
    """
    few = not math.isfinite(number) or (math.frexp(number)[0] * _SHORT).is_integer()
    return _flint().arb(number, 0.0 if few else 2 * math.ulp(number))


def _both_ways(operation: Callable[[Any, Any], Any]) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """An operator of balls, and its reflection for a number on the left."""

    def forward(x: Ball, y: Any) -> Ball:
        return Ball(operation(x.arb, _as_arb(y)))

    def reflected(y: Ball, x: Any) -> Ball:
        return Ball(operation(_as_arb(x), y.arb))

    return forward, reflected


def _comparison(
    holds: Callable[[Any, Any], bool], fails: Callable[[Any, Any], bool]
) -> Callable[[Any, Any], Any]:
    """A comparison of balls, as a truth value: 1 if it holds for all their numbers, 0 if for none."""

    def compared(x: Ball, y: Any) -> Ball:
        a, b = (0, 0) if x is y and x.arb.is_finite() else (x.arb, _as_arb(y))
        truth = (1, 0) if holds(a, b) else (0, 0) if fails(a, b) else (0.5, 0.5)
        return Ball(_flint().arb(*truth))

    return compared


def _as_arb(number: Any) -> Any:
    return number.arb if isinstance(number, Ball) else _meant(float(number))


class Ball:
    """A real number of which a ball is known; it joins in the rows as a kind of number.

    A truth value is a ball too: 0, 1, or from 0 to 1 where balls do not decide it.  A choice that is not
    decided is the ball around both sides.
    """

    __slots__ = ("arb",)
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, arb: Any) -> None:
        self.arb = arb

    @staticmethod
    def _apply_primitive(row: Primitive, arguments: tuple[Any, ...]) -> Ball:
        operands = [a if isinstance(a, Ball) else Ball(_as_arb(a)) for a in arguments]
        if row in _OVER_BALLS:
            return _OVER_BALLS[row](*operands)
        function = row.function
        if row._plain is None and getattr(function, "__module__", None) == "math":
            method = getattr(_flint().arb, function.__name__, None)  # by the names of the C library, too
            if method is not None:
                return Ball(method(*(operand.arb for operand in operands)))
        result = row._elsewhere_applied(tuple(operands))
        return result if isinstance(result, Ball) else Ball(_as_arb(result))

    __add__, __radd__ = _both_ways(operator.add)
    __sub__, __rsub__ = _both_ways(operator.sub)
    __mul__, __rmul__ = _both_ways(operator.mul)
    __truediv__, __rtruediv__ = _both_ways(operator.truediv)
    __pow__, __rpow__ = _both_ways(operator.pow)
    __mod__, __rmod__ = _both_ways(lambda x, y: x - y * (x / y).floor())

    __lt__ = _comparison(operator.lt, operator.ge)
    __le__ = _comparison(operator.le, operator.gt)
    __gt__ = _comparison(operator.gt, operator.le)
    __ge__ = _comparison(operator.ge, operator.lt)
    __eq__ = _comparison(operator.eq, operator.ne)
    __ne__ = _comparison(operator.ne, operator.eq)

    def __bool__(self) -> bool:
        if self.arb == 0 or self.arb != 0:
            return bool(self.arb != 0)
        raise ArithmeticError("a branch is not decided")

    def __neg__(self) -> Ball:
        return Ball(-self.arb)

    def __abs__(self) -> Ball:
        return Ball(abs(self.arb))

    def __floor__(self) -> Ball:
        return Ball(self.arb.floor())

    def __ceil__(self) -> Ball:
        return Ball(self.arb.ceil())

    def __round__(self) -> Ball:
        """To the nearest whole number, of two the even one."""
        above = (self.arb + 0.5).floor()
        is_tie = self.arb + 0.5 == above
        return Ball(above - 1 if is_tie and above.unique_fmpz() % 2 else above)


def _chosen(condition: Ball, x: Ball, y: Ball) -> Ball:
    if condition.arb != 0:
        return x
    return y if condition.arb == 0 else Ball(x.arb.union(y.arb))


def _polygamma(order: Ball, x: Ball) -> Ball:
    if order.arb == 0:
        return Ball(x.arb.digamma())
    if not x.arb > _LEFTMOST_POLYGAMMA:
        return Ball(_flint().arb(math.nan))
    return Ball(_flint().acb(x.arb).polygamma(order.arb).real)


_OVER_BALLS: dict[Primitive, Callable[..., Ball]] = {
    primitives.where: _chosen,
    primitives.maximum: lambda x, y: Ball(x.arb.max(y.arb)),  # continuous, whichever is larger
    primitives.minimum: lambda x, y: Ball(x.arb.min(y.arb)),
    primitives.logical_and: lambda x, y: x * y,
    primitives.logical_or: lambda x, y: 1 - (1 - x) * (1 - y),
    primitives.logical_not: lambda x: 1 - x,
    primitives.polygamma: _polygamma,
}
