"""The methods written out for each row record exactly what the row itself computes."""

import math

import pytest
from expressions import ROWS as TABLE
from hypothesis import given
from hypothesis import strategies as st

from autograd import Value, primitive, straightline
from autograd.primitives import table

NUMBERS = st.one_of(
    st.floats(),
    st.floats(-5, 5),
    st.sampled_from([0.0, -0.0, 1.0, -1.0, 0.5, math.inf, -math.inf, math.nan, 5e-324, 1e308, -1e308]),
)
UNARY = [row for row in TABLE if row.arity == 1 and not row.comparison]
BINARY = [row for row in TABLE if row.arity == 2 and not row.comparison]


def same(a, b):
    return repr(float(a)) == repr(float(b)) or a == b == 0


@pytest.mark.parametrize("row", UNARY, ids=lambda row: row.name)
@given(x=NUMBERS)
def test_a_row_of_one_argument(row, x):
    node = row(Value(x))
    out = row.value(x)
    assert same(node.data, out)
    (expected,) = row.local_derivatives((x,), float(out))
    assert same(node.partials[0], expected)


@pytest.mark.parametrize("row", BINARY, ids=lambda row: row.name)
@given(x=NUMBERS, y=NUMBERS)
def test_a_row_of_two_arguments_with_numbers_on_either_side(row, x, y):
    out = row.value(x, y)
    by_x, by_y = row.local_derivatives((x, y), float(out))
    for node, expected in (
        (row(Value(x), Value(y)), (by_x, by_y)),
        (row(Value(x), y), (by_x, 0.0)),
        (row(x, Value(y)), (0.0, by_y)),
    ):
        assert same(node.data, out)
        assert all(same(*pair) for pair in zip(node.partials, expected, strict=True))


def test_a_program_does_equal_operations_once():
    program, _, _ = straightline.value_and_partials(table["tanh"], ["x"], [0])
    operations = [(row, operands) for _, row, operands in program.steps]
    assert len(operations) == len(set(operations))
    assert not any(row.defined for row, _ in operations)


def test_a_partial_that_is_no_formula_is_called():
    def slope(x, out):
        return math.cos(x) if x > 0 else 1

    row = primitive("recording_branching", math.sin, (slope,))
    assert straightline.value_and_partials(row, ["x"], [0])[2] == [None]
    assert row(Value(2.0)).partials == (math.cos(2.0),)
    assert row(Value(-2.0)).partials == (1.0,)
    assert type(row(Value(-2.0)).partials[0]) is float


@pytest.mark.parametrize("wrong", [None, "text", 1j])
def test_a_row_that_gives_no_real_number_is_refused(wrong):
    name = f"recording_{type(wrong).__name__}"
    with pytest.raises(TypeError, match="real number"):
        primitive(f"{name}_value", lambda x: wrong, (1.0,))(Value(1.0))
    with pytest.raises(TypeError, match="real number"):
        primitive(f"{name}_partial", lambda x: x, (lambda x, out: wrong,))(Value(1.0))
