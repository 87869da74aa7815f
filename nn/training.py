"""Training a classifier of two classes by gradient descent, step by step."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from nn.datasets import check_dataset
from nn.losses import l2_penalty, max_margin, mean
from nn.module import Module
from nn.optimizers import SGD

__all__ = ["TrainingStep", "accuracy", "train"]


class TrainingStep(NamedTuple):
    """The number of a step, from 0, and what it found before it moved the parameters."""

    number: int
    loss: float
    accuracy: float


def accuracy(scores: Iterable[Any], labels: Iterable[float]) -> float:
    """The share of points whose score is positive where the label is, and not where it is not.

    Labels are 0 and 1, or -1 and 1.  Raises ValueError if the two differ in length or are empty.

    >>> accuracy([0.3, -2.0, 1.5, -0.1], [1, 0, 0, 0])
    0.75
    """
    return float(mean(float((score > 0) == (label > 0)) for score, label in zip(scores, labels, strict=True)))


def train(
    model: Module,
    points: Sequence[Sequence[float]],
    labels: Sequence[int],
    *,
    steps: int = 100,
    learning_rate: float = 1.0,
    penalty: float = 1e-4,
) -> Iterator[TrainingStep]:
    """Trains a model that gives one score per point, on all points at each step, as micrograd's demo does.

    Each iteration takes one step and yields what it found; stop iterating to stop training.  The loss is
    the mean max-margin loss plus `penalty` times the squared parameters, the optimizer SGD, whose learning
    rate falls linearly to a tenth.  Raises ValueError unless each point has a label, 0 or 1.

    >>> import random
    >>> from nn import MLP, micrograd_moons
    >>> random.seed(1337)
    >>> for step in train(MLP(2, [16, 16, 1]), *micrograd_moons(), steps=1):
    ...     print(step)
    TrainingStep(number=0, loss=0.8958441028683222, accuracy=0.5)
    """
    check_dataset(points, labels)
    optimizer = SGD(model.parameters(), learning_rate)

    def step(number: int) -> TrainingStep:
        scores = [model(point) for point in points]
        losses = [max_margin(score, 2 * label - 1) for score, label in zip(scores, labels, strict=True)]
        loss = mean(losses) + l2_penalty(model.parameters(), penalty)
        optimizer.zero_grad()
        loss.backward()
        optimizer.learning_rate = learning_rate * (1.0 - 0.9 * number / steps)
        optimizer.step()
        return TrainingStep(number, loss.data, accuracy(scores, labels))

    return map(step, range(steps))
