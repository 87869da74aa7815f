"""The command line: what it prints and writes, and how it refuses what it cannot do."""

import math
import re
import subprocess
import sys

import pytest

import autograd
from autograd import __main__ as command_line
from autograd.__main__ import demonstrate, main
from nn import REFERENCES


@pytest.fixture(autouse=True)
def _engine_of_the_package(monkeypatch):
    monkeypatch.setenv("AUTOGRAD_GRAPHVIZ", "graphviz-pure")


def printed_table(lines):
    """The numbers of a printed table by the name in front of them."""
    return {name: [float(number) for number in row] for name, *row in map(str.split, lines)}


# --- eval ---------------------------------------------------------------------------------------------


def test_eval_prints_the_value_and_a_table_of_gradients(capsys):
    assert main(["eval", "tanh(x*w + b)", "x=2", "w=-3", "b=6.8813735870195432"]) == 0
    value, empty, header, *rows = capsys.readouterr().out.splitlines()
    assert value.startswith("tanh(x*w + b) = 0.70710678118654")
    assert (empty, header.split()) == ("", ["name", "value", "d/dname"])
    table = printed_table(rows)
    assert list(table) == ["x", "w", "b"]
    assert table["x"] == pytest.approx([2, -1.5], abs=1e-12)
    assert table["w"] == pytest.approx([-3, 1], abs=1e-12)
    assert table["b"] == pytest.approx([6.8813735870195432, 0.5], abs=1e-12)


def test_eval_prints_every_digit(capsys):
    assert main(["eval", "x + 0.2", "x=0.1"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "x + 0.2 = 0.30000000000000004",
        "",
        "name  value  d/dname",
        "x     0.1    1.0",
    ]


def test_order_2_adds_the_second_derivatives(capsys):
    assert main(["eval", "x**2 * y + exp(y)", "y=0", "x=3", "--order", "2"]) == 0
    *_, title, header, y, x = capsys.readouterr().out.splitlines()
    assert (title, header.split()) == ("second derivatives", ["y", "x"])
    assert printed_table([y, x]) == {"y": [1.0, 6.0], "x": [6.0, 0.0]}


def test_steps_adds_both_passes_node_by_node(capsys):
    assert main(["eval", "tanh(x*w + b)", "x=2", "w=-3", "b=6.8813735870195432", "--steps"]) == 0
    out = capsys.readouterr().out
    _, forward, backward = out.split("pass\n")
    assert "t2    t1 + b     0.881374\n" in forward
    assert "df/dw    1      df/dt1 · dt1/dw = df/dt1 · x = 0.5 · 2\n" in backward


def test_derivation_adds_the_chain_rule_to_one_name(capsys):
    assert main(["eval", "tanh(x*w + b)", "x=2", "w=-3", "b=6.8813735870195432", "--derivation", "w"]) == 0
    assert capsys.readouterr().out.endswith(
        "\n\nt2 = x*w + b\ndf/dw = df/dt2 · dt2/dw = tanh'(t2) · x = 0.5 · 2 = 1\n"
    )


def test_derivations_may_be_asked_for_by_several_names(capsys):
    assert main(["eval", "x*w", "x=2", "w=-3", "--derivation", "w", "--derivation", "x"]) == 0
    assert capsys.readouterr().out.endswith("\n\ndf/dw = x = 2\n\ndf/dx = w = -3\n")


def test_the_leaves_of_the_page_are_in_the_order_in_which_they_were_given(capsys, tmp_path):
    page = tmp_path / "page.html"
    assert main(["eval", "x*w + b", "x=2", "w=-3", "b=1", "--explore", str(page), "--steps"]) == 0
    out = capsys.readouterr().out
    assert [line.split()[0] for line in out.split("forward pass\n")[1].splitlines()[1:4]] == ["x", "w", "b"]
    assert out.endswith(f"wrote {page}\n")


def test_a_formula_without_names_has_no_steps(capsys):
    assert main(["eval", "1 + 2", "--steps"]) == 0
    assert capsys.readouterr().out == "1 + 2 = 3.0\n"


def test_a_formula_without_names_has_a_value_only(capsys):
    assert main(["eval", "1 + 2", "--order", "2"]) == 0
    assert capsys.readouterr().out == "1 + 2 = 3.0\n"


def test_numbers_may_be_computed_and_infinite(capsys):
    assert main(["eval", "sin(angle) + 1/far", "angle=pi/2", "far=inf"]) == 0
    assert capsys.readouterr().out.startswith("sin(angle) + 1/far = 1.0\n")


def test_a_huge_power_is_infinite_at_once(capsys):
    assert main(["eval", "9**9**9**9*x", "x=1"]) == 0
    assert "= inf" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["boom(x)", "x=1"], "no function 'boom'"),
        (["x.real", "x=1"], "'x.real' cannot stand in a formula"),
        (["'x'"], "cannot stand in a formula"),
        (["sin(x, x)", "x=1"], "in a call of sin"),
        (["sin(x=2)", "x=1"], "'x=2' cannot stand in a formula"),
        (["(" * 10_000 + "x" + ")" * 10_000, "x=1"], "20,001 characters; at most 2,000"),
        (["(" * 500 + "x" + ")" * 500, "x=1"], "nested more than 100 deep"),
        (["x +", "x=1"], "no formula"),
        (["", "x=1"], "empty"),
        (["x*y", "x=1"], "no number is given for y"),
        (["x", "x=1", "y=2"], "given for y, but the formula has only x"),
        (["x", "x=1", "x=2"], "two numbers are given for x"),
        (["x", "x=abc"], "expected a number in 'x=abc'"),
        (["x", "1x=2"], "expected name=number"),
        (["x", "x=1", "--draw", "picture.holiday"], "'holiday'"),
        (["x*y", "x=1", "y=2", "--derivation", "z"], "no derivation for 'z': the formula's names are x, y"),
        (["1 + 2", "--derivation", "z"], "the formula's names are none"),
        (["x", "x=1", "--draw", "picture"], "give the file a suffix: picture.svg"),
        (["x", "x=1", "--draw", "missing/picture.svg"], "no folder missing"),
        (["x", "x=1", "--draw", "picture.svg", "--explore", "missing/page.html"], "no folder missing"),
    ],
)
def test_bad_input_is_refused_in_one_line_with_status_2(arguments, said, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["eval", *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("autograd: ")
    assert err.endswith("\n")
    assert err.count("\n") == 1
    assert said in err
    assert list(tmp_path.iterdir()) == []


def test_a_formula_is_never_run_as_code(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for formula in ("__import__('os').system('touch here')", "open('here', 'w')", "exec(1)"):
        assert main(["eval", formula]) == 2
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "arguments", [["eval"], ["eval", "x", "x=1", "--order", "3"], ["shout"], ["eval", "-x", "x=1"]]
)
def test_wrong_options_end_with_status_2(arguments, capsys):
    with pytest.raises(SystemExit) as exit:
        main(arguments)
    assert exit.value.code == 2
    assert "error" in capsys.readouterr().err


@pytest.mark.parametrize(("name", "start"), [("neuron.svg", b"<?xml"), ("neuron.png", b"\x89PNG")])
def test_draw_writes_the_picture_with_its_gradients(name, start, capsys, tmp_path):
    assert main(["eval", "tanh(x*w)", "x=2", "w=0", "--draw", str(tmp_path / name)]) == 0
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_bytes().startswith(start)


def test_draw_without_a_graphviz_engine_names_the_remedy_and_lists_the_graph(capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("AUTOGRAD_GRAPHVIZ", "no-such-engine")
    assert main(["eval", "3*x", "x=2", "--draw", str(tmp_path / "x.svg")]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "pip install graphviz-pure" in err
    assert "mul(" in err
    assert list(tmp_path.iterdir()) == []


def test_draw_in_a_format_that_the_engine_lacks_names_those_that_have_it_in_two_lines(capsys, tmp_path):
    assert main(["eval", "3*x", "x=2", "--draw", str(tmp_path / "x.pdf")]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    failure, remedy = err.splitlines()
    assert failure.startswith("autograd: no Graphviz engine renders pdf here")
    assert "pip install pygraphviz" in remedy
    assert "graphviz-pure" not in remedy
    assert list(tmp_path.iterdir()) == []


def test_an_unexpected_exception_is_not_swallowed(monkeypatch):
    def broken(text):
        raise RuntimeError("a mistake in the program")

    monkeypatch.setattr(command_line, "Formula", broken)
    with pytest.raises(RuntimeError, match="a mistake in the program"):
        main(["eval", "x", "x=1"])


# --- The program itself -------------------------------------------------------------------------------


def test_without_a_command_it_prints_its_help(capsys):
    assert main([]) == 0
    out = capsys.readouterr().out
    assert out.startswith("usage: autograd")
    assert "eval" in out
    assert "demo" in out


def test_help_of_eval_lists_every_function(capsys):
    with pytest.raises(SystemExit) as exit:
        main(["eval", "--help"])
    assert exit.value.code == 0
    words = capsys.readouterr().out.replace(",", " ").split()
    rows = {name for name, row in autograd.primitives.table.items() if not row.auxiliary}
    assert {*rows, "fabs", "isnan"} <= set(words)


def test_the_module_runs_as_a_program():
    version = subprocess.run([sys.executable, "-m", "autograd", "--version"], capture_output=True, text=True)
    assert version.stdout == f"scalar-autograd {autograd.__version__}, {autograd.engine_name} engine\n"
    assert (version.returncode, version.stderr) == (0, "")
    refused = subprocess.run(
        [sys.executable, "-m", "autograd", "eval", "x.y"], capture_output=True, text=True
    )
    assert (refused.returncode, refused.stdout) == (2, "")
    assert len(refused.stderr.splitlines()) == 1


# --- demo ---------------------------------------------------------------------------------------------


def test_the_demo_draws_the_neuron_and_trains_the_network(capsys, tmp_path, monkeypatch):
    monkeypatch.setattr("nn.plots.GRID", 4)
    folder = tmp_path / "new" / "demo"
    assert demonstrate(folder, epochs=2) == 0
    out, err = capsys.readouterr()
    lines = out.splitlines()
    header = lines.index(next(line for line in lines if line.startswith("name")))
    gradients = {name: grad for name, (_, grad) in printed_table(lines[header + 1 : header + 6]).items()}
    assert gradients == pytest.approx({"x1": -1.5, "x2": 0.5, "w1": 1.0, "w2": 0.0, "b": 0.5}, abs=1e-12)
    assert f"o = {math.sqrt(0.5):.12f}"[:-1] in out
    assert re.search(r"loss 0\.\d{4} at step 0, 0\.\d{4} at step 1; accuracy \d\d%", out)
    assert re.search(r"^R\^2 on the rows held out: -?\d\.\d{4}; always the mean price", out, re.MULTILINE)
    assert lines[-1].startswith("The demo took ")
    assert err == ""  # no bar without a terminal
    starts = {
        "neuron.svg": b"<?xml",
        "neuron.png": b"\x89PNG",
        "neuron.html": b"<!doctype html>",
        "loss.png": b"\x89PNG",
        "decision_boundary.png": b"\x89PNG",
    }
    assert {path.name for path in folder.iterdir()} == set(starts)
    for name, start in starts.items():
        assert (folder / name).read_bytes().startswith(start)
        assert f"wrote {folder / name}" in lines


def test_the_demo_goes_on_without_graphviz_and_matplotlib(capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("AUTOGRAD_GRAPHVIZ", "no-such-engine")
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    assert demonstrate(tmp_path, epochs=1) == 0
    out = capsys.readouterr().out
    assert out.count("pip install graphviz-pure") == 1
    assert "tanh(%" in out
    assert "at step 0" in out
    assert "No loss curve and no decision boundary: plots need matplotlib" in out
    assert [path.name for path in tmp_path.iterdir()] == ["neuron.html"]


def test_the_demo_refuses_a_file_in_place_of_its_folder(capsys, tmp_path):
    (tmp_path / "demo").write_text("a file")
    assert main(["demo", "--out", str(tmp_path / "demo")]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert len(err.splitlines()) == 1
    assert (tmp_path / "demo").read_text() == "a file"


def test_eval_writes_the_explorer(tmp_path, capsys):
    page = tmp_path / "page.html"
    assert main(["eval", "x*x", "x=3", "--explore", str(page)]) == 0
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert main(["eval", "x*x", "x=3", "--explore", str(tmp_path / "missing" / "page.html")]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


# --- reference ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("letter", "abc")
def test_a_reference_is_shown_whole(letter, capsys, tmp_path, monkeypatch):
    reference = REFERENCES[letter]
    task = reference.task()._replace(epochs=2)
    monkeypatch.setitem(REFERENCES, letter, reference._replace(task=lambda: task))
    assert main(["reference", letter, "--out", str(tmp_path / "out")]) == 0
    out = capsys.readouterr().out
    assert out.startswith(f"{reference.title}\n{reference.author}\n")
    cost = reference.cost
    for name in reference.derived:
        assert f"\nd{cost}/d{name} = d{cost}/d" in out
    found = [line for line in out.splitlines() if line.startswith(f"d{cost}/d") and "=" not in line]
    assert len(found) == len(reference.network().parameters())
    assert float(re.search("largest relative difference: (.*)", out)[1]) <= 1e-12
    assert ": OK -- the gradient is the derivative" in out
    assert f"{task.metric_name} on the rows held out: " in out
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"graph.svg", "loss.png"}


def test_a_reference_that_is_not_known_ends_with_status_2(capsys):
    with pytest.raises(SystemExit) as exit:
        main(["reference", "d"])
    assert exit.value.code == 2


def test_a_reference_refuses_a_file_in_place_of_its_folder(capsys, tmp_path):
    (tmp_path / "out").write_text("a file")
    assert main(["reference", "a", "--out", str(tmp_path / "out")]) == 2
    out, err = capsys.readouterr()
    assert (out, len(err.splitlines())) == ("", 1)
