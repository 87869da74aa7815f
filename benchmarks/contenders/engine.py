"""This library as a contender, whichever of its engines made the `Value`."""

from collections.abc import Callable
from typing import Any

from benchmarks.workloads import Function


class Engine:
    tanh: Callable[[Any], Any]
    exp: Callable[[Any], Any]
    log: Callable[[Any], Any]
    relu: Callable[[Any], Any]

    def __init__(self, name: str, value: Any) -> None:
        self.name = name
        self.number = value
        for name in ("tanh", "exp", "log", "relu"):
            getattr(value(0.5), name)()  # the engine in Python writes a method out at its first call
            setattr(self, name, getattr(value, name))

    def value_and_gradient(self, function: Function, point: list[float]) -> tuple[float, list[float]]:
        inputs = list(map(self.number, point))
        output = function(self, inputs)
        output.backward()
        return output.data, [x.grad for x in inputs]
