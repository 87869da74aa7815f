"""W1: a formula of 20 mixed operations in 3 inputs, the size of what one types at a prompt."""

from typing import Any

from benchmarks.workloads import Workload


def expression(math: Any, inputs: list[Any]) -> Any:
    x, y, z = inputs
    a = math.tanh(x * y + z)
    b = math.exp(a - x) / (y * y + 1.0)
    c = math.log(b + z * z)
    d = (a - b) * (c + x)
    e = math.tanh(d / (2.0 + y))
    return e * c + a - z


def workload() -> Workload:
    return Workload("W1 expression", expression, point=[0.5, -1.5, 0.8], operations=20)
