"""Losses of one sample, `loss(prediction, target)`; the mean of several; penalties on the parameters.

A prediction and its target are numbers or Values.  Where a network has several outputs they may be
sequences of equal length, over whose entries the loss is summed; a bare number is a sequence of one.
No loss decides by a prediction's number (choices are made with `where`), so that a trace of a loss
holds for every prediction.  Labels that are plain numbers are checked.
"""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Callable, Iterable
from typing import Any

from autograd import Value, log, log1p, logaddexp, logical_and, relu, softplus, square, where
from nn.choices import choice
from nn.ranges import check_positive
from nn.samples import is_row

__all__ = [
    "LOSSES",
    "absolute_error",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "half_squared_error",
    "huber",
    "l1_penalty",
    "l2_penalty",
    "loss_function",
    "max_margin",
    "mean",
    "softmax_cross_entropy",
    "squared_error",
]

Loss = Callable[[Any, Any], Any]

# --- Regression ---


def squared_error(prediction: Any, target: Any) -> Any:
    """(prediction - target)**2, summed over the entries.

    Its least expected value is at the target's mean.  Raises ValueError for different lengths.

    >>> squared_error(3.0, 1.0), squared_error([3.0, 0.5], [1.0, 0.0])
    (4.0, 4.25)
    """
    return _summed("squared_error", lambda y, t: square(y - t), prediction, target)


def half_squared_error(prediction: Any, target: Any) -> Any:
    """(prediction - target)**2 / 2, summed over the entries.

    Its slope is the error itself, prediction - target.  Raises ValueError for different lengths.

    >>> half_squared_error(3.0, 1.0)
    2.0
    """
    return _summed("half_squared_error", lambda y, t: 0.5 * square(y - t), prediction, target)


def absolute_error(prediction: Any, target: Any) -> Any:
    """|prediction - target|, summed over the entries.

    Its least expected value is at the target's median, which outliers hardly move.  Raises ValueError for
    different lengths.

    >>> absolute_error([3.0, 0.5], [1.0, 1.0])
    2.5
    """
    return _summed("absolute_error", lambda y, t: abs(y - t), prediction, target)


def huber(prediction: Any, target: Any, delta: float = 1.0) -> Any:
    """Half the squared error up to an error of `delta`, from there on its tangent; summed over the entries.

    With e the absolute error it is e**2 / 2, or delta * (e - delta / 2): outliers pull with a slope of at
    most `delta`.  Huber 1964, "Robust estimation of a location parameter".  Raises ValueError for different
    lengths, or a `delta` that is not positive and finite.

    >>> huber(0.5, 0.0), huber(3.0, 0.0)
    (0.125, 2.5)
    """
    check_positive("huber's delta", delta)

    def of_one(y: Any, t: Any) -> Any:
        error = abs(y - t)
        return where(error <= delta, 0.5 * square(error), delta * (error - 0.5 * delta))

    return _summed("huber", of_one, prediction, target)


# --- Classification ---


def max_margin(score: Any, label: float) -> Any:
    """max(0, 1 - label * score), the hinge loss of one point whose label is -1 or 1.

    It is 0 once the score has the label's sign and a margin of 1, and 1 at a score of 0.  Raises
    ValueError for another number as label.

    >>> max_margin(0.25, 1), max_margin(0.25, -1), max_margin(-3.0, -1)
    (0.75, 1.25, 0.0)
    """
    if not isinstance(label, Value) and label not in (-1, 1):
        raise ValueError(f"max_margin takes a label of -1 or 1, not {label}: turn 0 and 1 into 2 * label - 1")
    return relu(1 - label * score)


def binary_cross_entropy(probability: Any, label: Any) -> Any:
    """-label*log(probability) - (1 - label)*log(1 - probability), summed over the entries.

    `probability` is that of label 1, between 0 and 1: outside, the loss is nan.  It is inf where what was
    certain did not happen, 0 where it did.  Of a network's bare output take
    `binary_cross_entropy_with_logits`, which keeps its digits.  Raises ValueError for different lengths,
    or a label that is not between 0 and 1.

    >>> binary_cross_entropy(0.25, 1) == math.log(4)
    True
    >>> binary_cross_entropy(0.0, 0), binary_cross_entropy(0.0, 1)
    (0.0, inf)
    """

    def of_one(p: Any, t: Any) -> Any:
        _check_label("binary_cross_entropy", t)
        return _expected(t, -log(p)) + _expected(1 - t, -log1p(-p))

    return _summed("binary_cross_entropy", of_one, probability, label)


def binary_cross_entropy_with_logits(logit: Any, label: Any) -> Any:
    """`binary_cross_entropy` of the probability sigmoid(logit), summed over the entries.

    As label*softplus(-logit) + (1 - label)*softplus(logit), of which no term overflows or cancels: value
    and slope, sigmoid(logit) - label, keep their digits at every logit.  Raises ValueError for different
    lengths, or a label that is not between 0 and 1.

    >>> binary_cross_entropy_with_logits(0.0, 1) == math.log(2)
    True
    >>> binary_cross_entropy_with_logits(1000.0, 0), binary_cross_entropy_with_logits(1000.0, 1)
    (1000.0, 0.0)
    """

    def of_one(z: Any, t: Any) -> Any:
        _check_label("binary_cross_entropy_with_logits", t)
        return _expected(t, softplus(-z)) + _expected(1 - t, softplus(z))

    return _summed("binary_cross_entropy_with_logits", of_one, logit, label)


def softmax_cross_entropy(logits: Iterable[Any], target: int | Value) -> Any:
    """-log of the softmax of the logits at the class `target`: log(sum(exp(logit))) - logits[target].

    `logits` has one number per class, two or more, and `target` is a position in it, or a Value that equals
    one.  With d the logits less that of the target the loss is log(1 + exp(d1) + exp(d2) + ...), without the
    target's own d: the sum of exponentials is taken by `logaddexp`, which shifts by the larger value, and
    nothing cancels.  So the value, and the gradient, softmax less 1 at the target, keep their digits at every
    logit.

    Raises ValueError for fewer than two logits or a target out of their range, TypeError for a target that is
    no whole number.

    >>> softmax_cross_entropy([0.0, 0.0, 0.0, 0.0], 2) == math.log(4)
    True
    >>> softmax_cross_entropy([1000.0, 0.0, -1000.0], 0), softmax_cross_entropy([1000.0, 0.0, -1000.0], 2)
    (0.0, 2000.0)
    """
    entries = _entries("softmax_cross_entropy", logits)
    if len(entries) < 2:
        raise ValueError(
            f"softmax_cross_entropy takes at least two logits, one per class, not {len(entries)}: "
            "for two classes told apart by one logit there is binary_cross_entropy_with_logits"
        )
    chosen = entries.pop(_class_index(target, len(entries)))
    return softplus(functools.reduce(logaddexp, (logit - chosen for logit in entries)))


# --- Of many samples, and of parameters ---


def mean(losses: Iterable[Any]) -> Any:
    """The sum of the losses in their order, times one over their number.

    Raises ValueError if there are none.

    >>> mean([1.0, 2.0, 6.0])
    3.0
    """
    losses = list(losses)
    if not losses:
        raise ValueError("the mean of no losses is undefined: give at least one")
    return sum(losses) * (1.0 / len(losses))


def l1_penalty(parameters: Iterable[Any], strength: float = 1e-4) -> Any:
    """`strength` times the sum of the parameters' absolute values, which draws those of little use to 0.

    >>> l1_penalty([Value(3.0), Value(-4.0)], strength=0.5).data
    3.5
    """
    return strength * sum(abs(parameter) for parameter in parameters)


def l2_penalty(parameters: Iterable[Any], strength: float = 1e-4) -> Any:
    """`strength` times the sum of the parameters' squares, which keeps them small.

    >>> l2_penalty([Value(3.0), Value(-4.0)], strength=0.5).data
    12.5
    """
    return strength * sum(parameter * parameter for parameter in parameters)


# --- By name ---

LOSSES: dict[str, Loss] = {
    "squared_error": squared_error,
    "half_squared_error": half_squared_error,
    "absolute_error": absolute_error,
    "huber": huber,
    "max_margin": max_margin,
    "binary_cross_entropy": binary_cross_entropy,
    "binary_cross_entropy_with_logits": binary_cross_entropy_with_logits,
    "softmax_cross_entropy": softmax_cross_entropy,
}
"""Every loss of one sample by name."""


def loss_function(name_or_function: str | Loss) -> Loss:
    """The loss of this name; a function of a prediction and its target is its own.

    Raises ValueError for another name.

    >>> loss_function("huber") is huber
    True
    """
    return choice("loss", name_or_function, LOSSES, "a function of a prediction and its target")


# --- What the losses share ---


def _summed(name: str, loss: Loss, prediction: Any, target: Any) -> Any:
    """The loss of one sample, summed over its entries in their order."""
    predictions, targets = _entries(name, prediction), _entries(name, target)
    if len(predictions) != len(targets):
        raise ValueError(
            f"{name} takes one target for each output, not {len(targets)} for {len(predictions)}"
        )
    if not predictions:
        raise ValueError(f"{name} takes at least one prediction with its target")
    first, *others = map(loss, predictions, targets)
    return sum(others, first)


def _entries(name: str, thing: Any) -> list[Any]:
    """The numbers of a prediction or a target: of a sequence its entries, else the thing itself."""
    entries = list(thing) if is_row(thing) else [thing]
    if any(map(is_row, entries)):
        raise ValueError(f"{name} takes one sample at a time: mean(map({name}, predictions, targets))")
    return entries


def _check_label(name: str, label: Any) -> None:
    if not isinstance(label, Value) and not 0 <= label <= 1:
        raise ValueError(f"{name} takes a label between 0 and 1, not {label}")


def _expected(share: Any, surprisal: Any) -> Any:
    """Their product; 0 where what never happens (a share of 0) would be infinitely surprising."""
    return where(logical_and(share == 0, surprisal == math.inf), 0.0, share * surprisal)


def _class_index(target: Any, classes: int) -> int:
    if isinstance(target, Value):  # one trace for each class
        target = next((place for place in range(classes) if target == place), target)
    try:
        index = operator.index(target)
    except TypeError:
        raise TypeError(
            f"softmax_cross_entropy takes the position of a class, a whole number, not {target!r}"
        ) from None
    if not 0 <= index < classes:
        raise ValueError(f"softmax_cross_entropy takes a class from 0 to {classes - 1}, not {index}")
    return index
