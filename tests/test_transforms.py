"""grad, vjp, jvp, jacobian, hessian, hvp: right to any order, in kind, and never confusing perturbations."""

import copy
import math

import numpy
import pytest
import scipy.optimize
from hypothesis import given
from hypothesis import strategies as st

import autograd
from autograd import Value, grad, hessian, hvp, jacobian, jvp, no_grad, trace, value_and_grad, vjp, where

CLOSE = {"rel": 1e-12, "abs": 1e-12}  # the figure promised for derivatives beyond the first
points = st.floats(-2, 2)


# --- Closed forms -------------------------------------------------------------------------------------


def nth_derivative(f, n):
    for _ in range(n):
        f = grad(f)
    return f


@given(points, st.integers(0, 5))
def test_every_derivative_of_sine(x, n):
    expected = [math.sin, math.cos, lambda x: -math.sin(x), lambda x: -math.cos(x)][n % 4](x)
    assert nth_derivative(lambda v: autograd.sin(v) + 0, n)(x) == pytest.approx(expected, **CLOSE)


@given(points)
def test_third_derivative_of_a_composition(x):
    f = nth_derivative(lambda v: autograd.exp(autograd.sin(v)), 3)
    s, c = math.sin(x), math.cos(x)
    expected = math.exp(s) * (c**3 - 3 * s * c - c)
    assert f(x) == pytest.approx(expected, **CLOSE)


def test_the_fourth_derivative_of_a_bell_at_its_top_is_twelve():
    assert nth_derivative(lambda x: autograd.exp(-(x**2)), 4)(0.0) == pytest.approx(12, **CLOSE)


def test_the_third_derivative_of_tanh_at_zero_is_minus_two():
    assert nth_derivative(autograd.tanh, 3)(0.0) == -2.0


@given(points, points)
def test_the_hessian_agrees_with_its_closed_form_and_is_symmetric(x, y):
    def f(v):
        return v[0] ** 2 * v[1] + autograd.sin(v[0] * v[1])

    s, c = math.sin(x * y), math.cos(x * y)
    mixed = 2 * x + c - x * y * s
    expected = numpy.array([[2 * y - y * y * s, mixed], [mixed, -x * x * s]])
    found = hessian(f)(numpy.array([x, y]))
    assert found == pytest.approx(expected, **CLOSE)
    assert found[0, 1] == pytest.approx(found[1, 0], **CLOSE)


@given(points, points)
def test_jvp_of_grad_is_the_hessian_times_the_direction(x, direction):
    def f(v):
        return autograd.exp(v) * v

    second = math.exp(x) * (x + 2)
    value, derivative = jvp(grad(f), (x,), (direction,))
    assert value == pytest.approx(math.exp(x) * (x + 1), **CLOSE)
    assert derivative == pytest.approx(second * direction, **CLOSE)
    assert grad(lambda v: jvp(f, (v,), (1.0,))[1])(x) == pytest.approx(second, **CLOSE)
    assert hvp(f, (x,), (direction,))[0] == pytest.approx(second * direction, **CLOSE)


@given(points, points, points, points)
def test_reverse_and_forward_mode_agree(x, y, a, b):
    def f(x, y):
        return autograd.tanh(x * y) + autograd.exp(x - y), x * x * y

    _, pull_back = vjp(f, x, y)
    rows = [pull_back((1.0, 0.0)), pull_back((0.0, 1.0))]
    _, forward = jvp(f, (x, y), (a, b))
    for row, tangent in zip(rows, forward, strict=True):
        assert tangent == pytest.approx(row[0] * a + row[1] * b, **CLOSE)


# --- Nesting ------------------------------------------------------------------------------------------


def test_perturbations_are_not_confused():
    assert grad(lambda x: x * grad(lambda y: x + y)(1.0))(2.0) == 1.0
    assert grad(lambda x: x * grad(lambda y: x * y)(1.0))(4.0) == 8.0
    assert jvp(lambda x: x * jvp(lambda y: x + y, (1.0,), (1.0,))[1], (2.0,), (1.0,))[1] == 1.0
    assert jvp(lambda x: x * jvp(lambda y: x * y, (1.0,), (1.0,))[1], (4.0,), (1.0,))[1] == 8.0
    assert grad(lambda x: x * jvp(lambda y: x * y, (1.0,), (1.0,))[1])(4.0) == 8.0


def test_an_inner_gradient_of_floats_stays_floats():
    seen = []

    def f(x):
        seen.append(grad(lambda y: y * y)(3.0))
        return x

    grad(f)(1.0)
    assert seen == [6.0]
    assert type(seen[0]) is float


def test_a_value_as_argument_gives_values_that_differentiate_again():
    x = Value(3.0)
    slope = grad(lambda v: v**3)(x)
    assert isinstance(slope, Value)
    slope.backward()
    assert (slope.data, x.grad) == (27.0, 18.0)


def test_a_gradient_inside_a_trace_is_replayed():
    weight = Value(2.0)
    graph = trace(lambda x: grad(lambda y: y * y * x * weight)(x))(1.0)
    assert graph.evaluate(3.0) == 36.0
    weight.data = 1.0
    assert graph.evaluate(3.0) == 18.0


@pytest.mark.parametrize("order", [1, 2])
def test_a_singular_branch_not_taken_contributes_nothing(order):
    assert nth_derivative(lambda x: where(x > 0, autograd.log(x), 0 * x), order)(0.0) == 0.0
    assert nth_derivative(lambda x: autograd.maximum(autograd.sqrt(x), 1.0), order)(0.0) == 0.0


def test_the_strong_zero_at_second_order():
    assert grad(lambda x: x * autograd.sqrt(x))(0.0) == 0.0
    assert grad(lambda x: autograd.sqrt(x * x) ** 2)(0.0) == 0.0
    assert not math.isnan(hessian(lambda x: autograd.sqrt(x * x) ** 2)(0.0))
    assert jvp(lambda x, y: autograd.sqrt(x) * y, (0.0, 2.0), (0.0, 1.0)) == (0.0, 0.0)


# --- In kind ------------------------------------------------------------------------------------------


def test_gradients_come_back_in_the_structure_of_the_argument():
    found = grad(lambda p: p["w"][0] * p["b"] + p["w"][1] * 2)({"w": [2, 3.0], "b": 4.0})
    assert found == {"w": [4.0, 2.0], "b": 2.0}
    assert grad(lambda p: p[0] * p[1])((2.0, 3.0)) == (3.0, 2.0)


def test_an_array_gives_a_float64_array_of_its_shape():
    found = grad(lambda m: (m @ m).sum())(numpy.array([[1, 2], [3, 4]]))
    assert found.dtype == numpy.float64
    assert found.tolist() == [[7.0, 11.0], [9.0, 13.0]]
    assert isinstance(grad(lambda a: a[()] * 2)(numpy.array(3.0)), numpy.ndarray)


def test_argnums_chooses_and_a_tuple_gives_a_tuple():
    def f(x, y, *, scale):
        return x * y * scale

    assert grad(f)(2.0, 3.0, scale=10.0) == 30.0
    assert grad(f, argnums=1)(2.0, 3.0, scale=10.0) == 20.0
    assert grad(f, argnums=(1, 0))(2.0, 3.0, scale=10.0) == (20.0, 30.0)
    assert grad(f, argnums=-1)(2.0, 3.0, scale=10.0) == 20.0
    assert hessian(f, argnums=(0, 1))(2.0, 3.0, scale=10.0) == ((0.0, 10.0), (10.0, 0.0))


def test_an_input_without_influence_gets_zero():
    assert grad(lambda x, y: y * 2, argnums=(0, 1))(1.0, 2.0) == (0.0, 2.0)
    assert grad(lambda x: 3.0)(1.0) == 0.0
    assert grad(lambda p: p[0] * 2)([1.0, 2.0]) == [2.0, 0.0]


def test_jacobians_of_arrays_join_the_shapes():
    found = jacobian(lambda v: numpy.array([v[0] * v[1], v[0], v[1] ** 2]))(numpy.array([2.0, 3.0]))
    assert found.tolist() == [[3.0, 2.0], [1.0, 0.0], [0.0, 6.0]]
    tree = jacobian(lambda p: {"s": p["a"] + p["b"]})({"a": 1.0, "b": 2.0})
    assert tree == {"s": {"a": 1.0, "b": 1.0}}


def test_value_and_grad_with_auxiliary_results():
    (value, aux), gradient = value_and_grad(lambda x: (x * x, {"double": 2 * x}), has_aux=True)(3.0)
    assert (value, aux, gradient) == (9.0, {"double": 6.0}, 6.0)
    assert grad(lambda x: (x * x, "note"), has_aux=True)(3.0) == (6.0, "note")


def test_scipy_minimizes_with_value_and_grad_as_written():
    def rosenbrock(x):
        return sum(100 * (x[i + 1] - x[i] ** 2) ** 2 + (1 - x[i]) ** 2 for i in range(len(x) - 1))

    result = scipy.optimize.minimize(value_and_grad(rosenbrock), numpy.zeros(4), jac=True)
    assert result.success
    assert result.x == pytest.approx(numpy.ones(4), abs=1e-4)


def test_the_gradients_of_values_are_not_touched():
    weight = Value(2.0)
    weight.grad = 7.0
    assert grad(lambda x: x * weight)(3.0) == 2.0
    grad(lambda w: w * 3)(weight)
    assert weight.grad == 7.0


def test_no_grad_around_a_transform_does_not_hide_its_derivative():
    with no_grad():
        assert grad(lambda x: x * x)(3.0) == 6.0


def test_data_may_be_read_inside_grad():
    assert grad(lambda x: x * 2 if x.data > 0 else x)(1.0) == 2.0


def test_registered_containers_are_rebuilt():
    class Interval:
        def __init__(self, low, high):
            self.low, self.high = low, high

    autograd.register_container(Interval, lambda i: ((i.low, i.high), None), lambda _, c: Interval(*c))
    found = grad(lambda i: i.low * i.high)(Interval(2.0, 5.0))
    assert (found.low, found.high) == (5.0, 2.0)
    with pytest.raises(ValueError, match="already"):
        autograd.register_container(Interval, lambda i: ((), None), lambda _, c: None)


def test_transforms_agree_in_several_threads():
    from concurrent.futures import ThreadPoolExecutor

    def work(n):
        return {hessian(lambda x: autograd.sin(x * n))(0.3) for _ in range(20)}

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(work, range(8))) == [work(n) for n in range(8)]


# --- Bad input ----------------------------------------------------------------------------------------


def test_what_is_no_scalar_function_is_refused():
    with pytest.raises(TypeError, match=r"one number.*list.*jacobian"):
        grad(lambda x: [x, x])(1.0)
    with pytest.raises(TypeError, match="NoneType"):
        grad(lambda x: None)(1.0)
    with pytest.raises(TypeError, match="real number"):
        grad(lambda x: x)("text")
    with pytest.raises(ValueError, match="argument 2"):
        grad(lambda x: x, argnums=2)(1.0)
    with pytest.raises(TypeError, match="argnums"):
        grad(lambda x: x, argnums="x")(1.0)


def test_structures_that_differ_are_refused():
    with pytest.raises(TypeError, match="tangents"):
        jvp(lambda x: x[0], ([1.0, 2.0],), (1.0,))
    with pytest.raises(TypeError, match="tuple"):
        jvp(lambda x: x, 1.0, 1.0)
    with pytest.raises(TypeError, match="adjoints"):
        vjp(lambda x: [x, x], 1.0)[1](1.0)


def test_an_exception_of_the_function_leaves_no_mode_behind():
    with pytest.raises(ZeroDivisionError):
        grad(lambda x: 1 // 0)(1.0)
    assert not autograd.modes.active
    assert autograd.modes.current.variables == ()


def test_a_transformed_function_keeps_its_name_and_can_be_copied():
    def energy(x):
        """The energy."""
        return x * x

    assert grad(energy).__name__ == "energy"
    assert copy.copy(grad(energy))(2.0) == 4.0


# --- What contributes nothing, at every order and by every way ----------------------------------------

UNTAKEN = [
    (lambda x: where(x > 5, x * math.inf, x), 1.0),
    (lambda x: where(x > 5, x / 0, x), 1.0),
    (lambda x: where(x > 0, autograd.log(x) * autograd.log(x), x * x * x), 0.0),
    (lambda x: where(x > 0, autograd.sqrt(x) * x, 0.0 * x), 0.0),
    (lambda x: where(x == 0, 0.0 * x, x * x * autograd.sin(1 / x)), 0.0),
    (lambda x: where(x == 0, 0.0 * x, 1 / x), 0.0),
]


@pytest.mark.parametrize(("f", "at"), UNTAKEN)
@pytest.mark.parametrize("order", [1, 2, 3])
def test_graphs_and_nested_transforms_agree_that_an_untaken_branch_contributes_nothing(f, at, order):
    expected = nth_derivative(f, order)(at)
    assert math.isfinite(expected)
    graph = trace(f)(0.3)
    for _ in range(order):
        graph = graph.gradient()
    assert graph.evaluate(at) == expected
    if order == 2:
        assert hvp(f, (at,), (1.0,)) == (expected,)
    leaf = Value(at)
    result = nth_derivative(f, order - 1)(leaf)
    result.backward()
    assert leaf.grad == expected


def test_a_replay_inside_a_transform_sees_its_variables():
    assert grad(lambda x: trace(lambda y: y * y * x)(2.0).gradient().evaluate(5.0))(3.0) == 10.0


def test_adjoints_pulled_back_inside_another_transform_vary_with_it():
    _, pull_back = vjp(lambda x: x * x, 2.0)
    assert pull_back(3.0) == (12.0,)
    assert grad(lambda seed: pull_back(seed)[0])(1.0) == 4.0
    assert isinstance(pull_back(Value(1.0))[0], Value)


def test_an_argument_named_twice_is_refused():
    for argnums in [(0, 0), (1, -1)]:
        with pytest.raises(ValueError, match="twice"):
            grad(lambda a, b: a * b, argnums)(2.0, 3.0)
    with pytest.raises(TypeError, match="argnums"):
        grad(lambda a: a, True)(2.0)


def test_auxiliary_results_without_values_come_back_as_they_are():
    aux = {"flag": True, "count": 3, "array": numpy.array([1, 2])}
    assert grad(lambda x: (x * x, aux), has_aux=True)(3.0)[1] is aux
