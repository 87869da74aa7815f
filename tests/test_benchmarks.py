"""The benchmarks' contenders compute the same gradients; how fast is no matter of tests."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from autograd import Value, topological_order
from benchmarks import contenders, measurement, workloads
from benchmarks.__main__ import main, present
from benchmarks.agreement import check
from benchmarks.contenders import Contender
from benchmarks.contenders.floats import contender as floats
from benchmarks.contenders.python_engine import PythonEngine
from benchmarks.contenders.python_engine import contender as own

SMALL = ("w1", "w2:100", "w3:3", "w4:10")


def installed(name: str) -> Contender:
    try:
        return contenders.load(name)
    except ModuleNotFoundError as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("workload", SMALL)
@pytest.mark.parametrize("name", contenders.NAMES)
def test_every_contender_gives_the_derivatives_of_the_complex_step(name: str, workload: str) -> None:
    check(workloads.load(workload), [installed(name)])


class Wrong(PythonEngine):
    """The engine with one derivative off by a relative error of 1e-8."""

    def __init__(self, position: int) -> None:
        self.position = position

    def value_and_gradient(self, function: Any, point: list[float]) -> tuple[float, list[float]]:
        value, gradient = super().value_and_gradient(function, point)
        gradient[self.position] *= 1 + 1e-8
        return value, gradient


@pytest.mark.parametrize("workload", SMALL)
def test_a_wrong_gradient_is_caught(workload: str) -> None:
    with pytest.raises(ArithmeticError, match=r"the derivative by input 0 is .* instead of .* by"):
        check(workloads.load(workload), [Wrong(0)])


def test_a_wrong_derivative_by_an_input_that_the_judge_leaves_out_is_caught() -> None:
    with pytest.raises(ArithmeticError, match="the derivative by input 499"):
        check(workloads.load("w4:500"), [own, Wrong(499)])


def test_a_wrong_gradient_ends_the_command_before_anything_is_timed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(contenders, "load", lambda name: Wrong(2))
    assert main(["--only", "w1"]) == 1
    output, errors = capsys.readouterr()
    assert output == ""
    assert "W1 expression: the derivative by input 2" in errors


@pytest.mark.parametrize("name", ["w1", "w2:100", "w3:2", "w4:10"])
def test_a_workload_has_as_many_operations_as_its_graph(name: str) -> None:
    workload = workloads.load(name)
    output = workload.function(own, [Value(x) for x in workload.point])
    assert workload.operations == sum(node.primitive is not None for node in topological_order(output))


def test_the_moons_step_is_the_first_of_the_demo() -> None:
    workload = workloads.load("w3")
    assert workload.operations == 65_077
    assert floats.value_and_gradient(workload.function, workload.point)[0] == pytest.approx(
        0.8958441028683222, rel=1e-13
    )


def test_the_table_has_a_row_for_each_contender_and_the_file_each_time(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(contenders, "NAMES", ("floats", "python_engine"))
    monkeypatch.setattr(measurement, "BLOCK", 0.0)
    path = tmp_path / "times.json"
    assert main(["--only", "w4:5", "--rounds", "2", "--json", str(path)]) == 0
    rows = [line for line in capsys.readouterr().out.splitlines() if line.startswith("| W4")]
    records = json.loads(path.read_text())["records"]
    assert len(rows) == len(records) == 2
    for row, record, contender in zip(rows, records, (floats, own), strict=True):
        assert contender.name in row
        assert record["contender"] == contender.name
        assert len(record["seconds"]) == 2


def test_a_contender_that_is_not_installed_is_skipped_with_a_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delitem(sys.modules, "benchmarks.contenders.micrograd", raising=False)
    monkeypatch.setitem(sys.modules, "micrograd.engine", None)
    assert list(present()) == ["floats", "python_engine"]
    assert "micrograd is skipped: " in capsys.readouterr().err


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--only", "w9"], "no workload 'w9'"),
        (["--only", "w2:many"], "the size of w2 is a whole number"),
        (["--only", "w1:5"], "w1 comes in one size only"),
        (["--only", "w3:101"], "100 points, not 101"),
        (["--rounds", "0"], "a number from 1 on, not 0"),
        (["--json", "no/such/folder/times.json"], "there is no folder no/such/folder"),
    ],
)
def test_bad_arguments_are_answered_in_one_line_with_status_2(
    argv: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ending:
        main(argv)
    assert ending.value.code == 2
    assert message in capsys.readouterr().err
