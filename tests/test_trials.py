"""The commands that measure the checker and the rows, in small; and gradients of whole random expressions."""

from pathlib import Path

import pytest
from hypothesis import given, settings

from autograd.testing import Verdict, accuracy, check_gradients, trials
from autograd.testing.strategies import Expression, expressions, leaves


@pytest.mark.parametrize("kind", trials.FUNCTIONS, ids=lambda kind: kind.name)
def test_no_right_gradient_is_called_wrong_and_planted_errors_are_found(kind: trials.Kind) -> None:
    outcome = trials.tried(kind, trials.OwnChecker(), inputs=24, planted=3, seed=5, cases_only=False)
    assert outcome.alarms == []
    for hits, cases in outcome.found.values():
        assert hits == cases
    assert outcome.verdicts.get(Verdict.INCONCLUSIVE, 0) <= 2


def test_a_trial_counts_what_a_blind_and_an_anxious_checker_get_wrong() -> None:
    class Blind(trials.OwnChecker):
        def verdict(self, function, point):
            return Verdict.OK, ""

    class Anxious(trials.OwnChecker):
        def verdict(self, function, point):
            return Verdict.MISMATCH, "no"

    kind = trials.FUNCTIONS[0]
    blind = trials.tried(kind, Blind(), inputs=20, planted=20, seed=0, cases_only=False)
    assert [hits for hits, cases in blind.found.values()] == [0, 0, 0]
    assert all(cases > 10 for hits, cases in blind.found.values())
    anxious = trials.tried(kind, Anxious(), inputs=20, planted=0, seed=0, cases_only=False)
    assert len(anxious.alarms) == 20
    assert anxious.alarms[0].startswith("sum of products at (")


def test_the_kinds_of_functions_are_22_and_at_least_12_more() -> None:
    assert sum(kind.tuned for kind in trials.FUNCTIONS) == 22
    assert sum(not kind.tuned for kind in trials.FUNCTIONS) >= 12
    assert len({kind.name for kind in trials.FUNCTIONS}) == len(trials.FUNCTIONS)


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("kind", ["moderate", "wide", "integers", "kinks"])
def test_no_random_expression_has_a_wrong_gradient(kind: str, order: int) -> None:
    @settings(max_examples=40)
    @given(expressions(leaves=leaves(kind)))
    def check(expression: Expression) -> None:
        check_gradients(expression, *expression.point, order=order).raise_for_mismatch()

    check()


def test_the_accuracy_command_prints_and_writes_the_same_table(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written = tmp_path / "table.md"
    options = ["--points", "8", "--rows", "sin", "mul", "--markdown", str(written)]
    assert accuracy.main(options) == 0
    printed = capsys.readouterr().out
    assert printed == written.read_text(encoding="utf-8")
    cells = [[cell.strip() for cell in line.split("|")[1:4]] for line in printed.splitlines() if "|" in line]
    assert cells[0] == ["row", "argument", "decided"]
    assert cells[2:] == [["sin", "0", "8"], ["mul", "0", "8"], ["mul", "1", "8"]]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--rows", "sine"], "no row of the table is named 'sine': is it"),
        (["--rows", "less"], "less has no derivative to measure"),
        (["--points", "0"], "--points is a whole number of at least 1, not 0"),
        (["--points", "2", "--rows", "neg", "--markdown", "/nowhere/table.md"], "No such file or directory"),
    ],
)
def test_the_accuracy_command_refuses_in_one_line(
    options: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert accuracy.main(options) == 2
    error = capsys.readouterr().err
    assert said in error
    assert len(error.splitlines()) == 1
