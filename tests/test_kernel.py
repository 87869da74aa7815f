"""Machine code gives the bits of the rows: at one point, for many rows, in any number of threads."""

import math
import pathlib
import random
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy
import pytest
from expressions import ROWS, SPECIAL, expression
from hypothesis import given, settings
from hypothesis import strategies as st
from test_compiler_passes import programs, values

import autograd
from autograd import primitive, primitives, trace
from autograd.compiler import foreign, kernel, machine
from autograd.compiler.kernel import compiled
from autograd.compiler.program import Operation, Program, lowered
from autograd.rows import Primitive

EDGES = [*SPECIAL, -0.5, 2.5, 3.5, 64.0, -700.0, 710.0, 1e-310, -5e-324, 0.2784645427610738, 170.0]


def bits(number: float) -> str:
    """Tells -0.0 from 0.0; every nan counts as equal."""
    return "nan" if math.isnan(number) else float(number).hex()


def traced(function: Callable[..., Any], *point: float) -> Program:
    return lowered(trace(function)(*point))


# --- The table ----------------------------------------------------------------------------------------


def arity(row: Primitive) -> int:
    return 3 if row.variadic else row.arity


def points(count: int) -> list[tuple[float, ...]]:
    """Every pair of edges, and what is random: the same points in every run."""
    generator = random.Random(count)
    pairs = [(x, y, generator.choice(EDGES)) for x in EDGES for y in EDGES]
    return pairs + [tuple(generator.uniform(-5, 5) for _ in range(3)) for _ in range(count)]


POINTS = points(300)


@pytest.fixture(scope="module")
def table_kernel() -> kernel.Kernel:
    """All rows at once, each of the first of three inputs."""
    return compiled(traced(lambda *xs: [row(*xs[: arity(row)]) for row in ROWS], 1.0, 2.0, 3.0))


@pytest.fixture(scope="module")
def at_each_point(table_kernel: kernel.Kernel) -> list[list[float]]:
    return [table_kernel(point) or [] for point in POINTS]


@pytest.fixture(scope="module")
def in_rows(table_kernel: kernel.Kernel) -> list[list[float]]:
    columns = [numpy.array(column) for column in zip(*POINTS, strict=True)]
    outputs, _ = table_kernel.rows(columns, len(POINTS), reduce=None)
    return [output.tolist() for output in outputs]


@pytest.mark.parametrize(("place", "row"), [*enumerate(ROWS)], ids=[row.name for row in ROWS])
def test_a_row_has_the_same_bits_in_machine_code_one_at_a_time_and_eight(
    place: int, row: Primitive, at_each_point: list[list[float]], in_rows: list[list[float]]
) -> None:
    expected = [bits(row(*point[: arity(row)])) for point in POINTS]
    assert [bits(outputs[place]) for outputs in at_each_point] == expected
    assert [bits(output) for output in in_rows[place]] == expected


def test_a_row_declared_at_run_time_is_computed_by_python() -> None:
    row = primitive("kernel_rounded", lambda x: round(x), (0.0,))
    code = compiled(traced(lambda x: row(x) * 2, 1.0))
    assert code([2.6]) == [6.0]
    assert code.rows([numpy.array([2.6, 3.2])], 2, reduce=None)[0][0].tolist() == [6.0, 6.0]


@pytest.mark.parametrize(
    ("name", "c", "expected"),
    [
        ("formula", "{0} * {0} + 1.5e0", 10.5),
        ("choice", "{0} ? 2 : 3", 2.0),
        ("macro", "M_PI * {0}", 9.0),
        ("function", "unknown({0})", 9.0),
        ("unfinished", "({0}", 9.0),
        ("empty", "", 9.0),
    ],
)
def test_the_c_of_a_row_is_used_where_it_is_understood(name: str, c: str, expected: float) -> None:
    """The value in Python, a square, differs on purpose: the result tells which of the two was asked."""
    row = primitive(f"kernel_c_{name}", lambda x: x * x, (0.0,), c=c)
    assert compiled(traced(row, 1.0))([3.0]) == [expected]


# --- Programs -----------------------------------------------------------------------------------------


@settings(max_examples=40)
@given(program=programs(), numbers=st.tuples(*[st.one_of(st.sampled_from(EDGES), st.floats())] * 2))
def test_any_program_gives_the_bits_of_its_operations(program: Program, numbers: tuple[float, ...]) -> None:
    computed = values(program, numbers)
    holds = all(bool(computed[number]) is truth for number, truth in program.guards)
    outputs = compiled(program)(numbers)
    if holds:
        assert outputs is not None
        assert [*map(bits, outputs)] == [bits(computed[number]) for number in program.outputs]
    else:
        assert outputs is None


@pytest.mark.parametrize("seed", range(6))
def test_value_gradient_and_hessian_of_expressions_equal_those_of_the_engine(seed: int) -> None:
    generator = random.Random(seed)
    steps = expression(generator, [row for row in ROWS if not row.comparison], most=4)

    def function(x: Any, y: Any) -> Any:
        return steps(x, y)[-1] + 0 * x * y

    for transform in (autograd.value_and_grad(function, (0, 1)), autograd.hessian(function, (0, 1))):
        code = compiled(traced(transform, 1.0, 2.0))
        for point in [(generator.choice(EDGES), generator.uniform(-3, 3)) for _ in range(4)]:
            expected = lowered(trace(transform)(*point))
            ours = code(point)
            assert ours is not None
            computed = values(expected, point)
            assert [*map(bits, ours)] == [bits(computed[number]) for number in expected.outputs]


def chain(length: int) -> Program:
    """Operations that any later one may need: a condition and numbers cross every border between parts."""
    generator = random.Random(length)
    operations = [Operation(primitives.less, (0, 1))]
    for place in range(3, 2 + length):
        row = generator.choice([primitives.add, primitives.mul, primitives.sin, primitives.where])
        back = [generator.randrange(3 if place > 3 else 0, place) for _ in range(3)]
        operands = (2, *back[1:]) if row is primitives.where else tuple(back[: row.arity])
        operations.append(Operation(row, operands))
    return Program(2, (), tuple(operations), (1 + length, length // 2), ((2, True),))


@pytest.mark.parametrize("length", [299, 300, 301, 2000])
def test_a_long_program_is_compiled_in_parts_with_the_same_bits(length: int) -> None:
    program = chain(length)
    code = kernel.Kernel(program)
    for point in [(0.5, 0.75), (-3.0, 2.0)]:
        computed = values(program, point)
        expected = [bits(computed[number]) for number in program.outputs]
        assert [*map(bits, code(point) or [])] == expected
    assert code((2.0, 1.0)) is None


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (lambda x: 7.0, [7.0]),
        (lambda x: x, [3.0]),
        (lambda x: [x, x, 1.0], [3.0, 3.0, 1.0]),
        (lambda x: [], []),
    ],
    ids=["a constant", "an input", "several times the same", "nothing"],
)
def test_outputs_may_be_of_any_kind_and_number(function: Callable[..., Any], expected: list[float]) -> None:
    code = compiled(traced(function, 1.0))
    assert code([3.0]) == expected
    outputs, missed = code.rows([numpy.array([3.0] * 9)], 9, reduce="mean")
    assert (outputs, missed) == (expected, None)
    outputs, _ = code.rows([3.0], 2, reduce=None)
    assert [output.tolist() for output in outputs] == [[number] * 2 for number in expected]


# --- Many rows ----------------------------------------------------------------------------------------


def in_order(terms: Sequence[float]) -> float:
    """The sum as reductions are defined: in blocks of 1,024, in each by the remainder mod 8."""
    total = None
    for start in range(0, len(terms), 1024):
        block = terms[start : start + 1024]
        lanes: list[float | None] = [None] * 8
        for row, term in enumerate(block):
            before = lanes[row % 8]
            lanes[row % 8] = term if before is None else before + term
        for width in (4, 2, 1):
            for lane in range(width):
                one, other = lanes[lane], lanes[lane + width]
                lanes[lane] = one if other is None else other if one is None else one + other
        total = lanes[0] if total is None else total + (lanes[0] or 0.0)
    return 0.0 if total is None else total


@pytest.fixture(scope="module")
def affine() -> kernel.Kernel:
    return compiled(traced(lambda a, x, y: [a * x + y, autograd.sin(x), a * a], 2.0, 3.0, 4.0))


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("count", [1, 2, 5, 7, 8, 9, 12, 1023, 1024, 1025, 5000])
def test_rows_are_added_up_in_the_order_that_a_reduction_is_defined_by(
    affine: kernel.Kernel, count: int, threads: int
) -> None:
    x, y = numpy.random.default_rng(count).normal(size=(2, count)) * 10.0 ** numpy.arange(count).clip(0, 20)
    terms = [(0.1 * p + q, math.sin(p), 0.1 * 0.1) for p, q in zip(x.tolist(), y.tolist(), strict=True)]
    sums = [in_order(column) for column in zip(*terms, strict=True)]
    assert affine.rows([0.1, x, y], count, reduce="sum", threads=threads)[0] == sums
    means = [total * (1.0 / count) for total in sums]
    assert affine.rows([0.1, x, y], count, reduce="mean", threads=threads)[0] == means
    outputs, _ = affine.rows([0.1, x, y], count, reduce=None, threads=threads)
    assert [*zip(*(output.tolist() for output in outputs), strict=True)] == terms


def test_a_sum_of_minus_zeros_is_minus_zero() -> None:
    code = compiled(traced(lambda x: -x, 1.0))
    assert bits(code.rows([numpy.zeros(1025)], 1025, reduce="sum")[0][0]) == bits(-0.0)


def test_of_no_rows_the_sum_is_0_and_the_mean_undefined(affine: kernel.Kernel) -> None:
    nothing = numpy.empty(0)
    assert affine.rows([0.1, nothing, nothing], 0, reduce="sum")[0] == [0.0, 0.0, 0.0]
    assert [len(output) for output in affine.rows([0.1, nothing, nothing], 0, reduce=None)[0]] == [0, 0, 0]
    with pytest.raises(ValueError, match="mean of no rows"):
        affine.rows([0.1, nothing, nothing], 0, reduce="mean")


@pytest.mark.parametrize(
    "column",
    [
        numpy.zeros(3),
        numpy.zeros(8)[::2],
        numpy.zeros((4, 1)),
        numpy.zeros(4, "f4"),
        numpy.zeros(4, int),
        2,
        numpy.zeros(4, ">f8"),
    ],
    ids=["too short", "with gaps", "a matrix", "single precision", "integers", "an int", "bytes swapped"],
)
def test_a_column_that_machine_code_cannot_read_is_refused(affine: kernel.Kernel, column: Any) -> None:
    with pytest.raises(ValueError, match="contiguous array of 4 numbers"):
        affine.rows([0.1, column, numpy.zeros(4)], 4, reduce=None)


def test_an_unknown_reduction_is_refused(affine: kernel.Kernel) -> None:
    with pytest.raises(ValueError, match="not 'max'"):
        affine.rows([0.1, numpy.zeros(4), numpy.zeros(4)], 4, reduce="max")


# --- Guards and errors --------------------------------------------------------------------------------


def guarded(x: Any, a: Any) -> Any:
    if x > a:
        return x * a
    return -x


def test_where_a_guard_has_another_truth_there_are_no_outputs() -> None:
    code = compiled(traced(guarded, 3.0, 2.0))
    assert code([5.0, 2.0]) == [10.0]
    assert code([1.0, 2.0]) is None
    assert code([math.nan, 2.0]) is None


def test_rows_tell_which_of_them_missed_a_guard() -> None:
    code = compiled(traced(guarded, 3.0, 2.0))
    x = numpy.arange(11.0)
    outputs, missed = code.rows([x, 2.0], 11, reduce=None)
    assert missed is not None
    assert missed.tolist() == [number <= 2 for number in range(11)]
    assert outputs[0][~missed].tolist() == (x * 2)[3:].tolist()
    assert code.rows([3.0, 2.0], 2, reduce=None)[1].tolist() == [False, False]  # type: ignore[union-attr]
    assert code.rows([1.0, 2.0], 2, reduce=None)[1].tolist() == [True, True]  # type: ignore[union-attr]


def refuse_negative(x: float) -> float:
    if x < 0:
        raise LookupError(f"no value at {x}")
    return x


picky = primitive("kernel_picky", refuse_negative, (1.0,))


def test_what_a_row_in_python_raises_is_raised_by_the_call() -> None:
    code = compiled(traced(lambda x: picky(x) + 1, 1.0))
    assert code([2.0]) == [3.0]
    with pytest.raises(LookupError, match=r"no value at -2\.0"):
        code([-2.0])
    assert code([2.0]) == [3.0]
    columns = numpy.ones(5000)
    columns[4000] = -3.0
    for threads in (1, 2):
        with pytest.raises(LookupError, match=r"no value at -3\.0"):
            code.rows([columns], 5000, reduce="sum", threads=threads)


def test_beyond_a_missed_guard_a_row_may_raise() -> None:
    code = compiled(traced(lambda x: picky(x) if x > 0 else -x, 1.0))
    assert code([-2.0]) is None
    _, missed = code.rows([numpy.array([1.0, -2.0, 3.0])], 3, reduce=None)
    assert missed is not None
    assert missed.tolist() == [False, True, False]
    code = compiled(traced(lambda x, y: picky(x) if y > 0 else -x, 1.0, 1.0))
    with pytest.raises(LookupError, match=r"no value at -1\.0"):
        code.rows([numpy.array([-1.0, -2.0]), numpy.array([1.0, -1.0])], 2, reduce=None)


def test_numbers_in_memory_give_the_bits_of_numbers() -> None:
    code = compiled(traced(lambda x, y: (x / y, y.exp()), 3.0, 2.0))
    outputs = numpy.empty(2)
    for inputs in (numpy.array([5.0, 3.0]), bytearray(numpy.array([5.0, 3.0]).tobytes())):
        assert code.fill(inputs, outputs) is True
        assert outputs.tolist() == code([5.0, 3.0])


def test_numbers_in_memory_may_miss_a_guard_or_raise() -> None:
    code = compiled(traced(lambda x: picky(x) if x > -1 else -x, 1.0))
    outputs = numpy.empty(1)
    assert code.fill(numpy.array([-2.0]), outputs) is False
    with pytest.raises(LookupError, match=r"no value at -0\.5"):
        code.fill(numpy.array([-0.5]), outputs)
    assert code.fill(numpy.array([2.0]), outputs)
    assert outputs.tolist() == [2.0]


@pytest.mark.parametrize(("inputs", "outputs"), [(1, 1), (3, 1), (2, 2)])
def test_memory_of_another_size_is_refused(inputs: int, outputs: int) -> None:
    code = compiled(traced(lambda x, y: x * y, 3.0, 2.0))
    with pytest.raises(ValueError, match=r"fills \(16, 8\) bytes, not"):
        code.fill(numpy.ones(inputs), numpy.empty(outputs))


# --- What a kernel costs ------------------------------------------------------------------------------


def test_machine_code_called_by_ctypes_behaves_as_by_the_engine_in_c(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel, "MachineFunction", foreign.MachineFunction)
    monkeypatch.setattr(kernel, "split_columns", foreign.split_columns)
    monkeypatch.setattr(kernel, "call_point", foreign.call_point)
    monkeypatch.setattr(kernel, "call_rows", foreign.call_rows)
    code = compiled(traced(guarded, 3.0, 2.0))
    assert code.point(5, 2.0) == 10.0
    assert code([1.0, 2.0]) is None
    assert code.fill(numpy.array([1.0, 2.0]), numpy.empty(1)) is False
    with pytest.raises(TypeError, match="takes 2 numbers, not 1"):
        code.point(1.0)
    with pytest.raises(TypeError, match="real number"):
        code.point("1", 2.0)
    outputs, _ = code.rows([numpy.array([3.0, 4.0]), 2.0], 2, reduce="sum")
    assert outputs == [14.0]


def test_a_dropped_kernel_is_freed_at_once() -> None:
    code = compiled(traced(lambda x: x + 1, 1.0))
    point = code.point
    engine = code._code._engine
    del code
    assert point(1.0) == 2.0
    del point
    assert engine.closed


if sys.platform == "linux":

    def test_kernels_that_come_and_go_do_not_grow_the_process() -> None:
        program = traced(lambda x, y: autograd.gamma(x) * autograd.exp(y), 1.0, 2.0)

        def growth(kernels: int) -> int:
            before = int(pathlib.Path("/proc/self/statm").read_text().split()[1])
            for _ in range(kernels):
                compiled(program).rows([numpy.ones(9), 2.0], 9, reduce="sum")
            return (int(pathlib.Path("/proc/self/statm").read_text().split()[1]) - before) * 4096

        growth(5)
        assert growth(15) < 15 * 20_000  # what LLVM's passes alone would keep, were they not freed, is 58,000


def test_code_is_made_when_it_is_first_called_for_and_once() -> None:
    code = compiled(traced(lambda x, y: x * y, 1.0, 2.0))
    seconds = [code.seconds]
    for call in (lambda: code.rows([2.0, numpy.ones(3)], 3, reduce=None), lambda: code([2.0, 3.0])):
        call()
        seconds.append(code.seconds)
        call()
        assert code.seconds == seconds[-1]
    assert seconds == sorted({*seconds})
    assert "fmul double" in code.llvm()
    assert "fmul <8 x double>" in code.llvm()


def test_several_threads_compile_and_call_one_kernel() -> None:
    code = compiled(traced(lambda x, y: autograd.exp(x) * y, 1.0, 2.0))
    x = numpy.linspace(-1, 1, 3000)
    with ThreadPoolExecutor(4) as pool:
        sums = [*pool.map(lambda _: code.rows([x, 2.0], 3000, reduce="sum", threads=2)[0], range(8))]
        ours = [*pool.map(lambda _: code([0.5, 2.0]), range(8))]
    assert sums == [sums[0]] * 8
    assert ours == [[math.exp(0.5) * 2.0]] * 8


def test_without_llvmlite_the_error_names_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    machine._llvm.cache_clear()
    monkeypatch.setitem(sys.modules, "llvmlite", None)
    with pytest.raises(ImportError, match=r"pip install 'scalar-autograd\[compile\]'"):
        compiled(traced(lambda x: x + 1, 1.0))


# --- Fast mathematics ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["exp", "log", "sin", "tanh", "atan", "erf", "log1p", "expm1", "cbrt"])
def test_fast_mathematics_errs_by_at_most_4_units_in_the_last_place(name: str) -> None:
    row: Any = getattr(primitives, name)
    x = numpy.random.default_rng(0).uniform(0.01, 5, 1000)
    outputs, _ = compiled(traced(row, 1.0), fastmath=True).rows([x], 1000, reduce=None)
    for point, ours in zip(x.tolist(), outputs[0].tolist(), strict=True):
        exact = row(point)
        assert abs(ours - exact) <= 4 * math.ulp(exact)


def test_fast_mathematics_divides_subnormal_numbers() -> None:
    program = traced(lambda a, b, x: (a / x, b / x), 1.0, 1.0, 1.0)
    columns = [numpy.full(9, number) for number in (0.0, 1e-310, 2e-310)]
    (zeros, halves), _ = compiled(program, fastmath=True).rows(columns, 9, reduce=None)
    assert (zeros == 0.0).all()
    assert (halves == 0.5).all()


def test_fast_mathematics_fuses_products_and_sums_and_the_default_does_not() -> None:
    x = 1.0 + 2.0**-30
    program = traced(lambda x, y: x * x - y, x, x * x)
    assert compiled(program)([x, x * x]) == [0.0]
    assert compiled(program, fastmath=True)([x, x * x])[0] in (0.0, 2.0**-60)  # type: ignore[index]
