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
from autograd import Value, drawing
from autograd.drawing import Picture, RenderingError, draw
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
    *_, data, number, grad, derivative = texts(groups(draw(value), "node")[-1])
    assert (data, grad) == ("data", "grad")
    return number, derivative


def operations(output):
    """How each inner node says that it was computed."""
    return [texts(node)[0].strip() for node in groups(draw(output), "node") if len(texts(node)) > 4]


# --- What a picture shows -----------------------------------------------------------------------------


def test_a_node_shows_its_operation_label_data_and_gradient():
    o = neuron()
    o.backward()
    *_, last = groups(draw(o), "node")
    assert [text.strip() for text in texts(last)] == ["tanh", "o", "data", "0.7071", "grad", "1"]


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
    assert drawing._ALARM not in quiet
    assert f'<FONT COLOR="{drawing._ALARM}"><B>{number}</B></FONT>' in loud


def test_a_derivative_that_is_not_finite_is_loud():
    assert f'color="{drawing._ALARM}"' in draw(Value(0.0).log()).source


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


def test_a_graph_of_a_million_nodes_is_refused_with_advice():
    with pytest.raises(ValueError, match=r"1,000,000 nodes.*print\(Graph\(value\)\).*limit=1000000"):
        draw(chain(1_000_000))


def test_the_limit_is_on_the_number_of_nodes():
    assert draw(chain(5), limit=5).source.count("->") == 4
    with pytest.raises(ValueError, match="6 nodes"):
        draw(chain(6), limit=5)


def test_a_graph_deeper_than_python_s_stack_is_drawn_if_insisted():
    depth = 3 * sys.getrecursionlimit()
    assert draw(chain(depth), limit=depth).source.count("->") == depth - 1


@pytest.mark.parametrize("rankdir", ["LR", "TB", "RL", "BT"])
def test_the_direction_of_computation_can_be_chosen(rankdir):
    assert f"rankdir={rankdir}" in draw(square(), rankdir=rankdir).source


# --- Engines ------------------------------------------------------------------------------------------


def test_the_system_s_dot_comes_first(no_engine):
    install(no_engine, "dot", "echo from dot $*")
    install(no_engine, "graphviz-pure", "echo from graphviz-pure")
    assert draw(square()).pipe("svg") == b"from dot -Kdot -Tsvg\n"


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


def test_an_engine_that_hangs_is_ended(monkeypatch, no_engine):
    install(no_engine, "dot", "exec /bin/sleep 600")
    monkeypatch.setattr(drawing, "TIMEOUT", 0.1)
    with pytest.raises(RenderingError, match=r"dot did not finish within 0\.1 seconds"):
        draw(square()).pipe("svg")


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


def test_the_source_needs_no_engine(no_engine, tmp_path):
    picture = draw(square())
    assert picture.write(tmp_path / "p.dot").read_text() == picture.source


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
