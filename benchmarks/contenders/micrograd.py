"""micrograd, with the functions it lacks written in its own manner.

Its topological sort calls itself once per node of a path, so that it needs as many of Python's frames as
a graph is deep.
"""

import importlib.metadata
import math
import sys

from micrograd.engine import Value  # type: ignore[import-untyped]

from benchmarks.workloads import Function

DEEPEST = 20_000_000


def tanh(x: Value) -> Value:
    out = Value(math.tanh(x.data), (x,), "tanh")

    def push() -> None:
        x.grad += (1 - out.data**2) * out.grad

    out._backward = push
    return out


def exp(x: Value) -> Value:
    out = Value(math.exp(x.data), (x,), "exp")

    def push() -> None:
        x.grad += out.data * out.grad

    out._backward = push
    return out


def log(x: Value) -> Value:
    out = Value(math.log(x.data), (x,), "log")

    def push() -> None:
        x.grad += out.grad / x.data

    out._backward = push
    return out


class Micrograd:
    name = f"micrograd {importlib.metadata.version('micrograd')}"
    number = Value
    tanh = staticmethod(tanh)
    exp = staticmethod(exp)
    log = staticmethod(log)
    relu = staticmethod(Value.relu)

    def value_and_gradient(self, function: Function, point: list[float]) -> tuple[float, list[float]]:
        inputs = [Value(x) for x in point]
        output = function(self, inputs)
        limit = sys.getrecursionlimit()
        sys.setrecursionlimit(DEEPEST)
        try:
            output.backward()
        finally:
            sys.setrecursionlimit(limit)
        return output.data, [x.grad for x in inputs]


contender = Micrograd()
