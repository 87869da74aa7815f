"""The chain rule written out: as three articles on backpropagation write it, and for any graph."""

import math
import random

import pytest
from hypothesis import given

import autograd
from autograd import (
    Value,
    derivation,
    grad,
    label,
    log,
    maximum,
    sigmoid,
    topological_order,
    variable_names,
    where,
)
from autograd.notation import steps
from autograd.testing.strategies import Expression, expressions


def slope(z: float) -> float:
    """The derivative of the sigmoid, as an article writes it."""
    return math.exp(-z) / (1 + math.exp(-z)) ** 2


def weighted(weights, inputs, bias):
    return sum((w * x for w, x in zip(weights, inputs, strict=True)), bias)


# --- The networks of the articles ---------------------------------------------------------------------


def four_layers(seed):
    """Four inputs, two layers of two neurons, a linear output and half the squared error."""
    draw = random.Random(seed)
    x, y = [Value(draw.uniform(-2, 2)) for _ in range(4)], Value(draw.uniform(-1, 1))
    w1 = [[Value(draw.uniform(-2, 2)) for _ in x] for _ in range(2)]
    w2 = [[Value(draw.uniform(-2, 2)) for _ in w1] for _ in range(2)]
    w3 = [Value(draw.uniform(-2, 2)) for _ in w2]
    b1, b2 = ([Value(draw.uniform(-1, 1)) for _ in range(2)] for _ in range(2))
    z2 = [weighted(row, x, b) for row, b in zip(w1, b1, strict=True)]
    a2 = [sigmoid(z) for z in z2]
    z3 = [weighted(row, a2, b) for row, b in zip(w2, b2, strict=True)]
    a3 = [sigmoid(z) for z in z3]
    s = weighted(w3, a3, Value(0.0))
    cost = (s - y) ** 2 / 2
    label(x=x, y=y, s=s, C=cost)
    for layer, (weights, biases, sums, results) in {2: (w1, b1, z2, a2), 3: (w2, b2, z3, a3)}.items():
        for j in range(2):
            biases[j].label, sums[j].label = f"b{j + 1}_{layer - 1}", f"z{j + 1}_{layer}"
            results[j].label = f"a{j + 1}_{layer}"
            for k, weight in enumerate(weights[j]):
                weight.label = f"w{j + 1}{k + 1}_{layer - 1}"
    label(W1=w3[0], W2=w3[1])
    return cost, s, y, w1, w2, w3, z2, z3, a2, x


def test_the_four_layer_network_has_the_local_gradient_times_the_activation():
    cost, _, _, _, w2, _, _, _, _, _ = four_layers(1)
    text = str(derivation(cost, w2[1][1]))
    chain, formula, *_ = text.split("\n")
    assert chain == "dC/dw22_2 = dC/ds · ds/da2_3 · da2_3/dz2_3 · dz2_3/dw22_2"
    assert formula.strip() == "= (s - y) · W2 · sigmoid'(z2_3) · a2_2"
    assert r"\frac{dz_{2,3}}{dw_{22,2}}" in derivation(cost, w2[1][1]).latex()


def test_a_weight_that_two_neurons_depend_on_has_a_sum_of_both_ways():
    cost, _, _, w1, _, _, _, _, _, _ = four_layers(1)
    text = str(derivation(cost, w1[0][0]))
    first, last = text.index("dC/ds ="), text.index("dC/dw11_1 =")
    between = text[first:last]
    assert "· ∂z1_3/∂a1_2" in between
    assert "· ∂z2_3/∂a1_2" in between
    assert "dC/dw11_1 = dC/da1_2 · da1_2/dz1_2 · dz1_2/dw11_1" in text
    assert "= dC/da1_2 · sigmoid'(z1_2) · x_0" in text


@pytest.mark.parametrize("seed", range(100))
def test_the_four_layer_network_agrees_with_the_article(seed):
    cost, s, y, w1, w2, w3, z2, z3, a2, x = four_layers(seed)
    error = s.data - y.data
    local = [error * w.data * slope(z.data) for w, z in zip(w3, z3, strict=True)]
    assert derivation(cost, w2[1][0]).value == pytest.approx(local[1] * a2[0].data, rel=1e-12)
    before = sum(delta * row[0].data for delta, row in zip(local, w2, strict=True)) * slope(z2[0].data)
    assert derivation(cost, w1[0][2]).value == pytest.approx(before * x[2].data, rel=1e-12)


def house_prices(seed):
    """Four facts of a house, five sigmoid neurons, a sigmoid output, half the squared error."""
    draw = random.Random(seed)
    x, y = [Value(draw.uniform(-1, 1)) for _ in range(4)], Value(draw.uniform(0, 1))
    w_ih = [[Value(draw.uniform(-1, 1)) for _ in x] for _ in range(5)]
    b_ih, w_ho = ([Value(draw.uniform(-1, 1)) for _ in range(5)] for _ in range(2))
    b_ho = Value(draw.uniform(-1, 1))
    h = [sigmoid(weighted(row, x, b)) for row, b in zip(w_ih, b_ih, strict=True)]
    o = sigmoid(weighted(w_ho, h, b_ho))
    label(X=x, Y=y, W_ih=w_ih, b_ih=b_ih, W_ho=w_ho, b_ho=b_ho, h=h, O=o)
    error = (y - o) ** 2 / 2
    label(E=error)
    return error, o, y, w_ih, w_ho, b_ho, h, x


def test_the_house_prices_have_the_articles_chain():
    error, _, _, w_ih, w_ho, b_ho, _, _ = house_prices(1)
    chain, formula, *_ = str(derivation(error, w_ho[0])).split("\n")
    assert chain.startswith("dE/dW_ho_0 = dE/dO · dO/dW_ho_0")
    assert formula.strip().startswith("= -(Y - O) · (sigmoid'(")
    assert formula.endswith("*h_0)")
    assert "dE/db_ho = dE/dO · dO/db_ho" in str(derivation(error, b_ho))
    assert "dE/dW_ih_2_3 = dE/dO · dO/dh_2 · dh_2/dW_ih_2_3" in str(derivation(error, w_ih[2][3]))


@pytest.mark.parametrize("seed", range(100))
def test_the_house_prices_agree_with_the_article(seed):
    error, o, y, w_ih, w_ho, b_ho, h, x = house_prices(seed)
    delta = (o.data - y.data) * o.data * (1 - o.data)
    assert derivation(error, b_ho).value == pytest.approx(delta, rel=1e-12)
    assert derivation(error, w_ho[1]).value == pytest.approx(delta * h[1].data, rel=1e-12)
    hidden = delta * w_ho[2].data * h[2].data * (1 - h[2].data)
    assert derivation(error, w_ih[2][3]).value == pytest.approx(hidden * x[3].data, rel=1e-12)


def classifier(seed):
    """Two inputs, three sigmoid neurons, a sigmoid output, binary cross-entropy; no biases."""
    draw = random.Random(seed)
    x = [Value(draw.uniform(-2, 2)) for _ in range(2)]
    target = Value(float(draw.random() < 0.5))
    theta1 = [[Value(draw.uniform(-2, 2)) for _ in x] for _ in range(3)]
    theta2 = [Value(draw.uniform(-2, 2)) for _ in range(3)]
    h1 = [row[0] * x[0] + row[1] * x[1] for row in theta1]
    a1 = [sigmoid(h) for h in h1]
    h2 = theta2[0] * a1[0] + theta2[1] * a1[1] + theta2[2] * a1[2]
    output = sigmoid(h2)
    loss = -(target * log(output) + (1 - target) * log(1 - output))
    label(x=x, T=target, theta1=theta1, theta2=theta2, h1=h1, a1=a1, h2=h2, Y=output, J=loss)
    return loss, target, output, theta1, theta2, h1, h2, a1, x


def test_the_classifier_has_the_articles_chain():
    loss, _, _, theta1, theta2, _, _, _, _ = classifier(1)
    chain, formula, *_ = str(derivation(loss, theta2[0])).split("\n")
    assert chain == "dJ/dtheta2_0 = dJ/dY · dY/dh2 · dh2/dtheta2_0"
    assert formula.strip() == "= ((1 - T)/(1 - Y) - T/Y) · sigmoid'(h2) · a1_0"
    chain, formula, *_ = str(derivation(loss, theta1[2][1])).split("\n")
    assert chain == "dJ/dtheta1_2_1 = dJ/dY · dY/dh2 · dh2/da1_2 · da1_2/dh1_2 · dh1_2/dtheta1_2_1"
    assert formula.strip() == "= ((1 - T)/(1 - Y) - T/Y) · sigmoid'(h2) · theta2_2 · sigmoid'(h1_2) · x_1"
    _, chain, formula, *_ = derivation(loss, theta2[0]).latex().split("\n")
    index = r"\theta_{2,0}"
    assert chain == (
        rf"\frac{{dJ}}{{d{index}}} &= \frac{{dJ}}{{dY}} \cdot \frac{{dY}}{{dh_{{2}}}} "
        rf"\cdot \frac{{dh_{{2}}}}{{d{index}}} \\"
    )
    assert formula == (
        r"&= \left(\frac{1 - T}{1 - Y} - \frac{T}{Y}\right) \cdot \sigma'\left(h_{2}\right) \cdot a_{1,0} \\"
    )


@pytest.mark.parametrize("seed", range(100))
def test_the_classifier_agrees_with_the_article(seed):
    loss, target, output, theta1, theta2, h1, h2, a1, x = classifier(seed)
    by_output = -(target.data / output.data - (1 - target.data) / (1 - output.data))
    before = by_output * slope(h2.data)
    assert derivation(loss, theta2[1]).value == pytest.approx(before * a1[1].data, rel=1e-12)
    expected = before * theta2[0].data * slope(h1[0].data) * x[1].data
    assert derivation(loss, theta1[0][1]).value == pytest.approx(expected, rel=1e-12)


# --- Any graph ----------------------------------------------------------------------------------------


@given(expressions())
def test_the_value_is_the_gradient_and_the_text_is_written(f: Expression) -> None:
    (output,) = f.graph.outputs
    for node in f.graph.inputs:
        shown = derivation(output, node)
        expected = autograd.Graph(output, inputs=f.graph.inputs).gradient(node).outputs[0]
        exact = expected._data if isinstance(expected, Value) else expected
        assert shown.value == pytest.approx(exact, rel=1e-9, abs=1e-300, nan_ok=True)
        assert str(shown).endswith(f"{shown.value:.6g}")
        assert shown.latex().count("{") == shown.latex().count("}")


def test_a_node_on_several_paths_has_a_line_and_paths_have_round_ds():
    x = Value(3.0, "x")
    a = x * x
    b = a + x
    label(a=a, b=b, L=(out := b * a))
    assert str(derivation(out, x)).split("\n") == [
        "dL/db = a = 9",
        "dL/da = ∂L/∂a + dL/db · ∂b/∂a = b + dL/db · 1 = 12 + 9 · 1 = 21",
        "dL/dx = dL/db · ∂b/∂x + dL/da · ∂a/∂x = dL/db · 1 + dL/da · (2*x) = 9 · 1 + 21 · 6 = 135",
    ]


def test_a_users_label_goes_before_an_invented_name():
    f, w = Value(2.0, "f"), Value(3.0, "w")
    assert str(derivation(f * w, w)) == "df_2/dw = f = 2"
    assert str(derivation(f * w, f)) == "df_2/df = w = 3"


def test_the_power_rule_is_written_without_its_guards():
    x, w = Value(2.0, "x"), Value(3.0, "w")
    assert str(derivation(x**w, x)) == "df/dx = w*x**(w - 1) = 12"


def test_a_product_with_a_factor_of_0_adds_nothing_whatever_the_slope_of_the_other():
    x = Value(1.0, "x")
    assert str(derivation(x + autograd.acos(x) * 0, x)).endswith(" = 1")
    k = Value(0.0, "k")
    u = autograd.acos(x) * k + x
    label(u=u)
    assert str(derivation(u * u, x)).endswith(" = 2 · 1 = 2")


def test_a_derivation_and_the_steps_number_their_nodes_alike():
    x, w, b = Value(2.0, "x"), Value(-3.0, "w"), Value(6.8, "b")
    o = (x * w + b).tanh()
    assert "t2    t1 + b" in autograd.steps(o)
    assert str(derivation(o, w)).startswith("t2 = x*w + b\ndf/dw = df/dt2 · dt2/dw")


def test_a_chain_of_diamonds_stays_linear():
    y = Value(1.0, "x")
    start = y
    sizes = []
    for count in (100, 200):
        y = start
        for _ in range(count):
            y = y.sin() + y.cos()
        sizes.append(len(str(derivation(y, start))))
    assert sizes[1] < 2.2 * sizes[0]


def test_a_chain_of_a_hundred_thousand_is_written_and_shown_as_one_line():
    x = y = Value(1.0, "x")
    for _ in range(100_000):
        y = y * 1.00001
    shown = derivation(y, x)
    assert str(shown) == "df/dx = 2.71827"
    assert shown._repr_mimebundle_() == {"text/plain": "<derivation over 100,001 nodes: print it to read it>"}


def test_paths_that_were_not_taken_do_not_appear():
    x, y = Value(2.0, "x"), Value(3.0, "y")
    assert str(derivation(maximum(x, y * y) * x, x)) == "df/dx = maximum(x, y*y) = 9"
    assert str(derivation(where(x > 0, x, x * x), x)) == "df/dx = 1"
    assert str(derivation(y * 2, Value(1.0, "w"))) == "df/dw = 0"
    assert str(derivation(x, x)) == "dx/dx = 1"


def test_numbers_are_those_of_the_forward_pass_with_six_digits():
    x = Value(1e-7, "x")
    y = x * x
    assert str(derivation(y, x)) == "df/dx = 2*x = 2e-07"
    x.data = 5.0
    assert derivation(y, x).value == 2e-7


def test_hostile_labels_show_as_typed_in_latex_and_as_names_in_text():
    x = Value(2.0, "</script>\n$\\x&{")
    shown = derivation(x * x, x)
    assert str(shown).startswith("df/dscript_x = 2*script_x")
    latex = shown.latex()
    assert "<" not in latex
    assert r"\lt /script\gt \backslash n\$\backslash x\&\{" in latex


def test_names_may_come_from_the_variables_of_the_caller():
    elsewhere = Value(1.0)
    x, w = Value(2.0), Value(3.0, "elsewhere")
    n = x * w
    out = n.sin()
    assert elsewhere.label == ""
    assert str(derivation(out, w, variable_names())) == (
        "dout/dw = dout/dn · dn/dw = cos(n) · x = 0.96017 · 2 = 1.92034"
    )


def test_what_is_no_value_is_refused():
    with pytest.raises(TypeError, match="from a Value to a Value, not float"):
        derivation(Value(1.0), 2.0)
    with pytest.raises(TypeError, match="steps are those to a Value"):
        steps(1.0)


def test_a_notebook_is_offered_latex_and_text():
    x = Value(2.0, "x")
    shown = derivation(x.sin(), x)
    bundle = shown._repr_mimebundle_()
    assert set(bundle) == {"text/latex", "text/plain"}
    assert bundle["text/plain"] == str(shown) == repr(shown)
    assert bundle["text/latex"] == f"$$\n{shown.latex()}\n$$"


# --- The passes ---------------------------------------------------------------------------------------


@given(expressions())
def test_the_passes_have_every_node_and_every_gradient(f: Expression) -> None:
    (output,) = f.graph.outputs
    forward, backward = steps(output).split("\n\n")
    assert len(forward.split("\n")) == 2 + len(topological_order(output))
    rows = dict(line.split()[:2] for line in backward.split("\n")[3:])
    for node in topological_order(output):
        if node.primitive is None and node.label and node is not output:
            name = next(key for key in rows if key.endswith(f"/d{node.label}"))
            assert rows[name] == f"{derivation(output, node).value:.6g}"


def test_values_of_the_same_data_are_different_nodes():
    x, y = Value(2.0, "x"), Value(2.0, "y")
    assert derivation(x * 3 + y, x).value == grad(lambda x: x * 3 + 2)(2.0)
    assert (
        str(derivation((x * y).sin() + y, x))
        == "t1 = x*y\ndf/dx = df/dt1 · dt1/dx = cos(t1) · y = -0.653644 · 2 = -1.30729"
    )
