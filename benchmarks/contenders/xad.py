"""XAD's adjoint mode: C++ numbers, bound to Python, that record on a tape.

One tape serves all evaluations, as its manual has it: a tape of its own for each triples the time of a
short one.
"""

import importlib.metadata

import xad.math  # type: ignore[import-not-found, unused-ignore]
from xad.adj_1st import Real, Tape  # type: ignore[import-not-found, unused-ignore]

from benchmarks.workloads import Function


class Xad:
    name = f"xad {importlib.metadata.version('xad')}"
    number = Real
    tanh = staticmethod(xad.math.tanh)
    exp = staticmethod(xad.math.exp)
    log = staticmethod(xad.math.log)

    @staticmethod
    def relu(x: Real) -> Real:
        return xad.math.max(x, 0.0)

    def __init__(self) -> None:
        self.tape = Tape()

    def value_and_gradient(self, function: Function, point: list[float]) -> tuple[float, list[float]]:
        with self.tape as tape:
            inputs = [Real(x) for x in point]
            tape.registerInputs(inputs)
            tape.newRecording()
            output = function(self, inputs)
            tape.registerOutput(output)
            output.derivative = 1.0
            tape.computeAdjoints()
            return output.value, [x.derivative for x in inputs]


contender = Xad()
