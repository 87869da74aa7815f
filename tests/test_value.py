"""A Value behaves like the float it holds, and says no where a float would lose the gradient."""

import fractions
import math
import operator
from collections.abc import Callable
from typing import Any

import numpy
import pytest
from expressions import ROWS
from hypothesis import given
from hypothesis import strategies as st

import autograd
from autograd import Value, trace

inf, nan = math.inf, math.nan


def bits(number: float) -> str:
    """Tells -0.0 from 0.0; every nan counts as equal."""
    return "nan" if math.isnan(number) else float(number).hex()


# --- The constructor ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given_number", "data"),
    [
        (3, 3.0),
        (True, 1.0),
        (-2.5, -2.5),
        (fractions.Fraction(1, 4), 0.25),
        (numpy.float32(0.5), 0.5),
        (numpy.int64(7), 7.0),
        (numpy.bool_(True), 1.0),
        (numpy.array(1.5), 1.5),
        (10**400, inf),
        (-(10**400), -inf),
    ],
    ids=repr,
)
def test_a_real_number_of_any_kind_becomes_a_double(given_number: Any, data: float) -> None:
    value = Value(given_number)
    assert type(value.data) is float
    assert value.data == data


@pytest.mark.parametrize(
    "wrong", ["ab", "1.5", b"1", [1], (1,), {}, 1j, None, Value(1), numpy.array([1.0, 2.0])], ids=repr
)
def test_what_is_no_real_number_is_refused_with_its_type(wrong: Any) -> None:
    with pytest.raises(TypeError, match=rf"expected a real number, not {type(wrong).__name__}"):
        Value(wrong)


def test_a_label_is_text() -> None:
    assert Value(1, "x").label == Value(1, label="x").label == "x"
    assert Value(1).label == ""
    with pytest.raises(TypeError):
        Value(1, label=3)
    with pytest.raises(TypeError, match="a label is a str, not int"):
        Value(1).label = 3  # type: ignore[assignment]


def test_a_node_with_children_cannot_be_made_by_hand() -> None:
    with pytest.raises(TypeError, match="makes a leaf"):
        Value(1.0, "", "+", (Value(1),))  # type: ignore[arg-type]


def test_a_leaf_knows_that_it_is_one() -> None:
    x = Value(2.0)
    assert (x.primitive, x.arguments, x.partials, x.grad, x.scope) == (None, (), (), 0.0, ())


def test_a_node_knows_its_primitive_arguments_and_local_derivatives() -> None:
    x = Value(3.0)
    y = x * 4
    assert y.primitive is autograd.mul
    assert y.arguments[0] is x
    assert y.arguments[1] == 4.0
    assert type(y.arguments[1]) is float
    assert y.partials == (4.0, 0.0)


# --- Operators ----------------------------------------------------------------------------------------

NUMBERS = st.floats(allow_nan=True, allow_infinity=True)
OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
}


@pytest.mark.parametrize("symbol", OPERATORS)
@given(x=NUMBERS, y=NUMBERS.filter(lambda y: y != 0))
def test_an_operator_gives_what_it_gives_for_floats_bit_for_bit(symbol: str, x: float, y: float) -> None:
    operation = OPERATORS[symbol]
    expected = bits(operation(x, y))
    assert bits(operation(Value(x), Value(y)).data) == expected
    assert bits(operation(Value(x), y).data) == expected
    assert bits(operation(x, Value(y)).data) == expected


@given(x=st.floats(1e-3, 1e3), y=st.floats(-50, 50).filter(lambda y: y != 2))
def test_a_power_is_that_of_the_c_library(x: float, y: float) -> None:
    expected = math.pow(x, y)
    assert (Value(x) ** Value(y)).data == (Value(x) ** y).data == (x ** Value(y)).data == expected


def test_the_second_power_is_the_product_with_itself() -> None:
    x = Value(1.1)
    assert (x**2).data == 1.1 * 1.1
    assert (x**2).primitive is autograd.square
    assert (x ** numpy.float64(2)).data == 1.1 * 1.1


@given(x=NUMBERS)
def test_unary_operators_are_those_of_floats(x: float) -> None:
    value = Value(x)
    assert bits((-value).data) == bits(-x)
    assert bits(abs(value).data) == bits(abs(x))
    assert +value is value


@given(x=st.floats(-1e15, 1e15))
def test_rounding_gives_values_that_hold_what_python_gives(x: float) -> None:
    value = Value(x)
    for function in (math.floor, math.ceil, math.trunc, round):
        result: Any = function(value)  # type: ignore[operator]
        assert isinstance(result, Value)
        assert result.data == function(x)
    assert round(value, 2).data == round(x, 2)


@pytest.mark.parametrize(("x", "y"), [(7.5, 2.0), (-7.5, 2.0), (7.5, -2.0)])
def test_divmod_is_the_quotient_and_the_rest(x: float, y: float) -> None:
    for quotient, rest in (divmod(Value(x), Value(y)), divmod(Value(x), y), divmod(x, Value(y))):
        assert (quotient.data, rest.data) == divmod(x, y)


@pytest.mark.parametrize("symbol", OPERATORS)
@pytest.mark.parametrize(
    "number", [3, True, fractions.Fraction(3, 2), numpy.float64(1.5), numpy.float32(1.5)], ids=repr
)
def test_numbers_of_every_kind_stand_on_either_side(symbol: str, number: Any) -> None:
    operation = OPERATORS[symbol]
    left, right = operation(number, Value(2.0)), operation(Value(2.0), number)
    assert isinstance(left, Value)
    assert isinstance(right, Value)
    assert left.data == operation(float(number), 2.0)
    assert right.data == operation(2.0, float(number))


@pytest.mark.parametrize("wrong", ["2", None, [1.0], 1j], ids=repr)
@pytest.mark.parametrize("symbol", [*OPERATORS, "**"])
def test_an_operator_refuses_what_is_no_number(symbol: str, wrong: Any) -> None:
    operation = OPERATORS.get(symbol, operator.pow)
    with pytest.raises(TypeError):
        operation(Value(2.0), wrong)
    if not (symbol == "%" and isinstance(wrong, str)):  # there "..." % value is formatting
        with pytest.raises(TypeError):
            operation(wrong, Value(2.0))


def test_the_order_of_the_operands_is_kept() -> None:
    x = Value(2.0)
    assert ((10 - x).data, (x - 10).data, (10 / x).data, (10**x).data, (7 // x).data, (7 % x).data) == (
        8.0,
        -8.0,
        5.0,
        100.0,
        3.0,
        1.0,
    )


# --- Comparisons, truth, identity ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "comparison",
    [operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne],
    ids=lambda f: f.__name__,
)
@given(x=st.sampled_from([-1.0, 0.0, -0.0, 2.0, inf, nan]), y=st.sampled_from([-1.0, 0.0, 2.0, -inf, nan]))
def test_comparisons_go_by_value_and_give_bools(comparison: Any, x: float, y: float) -> None:
    expected = comparison(x, y)
    assert comparison(Value(x), Value(y)) is expected
    assert comparison(Value(x), y) is expected
    assert comparison(x, Value(y)) is expected


def test_a_value_equals_no_other_kind_of_thing() -> None:
    assert (Value(1.0) == "1.0") is False
    assert (Value(1.0) != None) is True  # noqa: E711
    with pytest.raises(TypeError):
        Value(1.0) < "2"  # type: ignore[operator]  # noqa: B015


def test_truth_is_being_different_from_zero() -> None:
    assert [bool(Value(x)) for x in (0.0, -0.0, 1e-300, nan)] == [False, False, True, True]


def test_sets_and_dicts_hold_nodes_not_numbers() -> None:
    a, b = Value(1.0), Value(1.0)
    assert a == b
    assert len({a, b}) == 2
    assert {a: "a", b: "b"}[b] == "b"
    assert b in [a], "`in` compares by value"


def test_the_builtins_max_and_min_choose_one_of_the_values() -> None:
    a, b = Value(1.0), Value(2.0)
    assert max(a, b) is b
    assert min(a, b) is a
    assert sum([a, b]).data == 3.0
    assert sorted([b, a])[0] is a


# --- Text ---------------------------------------------------------------------------------------------


def test_a_repr_shows_data_gradient_and_label() -> None:
    assert repr(Value(2)) == "Value(data=2.0, grad=0.0)"
    assert repr(Value(0.1, label="x")) == "Value(data=0.1, grad=0.0, label='x')"


def test_a_format_specification_formats_the_data() -> None:
    assert f"{Value(3.14159):.2f}" == "3.14"
    assert f"{Value(1.0)}" == str(Value(1.0)) == repr(Value(1.0))


# --- No silent loss of the gradient -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("conversion", "remedy"),
    [(float, r"v\.data"), (int, r"v\.data"), (math.sin, r"autograd\.math\.sin"), (complex, r"v\.data")],
    ids=["float", "int", "math.sin", "complex"],
)
def test_a_conversion_that_would_lose_the_gradient_names_the_remedy(conversion: Any, remedy: str) -> None:
    with pytest.raises(TypeError, match=remedy):
        conversion(Value(2.0))


INDEXING = [lambda v: [1, 2, 3][v], range, lambda v: "ab" * v, lambda v: math.comb(v, 1)]


@pytest.mark.parametrize("use", INDEXING, ids=["index", "range", "repeat", "comb"])
def test_a_value_is_no_index(use: Any) -> None:
    with pytest.raises(TypeError, match=r"an index or a count by itself, .*: int\(v\.data\)"):
        use(Value(1.0))


@pytest.mark.parametrize("use", [float, int, math.sin, *INDEXING])
def test_inside_a_trace_a_number_that_python_needs_is_to_be_made_a_constant(use: Any) -> None:
    with pytest.raises(TypeError, match=r"a Value does not become .* static_argnames.* functools\.partial"):
        trace(lambda v: use(v))(2)
    with pytest.raises(TypeError, match=r"a comparison does not become .* bool\(x > 0\) .* autograd\.where"):
        trace(lambda v: use(v > 1))(2)


# --- Assignments --------------------------------------------------------------------------------------


def test_the_data_of_a_leaf_can_be_assigned() -> None:
    x = Value(1.0)
    x.data = 2
    assert type(x.data) is float
    assert x.data == 2.0
    x.data -= 0.5
    assert x.data == 1.5
    with pytest.raises(TypeError, match="expected a real number, not str"):
        x.data = "3"  # type: ignore[assignment]
    assert x.data == 1.5


def test_the_data_of_a_result_cannot_be_assigned() -> None:
    y = Value(1.0) + 1
    with pytest.raises(AttributeError, match=r"only a leaf's data .* result of add"):
        y.data = 3.0
    assert y.data == 2.0


def test_gradient_and_label_can_be_assigned_everywhere() -> None:
    for node in (Value(1.0), Value(1.0) * 2):
        node.grad = 3
        node.label = "n"
        assert (node.grad, node.label) == (3.0, "n")
        assert type(node.grad) is float
    with pytest.raises(TypeError):
        Value(1.0).grad = Value(2.0)  # type: ignore[assignment]


def test_no_other_attribute_can_be_assigned() -> None:
    with pytest.raises(AttributeError):
        Value(1.0).gard = 1.0  # type: ignore[attr-defined]


def test_detach_gives_a_leaf_with_the_same_data() -> None:
    x = Value(2.0)
    detached = (x * 3).detach()
    assert (detached.data, detached.primitive, detached.arguments) == (6.0, None, ())
    (detached * x).backward()
    assert x.grad == 6.0


# --- Methods and NumPy --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        row.name
        for row in ROWS
        if row.arity == 1 and not row.comparison and not row.variadic and not row.auxiliary
    ],
)
def test_every_function_of_one_argument_is_a_method(name: str) -> None:
    x = Value(1.25)
    by_method, by_function = getattr(x, name)(), getattr(autograd, name)(x)
    assert bits(by_method.data) == bits(by_function.data) == bits(getattr(autograd, name)(1.25))
    assert by_method.primitive is by_function.primitive


def test_methods_with_defaults_take_the_further_arguments() -> None:
    assert Value(-2.0).leaky_relu().data == -0.02
    assert Value(-2.0).leaky_relu(0.5).data == -1.0


UFUNCS = [
    *("sin", "cos", "tan", "arcsin", "arccos", "arctan", "sinh", "cosh", "tanh", "arcsinh", "arctanh"),
    *("exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sqrt", "cbrt", "square", "reciprocal"),
    *("fabs", "absolute", "negative", "rint", "floor", "ceil", "trunc", "degrees", "radians"),
]


@pytest.mark.parametrize("ufunc", UFUNCS)
def test_ufuncs_of_numpy_work_on_arrays_of_values(ufunc: str) -> None:
    function = getattr(numpy, ufunc)
    result = function(numpy.array([Value(0.25), Value(0.75)]))
    assert [value.data for value in result] == pytest.approx(function([0.25, 0.75]).tolist(), rel=1e-15)


@pytest.mark.parametrize(
    "ufunc", ["add", "multiply", "arctan2", "hypot", "fmod", "maximum", "minimum", "power"]
)
def test_binary_ufuncs_of_numpy_work_on_arrays_of_values(ufunc: str) -> None:
    function = getattr(numpy, ufunc)
    result = function(numpy.array([Value(0.25), Value(3.0)]), numpy.array([Value(0.75), Value(2.0)]))
    assert [value.data for value in result] == pytest.approx(
        function([0.25, 3.0], [0.75, 2.0]).tolist(), rel=1e-15
    )


def test_arrays_of_numbers_and_values_multiply() -> None:
    v = Value(3.0)
    scaled = numpy.array([1.0, 2.0]) * v
    assert [type(element) for element in scaled] == [Value, Value]
    assert [element.data for element in scaled] == [3.0, 6.0]
    weights = numpy.array([Value(1.0), Value(2.0)])
    product = numpy.array([3.0, 4.0]) @ weights
    product.backward()
    assert product.data == 11.0
    assert [weight.grad for weight in weights] == [3.0, 4.0]


def test_a_numpy_scalar_on_the_left_gives_a_value() -> None:
    v = Value(3.0)
    for result, expected in (
        (numpy.float64(2) * v, 6.0),
        (numpy.float64(2) - v, -1.0),
        (numpy.int64(6) / v, 2.0),
    ):
        assert isinstance(result, Value)
        assert result.data == expected
    assert (v ** numpy.float64(3)).data == 27.0


def test_powers_by_arrays_and_numpy_numbers() -> None:
    powers = Value(3.0) ** numpy.array([2.0, 3.0])
    assert [power.data for power in powers] == [9.0, 27.0]
    assert (Value(3.0) ** numpy.int64(2)).primitive is autograd.square


@pytest.mark.parametrize(
    "number", [numpy.complex64(1 + 2j), numpy.str_("3"), numpy.array("3"), numpy.array(1j)]
)
def test_numpy_things_that_are_no_real_numbers_are_refused(number: Any) -> None:
    with pytest.raises(TypeError, match="real number"):
        Value(number)
