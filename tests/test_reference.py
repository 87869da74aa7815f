"""The articles' networks: the engine's gradients equal the articles' closed forms, and the networks learn."""

import math
import random

import pytest

import autograd
from autograd import derivation, value_and_grad
from autograd.testing import check_gradients
from nn import REFERENCES, predictions, r_squared, windsor_houses
from nn.reference import Comparison

POINTS = 1_000


def relative(found, expected):
    """How far apart two numbers are, relative to the larger."""
    return abs(found - expected) / max(abs(found), abs(expected), 5e-324)


def random_rows(reference, seed, points):
    """Networks with weights, biases and inputs from [-1, 1], and a target that the article's loss takes."""
    generator = random.Random(seed)
    network = reference.network(generator)
    for _ in range(points):
        for parameter in network.parameters():
            parameter.data = generator.uniform(-1, 1)
        x = [generator.uniform(-1, 1) for _ in range(reference.sizes[0])]
        target = {
            "a": generator.uniform(-1, 1),
            "b": generator.random(),
            "c": float(generator.random() < 0.5),
        }
        yield network, x, target


def farthest(letter, reference, points=POINTS):
    """The largest relative difference of any gradient from its closed form."""
    worst = 0.0
    for network, x, targets in random_rows(reference, 2026, points):
        cost = reference.labelled(network, x, targets[letter])
        network.zero_grad()
        cost.backward()
        expected = reference.gradients(network, x, targets[letter])
        found = {parameter.label: parameter.grad for parameter in network.parameters()}
        assert {*found} == {*expected}
        worst = max(worst, *(relative(found[name], expected[name]) for name in expected))
    return worst


@pytest.mark.parametrize("letter", "abc")
def test_every_gradient_is_the_articles_at_a_thousand_random_points(letter):
    assert farthest(letter, REFERENCES[letter]) <= 1e-12


@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_the_first_network_has_the_articles_other_functions_too(activation):
    reference = REFERENCES["a"]._replace(activations=(activation, activation, None))
    assert farthest("a", reference, points=200) <= 1e-12


@pytest.mark.parametrize("letter", "abc")
def test_a_comparison_holds_every_parameter_and_leaves_the_network_as_it_is(letter):
    reference = REFERENCES[letter]
    network = reference.network(random.Random(3))
    x = [0.5, -0.25, 0.75, 1.0][: reference.sizes[0]]
    cost = reference.labelled(network, x, 1.0)
    cost.backward()
    recorded = {parameter.label: parameter.grad for parameter in network.parameters()}
    comparison = reference.comparison(network, x, 1.0)
    assert comparison.engine == recorded == {p.label: p.grad for p in network.parameters()}
    assert comparison.article == reference.gradients(network, x, 1.0)
    assert comparison.largest_difference <= 1e-12
    assert str(comparison).count(f"d{reference.cost}/d") == len(network.parameters())


@pytest.mark.parametrize(
    ("article", "engine", "difference"),
    [(2.0, 1.0, 0.5), (1.0, -1.0, 2.0), (0.0, 0.0, 0.0), (0.0, 1e-300, 1.0)],
)
def test_a_difference_is_relative_to_the_larger_and_two_zeros_do_not_differ(article, engine, difference):
    same = {"b": 3.0}
    assert Comparison("C", {"w": article} | same, {"w": engine} | same).largest_difference == difference


def test_a_wrong_formula_would_be_found():
    wrong = REFERENCES["b"]._replace(
        closed_forms=lambda *arguments: (
            (name, gradient * (1 + 1e-10 * (name == "W_ih_23")))
            for name, gradient in REFERENCES["b"].closed_forms(*arguments)
        )
    )
    assert farthest("b", wrong, points=5) > 1e-11


@pytest.mark.parametrize(
    ("letter", "name", "chain", "formula"),
    [
        (
            "a",
            "w22_2",
            "dC/dw22_2 = dC/ds · ds/da2_3 · da2_3/dz2_3 · dz2_3/dw22_2",
            "= 2*(s - y) · w12_3 · sigmoid'(z2_3) · a2_2",
        ),
        ("b", "W_ho_1", "dE/dW_ho_1 = dE/dO · dO/dW_ho_1", None),
        ("b", "W_ih_11", "dE/dW_ih_11 = dE/dO · dO/dh1 · dh1/dW_ih_11", None),
        (
            "c",
            "theta2_1",
            "dJ/dtheta2_1 = dJ/dY · dY/dh2 · dh2/dtheta2_1",
            "= ((1 - T)/(1 - Y) - T/Y) · sigmoid'(h2) · a1_1",
        ),
        (
            "c",
            "theta1_11",
            "dJ/dtheta1_11 = dJ/dY · dY/dh2 · dh2/da1_1 · da1_1/dh1_1 · dh1_1/dtheta1_11",
            "= ((1 - T)/(1 - Y) - T/Y) · sigmoid'(h2) · theta2_1 · sigmoid'(h1_1) · x1",
        ),
    ],
)
def test_the_derivations_are_in_the_articles_names(letter, name, chain, formula):
    reference = REFERENCES[letter]
    network = reference.network(random.Random(1))
    cost = reference.labelled(network, [0.5, -0.25, 0.75, 1.0][: reference.sizes[0]], 1.0)
    parameters = {parameter.label: parameter for parameter in network.parameters()}
    written = derivation(cost, parameters[name])
    lines = [line.strip() for line in str(written).splitlines()]
    assert any(line.startswith(chain) for line in lines)
    if formula:
        assert formula in lines
    cost.backward()
    assert written.value == parameters[name].grad


@pytest.mark.parametrize("letter", "abc")
def test_the_checker_finds_the_gradients_right(letter):
    reference = REFERENCES[letter]
    network = reference.network(random.Random(3))
    x = [0.5, -0.25, 0.75, 1.0][: reference.sizes[0]]
    assert check_gradients(lambda model: reference.loss(model(x), 1.0), network).verdict.name == "OK"


def test_a_loss_averaged_over_rows_is_the_matrix_form_of_the_article():
    """The formulas of B with matrices, over a batch of six houses."""
    import numpy as np

    reference, rows = REFERENCES["b"], REFERENCES["b"].task().training
    network = reference.network(random.Random(5))
    X, Y = np.array(rows[0][:6]), np.array(rows[1][:6])
    hidden, output = network.layers
    W_ih = np.array([[w.data for w in neuron.w] for neuron in hidden.neurons]).T
    W_ho = np.array([[w.data for w in neuron.w] for neuron in output.neurons]).T
    h = 1 / (1 + np.exp(-(X @ W_ih)))
    O = 1 / (1 + np.exp(-(h @ W_ho)))  # noqa: E741 (the article's name)
    common = (O - Y[:, None]) * O * (1 - O)
    expected = {"W_ho": h.T @ common / 6, "W_ih": X.T @ (common @ W_ho.T * h * (1 - h)) / 6}

    def batch(model):
        return autograd.reduce_mean(reference.loss(model(x.tolist()), y) for x, y in zip(X, Y, strict=True))

    _, gradient = value_and_grad(batch)(network)
    for j in range(5):
        assert gradient[f"layers.1.neurons.0.w.{j}"] == pytest.approx(expected["W_ho"][j, 0], rel=1e-12)
        for k in range(4):
            found = gradient[f"layers.0.neurons.{j}.w.{k}"]
            assert found == pytest.approx(expected["W_ih"][k, j], rel=1e-11)


@pytest.mark.parametrize("letter", "abc")
def test_gradient_descent_lowers_the_loss(letter):
    reference = REFERENCES[letter]
    task = reference.task()._replace(epochs=2)
    history = reference.train(reference.network(random.Random(1)), task)
    assert history.stopped == "epochs"
    assert history.epoch_loss(1) < history.epoch_loss(0)
    assert all(map(math.isfinite, history.validation_metric))


def test_trained_networks_beat_their_baselines_on_rows_held_out():
    """C to its end; A and B, which take longer, in the notebooks."""
    reference = REFERENCES["c"]
    task, network = reference.task(), reference.network(random.Random(1))
    reference.train(network, task)
    ours, baseline = task.judged(network)
    assert ours >= 0.9
    assert baseline <= 0.6


@pytest.mark.parametrize("letter", "abc")
def test_a_baseline_explains_nothing_of_its_own_rows(letter):
    task = REFERENCES[letter].task()
    if task.metric is r_squared:
        assert task.metric([task.baseline] * len(task.training[1]), task.training[1]) == pytest.approx(0)
    else:
        assert task.baseline in (0.0, 1.0)


def test_prices_fit_into_a_sigmoid():
    task = REFERENCES["b"].task()
    assert (min(task.training[1]), max(task.training[1])) == pytest.approx((0.1, 0.9))
    assert all(0 < price < 1 for price in predictions(REFERENCES["b"].network(), task.held_out[0]))


def test_an_answer_of_the_second_network_is_a_price_in_dollars():
    task = REFERENCES["b"].task()
    scaled = [*task.training[1], *task.held_out[1]]
    assert sorted(map(task.answer, scaled)) == pytest.approx(sorted(windsor_houses()[1]))


@pytest.mark.parametrize("letter", "ac")
def test_an_answer_of_the_others_is_the_output_itself(letter):
    assert REFERENCES[letter].task().answer(0.25) == 0.25
