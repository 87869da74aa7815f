"""A graph as a file of C: compiled without warnings, it has the bits of the graph."""

import ctypes
import functools
import itertools
import math
import operator
import pathlib
import random
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from expressions import ROWS

import autograd
from autograd import trace
from autograd.compiler.csource import to_c
from autograd.compiler.reserved import RESERVED
from autograd.graph import Graph
from autograd.rows import Primitive
from autograd.straightline import C_FUNCTIONS

FLAGS = [
    "-std=c99",
    "-pedantic",
    "-Wall",
    "-Wextra",
    "-Werror",
    "-O1",
    "-ffp-contract=off",
    "-shared",
    "-fPIC",
]

Compiled = Callable[[Sequence[float]], tuple[float, list[float]]]


@pytest.fixture
def library(tmp_path: pathlib.Path) -> Callable[[str], ctypes.CDLL]:
    """A function that compiles a file of C; each is one of its own."""
    numbers = itertools.count()

    def build(text: str) -> ctypes.CDLL:
        source = tmp_path / f"f{next(numbers)}.c"
        source.write_text(text, encoding="utf-8")
        built = source.with_suffix(".so")
        subprocess.run(["cc", *FLAGS, "-o", built, source, "-lm"], check=True)
        return ctypes.CDLL(str(built))

    return build


def called(functions: ctypes.CDLL, name: str, numbers: Sequence[float]) -> tuple[float, list[float]]:
    """The value by the one function, and the value with its derivatives by the other."""
    value = functions[name]
    value.restype = ctypes.c_double
    x, y = (ctypes.c_double * len(numbers))(*numbers), (ctypes.c_double * (len(numbers) + 1))()
    functions[f"{name}_gradient"](x, y)
    return value(x), list(y)


@pytest.fixture
def compiled(library: Callable[[str], ctypes.CDLL]) -> Callable[[Graph], Compiled]:
    """A function that compiles a graph, to be called with its inputs."""
    return lambda graph: functools.partial(called, library(to_c(graph)), "f")


def bits(numbers: Sequence[float]) -> list[str]:
    """Tells -0.0 from 0.0; every nan counts as equal."""
    return ["nan" if math.isnan(number) else float(number).hex() for number in numbers]


def expected(function: Callable[[list[Any]], Any], numbers: list[float]) -> list[str]:
    """The value and the gradient as the engine has them, where a zero gradient has no sign."""
    value, gradient = autograd.value_and_grad(function)(numbers)
    return bits([value, *(derivative + 0.0 for derivative in gradient)])


def rosenbrock(x: list[Any]) -> Any:
    total = 0.0
    for i in range(len(x) - 1):
        total = total + (100 * (x[i + 1] - x[i] ** 2) ** 2 + (1 - x[i]) ** 2)
    return total


def network(x: list[Any]) -> Any:
    """Sums of sums over rows of 10 numbers, with numbers of its own and places without a rule."""
    rows = [x[start : start + 10] for start in range(0, len(x), 10)]
    hidden = [autograd.math.tanh(sum(map(operator.mul, row, rows[-1]))) for row in rows]
    data = [math.sin(7 * place) for place in range(len(hidden))]
    return sum(d * hidden[i * i % len(hidden)] for i, d in enumerate(data))


def by_signs(x: list[Any]) -> Any:
    return sum(number * number if number > 0 else -3 * number for number in x)


def short(x: list[Any]) -> Any:
    return autograd.exp(x[0]) / (x[1] - x[2])


def swaying(x: list[Any]) -> Any:
    """Two numbers that hand each other on, and one from far back."""
    levels, change = [*x[:9]], x[9]
    for number in x:
        change, level = levels[-1] * 0.5, autograd.math.tanh(change + levels[-9] * number)
        levels.append(level)
    return levels[-1] * change + levels[-2]


@pytest.mark.parametrize("function", [rosenbrock, network, by_signs, short, swaying])
def test_the_file_has_the_bits_of_the_value_and_of_the_gradient(compiled, function):
    generator = random.Random(1)
    numbers = [generator.uniform(-2, 2) for _ in range(200)]
    value, both = compiled(trace(function)(numbers))(numbers)
    assert bits([value]) == bits(both[:1])
    assert bits([both[0], *(derivative + 0.0 for derivative in both[1:])]) == expected(function, numbers)


def is_python(row: Primitive) -> bool:
    try:
        to_c(trace(lambda *x: row(*x))(*[1.0] * row.arity))
    except ValueError:
        return True
    return False


def test_only_algorithms_in_python_cannot_be_written():
    found = {row.name for row in ROWS if is_python(row)}
    assert found == {"fsum", "gamma", "lgamma", "digamma", "polygamma", "ldexp", "round_to"}


@pytest.mark.parametrize("count", [1, 2, 3])
def test_every_row_has_its_bits_in_c(library, count):
    points = [-2.5, -1.0, -0.0, 0.0, 0.3, 1.0, 7.0, 1e300, math.inf, -math.inf, math.nan]
    rows = [row for row in ROWS if row.arity == count and not row.variadic and not is_python(row)]
    text = "\n".join(to_c(trace(lambda x, row=row: row(*x))([1.0] * count), f"of_{row.name}") for row in rows)
    for definition in C_FUNCTIONS.values():  # once for all of them
        head, separator, rest = text.partition(definition)
        text = head + separator + rest.replace(definition, "")
    functions = library(text)
    generator = random.Random(count)
    for row in rows:
        for _ in range(20):
            numbers = [generator.choice(points) for _ in range(count)]
            value, both = called(functions, f"of_{row.name}", numbers)
            assert bits([value, both[0]]) == bits([row.value(*numbers)] * 2), (row.name, numbers)


def test_another_branch_than_that_of_the_trace_is_nan(compiled):
    call = compiled(trace(lambda x: x[0] * x[1] if x[0] < x[1] else x[0])([1.0, 2.0]))
    assert bits(call([1.0, 3.0])[1]) == bits([3.0, 3.0, 1.0])
    value, both = call([3.0, 1.0])
    assert bits([value, *both]) == ["nan"] * 4


def test_captured_leaves_are_constants(compiled):
    weight = autograd.Value(3.0)
    call = compiled(trace(lambda x: weight * x[0])([2.0]))
    assert call([5.0]) == (15.0, [15.0, 3.0])


def test_a_graph_that_is_no_trace_has_its_leaves_as_inputs(compiled):
    x, y = autograd.Value(2.0), autograd.Value(3.0)
    assert compiled(Graph(x * y + x))([5.0, 7.0]) == (40.0, [40.0, 8.0, 5.0])


def test_a_constant_is_a_function_too(compiled):
    assert compiled(trace(lambda x: 4.0)([1.0]))([5.0]) == (4.0, [4.0, 0.0])


def test_the_functions_bear_the_given_name():
    text = to_c(trace(lambda x: x * x)(2.0), "parabola")
    assert "double parabola(const double *x)" in text
    assert "void parabola_gradient(const double *x, double *y)" in text


def parabola(name: str) -> str:
    return to_c(trace(lambda x: x * x)(2.0), name)


@pytest.mark.parametrize("name", ["", "2f", "f g", "f;", "é", "f\n", "_f", "__f", "_F"])
def test_a_name_that_c_cannot_take_is_refused(name):
    with pytest.raises(ValueError, match=r"a name in C begins with a letter from A to Z, .* unlike"):
        parabola(name)


@pytest.mark.parametrize("name", [None, b"f", 3])
def test_a_name_that_is_no_text_is_refused(name):
    with pytest.raises(TypeError, match="a function's name is a str"):
        parabola(name)


@pytest.mark.parametrize(
    "name",
    [
        *("double", "restrict", "bool", "typeof", "main", "exit", "printf", "malloc", "strlen", "isalpha"),
        *("sin", "sinf", "lgamma", "cexp", "j0", "NAN", "INFINITY", "HUGE_VAL", "NULL", "I", "errno"),
        *("signbit", "isnan", "double_t", "size_t", "FILE", "modulo", "floor_divide"),
    ],
)
def test_a_name_that_c_has_taken_is_refused_and_another_proposed(name):
    with pytest.raises(ValueError, match=f"'{name}' has a meaning in C already: .* such as 'my_{name}'"):
        parabola(name)
    assert f"double my_{name}(const double *x)" in parabola(f"my_{name}")


C99_HEADERS = (
    "assert complex ctype errno fenv float inttypes iso646 limits locale math setjmp signal stdarg stdbool "
    "stddef stdint stdio stdlib string tgmath time wchar wctype"
)


def test_all_names_in_the_headers_of_c_are_refused_or_compile(library, tmp_path):
    source = tmp_path / "headers.c"
    source.write_text("".join(f"#include <{header}.h>\n" for header in C99_HEADERS.split()))
    words: set[str] = set()
    for options in (["-P"], ["-dM"]):  # what they declare, and what they define
        run = subprocess.run(["cc", "-std=c99", "-E", *options, source], check=True, stdout=subprocess.PIPE)
        words.update(re.findall(r"\b[A-Za-z]\w*", run.stdout.decode()))
    free = sorted(words - RESERVED)
    text = parabola("parabola")
    functions = library("".join(text.replace("parabola", name) for name in free))
    assert len(free) > 100
    for name in free:
        assert called(functions, name, [3.0]) == (9.0, [9.0, 6.0])


def test_a_function_may_be_named_like_its_variables(library):
    numbers = [0.1 * place for place in range(40)]
    names = ["x", "y", "u", "v", "i", "i0", "t0", "a0", "f_value"]
    functions = library("".join(to_c(trace(network)(numbers), name) for name in ["other", *names]))
    for name in names:
        assert called(functions, name, numbers) == called(functions, "other", numbers)


@pytest.mark.parametrize("label", ["double", "main", "sin", "NAN", "größe", "x[0]", '"', "*/", "\n#error"])
def test_inputs_bear_any_label(compiled, label):
    x, weight = autograd.Value(2.0, label=label), autograd.Value(3.0, label=label)
    call = compiled(Graph(x * x * weight, inputs=[x]))
    assert call([5.0]) == (75.0, [75.0, 30.0])


def test_the_c_of_a_row_calls_functions_of_the_library_and_holds_numbers(compiled, library):
    row = autograd.primitive(
        "c_row", lambda x, y: 2e3 * math.hypot(x, y), (1.0, None), c="2e3 * hypot({0}, {1})"
    )
    value = to_c(trace(lambda x: row(x[0], x[1]) * 1)([3.0, 4.0]))
    assert called(library(value), "f", [3.0, 4.0])[0] == 10000.0
    foreign = autograd.primitive("c_foreign", lambda x: x, (1.0,), c="frobnicate({0})")
    with pytest.raises(ValueError, match=r"the C of c_foreign, frobnicate\(\{0\}\), calls frobnicate, which"):
        to_c(trace(lambda x: foreign(x))(2.0))


def test_a_graph_of_several_outputs_is_refused():
    with pytest.raises(ValueError, match="one output and its gradient, but this graph has 2"):
        to_c(trace(lambda x: (x, x * x))(2.0))


def test_without_numpy_the_error_names_what_to_install(monkeypatch):
    monkeypatch.delitem(sys.modules, "autograd.compiler.rolling", raising=False)
    monkeypatch.setitem(sys.modules, "numpy", None)
    for module in ("chains", "columns", "kinds", "layout", "placement"):
        monkeypatch.delitem(sys.modules, f"autograd.compiler.{module}", raising=False)
    with pytest.raises(ImportError, match=r"pip install 'scalar-autograd\[compile\]'"):
        to_c(trace(lambda x: x * x)(2.0))


def test_a_row_that_python_computes_is_refused_by_name():
    with pytest.raises(ValueError, match="lgamma is computed by Python"):
        to_c(trace(lambda x: autograd.math.lgamma(x))(2.0))
