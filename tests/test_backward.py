"""The reverse sweep: what it adds up, what it sets, what it leaves alone."""

import math
import os
import random
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd
from autograd import Value, topological_order
from autograd.value import Value as PythonValue

inf, nan = math.inf, math.nan


def test_a_node_used_twice_receives_both_contributions() -> None:
    a = Value(3.0)
    (a + a).backward()
    assert a.grad == 2.0


def test_a_diamond_is_swept_in_topological_order() -> None:
    a = Value(1.0)
    b = 2 * a
    c = b + a
    (b + c).backward()
    assert a.grad == 5.0


def test_a_second_sweep_of_the_same_graph_is_not_disturbed_by_the_first() -> None:
    x = Value(3.0)
    y = x * x * x
    y.backward()
    assert x.grad == 27.0
    x.grad = 0.0
    y.backward()
    assert x.grad == 27.0


def test_two_sweeps_double_the_leaves_and_not_the_inner_nodes() -> None:
    a, b, d = Value(0.1), Value(0.2), Value(0.3)
    inner = a + b
    y = inner * d
    y.backward()
    once = [node.grad for node in (a, b, d, inner, y)]
    y.backward()
    assert [node.grad for node in (a, b, d)] == [2 * grad for grad in once[:3]]
    assert [node.grad for node in (inner, y)] == once[3:]


def test_two_losses_that_share_an_inner_node_add_up_in_the_leaves() -> None:
    a = Value(2.0)
    s = a * a
    (3 * s).backward()
    (5 * s).backward()
    assert a.grad == 32.0
    assert s.grad == 5.0


def test_local_derivatives_are_those_of_the_forward_pass() -> None:
    x = Value(3.0)
    y = x * x
    x.data = 100.0
    y.backward()
    assert x.grad == 6.0


def test_the_gradient_of_a_leaf_is_summed_first_and_then_added_once() -> None:
    x = Value(1.0)
    y = sum((x * 0.1 for _ in range(10)), Value(0.0))
    y.backward()
    once = x.grad
    y.backward()
    assert x.grad == 2 * once


def test_zero_grad_clears_the_node_and_all_it_depends_on() -> None:
    a, unrelated = Value(2.0), Value(1.0)
    unrelated.grad = 7.0
    s = a * a
    y = s + 1
    y.backward()
    y.zero_grad()
    assert (a.grad, s.grad, y.grad, unrelated.grad) == (0.0, 0.0, 0.0, 7.0)
    y.backward()
    assert a.grad == 4.0


def test_a_leaf_may_be_the_output() -> None:
    x = Value(2.0)
    x.backward()
    x.backward()
    assert x.grad == 2.0


def test_a_leaf_that_is_not_used_keeps_its_gradient() -> None:
    x, other = Value(2.0), Value(3.0)
    (x * 1).backward()
    assert other.grad == 0.0


# --- The seed -----------------------------------------------------------------------------------------


def program(leaves: list[Value]) -> Value:
    a, b, c = leaves
    s = (a * b).tanh() + (b / c).exp()
    return s * s - autograd.log(c) * s + a


@given(st.lists(st.floats(0.5, 2.0), min_size=3, max_size=3), st.integers(-60, 60), st.sampled_from([1, -1]))
def test_gradients_are_linear_in_the_seed_bit_for_bit_for_powers_of_two(
    numbers: list[float], exponent: int, sign: int
) -> None:
    plain, scaled = [Value(x) for x in numbers], [Value(x) for x in numbers]
    seed = math.ldexp(sign, exponent)
    program(plain).backward()
    program(scaled).backward(seed)
    assert [leaf.grad for leaf in scaled] == [seed * leaf.grad for leaf in plain]


def test_the_seed_is_the_gradient_of_the_output_and_must_be_a_number() -> None:
    x = Value(3.0)
    y = x * 2
    y.backward(10)
    assert (y.grad, x.grad) == (10.0, 20.0)
    with pytest.raises(TypeError, match="expected a real number, not str"):
        y.backward("1")  # type: ignore[arg-type]
    assert x.grad == 20.0, "bad input changes nothing"


# --- The strong zero ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("function", "gradient"),
    [
        (lambda x: autograd.where(x > 0, autograd.log(x), 0.0), 0.0),
        (lambda x: autograd.where(x > 0, autograd.log(x), x), 1.0),
        (lambda x: x * autograd.sqrt(x), 0.0),
        (lambda x: autograd.sqrt(x * x) ** 2, 0.0),
        (lambda x: 0.0 * (1 / x), 0.0),
        (lambda x: autograd.maximum(autograd.log(x), 1.0), 0.0),
        (lambda x: autograd.minimum(1 / x, 5.0), 0.0),
        (lambda x: autograd.relu(autograd.log(x)), 0.0),
        (lambda x: autograd.clamp(autograd.log(x), -1.0, 1.0), 0.0),
    ],
    ids=["where", "where_x", "x_sqrt_x", "square_of_root", "masked", "maximum", "minimum", "relu", "clamp"],
)
def test_a_term_that_counts_for_nothing_contributes_nothing_however_singular(
    function: Callable[[Any], Any], gradient: float
) -> None:
    x = Value(0.0)
    function(x).backward()
    assert x.grad == gradient


@pytest.mark.parametrize("seed", [inf, -inf, nan])
def test_an_argument_that_was_not_selected_is_not_visited_even_by_an_infinite_adjoint(seed: float) -> None:
    for select in (
        lambda taken, other: autograd.where(True, taken, other),
        lambda taken, other: autograd.maximum(taken, other),
        lambda taken, other: -autograd.minimum(-taken, -other),
        lambda taken, other: autograd.clamp(taken, other, 10.0),
    ):
        taken, other = Value(2.0), Value(1.0)
        select(taken, other).backward(seed)
        assert taken.grad == seed or math.isnan(seed)
        assert other.grad == 0.0
    x = Value(-1.0)
    x.relu().backward(seed)
    assert x.grad == 0.0


def test_an_infinite_adjoint_times_a_partial_of_zero_is_nan_elsewhere() -> None:
    x = Value(0.0)
    autograd.sqrt(x * 0.0).backward()
    assert math.isnan(x.grad)


def test_an_output_that_is_not_finite_can_be_swept() -> None:
    x = Value(0.0)
    y = autograd.log(x)
    y.backward()
    assert (y.data, x.grad) == (-inf, inf)


# --- Graphs -------------------------------------------------------------------------------------------


def test_doubling_sixty_times_takes_linear_time() -> None:
    x = y = Value(1.0)
    for _ in range(60):
        y = y + y
    y.backward()
    assert y.data == x.grad == 2.0**60


@given(st.integers(0, 2**32))
def test_the_order_in_which_independent_parts_are_built_does_not_change_a_bit(seed: int) -> None:
    generator = random.Random(seed)
    numbers = [generator.uniform(0.5, 2.0) for _ in range(4)]
    results = []
    for order in ((0, 1, 2, 3), generator.sample(range(4), 4)):
        leaves = [Value(x) for x in numbers]
        parts: dict[int, Value] = {}
        for i in order:
            parts[i] = (leaves[i] * leaves[(i + 1) % 4]).tanh() / leaves[(i + 2) % 4]
        y = parts[0] * parts[1] + parts[2] * parts[3]
        y.backward()
        results.append([y.data, *(leaf.grad for leaf in leaves)])
    assert results[0] == results[1]


@given(st.lists(st.integers(-5, 5), min_size=3, max_size=3))
def test_a_shared_part_gives_the_gradient_of_the_tree_written_out(numbers: list[int]) -> None:
    shared, tree = [Value(x) for x in numbers], [Value(x) for x in numbers]
    a, b, c = shared
    s = a * b + c
    (s * s * a + s).backward()
    a, b, c = tree
    ((a * b + c) * (a * b + c) * a + (a * b + c)).backward()
    assert [leaf.grad for leaf in shared] == [leaf.grad for leaf in tree]


@given(st.lists(st.integers(-20, 20), min_size=2, max_size=6), st.integers(-8, 8))
def test_the_gradient_of_a_polynomial_is_exact_on_small_integers(coefficients: list[int], at: int) -> None:
    x = Value(at)
    y: Any = Value(0.0)
    for coefficient in coefficients:
        y = y * x + coefficient
    y.backward()
    degree = len(coefficients) - 1
    exact = sum(
        Fraction(c) * (degree - k) * Fraction(at) ** (degree - k - 1)
        for k, c in enumerate(coefficients)
        if degree > k
    )
    assert x.grad == exact


def test_the_topological_order_depends_on_the_expression_alone() -> None:
    a, b = Value(1.0, label="a"), Value(2.0, label="b")
    unused = b * b
    product = a * b
    y = product + a
    assert topological_order(y) == [a, b, product, y]
    assert [id(node) for node in topological_order(y)] == [id(node) for node in (a, b, product, y)]
    assert topological_order(y, unused)[-1] is unused
    assert [id(node) for node in topological_order(y, y, a)] == [id(node) for node in (a, b, product, y)]


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, MemoryError])
def test_an_interrupted_sweep_leaves_the_gradients_of_the_leaves_as_they_were(
    interruption: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(order: list[PythonValue]) -> None:
        order[0].grad = 99.0
        raise interruption

    x = PythonValue(3.0)  # the engine in C cannot be interrupted there
    y = x * x
    y.backward()
    monkeypatch.setattr("autograd.value._sweep", interrupted)
    with pytest.raises(interruption):
        y.backward()
    monkeypatch.undo()
    assert x.grad == 6.0
    y.backward()
    assert x.grad == 12.0


def test_threads_that_share_a_leaf_add_up_in_it() -> None:
    weight = Value(2.0)

    def work(_: int) -> None:
        for _ in range(50):
            y = weight
            for _ in range(20):
                y = y * 1.0 + weight
            y.backward()

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(work, range(8)))
    finally:
        sys.setswitchinterval(interval)
    assert weight.grad == 8 * 50 * 21


def test_every_process_computes_the_same_bits_in_the_same_order() -> None:
    program = (
        "from autograd import Value, Graph\n"
        "x, y = Value(0.1, label='x'), Value(0.7, label='y')\n"
        "z = sum(((x * k).sin() * (y / k).tanh() for k in range(1, 30)), 0.1)\n"
        "z.backward()\n"
        "print(Graph(z), x.grad.hex(), y.grad.hex())\n"
    )
    printed = {
        subprocess.run(
            [sys.executable, "-c", program],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("0", "1", "2")
    }
    assert len(printed) == 1


@pytest.mark.parametrize("x", [-1000.0, 1000.0])
@pytest.mark.parametrize(
    ("function", "left", "right"),
    [
        (autograd.tanh, 0.0, 0.0),
        (autograd.sigmoid, 0.0, 0.0),
        (autograd.log_sigmoid, 1.0, 0.0),
        (autograd.softplus, 0.0, 1.0),
        (lambda v: autograd.logaddexp(v, 0.0), 0.0, 1.0),
    ],
    ids=["tanh", "sigmoid", "log_sigmoid", "softplus", "logaddexp"],
)
def test_far_out_values_and_gradients_are_finite_and_right(
    function: Callable[[Value], Value], left: float, right: float, x: float
) -> None:
    leaf = Value(x)
    value = function(leaf)
    value.backward()
    assert math.isfinite(value.data)
    assert leaf.grad == (left if x < 0 else right)
