"""Arithmetic never raises for a numeric reason: results are those of IEEE 754, for numbers and Values."""

import math
from typing import Any

import pytest
from expressions import ROWS as TABLE
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd
from autograd import Primitive, Value

inf, nan = math.inf, math.nan

ROWS = [row for row in TABLE if not row.comparison and not row.variadic]
DOUBLES = st.one_of(
    st.floats(), st.sampled_from([0.0, -0.0, 1.0, -1.0, inf, -inf, nan, 5e-324, 1.7976931348623157e308])
)


def named_after_row(row: Any) -> str:
    return row.name


def bits(number: float) -> str:
    """Tells -0.0 from 0.0; every nan counts as equal."""
    return "nan" if math.isnan(number) else number.hex()


@pytest.mark.parametrize("row", ROWS, ids=named_after_row)
@settings(max_examples=30)
@given(data=st.data())
def test_no_row_raises_at_any_double_and_values_agree_with_numbers(
    row: Primitive, data: st.DataObject
) -> None:
    point = data.draw(st.tuples(*[DOUBLES] * row.arity))
    out = row(*point)
    partials = row.local_derivatives(point, out)
    assert type(out) is float
    assert [type(partial) for partial in partials] == [float] * row.arity
    node = row(*map(Value, point))
    assert bits(node.data) == bits(out)
    assert list(map(bits, node.partials)) == list(map(bits, partials))
    if row.arity == 1 and not row.auxiliary:
        node = getattr(Value(point[0]), row.name)()
        assert bits(node.data) == bits(out)
        assert list(map(bits, node.partials)) == list(map(bits, partials))


@pytest.mark.parametrize(
    ("row", "arguments", "expected"),
    [
        (autograd.log, (0.0,), -inf),
        (autograd.log, (-0.0,), -inf),
        (autograd.log, (-1.0,), nan),
        (autograd.log, (inf,), inf),
        (autograd.log2, (0.0,), -inf),
        (autograd.log10, (-2.0,), nan),
        (autograd.log1p, (-1.0,), -inf),
        (autograd.log1p, (-2.0,), nan),
        (autograd.sqrt, (-1.0,), nan),
        (autograd.sqrt, (-0.0,), -0.0),
        (autograd.div, (1.0, 0.0), inf),
        (autograd.div, (1.0, -0.0), -inf),
        (autograd.div, (-1.0, 0.0), -inf),
        (autograd.div, (0.0, 0.0), nan),
        (autograd.div, (inf, 0.0), inf),
        (autograd.reciprocal, (0.0,), inf),
        (autograd.reciprocal, (-0.0,), -inf),
        (autograd.exp, (1000.0,), inf),
        (autograd.exp, (-1000.0,), 0.0),
        (autograd.exp2, (1024.0,), inf),
        (autograd.expm1, (1000.0,), inf),
        (autograd.sinh, (-1000.0,), -inf),
        (autograd.cosh, (-1000.0,), inf),
        (autograd.sin, (inf,), nan),
        (autograd.cos, (-inf,), nan),
        (autograd.tan, (inf,), nan),
        (autograd.asin, (1.5,), nan),
        (autograd.acos, (-1.5,), nan),
        (autograd.acosh, (0.5,), nan),
        (autograd.atanh, (1.0,), inf),
        (autograd.atanh, (-1.0,), -inf),
        (autograd.atanh, (2.0,), nan),
        (autograd.gamma, (0.0,), inf),
        (autograd.gamma, (-0.0,), -inf),
        (autograd.gamma, (-1.0,), nan),
        (autograd.gamma, (172.0,), inf),
        (autograd.lgamma, (0.0,), inf),
        (autograd.lgamma, (-2.0,), inf),
        (autograd.pow, (-8.0, 1 / 3), nan),
        (autograd.pow, (10.0, 400.0), inf),
        (autograd.pow, (-10.0, 309.0), -inf),
        (autograd.pow, (-10.0, 310.0), inf),
        (autograd.pow, (0.0, -1.0), inf),
        (autograd.pow, (-0.0, -1.0), -inf),
        (autograd.pow, (-0.0, -2.0), inf),
        (autograd.pow, (0.0, 0.0), 1.0),
        (autograd.pow, (nan, 0.0), 1.0),
        (autograd.pow, (1.0, nan), 1.0),
        (autograd.pow, (-1.0, inf), 1.0),
        (autograd.pow, (0.5, inf), 0.0),
        (autograd.pow, (inf, -1.0), 0.0),
        (autograd.pow, (-inf, 3.0), -inf),
        (autograd.mod, (1.0, 0.0), nan),
        (autograd.mod, (-1.0, 3.0), 2.0),
        (autograd.mod, (1.0, -3.0), -2.0),
        (autograd.floor_divide, (-7.0, 2.0), -4.0),
        (autograd.floor_divide, (7.0, -2.0), -4.0),
        (autograd.floor_divide, (1.0, 0.0), inf),
        (autograd.floor_divide, (0.0, 0.0), nan),
        (autograd.fmod, (-7.0, 2.0), -1.0),
        (autograd.fmod, (1.0, 0.0), nan),
        (autograd.fmod, (inf, 1.0), nan),
        (autograd.remainder, (7.0, 4.0), -1.0),
        (autograd.remainder, (1.0, 0.0), nan),
        (autograd.hypot, (inf, nan), inf),
        (autograd.hypot, (1e300, 1e300), math.sqrt(2) * 1e300),
        (autograd.logaddexp, (-inf, -inf), -inf),
        (autograd.logaddexp, (inf, -inf), inf),
        (autograd.xlogy, (0.0, 0.0), 0.0),
        (autograd.xlogy, (0.0, nan), nan),
        (autograd.relu, (nan,), nan),
        (autograd.maximum, (nan, 1.0), nan),
        (autograd.minimum, (1.0, nan), nan),
    ],
    ids=str,
)
def test_results_where_python_raises_or_goes_complex(
    row: Primitive, arguments: tuple[float, ...], expected: float
) -> None:
    assert bits(row(*arguments)) == bits(expected)
    assert bits(row(*map(Value, arguments)).data) == bits(expected)


@pytest.mark.parametrize(
    "row", [autograd.floor, autograd.ceil, autograd.trunc, autograd.round], ids=named_after_row
)
@pytest.mark.parametrize("number", [inf, -inf, nan, 0.0, -0.0])
def test_rounding_keeps_infinities_nan_and_signed_zeros(row: Primitive, number: float) -> None:
    assert bits(row(number)) == bits(number)
    assert bits(row(Value(number)).data) == bits(number)


@pytest.mark.parametrize(
    ("row", "number"),
    [(autograd.ceil, -0.5), (autograd.trunc, -0.5), (autograd.round, -0.5)],
    ids=str,
)
def test_rounding_towards_zero_keeps_the_sign(row: Primitive, number: float) -> None:
    assert bits(row(number)) == bits(-0.0)


def test_round_goes_to_the_even_neighbour_at_a_half() -> None:
    assert [autograd.round(x) for x in (0.5, 1.5, 2.5, -1.5)] == [0.0, 2.0, 2.0, -2.0]


def test_an_overflowing_square_is_inf_by_either_spelling() -> None:
    x = Value(1e200)
    assert (x**2).data == (x * x).data == inf


def test_functions_that_saturate_keep_finite_values_and_gradients() -> None:
    expected = {
        ("tanh", 1000.0): (1.0, 0.0),
        ("tanh", -1000.0): (-1.0, 0.0),
        ("sigmoid", 1000.0): (1.0, 0.0),
        ("sigmoid", -1000.0): (0.0, 0.0),
        ("log_sigmoid", 1000.0): (0.0, 0.0),
        ("log_sigmoid", -1000.0): (-1000.0, 1.0),
        ("softplus", 1000.0): (1000.0, 1.0),
        ("softplus", -1000.0): (0.0, 0.0),
    }
    for (name, number), (value, slope) in expected.items():
        x = Value(number)
        y = getattr(x, name)()
        y.backward()
        assert (y.data, x.grad) == (value, slope), (name, number)
    a, b = Value(1000.0), Value(-1000.0)
    y = autograd.logaddexp(a, b)
    y.backward()
    assert (y.data, a.grad, b.grad) == (1000.0, 1.0, 0.0)


# --- nan ----------------------------------------------------------------------------------------------

UNARY = [row for row in ROWS if row.arity == 1]


@pytest.mark.parametrize("row", UNARY, ids=named_after_row)
def test_a_nan_argument_gives_nan_in_the_value_and_in_a_partial_that_depends_on_it(row: Primitive) -> None:
    out = row(nan)
    assert math.isnan(out)
    if callable(row.partials[0]):
        assert math.isnan(row.local_derivatives((nan,), out)[0])


BOUNDED = [row for row in UNARY if not isinstance(row.domain[0], range) and row.domain[0] != (-inf, inf)]


@pytest.mark.parametrize("row", BOUNDED, ids=named_after_row)
def test_an_argument_outside_the_domain_gives_nan_in_the_value_and_in_the_partial(row: Primitive) -> None:
    lower, upper = row.domain[0]
    outside = [math.nextafter(lower, -inf), lower - 1, lower - 1e10, -inf]
    outside += [] if upper == inf else [math.nextafter(upper, inf), upper + 1, upper + 1e10, inf]
    for number in outside:
        out = row(number)
        assert math.isnan(out), number
        assert not callable(row.partials[0]) or math.isnan(row.local_derivatives((number,), out)[0]), number


@pytest.mark.parametrize("position", [0, 1])
@pytest.mark.parametrize("row", [autograd.maximum, autograd.minimum], ids=named_after_row)
def test_a_nan_argument_of_maximum_and_minimum_receives_the_whole_gradient(
    row: Primitive, position: int
) -> None:
    values = [Value(1.0), Value(1.0)]
    values[position].data = nan
    out = row(*values)
    out.backward()
    assert math.isnan(out.data)
    assert values[position].grad == 1.0
    assert values[1 - position].grad == 0.0
