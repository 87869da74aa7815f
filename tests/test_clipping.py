"""Clipping: which gradients are made smaller, by how much, and what becomes of inf and nan."""

import math

import mpmath
import pytest

from autograd import Value
from nn import clip_by_norm, clip_by_value


def parameters_with(gradients):
    parameters = [Value(1.0) for _ in gradients]
    for parameter, gradient in zip(parameters, gradients, strict=True):
        parameter.grad = gradient
    return parameters


def gradients_of(parameters):
    return [parameter.grad for parameter in parameters]


# --- By value ---


def test_gradients_beyond_the_limit_become_the_limit_with_their_sign():
    parameters = parameters_with([3.0, -3.0, 2.0, -2.0, 0.5, 0.0, math.inf, -math.inf])
    clip_by_value(parameters, 2.0)
    assert gradients_of(parameters) == [2.0, -2.0, 2.0, -2.0, 0.5, 0.0, 2.0, -2.0]


def test_a_nan_has_no_sign_to_be_clipped_with_and_stays():
    parameters = parameters_with([math.nan, 5.0])
    clip_by_value(parameters, 2.0)
    assert math.isnan(parameters[0].grad)
    assert parameters[1].grad == 2.0


# --- By norm ---

GRADIENTS = [
    [3.0, -4.0],
    [0.0, 0.0],
    [],
    [-7.0],
    [1e200, 1e200, -1e200],
    [1e-200, -2e-200],
    [5e-324],
    [1.7e308, -1.0],
    [1e300, 1.0, 1e-300, 0.0],
    [0.1 * number for number in range(-20, 20)],
]


@pytest.mark.parametrize("gradients", GRADIENTS, ids=lambda gradients: f"{gradients[:2]}")
@pytest.mark.parametrize("limit", [1e-3, 1.0, 5.0, 1e250])
def test_gradients_are_scaled_to_the_limit_where_their_norm_exceeds_it(gradients, limit):
    parameters = parameters_with(gradients)
    norm = clip_by_norm(parameters, limit)
    exact = mpmath.sqrt(mpmath.fsum(mpmath.mpf(gradient) ** 2 for gradient in gradients))
    assert norm == pytest.approx(float(exact), rel=1e-15, abs=0)
    if norm > limit:
        expected = [float(limit * (gradient / exact)) for gradient in gradients]
        assert gradients_of(parameters) == pytest.approx(expected, rel=1e-15, abs=5e-324)
    else:
        assert gradients_of(parameters) == gradients


def test_a_norm_too_large_for_a_double_is_infinite_and_the_gradients_are_scaled_all_the_same():
    parameters = parameters_with([1.6e308, -1.6e308, 1.6e308, 1.6e308])
    assert clip_by_norm(parameters, 3.0) == math.inf
    assert gradients_of(parameters) == [1.5, -1.5, 1.5, 1.5]


@pytest.mark.parametrize("gradient", [math.nan, math.inf, -math.inf])
def test_a_gradient_that_no_factor_mends_is_an_error_that_names_it_and_changes_nothing(gradient):
    parameters = parameters_with([3.0, gradient, 4.0])
    parameters[1].label = "w1"
    with pytest.raises(ValueError, match=f"gradient of parameter 1, .*w1.*, is {gradient}, .*detect_anomaly"):
        clip_by_norm(parameters, 1.0)
    assert (parameters[0].grad, parameters[2].grad) == (3.0, 4.0)


@pytest.mark.parametrize("clip", [clip_by_value, clip_by_norm])
@pytest.mark.parametrize("limit", [0, -1.0, math.nan, math.inf])
def test_a_limit_that_is_not_positive_and_finite_is_refused(clip, limit):
    with pytest.raises(ValueError, match=f"the limit is positive and finite, not {limit}"):
        clip([Value(1.0)], limit)


@pytest.mark.parametrize("clip", [clip_by_value, clip_by_norm])
def test_parameters_may_come_one_by_one(clip):
    parameters = parameters_with([30.0, 0.0])
    clip(iter(parameters), 3.0)
    assert gradients_of(parameters) == [3.0, 0.0]
