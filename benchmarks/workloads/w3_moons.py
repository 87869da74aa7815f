"""W3: micrograd's demo: one full-batch step of a network of 2, 16, 16 and 1 neurons on its 100 points.

The loss is the mean hinge of the margins plus 1e-4 times the sum of the squared parameters; the initial
weights are those of `random.seed(1337)`.
"""

import operator
import random
from typing import Any

from benchmarks.workloads import Workload
from nn.datasets import micrograd_moons

SIZE = 100
LAYERS = ((2, 16), (16, 16), (16, 1))  # inputs and neurons of each


def initial_parameters() -> list[float]:
    """Neuron by neuron: its weights, uniform in -1..1, then its bias, 0."""
    generator = random.Random(1337)
    parameters: list[float] = []
    for inputs, neurons in LAYERS:
        for _ in range(neurons):
            parameters += [generator.uniform(-1, 1) for _ in range(inputs)]
            parameters.append(0.0)
    return parameters


def weighted_sums(layer: list[tuple[list[Any], Any]], inputs: list[Any]) -> list[Any]:
    return [sum(map(operator.mul, weights, inputs), bias) for weights, bias in layer]


def workload(size: int = SIZE) -> Workload:
    """The loss over the first `size` points as a function of the 337 parameters."""
    points, labels = micrograd_moons()
    if size > len(points):
        raise ValueError(f"the demo has {len(points)} points, not {size}")
    samples = [(x, y, 2.0 * label - 1.0) for (x, y), label in zip(points[:size], labels, strict=False)]

    def loss(math: Any, parameters: list[Any]) -> Any:
        remaining = iter(parameters)
        *hidden, last = (
            [([next(remaining) for _ in range(inputs)], next(remaining)) for _ in range(neurons)]
            for inputs, neurons in LAYERS
        )
        hinges = []
        for *coordinates, side in samples:
            activations = [math.number(coordinate) for coordinate in coordinates]
            for layer in hidden:
                activations = [math.relu(total) for total in weighted_sums(layer, activations)]
            (score,) = weighted_sums(last, activations)
            hinges.append(math.relu(1 + -side * score))
        data_loss = sum(hinges) * (1.0 / len(hinges))
        penalty = 1e-4 * sum(p * p for p in parameters)
        return data_loss + penalty

    parameters = initial_parameters()
    neurons = sum(neurons for _, neurons in LAYERS)
    products = len(parameters) - neurons
    operations = len(samples) * (2 * products + neurons - 1 + 4) + 2 * len(parameters) + 3
    return Workload(f"W3 moons, {len(samples)} points", loss, parameters, operations)
