"""Pictures show every node, operand, derivative and label as it is, on whichever engine there is."""

import base64
import importlib.util
import math
import os
import subprocess
import sys
import sysconfig
from pathlib import Path
from xml.etree import ElementTree

import graphviz
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd
from autograd import Value, exp, log, maximum, sin, sqrt
from autograd.drawing import Picture, RenderingError, colours, draw
from autograd.drawing.engines import FORMATS
from autograd.graph import Graph, trace

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(autouse=True)
def _embedded_engine(monkeypatch):
    monkeypatch.setenv("AUTOGRAD_GRAPHVIZ", "graphviz-pure")


@pytest.fixture
def no_engine(monkeypatch, tmp_path):
    """An environment with no setting and no engine; returns a folder in which to install some."""
    folder = tmp_path / "programs"
    folder.mkdir()
    monkeypatch.delenv("AUTOGRAD_GRAPHVIZ")
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setattr(sysconfig, "get_path", lambda name: str(folder))
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    return folder


EMBEDDED = Path(sysconfig.get_path("scripts"), "graphviz-pure")


def install(folder, name, script):
    """Makes a shell script a program of that folder."""
    program = folder / name
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)


def square():
    x = Value(3.0, label="x")
    return x * x


def neuron():
    x1, x2, w1, w2 = Value(2.0, "x1"), Value(0.0, "x2"), Value(-3.0, "w1"), Value(1.0, "w2")
    o = (x1 * w1 + x2 * w2 + Value(6.8813735870195432, "b")).tanh()
    o.label = "o"
    return o


def groups(picture, kind):
    """The SVG's groups of a class: its nodes or its edges, in the order of the source."""
    svg = ElementTree.fromstring(picture.pipe("svg"))
    return [group for group in svg.iter(f"{SVG}g") if group.get("class") == kind]


def texts(group):
    """What a group shows, line by line; the engine writes neighbouring spaces as unbreakable ones."""
    return [element.text.replace("\xa0", " ") for element in group.iter(f"{SVG}text")]


def shown(value):
    """What the picture of a leaf shows beside `data` and beside `grad`."""
    data, number, grad, *mark, derivative = texts(groups(draw(value), "node")[-1])
    assert (data, grad) == ("data", "grad")
    derivative = derivative.strip()
    assert mark == ([] if derivative in ("–", "0", "-0") else ["▼"] if derivative[0] == "-" else ["▲"])
    return number, derivative


def operations(output):
    """How each inner node says that it was computed."""
    return [texts(node)[0].strip() for node in groups(draw(output), "node") if len(texts(node)) > 4]


# --- What a picture shows -----------------------------------------------------------------------------


def test_a_node_shows_its_operation_label_data_and_gradient():
    o = neuron()
    o.backward()
    *_, last = groups(draw(o), "node")
    assert [text.strip() for text in texts(last)] == ["tanh", "o", "data", "0.7071", "grad", "▲", "1"]


def test_an_edge_goes_from_each_operand_to_the_result_with_the_local_derivative():
    a, b = Value(6.0, label="a"), Value(3.0, label="b")
    edges = groups(draw(a / b), "edge")
    assert [edge.find(f"{SVG}title").text for edge in edges] == ["n0->n2", "n1->n2"]
    assert [texts(edge) for edge in edges] == [["∂₁ 0.3333"], ["∂₂ -0.6667"]]


def test_the_only_operand_has_an_unnumbered_derivative():
    (edge,) = groups(draw(Value(0.0).sin()), "edge")
    assert texts(edge) == ["∂ 1"]


@pytest.mark.parametrize("expression", [lambda x: x * x, lambda x: x + x, lambda x: x / x])
def test_an_operand_used_twice_has_two_edges(expression):
    picture = draw(expression(Value(3.0)))
    assert [edge.find(f"{SVG}title").text for edge in groups(picture, "edge")] == ["n0->n1", "n0->n1"]


@pytest.mark.parametrize(
    ("expression", "operation"),
    [
        (lambda x: x * 2, "* 2"),
        (lambda x: 2 * x, "2 *"),
        (lambda x: 1 - x, "1 -"),
        (lambda x: x - 0.1, "- 0.1"),
        (lambda x: x**3, "** 3"),
        (lambda x: x**2, "**2"),
        (lambda x: -x, "-"),
        (lambda x: x.relu(), "ReLU"),
        (lambda x: autograd.clamp(x, -1, 1), "clamp(·, -1, 1)"),
        (lambda x: autograd.atan2(1, x), "atan2(1, ·)"),
    ],
)
def test_a_number_operand_stands_in_its_place_in_the_operation(expression, operation):
    assert operations(expression(Value(3.0))) == [operation]


def test_an_operand_without_a_derivative_has_a_dashed_edge():
    graph = trace(lambda x, y: autograd.where(x > y, x, y))(1.0, 2.0)
    edges = {
        tuple(texts(edge)): "dasharray" in ElementTree.tostring(edge).decode()
        for edge in groups(draw(graph), "edge")
    }
    assert edges == {("₁",): True, ("₂",): True, ("∂₂ 0",): False, ("∂₃ 1",): False}


@pytest.mark.parametrize(
    ("number", "text"),
    [(1e-7, "1e-07"), (1e300, "1e+300"), (2 / 3, "0.6667"), (5.0, "5"), (-123456.0, "-123456"), (-0.0, "-0")],
)
def test_numbers_keep_four_significant_digits_and_six_of_a_whole_number(number, text):
    value = Value(number)
    value.grad = number
    assert shown(value) == (text, text)


def test_every_digit_is_in_the_tooltip():
    value = Value(2 / 3)
    assert "%0: data 0.6666666666666666, grad –" in draw(value).pipe("svg", encoding="utf-8")


@pytest.mark.parametrize("fold", ["none", "sums"])
def test_a_node_has_the_number_in_its_tooltip_that_it_has_in_the_listing(fold):
    a, b, c, d = (Value(1.0 + place, label) for place, label in enumerate("abcd"))
    output = sin(a * b + b * c + c * d)
    listing = str(Graph(output))
    boxes = draw(output, fold=fold).diagram.boxes
    numbers = {box.operation or box.label: box.tooltip.partition(":")[0] for box in boxes if not box.folded}
    assert f"{numbers['d']} = d " in listing
    assert f"{numbers['sin']} = sin(" in listing


def test_the_scope_is_in_the_tooltip():
    with autograd.scope("layer0"), autograd.scope("a<b"):
        value = Value(1.0)
    assert "%0 in layer0/a&lt;b: data 1.0" in draw(value).pipe("svg", encoding="utf-8")


def test_a_gradient_that_was_never_computed_is_absent_and_a_zero_gradient_is_zero():
    x, y = Value(1.0), Value(2.0)
    assert shown(x) == ("1", "–")
    (x + 0 * y).backward()
    assert (shown(x), shown(y)) == (("1", "1"), ("2", "0"))
    x.zero_grad()
    assert shown(x) == ("1", "–")


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_is_loud(number):
    quiet, loud = draw(Value(1.0)).source, draw(Value(number)).source
    assert colours.ALARM not in quiet
    assert f'<FONT COLOR="{colours.ALARM}"><B>{number}</B></FONT>' in loud


def test_a_derivative_that_is_not_finite_is_loud():
    assert f'color="{colours.ALARM}"' in draw(log(Value(0.0))).source


def test_a_graph_shows_all_of_its_outputs_and_its_unused_inputs():
    graph = trace(lambda x, unused: (x.sin(), 3.0))(0.0, 1.0)
    nodes = [[text.strip() for text in texts(node)] for node in groups(draw(graph), "node")]
    assert sorted(nodes) == [
        ["data", "3", "grad", "–"],
        ["sin", "data", "0", "grad", "–"],
        ["unused", "data", "1", "grad", "–"],
        ["x", "data", "0", "grad", "–"],
    ]


def test_a_picture_can_be_drawn_inside_a_trace():
    pictures = []
    trace(lambda x: pictures.append(draw(x * x)) or x)(3.0)
    assert shown(Value(9.0)) == ("9", "–")
    assert texts(groups(pictures[0], "node")[-1])[-3:] == ["9", "grad", "–"]


def test_a_user_s_own_primitive_is_drawn_by_its_symbol():
    twice = autograd.primitive("drawn_twice", lambda x: 2 * x, (2.0,), symbol="2×")
    assert operations(twice(Value(1.0))) == ["2×"]


# --- Labels -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "label",
    [
        "x<y", "<b>hi</b>", "<>", "p(y|x)", "{a}", "two\nlines", "</script>", "<BR/>", "]]>", "-->",
        '"quoted"', "it's", "back\\slash", r"\N \G \L \n \l \\", "\\", "&amp; & &lt;", "a  b   c",
        "%0", "n0", "node", "αβγ ∂ü", "Привет", "漢字仮名", "😀",
    ],
)  # fmt: skip
def test_a_label_shows_as_typed(label):
    (node,) = groups(draw(Value(1.0, label=label)), "node")
    assert "\n".join(texts(node)[:-4]) == label


@given(
    labels=st.lists(
        st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1), max_size=20
    )
)
def test_any_printable_labels_show_as_typed(labels):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AUTOGRAD_GRAPHVIZ", "graphviz-pure")
        nodes = groups(draw(Graph(*(Value(1.0, label=label) for label in labels))), "node")
    assert sorted(texts(node)[0] for node in nodes) == sorted(labels)


@pytest.mark.parametrize(("label", "visible"), [("\x00", r"\x00"), ("a\tb", r"a\tb"), ("\ud800", r"\ud800")])
def test_a_character_that_no_svg_can_hold_shows_as_python_writes_it(label, visible):
    (node,) = groups(draw(Value(1.0, label=label)), "node")
    assert texts(node)[0] == visible


@pytest.mark.parametrize("label", ["", " ", "\n"])
def test_a_blank_label_takes_no_line(label):
    (node,) = groups(draw(Value(1.0, label=label)), "node")
    assert texts(node) == ["data", "1", "grad", "–"]


# --- Colours, marks and the legend -----------------------------------------------------------------------


def fills(picture):
    """The colour of each box, by the first line that it shows."""
    return {texts(node)[0]: node.find(f".//{SVG}path").get("fill") for node in groups(picture, "node")}


def test_a_box_is_the_darker_the_larger_its_gradient_on_a_logarithmic_scale():
    leaves = [Value(1.0, label=f"x{power}") for power in range(5)]
    sum(10.0**power * leaf for power, leaf in enumerate(leaves)).backward()
    picture = draw(Graph(*leaves))
    assert fills(picture) == {f"x{power}": colours.SHADES[power] for power in range(5)}
    assert picture.diagram.scale == ("1", "10000")


def test_without_a_gradient_or_with_a_zero_one_a_box_has_no_shade():
    x, y = Value(1.0, label="x"), Value(2.0, label="y")
    assert set(fills(draw(Graph(x, y))).values()) == {colours.PAPER}
    (x + 0 * y).backward()
    assert fills(draw(Graph(x, y))) == {"x": colours.SHADES[-1], "y": colours.PAPER}


def test_the_sign_of_a_gradient_has_a_colour_and_a_mark():
    x, y = Value(1.0, label="x"), Value(2.0, label="y")
    (x - y).backward()
    source = draw(Graph(x, y)).source
    assert f'<FONT COLOR="{colours.POSITIVE}" POINT-SIZE="10">▲</FONT> 1' in source
    assert f'<FONT COLOR="{colours.NEGATIVE}" POINT-SIZE="10">▼</FONT> -1' in source


def test_the_legend_explains_what_is_there_and_nothing_else():
    x = Value(3.0, label="x")
    (before,) = draw(x * x).diagram.notes
    assert "∂: derivative by the operand" in before
    assert "▲" not in before
    y = x * x
    y.backward()
    (after,) = draw(y).diagram.notes
    assert "▲ positive" in after
    assert "▼" not in after
    assert "red: nan or infinite" in draw(log(-x)).diagram.notes[0]
    assert draw(y, legend=False).diagram.notes == ()


def test_an_svg_has_a_dark_twin_of_each_of_its_colours():
    o = neuron()
    o.backward()
    svg = draw(Graph(o, log(o - 2))).pipe("svg", encoding="utf-8")
    assert svg.count("prefers-color-scheme: dark") == 1
    style = svg.partition("</style>")[0]
    root = ElementTree.fromstring(svg)
    used = {
        element.get(attribute)
        for element in root.iter()
        for attribute in ("fill", "stroke")
        if element.get(attribute) not in (None, "none", "transparent")
    }
    assert {colour for colour in used if f'="{colour}"]' not in style} == set()


# --- Views --------------------------------------------------------------------------------------------------


def test_the_backward_view_shows_what_each_operand_receives_without_a_backward_pass():
    o = neuron()
    picture = draw(o, view="backward", legend=False)
    listed = picture.pipe("txt", encoding="utf-8").splitlines()
    assert listed[0].split() == ["n0", "x1", "data", "2", "grad", "▼", "-1.5"]
    assert "∂₁ -3 × 0.5 = -1.5" in listed[2]
    assert all(edge.backward for edge in picture.diagram.edges)
    assert not o._has_grad
    assert all(not node._has_grad for node in Graph(o))


def test_what_the_operands_receive_adds_up_to_the_gradient():
    x = Value(3.0, label="x")
    edges = draw(x * x + sin(x), view="backward").diagram.edges
    parts = [float(edge.label.rpartition("= ")[2]) for edge in edges if edge.source == "n0"]
    assert sum(parts) == pytest.approx(6 + math.cos(3), abs=1e-3)


def test_the_gradient_view_is_the_picture_of_the_gradient_s_graph():
    graph = trace(lambda x, w: (x * w).tanh())(0.5, -2.0)
    picture = draw(graph, view="gradient")
    assert picture.listing == str(graph.gradient())
    outputs = {box.label: box.rows for box in picture.diagram.boxes if box.output}
    assert sorted(outputs) == ["∂f/∂w", "∂f/∂x"]
    assert outputs["∂f/∂x"] == (("data", "-0.8399", 0, False),)


def test_a_gradient_has_a_gradient_view_too():
    first = trace(lambda x: x * x * x)(2.0).gradient()
    (box,) = (box for box in draw(first, view="gradient").diagram.boxes if box.output)
    assert box.rows[0].text == "12"


def test_one_node_may_be_several_derivatives():
    x, y = Value(1.0, label="x"), Value(2.0, label="y")
    total = sin(x + y)
    total.label = "t"
    (box,) = (box for box in draw(total, view="gradient").diagram.boxes if box.output)
    assert box.label == "∂t/∂x, ∂t/∂y"


@pytest.mark.parametrize("view", ["backward", "gradient"])
def test_a_view_of_adjoints_needs_one_output(view):
    with pytest.raises(ValueError, match=r"one output, and this (one|graph) has 2"):
        draw(Graph(Value(1.0), Value(2.0)), view=view)


# --- Highlights ---------------------------------------------------------------------------------------------


def shares(picture):
    """The percentages of the edges that stand out, by their ends."""
    return {
        (edge.source, edge.target): edge.label.rpartition("\n")[2]
        for edge in picture.diagram.edges
        if edge.bold
    }


def test_a_highlighted_input_shows_only_what_carries_its_gradient_with_its_share():
    x, y = Value(2.0, label="x"), Value(5.0, label="y")
    picture = draw(3 * x + x * (y + 0) + sin(y) + maximum(x, y), highlight=x)
    listed = {box.name: box.operation or box.label for box in picture.diagram.boxes}
    assert {
        (listed[source], listed[target]): share for (source, target), share in shares(picture).items()
    } == {
        ("x", "3 *"): "37.5 %",
        ("x", "*"): "62.5 %",
        ("3 *", "+"): "37.5 %",
        ("*", "+"): "62.5 %",
        ("+", "+"): "100 %",
    }
    assert [box.label for box in picture.diagram.boxes if box.pale and box.label] == ["y"]
    assert picture.diagram.notes[0] == ("in full colour: what carries the gradient 8 of x, with its share")


def test_an_operand_used_twice_is_highlighted_twice():
    x = Value(3.0, label="x")
    edges = draw(x * x, highlight=x).diagram.edges
    assert [edge.label for edge in edges] == ["∂₁ 3\n50 %", "∂₂ 3\n50 %"]


def test_a_highlighted_path_says_which_part_of_the_gradient_it_carries():
    x = Value(2.0, label="x")
    square = x * x
    whole = square + 4 * x
    picture = draw(whole, highlight=[x, square, whole])
    assert picture.diagram.notes[0] == ("in full colour: a path that carries 4, 50 % of the gradient 8 of x")
    assert [edge.bold for edge in picture.diagram.edges] == [True, True, False, True, False]


def test_an_input_that_no_gradient_reaches_is_said_to_be_so():
    x = Value(-1.0, label="x")
    picture = draw(x.relu(), highlight=x)
    assert picture.diagram.notes[0] == "no gradient reaches x"
    assert all(edge.pale for edge in picture.diagram.edges)
    assert "cancels to 0" in draw(x - x, highlight=x).diagram.notes[0]


def test_an_operand_that_was_not_selected_receives_nothing_even_of_infinity():
    x = Value(-1.0, label="x")
    inner = x.relu()
    output = sqrt(inner)
    picture = draw(output, view="backward", highlight=x)
    assert [edge.label for edge in picture.diagram.edges] == ["∂ 0 × inf = 0", "∂ inf × 1 = inf"]
    assert [edge.alarm for edge in picture.diagram.edges] == [False, True]
    assert picture.diagram.notes[0] == "no gradient reaches x"
    path = draw(output, highlight=[x, inner, output])
    assert path.diagram.notes[0] == "in full colour: a path that carries 0 of the gradient 0 of x"


def test_an_adjoint_of_zero_hands_back_zero_even_times_infinity():
    x = Value(0.0, label="x")
    picture = draw(sqrt(x) * 0, view="backward", highlight=x)
    assert [edge.label for edge in picture.diagram.edges] == ["∂ inf × 0 = 0", "∂ 0 × 1 = 0"]
    assert picture.diagram.notes[0] == "no gradient reaches x"


def test_a_run_of_what_does_not_select_hands_back_nothing_either():
    x = Value(-1.0, label="x")
    picture = draw(sqrt(x.relu().relu().relu()), fold="repeats", view="backward")
    assert [edge.label for edge in picture.diagram.edges] == ["∂ 0 × inf = 0", "∂ inf × 1 = inf"]


@pytest.mark.parametrize(("fold", "told"), [("none", ["100 %", "100 %"]), ("sums", [])])
def test_shares_of_parts_that_cancel_are_not_told(fold, told):
    x = Value(1.0, label="x")
    picture = draw(x * 1e-5 + x * 1e308 + x * -1e308, fold=fold, highlight=x)
    assert all(edge.bold for edge in picture.diagram.edges)
    lines = (edge.label.partition("\n")[2] for edge in picture.diagram.edges)
    assert [line for line in lines if line] == told
    assert picture.diagram.notes[-2] == "in full colour: what carries the gradient 1e-05 of x, with its share"


def test_a_highlight_that_is_not_in_the_graph_is_an_error():
    x, y = Value(1.0, label="x"), Value(2.0, label="y")
    total = sin(x)
    with pytest.raises(ValueError, match="y is none of it"):
        draw(total, highlight=y)
    with pytest.raises(ValueError, match="the result of sin is no argument of x"):
        draw(total, highlight=[total, x])
    with pytest.raises(TypeError, match="a Value of the graph, or a list of Values"):
        draw(total, highlight="x")
    with pytest.raises(ValueError, match="highlight needs a graph of one output"):
        draw(Graph(total, x), highlight=x)


# --- Folds --------------------------------------------------------------------------------------------------


def wide(inputs=17):
    """A neuron with that many inputs, after backward."""
    xs = [Value(1.0 + i, f"x{i}") for i in range(inputs)]
    ws = [Value(0.1 * i, f"w{i}") for i in range(inputs)]
    total = Value(0.5, "b")
    for w, x in zip(ws, xs, strict=True):
        total = total + w * x
    o = sin(total)
    o.backward()
    return o


def network(samples=1):
    """A sum of scores of a network like micrograd's, made by hand in scopes."""

    def layer(name, inputs, outputs):
        with autograd.scope(name):
            weights = [[Value(0.01 * (i + j), f"w{i}") for i in range(inputs)] for j in range(outputs)]

        def apply(xs):
            with autograd.scope(name):
                return [sum(w * x for w, x in zip(row, xs, strict=True)).relu() for row in weights]

        return apply

    layers = [layer("first", 2, 16), layer("second", 16, 16), layer("third", 16, 1)]
    scores = []
    for sample in range(samples):
        xs = [Value(0.5 + sample, "x0"), Value(1.0, "x1")]
        for apply in layers:
            xs = apply(xs)
        scores += xs
    return sum(scores)


def test_a_sum_of_products_is_one_box_and_a_series_of_leaves_another():
    picture = draw(wide(), fold="sums", legend=False)
    assert [(box.operation, box.label) for box in picture.diagram.boxes] == [
        ("", "b"),
        ("", "w0 … w16  ×17"),
        ("", "x0 … x16  ×17"),
        ("Σ 17 products + b", ""),
        ("sin", ""),
    ]
    assert [edge.label for edge in picture.diagram.edges] == ["×17", "×17", "∂ 1", "∂ 0.9437"]
    assert picture.diagram.notes == ("70 nodes folded into 5",)


def test_an_edge_into_a_sum_bears_the_derivative_of_the_whole_sum():
    x, y, z = Value(2.0, "x"), Value(3.0, "y"), Value(5.0, "z")
    edges = draw(x * y + sin(y) + z, fold="sums").diagram.edges
    assert [edge.label for edge in edges if edge.target == "n2"] == ["∂ 3", "∂ 2", "∂ 1", "∂ 1"]


def leaves(names):
    """Values 1, 2, ... labelled with the letters of a word."""
    return [Value(1.0 + place, name) for place, name in enumerate(names)]


def computed(output, fold):
    """What each box of a folded picture but those of leaves says that it computes."""
    boxes = draw(output, fold=fold).diagram.boxes
    return [f"{box.operation} {box.label}".rstrip() for box in boxes if box.operation]


def labelled(node, label):
    node.label = label
    return node


def of_a_shared_product(a, b, c, d, e, f):
    shared = a * b
    return (c * d + e * f + shared) * shared


@pytest.mark.parametrize(
    ("expression", "boxes"),
    [
        (lambda a, b, c, d, e, f: a * b + c + d + e, ["Σ 1 product + 3 terms"]),
        (lambda a, b, c, d, e, f: 0 + a * b + c * d, ["Σ 2 products"]),
        (lambda a, b, c, d, e, f: a + b + 0 + 3, ["Σ 3 terms"]),
        (lambda a, b, c, d, e, f: c * d + e * f + a, ["Σ 2 products + a"]),
        (lambda a, b, c, d, e, f: c * d + e * f + labelled(a * b, "p"), ["Σ 2 products + p", "* p"]),
        (of_a_shared_product, ["Σ 2 products + 1 term", "*", "*"]),
        (lambda a, b, c, d, e, f: a * b + c * 2 * 3 * 4 * 5 + d * e, ["Σ 3 products", "* ·, 3 in a row"]),
        (lambda a, b, c, d, e, f: a * b + c * d + (e**2) ** 2, ["Σ 3 products", "**2"]),
        (lambda a, b, c, d, e, f: a * 2 * 2 * 2 * 2 + b + c, ["* ·, 3 in a row", "Σ 1 product + 2 terms"]),
        (lambda a, b, c, d, e, f: a * 2 * 2 * 2 * 2 + b, ["* ·, 4 in a row", "+"]),
    ],
)
def test_a_sum_counts_its_terms_and_of_its_products_those_that_it_holds(expression, boxes):
    assert computed(expression(*leaves("abcdef")), "repeats") == boxes


def test_a_node_whose_data_is_zero_is_folded_as_any_other():
    a, b, c = Value(0.0, "a"), Value(0.0, "b"), Value(0.0, "c")
    assert computed(a * b + b * c + c * a, "repeats") == ["Σ 3 products"]


def three_in_a_row(a, b, c):
    """Two rows of sines; of one the second is an operand of something else as well."""
    middle = sin(sin(a))
    return Graph(sin(sin(sin(b))), sin(middle), middle + c)


@pytest.mark.parametrize(
    ("expression", "boxes"),
    [
        (lambda a, b, c: (a + b + c) - (a * b + b * c), ["Σ 3 terms", "* ×2", "+", "-"]),
        (lambda a, b, c: (a + b * c + c) - (a + b + c), ["Σ 1 product + 2 terms", "Σ 3 terms", "-"]),
        (lambda a, b, c: (a * b + c + 1) - (1 + b * c + a), ["Σ 1 product + 2 terms ×2", "-"]),
        (lambda a, b, c: (a * 2 + b + c) - (2 * b + a + c), ["Σ 1 product + 2 terms"] * 2 + ["-"]),
        (lambda a, b, c: (a - 2 - 2 - 2) * (2 - (2 - (2 - b))), ["- ·, 3 in a row", "· -, 3 in a row", "*"]),
        (lambda a, b, c: (a - 2 - 2 - 2) * (b - 3 - 4 - 5), ["- ·, 3 in a row ×2", "*"]),
        (lambda a, b, c: (2 - (a - 3)) - 5, ["- 3", "2 -", "- 5"]),
        (lambda a, b, c: ((a**2.5) ** 2.5) ** 2.5 * 2.5 ** (2.5 ** (2.5**b)),
         ["** ·, 3 in a row", "· **, 3 in a row", "*"]),
        (three_in_a_row, ["sin, 3 in a row", "sin", "sin", "sin", "+"]),
    ],
)  # fmt: skip
def test_only_what_computes_the_same_in_the_same_way_shares_a_box(expression, boxes):
    a, b, c = Value(1.0), Value(2.0), Value(3.0)
    assert sorted(computed(expression(a, b, c), "repeats")) == sorted(boxes)


def test_up_to_150_nodes_are_all_drawn_and_more_are_folded():
    assert len(draw(chain(150)).diagram.boxes) == 150
    folded = draw(chain(151))
    assert [box.operation for box in folded.diagram.boxes] == ["", "sin, 150 in a row"]
    assert folded.diagram.notes[0] == "151 nodes folded into 2"


def test_what_computes_the_same_of_the_same_is_one_box():
    picture = draw(network(samples=3), fold="repeats")
    assert [(box.operation, box.label, box.scope) for box in picture.diagram.boxes] == [
        ("", "w0 … w15  ×16", ("third",)),
        ("", "w0 … w15  ×256", ("second",)),
        ("", "w0, w1  ×32", ("first",)),
        ("", "x0, x1  ×6", ()),
        ("Σ 2 products", "×48", ("first",)),
        ("ReLU", "×48", ("first",)),
        ("Σ 16 products", "×48", ("second",)),
        ("ReLU", "×48", ("second",)),
        ("Σ 16 products", "×3", ("third",)),
        ("ReLU", "×3", ("third",)),
        ("Σ 3 terms", "", ()),
    ]


def test_a_layer_is_one_box_with_its_edges_counted():
    picture = draw(network(), fold="layers")
    assert [box.label for box in picture.diagram.boxes] == ["third", "second", "first", "x0, x1  ×2", ""]
    assert sorted(edge.label for edge in picture.diagram.edges) == ["×16", "×256", "×32", "∂ 1"]


def test_a_network_is_folded_by_itself_to_less_than_seventy_boxes():
    output = network()
    assert len(Graph(output)) > 900
    assert len(draw(output).diagram.boxes) < 70


def test_the_range_of_a_fold_tells_how_many_are_not_finite():
    leaves = [Value(number, f"x{i}") for i, number in enumerate([1.0, math.nan, math.inf])]
    (box,) = (box for box in draw(leaves[0] + leaves[1] + leaves[2], fold="sums").diagram.boxes if box.leaf)
    assert box.rows[0].text == "2 of 3 not finite"
    assert box.alarm


def test_a_highlight_survives_folding():
    o = wide(3)
    (x0,) = (node for node in Graph(o) if node.label == "x2")
    picture = draw(o, fold="sums", highlight=x0)
    assert set(shares(picture).values()) == {"100 %"}


def test_scopes_are_clusters_to_the_depth_asked_for():
    with autograd.scope("outer"), autograd.scope("inner"):
        x = Value(1.0, label="x")
    output = sin(x)

    def clusters(depth):
        return [texts(group) for group in groups(draw(output, depth=depth), "cluster")]

    assert clusters(0) == []
    assert clusters(1) == [["outer"]]
    assert clusters(2) == [["outer"], ["inner"]]
    assert clusters(9) == clusters(2)


@pytest.mark.parametrize("name", ["", " ", "\n", "\x85", "\u2028"])
def test_a_scope_without_a_visible_name_is_a_cluster_without_a_title(name):
    with autograd.scope(name):
        x = Value(1.0, label="x")
    picture = draw(x)
    assert [texts(group) for group in groups(picture, "cluster")] == [[]]
    assert '[""]' not in picture.pipe("mmd", encoding="utf-8")


def test_micrograd_s_style_has_a_box_for_each_operation():
    picture = draw(square(), style="micrograd")
    assert [(box.name, box.operation, box.round) for box in picture.diagram.boxes] == [
        ("n0", "", False),
        ("n1_operation", "*", True),
        ("n1", "", False),
    ]
    assert [edge.find(f"{SVG}title").text for edge in groups(picture, "edge")] == [
        "n0->n1_operation",
        "n0->n1_operation",
        "n1_operation->n1",
    ]


def test_the_path_of_a_nan_is_red():
    x, y = Value(-1.0, label="x"), Value(2.0, label="y")
    edges = draw(log(x) + exp(y)).diagram.edges
    assert [edge.alarm for edge in edges] == [True, False, True, False]


# --- The same everywhere, at any size -----------------------------------------------------------------

PROGRAM = """
import sys
from autograd import Value
from autograd.drawing import draw
a, b = Value(-4.0, label="a"), Value(2.0, label="b")
c = a * b + b**3 + (a + b) * (a - b).relu()
c.backward()
sys.stdout.buffer.write(draw(c).source.encode() + draw(c).pipe("svg") + draw(c).pipe("png"))
"""


def test_every_process_draws_the_same_bytes():
    outputs = {
        subprocess.run(
            [sys.executable, "-c", PROGRAM],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "2")
    }
    assert len(outputs) == 1


def chain(length):
    node = Value(0.5)
    for _ in range(length - 1):
        node = node.sin()
    return node


@pytest.mark.parametrize(
    ("fold", "insisted"), [("auto", "repeats"), ("none", "none"), ("sums", "sums"), ("repeats", "repeats")]
)
def test_a_graph_too_large_to_be_folded_is_refused_before_any_work(monkeypatch, fold, insisted):
    monkeypatch.setattr(autograd.drawing, "fold_graph", None)
    with pytest.raises(ValueError, match=r"100,001 nodes, and more than 100,000 are slow") as caught:
        draw(chain(100_001), fold=fold)
    advice = str(caught.value).partition(": ")[2]
    assert advice == (
        "draw an inner Value, print the text listing with print(Graph(value)), or insist with "
        f"draw(..., fold='{insisted}', limit=100001)"
    )


def test_a_graph_too_large_to_be_folded_is_folded_if_insisted(monkeypatch):
    monkeypatch.setattr(autograd.drawing, "FOLDABLE", 50)
    assert len(draw(chain(50), fold="repeats", limit=2).diagram.boxes) == 2
    assert len(draw(chain(51), fold="repeats", limit=51).diagram.boxes) == 2


def test_a_graph_too_large_to_be_drawn_is_refused_with_advice_to_fold_it():
    with pytest.raises(
        ValueError, match=r"1,001 nodes.*fold='repeats'.*print\(Graph\(value\)\).*limit=1001\)"
    ):
        draw(chain(1001))


@pytest.mark.parametrize("fold", ["sums", "repeats", "layers"])
def test_a_fold_that_leaves_too_many_boxes_is_not_suggested_again(fold):
    total = Value(1.0)
    for place in range(20):
        with autograd.scope(f"step {place}"):
            total = sin(total) * 2 if place % 2 else total + total
    with pytest.raises(ValueError, match=f"with fold='{fold}' this graph .* more than 10") as caught:
        draw(total, fold=fold, limit=10)
    advice = str(caught.value).partition(": ")[2]
    suggested = {other for other in ("sums", "repeats", "layers") if f"fold it with fold='{other}'" in advice}
    assert suggested == {"repeats", "layers"} - {fold}
    boxes = int(advice.rpartition("limit=")[2].removesuffix(")"))
    assert len(draw(total, fold=fold, limit=boxes).diagram.boxes) == boxes


def test_the_limit_is_on_the_number_of_nodes():
    assert draw(chain(5), limit=5).source.count("->") == 4
    with pytest.raises(ValueError, match="6 nodes"):
        draw(chain(6), limit=5)


def test_a_graph_deeper_than_python_s_stack_is_drawn_if_insisted():
    depth = 3 * sys.getrecursionlimit()
    assert draw(chain(depth), fold="none", limit=depth).source.count("->") == depth - 1


@pytest.mark.parametrize("rankdir", ["LR", "TB", "RL", "BT"])
def test_the_direction_of_computation_can_be_chosen(rankdir):
    assert f"rankdir={rankdir}" in draw(square(), rankdir=rankdir).source


# --- Engines ------------------------------------------------------------------------------------------


def test_the_system_s_dot_comes_first(no_engine):
    install(no_engine, "dot", "echo from dot $*")
    install(no_engine, "graphviz-pure", "echo from graphviz-pure")
    assert draw(square()).pipe("svg") == b"from dot -Kdot -Tsvg -Gbgcolor=transparent\n"


def test_without_dot_the_embedded_engine_renders(no_engine):
    (no_engine / "graphviz-pure").symlink_to(EMBEDDED)
    assert b"</svg>" in draw(square()).pipe("svg")
    assert draw(square()).pipe("png").startswith(b"\x89PNG")


def test_the_embedded_engine_is_found_beside_the_interpreter_without_a_path(monkeypatch, no_engine):
    (no_engine / "graphviz-pure").symlink_to(EMBEDDED)
    monkeypatch.setenv("PATH", "")
    assert b"</svg>" in draw(square()).pipe("svg")


def test_an_engine_that_fails_on_a_format_hands_it_to_the_next(no_engine):
    install(no_engine, "dot", 'case "$*" in *-Tsvg*) echo broken >&2; exit 1;; *) echo from dot;; esac')
    (no_engine / "graphviz-pure").symlink_to(EMBEDDED)
    assert b"</svg>" in draw(square()).pipe("svg")
    assert draw(square()).pipe("pdf") == b"from dot\n"


def test_the_setting_names_the_only_engine(monkeypatch, no_engine):
    install(no_engine, "dot", "echo from dot")
    install(no_engine, "mine", "echo from mine")
    monkeypatch.setenv("AUTOGRAD_GRAPHVIZ", str(no_engine / "mine"))
    assert draw(square()).pipe("svg") == b"from mine\n"
    monkeypatch.setenv("AUTOGRAD_GRAPHVIZ", "missing")
    with pytest.raises(RenderingError, match="AUTOGRAD_GRAPHVIZ is missing: missing is not installed"):
        draw(square()).pipe("svg")


STAND_IN = """
class AGraph:
    def __init__(self, string):
        self.source = string

    def draw(self, format, prog, args):
        return f"{format} by {prog} of {self.source[:7]}".encode()
"""


def test_pygraphviz_is_given_the_source_and_the_format(monkeypatch, tmp_path):
    tmp_path.joinpath("pygraphviz.py").write_text(STAND_IN)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("AUTOGRAD_GRAPHVIZ", "pygraphviz")
    assert draw(square()).pipe("pdf") == b"pdf by dot of digraph"


def test_pygraphviz_is_the_last_of_the_chain(monkeypatch, no_engine, tmp_path):
    install(no_engine, "dot", "exit 1")
    tmp_path.joinpath("pygraphviz.py").write_text(STAND_IN)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: name == "pygraphviz")
    assert draw(square()).pipe("pdf") == b"pdf by dot of digraph"


def test_an_engine_that_hangs_is_ended_and_no_other_begins_again(no_engine):
    install(no_engine, "dot", "exec /bin/sleep 600")
    install(no_engine, "graphviz-pure", "echo from graphviz-pure")
    picture = draw(square(), timeout=0.1)
    for attempt in (picture.pipe, picture.copy().pipe):
        with pytest.raises(
            RenderingError, match=r"dot did not finish within 0\.1 seconds: draw less with fold="
        ):
            attempt("svg")
    assert "timeout=seconds" in picture._repr_mimebundle_()["text/plain"]


def test_an_engine_that_cannot_be_started_is_reported(no_engine):
    install(no_engine, "dot", "")
    (no_engine / "dot").write_bytes(b"no program")
    with pytest.raises(RenderingError, match="dot could not be started"):
        draw(square()).pipe("svg")


def test_without_any_engine_the_error_names_the_command_to_run_and_lists_the_graph(no_engine, tmp_path):
    output = square()
    picture = draw(output)
    for attempt in (picture.pipe, picture.render, lambda: picture.write(tmp_path / "picture.svg")):
        with pytest.raises(RenderingError) as caught:
            attempt()
        assert "python -m pip install graphviz-pure" in str(caught.value)
        assert str(Graph(output)) in str(caught.value)
    assert sorted(tmp_path.iterdir()) == [no_engine]


def test_an_engine_that_refuses_a_format_is_reported_without_the_listing(no_engine):
    install(no_engine, "dot", "echo no such >&2; echo format >&2; exit 1")
    with pytest.raises(RenderingError) as caught:
        draw(square()).pipe("png")
    failure, remedy = str(caught.value).splitlines()
    assert "dot ended with status 1: no such format" in failure
    assert "pip install graphviz-pure" in remedy


# --- Files --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "start"),
    [
        ("p.svg", b"<?xml"), ("p.SVG", b"<?xml"), ("p.png", b"\x89PNG"), ("p.jpg", b"\xff\xd8"),
        ("p.json", b"{"), ("p.dot", b"digraph"), ("p.gv", b"digraph"),
    ],
)  # fmt: skip
def test_write_takes_the_format_from_the_suffix(tmp_path, name, start):
    assert draw(square()).write(tmp_path / name) == tmp_path / name
    assert (tmp_path / name).read_bytes().startswith(start)
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_source_flowchart_and_text_need_no_engine(no_engine, tmp_path):
    picture = draw(square())
    assert picture.write(tmp_path / "p.dot").read_text() == picture.source
    assert picture.write(tmp_path / "p.mmd").read_text().startswith("flowchart LR\n")
    assert "data 9" in picture.write(tmp_path / "p.txt").read_text()


@pytest.mark.parametrize("name", ["p", "p."])
def test_a_file_without_a_suffix_is_an_error_that_writes_nothing(tmp_path, name):
    with pytest.raises(ValueError, match=r"^give the file a suffix: p\.svg$"):
        draw(square()).write(tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_an_unknown_format_is_an_error_that_writes_nothing(tmp_path):
    picture = draw(square())
    with pytest.raises(ValueError, match="format, or its file's suffix, is one of svg, png"):
        picture.write(tmp_path / "p.xyz")
    with pytest.raises(ValueError, match="'xyz'"):
        picture.render(tmp_path / "p", format="xyz")
    with pytest.raises(ValueError, match="'xyz'"):
        picture.pipe("xyz")
    with pytest.raises(ValueError, match="'xyz'"):
        draw(square(), format="xyz")
    assert not list(tmp_path.iterdir())


def test_a_missing_folder_is_an_error_that_writes_nothing(tmp_path):
    picture = draw(square())
    for attempt in (
        lambda: picture.write(tmp_path / "missing" / "p.svg"),
        lambda: picture.render(tmp_path / "missing" / "p"),
        lambda: picture.render(outfile=tmp_path / "missing" / "p.svg"),
        lambda: picture.render(tmp_path / "p", outfile=tmp_path / "missing" / "p.svg"),
    ):
        with pytest.raises(FileNotFoundError, match=r"no folder .*missing"):
            attempt()
    assert not list(tmp_path.iterdir())


def test_a_failure_leaves_an_earlier_file_as_it_was(monkeypatch, tmp_path):
    target = tmp_path / "p.svg"
    target.write_text("earlier")
    monkeypatch.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        draw(square()).write(target)
    assert [path.read_text() for path in tmp_path.iterdir()] == ["earlier"]


def test_render_writes_where_graphviz_would(tmp_path):
    picture = draw(square())
    assert isinstance(picture, graphviz.Digraph)
    assert picture.render("a", tmp_path, format="png") == str(tmp_path / "a.png")
    assert picture.render(outfile=tmp_path / "b.svg") == str(tmp_path / "b.svg")
    assert picture.render(tmp_path / "c", cleanup=True) == str(tmp_path / "c.svg")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "a.png", "b.gv", "b.svg", "c.svg"]
    assert (tmp_path / "a").read_text() == (tmp_path / "b.gv").read_text() == picture.source


def test_pipe_returns_bytes_or_with_an_encoding_text():
    picture = draw(square())
    assert picture.pipe() == picture.pipe("svg") == picture.pipe(encoding="utf-8").encode()
    assert draw(square(), format="png").pipe().startswith(b"\x89PNG")


# --- Notebooks and prompts ----------------------------------------------------------------------------


def test_a_notebook_gets_an_image_inside_html_a_png_and_the_listing():
    output = square()
    bundle = draw(output)._repr_mimebundle_()
    assert sorted(bundle) == ["image/png", "text/html", "text/plain"]
    image = ElementTree.fromstring(bundle["text/html"].replace(">", "/>"))
    assert image.get("alt").startswith("Graph of 1 input, 2 nodes, 1 output")
    kind, _, data = image.get("src").partition(",")
    assert kind == "data:image/svg+xml;base64"
    assert base64.b64decode(data) == draw(output).pipe("svg")
    assert base64.b64decode(bundle["image/png"]) == draw(output).pipe("png")
    assert bundle["text/plain"] == str(Graph(output))


def test_a_notebook_may_include_and_exclude_kinds():
    picture = draw(square())
    assert list(picture._repr_mimebundle_(include={"text/html"})) == ["text/html"]
    assert "image/png" not in picture._repr_mimebundle_(exclude={"image/png"})


def test_a_notebook_without_an_engine_gets_the_advice_as_text(no_engine):
    bundle = draw(square())._repr_mimebundle_()
    assert list(bundle) == ["text/plain"]
    assert "python -m pip install graphviz-pure" in bundle["text/plain"]


def test_a_prompt_shows_the_listing_and_a_copy_keeps_it():
    output = square()
    assert repr(draw(output)) == repr(draw(output).copy()) == str(Graph(output))
    assert isinstance(draw(output).copy(), Picture)


# --- Bad input ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("thing", [3.0, None, "x", [Value(1.0)]])
def test_only_values_and_graphs_are_drawn(thing):
    with pytest.raises(TypeError, match="a Value or a Graph"):
        draw(thing)


def test_an_unknown_direction_is_an_error():
    with pytest.raises(ValueError, match="rankdir is LR, TB, RL or BT, not 'up'"):
        draw(square(), rankdir="up")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"style": "fancy"}, "style is compact or micrograd, not 'fancy'"),
        ({"view": "up"}, "view is forward, backward or gradient, not 'up'"),
        ({"fold": True}, "fold is auto, none, sums, repeats or layers, not True"),
        ({"depth": -1}, "depth is a whole number, 0 or more, not -1"),
        ({"depth": "all"}, "depth is a whole number, 0 or more, not 'all'"),
        ({"limit": 2.5}, "limit is a whole number, 0 or more, not 2.5"),
        ({"timeout": 0}, "timeout is a number of seconds, more than 0 and at most a day, 86400, not 0"),
        ({"timeout": math.nan}, "timeout is a number of seconds, .* not nan"),
        ({"timeout": math.inf}, "timeout is a number of seconds, .* not inf"),
        ({"timeout": 1e20}, r"timeout is a number of seconds, .* not 1e\+20"),
        ({"timeout": "a"}, "timeout is a number of seconds, .* not 'a'"),
        ({"timeout": None}, "timeout is a number of seconds, .* not None"),
        ({"format": 5}, "format, or its file's suffix, is one of svg, png.*, not 5"),
        ({"format": None}, "format, or its file's suffix, is one of svg, png.*, not None"),
    ],
)
def test_an_unknown_option_is_an_error_that_names_the_choices(options, message):
    with pytest.raises(ValueError, match=message):
        draw(square(), **options)


def test_a_picture_s_own_format_and_timeout_are_as_checked_as_those_of_draw():
    picture = draw(square(), timeout=86_400)
    assert picture.timeout == picture.copy().timeout == 86_400.0
    with pytest.raises(ValueError, match="timeout is a number of seconds"):
        picture.timeout = math.inf
    with pytest.raises(ValueError, match="is one of svg, png"):
        picture.format = 5
    with pytest.raises(ValueError, match="is one of svg, png"):
        picture.pipe(5)
    assert b"</svg>" in picture.pipe("svg")


HOSTILE = '</script><img src=x onerror=alert(1)>"]; end %% \\N |}{ `x` #quot; style a:#b; \x00'


@pytest.mark.parametrize(
    "format", ["svg", "png", "jpg", "json", "dot", "gv", "mmd", "mermaid", "txt", "text"]
)
@pytest.mark.parametrize("label", [HOSTILE, "x" * 10_000, "汉" * 10_000, "a\n" * 10_000, "\ud800"])
def test_any_label_and_scope_is_drawn_in_any_format(format, label):
    with autograd.scope(label):
        x = Value(1.0, label=label)
    for fold in ("none", "layers"):
        assert draw(sin(x), fold=fold, view="gradient").pipe(format)
        assert draw(sin(x), fold=fold, style="micrograd").pipe(format)


def test_a_long_label_is_cut_in_the_box_and_whole_in_the_tooltip():
    picture = draw(Value(1.0, label="x" * 10_000))
    (box,) = picture.diagram.boxes
    assert box.label == "x" * 79 + "…"
    assert "x" * 10_000 in box.tooltip


def test_a_flowchart_holds_no_character_of_a_label_that_mermaid_reads():
    lines = draw(Value(1.0, label=HOSTILE)).pipe("mmd", encoding="utf-8").splitlines()
    assert lines[0] == "flowchart LR"
    shown = lines[1].partition('["')[2].rpartition('"]')[0]
    assert not set(shown.replace("<br/>", "")) & set('<>"[]{}`%|:\\')
    assert shown.startswith("#60;/script#62;#60;img src")


JOINER, SPACE = "#8288;", "#160;"  # the word joiner, which takes no room, and the unbreakable space


@pytest.mark.parametrize(
    ("label", "text"),
    [
        ("$$x$$", f"#36;{JOINER}#36;{JOINER}x#36;{JOINER}#36;{JOINER}"),
        ("fa:fa-car", f"fa#58;{JOINER}fa-car"),
        (r"a\nb", f"a#92;{JOINER}nb"),
        ("ﬂ°35¶ß", f"ﬂ{JOINER}#176;35#182;{JOINER}ß"),
        (" a   b c", f"{SPACE}a {SPACE}{SPACE}b c"),
    ],
)
def test_a_flowchart_keeps_apart_what_mermaid_reads_together(label, text):
    lines = draw(Value(1.0, label=label)).pipe("mmd", encoding="utf-8").splitlines()
    assert lines[1] == f'b0["{text}<br/>data 1<br/>grad –"]'


def test_a_flowchart_s_comments_are_plain_but_for_directives():
    x = Value(1.0, label="%%{init: <x>}%%")
    picture = draw(x * 2, highlight=x)
    comments = [line for line in picture.pipe("mmd", encoding="utf-8").splitlines() if line.startswith("%%")]
    assert comments[:2] == [
        "%% in full colour: what carries the gradient 2 of %% {init: <x>}%%, with its share",
        "%% grad: derivative of the output by the node",
    ]


def test_a_flowchart_that_is_too_large_for_mermaid_says_so_first():
    total = Value(1.0)
    for _ in range(250):
        total = total + total
    assert draw(total, fold="none").pipe("mmd", encoding="utf-8").startswith("flowchart")
    more = draw(total + total, fold="none").pipe("mmd", encoding="utf-8")
    assert more.startswith("%% 502 edges and ")
    assert "raise maxEdges and maxTextSize with mermaid.initialize\nflowchart LR\n" in more
    long = draw(Graph(*(Value(1.0, "x" * 70) for _ in range(600))), fold="none").pipe("mmd", encoding="utf-8")
    assert long.startswith("%% 0 edges and ")


def test_a_flowchart_has_a_line_for_every_box_edge_and_scope():
    with autograd.scope("layer"):
        x = Value(3.0, label="x")
    y = x * x
    y.backward()
    assert draw(y, legend=False).pipe("mmd", encoding="utf-8").splitlines() == [
        "flowchart LR",
        'b1["*<br/>data 9<br/>grad ▲ 1"]',
        'subgraph c0 ["layer"]',
        'b0["x<br/>data 3<br/>grad ▲ 6"]',
        "end",
        'b0 -->|"∂₁ 3"| b1',
        'b0 -->|"∂₂ 3"| b1',
        "classDef output stroke-width:3px",
        "class b1 output",
    ]


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf, 1e-300, 5e-324, 1.7e308, -0.0])
@pytest.mark.parametrize("view", ["forward", "backward", "gradient"])
def test_any_number_is_drawn_in_any_view(number, view):
    x = Value(number, label="x")
    y = x * x + sqrt(x) / x
    y.backward()
    assert b"</svg>" in draw(y, view=view).pipe("svg")
    assert b"</svg>" in draw(y, view=view, fold="sums", highlight=None if view == "gradient" else x).pipe(
        "svg"
    )


@pytest.mark.parametrize("fold", ["auto", "none", "sums", "repeats", "layers"])
@pytest.mark.parametrize("graph", [Graph(), Graph(3.0), Graph(Value(1.0)), trace(lambda x, y: 2.0)(1.0, 2.0)])
def test_the_smallest_graphs_are_drawn(fold, graph):
    picture = draw(graph, fold=fold)
    for format in ("svg", "png", "mmd", "txt"):
        assert picture.pipe(format)
    assert ("an empty graph" in picture.diagram.notes) == (not graph.outputs)


def test_a_derivative_that_is_a_number_is_a_box_of_its_own():
    (box,) = draw(Value(1.0, label="x"), view="gradient").diagram.boxes[1:]
    assert (box.label, box.rows[0].text) == ("∂x/∂x", "1")


def test_a_long_chain_is_folded_or_refused():
    output = chain(20_000)
    assert len(draw(output, fold="repeats").diagram.boxes) == 2
    with pytest.raises(
        ValueError, match=r"with fold='sums' this graph of 20,000 nodes still has 20,000 boxes"
    ):
        draw(output, fold="sums")


def test_folding_is_limited_by_its_boxes():
    output = network(samples=20)
    with pytest.raises(ValueError, match=r"nodes, and a picture of more than 1,000 is slow"):
        draw(output)
    assert len(draw(output, fold="repeats", limit=11).diagram.boxes) == 11
    with pytest.raises(ValueError, match="still has 11 boxes, more than 10"):
        draw(output, fold="repeats", limit=10)


def test_drawing_changes_no_node():
    o = neuron()
    before = [(node.data, node.grad, node._has_grad) for node in Graph(o)]
    for view in ("forward", "backward", "gradient"):
        draw(o, view=view, highlight=None if view == "gradient" else Graph(o).inputs[0])
    assert [(node.data, node.grad, node._has_grad) for node in Graph(o)] == before


@pytest.mark.parametrize("format", FORMATS)
def test_any_known_format_may_be_the_default(format):
    picture = draw(Value(1.0, "x") * 2, format=format)
    assert picture.format == picture.copy().format == format


def test_an_unknown_default_is_refused_with_our_own_formats():
    with pytest.raises(ValueError, match=r"one of .*mmd.*, not 'holiday'"):
        draw(Value(1.0), format="holiday")


def test_the_backward_view_in_micrograds_style_points_one_way():
    picture = draw(Value(2.0, "x").tanh() * 3, view="backward", style="micrograd")
    assert all(edge.backward for edge in picture.diagram.edges)


def test_what_flows_to_an_input_is_not_shown_in_the_gradients_own_graph():
    x = Value(2.0, "x")
    with pytest.raises(ValueError, match="highlight is for the forward and the backward view"):
        draw(x * x, view="gradient", highlight=x)
