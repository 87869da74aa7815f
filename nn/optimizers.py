"""Optimizers: they move parameters against their gradients."""

from __future__ import annotations

import math
from collections.abc import Iterable

from autograd import Value

__all__ = ["SGD"]


class SGD:
    """Gradient descent: a step subtracts `learning_rate * parameter.grad` from every parameter.

    Stochastic when the loss is that of a part of the data.  `learning_rate` may be assigned between
    steps.  Raises ValueError for a learning rate that is not positive and finite, or for no parameters.

    >>> x = Value(3.0)
    >>> optimizer = SGD([x], learning_rate=0.25)
    >>> for _ in range(3):
    ...     optimizer.zero_grad()
    ...     ((x - 1) ** 2).backward()
    ...     optimizer.step()
    >>> x.data
    1.25
    """

    def __init__(self, parameters: Iterable[Value], learning_rate: float) -> None:
        self.parameters = list(parameters)
        if not self.parameters:
            raise ValueError("SGD was given no parameters: pass model.parameters()")
        self.learning_rate = learning_rate

    @property
    def learning_rate(self) -> float:
        """The factor of the gradient in a step, positive and finite."""
        return self._learning_rate

    @learning_rate.setter
    def learning_rate(self, learning_rate: float) -> None:
        if not 0 < learning_rate < math.inf:
            raise ValueError(f"a learning rate is positive and finite, not {learning_rate}")
        self._learning_rate = learning_rate

    def zero_grad(self) -> None:
        """Clears the gradient of every parameter, which `backward` would otherwise add to."""
        for parameter in self.parameters:
            parameter.zero_grad()

    def step(self) -> None:
        """Moves every parameter by the gradient that it holds."""
        for parameter in self.parameters:
            parameter.data -= self.learning_rate * parameter.grad
