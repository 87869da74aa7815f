"""Losses of one prediction, their mean, and the penalty on a network's parameters."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from autograd import Value, relu

__all__ = ["l2_penalty", "max_margin", "mean"]


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


def l2_penalty(parameters: Iterable[Any], strength: float = 1e-4) -> Any:
    """`strength` times the sum of the parameters' squares, which keeps them small.

    >>> l2_penalty([Value(3.0), Value(-4.0)], strength=0.5).data
    12.5
    """
    return strength * sum(parameter * parameter for parameter in parameters)
