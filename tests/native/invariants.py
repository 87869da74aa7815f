"""What holds for nodes whatever has happened before: of those that are left, and of new ones."""

import math
from collections.abc import Iterable

import autograd
from autograd import Value, topological_order


def check_gradients() -> None:
    """An expression with every layout of arguments has the value and the gradients that calculus says."""
    for x, y in ((0.7, -1.3), (2.5, 0.4), (-0.3, 3.0)):
        a, b = Value(x, label="a"), Value(y)
        inner = (a * b).sin() + 3.0 / b
        output = inner + autograd.where(a > b, a, -b) - autograd.fsum(a, 2.0, b, inner * 0.5) + (b - 1.0) ** 2
        output.backward()
        chosen, by_chosen = (x, (1, 0)) if x > y else (-y, (0, -1))
        data = (math.sin(x * y) + 3 / y) * 0.5 + chosen - x - 2 - y + (y - 1) ** 2
        by_a = 0.5 * y * math.cos(x * y) + by_chosen[0] - 1
        by_b = 0.5 * (x * math.cos(x * y) - 3 / (y * y)) + by_chosen[1] - 1 + 2 * (y - 1)
        found, expected = (output.data, a.grad, b.grad, inner.grad), (data, by_a, by_b, 0.5)
        assert all(map(lambda f, e: math.isclose(f, e, rel_tol=1e-12, abs_tol=1e-12), found, expected)), (
            found,
            expected,
        )


def check_nodes(nodes: Iterable[Value]) -> None:
    """Each node can be walked, read, swept and cleared, and its arguments come before it in the order."""
    for output in nodes:
        order = topological_order(output)
        places = {id(node): place for place, node in enumerate(order)}
        assert len(places) == len(order)
        for node in order:
            arguments = Value.arguments.__get__(node)
            assert len(arguments) == len(Value.partials.__get__(node))
            assert all(
                type(a) is float or isinstance(a, float) or places[id(a)] < places[id(node)]
                for a in arguments
            )
        output.backward()
        output.zero_grad()
        assert not any(node._has_grad for node in order)
