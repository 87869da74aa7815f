"""Metrics: how good predictions are, in figures that people read and no optimizer minimises."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from autograd import square
from nn.samples import entries_of, is_row

__all__ = ["accuracy", "r_squared"]


def accuracy(predictions: Iterable[Any], labels: Iterable[float], threshold: float = 0.0) -> float:
    """The share of rows whose class is predicted, from 0 to 1.

    A prediction that is one number, or a list of one, means the positive class where it exceeds `threshold`:
    0 for scores and logits, 0.5 for probabilities; labels are 0 and 1, or -1 and 1.  A prediction that is a
    list of scores means the class of the largest, the first of equals; labels are then 0, 1, ...  Lists may
    be tuples and arrays as well.  A nan predicts no class and is wrong.  Raises ValueError if the two differ
    in length or are empty.

    >>> accuracy([0.3, -2.0, 1.5, -0.1], [1, 0, 0, 0])
    0.75
    >>> accuracy([[0.1, 2.0, 0.3], [3.0, 1.0, 2.0]], [1, 2])
    0.5
    """
    right = [
        all(score == score for score in scores)  # nan is not
        and (
            (scores[0] > threshold) == (label > 0) if len(scores) == 1 else scores.index(max(scores)) == label
        )
        for scores, label in _pairs(predictions, labels)
    ]
    if not right:
        raise ValueError("the accuracy of no predictions is undefined: give at least one")
    return right.count(True) / len(right)


def r_squared(predictions: Iterable[float], targets: Iterable[float]) -> float:
    """The coefficient of determination: 1 less the squared errors over those of the targets' own mean.

    1 is perfect, 0 as good as always predicting the mean, and worse is negative.  Raises ValueError if the
    two differ in length, for lists of several numbers, and if the targets are not at least two different
    numbers.

    >>> r_squared([1.0, 2.0, 4.0], [1.0, 2.0, 3.0])
    0.5
    """
    pairs = _pairs(predictions, targets)
    if any(len(prediction) != 1 for prediction, _ in pairs):
        raise ValueError("r_squared takes predictions of one number: measure each output by itself")
    mean = sum(target for _, target in pairs) / max(len(pairs), 1)
    spread: float = sum(square(target - mean) for _, target in pairs)
    if not spread:
        raise ValueError("r_squared needs at least two different targets")
    missed: float = sum(square(prediction - target) for (prediction,), target in pairs)
    return 1 - missed / spread


def _pairs(predictions: Iterable[Any], targets: Iterable[Any]) -> list[tuple[list[Any], Any]]:
    """The numbers of each prediction, beside its target."""
    found, expected = (
        [entries_of(name, thing) if is_row(thing) else [thing] for thing in entries_of(name, things)]
        for name, things in (("predictions", predictions), ("targets", targets))
    )
    if len(found) != len(expected):
        raise ValueError(
            f"expected one target per prediction, not {len(expected)} targets for {len(found)} predictions"
        )
    if any(len(target) != 1 for target in expected):
        raise ValueError("a metric takes targets of one number: measure each output by itself")
    return [(prediction, target) for prediction, (target,) in zip(found, expected, strict=True)]
