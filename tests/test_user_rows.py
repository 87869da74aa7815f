"""A row declared at run time is a primitive like any other."""

import math
from typing import Any

import pytest

import autograd
from autograd import Primitive, Value
from autograd.primitives import table


def test_a_declared_row_is_a_function_of_numbers_and_of_values_and_a_method() -> None:
    cube = autograd.primitive("user_cube", lambda x: x * x * x, (lambda x, out: 3 * x * x,))
    assert cube(2.0) == 8.0
    assert type(cube(2)) is float
    x = Value(2.0)
    for y in (cube(x), x.user_cube(), cube(x * 1)):
        x.grad = 0.0
        y.backward()
        assert (y.data, x.grad, y.primitive) == (8.0, 12.0, cube)
    assert table["user_cube"] is cube
    assert cube(x)._op == "user_cube"


def test_a_declared_row_is_differentiable_twice() -> None:
    wave = Primitive("user_wave", lambda x: math.sin(3 * x), (lambda x, out: 3 * autograd.cos(3 * x),))
    x = Value(0.7)
    slope = wave.partials[0](x, wave(x))  # type: ignore[operator,misc]
    slope.backward()
    assert slope.data == pytest.approx(3 * math.cos(2.1), rel=1e-15)
    assert x.grad == pytest.approx(-9 * math.sin(2.1), rel=1e-15)
    assert autograd.grad(autograd.grad(wave))(0.7) == pytest.approx(-9 * math.sin(2.1), rel=1e-14)


def test_a_partial_may_reuse_the_rows_own_value() -> None:
    gompertz = Primitive(
        "user_gompertz", lambda x: math.exp(-math.exp(-x)), (lambda x, out: out * autograd.exp(-x),)
    )
    x = Value(0.3)
    gompertz(x).backward()
    assert x.grad == pytest.approx(math.exp(-math.exp(-0.3)) * math.exp(-0.3), rel=1e-15)


def test_a_row_may_be_defined_from_other_rows() -> None:
    def mean(x: Any, y: Any) -> Any:
        return autograd.sqrt(x * y)

    geometric = Primitive(
        "user_geometric_mean",
        mean,
        (lambda x, y, out: out / (2 * x), lambda x, y, out: out / (2 * y)),
        defined=True,
    )
    x, y = Value(2.0), Value(8.0)
    z = geometric(x, y)
    z.backward()
    assert (z.data, x.grad, y.grad, geometric(2.0, 8.0)) == (4.0, 1.0, 0.25, 4.0)


def test_exceptions_of_a_rows_value_become_its_ieee_result() -> None:
    root = Primitive("user_root", math.sqrt, (lambda x, out: 0.5 / out,))
    assert math.isnan(root(-1.0))
    pole = Primitive(
        "user_pole", lambda x: 1 / x, (lambda x, out: -out * out,), exceptional=lambda x: math.inf
    )
    assert pole(0.0) == math.inf
    x = Value(0.0)
    pole(x).backward()
    assert x.grad == -math.inf


def test_a_name_declared_twice_is_refused_and_the_first_row_stays() -> None:
    first = Primitive("user_once", lambda x: x, (1.0,))
    for name in ("user_once", "sin"):
        with pytest.raises(ValueError, match=rf"named '{name}' is declared already: choose another name"):
            Primitive(name, lambda x: x, (1.0,))
    assert table["user_once"] is first
    assert table["sin"] is autograd.sin


def test_a_name_is_an_identifier() -> None:
    with pytest.raises(ValueError, match="identifier in ASCII, not 'a b'"):
        Primitive("a b", lambda x: x, (1.0,))
    assert "a b" not in table


def test_the_wrong_number_of_arguments_is_refused() -> None:
    pair = Primitive("user_pair", lambda x, y: x + y, (1.0, 1.0))
    for wrong in ((Value(1.0),), (1.0, 2.0, 3.0)):
        with pytest.raises(TypeError, match=rf"user_pair takes 2 arguments, not {len(wrong)}"):
            pair(*wrong)


def test_what_is_no_number_is_refused() -> None:
    for row, wrong in ((autograd.sin, "1"), (autograd.sin, None), (autograd.sin, 1j), (autograd.exp, [1.0])):
        with pytest.raises(TypeError):
            row(wrong)


@pytest.mark.parametrize("name", ["backward", "data", "grad", "label"])
def test_a_row_does_not_take_a_name_that_values_have(name: str) -> None:
    with pytest.raises(ValueError, match="choose another name"):
        autograd.primitive(name, math.sin, (1.0,))
    with pytest.raises(ValueError, match="choose another name"):
        autograd.primitive("user_alias", math.sin, (1.0,), methods=(name,))
    assert "user_alias" not in autograd.table


@pytest.mark.parametrize(
    ("value", "partials", "message"),
    [
        (math.sin, lambda x, out: 1.0, "tuple"),
        (math.sin, (), "one partial per argument"),
        (math.sin, (lambda x: 1.0,), "takes 1 argument and the value"),
        (lambda x, y: x, (1.0,), "does not take 1 argument"),
        ("sin", (1.0,), "function of floats"),
        (math.sin, ("cos",), "function, a number or None"),
    ],
)
def test_a_row_that_cannot_stand_is_refused_and_not_declared(value: Any, partials: Any, message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        autograd.primitive("user_wrong", value, partials)
    assert "user_wrong" not in autograd.table


def test_a_partial_of_a_run_time_row_is_called_anew_at_every_point() -> None:
    state = [1.0]
    row = autograd.primitive("user_stateful", lambda x: x, (lambda x, out: state[0],))
    assert row(Value(2.0)).partials == (1.0,)
    state[0] = 5.0
    assert row(Value(2.0)).partials == (5.0,)


def test_a_partial_that_raises_for_a_number_is_nan() -> None:
    row = autograd.primitive("user_raising", lambda x: x, (lambda x, out: 1 / math.sqrt(1 - x * x),))
    assert math.isnan(row(Value(2.0)).partials[0])
