"""The benchmarks' contenders compute the same gradients; how fast is no matter of tests."""

import itertools
import json
import subprocess
import sys
import textwrap
import venv
import zipfile
from pathlib import Path

import pytest

from autograd import Value, topological_order
from benchmarks import __main__ as command
from benchmarks import (
    contenders,
    entrant,
    environments,
    measurement,
    memory,
    report,
    resident,
    vectorised,
    workloads,
)
from benchmarks.__main__ import main
from benchmarks.agreement import check
from benchmarks.contenders.engine import Engine
from benchmarks.contenders.floats import contender as floats
from benchmarks.contenders.python_engine import contender as own
from benchmarks.entrant import Failure
from benchmarks.worker import Evaluation, evaluation
from benchmarks.workloads.w3_moons import demo_samples
from nn import micrograd_moons

PACKAGE = Path(contenders.__file__).parents[1]
SMALL = ("w1", "w2:100", "w3:3", "w4:10")


def is_installed(name: str) -> bool:
    try:
        contenders.load(name)
    except ModuleNotFoundError:
        return False
    return True


INSTALLED = [name for name in contenders.NAMES if is_installed(name)]

# --- The contenders and the workloads ---


def test_every_file_of_a_contender_is_named() -> None:
    files = {path.stem for path in (PACKAGE / "contenders").glob("*.py")}
    assert files - {"__init__", "engine"} == set(contenders.NAMES)
    assert set(environments.REQUIREMENTS) < {*contenders.NAMES, *vectorised.NAMES}


def test_the_contenders_that_need_no_environment_of_their_own_are_installed() -> None:
    assert {"floats", "python_engine", "micrograd"} <= set(INSTALLED)


@pytest.mark.parametrize("workload", SMALL)
@pytest.mark.parametrize("name", INSTALLED)
def test_every_contender_gives_the_derivatives_of_the_complex_step(name: str, workload: str) -> None:
    loaded = workloads.load(workload)
    check(loaded, [evaluation(contenders.load(name), loaded)])


def wrong(workload: str, position: int) -> Evaluation:
    """What the engine computes, with one derivative off by a relative error of 1e-8."""
    right = evaluation(own, workloads.load(workload))
    assert right.gradient is not None
    gradient = [dx * (1 + 1e-8 * (i == position)) for i, dx in enumerate(right.gradient)]
    return right._replace(name="wrong", gradient=gradient)


@pytest.mark.parametrize("workload", SMALL)
def test_a_wrong_gradient_is_caught(workload: str) -> None:
    with pytest.raises(ArithmeticError, match=r"the derivative by input 0 is .* instead of .* by wrong"):
        check(workloads.load(workload), [wrong(workload, 0)])


def test_a_wrong_derivative_by_an_input_that_the_judge_leaves_out_is_caught() -> None:
    workload = workloads.load("w4:500")
    with pytest.raises(ArithmeticError, match="the derivative by input 499"):
        check(workload, [evaluation(own, workload), wrong("w4:500", 499)])


@pytest.mark.parametrize("name", ["w1", "w2:100", "w3:2", "w4:10"])
def test_a_workload_has_as_many_operations_as_its_graph(name: str) -> None:
    workload = workloads.load(name)
    output = workload.function(Engine("", Value), [Value(x) for x in workload.point])
    assert workload.operations == sum(node.primitive is not None for node in topological_order(output))


def test_the_moons_step_is_the_first_of_the_demo() -> None:
    workload = workloads.load("w3")
    assert workload.operations == 65_077
    assert floats.value_and_gradient(workload.function, workload.point)[0] == pytest.approx(
        0.8958441028683222, rel=1e-13
    )


def test_the_moons_are_those_of_nn() -> None:
    points, labels = micrograd_moons()
    samples = demo_samples()
    assert samples == [(x, y, 2 * label - 1) for (x, y), label in zip(points, labels, strict=True)]


# --- Contenders in environments of their own ---


class Environments:
    """A folder of environments, each of whose interpreters is a script."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def add(self, contender: str, script: str, mode: int = 0o755) -> None:
        python = self.folder / contender / "bin" / "python"
        python.parent.mkdir(parents=True)
        python.write_text(f"#!/bin/sh\n{script}\n")
        python.chmod(mode)


@pytest.fixture
def own_environments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Environments:
    monkeypatch.setattr(environments, "FOLDER", tmp_path / "environments")
    return Environments(tmp_path / "environments")


def answer(evaluation: Evaluation) -> str:
    """The script of a worker that says what is given, and nothing else."""
    return f"echo '{json.dumps(evaluation._asdict())}'"


def test_a_contender_works_in_its_own_environment_and_gives_the_same(own_environments: Environments) -> None:
    own_environments.add("python_engine", f'echo used > "$0".log; exec {sys.executable} "$@"')
    workload = workloads.load("w3:2")
    with entrant.entrant("python_engine", "w3:2") as process:
        name, value, gradient, _ = process.evaluation
        assert process.seconds(2) >= 0
    assert (own_environments.folder / "python_engine" / "bin" / "python.log").exists()
    assert name == own.name
    assert (value, gradient) == own.value_and_gradient(workload.function, workload.point)


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("exit 3", "its process ended with status 3"),
        ("kill -SEGV $$", "its process ended with status -11"),
        ("exec sleep 1000", "no answer in 0.5 seconds"),
        ("echo Welcome", r"its process answered 'Welcome\n'"),
        (f'exec {sys.executable} "$@"', "ModuleNotFoundError: No module named 'autograd.numpy'"),
        ("""echo '{"error": "RecursionError: too deep"}'""", "RecursionError: too deep"),
    ],
)
def test_a_contender_that_fails_says_so_in_one_line(
    script: str, message: str, own_environments: Environments, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(entrant, "PATIENCE", 0.5 if "sleep" in script else 60)
    own_environments.add("hips_autograd", script)
    with pytest.raises(Failure) as failure, entrant.entrant("hips_autograd", "w1"):
        pass
    assert str(failure.value) == message


def test_an_interpreter_that_cannot_be_started_is_a_failure(own_environments: Environments) -> None:
    own_environments.add("torch", "exit", mode=0o644)
    with pytest.raises(Failure, match="Permission denied"), entrant.entrant("torch", "w1"):
        pass


def test_a_contender_that_ends_between_its_turns_is_left_out(
    own_environments: Environments, capsys: pytest.CaptureFixture[str]
) -> None:
    own_environments.add("torch", answer(Evaluation("torch", 0.0, None, None)))
    assert list(measurement.interleaved("w4:2", ["floats", "torch"], rounds=1)) == ["floats"]
    assert capsys.readouterr().err == "torch is skipped at w4:2: its process ended with status 0\n"


def test_an_environments_own_autograd_comes_before_ours(
    own_environments: Environments, capsys: pytest.CaptureFixture[str]
) -> None:
    """The fake is HIPS autograd's surface over the complex step; and it prints as it is imported."""
    folder = own_environments.folder / "hips_autograd"
    venv.create(folder, symlinks=True)
    (packages,) = folder.glob("lib/python*/site-packages")
    for name, text in {
        "autograd-9.9.dist-info/METADATA": "Metadata-Version: 2.1\nName: autograd\nVersion: 9.9\n",
        "autograd/numpy.py": """
            from cmath import exp, log, tanh
            array = ndarray = list
            def maximum(x, y):
                return x if x.real > y else y
        """,
        "autograd/__init__.py": """
            print("Welcome")
            from array import array
            def value_and_grad(function):
                def both(point):
                    def output(i):
                        return function([complex(x, 1e-100 * (i == j)) for j, x in enumerate(point)])
                    gradient = [output(i).imag / 1e-100 for i in range(len(point))]
                    return output(0).real, array("d", gradient)
                return both
        """,
    }.items():
        (packages / name).parent.mkdir(exist_ok=True)
        (packages / name).write_text(textwrap.dedent(text))
    assert main(["--only", "w1", "w3:2", "--contenders", "hips_autograd", "--rounds", "1"]) == 0
    output, errors = capsys.readouterr()
    assert output.count("HIPS autograd 9.9") == 2
    assert errors == ""


@pytest.fixture
def wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """pip finds one distribution, named peer, and no network."""
    with zipfile.ZipFile(tmp_path / "peer-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("peer.py", "")
        wheel.writestr("peer-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: peer\nVersion: 1.0\n")
        wheel.writestr(
            "peer-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr("peer-1.0.dist-info/RECORD", "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))


@pytest.mark.usefixtures("own_environments", "wheels")
def test_an_environment_is_made_for_each_peer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environments, "REQUIREMENTS", {"torch": "peer==1.0"})
    assert environments.python("torch") == sys.executable
    assert environments.main([]) == 0
    python = environments.python("torch")
    assert python != sys.executable
    subprocess.run([python, "-c", "import peer"], check=True)


@pytest.mark.usefixtures("wheels")
def test_a_peer_that_cannot_be_installed_leaves_no_environment(
    own_environments: Environments, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(environments, "REQUIREMENTS", {"torch": "peer==2.0"})
    assert environments.main(["torch"]) == 1
    assert "pip did not install peer==2.0" in capsys.readouterr().err
    assert list(own_environments.folder.iterdir()) == []


def test_an_unknown_peer_is_answered_with_those_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ending:
        environments.main(["casadi"])
    assert ending.value.code == 2
    assert "no peer 'casadi': there are xad, torch, hips_autograd, jax" in capsys.readouterr().err


# --- The command ---


@pytest.mark.usefixtures("own_environments")
def test_the_table_has_a_row_for_each_contender_and_the_file_each_time(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(measurement, "BLOCK", 0.0)
    times, page = tmp_path / "times.json", tmp_path / "page.md"
    page.write_text(f"# Prose\n\n{report.BEGIN}\nan old table\n{report.END}\n\nMore prose.\n")
    files = ["--json", str(times), "--markdown", str(page)]
    assert main(["--only", "w4:5", "--rounds", "2", "--contenders", "floats", "python_engine", *files]) == 0
    printed = capsys.readouterr().out
    rows = [line for line in printed.splitlines() if line.startswith("| W4")]
    records = json.loads(times.read_text())["records"]
    assert len(rows) == len(records) == 2
    for row, record, contender in zip(rows, records, (floats, own), strict=True):
        assert contender.name in row
        assert record["contender"] == contender.name
        assert len(record["seconds"]) == 2
    assert page.read_text() == f"# Prose\n\n{report.BEGIN}\n{printed}{report.END}\n\nMore prose.\n"


def test_a_wrong_gradient_ends_the_command_before_anything_is_timed(
    own_environments: Environments, capsys: pytest.CaptureFixture[str]
) -> None:
    own_environments.add("torch", answer(wrong("w1", 2)))
    assert main(["--only", "w1", "--contenders", "floats", "torch"]) == 1
    output, errors = capsys.readouterr()
    assert output == ""
    assert "W1 expression: the derivative by input 2" in errors


def test_a_contender_that_fails_is_skipped_with_one_line_and_the_others_are_timed(
    own_environments: Environments, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(measurement, "BLOCK", 0.0)
    own_environments.add("torch", "exit 3")
    assert main(["--only", "w1", "w4:2", "--contenders", "floats", "torch", "--rounds", "1"]) == 0
    output, errors = capsys.readouterr()
    assert output.count(floats.name) == 2
    assert errors == "torch is skipped at w1: its process ended with status 3\n"


def test_without_any_contender_the_command_fails(
    own_environments: Environments, capsys: pytest.CaptureFixture[str]
) -> None:
    own_environments.add("torch", "exit 3")
    assert main(["--only", "w1", "--contenders", "torch"]) == 1
    assert capsys.readouterr().err.endswith("No contender is left to time.\n")


@pytest.mark.parametrize(
    ("names", "columns"),
    [
        (["floats", "native_engine", "python_engine"], ["over plain floats", "over the native engine"]),
        (["floats", "python_engine", "xad"], ["over plain floats", "over the Python engine"]),
        (["native_engine", "xad"], ["over the native engine"]),
        (["xad"], []),
    ],
)
def test_ratios_are_over_floats_and_over_the_faster_engine_there_is(
    names: list[str], columns: list[str]
) -> None:
    assert list(command.compared(names).values()) == columns


def test_a_record_has_the_median_the_ratios_within_a_round_and_the_memory_of_a_large_graph(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seconds = {"floats": [1.0, 2.0, 4.0], "xad": [6.0, 10.0, 12.0]}
    monkeypatch.setattr(command, "interleaved", lambda workload, names, rounds: seconds)
    monkeypatch.setattr(command, "LARGE", 100)
    evaluations = {name: Evaluation(name, 0.0, None, growth=800) for name in seconds}
    columns = {"floats": "over plain floats", "native_engine": "over the native engine"}
    small, large = (
        list(command.records(name, workloads.load(name), evaluations, columns, rounds=3))[1]
        for name in ("w2:98", "w2:100")
    )
    assert large["median"] == 10.0
    assert large["ratios"] == {"over plain floats": 5.0, "over the native engine": None}
    assert (small["bytes per operation"], large["bytes per operation"]) == (None, 8.0)
    assert report.row(large) == "| W2 chain of 100 | xad | 10 s | 5.00 |  | 8 |"


@pytest.mark.parametrize(("seconds", "repeats"), [(1e-6, 200_000), (0.01, 20), (0.5, 3), (1.5, 1), (8.0, 1)])
def test_a_slow_contender_is_evaluated_once_in_its_turn(seconds: float, repeats: int) -> None:
    assert measurement.repeats(seconds) == repeats


def test_the_page_of_the_documentation_has_a_place_for_the_table() -> None:
    page = (PACKAGE.parent / "docs" / "benchmarks.md").read_text(encoding="utf-8")
    assert "| a table |" in report.inserted("| a table |", page)


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--only", "w9"], "no workload 'w9'"),
        (["--only", "w2:many"], "the size of w2 is a whole number"),
        (["--only", "w1:5"], "w1 comes in one size only"),
        (["--only", "w3:101"], "100 points, not 101"),
        (["--contenders", "jax"], "invalid choice: 'jax'"),
        (["--rounds", "0"], "a number from 1 on, not 0"),
        (["--json", "no/such/folder/times.json"], "there is no folder no/such/folder"),
        (["--markdown", "no/such/page.md"], "no/such/page.md"),
        (["--markdown", __file__], "a page for the table has the lines"),
    ],
)
def test_bad_arguments_are_answered_in_one_line_with_status_2(
    argv: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ending:
        main(argv)
    assert ending.value.code == 2
    assert message in capsys.readouterr().err


# --- Memory ---


@pytest.fixture
def status(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file in place of the one in which Linux tells a process's memory."""
    file = tmp_path / "status"
    monkeypatch.setattr(resident, "STATUS", file)
    return file


def test_a_graphs_memory_is_what_the_peak_exceeds_the_memory_before(status: Path) -> None:
    status.write_text("Name:\tpython\nVmHWM:\t    300 kB\nVmRSS:\t    100 kB\n")
    assert evaluation(floats, workloads.load("w1")).growth == 200 * 1024


def test_where_the_system_does_not_tell_memory_is_unknown(status: Path) -> None:
    assert evaluation(floats, workloads.load("w1")).growth is None
    with pytest.raises(SystemExit, match="there is none here"):
        memory.grows(["a graph"])


@pytest.mark.parametrize(
    ("peaks", "verdict"),
    [([50e6, 51.5e6], False), ([50e6, 51.6e6], True), ([1e6, 2.0e6], False), ([1e6, 2.1e6], True)],
)
def test_memory_grows_if_it_does_by_more_than_a_hundredth_and_a_megabyte(
    peaks: list[float], verdict: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    remaining = iter(peaks)
    monkeypatch.setattr(memory, "resident", lambda: 0)
    monkeypatch.setattr(memory, "peak", lambda: next(remaining))
    assert memory.grows(["warming up", "more"]) is verdict
    assert f"Memory {'grew' if verdict else 'did not grow'}: " in capsys.readouterr().out


@pytest.mark.parametrize(("growth", "ending"), [(0, 0), (2_000_000, 1)])
def test_the_command_watches_small_graphs_and_the_training(
    growth: int, ending: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    peaks = itertools.count(step=growth)
    monkeypatch.setattr(memory, "GRAPHS", 50)
    monkeypatch.setattr(memory, "TENTHS", range(1, 3))
    monkeypatch.setattr(memory, "resident", lambda: 0)
    monkeypatch.setattr(memory, "peak", lambda: next(peaks))
    assert memory.main(["--minutes", "0"]) == ending
    readings = [
        line.partition("after ")[2] for line in capsys.readouterr().out.splitlines() if "MB, " in line
    ]
    assert readings == ["5 small graphs", "10 small graphs", "training step 1", "training step 2"]


def test_the_command_watches_functions_that_are_compiled_and_dropped(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(memory, "FUNCTIONS", 20)
    monkeypatch.setattr(memory, "TENTHS", range(1, 3))
    monkeypatch.setattr(memory, "resident", lambda: 0)
    monkeypatch.setattr(memory, "peak", lambda: 0)
    assert memory.main(["--compiled"]) == 0
    assert "after 4 compiled functions" in capsys.readouterr().out
