"""Losses: values and slopes against closed forms at hundreds of digits, traces, and what is refused."""

import math
import pickle

import mpmath
import numpy as np
import pytest

from autograd import Value, grad, trace
from autograd.testing import Verdict, check_gradients
from nn import (
    absolute_error,
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    half_squared_error,
    huber,
    l1_penalty,
    l2_penalty,
    max_margin,
    mean,
    softmax_cross_entropy,
    squared_error,
)
from nn.losses import LOSSES, loss_function

BY_ENTRY = [
    squared_error,
    half_squared_error,
    absolute_error,
    huber,
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
]

EXACT = 1000
"""Digits at which 1 - exp(-1000) is not 1: the references subtract such numbers."""

ROUNDED = 1e-12
"""Of a softmax: its logits' differences, up to 2000, are rounded, and exponentials turn absolute errors of
2e-13 into relative ones.  Everything else is good to a few units in the last place, 1e-15."""


def value_and_slope(loss, prediction, target):
    x = Value(prediction)
    result = loss(x, target)
    result.backward()
    return result.data, x.grad


# --- Regression ---

ERRORS = [0.0, 0.25, -0.5, 1.0, -1.0, 1.5, -3.0, 1000.0, -1e150]


def sign(x):
    return (x > 0) - (x < 0)


@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize(
    ("loss", "value", "slope"),
    [
        (squared_error, lambda e: e * e, lambda e: 2 * e),
        (half_squared_error, lambda e: e * e / 2, lambda e: e),
        (absolute_error, abs, sign),
        (huber, lambda e: e * e / 2 if abs(e) <= 1 else abs(e) - 0.5, lambda e: max(-1.0, min(e, 1.0))),
    ],
    ids=["squared_error", "half_squared_error", "absolute_error", "huber"],
)
def test_a_loss_of_regression_is_its_formula_with_its_slope(loss, value, slope, error):
    assert value_and_slope(loss, error, 0.0) == (value(error), slope(error))
    assert value_and_slope(loss, 0.0, error) == (value(error), -slope(error))
    assert loss(error, 0.0) == value(error)


@pytest.mark.parametrize("delta", [0.25, 1.0, 4.0])
@pytest.mark.parametrize("error", ERRORS)
def test_the_huber_loss_turns_at_delta_into_its_tangent(error, delta):
    straight = delta * abs(error) - delta * delta / 2
    expected = error * error / 2 if abs(error) <= delta else straight
    assert value_and_slope(lambda y, t: huber(y, t, delta), error, 0.0) == (
        pytest.approx(expected, rel=1e-15),
        max(-delta, min(error, delta)),
    )


@pytest.mark.parametrize("delta", [0, -1.0, math.inf, math.nan])
def test_a_delta_that_is_not_positive_and_finite_is_refused(delta):
    with pytest.raises(ValueError, match=f"huber's delta is positive and finite, not {delta}"):
        huber(1.0, 0.0, delta)


@pytest.mark.parametrize("loss", [squared_error, half_squared_error])
def test_a_squared_error_too_large_is_infinite_and_no_exception(loss):
    assert loss(1e200, 0) == math.inf
    assert value_and_slope(loss, 1e200, 0)[0] == math.inf


# --- Two classes ---


def cross_entropy_of(probability, label):
    """-label*log(p) - (1 - label)*log(1 - p) and its slope, of an exact p other than 0 and 1."""
    p, t = mpmath.mpf(probability), mpmath.mpf(label)
    return -t * mpmath.log(p) - (1 - t) * mpmath.log(1 - p), (p - t) / (p * (1 - p))


@pytest.mark.parametrize("label", [0, 1, 0.25, True, np.float64(1.0)])
@pytest.mark.parametrize("probability", [1e-300, 1e-9, 0.25, 0.5, 0.75, 1 - 2**-53])
def test_the_binary_cross_entropy_keeps_its_digits_at_small_and_large_probabilities(probability, label):
    with mpmath.workdps(EXACT):
        value, slope = map(float, cross_entropy_of(probability, float(label)))
    assert value_and_slope(binary_cross_entropy, probability, label) == (
        pytest.approx(value, rel=1e-15),
        pytest.approx(slope, rel=1e-15),
    )


@pytest.mark.parametrize(
    ("probability", "label", "value", "slope"),
    [
        (0.0, 0, 0.0, 1.0),
        (1.0, 1, 0.0, -1.0),
        (0.0, 1, math.inf, -math.inf),
        (1.0, 0, math.inf, math.inf),
        (0.0, 0.5, math.inf, -math.inf),
        (1.0, 0.5, math.inf, math.inf),
    ],
)
def test_a_certain_probability_costs_nothing_if_it_is_right_and_everything_if_not(
    probability, label, value, slope
):
    assert value_and_slope(binary_cross_entropy, probability, label) == (value, slope)
    assert binary_cross_entropy(probability, label) == value


@pytest.mark.parametrize("label", [0, 1, 0.5])
@pytest.mark.parametrize("probability", [-0.5, 1.5, math.nan])
def test_what_is_no_probability_has_no_cross_entropy(probability, label):
    assert math.isnan(binary_cross_entropy(probability, label))


def cross_entropy_of_logit(logit, label):
    z, t = mpmath.mpf(logit), mpmath.mpf(label)
    return t * mpmath.log1p(mpmath.exp(-z)) + (1 - t) * mpmath.log1p(mpmath.exp(z)), 1 / (
        1 + mpmath.exp(-z)
    ) - t


@pytest.mark.parametrize("label", [0, 1, 0.25])
@pytest.mark.parametrize("logit", [0.0, 0.5, -2.0, 40.0, -40.0, 700.0, -700.0, 1000.0, -1000.0])
def test_the_cross_entropy_of_a_logit_keeps_its_digits_at_every_logit(logit, label):
    with mpmath.workdps(EXACT):
        value, slope = map(float, cross_entropy_of_logit(logit, label))
    assert value_and_slope(binary_cross_entropy_with_logits, logit, label) == (
        pytest.approx(value, rel=1e-15, abs=0),
        pytest.approx(slope, rel=1e-15, abs=0),
    )


@pytest.mark.parametrize(("logit", "right"), [(math.inf, 1), (-math.inf, 0)])
def test_an_infinite_logit_is_a_certain_probability(logit, right):
    assert value_and_slope(binary_cross_entropy_with_logits, logit, right) == (0.0, 0.0)
    assert binary_cross_entropy_with_logits(logit, 1 - right) == math.inf


@pytest.mark.parametrize("loss", [binary_cross_entropy, binary_cross_entropy_with_logits])
@pytest.mark.parametrize("label", [-1, 2, 1.0001, math.nan, math.inf])
def test_labels_that_are_no_share_are_refused(loss, label):
    with pytest.raises(ValueError, match=f"{loss.__name__} takes a label between 0 and 1, not {label}"):
        loss(Value(0.5), label)


# --- The hinge ---


@pytest.mark.parametrize("label", [-1, 1, np.int64(-1), np.int64(1), -1.0])
@pytest.mark.parametrize("score", [-2.0, -0.5, 0.0, 0.5, 2.0])
def test_max_margin_is_the_hinge_with_its_slope(score, label):
    assert value_and_slope(max_margin, score, label) == (
        max(0.0, 1 - label * score),
        -label if label * score < 1 else 0.0,
    )


@pytest.mark.parametrize("label", [0, 2, 0.5, math.nan])
def test_max_margin_refuses_other_labels(label):
    with pytest.raises(ValueError, match="a label of -1 or 1"):
        max_margin(Value(1.0), label)


# --- Several classes ---

LOGITS = [
    [0.0, 0.0],
    [0.5, -1.0, 2.0],
    [40.0, 0.0],
    [1.0, 1.0, 1.0, 1.0, 1.0],
    [1000.0, 0.0, -1000.0],
    [1000.0, 999.0, -1000.0, 1000.0],
    [-1000.0, -1001.0],
]


def softmax_cross_entropy_of(logits, target):
    """The loss, and its slopes: softmax, less 1 at the target."""
    exponentials = [mpmath.exp(logit) for logit in map(mpmath.mpf, logits)]
    total = mpmath.fsum(exponentials)
    slopes = [e / total - (position == target) for position, e in enumerate(exponentials)]
    return mpmath.log(total / exponentials[target]), slopes


@pytest.mark.parametrize(
    ("logits", "target"), [(logits, target) for logits in LOGITS for target in range(len(logits))]
)
def test_the_softmax_cross_entropy_keeps_its_digits_at_every_logit(logits, target):
    with mpmath.workdps(EXACT):
        value, slopes = softmax_cross_entropy_of(logits, target)
        value, slopes = float(value), list(map(float, slopes))
    values = [Value(logit) for logit in logits]
    loss = softmax_cross_entropy(values, target)
    loss.backward()
    assert loss.data == pytest.approx(value, rel=ROUNDED, abs=0)
    assert [logit.grad for logit in values] == pytest.approx(slopes, rel=ROUNDED, abs=0)


def test_the_softmax_of_two_logits_is_the_binary_cross_entropy_of_their_difference():
    assert softmax_cross_entropy([0.5, 2.0], 1) == binary_cross_entropy_with_logits(1.5, 1)
    assert softmax_cross_entropy([0.5, 2.0], 0) == binary_cross_entropy_with_logits(1.5, 0)


def test_a_class_whose_logit_is_minus_infinity_is_left_out():
    assert softmax_cross_entropy([1.0, -math.inf, 0.0], 2) == softmax_cross_entropy([1.0, 0.0], 1)


@pytest.mark.parametrize(
    ("logits", "given"), [([], 0), ([1.0], 1), (1.0, 1), (Value(1.0), 1), (np.array([1.0]), 1)]
)
def test_fewer_than_two_logits_are_refused(logits, given):
    with pytest.raises(ValueError, match=f"at least two logits, one per class, not {given}: .*_with_logits$"):
        softmax_cross_entropy(logits, 0)


@pytest.mark.parametrize("target", [-1, 3])
def test_a_class_out_of_range_is_refused(target):
    with pytest.raises(ValueError, match=f"a class from 0 to 2, not {target}$"):
        softmax_cross_entropy([0.0, 1.0, 2.0], target)


def test_a_class_may_be_a_value_as_it_is_in_a_trace():
    logits = [0.3, -1.0, 2.0]
    for place in range(3):
        assert softmax_cross_entropy(logits, Value(place)) == softmax_cross_entropy(logits, place)


@pytest.mark.parametrize("target", [1.0, "1", None, [1], Value(0.5), Value(3)])
def test_a_class_that_is_no_whole_number_is_refused(target):
    with pytest.raises(TypeError, match="the position of a class, a whole number, not "):
        softmax_cross_entropy([0.0, 1.0, 2.0], target)


# --- Several outputs ---


@pytest.mark.parametrize("loss", BY_ENTRY)
def test_a_loss_of_several_outputs_is_the_sum_of_theirs(loss):
    predictions, targets = [0.25, 0.5, 0.75], [1.0, 0.0, 0.5]
    expected = sum(loss(*pair) for pair in zip(predictions, targets, strict=True))
    assert loss(predictions, targets) == expected
    assert loss(tuple(predictions), np.array(targets)) == expected
    assert loss(list(map(Value, predictions)), list(map(Value, targets))).data == expected


@pytest.mark.parametrize("loss", BY_ENTRY)
def test_a_bare_number_is_one_output(loss):
    alone = loss(Value(0.25), 1.0).data
    assert loss([0.25], 1.0) == loss(0.25, [1.0]) == loss(np.array(0.25), np.float64(1.0)) == alone


@pytest.mark.parametrize("loss", BY_ENTRY)
@pytest.mark.parametrize(
    ("prediction", "target", "targets", "outputs"),
    [([0.1, 0.2], [1.0], 1, 2), (Value(0.5), [1.0, 0.0, 1.0], 3, 1), ([0.1, 0.2], 1.0, 1, 2), ([], 1, 1, 0)],
)
def test_outputs_and_targets_that_differ_in_number_are_refused(loss, prediction, target, targets, outputs):
    with pytest.raises(ValueError, match=f"{loss.__name__} takes one .*, not {targets} for {outputs}$"):
        loss(prediction, target)


@pytest.mark.parametrize("loss", BY_ENTRY)
def test_a_loss_of_nothing_is_refused(loss):
    with pytest.raises(ValueError, match="at least one prediction"):
        loss([], [])


@pytest.mark.parametrize("loss", [*BY_ENTRY, softmax_cross_entropy])
def test_a_list_of_samples_is_refused_with_the_way_to_take_them_all(loss):
    with pytest.raises(ValueError, match=rf"one sample at a time: mean\(map\({loss.__name__}, predictions"):
        loss([[0.5, 0.5], [0.5, 0.5]], [1, 0])


# --- Checked and traced ---

CHECKED = [
    *((loss, 0.3, target) for loss in BY_ENTRY for target in (0.0, 0.25, 1.0)),
    *((loss, prediction, 0.0) for loss in (absolute_error, huber) for prediction in (0.0, 1.0, -1.0, 1e3)),
    *((binary_cross_entropy_with_logits, logit, label) for logit, label in ((1e3, 0), (-1e3, 1), (40.0, 1))),
    *((max_margin, score, label) for score in (0.5, 1.0, -3.0) for label in (-1, 1)),
    *((softmax_cross_entropy, logits, 0) for logits in LOGITS if max(logits) < 1000.0),
    (softmax_cross_entropy, [1000.0, 0.0, -1000.0], 2),
    (squared_error, [0.5, -1.0], [1.0, 1.0]),
]


@pytest.mark.parametrize(("loss", "prediction", "target"), CHECKED)
def test_the_gradient_of_a_loss_is_its_derivative(loss, prediction, target):
    report = check_gradients(lambda prediction: loss(prediction, target), prediction)
    assert report.verdict in (Verdict.OK, Verdict.OK_KINK), report


@pytest.mark.parametrize(("probability", "label"), [(0.0, 0), (1.0, 1), (0.0, 1), (1.0, 0)])
def test_at_the_ends_of_its_range_the_slope_of_the_cross_entropy_is_that_of_its_side(probability, label):
    report = check_gradients(lambda p: binary_cross_entropy(p, label), probability)
    assert report.verdict is (Verdict.OK_EDGE if probability == label else Verdict.OK_SINGULAR)


@pytest.mark.parametrize(("loss", "prediction", "target"), CHECKED)
def test_a_trace_of_a_loss_takes_no_branch_and_holds_for_other_predictions(loss, prediction, target):
    graph = trace(lambda prediction: loss(prediction, target))(prediction)
    assert graph.branches == ()
    other = [-0.25 * logit for logit in prediction] if isinstance(prediction, list) else 0.875
    assert graph.evaluate(other) == loss(other, target)


def test_labels_may_be_inputs_of_a_trace():
    graph = trace(binary_cross_entropy_with_logits)(0.5, 1.0)
    assert graph.branches == ()
    assert graph.evaluate(-2.0, 0.0) == binary_cross_entropy_with_logits(-2.0, 0.0)


@pytest.mark.parametrize("logit", [0.0, 3.0, -30.0])
def test_the_second_derivative_of_the_cross_entropy_is_that_of_the_softplus(logit):
    second = grad(grad(lambda z: binary_cross_entropy_with_logits(z, 1)))(logit)
    assert second == pytest.approx(1 / (2 + 2 * math.cosh(logit)), rel=1e-14)


# --- The mean, and penalties ---


def test_the_mean_has_equal_slopes():
    values = [Value(1.0), Value(2.0), Value(6.0), Value(7.0)]
    result = mean(values)
    result.backward()
    assert result.data == 4.0
    assert [value.grad for value in values] == [0.25] * 4


def test_the_mean_of_nothing_is_refused():
    with pytest.raises(ValueError, match="at least one"):
        mean([])


@pytest.mark.parametrize(
    ("penalty", "value", "slopes"),
    [(l2_penalty, 12.5, [3.0, -4.0, 0.0]), (l1_penalty, 3.5, [0.5, -0.5, 0.0])],
)
def test_a_penalty_is_its_strength_times_the_sum_of_its_terms(penalty, value, slopes):
    parameters = [Value(3.0), Value(-4.0), Value(0.0)]
    result = penalty(parameters, 0.5)
    result.backward()
    assert result.data == value
    assert [parameter.grad for parameter in parameters] == slopes


# --- By name ---


@pytest.mark.parametrize("name", LOSSES)
def test_a_loss_is_found_by_its_own_name_and_pickles(name):
    assert loss_function(name).__name__ == name
    assert pickle.loads(pickle.dumps(loss_function(name))) is LOSSES[name]


def test_a_function_is_its_own_loss():
    def fourth_power(prediction, target):
        return (prediction - target) ** 4

    assert loss_function(fourth_power) is fourth_power


@pytest.mark.parametrize("name", ["MSE", "", None])
def test_an_unknown_loss_is_an_error_that_lists_the_choices(name):
    with pytest.raises(
        ValueError, match=f"^no loss named {name!r}: give squared_error, .*, or a function of a"
    ):
        loss_function(name)


@pytest.mark.parametrize(
    ("name", "closest"), [("Huber", "huber"), ("cross_entropy", "binary_cross_entropy"), ("hinge", None)]
)
def test_an_unknown_loss_is_an_error_that_names_the_closest_one(name, closest):
    ending = "its target" if closest is None else rf"its target; is it {closest}\?"
    with pytest.raises(ValueError, match=f"{ending}$"):
        loss_function(name)
