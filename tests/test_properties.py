"""Properties that every expression has, whatever it is: algebra, graphs, higher order, special values.

The oracles are identities, SymPy, exact fractions and a model of a few lines.  What depends on one row, or on
one expression, is tested beside it.
"""

import math
import operator
import random
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest
import sympy
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

import autograd
from autograd import Graph, Primitive, Value, grad, hessian, jvp, topological_order
from autograd.testing.strategies import Expression, expressions

TOLERANCE = 1e-12
"""What two ways to add up the same contributions may differ by, relative to the sum of their magnitudes.

Each way rounds some hundred times at most, by 1.1e-16 each; where contributions cancel, it is their
magnitudes and not their sum that tell how much may be lost.
"""

SMOOTH = [
    *(autograd.add, autograd.sub, autograd.mul, autograd.neg, autograd.square, autograd.sin, autograd.cos),
    *(autograd.tanh, autograd.atan, autograd.exp, autograd.sigmoid, autograd.erf, autograd.hypot),
]
RATIONAL = [autograd.add, autograd.sub, autograd.mul, autograd.neg, autograd.square]
BRANCHED = [*SMOOTH, autograd.where, autograd.maximum, autograd.minimum, autograd.abs, autograd.relu]

few = settings(max_examples=50)
smooth = expressions(SMOOTH, largest=100.0, most=6)
polynomials = expressions(RATIONAL, leaves="integers", largest=1e4, most=6)
seeds = st.sampled_from([1.0, -1.0, 2.0, 0.5, 3.0])
powers_of_two = st.integers(-40, 40).map(lambda exponent: 2.0**exponent)


def same(x: float, y: float) -> bool:
    return x == y or (math.isnan(x) and math.isnan(y))


def all_same(xs: Any, ys: Any) -> bool:
    return len(xs) == len(ys) and all(map(same, xs, ys))


def swept(f: Callable[..., Any], point: Any, seed: float = 1.0) -> tuple[float, list[float]]:
    """The value and the gradient by `backward`."""
    given_leaves = [Value(x) for x in point]
    output = f(*given_leaves)
    output.backward(seed)
    return output._data, [leaf.grad for leaf in given_leaves]


def gradient(f: Callable[..., Any], point: Any) -> list[float]:
    return swept(f, point)[1]


def magnitude(output: Any) -> float:
    """The sum, over all paths from all nodes, of the magnitudes of their products of partials."""
    if not isinstance(output, Value):
        return abs(output)
    sizes = {output: 1.0}
    for node in reversed(topological_order(output)):
        for argument, partial in zip(node.arguments, node.partials, strict=True):
            if not isinstance(argument, float):
                sizes[argument] = sizes.get(argument, 0.0) + sizes[node] * abs(partial) * max(
                    1.0, abs(node._data)
                )
    return math.fsum(sizes.values())


def close(xs: Any, ys: Any, size: float) -> bool:
    return all(abs(x - y) <= TOLERANCE * size for x, y in zip(xs, ys, strict=True))


# --- Algebra -------------------------------------------------------------------------------------------


@given(expressions(), powers_of_two)
def test_a_gradient_is_linear_in_the_seed_bit_for_bit_for_powers_of_two(f: Expression, seed: float) -> None:
    partials = [p for node in f.graph for p in node.partials]
    assume(all(p == 0 or 1e-30 < abs(p) < 1e30 for p in partials))  # nothing underflows or overflows
    plain = gradient(f, f.point)
    assume(all(g == 0 or 1e-200 < abs(g) < 1e200 for g in plain))
    assert swept(f, f.point, seed)[1] == [seed * g for g in plain]


def combined(f: Expression, g: Expression) -> tuple[list[float], Callable[..., Any], Callable[..., Any]]:
    """A point for both, and both as functions of all of its numbers."""
    point = max(f.point, g.point, key=len)
    return list(point), lambda *xs: f(*xs[: len(f.point)]), lambda *xs: g(*xs[: len(g.point)])


@pytest.mark.parametrize(
    ("operation", "rule_of"),
    [
        (operator.add, lambda u, v, du, dv: du + dv),
        (operator.sub, lambda u, v, du, dv: du - dv),
        (operator.mul, lambda u, v, du, dv: du * v + u * dv),
        (operator.truediv, lambda u, v, du, dv: (du - u / v * dv) / v),
    ],
    ids=["sum", "difference", "product", "quotient"],
)
@few
@given(f=smooth, g=smooth)
def test_the_rules_of_sum_product_and_quotient(
    operation: Any, rule_of: Callable[..., float], f: Expression, g: Expression
) -> None:
    point, first, second = combined(f, g)
    output = operation(first(*map(Value, point)), second(*map(Value, point)))
    (u, du), (v, dv) = swept(first, point), swept(second, point)
    assume(abs(v) > 1e-3)
    found = gradient(lambda *xs: operation(first(*xs), second(*xs)), point)
    expected = [rule_of(u, v, dx, dy) for dx, dy in zip(du, dv, strict=True)]
    assert close(found, expected, magnitude(output) * (1 + abs(u) + abs(v) + abs(u / v) + 1 / abs(v)))


one_input = expressions(SMOOTH, inputs=1, largest=100.0, most=5)


@few
@given(one_input, one_input)
def test_the_derivative_of_a_composition_is_the_product(outer: Expression, inner: Expression) -> None:
    (x,) = inner.point
    value, (by_x,) = swept(inner, (x,))
    assume(math.isfinite(outer(value)))
    (by_inner,) = gradient(outer, (value,))
    (found,) = gradient(lambda v: outer(inner(v)), (x,))
    size = magnitude(outer(inner(Value(x))))
    assume(size < 1e9)
    assert close([found], [by_inner * by_x], size)


INVERSE_PAIRS = [
    (autograd.log, autograd.exp, (-4.0, 4.0)),
    (autograd.log2, autograd.exp2, (-4.0, 4.0)),
    (autograd.log1p, autograd.expm1, (-3.0, 4.0)),
    (autograd.asin, autograd.sin, (-1.4, 1.4)),
    (autograd.acos, autograd.cos, (0.2, 2.9)),
    (autograd.atan, autograd.tan, (-1.4, 1.4)),
    (autograd.asinh, autograd.sinh, (-4.0, 4.0)),
    (autograd.acosh, autograd.cosh, (0.2, 4.0)),
    (autograd.atanh, autograd.tanh, (-3.0, 3.0)),
    (autograd.sqrt, autograd.square, (0.01, 100.0)),
    (autograd.cbrt, lambda x: x * x * x, (0.01, 100.0)),
    (autograd.reciprocal, autograd.reciprocal, (0.01, 100.0)),
    (autograd.degrees, autograd.radians, (-400.0, 400.0)),
]


@pytest.mark.parametrize(
    ("outer", "inner", "interval"), INVERSE_PAIRS, ids=lambda part: getattr(part, "name", "")
)
@few
@given(data=st.data())
def test_an_inverse_undoes_the_derivative(
    outer: Primitive, inner: Any, interval: tuple[float, float], data: st.DataObject
) -> None:
    x = Value(data.draw(st.floats(*interval)))
    y = inner(x)
    undone = outer(y)
    undone.backward()
    # The inner value is rounded, and the slope of the outer one varies with it: a second-order condition.
    slope, bend = grad(outer)(y._data), grad(grad(outer))(y._data)
    size = 1 + abs(x._data) + abs(y._data * bend / slope)
    assert close([undone._data, x.grad], [x._data, 1.0], size * max(1.0, abs(y._data * slope)))


ODD = [
    *(autograd.sin, autograd.tan, autograd.asin, autograd.atan, autograd.sinh, autograd.tanh, autograd.asinh),
    *(autograd.atanh, autograd.erf, autograd.cbrt, autograd.neg, autograd.sign, autograd.trunc),
    *(autograd.reciprocal, autograd.degrees, autograd.radians, autograd.round),
]
EVEN = [autograd.cos, autograd.cosh, autograd.abs, autograd.square, autograd.sech2, autograd.gaussian]


@pytest.mark.parametrize("row", [*ODD, *EVEN], ids=lambda row: row.name)
@few
@given(data=st.data())
def test_odd_and_even_functions_are_symmetric_bit_for_bit(row: Primitive, data: st.DataObject) -> None:
    x = data.draw(st.floats(*row.domain[0]))  # type: ignore[misc]
    (value, (slope,)), (mirrored, (mirrored_slope,)) = swept(row, (x,)), swept(row, (-x,))
    if row in ODD:
        assert repr(mirrored) == repr(-value).replace("-nan", "nan")
        assert same(mirrored_slope, slope)
    else:
        assert repr(mirrored) == repr(value)
        assert same(mirrored_slope, -slope)


@given(smooth, st.integers(-20, 20))
def test_scaling_a_leaf_by_a_power_of_two_scales_its_derivative_bit_for_bit(f: Expression, k: int) -> None:
    factor = 2.0**k
    scaled = gradient(lambda *xs: f(*(x * factor for x in xs)), [x / factor for x in f.point])
    assert scaled == [factor * g for g in gradient(f, f.point)]


@few
@given(expressions([*SMOOTH, autograd.div, autograd.sqrt], largest=100.0, most=5))
def test_a_homogeneous_function_obeys_eulers_identity(f: Expression) -> None:
    def homogeneous(t: Any, *xs: Any) -> Any:  # of degree 1
        return t * f(*(x / t for x in xs))

    point = [2.0, *(2.0 * x for x in f.point)]
    value, slopes = swept(homogeneous, point)
    assume(all(map(math.isfinite, slopes)))
    size = magnitude(homogeneous(*map(Value, point))) * (1 + max(map(abs, point)))
    assert close([sum(map(operator.mul, point, slopes))], [value], size)


def as_symbols(f: Expression) -> tuple[list[Any], Any]:
    symbols = [sympy.Symbol(name, real=True) for name in f.names]
    return symbols, f(*symbols)


SYMBOLIC = [
    *(autograd.add, autograd.sub, autograd.mul, autograd.neg, autograd.sin, autograd.cos, autograd.tanh),
    *(autograd.exp, autograd.atan, autograd.erf, autograd.square, autograd.div, autograd.log, autograd.sqrt),
]


@settings(max_examples=40)
@given(expressions(SYMBOLIC, largest=100.0, most=5))
def test_a_gradient_is_sympys(f: Expression) -> None:
    slopes = gradient(f, f.point)
    assume(all(map(math.isfinite, slopes)))
    symbols, formula = as_symbols(f)
    at = {symbol: sympy.Rational(x) for symbol, x in zip(symbols, f.point, strict=True)}
    expected = [float(sympy.diff(formula, symbol).subs(at).evalf(30)) for symbol in symbols]
    size = magnitude(f(*map(Value, f.point)))
    assume(size < 1e9)
    assert close(slopes, expected, size)


@given(expressions(BRANCHED, largest=1e3))
def test_reverse_and_forward_mode_agree_where_the_partials_are_finite(f: Expression) -> None:
    agree(f)


@given(expressions())
def test_reverse_and_forward_mode_agree_for_every_row(f: Expression) -> None:
    agree(f)


def agree(f: Expression) -> None:
    output = f(*map(Value, f.point))
    assume(all(math.isfinite(p) for node in topological_order(output) for p in node.partials))
    slopes = gradient(f, f.point)
    size = magnitude(output)
    assume(size < 1e100)
    for position, slope in enumerate(slopes):
        direction = tuple(float(place == position) for place in range(len(slopes)))
        value, forward = jvp(f, f.point, direction)
        assert same(value, output._data)
        assert close([forward], [slope], size)


# --- Graphs --------------------------------------------------------------------------------------------


def rebuilt(graph: Graph, point: Any, generator: random.Random) -> tuple[Any, list[Value]]:
    """The graph's output computed again, in any order in which arguments come before results."""
    results: dict[Value, Any] = {}
    given_leaves = []
    for node, x in zip(graph.inputs, point, strict=True):
        results[node] = Value(x)
        given_leaves.append(results[node])
    waiting = [node for node in graph if node.primitive is not None]
    while waiting:
        ready = [
            node for node in waiting if all(isinstance(a, float) or a in results for a in node.arguments)
        ]
        node = generator.choice(ready)
        waiting = [other for other in waiting if other is not node]
        operands = [a if isinstance(a, float) else results[a] for a in node.arguments]
        results[node] = node.primitive(*operands)
    return results[graph.outputs[0]], given_leaves


@given(expressions(), st.randoms(use_true_random=False))
def test_any_order_of_building_gives_the_same_bits(f: Expression, generator: random.Random) -> None:
    value, slopes = swept(f, f.point)
    output, given_leaves = rebuilt(f.graph, f.point, generator)
    output.backward()
    assert same(output._data, value)
    assert all_same([leaf.grad for leaf in given_leaves], slopes)


def written_out(f: Expression, numbers: Any) -> Any:
    """The expression with every shared part computed anew for each of its uses."""
    graph = f.graph
    given_numbers = dict(zip(graph.inputs, numbers, strict=True))

    def tree(node: Any) -> Any:
        if isinstance(node, float):
            return node
        if node.primitive is None:
            return given_numbers[node]
        return node.primitive(*map(tree, node.arguments))

    return tree(graph.outputs[0])


@given(smooth)
def test_a_shared_part_gives_the_gradient_of_the_tree_written_out(f: Expression) -> None:
    shared, tree = swept(f, f.point), swept(lambda *xs: written_out(f, xs), f.point)
    assert same(shared[0], tree[0])
    assert close(shared[1], tree[1], magnitude(f(*map(Value, f.point))))


@given(polynomials)
def test_on_integers_shared_parts_are_exact_and_so_is_everything(f: Expression) -> None:
    shared, tree = swept(f, f.point), swept(lambda *xs: written_out(f, xs), f.point)
    assert shared == tree
    fractions = list(map(Fraction, f.point))
    assert f.graph.evaluate(*fractions) == shared[0]
    assert f.graph.gradient().evaluate(*fractions) == (
        shared[1][0] if len(fractions) == 1 else tuple(shared[1])
    )


@given(expressions(), seeds)
def test_two_sweeps_exactly_double_and_zero_grad_restores(f: Expression, seed: float) -> None:
    given_leaves = [Value(x) for x in f.point]
    unused = Value(3.0)
    output = f(*given_leaves)
    output.backward(seed)
    once = [leaf.grad for leaf in given_leaves]
    inner = [node.grad for node in topological_order(output) if node.primitive is not None]
    output.backward(seed)
    assert all_same([leaf.grad for leaf in given_leaves], [2 * g for g in once])
    assert all_same([node.grad for node in topological_order(output) if node.primitive is not None], inner)
    output.zero_grad()
    assert [node.grad for node in topological_order(output)] == [0.0] * len(topological_order(output))
    output.backward(seed)
    assert all_same([leaf.grad for leaf in given_leaves], once)
    assert unused.grad == 0.0


@given(expressions())
def test_an_unused_argument_has_derivative_zero(f: Expression) -> None:
    slopes = grad(lambda *xs: f(*xs[:-1]), tuple(range(len(f.point) + 1)))(*f.point, 7.0)
    assert slopes[-1] == 0.0
    assert all_same(slopes[:-1], gradient(f, f.point))


class Sweeps(RuleBasedStateMachine):
    """Values built, swept, cleared, assigned and deleted, beside polynomials over exact integers.

    The model of a Value is its number and its derivative by each leaf, both of the time when it was built;
    that of a leaf is its present number, and what its grad adds up to.
    """

    values = Bundle("values")

    def __init__(self) -> None:
        super().__init__()
        self.leaves: list[Value] = []
        self.numbers: list[int] = []
        self.grads: list[int] = []

    def model(self, thing: Any) -> tuple[Value, int, dict[int, int]]:
        node, number, slopes = thing
        return (node, self.numbers[number], slopes) if node.primitive is None else thing

    @rule(target=values, number=st.integers(-3, 3))
    def leaf(self, number: int) -> Any:
        place = len(self.leaves)
        self.leaves.append(Value(number))
        self.numbers.append(number)
        self.grads.append(0)
        return self.leaves[place], place, {place: 1}

    @rule(target=values, first=values, second=values, sign=st.sampled_from(["+", "-", "*"]))
    def build(self, first: Any, second: Any, sign: str) -> Any:
        (x, u, du), (y, v, dv) = self.model(first), self.model(second)
        by_x, by_y = {"+": (1, 1), "-": (1, -1), "*": (v, u)}[sign]
        operation = {"+": operator.add, "-": operator.sub, "*": operator.mul}[sign]
        slopes = {place: by_x * du.get(place, 0) + by_y * dv.get(place, 0) for place in {**du, **dv}}
        if max(map(abs, [operation(u, v), *slopes.values()])) > 2**20:
            return first
        return operation(x, y), operation(u, v), slopes

    @rule(thing=values, seed=st.integers(-2, 2))
    def backward(self, thing: Any, seed: int) -> None:
        node, _, slopes = self.model(thing)
        node.backward(seed)
        for place, slope in slopes.items():
            self.grads[place] += seed * slope

    @rule(thing=values)
    def zero(self, thing: Any) -> None:
        node, _, slopes = self.model(thing)
        node.zero_grad()
        for place in slopes:
            self.grads[place] = 0

    @rule(place=st.integers(0, 9), number=st.integers(-3, 3))
    def assign(self, place: int, number: int) -> None:
        """Past results and their derivatives stay as they were."""
        if self.leaves:
            place %= len(self.leaves)
            self.leaves[place].data = number
            self.numbers[place] = number

    @rule(thing=consumes(values))
    def delete(self, thing: Any) -> None:
        """The others keep what they need of it."""

    @rule(thing=values)
    def compare(self, thing: Any) -> None:
        node, number, _ = self.model(thing)
        assert node.data == number

    @invariant()
    def gradients_are_those_of_the_model(self) -> None:
        assert [leaf.grad for leaf in self.leaves] == self.grads


TestSweeps = Sweeps.TestCase
TestSweeps.settings = settings(max_examples=60, stateful_step_count=30)


# --- Higher order --------------------------------------------------------------------------------------


@few
@given(expressions(SMOOTH, largest=50.0, most=5))
def test_a_hessian_is_symmetric(f: Expression) -> None:
    found = hessian(lambda xs: f(*xs))(list(f.point))
    size = sum(magnitude(output) for output in f.graph.gradient().outputs)
    assume(size < 1e9)
    for i, row in enumerate(found):
        for j, entry in enumerate(row):
            assert close([entry], [found[j][i]], size)


@settings(max_examples=40)
@given(expressions(RATIONAL, leaves="integers", inputs=1, largest=1e4, most=5))
def test_third_derivatives_of_integer_polynomials_are_exact(f: Expression) -> None:
    (symbol,), formula = as_symbols(f)
    (x,) = f.point
    derivative: Callable[[float], float] = f
    for order in range(1, 4):
        derivative = grad(derivative)
        assert derivative(x) == float(sympy.diff(formula, symbol, order).subs(symbol, int(x)))


# --- Special values ------------------------------------------------------------------------------------

SPECIAL = st.sampled_from([0.0, -0.0, math.inf, -math.inf, math.nan, 1.0, -2.0, 5e-324, 1e308])


@given(expressions(), st.lists(SPECIAL, min_size=3, max_size=3))
def test_values_hold_what_floats_give_also_at_special_numbers(f: Expression, numbers: list[float]) -> None:
    point = numbers[: len(f.point)]
    assert repr(f(*map(Value, point))._data) == repr(float(f(*point)))


@given(smooth, st.data())
def test_nan_propagates_through_values_and_gradients(f: Expression, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(f.point) - 1))
    assert math.isnan(f(*(Value(math.nan if i == place else x) for i, x in enumerate(f.point)))._data)
    partials = [p for node in f.graph for p in node.partials]
    assume(all(map(math.isfinite, partials)))
    assert all(map(math.isnan, gradient_of_seed(f, math.nan)))


def gradient_of_seed(f: Expression, seed: float) -> list[float]:
    return swept(f, f.point, seed)[1]


@given(smooth)
def test_an_infinite_seed_gives_infinite_gradients_of_the_same_sign_along_one_path(f: Expression) -> None:
    (x,) = f.point[:1]
    chain = [row for row in f.rows if row.arity == 1]
    node = leaf = Value(x)
    for row in chain:
        node = row(node)
    node.backward()
    slope = leaf.grad
    assume(slope != 0 and math.isfinite(slope))
    leaf.zero_grad()
    node.backward(math.inf)
    assert leaf.grad == math.copysign(math.inf, slope)


@given(
    st.lists(
        st.sampled_from([autograd.neg, autograd.sin, autograd.tanh, autograd.atan, autograd.erf]), max_size=8
    )
)
def test_the_sign_of_zero_survives_odd_functions(chain: list[Primitive]) -> None:
    for zero in (0.0, -0.0):
        node: Any = Value(zero)
        for row in chain:
            node = row(node)
        assert math.copysign(1.0, node._data) == math.copysign(1.0, zero) * (-1) ** chain.count(autograd.neg)
