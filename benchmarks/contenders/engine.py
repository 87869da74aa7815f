"""This library as a contender, whichever of its engines made the `Value`."""

from typing import Any

from benchmarks.workloads import Function


class Engine:
    def __init__(self, name: str, value: Any) -> None:
        self.name = name
        self.number = value
        self.tanh, self.exp, self.log, self.relu = value.tanh, value.exp, value.log, value.relu

    def value_and_gradient(self, function: Function, point: list[float]) -> tuple[float, list[float]]:
        inputs = list(map(self.number, point))
        output = function(self, inputs)
        output.backward()
        return output.data, [x.grad for x in inputs]
