"""Expressions as text: as few brackets as Python needs, and read back they mean the same."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd
from autograd import Graph, Primitive, Value, exp, sqrt, trace, where
from autograd.formula import Formula
from autograd.notation import LaTeX, definition, expression, latex
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


# --- LaTeX --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("function", "written"),
    [
        (lambda x, y: (x * y + 2).tanh() / 2, r"\frac{\tanh\left(x \cdot y + 2\right)}{2}"),
        (lambda x, y: (-x) ** 2 + -(x**2), r"\left(-x\right)^2 + \left(-x^2\right)"),
        (lambda x, y: -x * y + x * -y, r"-x \cdot y + x \cdot \left(-y\right)"),
        (lambda x, y: x - (y - 3), r"x - \left(y - 3\right)"),
        (lambda x, y: x * -3 + -3 * y, r"x \cdot \left(-3\right) + -3 \cdot y"),
        (lambda x, y: x * 1e-7 + math.inf, r"x \cdot 10^{-7} + \infty"),
        (lambda x, y: (x / y) ** y, r"\left(\frac{x}{y}\right)^{y}"),
        (lambda x, y: x / y * (x + y), r"\frac{x}{y} \cdot \left(x + y\right)"),
        (lambda x, y: exp(x) ** y, r"\left(e^{x}\right)^{y}"),
        (lambda x, y: exp(x**-y), r"e^{x^{-y}}"),
        (lambda x, y: abs(x + y) ** 2, r"\left|{x + y}\right|^2"),
        (lambda x, y: sqrt(x + y), r"\sqrt{x + y}"),
        (lambda x, y: (-x) % y, r"\left(-x\right) \bmod y"),
        (lambda x, y: autograd.maximum(x, y), r"\max\left(x, y\right)"),
        (lambda x, y: autograd.log_sigmoid(x), r"\operatorname{log\_sigmoid}\left(x\right)"),
        (
            lambda x, y: y + where(x <= y, x, -y),
            r"y + \left(\begin{cases} x & \text{if } x \le y \\ -y & \text{otherwise} \end{cases}\right)",
        ),
    ],
)
def test_latex_has_as_few_brackets_as_a_reader_needs(function: Any, written: str) -> None:
    assert latex(trace(function)(0.75, 0.5).outputs[0]) == written


@pytest.mark.parametrize(
    ("label", "written"),
    [
        *(("w", "w"), ("w1", "w_{1}"), ("w_1", "w_{1}"), ("alpha", r"\alpha"), ("loss", r"\mathrm{loss}")),
        *(("theta_1_2", r"\theta_{1,2}"), ("W_ho", r"W_{\mathrm{ho}}"), ("x[0]", "x_{0}")),
        *(("p(y|x)", r"\mathrm{p(y|x)}"), ("a b", r"\mathrm{a\ b}"), ("$x^2$", r"\mathrm{\$x\wedge 2\$}")),
        *(("</b>\n", r"\mathrm{\lt /b\gt \backslash n}"), (r"\frac{", r"\mathrm{\backslash frac\{}")),
        *(("100%", r"\mathrm{100\%}"), ("a_", r"\mathrm{a\_}"), ("é", "é")),
    ],
)
def test_labels_become_symbols_or_show_as_typed(label: str, written: str) -> None:
    assert latex(Value(2.0, label).sin()) == rf"\sin\left({written}\right)"


def test_shared_parts_are_equations_of_their_own() -> None:
    x, other = Value(2.0, "x"), Value(3.0, "x")
    product = x * other
    assert latex(product * product).split("\n") == [
        *(r"\begin{aligned}", r"t_{1} &= x \cdot {x}_{(2)} \\", r"& t_{1} \cdot t_{1}", r"\end{aligned}"),
    ]


@given(expressions())
def test_braces_and_brackets_of_latex_are_balanced(f: Expression) -> None:
    text = latex(f.graph.outputs[0])
    assert text.count("{") == text.count("}")
    assert text.count(r"\left") == text.count(r"\right")


def test_a_notebook_typesets_latex_unless_it_is_too_long() -> None:
    assert latex(Value(2.0, "x") * 3)._repr_mimebundle_() == {
        "text/latex": "$$\nx \\cdot 3\n$$",
        "text/plain": r"x \cdot 3",
    }
    assert LaTeX("x" * 30_000)._repr_mimebundle_() == {
        "text/plain": "LaTeX of 30,000 characters: print it to read it"
    }
    assert latex(-2.5e-9) == r"-2.5 \cdot 10^{-9}"


def test_a_row_declared_at_run_time_may_have_latex() -> None:
    x, y = Value(1.0, "x"), Value(2.0, "y")
    binomial = Primitive("latex_binomial", lambda x, y: x, (1.0, 1.0), latex=r"\binom{#1}{#2}")
    product = Primitive("latex_product", lambda x, y: x * y, (1.0, 1.0), infix="*")
    assert latex(product(binomial(x + y, y), x)) == r"\binom{x + y}{y} \cdot x"
    with pytest.raises(ValueError, match="latex_wrong has 1 argument, in LaTeX from #1 on"):
        Primitive("latex_wrong", math.sin, (1.0,), latex="#2")


@pytest.mark.parametrize(
    ("write", "expected"),
    [
        (lambda x: autograd.lgamma(x) ** 2, r"\left(\log\left|\Gamma\left({x}\right)\right|\right)^2"),
        (lambda x: abs(x) ** 2, r"\left|{x}\right|^2"),
        (lambda x: x % 1e-5, r"x \bmod 10^{-5}"),
        (lambda x: (x % 2) * 1e20, r"\left(x \bmod 2\right) \cdot 10^{20}"),
        (lambda x: x * 2.5e20, r"x \cdot \left(2.5 \cdot 10^{20}\right)"),
    ],
)
def test_latex_brackets_what_would_read_as_another_function(write, expected):
    assert str(latex(write(Value(3.0, "x")))) == expected
