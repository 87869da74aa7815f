"""The explorer's page as text: one file, small, always the same, safe, and clear about what it cannot do."""

import json
import math
import pathlib
import re

import pytest

import autograd
from autograd import Graph, Value, draw, explore, primitive, straightline, tanh, trace, where
from autograd.explorer import Explorer
from autograd.primitives import table

HOSTILE = "</script><img src=x onerror=alert(1)>"
PACKAGE = pathlib.Path(autograd.explorer.__file__).parent


def neuron():
    x1, x2, w1, w2, b = (
        Value(number, label)
        for number, label in (
            (2.0, "x1"),
            (0.0, "x2"),
            (-3.0, "w1"),
            (1.0, "w2"),
            (6.8813735870195432, "b"),
        )
    )
    with autograd.scope("neuron"):
        n = x1 * w1 + x2 * w2 + b
        n.label = "n"
        o = tanh(n)
        o.label = "o"
    return o


def described(page):
    """The description of the graph that a page carries."""
    (text,) = re.findall(r"^const graph = (.*);$", page.html, re.MULTILINE)
    return json.loads(text)


def rules(page):
    """Of each row in a page, the text of its rule."""
    (text,) = re.findall(r"^const rules = \{\n(.*?)^\};$", page.html, re.MULTILINE | re.DOTALL)
    return dict(line.strip().rstrip(",").split(": ", 1) for line in text.splitlines())


def test_with_a_path_one_file_is_written_and_without_the_page_is_returned(tmp_path):
    path = tmp_path / "page.html"
    assert explore(neuron(), path) == path
    assert explore(neuron(), str(path)) == path
    page = explore(neuron())
    assert isinstance(page, Explorer)
    assert path.read_text(encoding="utf-8") == page.html
    assert list(tmp_path.iterdir()) == [path]


def test_a_missing_folder_is_named_and_nothing_is_written(tmp_path):
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        explore(neuron(), tmp_path / "none" / "page.html")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_is_no_file_and_the_message_says_what_to_give(tmp_path):
    folder = tmp_path / "pages.svg"
    folder.mkdir()
    for thing in (explore(neuron()), draw(neuron())):
        with pytest.raises(IsADirectoryError, match=r"pages\.svg is a folder: give the name of a file"):
            thing.write(folder)
    assert list(tmp_path.iterdir()) == [folder]
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("thing", [3.0, "x", None, [Value(1.0)]])
def test_what_is_neither_a_value_nor_a_graph_is_refused(thing):
    with pytest.raises(TypeError, match="takes a Value or a Graph"):
        explore(thing)


def test_a_page_is_at_most_150_kilobytes_plus_the_graph():
    assert len(explore(Value(1.0)).html.encode()) < 150_000
    nodes = 2000
    value = x = Value(0.3, "x")
    for _ in range(nodes // 2):
        value = (value * x).sin()
    more = len(explore(value).html.encode()) - len(explore(x.sin() * x).html.encode())
    assert more < 100 * nodes


def test_the_same_graph_gives_the_same_bytes():
    assert explore(neuron()).html == explore(neuron()).html


def test_a_page_refers_to_nothing_outside_itself():
    page = explore(neuron()).html
    assert set(re.findall(r"\w+://[^\s\"']+", page)) == {"http://www.w3.org/2000/svg"}  # a name, no address
    assert not re.search(
        r"<link|<img|<iframe|\bsrc=|\bhref=|@import|url\(|\bimport[ ({]|fetch\(|XMLHttp", page
    )


@pytest.mark.parametrize("label", [HOSTILE, "<!--", "\u2028 '\"`${1}\\", "\ud800", "x" * 10_000, "<script>"])
def test_a_hostile_label_stays_inside_the_data(label):
    x = Value(1.0, label)
    with autograd.scope(label):
        y = x * x
    page = explore(y)
    harmless = explore(Value(1.0, "x") * 2).html
    for mark in ("<script", "</script", "<!--", "<img"):
        assert page.html.count(mark) == harmless.count(mark)
    description = described(page)
    assert description["nodes"][0][0] == label
    assert description["scopes"] == [[None, label]]
    page.html.encode()


def test_a_hostile_label_stays_inside_the_frame_of_a_notebook():
    bundle = explore(Value(1.0, HOSTILE) * 2)._repr_mimebundle_()
    assert bundle["text/html"].count("<") == 2
    assert bundle["text/plain"] == '<Explorer of 2 nodes: explore(..., "page.html") writes it to a file>'


def test_numbers_that_json_lacks_reach_the_page():
    x = Value(math.nan, "x")
    description = described(explore(x * math.inf + -0.0 + 1e-300))
    assert math.isnan(description["nodes"][0][5])
    constants = [
        operand[0] for node in description["nodes"] for operand in node[3] if isinstance(operand, list)
    ]
    assert [str(constant) for constant in constants] == ["inf", "-0.0", "1e-300"]


def test_a_constant_output_and_a_graph_of_one_leaf_are_pages_too():
    constant = described(explore(Graph(3.0)))
    assert (constant["nodes"], constant["leaves"]) == ([["output 0", 0, None, [], None, 3.0, []]], [])
    leaf = described(explore(Value(2.0, "x")))
    assert (leaf["nodes"], leaf["outputs"]) == ([["x", 0, None, [], None, 2.0, []]], [0])


def test_a_graph_without_an_output_is_refused():
    with pytest.raises(ValueError, match="has no output"):
        explore(trace(lambda x: ())(1.0))


def test_a_chain_of_a_million_nodes_is_refused_with_advice():
    value = x = Value(1.0)
    for _ in range(1_000_000):
        value = value * x
    with pytest.raises(ValueError, match="1,000,001 nodes") as caught:
        explore(value)
    assert "explore an inner Value" in str(caught.value)
    assert "limit=1000001" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_limit_can_be_raised():
    value = x = Value(1.0)
    for _ in range(3):
        value = value * x
    with pytest.raises(ValueError, match="limit=4"):
        explore(value, limit=3)
    assert len(described(explore(value, limit=4))["nodes"]) == 4


def test_nodes_are_numbered_as_in_the_listing_and_branches_follow_them():
    graph = trace(lambda x, y: x * y if x > 0 else x)(1.0, 2.0)
    description = described(explore(graph))
    assert [node[1] for node in description["nodes"]] == [0, 1, 3, 2]
    assert description["branches"] == [[2, True]]
    assert description["title"] == "Graph of 2 inputs, 3 nodes, 1 output"


def test_the_heading_is_short_and_the_note_that_no_trace_was_made_stands_apart():
    page = explore(neuron())
    assert described(page)["title"] == "Graph of 5 inputs, 10 nodes, 1 output"
    assert described(page)["note"] == "one path: without a trace no branch was recorded"
    assert described(explore(trace(lambda x: x * x)(1.0)))["note"] == ""
    assert "<title>Graph of 5 inputs, 10 nodes, 1 output</title>" in page.html


def test_an_inner_node_given_as_an_input_is_a_leaf_of_the_page():
    x = Value(2.0, "x")
    inner = x * x
    inner.label = "inner"
    description = described(explore(Graph(inner + 1, inputs=[inner])))
    assert [node[0] for node in description["nodes"]] == ["inner", ""]
    assert description["leaves"] == [0]


def test_the_numbers_are_those_that_were_recorded():
    o = neuron()
    nodes = described(explore(o))["nodes"]
    graph = Graph(o)
    recorded = {number: (node.data, list(node.partials)) for number, node in enumerate(graph)}
    for _, number, row, _, _, data, partials, *_ in nodes:
        assert (data, partials) == (recorded[number][0], recorded[number][1] if row is not None else [])


def test_a_rule_in_the_page_is_the_row_s_straight_line_program():
    assert rules(explore(neuron())) == {
        "mul": "(x0, x1) => { const t0 = x0 * x1; return [t0, x1, x0]; }",
        "add": "(x0, x1) => { const t0 = x0 + x1; return [t0, (1.0), (1.0)]; }",
        "tanh": rules(explore(Value(1.0).tanh()))["tanh"],
    }
    assert rules(explore(trace(lambda x: where(x < 1, x, 2.0))(0.0)))["less"].startswith(
        "(x0, x1) => { const t0 = x0 < x1;"
    )


def test_every_function_that_a_rule_calls_is_defined_in_the_page():
    defined = set(re.findall(r"\w+", (PACKAGE / "numbers.js").read_text(encoding="utf-8")))
    for row in (table[name] for name in autograd.primitives.__all__ if name in table):
        names = [f"x{place}" for place in range(row.arity)]
        program, _, _ = straightline.value_and_partials(row, names, range(row.arity))
        for line in straightline.javascript_lines(program, defined) or ():
            assert set(re.findall(r"([A-Za-z_]\w*)\(", line)) <= defined


def test_a_row_without_counterpart_has_no_rule():
    own = primitive("explorer_own", lambda x: x + 1, (lambda x, out: 1.0,))
    x = Value(0.5)
    page = explore(own(x) + autograd.gamma(x) + x.sin())
    assert {name for name, rule in rules(page).items() if rule == "null"} == {"explorer_own", "gamma"}


def test_a_constant_is_written_in_javascript_to_the_last_bit():
    for number in (0.1, -0.0, 5e-324, 1.7976931348623157e308):
        assert float(straightline.javascript_operand(number)[1:-1]) == number
    assert straightline.javascript_operand(math.inf) == "(Infinity)"
    assert straightline.javascript_operand(-math.inf) == "(-Infinity)"
    assert straightline.javascript_operand(math.nan) == "(NaN)"
    assert straightline.javascript_operand("x") == "x"


def test_the_widget_shares_its_leaves_with_python():
    x, y = Value(2.0, "x"), Value(-3.0, "y")
    graph = Graph(x * y)
    widget = explore(graph).widget()
    assert widget.leaves == [2.0, -3.0]
    assert widget.get_state("_esm")["_esm"] == explore(graph).module
    widget.leaves = [4.0, math.inf]
    assert graph.evaluate(*widget.leaves) == math.inf
    assert widget.get_state("leaves") == {"leaves": ["4.0", "inf"]}
    seen = []
    widget.observe(lambda change: seen.append(change["new"]), "leaves")
    widget.set_state({"leaves": ["1.5", "-Infinity"]})  # as the page sends it
    assert seen == [[1.5, -math.inf]]
    assert x.data == 2.0


def test_the_widget_refuses_another_number_of_leaves():
    import traitlets

    widget = explore(Value(2.0) * 2).widget()
    with pytest.raises(traitlets.TraitError, match="has 1 leaves, one number for each, not 2"):
        widget.leaves = [1.0, 2.0]
    assert widget.leaves == [2.0]


def test_without_anywidget_the_message_names_the_remedy(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "anywidget", None)
    monkeypatch.delitem(sys.modules, "autograd.explorer.widget", raising=False)
    with pytest.raises(ImportError, match=r"pip install 'scalar-autograd\[notebook\]'"):
        explore(Value(1.0)).widget()


def test_an_untrusted_notebook_shows_words_in_place_of_the_frame():
    bundle = explore(neuron())._repr_mimebundle_()
    frame, _, words = bundle["text/html"].partition('title="Explorer">')
    assert frame.startswith("<iframe srcdoc=")
    assert words.endswith(": trust this notebook to see it.</iframe>")


def test_the_widget_says_what_it_is_where_it_cannot_be_shown():
    assert repr(explore(Value(1.0, "x") * 2).widget()) == "<explorer of 1 leaf: run the cell to see it>"
