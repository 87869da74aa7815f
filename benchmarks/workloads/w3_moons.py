"""W3: micrograd's demo: one full-batch step of a network of 2, 16, 16 and 1 neurons on its 100 points.

The loss is the mean hinge of the margins plus 1e-4 times the sum of the squared parameters; the initial
weights are those of `random.seed(1337)`.
"""

import csv
import operator
import random
from pathlib import Path
from typing import Any

from benchmarks.workloads import Workload

SIZE = 100
FILE = Path(__file__).parents[2] / "nn" / "data" / "moons_100.csv"
LAYERS = ((2, 16), (16, 16), (16, 1))  # inputs and neurons of each


def demo_samples() -> list[tuple[float, float, float]]:
    """The demo's points, each with its side, -1 or 1.

    They are read without `nn`, which imports our `autograd`: where a peer of that name is installed,
    there is none of ours.
    """
    with FILE.open(encoding="utf-8") as file:
        rows = csv.DictReader(line for line in file if not line.startswith("#"))
        return [(float(row["x"]), float(row["y"]), 2.0 * int(row["label"]) - 1.0) for row in rows]


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
    samples = demo_samples()[:size]
    if size > len(samples):
        raise ValueError(f"the demo has {len(samples)} points, not {size}")

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
