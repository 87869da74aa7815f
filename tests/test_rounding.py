"""The bound of the rounding error, against exact values: it holds, it is not far off, it names the culprit.

Exact values come of mpmath at 60 digits.  The bound is of first order, so the expressions here leave
out what has no derivative to speak of (roundings and remainders, whose steps the exact value may take at
another place), what asks for the sign of a zero, which mpmath's have not, and the rows whose error is
not small beside their value: the gamma family, gelu far left of 0, logaddexp close to its root.
"""

import math
import random
import timeit
from collections.abc import Callable
from typing import Any

import mpmath
import pytest
from expressions import ROWS, expression

from autograd import Graph, Value, cos, exp, expm1, log, maximum, relu, sin, sqrt, trace, where
from autograd.engine import topological_order
from autograd.sweeps import adjoints
from autograd.testing.replay import Replay
from autograd.testing.rounding import bound, rounding_error

LEFT_OUT = (
    "gamma", "lgamma", "digamma", "polygamma", "gelu", "logaddexp", "floor", "ceil", "trunc", "round",
    "round_to", "ldexp", "floor_divide", "mod", "fmod", "remainder", "copysign",
    "atan2", "where",
)  # fmt: skip
SMOOTH = [row for row in ROWS if not row.comparison and not row.auxiliary and row.name not in LEFT_OUT]


def actual_error(graph: Graph) -> Any:
    """How far the recorded output is from the exact one for the same inputs and constants."""
    replay = Replay(graph)
    with mpmath.workdps(60):
        values = replay.over([mpmath.mpf(given.data) for given in graph.inputs], mpmath.mpf)
        return abs(values[replay.output] - graph.outputs[0].data)


@pytest.mark.parametrize("block", range(4))
def test_the_error_of_random_expressions_stays_below_the_bound(block: int) -> None:
    tried = 0
    for seed in range(block * 500, block * 500 + 500):
        generator = random.Random(seed)
        results = expression(generator, SMOOTH, most=6)
        x, y = generator.uniform(-3, 3), generator.uniform(-3, 3)
        graph = trace(lambda x, y, results=results: results(x, y)[-1])(x, y)
        if all(math.isfinite(node.data) for node in graph) and isinstance(graph.outputs[0], Value):
            tried += 1
            assert actual_error(graph) <= rounding_error(graph).bound, seed
    assert tried > 200


def quadratic_root(b: Any) -> Any:
    return (-b + sqrt(b * b - 4)) / 2


def variance(x: Any) -> Any:
    y, z = x + 1, x + 2
    mean = (x + y + z) / 3
    return (x * x + y * y + z * z) / 3 - mean * mean


def heron(a: Any) -> Any:
    b, c = 0.6 * a, 0.4000001 * a
    s = (a + b + c) / 2
    return sqrt(s * (s - a) * (s - b) * (s - c))


CANCELLING: dict[str, tuple[Callable[[Any], Any], float, str]] = {
    "(exp(x) - 1) / x": (lambda x: (exp(x) - 1) / x, 1e-7, "exp"),
    "(1 - cos(x)) / x**2": (lambda x: (1 - cos(x)) / (x * x), 1e-4, "cos"),
    "log(1 + x) / x": (lambda x: log(1 + x) / x, 1e-9, "add"),
    "sqrt(x + 1) - sqrt(x)": (lambda x: sqrt(x + 1) - sqrt(x), 1e12 + 0.3, "sqrt"),
    "1/x - 1/(x + 1)": (lambda x: 1 / x - 1 / (x + 1), 1e9 + 0.1, "div"),
    "sin(x) - x": (lambda x: sin(x) - x, 1e-3, "sin"),
    "a root of a quadratic": (quadratic_root, 1e7 + 0.1, "sqrt"),
    "a variance in one pass": (variance, 1e8 + 0.1, "add"),
    "the area of a needle": (heron, 1.1, "add"),
}


@pytest.mark.parametrize("name", CANCELLING)
def test_cancellation_is_seen_and_not_exaggerated(name: str) -> None:
    function, point, culprit = CANCELLING[name]
    graph = trace(function)(point)
    error, found = actual_error(graph), rounding_error(graph)
    assert error <= found.bound <= 100 * error
    assert found.contributions[0].node.primitive.name == culprit  # type: ignore[union-attr]


def test_what_is_exact_adds_nothing() -> None:
    x = Value(0.1)
    assert rounding_error(relu(maximum(-abs(-x), where(x > 0, x, 2.0)))).bound == 0
    assert rounding_error(x).contributions == ()
    assert rounding_error(Graph(2.5)).bound == 0


def test_one_operation_has_half_a_unit_in_the_last_place() -> None:
    x = Value(0.1)
    assert rounding_error(x * 3).bound == pytest.approx((x * 3).data * 2.0**-53, rel=1e-12)
    assert rounding_error(-(x * 3) - 0.5).contributions[0].adjoint in (-1.0, 1.0)


def test_an_operation_below_the_normal_numbers_may_lose_half_the_smallest() -> None:
    graph = trace(lambda x: x * x * 1e300)(1e-162)  # exactly 1e-24; x * x has no digit left
    error = rounding_error(graph)
    assert graph.outputs[0].data == 0 < actual_error(graph) <= error.bound < 1e-23
    assert error.relative == math.inf


@pytest.mark.parametrize(("point", "factor"), [(1e200, 1e200), (math.nan, 1.0), (math.inf, 1.0)])
def test_nothing_is_known_where_something_is_not_finite(point: float, factor: float) -> None:
    x = Value(point)
    assert rounding_error((x * x) * factor).bound == math.inf


def test_an_adjoint_that_overflows_gives_an_infinite_bound() -> None:
    tiny = Value(1e-160) * 1e-160
    output = sqrt(tiny * 1e-5)  # sqrt(0), whose slope is infinite
    assert output.data == 0
    assert rounding_error(output).bound == math.inf
    assert "inf" in str(rounding_error(output))


def test_a_branch_that_was_not_taken_has_no_error() -> None:
    x = Value(-1.0)
    error = rounding_error(where(x > 0, log(x), exp(x)))
    assert [part.node.primitive.name for part in error.contributions] == ["exp"]  # type: ignore[union-attr]


def test_a_stable_form_has_a_small_bound_where_the_naive_one_has_a_large_one() -> None:
    naive, stable = trace(lambda x: (exp(x) - 1) / x)(1e-7), trace(lambda x: expm1(x) / x)(1e-7)
    assert rounding_error(stable).relative < 1e-15
    assert rounding_error(naive).relative > 1e-9


def test_contributions_come_largest_first_and_add_up() -> None:
    error = rounding_error(trace(variance)(3.3))
    parts = [part.error for part in error.contributions]
    assert parts == sorted(parts, reverse=True)
    assert error.bound == pytest.approx(sum(parts))


def test_labels_and_the_number_of_further_nodes_are_shown() -> None:
    x = Value(1.1)
    y = exp(x)
    y.label = "growth"
    for _ in range(12):
        y = y * 1.01
    first, *_, last = str(rounding_error(y)).splitlines()[2:]
    assert first.startswith("growth")
    assert last == "and 3 more"


def test_adjoints_that_are_known_already_give_the_same_bound() -> None:
    graph = trace(quadratic_root)(10.1)
    nodes = topological_order(graph.outputs[0])
    found = adjoints(graph.outputs, [1.0], nodes, as_values=False)
    assert bound(nodes, found) == pytest.approx(rounding_error(graph).bound)


def test_the_bound_costs_little_more_than_the_sweep() -> None:
    graph = trace(variance)(3.3)
    nodes = topological_order(graph.outputs[0])
    sweep = min(timeit.repeat(lambda: adjoints(graph.outputs, [1.0], nodes, as_values=False), number=50))
    found = adjoints(graph.outputs, [1.0], nodes, as_values=False)
    assert min(timeit.repeat(lambda: bound(nodes, found), number=50)) < 2 * sweep


def test_gradients_are_not_touched() -> None:
    x = Value(2.0)
    rounding_error(x.exp() * x)
    assert x.grad == 0.0


@pytest.mark.parametrize("wrong", [2.0, "x", None])
def test_what_is_neither_a_value_nor_a_graph_is_refused(wrong: Any) -> None:
    with pytest.raises(TypeError, match="of a Value or a Graph"):
        rounding_error(wrong)


def test_a_graph_with_two_outputs_is_refused() -> None:
    x = Value(2.0)
    with pytest.raises(ValueError, match="has 2"):
        rounding_error(Graph(x, x * x))
