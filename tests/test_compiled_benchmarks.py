"""The benchmark of compiled traces: all compute the same, and the tables say what was measured."""

import sys
from pathlib import Path
from types import SimpleNamespace

import numpy
import pytest

from benchmarks import compiled, environments, report, vectorised, workloads
from benchmarks.compiled import CONTESTS, OURS, Contender, Contest, main
from benchmarks.contenders.floats import Floats
from benchmarks.vectorised.sources import SOURCES
from benchmarks.workloads import w3_moons

DOCS = Path(compiled.__file__).parents[1] / "docs"
ARRAYS = SimpleNamespace(
    exp=numpy.exp, log=numpy.log, tanh=numpy.tanh, relu=lambda x: numpy.where(x > 0, x, 0.0)
)


@pytest.fixture(autouse=True)
def in_no_time(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A turn is three calls, W5 a few rows, and no peer has an environment."""
    monkeypatch.setattr(compiled, "TURN", 0.0)
    monkeypatch.setattr(compiled, "ROWS", 37)
    monkeypatch.setattr(environments, "FOLDER", tmp_path / "environments")


# --- What is computed -----------------------------------------------------------------------------------


@pytest.mark.parametrize("workload", ["w1", "w3", "w4"])
def test_the_functions_of_arrays_are_those_of_scalars(workload: str) -> None:
    loaded = workloads.load(workload)
    samples = numpy.array(w3_moons.demo_samples())
    point = numpy.array(loaded.point)
    inputs = {"w1": [*point], "w3": [point, samples[:, :2].ravel(), samples[:, 2]], "w4": [point]}[workload]
    value = SOURCES[workload].function(ARRAYS, *inputs)
    assert value == pytest.approx(loaded.function(Floats, loaded.point), rel=1e-13)


def test_every_workload_has_a_source_for_peers_and_every_peer_a_file() -> None:
    assert {name.partition(":")[0] for name in CONTESTS} == set(SOURCES)
    files = {path.stem for path in Path(vectorised.__file__).parent.glob("*.py")}
    assert (
        files - {"__init__", "sources", "worker"} == set(vectorised.NAMES) <= set(environments.REQUIREMENTS)
    )


@pytest.mark.parametrize("name", ["w1", "w3", "w4", "w5"])
def test_what_is_compiled_agrees_with_c(name: str, tmp_path: Path) -> None:
    contest = CONTESTS[name](tmp_path)
    compiled.check(contest)
    assert [title for title in contest.contenders if title.startswith("C ")] == [*compiled.FLAGS]


def test_c_leaves_subnormal_numbers_on(tmp_path: Path) -> None:
    compiled.built(tmp_path, "expression")
    small = 2.0**-1000
    assert (small * 2.0**-60).hex() == "0x0.0000000004000p-1022"


@pytest.mark.parametrize("wrong", [[[1.0], [2.0, 3.00000001]], [[float("nan")], [2.0, 3.0]], [[1.0], [2.0]]])
def test_a_contender_that_computes_something_else_is_found(wrong: list[list[float]]) -> None:
    def contender(numbers: list[list[float]]) -> Contender:
        return Contender(lambda repeats: 1.0, lambda: [numpy.array(part) for part in numbers])

    contest = Contest("W", {OURS: contender([[1.0], [2.0, 3.0]]), "peer": contender(wrong)}, [])
    with pytest.raises(ArithmeticError, match="W: compiled and peer differ"):
        compiled.check(contest)


# --- Peers ----------------------------------------------------------------------------------------------

FAKE_JAX = """
from types import SimpleNamespace
import numpy as arrays

__version__ = "9.9"
print("Welcome")
config = SimpleNamespace(update=print)
nn = SimpleNamespace(relu=None)
scipy = SimpleNamespace(special=SimpleNamespace(erfc=None))
numpy = SimpleNamespace(
    exp=arrays.exp, log=arrays.log, sqrt=arrays.sqrt, tanh=arrays.tanh,
    asarray=arrays.asarray, ones_like=arrays.ones_like,
)


def jit(function):
    return function


def block_until_ready(results):
    return results


def vjp(function, *inputs):
    def derivative(i):
        return function(*(x + 1e-100j * (i == j) for j, x in enumerate(inputs))).imag / 1e-100
    return function(*inputs), lambda seed: [derivative(i) for i in range(len(inputs))]
"""


@pytest.fixture
def fake_jax(tmp_path: Path) -> None:
    """jax has an environment: this interpreter, with jax's surface over the complex step."""
    (tmp_path / "packages").mkdir()
    (tmp_path / "packages" / "jax.py").write_text(FAKE_JAX)
    python = environments.FOLDER / "jax" / "bin" / "python"
    python.parent.mkdir(parents=True)
    found = f"import sys; sys.path.insert(0, '{tmp_path / 'packages'}'); "
    python.write_text(
        f'#!/bin/sh\nshift 2\nprogram=$1\nshift\nexec {sys.executable} -P -c "{found}$program" "$@"\n'
    )
    python.chmod(0o755)


@pytest.mark.usefixtures("fake_jax")
def test_a_peer_of_another_environment_computes_the_same(tmp_path: Path) -> None:
    contest = CONTESTS["w1"](tmp_path)
    with compiled.with_peers(contest, "w1", ["jax"], tmp_path) as whole:
        compiled.check(whole)
        *_, (title, peer) = whole.contenders.items()
        assert title == "jax 9.9, jit"
        assert peer.first is not None
        assert peer.first > 0
        assert peer.seconds(2) > 0


# --- The command ----------------------------------------------------------------------------------------


def test_the_tables_are_printed_and_put_into_the_page(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"# Prose\n\n{report.BEGIN}\nan old table\n{report.END}\n")
    options = ["--only", "w1", "w5", "--rounds", "2", "--growth", "5", "9", "--markdown", str(page)]
    assert main(options) == 0
    printed, errors = capsys.readouterr()
    assert page.read_text() == f"# Prose\n\n{report.BEGIN}\n{printed}{report.END}\n"
    cells = [line.strip("| ").split(" | ") for line in printed.splitlines() if line.startswith("|")]
    titles = [row[1] for row in cells if row[0] == "W1 expression"]
    assert titles == [OURS, *compiled.FLAGS, Floats.name]
    assert [row[0] for row in cells[-2:]] == ["32", "64"]
    assert "jax is skipped at w1" in errors
    assert "torch is skipped at w5" in errors


def test_a_line_has_the_median_and_the_ratios_within_a_round() -> None:
    contenders = {
        OURS: Contender(lambda repeats: 0.0, list, first=0.25),
        "C -O3": Contender(lambda repeats: 0.0, list),
    }
    times = {OURS: [1.0, 4.0, 3.0], "C -O3": [2.0, 2.0, 2.0]}
    assert list(compiled.rows(Contest("W", contenders, []), times)) == [
        "| W | compiled | 3 s | 1.50 | 1.00 | 0.25 s |",
        "| W | C -O3 | 2 s | 1.00 | 0.67 |  |",
    ]


def test_a_wrong_result_ends_the_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(compiled, "TOLERANCE", -1.0)
    assert main(["--only", "w1", "--peers"]) == 1
    assert "W1 expression: compiled and C -O3 differ" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--only", "w2"], "invalid choice: 'w2'"),
        (["--peers", "xad"], "invalid choice: 'xad'"),
        (["--rounds", "0"], "a number from 1 on, not 0"),
        (["--growth", "1"], "the size of w4 is a whole number from 2 on, not '1'"),
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


def test_the_page_of_the_documentation_has_a_place_for_the_tables() -> None:
    page = (DOCS / "benchmarks_compiled.md").read_text(encoding="utf-8")
    assert "| a table |" in report.inserted("| a table |", page)
    assert "(benchmarks_compiled.md)" in (DOCS / "benchmarks.md").read_text(encoding="utf-8")
