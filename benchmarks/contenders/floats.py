"""Plain Python floats, which compute the value alone: the yardstick of every gradient."""

import math

from benchmarks.workloads import Function


class Floats:
    name = "Python floats, value only"
    number = float
    tanh = staticmethod(math.tanh)
    exp = staticmethod(math.exp)
    log = staticmethod(math.log)

    @staticmethod
    def relu(x: float) -> float:
        return x if x > 0 else 0.0

    def value_and_gradient(self, function: Function, point: list[float]) -> tuple[float, None]:
        return function(self, point), None


contender = Floats()
