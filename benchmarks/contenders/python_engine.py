"""This library's reference engine, in Python, whichever engine `autograd` itself has chosen."""

from operator import methodcaller

from autograd.value import Value
from benchmarks.workloads import Function


class PythonEngine:
    name = "scalar-autograd, Python"
    number = Value
    tanh = methodcaller("tanh")
    exp = methodcaller("exp")
    log = methodcaller("log")
    relu = methodcaller("relu")

    def value_and_gradient(self, function: Function, point: list[float]) -> tuple[float, list[float]]:
        inputs = [Value(x) for x in point]
        output = function(self, inputs)
        output.backward()
        return output.data, [x.grad for x in inputs]


contender = PythonEngine()
