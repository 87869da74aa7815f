"""One semantics: eager sweeps, replayed gradient graphs and transforms agree in every bit.

Random expressions over the whole table, at special points and at ordinary ones.  Equal doubles agree,
every nan counts as equal, and the sign of a zero gradient is not promised.
"""

import math
import random
from typing import Any

import pytest
from expressions import ROWS, expression, number

from autograd import Value, grad, hessian, trace

DIFFERENTIABLE = [row for row in ROWS if not row.comparison]


def same(a: float, b: float) -> bool:
    return a == b or (math.isnan(a) and math.isnan(b))


@pytest.mark.parametrize("block", range(8))
def test_values_gradients_and_hessians_agree_bit_for_bit(block: int) -> None:
    for seed in range(block * 100, block * 100 + 100):
        generator = random.Random(seed)
        results = expression(generator, DIFFERENTIABLE)
        x, y = number(generator), number(generator)

        def f(x: Any, y: Any, results: Any = results) -> Any:
            return results(x, y)[-1]

        leaves = Value(x), Value(y)
        output = f(*leaves)
        if not isinstance(output, Value):
            continue
        output.backward()
        graph = trace(f)(1.25, 0.75)
        assert same(graph.evaluate(x, y), output.data), seed
        swept = [leaf.grad for leaf in leaves]
        assert all(map(same, graph.gradient().evaluate(x, y), swept)), seed
        assert all(map(same, grad(f, (0, 1))(x, y), swept)), seed
        second = graph.gradient(graph.inputs[0])
        if isinstance(second.outputs[0], Value):
            row = hessian(lambda point, f=f: f(point[0], point[1]))([x, y])[0]
            assert all(map(same, second.gradient().evaluate(x, y), row)), seed
