"""What the strategies draw, and that it shrinks to what a reader would have chosen."""

import math
from collections.abc import Callable
from typing import Any

import pytest
from expressions import ROWS
from hypothesis import HealthCheck, Phase, find, given, settings

import autograd
from autograd import Primitive, Value, grad
from autograd.notation import expression
from autograd.testing import check_gradients
from autograd.testing.strategies import Expression, expressions, leaves, points

SEARCH = settings(
    max_examples=2_000,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
)


FIRST = settings(SEARCH, phases=[Phase.generate], max_examples=20_000)


def text(f: Expression) -> str:
    return expression(f.graph.outputs[0])


# --- Planted faults ------------------------------------------------------------------------------------

SMOOTH = [
    *(autograd.add, autograd.sub, autograd.mul, autograd.neg, autograd.exp, autograd.cos),
    *(autograd.atan, autograd.sigmoid, autograd.square, autograd.where),
]
PLANTED_SIN = Primitive("planted_sin", math.sin, (lambda x, out: -autograd.cos(x),), symbol="sin")
PLANTED_MUL = Primitive(
    "planted_mul", lambda x, y: x * y, (lambda x, y, out: y, lambda x, y, out: 2 * x), infix="*"
)
PLANTED_TANH = Primitive(
    "planted_tanh",
    math.tanh,
    (lambda x, out: autograd.where(x < 0, 1.01, 1.0) * (1 - out * out),),
    symbol="tanh",
)
HALF = 1e-4  # of the distance between the two points of a difference
TOLERANCE = 1e-3  # of a difference's error, which is about HALF squared times a third derivative


def partials_are_differences(f: Expression) -> bool:
    """Whether each recorded partial is about the slope of its row's own values."""
    for node in f.graph:
        for position, (argument, partial) in enumerate(zip(node.arguments, node.partials, strict=True)):
            numbers = [a if isinstance(a, float) else a._data for a in node.arguments]
            if isinstance(argument, float) or node.primitive.partial(position) is None:
                continue
            above, below = list(numbers), list(numbers)
            above[position] += HALF
            below[position] -= HALF
            difference = (node.primitive(*above) - node.primitive(*below)) / (2 * HALF)
            if abs(difference - partial) > TOLERANCE * max(1.0, abs(difference), abs(node._data)):
                return False
    return True


def gradient_is_checked(f: Expression) -> bool:
    return bool(check_gradients(f, *f.point))


@pytest.mark.parametrize(
    "holds", [partials_are_differences, gradient_is_checked], ids=["by differences", "by the checker"]
)
@pytest.mark.parametrize(
    ("planted", "shown", "point"),
    [(PLANTED_SIN, "sin(x)", 1.0), (PLANTED_MUL, "x*x", 1.0), (PLANTED_TANH, "tanh(x)", -1.0)],
    ids=["sin", "mul", "tanh below 0"],
)
def test_a_planted_fault_shrinks_to_one_operation_at_a_simple_number(
    holds: Callable[[Expression], bool], planted: Primitive, shown: str, point: float
) -> None:
    smallest = find(expressions([*SMOOTH, planted]), lambda f: not holds(f), settings=SEARCH)
    assert (text(smallest), smallest.point) == (shown, (point,))


@pytest.mark.parametrize(
    "row",
    [
        *(autograd.log, autograd.acosh, autograd.pow, autograd.polygamma, autograd.where),
        *(autograd.clamp, autograd.fsum, autograd.leaky_relu, autograd.ldexp),
    ],
    ids=lambda row: row.name,
)
def test_a_row_of_any_kind_is_drawn_and_shrinks_to_itself_alone(row: Primitive) -> None:
    smallest = find(expressions([*SMOOTH, row]), lambda f: row in f.rows, settings=SEARCH)
    assert [drawn for drawn in smallest.rows if not drawn.comparison] == [row]
    assert smallest.point == (1.0,)


def test_a_falsifying_example_is_python_that_reproduces_the_failure() -> None:
    @settings(SEARCH, print_blob=False)
    @given(expressions([*SMOOTH, PLANTED_SIN]))
    def check(f: Expression) -> None:
        assert gradient_is_checked(f)

    with pytest.raises(AssertionError) as caught:
        check()
    assert any(PLANTED_SOURCE in note for note in caught.value.__notes__)
    with pytest.raises(AssertionError):
        exec(PLANTED_SOURCE, {})


PLANTED_SOURCE = """\
from autograd import named
from autograd.testing import check_gradients

planted_sin = named("planted_sin")

def f(x):
    return planted_sin(x)

assert check_gradients(f, 1.0)"""


# --- Expressions ---------------------------------------------------------------------------------------


@given(expressions())
def test_the_source_of_an_expression_computes_its_value_and_gradient(f: Expression) -> None:
    code = f.source.rpartition("\n\nassert check_gradients")[0]
    namespace: dict[str, Any] = {}
    exec(code, namespace)
    leaves, copies = [*map(Value, f.point)], [*map(Value, f.point)]
    output, again = f(*leaves), namespace["f"](*copies)
    assert output._data == again._data == f(*f.point)
    output.backward()
    again.backward()
    assert list(map(repr, leaves)) == list(map(repr, copies))


@given(expressions(largest=100.0, inputs=2, most=5))
def test_domains_hold_and_values_are_bounded(f: Expression) -> None:
    assert len(f.point) <= 2
    assert len([row for row in f.rows if not row.comparison]) <= 5
    for node in f.graph:
        if node.primitive is not None:
            assert abs(node._data) <= 100
            for argument, interval in zip(node.arguments, node.primitive.domain, strict=False):
                number = argument if isinstance(argument, float) else argument._data
                within = isinstance(interval, range) or interval[0] <= number <= interval[1]
                assert within or number in interval


@pytest.mark.parametrize(
    "wanted",
    [
        lambda f: len(f.point) == 3,
        lambda f: autograd.where in f.rows and len(f.rows) > 5,
        lambda f: "t2 = " in text(f),
        lambda f: len(f.rows) >= 7,
        lambda f: autograd.polygamma in f.rows,
        lambda f: f.rows.count(autograd.where) == 2,
    ],
    ids=["three leaves", "a branch", "shared parts", "many operations", "a whole number", "two branches"],
)
def test_expressions_of_every_kind_are_drawn(wanted: Callable[[Expression], bool]) -> None:
    assert wanted(find(expressions(), wanted, settings=FIRST))


def test_an_expression_takes_as_many_arguments_as_its_point_has() -> None:
    f = Expression((1.0, 2.0), [(autograd.mul, (0, 1))])
    assert f(3.0, 4.0) == 12.0
    with pytest.raises(TypeError, match="takes 2 arguments, not 1"):
        f(3.0)


def test_an_expression_is_of_what_its_last_operation_needs() -> None:
    f = Expression((1.0, 2.0), [(autograd.sin, (0,)), (autograd.cos, (1,))])
    assert (f.point, f.rows, f(0.0)) == ((2.0,), (autograd.cos,), 1.0)
    assert grad(f)(0.5) == -math.sin(0.5)


# --- Points and leaves ---------------------------------------------------------------------------------


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_points_lie_in_the_domain_of_the_row_and_shrink_to_simple_numbers(row: Primitive) -> None:
    def inside(point: tuple[float, ...]) -> bool:
        domain = [row.domain[-1]] * len(point) if row.variadic else row.domain
        return all(
            x in interval if isinstance(interval, range) else interval[0] <= x <= interval[1]
            for x, interval in zip(point, domain, strict=True)
        )

    @settings(max_examples=20)
    @given(points(row))
    def check(point: tuple[float, ...]) -> None:
        assert inside(point)
        assert all(map(math.isfinite, point))

    check()
    smallest = find(points(row), lambda point: True, settings=SEARCH)
    expected = [float(ends[0]) if isinstance(ends, range) else 1.0 for ends in row.domain]
    assert list(smallest) == expected


def test_points_of_a_row_declared_at_run_time_lie_in_its_domain() -> None:
    narrow = Primitive("strategies_narrow", lambda x: x, (1.0,), domain=((10.25, 10.75),))
    assert 10.25 <= find(points(narrow), lambda point: True, settings=SEARCH)[0] <= 10.75


@pytest.mark.parametrize(
    ("kind", "allowed", "somewhere"),
    [
        ("moderate", lambda x: abs(x) <= 9 and x == round(x, 3), lambda x: x < -1 and not x.is_integer()),
        ("wide", lambda x: 1e-300 <= abs(x) <= 1e300, lambda x: x < -1e100),
        ("integers", lambda x: x.is_integer() and abs(x) <= 9, lambda x: x == -7),
        ("kinks", math.isfinite, lambda x: x == 0 and math.copysign(1, x) < 0),
    ],
)
def test_leaves_of_each_kind(
    kind: str, allowed: Callable[[float], bool], somewhere: Callable[[float], bool]
) -> None:
    @given(leaves(kind))
    def check(x: float) -> None:
        assert allowed(x)

    check()
    assert somewhere(find(leaves(kind), somewhere, settings=FIRST))
    if kind != "kinks":
        assert find(leaves(kind), lambda x: True, settings=SEARCH) == 1.0
        assert find(leaves(kind), lambda x: x < 0, settings=SEARCH) == -1.0


def test_another_kind_of_leaves_is_refused() -> None:
    with pytest.raises(ValueError, match="moderate, wide, integers or kinks, not 'large'"):
        leaves("large")
