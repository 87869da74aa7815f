"""Expressions as text: as few brackets as Python needs, and read back they mean the same."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd
from autograd import Graph, Primitive, Value, trace
from autograd.formula import Formula
from autograd.notation import definition, expression
from autograd.testing.strategies import Expression, expressions


def text(function: Any, *numbers: float) -> str:
    return expression(trace(function)(*numbers).outputs[0])


@pytest.mark.parametrize(
    "written",
    [
        *(
            "sin(x)",
            "x*x",
            "x + y + 2",
            "x + (y + 2)",
            "x - (y - 2)",
            "x*(y*2)",
            "x/(y/2)",
            "x/y*2",
            "x//y%2",
        ),
        *("-x", "--x", "-x*y", "-(x*y)", "x - -y", "x*-y", "-x**2", "(-x)**2", "(x + y)**2", "x**2**y"),
        *("x**y**x", "(x**y)**x", "x**-y", "(-2)**x", "x + -2", "x*-0.5", "2*x - 1e-07", "x**2*y"),
        *("where(x > 0, x, -2*x)", "where(x <= y + 1, x, y)", "where((x > 0) == (y > 0), x, y)"),
        *("where(not x > 0, x, y)", "where(x > 0 and y > 0 or x == y, x, y)"),
        *("where(x > 0 and (y > 0 or x == y), x, y)", "where(not (x > 0 and y > 0), x, y)"),
        *("where(x > 0 and (y > 0 and x < y), x, y)", "clamp(x*y, -1, 1)", "tanh(x*y + 0.25)", "x*inf"),
    ],
)
def test_a_formula_comes_back_as_it_was_written(written: str) -> None:
    formula = Formula(written)
    given_names = [name for name in ("x", "y") if name in formula.names]

    def function(*arguments: Any) -> Any:
        return formula(**dict(zip(given_names, arguments, strict=True)))

    leaves = [Value(0.75, label=name) for name in given_names]
    assert text(function, *leaves) == written


@given(expressions())
def test_text_is_read_back_to_the_same_value(f: Expression) -> None:
    *lines, last = expression(f.graph.outputs[0]).split("\n")
    numbers: dict[str, Any] = dict(zip(f.names, f.point, strict=True))
    for line in lines:
        name, _, part = line.partition(" = ")
        numbers[name] = read(part, numbers)
    assert read(last, numbers) == f(*f.point)


def read(text: str, numbers: dict[str, Any]) -> Any:
    formula = Formula(text)
    return formula(**{name: numbers[name] for name in formula.names if name in numbers})


@given(expressions())
def test_a_definition_records_the_same_graph_again(f: Expression) -> None:
    namespace: dict[str, Any] = {}
    exec(definition(f.graph), namespace)
    again = trace(namespace["f"])(*f.point)
    assert str(again) == str(f.graph)


def test_what_is_used_more_than_once_is_lifted_out() -> None:
    x, w = Value(2.0, "x"), Value(3.0, "w")
    product = x * w
    assert expression(product * product + product.sin()) == "t1 = x*w\nt1*t1 + sin(t1)"
    product.label = "p"
    assert expression(product * product) == "p = x*w\np*p"


def test_leaves_appear_by_their_labels_and_numbers_as_numbers() -> None:
    x, unlabelled = Value(2.0, "x"), Value(-3.0)
    assert expression(x * unlabelled) == "x*-3"
    assert expression(unlabelled**2 * x) == "(-3)**2*x"
    assert expression(x * unlabelled, {unlabelled: "w", x: "input"}) == "input*w"
    assert [expression(number) for number in (3, 0.5, -0.0, 0, math.inf, 1e22)] == [
        *("3", "0.5", "-0.0", "0", "inf", "1e+22"),
    ]


HOSTILE = [
    *("a b", "lambda", "sin", "∂²", "1st", "__debug__", "inf", "nan", "t1", "w[0]", "\ud800", "x\ny", "None"),
    *("def f(): pass", "x2", "x_2", "é", "ﬁ", "(", "__import__('os')", "t1_2", "Value", "named", "f"),
]


@given(st.lists(st.sampled_from(HOSTILE) | st.text(max_size=4), min_size=2, max_size=6))
def test_hostile_labels_become_names_of_python_that_differ(labels: list[str]) -> None:
    leaves = [Value(float(place + 2), label) for place, label in enumerate(labels)]
    shared = sum(leaves[1:], leaves[0]).sin()
    output = shared * shared + leaves[-1]
    for place, label in enumerate(labels):
        output = output * leaves[place] if label else output
    namespace: dict[str, Any] = {}
    exec(definition(Graph(output)), namespace)
    inputs = [leaf._data for leaf in Graph(output).inputs]
    assert namespace["f"](*map(Value, inputs))._data == output._data
    for line in expression(output).split("\n"):
        compile(line, "text", "exec")


def test_two_leaves_of_one_label_get_two_names() -> None:
    assert expression(Value(1.0, "x") - Value(2.0, "x")) == "x - x_2"


def test_a_captured_leaf_of_a_definition_is_a_value_with_its_data() -> None:
    weight = Value(-3.0, "w")
    assert definition(trace(lambda x: x * weight)(2.0)) == (
        "from autograd import Value\n\ndef f(x):\n    w = Value(-3)\n    return x*w"
    )


def test_the_text_of_a_gradient_shows_products() -> None:
    slope = trace(lambda x, y: autograd.sin(x * y))(2.0, 3.0).gradient()
    assert [expression(output) for output in slope.outputs] == ["cos(x*y)*y", "cos(x*y)*x"]


def test_a_row_declared_at_run_time_is_written_by_its_infix_symbol_or_name() -> None:
    product = Primitive("notation_product", lambda x, y: x * y, (1.0, 1.0), infix="*")
    arrow = Primitive("notation_arrow", lambda x, y: x + y, (1.0, 1.0), infix="→")
    sine = Primitive("notation_sine", math.sin, (1.0,), symbol="sin")
    cosine = Primitive("notation_cosine", math.cos, (1.0,))
    x, y = Value(1.0, "x"), Value(2.0, "y")
    assert expression(product(x + y, sine(x))) == "(x + y)*sin(x)"
    assert expression(arrow(x, cosine(y))) == "notation_arrow(x, notation_cosine(y))"
    assert "notation_product(x, notation_sine(y))" in definition(Graph(product(x, sine(y))))


@pytest.mark.parametrize("step", [lambda y: y + 1, lambda y: 1 - (y - 1)], ids=["flat", "nested"])
def test_a_chain_of_a_hundred_thousand_is_written_and_is_python(step: Any) -> None:
    y = Value(1.0, "x")
    for _ in range(100_000):
        y = step(y)
    lines = expression(y).split("\n")
    assert len(lines) > 1_000
    for line in (lines[0], lines[1], lines[-1]):
        compile(line, "text", "exec")
