"""Clipping: gradients that are too large are made smaller, between `backward` and the optimizer's step.

Pascanu, Mikolov and Bengio 2013, "On the difficulty of training recurrent neural networks": near a cliff
of the loss one step along a huge gradient throws away what was learned.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from autograd import Value
from nn.ranges import check_positive

__all__ = ["clip_by_norm", "clip_by_value"]


def clip_by_value(parameters: Iterable[Value], limit: float) -> None:
    """Makes every gradient beyond `limit` that limit, with its own sign.

    The direction of the step changes.  An infinite gradient is clipped like any other; a nan, which has no
    sign, stays.  Raises ValueError for a limit that is not positive and finite.

    >>> x, y = Value(1.0), Value(1.0)
    >>> (3 * x - 0.5 * y).backward()
    >>> clip_by_value([x, y], limit=1.0)
    >>> x.grad, y.grad
    (1.0, -0.5)
    """
    check_positive("the limit", limit)
    for parameter in parameters:
        if abs(parameter.grad) > limit:
            parameter.grad = math.copysign(limit, parameter.grad)


def clip_by_norm(parameters: Iterable[Value], limit: float) -> float:
    """The Euclidean norm of all gradients as it was; where it exceeds `limit`, they are scaled to that norm.

    The direction of the step stays.  The norm does not overflow where it is a double, and where it is none
    (it is inf then) the gradients are scaled rightly all the same.  Raises ValueError for a limit that is
    not positive and finite, and for a gradient that is inf or nan, which no factor mends: the gradients are
    left as they are, and `autograd.detect_anomaly` tells where it came from.

    >>> x, y = Value(1.0), Value(1.0)
    >>> (3 * x - 4 * y).backward()
    >>> clip_by_norm([x, y], limit=2.5)
    5.0
    >>> x.grad, y.grad
    (1.5, -2.0)
    """
    check_positive("the limit", limit)
    parameters = list(parameters)
    _check_gradients(parameters)
    largest = max((abs(parameter.grad) for parameter in parameters), default=0.0) or 1.0
    shares = [parameter.grad / largest for parameter in parameters]
    length = math.hypot(*shares)
    norm = largest * length
    if norm > limit:
        for parameter, share in zip(parameters, shares, strict=True):
            parameter.grad = share * (limit / length)
    return norm


def _check_gradients(parameters: list[Value]) -> None:
    for position, parameter in enumerate(parameters):
        if not math.isfinite(parameter.grad):
            raise ValueError(
                f"the gradient of parameter {position}, {parameter!r}, is {parameter.grad}, which no scaling "
                "mends: run backward under autograd.detect_anomaly() to see where it came from"
            )
