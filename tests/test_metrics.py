"""Metrics: figures for people, against their definitions."""

import math

import numpy as np
import pytest

from nn import accuracy, r_squared


@pytest.mark.parametrize("low", [0, -1])
def test_accuracy_is_the_share_of_right_signs(low):
    assert accuracy([0.3, -2.0, 1.5, -0.1], [1, low, low, low]) == 0.75


def test_a_probability_is_right_on_its_side_of_one_half():
    assert accuracy([0.7, 0.2, 0.4], [1, 0, 1], threshold=0.5) == 2 / 3


def test_of_several_scores_the_largest_names_the_class_the_first_of_equals():
    assert accuracy([[0.1, 2.0, 0.3], [3.0, 3.0, 2.0], [1.0, 2.0, 2.0]], [1, 0, 2]) == 2 / 3


@pytest.mark.parametrize("scores", [math.nan, [math.nan], [math.nan, 1.0], [1.0, math.nan]])
@pytest.mark.parametrize("label", [0, 1])
def test_nan_predicts_no_class(scores, label):
    assert accuracy([scores], [label]) == 0.0


@pytest.mark.parametrize(
    "rows",
    [np.array([[0.1, 2.0], [3.0, 1.0]]), ((0.1, 2.0), (3.0, 1.0)), list(np.array([[0.1, 2.0], [3.0, 1.0]]))],
)
def test_scores_may_be_tuples_and_arrays(rows):
    assert accuracy(rows, [1, 1]) == 0.5


def test_a_list_of_one_is_a_number():
    assert accuracy([[0.3], [-2.0], (1.5,)], [1, 0, [0]]) == 2 / 3
    assert r_squared([[1.0], [2.0], [4.0]], np.array([[1.0], [2.0], [3.0]])) == 0.5


def test_r_squared_of_several_outputs_is_refused():
    with pytest.raises(ValueError, match="predictions of one number"):
        r_squared([[1.0, 2.0], [3.0, 4.0]], [1.0, 2.0])


@pytest.mark.parametrize("metric", [accuracy, r_squared])
def test_a_metric_refuses_targets_of_another_length_and_none(metric):
    with pytest.raises(ValueError, match="not 2 targets for 1 predictions"):
        metric([1.0], [1, 0])
    with pytest.raises(ValueError, match="targets of one number"):
        metric([1.0, 2.0], [[1, 0], [0, 1]])
    with pytest.raises(ValueError, match="at least"):
        metric([], [])


def test_r_squared_is_the_share_of_the_variance_that_is_explained():
    targets = np.array([1.0, 2.0, 4.0, 8.0])
    found = targets + np.array([0.1, -0.2, 0.0, 0.3])
    explained = 1 - np.mean((targets - found) ** 2) / np.var(targets)
    assert r_squared(found, targets) == pytest.approx(explained, rel=1e-14)
    assert r_squared(targets, targets) == 1.0
    assert r_squared([targets.mean()] * 4, targets) == 0.0


def test_r_squared_of_one_constant_target_is_refused():
    with pytest.raises(ValueError, match="two different targets"):
        r_squared([1.0, 2.0], [3.0, 3.0])


@pytest.mark.parametrize("huge", [1e200, math.inf])
def test_predictions_beyond_all_measure_explain_less_than_anything(huge):
    assert r_squared([huge, 2.0, 6.0], [1.0, 2.0, 6.0]) == -math.inf
