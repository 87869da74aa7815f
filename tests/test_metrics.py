"""Metrics of predictions that are right, constant, wrong, and beyond all measure."""

import math

import pytest

from nn import accuracy, r_squared


@pytest.mark.parametrize(
    ("predictions", "expected"),
    [
        ([1.0, 2.0, 6.0], 1.0),
        ([3.0, 3.0, 3.0], 0.0),
        ([6.0, 2.0, 1.0], 1 - 50 / 14),
        ([1e200, 2.0, 6.0], -math.inf),
        ([math.inf, 2.0, 6.0], -math.inf),
    ],
)
def test_r_squared_is_one_less_the_share_of_the_targets_spread_that_is_missed(predictions, expected):
    assert r_squared(predictions, [1.0, 2.0, 6.0]) == pytest.approx(expected, rel=1e-15)


@pytest.mark.parametrize("targets", [[], [3.0], [3.0, 3.0]])
def test_r_squared_is_undefined_for_targets_that_are_all_the_same(targets):
    with pytest.raises(ValueError, match="at least two different targets"):
        r_squared(targets, targets)


def test_the_accuracy_of_no_predictions_is_undefined():
    with pytest.raises(ValueError, match="no predictions"):
        accuracy([], [])
