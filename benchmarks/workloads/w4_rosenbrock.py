"""W4: Rosenbrock's function of many inputs, as a Python loop: a wide and, by its running sum, deep graph."""

from typing import Any

from benchmarks.workloads import Workload

SIZE = 1_000


def rosenbrock(math: Any, inputs: list[Any]) -> Any:
    total = 0.0
    for i in range(len(inputs) - 1):
        total = total + (100 * (inputs[i + 1] - inputs[i] ** 2) ** 2 + (1 - inputs[i]) ** 2)
    return total


def workload(size: int = SIZE) -> Workload:
    """Rosenbrock's function of `size` inputs, away from its minimum."""
    point = [0.5 + 0.001 * (i * 37 % 997) for i in range(size)]
    return Workload(f"W4 Rosenbrock, N = {size:,}", rosenbrock, point, operations=8 * (size - 1))
