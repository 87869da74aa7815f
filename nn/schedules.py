"""Learning rates that change as training goes on: functions of the step, counted from 0.

    optimizer.learning_rate = schedule(number)

Each is made by a call, as functions are by `functools.partial`, and pickles; two made of the same numbers
are equal.  All raise ValueError for a rate that is not positive and finite, or a number of steps below 1,
and TypeError for what is no number.  A rate that has fallen to 0, where that may be the end of a schedule,
is none that an optimizer takes: stop there.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from nn.ranges import check_count, check_nonnegative, check_positive, check_share_above_zero

__all__ = ["constant", "cosine", "exponential", "linear", "step_decay", "warmup"]


@dataclass(frozen=True)
class constant:
    """The same `rate` at every step.

    >>> constant(0.1)(1000)
    0.1
    """

    rate: float

    def __post_init__(self) -> None:
        check_positive("a learning rate", self.rate)

    def __call__(self, step: int) -> float:
        """The learning rate at a step."""
        return self.rate


@dataclass(frozen=True)
class linear:
    """From `start` to `end` in a straight line of `steps` steps; `end`, which may be 0, from there on.

    >>> schedule = linear(1.0, 0.5, steps=10)
    >>> schedule(0), schedule(5), schedule(10), schedule(1000)
    (1.0, 0.75, 0.5, 0.5)
    """

    start: float
    end: float
    steps: int

    def __post_init__(self) -> None:
        check_positive("a learning rate", self.start)
        check_nonnegative("the last learning rate", self.end)
        check_count("the number of steps", self.steps)

    def __call__(self, step: int) -> float:
        """The learning rate at a step."""
        if step >= self.steps:
            return self.end
        return self.start + (self.end - self.start) * step / self.steps


@dataclass(frozen=True)
class step_decay:
    """`rate`, multiplied by `factor`, greater than 0 and at most 1, after `every` steps, and again.

    >>> schedule = step_decay(1.0, factor=0.5, every=10)
    >>> schedule(9), schedule(10), schedule(29)
    (1.0, 0.5, 0.25)
    """

    rate: float
    factor: float
    every: int

    def __post_init__(self) -> None:
        check_positive("a learning rate", self.rate)
        check_share_above_zero("the factor", self.factor)
        check_count("the number of steps", self.every)

    def __call__(self, step: int) -> float:
        """The learning rate at a step."""
        return self.rate * self.factor ** (step // self.every)


@dataclass(frozen=True)
class exponential:
    """`rate`, multiplied by `decay`, greater than 0 and at most 1, after every step.

    >>> exponential(1.0, decay=0.5)(3)
    0.125
    """

    rate: float
    decay: float

    def __post_init__(self) -> None:
        check_positive("a learning rate", self.rate)
        check_share_above_zero("the decay", self.decay)

    def __call__(self, step: int) -> float:
        """The learning rate at a step."""
        return self.rate * self.decay**step


@dataclass(frozen=True)
class cosine:
    """From `rate` to `minimum` along half a wave of `steps` steps; `minimum`, which may be 0, from there on.

    minimum + (rate - minimum) * (1 + cos(pi * step / steps)) / 2: slow at both ends, fast between.
    Loshchilov and Hutter 2017, "SGDR: stochastic gradient descent with warm restarts", equation 5, without
    restarts.  Raises ValueError also for a minimum that is negative or exceeds the rate.

    >>> schedule = cosine(1.0, steps=10, minimum=0.5)
    >>> schedule(0), schedule(5), schedule(10), schedule(1000)
    (1.0, 0.75, 0.5, 0.5)
    """

    rate: float
    steps: int
    minimum: float = 0.0

    def __post_init__(self) -> None:
        check_positive("a learning rate", self.rate)
        check_count("the number of steps", self.steps)
        check_nonnegative("the minimum", self.minimum)
        if self.minimum > self.rate:
            raise ValueError(f"the minimum is at most the rate of {self.rate}, not {self.minimum}")

    def __call__(self, step: int) -> float:
        """The learning rate at a step."""
        if step >= self.steps:
            return self.minimum
        share = (1 + math.cos(math.pi * step / self.steps)) / 2
        return self.minimum + (self.rate - self.minimum) * share


@dataclass(frozen=True)
class warmup:
    """`steps` steps that lead up to another schedule's first rate in equal parts; then that schedule.

    The first rate is one part, not 0.  While weights are as drawn, gradients are large and point anywhere.
    Goyal et al. 2017, "Accurate, large minibatch SGD", section 2.2.  Raises TypeError for what is no
    schedule.

    >>> schedule = warmup(constant(1.0), steps=3)
    >>> [schedule(step) for step in range(5)]
    [0.25, 0.5, 0.75, 1.0, 1.0]
    """

    schedule: Callable[[int], float]
    steps: int

    def __post_init__(self) -> None:
        if not callable(self.schedule):
            raise TypeError(f"warmup leads up to a schedule, such as constant(0.1), not {self.schedule!r}")
        check_count("the number of steps", self.steps)

    def __call__(self, step: int) -> float:
        """The learning rate at a step."""
        if step < self.steps:
            return self.schedule(0) * (step + 1) / (self.steps + 1)
        return self.schedule(step - self.steps)
