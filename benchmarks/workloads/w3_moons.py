"""W3: micrograd's demo: one full-batch step of a network of 2, 16, 16 and 1 neurons on its 100 points.

The loss is the mean hinge of the margins plus 1e-4 times the sum of the squared parameters; the initial
weights are those of `random.seed(1337)`.
"""

import csv
import importlib.resources
import operator
import random
from typing import Any

from benchmarks.workloads import Workload

SIZE = 100
LAYERS = ((2, 16), (16, 16), (16, 1))  # inputs and neurons of each


def points(size: int) -> list[tuple[float, float, float]]:
    """The first of the demo's points: two coordinates, and the side as 1.0 or -1.0."""
    lines = (importlib.resources.files("nn") / "data" / "moons_100.csv").read_text().splitlines()
    rows = list(csv.DictReader(line for line in lines if not line.startswith("#")))
    if size > len(rows):
        raise ValueError(f"the demo has {len(rows)} points, not {size}")
    return [(float(row["x"]), float(row["y"]), 1.0 if row["label"] == "1" else -1.0) for row in rows[:size]]


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
    samples = points(size)

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
