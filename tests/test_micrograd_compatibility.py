"""A program written for micrograd, or for its lecture, runs with only the import changed.

The expected numbers are those of the originals where these are right, and the mathematics' elsewhere.
"""

import math
import textwrap
from typing import Any

import numpy
import pytest

import autograd
from autograd import Value

inf, nan = math.inf, math.nan


def run(program: str) -> dict[str, Any]:
    names: dict[str, Any] = {}
    exec(
        textwrap.dedent(program).replace("from micrograd.engine", "from autograd"), names
    )  # a program of this file
    return names


# --- Whole programs -----------------------------------------------------------------------------------


def test_a_program_for_micrograd_runs_with_only_its_import_changed() -> None:
    names = run("""
        from micrograd.engine import Value

        def activation(z):
            return z.relu() + z * 0.25

        w = [Value(0.5), Value(-1.5), Value(2.0)]
        b = Value(1)
        x = [1.0, 2, -3.0]

        total = sum((wi * xi for wi, xi in zip(w, x)), b)
        out = activation(total) ** 2 / 4 - 3
        loss = sum([out, 1 - out, -out * 0.5])
        loss.backward()

        for parameter in [*w, b]:
            parameter.data -= 0.1 * parameter.grad
            parameter.grad = 0
    """)
    # total = -7.5, its activation -1.875, out = 3.515625 / 4 - 3, and the loss is 1 - out / 2
    slope = -0.5 * (2 * -1.875 / 4) * 0.25
    assert names["total"].data == -7.5
    assert names["out"].data == 0.87890625 - 3
    assert names["loss"].data == 1 - 0.5 * (0.87890625 - 3)
    assert [p.data for p in names["w"]] == pytest.approx(
        [0.5 - 0.1 * slope, -1.5 - 0.2 * slope, 2.0 + 0.3 * slope]
    )
    assert names["b"].data == pytest.approx(1 - 0.1 * slope)
    assert [p.grad for p in [*names["w"], names["b"]]] == [0.0] * 4


def test_cells_that_follow_the_lecture_run_with_only_its_class_replaced() -> None:
    names = run("""
        from micrograd.engine import Value

        a = Value(2.0, label='a')
        b = Value(-3.0, label='b')
        c = Value(10.0, label='c')
        e = a*b; e.label = 'e'
        d = e + c; d.label = 'd'
        f = Value(-2.0, label='f')
        L = d * f; L.label = 'L'

        def trace(root):
            nodes, edges = set(), set()
            def build(v):
                if v not in nodes:
                    nodes.add(v)
                    for child in v._prev:
                        edges.add((child, v))
                        build(child)
            build(root)
            return nodes, edges

        nodes, edges = trace(L)

        L.grad = 1.0
        order = []
        visited = set()
        def build_topo(v):
            if v not in visited:
                visited.add(v)
                for child in v._prev:
                    build_topo(child)
                order.append(v)
        build_topo(L)
        for node in reversed(order):
            node._backward()
    """)
    assert names["L"].data == -8.0
    assert [names[name].grad for name in "abcdefL"] == [6.0, -4.0, -2.0, -2.0, -2.0, 4.0, 1.0]
    assert {node.label for node in names["nodes"]} == set("abcdefL")
    assert len(names["edges"]) == 6
    assert names["L"]._op == names["e"]._op == "*"
    assert names["d"]._op == "+"


# --- Golden numbers -----------------------------------------------------------------------------------


def test_the_sanity_check() -> None:
    x = Value(-4.0)
    z = 2 * x + 2 + x
    q = z.relu() + z * x
    h = (z * z).relu()
    y = h + q + q * x
    y.backward()
    assert (y.data, x.grad) == (-20.0, 46.0)


def test_the_expression_of_the_readme() -> None:
    a, b = Value(-4.0), Value(2.0)
    c = a + b
    d = a * b + b**3
    c += c + 1
    c += 1 + c + (-a)
    d += d * 2 + (b + a).relu()
    d += 3 * d + (b - a).relu()
    e = c - d
    f = e**2
    g = f / 2.0
    g += 10.0 / f
    g.backward()
    assert g.data == pytest.approx(24.70408163265306, rel=1e-15)
    assert a.grad == pytest.approx(138.83381924198252, rel=1e-15)
    assert b.grad == pytest.approx(645.5772594752186, rel=1e-15)


def neuron_of_the_lecture() -> tuple[list[Value], Value]:
    leaves = [Value(2.0), Value(0.0), Value(-3.0), Value(1.0), Value(6.8813735870195432)]
    x1, x2, w1, w2, b = leaves
    return leaves, x1 * w1 + x2 * w2 + b


@pytest.mark.parametrize("spelling", ["tanh", "exp"])
def test_the_neuron_of_the_lecture(spelling: str) -> None:
    (x1, x2, w1, w2, _), n = neuron_of_the_lecture()
    if spelling == "tanh":
        o = n.tanh()
    else:
        e = (2 * n).exp()
        o = (e - 1) / (e + 1)
    o.backward()
    assert o.data == pytest.approx(0.7071067811865476, abs=1e-12)
    assert [leaf.grad for leaf in (x1, w1, x2, w2)] == pytest.approx([-1.5, 1.0, 0.5, 0.0], abs=1e-12)


# --- What notebooks read ------------------------------------------------------------------------------


def test_op_names_the_operation_as_micrograd_does() -> None:
    x, y = Value(2.0), Value(3.0)
    operations = [x + y, x * y, x**2, x**3, x**-1, x**0.5, x.tanh(), x.exp(), x.relu(), x]
    assert [node._op for node in operations] == [
        "+",
        "*",
        "**2",
        "**3",
        "**-1",
        "**0.5",
        "tanh",
        "exp",
        "ReLU",
        "",
    ]


def test_prev_holds_the_operands_in_order_with_repeats_and_numbers_as_leaves() -> None:
    a = Value(3.0)
    assert [id(operand) for operand in (a + a)._prev] == [id(a), id(a)]
    five = (5 - a)._prev[0]
    assert (five.data, five._prev, five._op) == (5.0, (), "")
    assert [id(operand) for operand in (a**3)._prev] == [id(a)]
    assert [id(operand) for operand in (a**2)._prev] == [id(a)]
    assert a._prev == ()


def test_backward_of_one_node_pushes_its_gradient_into_its_operands() -> None:
    a, b = Value(2.0), Value(5.0)
    y = a * b
    y.grad = 3.0
    y._backward()
    assert (a.grad, b.grad) == (15.0, 6.0)
    y._backward()
    assert (a.grad, b.grad) == (30.0, 12.0)
    a._backward()
    square = a * a
    square.grad = 1.0
    a.grad = 0.0
    square._backward()
    assert a.grad == 4.0


# --- What micrograd's users ran into ------------------------------------------------------------------


def test_powers_of_zero() -> None:
    for exponent, data, grad in ((0, 1.0, 0.0), (0.5, 0.0, inf), (1, 0.0, 1.0), (-1, inf, -inf)):
        x = Value(0)
        y = x**exponent
        y.backward()
        assert (y.data, x.grad) == (data, grad), exponent


def test_division_by_zero() -> None:
    x = Value(0.0)
    y = 1 / x
    y.backward()
    assert (y.data, x.grad) == (inf, -inf)
    z = Value(2.0)
    w = z / 0
    w.backward()
    assert (w.data, z.grad) == (inf, inf)


def test_a_root_of_a_negative_number_is_nan_and_not_complex() -> None:
    y = Value(-8) ** (1 / 3)
    assert type(y.data) is float
    assert math.isnan(y.data)


def test_overflow_is_inf_by_either_spelling() -> None:
    assert (Value(1e200) ** 2).data == (Value(1e200) * 1e200).data == inf


def test_a_value_is_base_and_exponent() -> None:
    x, y = Value(2.0), Value(3.0)
    (x**y).backward()
    assert (x.grad, y.grad) == (12.0, pytest.approx(8 * math.log(2), rel=1e-15))
    y = Value(3.0)
    power = 2**y
    power.backward()
    assert (power.data, y.grad) == (8.0, pytest.approx(8 * math.log(2), rel=1e-15))
    assert (x ** numpy.float64(3)).data == 8.0
    assert (x ** numpy.int64(3)).data == 8.0


def test_the_half_power_times_the_number_is_the_power_one_and_a_half_also_at_zero() -> None:
    x, y = Value(0.0), Value(0.0)
    a, b = x**1.5, y * y**0.5
    a.backward()
    b.backward()
    assert (a.data, x.grad) == (b.data, y.grad) == (0.0, 0.0)


def test_a_value_subtracted_from_a_number_has_the_right_sign() -> None:
    x = Value(3.0)
    y = 10 - x
    y.backward()
    assert (y.data, x.grad) == (7.0, -1.0)


def test_exp_used_twice_accumulates() -> None:
    x = Value(0.5)
    (x.exp() + x.exp() * x.exp()).backward()
    assert x.grad == pytest.approx(math.exp(0.5) + 2 * math.exp(1.0), rel=1e-15)


def test_an_int_leaf_has_a_float_gradient() -> None:
    x = Value(3)
    (x * x).backward()
    assert (type(x.data), type(x.grad), x.grad) == (float, float, 6.0)


INNER_CHECKS = {
    "sin": math.cos,
    "cos": lambda z: -math.sin(z),
    "tan": lambda z: 1 / math.cos(z) ** 2,
    "exp": math.exp,
    "log": lambda z: 1 / z,
    "tanh": lambda z: 1 / math.cosh(z) ** 2,
    "sqrt": lambda z: 0.5 / math.sqrt(z),
    "sigmoid": lambda z: math.exp(-z) / (1 + math.exp(-z)) ** 2,
    "relu": lambda z: 1.0,
    "erf": lambda z: 2 / math.sqrt(math.pi) * math.exp(-z * z),
    "atan": lambda z: 1 / (1 + z * z),
}


@pytest.mark.parametrize("name", INNER_CHECKS)
def test_every_function_multiplies_by_the_inner_derivative(name: str) -> None:
    x = Value(0.3)
    getattr(2 * x + 0.1, name)().backward()
    assert x.grad == pytest.approx(2 * INNER_CHECKS[name](2 * 0.3 + 0.1), rel=1e-13)


def test_a_sum_of_a_list_starts_from_the_number_zero() -> None:
    values = [Value(1.0), Value(2.0), Value(3.0)]
    total = sum(values)
    total.backward()
    assert total.data == 6.0
    assert [value.grad for value in values] == [1.0] * 3


def test_the_functions_for_values_take_numbers_too() -> None:
    assert autograd.tanh(0.5) == math.tanh(0.5)
    assert autograd.relu(-1) == 0.0
