"""Polynomials and rational functions over fractions: an exact oracle for values and gradients.

The oracle is the calculus of coefficient lists, written here; it shares nothing with the engine.
"""

from fractions import Fraction

from hypothesis import assume, given
from hypothesis import strategies as st

from autograd import Value, grad, trace

integers = st.integers(-5, 5)
coefficients = st.lists(integers, min_size=1, max_size=6)
points = st.fractions(-4, 4, max_denominator=9)


def horner(polynomial, x):
    total = 0
    for coefficient in reversed(polynomial):
        total = total * x + coefficient
    return total


def powers(polynomial, x):
    return sum((c * x**k for k, c in enumerate(polynomial)), 0)


def derived(polynomial):
    return [k * c for k, c in enumerate(polynomial)][1:]


@given(coefficients, points)
def test_polynomials_are_exact_over_fractions(polynomial, x):
    for form in (horner, powers):
        graph = trace(lambda v, form=form: form(polynomial, v) + 0 * v)(1.0)
        assert graph.evaluate(x) == horner(polynomial, x)
        gradient = graph.gradient()
        assert gradient.evaluate(x) == horner(derived(polynomial), x)
        assert gradient.gradient().evaluate(x) == horner(derived(derived(polynomial)), x)


@given(coefficients, coefficients, points)
def test_rational_functions_are_exact_over_fractions(p, q, x):
    assume(horner(q, x) != 0)
    assume(horner(q, Fraction(1)) != 0)
    graph = trace(lambda v: (horner(p, v) + 0 * v) / (horner(q, v) + 0 * v))(1.0)
    value, slope = horner(p, x) / horner(q, x), None
    slope = (horner(derived(p), x) - value * horner(derived(q), x)) / horner(q, x)
    assert graph.evaluate(x) == value
    assert graph.gradient().evaluate(x) == slope


@given(coefficients, integers)
def test_polynomials_with_integers_are_exact_in_doubles(polynomial, x):
    v = Value(x)
    (horner(polynomial, v) + 0 * v).backward()
    assert v.grad == horner(derived(polynomial), x)


@given(coefficients, integers)
def test_third_derivatives_of_integer_polynomials_are_exact(polynomial, x):
    third = grad(grad(grad(lambda v: horner(polynomial, v) + 0 * v)))
    assert third(float(x)) == horner(derived(derived(derived(polynomial))), x)
