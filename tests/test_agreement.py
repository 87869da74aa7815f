"""One semantics: eager sweeps, replayed gradient graphs and transforms agree in every bit.

Random expressions over the whole table, at special points and at ordinary ones.  Equal doubles agree,
every nan counts as equal, and the sign of a zero gradient is not promised.
"""

import math
import random
from collections.abc import Callable
from typing import Any

import pytest

from autograd import Value, grad, hessian, primitives, table, trace

ROWS = [table[name] for name in primitives.__all__ if name in table and not table[name].comparison]
SPECIAL = [0.0, -0.0, 1.0, -1.0, 2.0, 0.5, math.inf, -math.inf, math.nan, 5e-324, 1e308, -3.0, 1e-160]


def number(generator: random.Random) -> float:
    return generator.choice(SPECIAL) if generator.random() < 0.5 else generator.uniform(-3, 3)


def expression(generator: random.Random) -> Callable[[Any, Any], Any]:
    """A function of two numbers: up to five rows, each of earlier results and of numbers."""
    steps = []
    for count in range(2, generator.randrange(3, 8)):
        row = generator.choice(ROWS)
        arity = 3 if row.variadic else row.arity
        places = [generator.randrange(count) if generator.random() < 0.75 else None for _ in range(arity)]
        constants = [number(generator) for _ in range(arity)]
        if row.name == "where":
            places[0] = generator.randrange(count)
        steps.append((row, places, constants))

    def function(x: Any, y: Any) -> Any:
        results = [x, y]
        for row, places, constants in steps:
            operands = [
                c if place is None else results[place] for place, c in zip(places, constants, strict=True)
            ]
            if row.name == "where":
                operands[0] = operands[0] > constants[0]
            results.append(row(*operands))
        return results[-1]

    return function


def same(a: float, b: float) -> bool:
    return a == b or (math.isnan(a) and math.isnan(b))


@pytest.mark.parametrize("block", range(8))
def test_values_gradients_and_hessians_agree_bit_for_bit(block: int) -> None:
    for seed in range(block * 100, block * 100 + 100):
        generator = random.Random(seed)
        f = expression(generator)
        x, y = number(generator), number(generator)
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
