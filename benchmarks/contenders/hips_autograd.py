"""HIPS autograd, of scalars.  Its package bears the name of ours: only an environment without ours has it.

The inputs come in one array, which it differentiates several times faster than a list of numbers.
"""

import importlib.metadata

import autograd.numpy as np  # type: ignore[import-not-found, unused-ignore]

from autograd import value_and_grad
from benchmarks.workloads import Function


class HipsAutograd:
    name = f"HIPS autograd {importlib.metadata.version('autograd')}, scalars"
    number = float
    tanh = staticmethod(np.tanh)
    exp = staticmethod(np.exp)
    log = staticmethod(np.log)

    @staticmethod
    def relu(x: np.ndarray) -> np.ndarray:
        return np.maximum(x, 0.0)

    def value_and_gradient(self, function: Function, point: list[float]) -> tuple[float, list[float]]:
        value, gradient = value_and_grad(lambda array: function(self, list(array)))(np.array(point))
        return float(value), gradient.tolist()


contender = HipsAutograd()
