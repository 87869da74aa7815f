"""micrograd's demo, number for number; training; its pictures."""

import math
import random
import sys

import numpy as np
import pytest
from matplotlib import image

from autograd import Value
from nn import MLP, Neuron, micrograd_moons, plot_decision_boundary, plot_history, train

# --- micrograd's demo ---


def test_the_first_steps_of_the_demo_are_micrograds():
    random.seed(1337)
    first, second = train(MLP(2, [16, 16, 1]), *micrograd_moons(), steps=2)
    assert first == (0, 0.8958441028683222, 0.5)
    assert (second.number, second.loss) == (1, 1.723590533697202)


def test_the_demo_as_written_for_micrograd_gives_the_same_loss_and_gradients():
    points, labels = micrograd_moons()
    X, y = np.array(points), np.array(labels) * 2 - 1
    random.seed(1337)
    model = MLP(2, [16, 16, 1])
    scores = [model(list(map(Value, row))) for row in X]
    losses = [(1 + -yi * scorei).relu() for yi, scorei in zip(y, scores, strict=True)]
    data_loss = sum(losses) * (1.0 / len(losses))
    total_loss = data_loss + 1e-4 * sum(p * p for p in model.parameters())
    assert total_loss.data == 0.8958441028683222
    model.zero_grad()
    total_loss.backward()
    for p in model.parameters():
        p.data -= 1.0 * p.grad

    random.seed(1337)
    trained = MLP(2, [16, 16, 1])
    next(train(trained, points, labels))
    assert [p.data for p in trained.parameters()] == [p.data for p in model.parameters()]


# --- Training ---

SEPARABLE = [(-1.0, 0.0), (-2.0, 1.0), (1.0, 0.5), (2.0, -1.0)], [0, 0, 1, 1]


def test_training_separates_what_a_line_separates():
    random.seed(4)
    steps = list(train(Neuron(2, nonlin=False), *SEPARABLE, steps=20))
    assert [step.number for step in steps] == list(range(20))
    assert steps[-1].accuracy == 1.0
    assert steps[-1].loss < 0.01


def test_a_step_is_taken_when_it_is_asked_for():
    neuron = Neuron(2, nonlin=False)
    before = [parameter.data for parameter in neuron.parameters()]
    steps = train(neuron, *SEPARABLE)
    assert [parameter.data for parameter in neuron.parameters()] == before
    next(steps)
    assert [parameter.data for parameter in neuron.parameters()] != before


def test_the_learning_rate_falls_linearly_to_a_tenth():
    """With a point beyond its margin only the penalty pulls: w becomes w - rate * 2 * penalty * w."""
    neuron = Neuron(1, nonlin=False)
    neuron.w[0].data = expected = 1000.0
    for number, _ in enumerate(train(neuron, [1.0], [1], steps=9, learning_rate=0.5, penalty=0.01)):
        expected -= 0.5 * (1 - 0.9 * number / 9) * 2 * 0.01 * expected
        assert neuron.w[0].data == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize(
    ("points", "labels", "message"),
    [
        ([(0.0, 1.0)], [0, 1], "2 labels for 1 points"),
        ([(0.0, 1.0), (1.0, 0.0)], [1, -1], "labels 0 and 1, not -1"),
        ([], [], "at least one point"),
    ],
)
def test_points_without_a_label_each_are_refused(points, labels, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        train(Neuron(2), points, labels)
    with pytest.raises(ValueError, match=message):
        plot_decision_boundary(Neuron(2), points, labels, tmp_path / "boundary.png")
    assert list(tmp_path.iterdir()) == []


def test_a_learning_rate_that_is_not_positive_is_refused_at_once():
    with pytest.raises(ValueError, match="positive and finite"):
        train(Neuron(2), *SEPARABLE, learning_rate=math.nan)


# --- Pictures ---


def test_the_history_is_written_as_a_picture(tmp_path):
    plot_history([1.0, 0.1, 0.01], tmp_path / "history.png")
    assert image.imread(tmp_path / "history.png").shape == (600, 960, 4)


def test_the_boundary_colours_each_side_as_its_points(tmp_path):
    """A model whose score is x: the left of the picture is blue, the right is not."""
    plot_decision_boundary(lambda point: Value(point[0]), *SEPARABLE, tmp_path / "boundary.png")
    pixels = image.imread(tmp_path / "boundary.png")
    height, width, _ = pixels.shape
    (left_red, _, left_blue, _), (right_red, _, right_blue, _) = (
        pixels[height // 4, int(width * share)] for share in (0.25, 0.85)
    )
    assert left_blue > left_red
    assert right_blue < right_red


@pytest.mark.parametrize("score", [-0.5, 0.0, 0.5, 3.0])
def test_a_model_without_a_boundary_is_drawn_too(score, tmp_path):
    plot_decision_boundary(lambda point: Value(score), *SEPARABLE, tmp_path / "boundary.png")
    assert (tmp_path / "boundary.png").exists()


def test_without_matplotlib_the_command_to_install_it_is_named(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ModuleNotFoundError, match=r'pip install "scalar-autograd\[plot\]"'):
        plot_history([1.0], tmp_path / "history.png")


def test_a_format_that_is_not_known_leaves_no_file(tmp_path):
    with pytest.raises(ValueError, match="nope"):
        plot_history([1.0], tmp_path / "history.nope")
    assert list(tmp_path.iterdir()) == []
