"""What a row states in C is read as it would be by a compiler of C, and written for LLVM."""

from typing import Any

import pytest
from expressions import ROWS

from autograd import primitives, straightline
from autograd.compiler.emission import Externals, Term, Writer
from autograd.compiler.expression import Application, Tree, parsed


def bracketed(tree: Tree) -> str:
    """A tree with a pair of brackets for each application."""
    if not isinstance(tree, Application):
        return str(tree)
    return f"({' '.join([tree.symbol, *map(bracketed, tree.operands)])})"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{0}", "0"),
        ("2", "2.0"),
        (".5", "0.5"),
        ("1.5e-3", "0.0015"),
        ("{0} + {1} * {2}", "(+ 0 (* 1 2))"),
        ("{0} - {1} - {2}", "(- (- 0 1) 2)"),
        ("({0} - ({1} - {2}))", "(- 0 (- 1 2))"),
        ("{0} / {1} * {2}", "(* (/ 0 1) 2)"),
        ("-{0} * -{1}", "(* (- 0) (- 1))"),
        ("{0} < 1 == {1} >= 2", "(== (< 0 1.0) (>= 1 2.0))"),
        ("{0} != 0 || {1} && {2} <= 3", "(|| (!= 0 0.0) (&& 1 (<= 2 3.0)))"),
        ("{0} ? {1} : {2} ? 1 : 2", "(? 0 1 (? 2 1.0 2.0))"),
        ("{0}>{1}?fma({0},{1},1):3", "(? (> 0 1) (fma 0 1 1.0) 3.0)"),
        ("atan2(fabs({0}), {1} + 1)", "(atan2 (fabs 0) (+ 1 1.0))"),
    ],
)
def test_operators_bind_as_in_c(text: str, expected: str) -> None:
    assert bracketed(parsed(text)) == expected


@pytest.mark.parametrize(
    "text", ["", "{0} +", "({0}", "{0})", "M_PI", "{0} % 2", "!{0}", "{}", "1..2", "{0} {1}", "f()"]
)
def test_other_c_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="operators, calls, numbers and operands"):
        parsed(text)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_every_c_expression_of_the_table_is_understood(row: Any) -> None:
    text = straightline.c_expression(row)
    assert text is None or parsed(text) is not None


def written(row: Any, *operands: Term, width: int = 1) -> tuple[list[str], Externals]:
    externals = Externals()
    writer = Writer(externals, width=width)
    writer.apply(row, operands)
    return writer.lines, externals


A, B, C = Term("%a"), Term("%b"), Term("%c", True)


@pytest.mark.parametrize(
    ("row", "operands", "lines"),
    [
        (primitives.add, (A, B), ["%v0 = fadd double %a, %b"]),
        (primitives.neg, (A,), ["%v0 = fneg double %a"]),
        (primitives.less, (A, B), ["%v0 = fcmp olt double %a, %b"]),
        (primitives.not_equal, (A, B), ["%v0 = fcmp une double %a, %b"]),
        (primitives.where, (C, A, B), ["%v0 = select i1 %c, double %a, double %b"]),
        (primitives.logical_and, (C, C), ["%v0 = and i1 %c, %c"]),
        (primitives.logical_not, (C,), ["%v0 = xor i1 %c, true"]),
        (primitives.add, (C, A), ["%v0 = uitofp i1 %c to double", "%v1 = fadd double %v0, %a"]),
        (primitives.exp, (A,), ["%v0 = call double @autograd_exp(double %a)"]),
        (primitives.sqrt, (A,), ["%v0 = call double @llvm.sqrt.f64(double %a)"]),
        (primitives.gamma, (A,), ["%v0 = call double @row_gamma_1(double %a)"]),
    ],
    ids=lambda thing: getattr(thing, "name", None),
)
def test_a_row_becomes_an_instruction_or_a_call(
    row: Any, operands: tuple[Term, ...], lines: list[str]
) -> None:
    assert written(row, *operands)[0] == lines


def test_a_number_is_a_condition_that_holds_unless_it_is_0() -> None:
    lines, _ = written(primitives.where, A, B, B)
    assert lines[0] == "%v0 = fcmp une double %a, 0x0000000000000000"


def test_eight_numbers_are_written_as_one_vector_and_the_library_is_called_for_each() -> None:
    lines, externals = written(primitives.exp, A, width=8)
    assert lines == ["%v0 = call <8 x double> @autograd_exp_x8(<8 x double> %a)"]
    assert externals.text.count("call double @autograd_exp(") == 8
    assert externals.c_functions == {"autograd_exp": "exp"}


def test_constants_are_written_to_the_last_bit() -> None:
    writer = Writer(Externals())
    assert writer.constant(0.1).text == "0x3FB999999999999A"
    assert writer.constant(-0.0).text == "0x8000000000000000"
    assert Writer(Externals(), width=8).constant(float("inf")).text == "splat (double 0x7FF0000000000000)"
