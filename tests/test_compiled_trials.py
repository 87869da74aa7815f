"""The compiler on trial, in small: random expressions and programs, and special numbers."""

import itertools
import math

import numpy
import pytest
from hypothesis import given, settings

import autograd
from autograd import abs, exp, jit, log, maximum, minimum, relu, sqrt, where
from autograd.testing import compiled
from autograd.testing.compiled import SPECIAL, Outcome, tried, wide_inputs
from autograd.testing.programs import Program, programs
from autograd.testing.strategies import Expression, expressions

PAIRS = list(itertools.product(SPECIAL, repeat=2))


def first(count: int, arity: int = 2) -> list[tuple[float, ...]]:
    return list(itertools.islice(wide_inputs(arity, "first"), count))


# --- What is compiled -----------------------------------------------------------------------------------


@settings(max_examples=5)
@given(expressions())
def test_random_expressions_have_the_bits_of_the_engine_to_the_second_derivative(f: Expression) -> None:
    assert tried(f, lambda *point: None, first(40, len(f.point))).wrong == ()


@settings(max_examples=4)
@given(programs())
def test_random_programs_have_the_bits_of_the_engine_and_a_trace_for_each_path(program: Program) -> None:
    outcome = tried(program, program.path, first(8))
    assert outcome.wrong == ()
    assert outcome.traces == outcome.paths


def early_return(x, y):
    if x > y:
        return y * y
    for _ in range(3):
        x = x + y
        if x > 2:
            break
    return max(x, y) * abs(x)


EARLY = Program(
    "def f(x, y):\n    if x > y:\n        return y * y\n    for _ in range(3):\n        x = x + y\n"
    "        if x > 2:\n            break\n    return max(x, y) * abs(x)\n"
)


@pytest.mark.parametrize(
    ("f", "path"),
    [
        (lambda x, y: where(x > 0, sqrt(x), y) + where(y > 0, log(y), x), None),
        (lambda x, y: x * sqrt(y * y), None),
        (lambda x, y: maximum(x, y) * minimum(x, y) + relu(x) / y, None),
        (lambda x, y: exp(x) * y - exp(y) / x, None),
        (lambda x, y: x * 5e-324 + y * 0.5, None),
        (early_return, EARLY.path),
    ],
    ids=["untaken branches", "strong zeros", "ties", "overflow", "subnormals", "control flow"],
)
def test_special_numbers_give_what_the_engine_gives_also_in_the_rows_that_vectors_leave(f, path) -> None:
    outcome = tried(f, path or (lambda x, y: None), PAIRS)
    assert outcome.wrong == ()
    assert outcome.inputs == len(PAIRS)


def test_a_loop_that_stops_where_its_numbers_tell_it_has_the_bits_of_one_row_after_the_other() -> None:
    outcome = compiled._loop(200, 0, doublings=4)
    assert outcome.wrong == ()
    assert outcome.paths == 10


# --- The trial itself -----------------------------------------------------------------------------------


def test_a_path_is_every_truth_that_python_asks_for() -> None:
    assert EARLY.path(3.0, 2.0) == (True,)
    assert EARLY.path(0.5, 1.0) == (False, False, True, False)
    assert EARLY.path(math.nan, 1.0) == (False, False, False, False, False)
    truths = Program("def f(x, y):\n    return where(x > y, x, y) if not x and y else -y / 1\n")
    assert truths.path(0.0, 2.0) == (False, True)
    assert truths.path(1.0, 0.0) == (True,)


def test_a_program_is_what_its_source_says() -> None:
    for point in PAIRS:
        assert repr(EARLY(*map(autograd.Value, point))) == repr(early_return(*map(autograd.Value, point)))


class OffByOne:
    """A compiled function one of whose numbers is the next double."""

    def __init__(self, function) -> None:
        self.function = jit(function)
        self.stats = self.function.stats

    def __call__(self, *numbers):
        result = self.function(*numbers)
        self.stats = self.function.stats
        return math.nextafter(result, 7.0) if repr(numbers) == "(2.0, 3.0)" and result == 6.0 else result


def test_a_wrong_bit_is_found_and_said(monkeypatch) -> None:
    monkeypatch.setattr(compiled, "jit", OffByOne)
    outcome = tried(lambda x, y: x * y, lambda x, y: None, [(1.0, 2.0), (2.0, 3.0), (2.0, 2.0)])
    assert outcome.differing == 1
    assert outcome.wrong == ("value at (2.0, 3.0): [6.000000000000001], and by the engine [6.0]",)


def test_the_sign_of_a_zero_counts_in_a_value_and_not_in_a_derivative() -> None:
    found, expected = numpy.array([0.0, math.nan, 1.0]), numpy.array([-0.0, -math.nan, math.inf])
    assert compiled._equal(found, expected, signed_zeros=True).tolist() == [False, True, False]
    assert compiled._equal(found, expected, signed_zeros=False).tolist() == [True, True, False]


def test_a_trace_too_many_or_too_few_is_wrong() -> None:
    def f(x, y):
        return x if x > y else y * 1

    points = [(1.0, 2.0), (2.0, 1.0)]
    assert tried(f, lambda x, y: x > y, points).wrong == ()
    assert "value: 2 traces of 1 paths" in tried(f, lambda x, y: None, points).wrong


def test_inputs_on_paths_beyond_the_limit_are_left_out(monkeypatch) -> None:
    monkeypatch.setattr(compiled, "MOST_PATHS", 1)
    outcome = tried(EARLY, EARLY.path, [(3.0, 2.0), (0.5, 1.0), (5.0, 4.0)])
    assert (outcome.inputs, outcome.left_out, outcome.traces, outcome.paths) == (2, 1, 6, 6)


def test_the_command_prints_a_line_for_each_kind(capsys) -> None:
    options = ["--expressions", "1", "--programs", "1", "--inputs", "9", "--rows", "2"]
    assert compiled.main(options) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line[:11] for line in lines[2:-1]] == ["expressions", "programs   ", "a loop over"]
    assert lines[-1] == "No bit differs, and every path was traced once."


def test_the_command_shows_the_smallest_function_that_is_wrong(monkeypatch, capsys) -> None:
    def tried(program, path, points):
        return Outcome(functions=1, wrong=("it says break",) if "break" in program.source else ())

    monkeypatch.setattr(compiled, "tried", tried)
    monkeypatch.setattr(compiled, "_loop", lambda count, name: Outcome())
    assert compiled.main(["--expressions", "0", "--programs", "100"]) == 1
    shown = capsys.readouterr().out.splitlines()[-8:]
    assert [shown[line] for line in (0, 3, 7)] == [
        "    for _ in range(3):",
        "            break",
        "it says break",
    ]
