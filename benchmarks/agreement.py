"""Whether the contenders compute the same thing, which comes before how fast they do it.

The judge of the gradients is the complex step, which knows no rule of differentiation: for f analytic,
Im f(x + ih) / h is f'(x) up to h**2, and with nothing subtracted no digit is lost.
W. Squire, G. Trapp, "Using complex variables to estimate derivatives of real functions", 1998.
"""

import cmath
import math
from collections.abc import Iterable

from benchmarks.worker import Evaluation
from benchmarks.workloads import Workload

STEP = 1e-100
TOLERANCE = 1e-9  # relative, of each derivative: many thousand rounding errors, and no wrong rule
RESIDUE = 1e-14  # of the largest derivative: what rounding leaves of one whose terms cancel
SAMPLE = 400  # derivatives that the judge computes, each by an evaluation of the whole function


class Complex:
    """The functions of complex numbers that a workload calls."""

    number = complex
    tanh = staticmethod(cmath.tanh)
    exp = staticmethod(cmath.exp)
    log = staticmethod(cmath.log)

    @staticmethod
    def relu(x: complex) -> complex:
        return x if x.real > 0 else 0j


def complex_step(workload: Workload, position: int) -> tuple[float, float]:
    """The value, and its derivative by the input at that position."""
    inputs = [complex(x, STEP * (i == position)) for i, x in enumerate(workload.point)]
    output = workload.function(Complex(), inputs)
    return output.real, output.imag / STEP


def check(workload: Workload, evaluations: Iterable[Evaluation]) -> None:
    """Raises ArithmeticError if a contender's value or any of its partial derivatives is wrong.

    Each is held against the complex step, at up to 400 inputs spread over all of them; the others also
    against the first, at every further input.
    """
    inputs = range(len(workload.point))
    expected: dict[int, float] = {}
    for i in inputs[:: math.ceil(len(inputs) / SAMPLE)]:
        right_value, expected[i] = complex_step(workload, i)
    residue = RESIDUE * max(map(abs, expected.values()))
    for name, value, gradient, _ in evaluations:
        comparisons = [("the value", right_value, value)]
        if gradient is not None:
            if len(gradient) != len(inputs):
                wrong = f"{len(gradient)} derivatives for {len(inputs)} inputs"
                raise ArithmeticError(f"{workload.title}: {wrong} by {name}")
            comparisons += [(f"the derivative by input {i}", expected[i], gradient[i]) for i in expected]
            expected = dict(enumerate(gradient)) | expected
        for what, right, given in comparisons:
            if not math.isclose(given, right, rel_tol=TOLERANCE, abs_tol=residue):
                wrong = f"{what} is {given!r} instead of {right!r}"
                raise ArithmeticError(f"{workload.title}: {wrong} by {name}")
