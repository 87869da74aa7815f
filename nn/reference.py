"""The networks of three well-known articles on backpropagation, with the articles' own gradients.

Each `Reference` builds its network, labels a forward pass with the article's names, and computes every
gradient by the article's closed forms, on plain floats and without autograd, so that the one can be held
against the other; and it has the data and the gradient descent by which the network is trained.
"""

from __future__ import annotations

import functools
import math
import operator
import random
import statistics
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from autograd import Value, grad, log, relu, scope, sigmoid, tanh
from nn.datasets import iris_petals, split, windsor_houses
from nn.layers import MLP
from nn.losses import half_squared_error, squared_error
from nn.metrics import accuracy, r_squared
from nn.optimizers import SGD
from nn.training import History, fit, predictions

__all__ = ["REFERENCES", "Comparison", "LayerNames", "Reference", "Task"]

Vector = Sequence[float]
Matrix = Sequence[Vector]
Rows = tuple[Sequence[Vector], Sequence[float]]
Gradients = Iterator[tuple[str, float]]


class LayerNames(NamedTuple):
    """What an article calls the numbers of one layer: `{j}` is the neuron, `{k}` its input, from 1.

    What it gives no name to is empty.
    """

    weight: str
    bias: str
    total: str
    result: str


class Task(NamedTuple):
    """Rows to learn from and rows held out, as the network takes them, and how it learns."""

    training: Rows
    held_out: Rows
    learning_rate: float
    epochs: int
    batch_size: int | None
    metric: Callable[[list[Any], list[Any]], float]
    metric_name: str
    baseline_name: str
    baseline: float
    """The constant prediction that a network has to beat."""
    answer: Callable[[float], float] = float
    """What an output of the network, or a target, is in the article's own unit, such as dollars."""

    def judged(self, network: MLP) -> tuple[float, float]:
        """The metric of the network's predictions for the rows held out, and that of the baseline's."""
        points, targets = self.held_out
        constant = [self.baseline] * len(targets)
        return self.metric(predictions(network, points), [*targets]), self.metric(constant, [*targets])


class Comparison(NamedTuple):
    """The derivatives of one row's cost by each parameter, from two sources; it prints as a table.

    >>> print(Comparison("C", {"w": 0.5, "b_1": 2.0}, {"w": 0.5, "b_1": 1.99}))
             article  engine
    dC/dw    0.5      0.5
    dC/db_1  2        1.99
    largest relative difference: 5.0e-03
    """

    cost: str
    article: dict[str, float]
    """By the article's formulas."""
    engine: dict[str, float]
    """By the chain rule over the graph."""

    @property
    def largest_difference(self) -> float:
        """How far the two are apart, relative to the larger one, for the parameter where that is most."""
        return max(_relative_difference(self.article[name], self.engine[name]) for name in self.article)

    def __str__(self) -> str:
        rows = [("", "article", "engine")] + [
            (f"d{self.cost}/d{name}", f"{self.article[name]:.12g}", f"{self.engine[name]:.12g}")
            for name in self.article
        ]
        first, second = (max(len(row[column]) for row in rows) for column in (0, 1))
        lines = [f"{name:{first}}  {article:{second}}  {engine}" for name, article, engine in rows]
        return "\n".join([*lines, f"largest relative difference: {self.largest_difference:.1e}"])


class Reference(NamedTuple):
    """One article's network: its layers' sizes, activations and biases, its names, formulas and data."""

    title: str
    author: str
    summary: str
    sizes: tuple[int, ...]
    activations: tuple[str | None, ...]
    biases: tuple[bool, ...]
    names: tuple[LayerNames, ...]
    input: str
    target: str
    cost: str
    loss: Callable[[Any, Any], Any]
    closed_forms: Callable[[MLP, Vector, float], Gradients]
    derived: tuple[str, ...]
    """The parameters whose derivations the article spells out."""
    task: Callable[[], Task]

    def network(self, generator: random.Random | None = None) -> MLP:
        """The network, its weights drawn from [-1, 1], its parameters labelled with the article's names."""
        nin, *nouts = self.sizes
        network = MLP(nin, nouts, self.activations, bias=self.biases, generator=generator)
        for names, layer in zip(self.names, network.layers, strict=True):
            for j, neuron in enumerate(layer.neurons, 1):
                if neuron.b is not None:
                    neuron.b.label = names.bias.format(j=j)
                for k, weight in enumerate(neuron.w, 1):
                    weight.label = names.weight.format(j=j, k=k)
        return network

    def labelled(self, network: MLP, x: Vector, target: float) -> Value:
        """The loss of one row, its inputs, sums and results labelled with the article's names.

        >>> network = REFERENCES["c"].network(random.Random(0))
        >>> J = REFERENCES["c"].labelled(network, [0.5, -1.0], 1.0)
        >>> from autograd import derivation
        >>> print(str(derivation(J, network.layers[1].neurons[0].w[0])).partition("\\n")[0])
        dJ/dtheta2_1 = dJ/dY · dY/dh2 · dh2/dtheta2_1
        """
        values: Any = [Value(number, f"{self.input}{k}") for k, number in enumerate(x, 1)]
        for position, (names, layer) in enumerate(zip(self.names, network.layers, strict=True)):
            with scope(f"layer{position}"):
                results = layer(values)
            values = results if isinstance(results, list) else [results]
            for j, (neuron, result) in enumerate(zip(layer.neurons, values, strict=True), 1):
                if neuron.nonlin:
                    result.arguments[0].label = names.total.format(j=j)
                result.label = names.result.format(j=j)
        loss: Value = self.loss(values[0], Value(target, self.target))
        loss.label = self.cost
        return loss

    def gradients(self, network: MLP, x: Vector, target: float) -> dict[str, float]:
        """The derivative of one row's loss by each parameter, by the article's formulas and names."""
        return dict(self.closed_forms(network, x, target))

    def comparison(self, network: MLP, x: Vector, target: float) -> Comparison:
        """The article's gradients of one row's loss beside the engine's; the network is left as it is.

        >>> reference = REFERENCES["c"]
        >>> reference.comparison(reference.network(), [0.5, -1.0], 1.0).largest_difference < 1e-12
        True
        """
        found = grad(lambda model: self.loss(model(x), target))(network)
        engine = {parameter.label: found[name] for name, parameter in network.named_parameters()}
        return Comparison(self.cost, self.gradients(network, x, target), engine)

    def train(self, network: MLP, task: Task, progress: bool | None = None) -> History:
        """Gradient descent as in the article, on the task's rows for training."""
        return fit(
            network,
            *task.training,
            loss=self.loss,
            optimizer=SGD(network.parameters(), task.learning_rate),
            epochs=task.epochs,
            batch_size=task.batch_size,
            metric=task.metric,
            validation=task.held_out,
            progress=progress,
        )


# --- Plain floats --------------------------------------------------------------------------------------


def _sigmoid(z: float) -> float:
    return 1 / (1 + math.exp(-z))


def _sigmoid_slope(z: float) -> float:
    return math.exp(-z) / (1 + math.exp(-z)) ** 2


_FUNCTIONS: dict[Any, tuple[Callable[[float], float], Callable[[float], float]]] = {
    sigmoid: (_sigmoid, _sigmoid_slope),
    tanh: (math.tanh, lambda z: 1 - math.tanh(z) ** 2),
    relu: (lambda z: max(z, 0.0), lambda z: float(z > 0)),
}
"""A row of the table, as a function of floats, and its derivative."""


def _numbers(network: MLP) -> tuple[list[list[list[float]]], list[list[float]]]:
    """The weights and the biases of each layer; a bias that is not there is 0."""
    weights = [[[w.data for w in neuron.w] for neuron in layer.neurons] for layer in network.layers]
    biases = [[neuron.b.data if neuron.b else 0.0 for neuron in layer.neurons] for layer in network.layers]
    return weights, biases


def _product(row: Vector, inputs: Vector) -> float:
    total: float = sum(map(operator.mul, row, inputs))
    return total


def _sums(weights: Matrix, inputs: Vector, biases: Vector) -> list[float]:
    return [_product(row, inputs) + bias for row, bias in zip(weights, biases, strict=True)]


def _relative_difference(one: float, other: float) -> float:
    """|one - other| over the larger of the two, and 0 for two zeros."""
    return abs(one - other) / (max(abs(one), abs(other)) or 1.0)


# --- A: four layers ------------------------------------------------------------------------------------


def _four_layers(network: MLP, x: Vector, y: float) -> Gradients:
    """With delta_j = dC/dz_j: dC/dw_jk = delta_j a_k of the layer before, dC/db_j = delta_j."""
    (W1, W2, (W3,)), (b1, b2, _) = _numbers(network)
    f, slope = _FUNCTIONS[network.layers[0].neurons[0].activation]
    z2 = _sums(W1, x, b1)
    a2 = list(map(f, z2))
    z3 = _sums(W2, a2, b2)
    a3 = list(map(f, z3))
    error = 2 * (_product(W3, a3) - y)
    delta3 = [error * w * slope(z) for w, z in zip(W3, z3, strict=True)]
    delta2 = [_product(delta3, column) * slope(z) for *column, z in zip(*W2, z2, strict=True)]
    yield from ((f"w1{k}_3", error * a) for k, a in enumerate(a3, 1))
    for layer, deltas, inputs in ((2, delta3, a2), (1, delta2, x)):
        for j, delta in enumerate(deltas, 1):
            yield f"b{j}_{layer}", delta
            yield from ((f"w{j}{k}_{layer}", delta * a) for k, a in enumerate(inputs, 1))


def _taught() -> Task:
    """What another network of the same shape, with larger weights, says of 100 random rows."""
    generator = random.Random(2019)
    teacher = REFERENCES["a"].network(generator)
    for parameter in teacher.parameters():
        parameter.data *= 3
    points = [[generator.uniform(-1, 1) for _ in range(4)] for _ in range(100)]
    training, held_out = split(points, predictions(teacher, points), seed=0)
    return Task(
        training=training,
        held_out=held_out,
        learning_rate=0.5,
        epochs=100,
        batch_size=3,
        metric=r_squared,
        metric_name="R^2",
        baseline_name="always the mean of the training rows",
        baseline=statistics.mean(training[1]),
    )


# --- B: house prices -----------------------------------------------------------------------------------


def _house_prices(network: MLP, x: Vector, y: float) -> Gradients:
    """All four begin with (O - Y) O (1 - O)."""
    (W_ih, (W_ho,)), (b_ih, (b_ho,)) = _numbers(network)
    h = list(map(_sigmoid, _sums(W_ih, x, b_ih)))
    output = _sigmoid(_product(W_ho, h) + b_ho)
    common = (output - y) * output * (1 - output)
    yield "b_ho", common
    for j, (w, activation) in enumerate(zip(W_ho, h, strict=True), 1):
        yield f"W_ho_{j}", common * activation
        hidden = common * w * activation * (1 - activation)
        yield f"b_ih_{j}", hidden
        yield from ((f"W_ih_{k}{j}", hidden * number) for k, number in enumerate(x, 1))


def _houses() -> Task:
    """Lot size, bedrooms, bathrooms and stories, standardised; prices within (0, 1), as a sigmoid's are."""
    points, prices = windsor_houses()
    training, held_out = split([point[:4] for point in points], prices, seed=0)
    centres = list(map(statistics.fmean, zip(*training[0], strict=True)))
    spreads = list(map(statistics.pstdev, zip(*training[0], strict=True)))
    low, high = min(training[1]), max(training[1])

    def scaled(rows: Rows) -> Rows:
        points = [
            [(number - centre) / spread for number, centre, spread in zip(row, centres, spreads, strict=True)]
            for row in rows[0]
        ]
        return points, [0.1 + 0.8 * (price - low) / (high - low) for price in rows[1]]

    def price(output: float) -> float:
        return low + (output - 0.1) / 0.8 * (high - low)

    return Task(
        training=scaled(training),
        held_out=scaled(held_out),
        learning_rate=1.0,
        epochs=20,
        batch_size=8,
        metric=r_squared,
        metric_name="R^2",
        baseline_name="always the mean price of the training rows",
        baseline=statistics.fmean(scaled(training)[1]),
        answer=price,
    )


# --- C: binary classification --------------------------------------------------------------------------


def cross_entropy(Y: Any, T: Any) -> Any:
    """The article's loss J of a probability and a class, 0 or 1, with the minus sign that descent needs."""
    return -(T * log(Y) + (1 - T) * log(1 - Y))


def _binary_classification(network: MLP, x: Vector, target: float) -> Gradients:
    """dJ/dY dY/dh2 a1_i, and dJ/dY dY/dh2 theta2_i da1_i/dh1_i x_j."""
    (theta1, (theta2,)), (zeros, _) = _numbers(network)
    h1 = _sums(theta1, x, zeros)
    h2 = _product(theta2, list(map(_sigmoid, h1)))
    output = _sigmoid(h2)
    common = ((1 - target) / (1 - output) - target / output) * _sigmoid_slope(h2)
    for i, (theta, h) in enumerate(zip(theta2, h1, strict=True), 1):
        yield f"theta2_{i}", common * _sigmoid(h)
        hidden = common * theta * _sigmoid_slope(h)
        yield from ((f"theta1_{i}{j}", hidden * number) for j, number in enumerate(x, 1))


def _petals() -> Task:
    """Length and width of petals, less their means: without biases a network is blind to what all share."""
    points, kinds = iris_petals()
    training, held_out = split(points, kinds, seed=0)
    centres = list(map(statistics.fmean, zip(*training[0], strict=True)))

    def centred(rows: Any) -> Rows:
        return [
            [number - centre for number, centre in zip(row, centres, strict=True)] for row in rows[0]
        ], rows[1]

    return Task(
        training=centred(training),
        held_out=centred(held_out),
        learning_rate=0.5,
        epochs=40,
        batch_size=5,
        metric=functools.partial(accuracy, threshold=0.5),
        metric_name="accuracy",
        baseline_name="always the class of most training rows",
        baseline=float(statistics.mode(training[1])),
    )


REFERENCES = {
    "a": Reference(
        title="Understanding Backpropagation Algorithm",
        author="Simeon Kostadinov, 2019",
        summary=(
            "Four inputs, two hidden layers of two neurons each, and one linear output without a bias.  The "
            "hidden layers' function is the sigmoid here; tanh and ReLU are the article's other choices.  In "
            "a weight's index the neuron that it leads to comes first."
        ),
        sizes=(4, 2, 2, 1),
        activations=("sigmoid", "sigmoid", None),
        biases=(True, True, False),
        names=(
            LayerNames("w{j}{k}_1", "b{j}_1", "z{j}_2", "a{j}_2"),
            LayerNames("w{j}{k}_2", "b{j}_2", "z{j}_3", "a{j}_3"),
            LayerNames("w{j}{k}_3", "", "", "s"),
        ),
        input="x",
        target="y",
        cost="C",
        loss=squared_error,
        closed_forms=_four_layers,
        derived=("w22_2", "w11_1"),
        task=_taught,
    ),
    "b": Reference(
        title="Backward propagation, on house prices",
        author="Neha Seth, Data Science Blogathon",
        summary=(
            "Four facts of a house, five sigmoid neurons and a sigmoid output; E is half the squared "
            "error.  Since a sigmoid lies between 0 and 1, prices are scaled into that range."
        ),
        sizes=(4, 5, 1),
        activations=("sigmoid", "sigmoid"),
        biases=(True, True),
        names=(
            LayerNames("W_ih_{k}{j}", "b_ih_{j}", "", "h{j}"),
            LayerNames("W_ho_{k}", "b_ho", "", "O"),
        ),
        input="X",
        target="Y",
        cost="E",
        loss=half_squared_error,
        closed_forms=_house_prices,
        derived=("W_ho_1", "b_ho", "W_ih_11", "b_ih_1"),
        task=_houses,
    ),
    "c": Reference(
        title="Backpropagation for binary classification",
        author="EnjoyAlgorithms",
        summary=(
            "Two inputs, three sigmoid neurons and a sigmoid output, without biases.  J is the binary cross-"
            "entropy; the article's lacks the minus sign, without which descent would climb.  T is the true "
            "class, the article's Y*."
        ),
        sizes=(2, 3, 1),
        activations=("sigmoid", "sigmoid"),
        biases=(False, False),
        names=(
            LayerNames("theta1_{j}{k}", "", "h1_{j}", "a1_{j}"),
            LayerNames("theta2_{k}", "", "h2", "Y"),
        ),
        input="x",
        target="T",
        cost="J",
        loss=cross_entropy,
        closed_forms=_binary_classification,
        derived=("theta2_1", "theta1_11"),
        task=_petals,
    ),
}
"""The networks by their letters: a, b and c."""
