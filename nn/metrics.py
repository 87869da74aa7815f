"""Metrics: how good predictions are, in figures that people read and no optimizer minimises."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from autograd import square

__all__ = ["accuracy", "r_squared"]


def accuracy(predictions: Iterable[Any], labels: Iterable[float], threshold: float = 0.0) -> float:
    """The share of rows whose class is predicted, from 0 to 1.

    A prediction that is one number means the positive class where it exceeds `threshold`: 0 for scores and
    logits, 0.5 for probabilities; labels are 0 and 1, or -1 and 1.  A prediction that is a list of scores
    means the class of the largest, the first of equals; labels are then 0, 1, ...  Raises ValueError if the
    two differ in length or are empty.

    >>> accuracy([0.3, -2.0, 1.5, -0.1], [1, 0, 0, 0])
    0.75
    >>> accuracy([[0.1, 2.0, 0.3], [3.0, 1.0, 2.0]], [1, 2])
    0.5
    """
    right = [
        prediction.index(max(prediction)) == label
        if isinstance(prediction, list)
        else (prediction > threshold) == (label > 0)
        for prediction, label in zip(predictions, labels, strict=True)
    ]
    if not right:
        raise ValueError("the accuracy of no predictions is undefined: give at least one")
    return right.count(True) / len(right)


def r_squared(predictions: Iterable[float], targets: Iterable[float]) -> float:
    """The coefficient of determination: 1 less the squared errors over those of the targets' own mean.

    1 is perfect, 0 as good as always predicting the mean, and worse is negative.  Raises ValueError if the
    two differ in length, or if the targets are not at least two different numbers.

    >>> r_squared([1.0, 2.0, 4.0], [1.0, 2.0, 3.0])
    0.5
    """
    pairs = list(zip(predictions, targets, strict=True))
    mean = sum(target for _, target in pairs) / max(len(pairs), 1)
    spread: float = sum(square(target - mean) for _, target in pairs)
    if not spread:
        raise ValueError("r_squared needs at least two different targets")
    missed: float = sum(square(prediction - target) for prediction, target in pairs)
    return 1 - missed / spread
