"""Every pass keeps the value of each output and guard to the last bit, at any doubles."""

import math
from collections.abc import Callable, Sequence

import pytest
from expressions import ROWS, SPECIAL
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd import primitives, trace
from autograd.compiler.passes import divided, folded, optimised, pruned, reduced, shared
from autograd.compiler.program import Operation, Program, lowered
from autograd.primitives import abs as magnitude
from autograd.primitives import (
    add,
    div,
    equal,
    exp,
    less,
    logical_and,
    logical_or,
    mul,
    neg,
    sub,
    where,
)
from autograd.rows import Primitive, real
from autograd.testing.strategies import Expression, expressions

PASSES = [folded, reduced, shared, pruned, optimised]
EDGES = [*SPECIAL, 5e-324 * 3, -1e308, 4.0, -0.25, 2.0**1023]
FAVOURED = [add, sub, mul, div, neg, magnitude, where, equal, logical_and, logical_or]
BASE = [row for row in ROWS if not row.defined and not row.variadic]
inf, nan = math.inf, math.nan


def values(program: Program, numbers: Sequence[float]) -> list[float]:
    """The value of every number of a program, each operation by its row."""
    computed = [*numbers, *program.constants]
    for row, operands in program.operations:
        computed.append(real(row(*(computed[operand] for operand in operands))))
    return computed


def results(program: Program, numbers: Sequence[float]) -> list[str]:
    """What a program promises, to the last bit: its outputs, and the truth of its guards."""
    computed = values(program, numbers)
    outputs = ["nan" if math.isnan(computed[o]) else computed[o].hex() for o in program.outputs]
    return outputs + [str(bool(computed[number]) is truth) for number, truth in program.guards]


def rows_of(program: Program) -> list[str]:
    return [row.name for row, _ in program.operations]


def program_of(*operations: tuple[Primitive, tuple[int, ...]], constants: Sequence[float] = ()) -> Program:
    """A program of the inputs 0 and 1, constants from 2 on, whose output is the last operation."""
    count = 2 + len(constants) + len(operations)
    steps = tuple(Operation(row, operands) for row, operands in operations)
    return Program(2, tuple(constants), steps, (count - 1,))


@st.composite
def programs(draw: st.DrawFn) -> Program:
    """Operations on earlier values of any kind, among them few and telling constants."""
    constants = draw(st.lists(st.sampled_from(EDGES), min_size=1, max_size=5, unique_by=repr))
    first = 2 + len(constants)
    operations = []
    for place in range(draw(st.integers(1, 12))):
        row = draw(st.sampled_from(FAVOURED + BASE))
        operands = draw(st.tuples(*[st.integers(0, first + place - 1)] * row.arity))
        operations.append(Operation(row, operands))
    last = first + len(operations) - 1
    guards = draw(st.lists(st.tuples(st.integers(first, last), st.booleans()), max_size=2))
    return Program(2, tuple(constants), tuple(operations), (last, draw(st.integers(0, last))), tuple(guards))


@pytest.mark.parametrize("rewrite", PASSES, ids=lambda rewrite: rewrite.__name__)
@settings(max_examples=50)
@given(program=programs(), numbers=st.tuples(*[st.one_of(st.sampled_from(EDGES), st.floats())] * 2))
def test_a_pass_keeps_every_bit_of_outputs_and_guards(
    rewrite: Callable[[Program], Program], program: Program, numbers: tuple[float, ...]
) -> None:
    rewritten = rewrite(program)
    assert len(rewritten.operations) <= len(program.operations)
    assert rewritten.inputs == program.inputs
    assert results(rewritten, numbers) == results(program, numbers)


@settings(max_examples=20)
@given(expression=expressions(most=6))
def test_the_passes_keep_every_bit_of_expressions_over_the_whole_table(expression: Expression) -> None:
    program = lowered(trace(expression)(*expression.point))
    assert results(optimised(program), expression.point) == results(program, expression.point)


@settings(max_examples=40)
@given(program=programs(), numbers=st.tuples(*[st.sampled_from(EDGES)] * 2))
def test_a_program_is_divided_into_what_depends_on_some_inputs_alone_and_the_rest(
    program: Program, numbers: tuple[float, ...]
) -> None:
    before, rest = divided(program, [1], [0])
    known = values(before, numbers[1:])
    between = [known[output] for output in before.outputs]
    assert results(rest, [numbers[1], *between, numbers[0]]) == results(program, numbers)
    assert len(before.operations) + len(rest.operations) <= len(program.operations)


SAME = [
    ("x * 1 is x", program_of((mul, (0, 2)), constants=[1.0]), []),
    ("1 * x is x", program_of((mul, (2, 0)), constants=[1.0]), []),
    ("x * -1 is -x", program_of((mul, (0, 2)), constants=[-1.0]), ["neg"]),
    ("x / 1 is x", program_of((div, (0, 2)), constants=[1.0]), []),
    ("x / 4 is x * 0.25", program_of((div, (0, 2)), constants=[4.0]), ["mul"]),
    ("x / -0.5 is x * -2", program_of((div, (0, 2)), constants=[-0.5]), ["mul"]),
    ("x / 2**1023, of a subnormal reciprocal", program_of((div, (0, 2)), constants=[2.0**1023]), ["mul"]),
    ("x / 3 is no product", program_of((div, (0, 2)), constants=[3.0]), ["div"]),
    ("x / 2**-1074, whose reciprocal overflows", program_of((div, (0, 2)), constants=[5e-324]), ["div"]),
    ("x / 0 is no product", program_of((div, (0, 2)), constants=[0.0]), ["div"]),
    ("x - 0.0 is x", program_of((sub, (0, 2)), constants=[0.0]), []),
    ("x - -0.0 is not x at -0.0", program_of((sub, (0, 2)), constants=[-0.0]), ["sub"]),
    ("x + -0.0 is x", program_of((add, (0, 2)), constants=[-0.0]), []),
    ("x + 0.0 is not x at -0.0", program_of((add, (0, 2)), constants=[0.0]), ["add"]),
    ("-0.0 - x is -x", program_of((sub, (2, 0)), constants=[-0.0]), ["neg"]),
    ("0.0 - x is not -x at 0", program_of((sub, (2, 0)), constants=[0.0]), ["sub"]),
    ("x * 0 is not 0 at inf", program_of((mul, (0, 2)), constants=[0.0]), ["mul"]),
    ("x - x is not 0 at inf", program_of((sub, (0, 0))), ["sub"]),
    ("--x is x", program_of((neg, (0,)), (neg, (2,))), []),
    ("x + -y is x - y", program_of((neg, (1,)), (add, (0, 2))), ["sub"]),
    ("-x + y is y - x", program_of((neg, (0,)), (add, (2, 1))), ["sub"]),
    ("x - -y is x + y", program_of((neg, (1,)), (sub, (0, 2))), ["add"]),
    ("-x * -y is x * y", program_of((neg, (0,)), (neg, (1,)), (mul, (2, 3))), ["mul"]),
    ("-x / -y is x / y", program_of((neg, (0,)), (neg, (1,)), (div, (2, 3))), ["div"]),
    ("||x|| is |x|", program_of((magnitude, (0,)), (magnitude, (2,))), ["abs"]),
    ("|-x| is |x|", program_of((neg, (0,)), (magnitude, (2,))), ["abs"]),
    ("where(1, x, y) is x", program_of((where, (2, 0, 1)), constants=[1.0]), []),
    ("where(nan, x, y) is x", program_of((where, (2, 0, 1)), constants=[nan]), []),
    ("where(-0.0, x, y) is y", program_of((where, (2, 0, 1)), constants=[-0.0]), []),
    ("where(c, x, x) is x", program_of((less, (0, 1)), (where, (2, 0, 0))), []),
    ("x < y and true", program_of((less, (0, 1)), (logical_and, (3, 2)), constants=[1.0]), ["less"]),
    ("x < y and false", program_of((less, (0, 1)), (logical_and, (2, 3)), constants=[0.0]), []),
    ("x < y or true", program_of((less, (0, 1)), (logical_or, (3, 2)), constants=[2.0]), []),
    ("x and true is no number x", program_of((logical_and, (0, 2)), constants=[1.0]), ["logical_and"]),
    (
        "a strong product with 3 is one",
        program_of((equal, (0, 2)), (mul, (0, 3)), (where, (4, 0, 5)), constants=[0.0, 3.0]),
        ["mul"],
    ),
    (
        "one with -3 is not at 0",
        program_of((equal, (0, 2)), (mul, (0, 3)), (where, (4, 0, 5)), constants=[0.0, -3.0]),
        ["equal", "mul", "where"],
    ),
    (
        "one with inf is not at 0",
        program_of((equal, (0, 2)), (mul, (0, 3)), (where, (4, 0, 5)), constants=[0.0, inf]),
        ["equal", "mul", "where"],
    ),
]


@pytest.mark.parametrize(("program", "left"), [row[1:] for row in SAME], ids=[row[0] for row in SAME])
def test_an_operation_becomes_a_cheaper_one_where_no_double_tells_them_apart(
    program: Program, left: list[str]
) -> None:
    rewritten = reduced(program)
    assert rows_of(rewritten) == left
    for x in EDGES:
        for y in EDGES:
            assert results(rewritten, (x, y)) == results(program, (x, y))


def test_constants_fold_to_the_value_of_the_row() -> None:
    program = folded(program_of((exp, (2,)), (mul, (3, 0)), constants=[1000.0]))
    assert rows_of(program) == ["mul"]
    assert program.constants == (inf,)


def test_of_equal_operations_the_first_is_kept_whatever_the_order_of_summands() -> None:
    program = shared(program_of((add, (0, 1)), (add, (1, 0)), (sub, (0, 1)), (sub, (1, 0)), (mul, (2, 3))))
    assert rows_of(program) == ["add", "mul"]
    assert program.operations[1].operands == (2, 2)


def test_zeros_of_different_signs_are_different_constants() -> None:
    program = program_of((div, (0, 2)), (div, (0, 3)), (sub, (4, 5)), constants=[0.0, -0.0])
    assert results(optimised(program), (1.0, 0.0)) == [math.inf.hex()]


def test_what_no_output_or_guard_needs_is_left_out() -> None:
    program = program_of((exp, (0,)), (less, (0, 1)), (add, (0, 2)), constants=[3.0])._replace(
        guards=((4, True),)
    )
    assert rows_of(pruned(program)) == ["less", "add"]
    assert rows_of(pruned(program._replace(guards=()))) == ["add"]
    assert pruned(program._replace(outputs=(0,), guards=())) == Program(2, (), (), (0,))


def test_a_long_chain_is_rewritten_without_recursion() -> None:
    chain = [(primitives.neg, (place,)) for place in range(2, 20_000)]
    program = program_of((exp, (0,)), *chain)
    assert rows_of(optimised(program)) == ["exp"]
