"""micrograd's demo, number for number, as its notebook writes it and by `fit`."""

import random

import numpy as np
import pytest

from autograd import Value
from nn import MLP, SGD, Adam, accuracy, fit, l2_penalty, micrograd_moons
from nn.schedules import linear


def demo_step(model, points, labels, rate=1.0):
    """One step of the demo as its notebook writes it; the loss and the accuracy before it."""
    scores = [model(list(map(Value, row))) for row in points]
    losses = [(1 + -label * score).relu() for label, score in zip(labels, scores, strict=True)]
    total = sum(losses) * (1.0 / len(losses)) + 1e-4 * sum(p * p for p in model.parameters())
    right = [(label > 0) == (score.data > 0) for label, score in zip(labels, scores, strict=True)]
    model.zero_grad()
    total.backward()
    for p in model.parameters():
        p.data -= rate * p.grad
    return total.data, sum(right) / len(right)


def test_the_demo_as_written_for_micrograd_gives_its_numbers():
    points, labels = micrograd_moons()
    X, y = np.array(points), np.array(labels) * 2 - 1
    random.seed(1337)
    model = MLP(2, [16, 16, 1])
    assert demo_step(model, X, y) == (0.8958441028683222, 0.5)
    assert demo_step(model, X, y, 1.0 - 0.9 * 1 / 100)[0] == 1.723590533697202


def test_the_demo_by_fit_is_the_same_but_for_the_order_of_its_sum():
    points, labels = micrograd_moons()
    random.seed(1337)
    model = MLP(2, [16, 16, 1])
    history = fit(
        model,
        points,
        [2 * label - 1 for label in labels],
        loss="max_margin",
        penalty=l2_penalty,
        optimizer=SGD(model.parameters(), learning_rate=1.0),
        schedule=linear(1.0, 0.1, steps=100),
        metric=accuracy,
        epochs=2,
    )
    assert history.loss == pytest.approx([0.8958441028683222, 1.723590533697202], rel=1e-13)
    assert history.metric == [0.5, 0.81]
    assert history.learning_rate == [1.0, 0.991]


def test_adam_reaches_100_percent_on_the_demos_points():
    """The network of `make demo`."""
    model = MLP(2, [16, 16, 1], activation="tanh", initialiser="xavier", generator=random.Random(1337))
    points, labels = micrograd_moons()
    history = fit(
        model,
        points,
        labels,
        loss="binary_cross_entropy_with_logits",
        optimizer=Adam(model.parameters(), learning_rate=0.05),
        metric=accuracy,
        epochs=60,
    )
    assert history.metric[-1] == 1.0
