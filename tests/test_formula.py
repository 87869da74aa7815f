"""Formulas as text: what they compute, and that nothing else than a formula is ever computed."""

import ast
import math
import string

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from autograd import Value, hessian, trace
from autograd.formula import Formula, function_names, point
from autograd.primitives import table

numbers = st.integers(0, 9).map(lambda digit: f"{digit}.0")


def combined(operands):
    binary = st.tuples(operands, st.sampled_from(["+", "-", "*", "/", "//", "%"]), operands).map(" ".join)
    square = operands.map("({})**2.0".format)
    return binary | square | operands.map("-{}".format) | operands.map("({})".format)


arithmetic = st.recursive(numbers | st.just("x"), combined, max_leaves=12)


@given(arithmetic, st.floats(-9, 9, width=16))
def test_arithmetic_binds_and_computes_as_in_python(text, x):
    formula = Formula(text)
    try:
        expected = eval(text, {"x": x})
    except ArithmeticError:
        assume(False)
    assert formula(**({"x": x} if formula.names else {})) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("-2**2", -4.0),
        ("2**3**2", 512.0),
        ("+3 - -2", 5.0),
        ("1_000 + 1e-3 + .5", 1000.501),
        ("2*pi - tau + e - exp(1)", 0.0),
        ("1 < 2 < 3", 1.0),
        ("1 < 3 < 2", 0.0),
        ("3 > 2 >= 2 != 1 == 1 <= 1", 1.0),
        ("not 0 and (0 or 2 > 1) and 3", 1.0),
        ("2 if 0 else 3 if 1 else 4", 3.0),
        ("log(8, 2) + hypot(2, 3, 6)", 10.0),
        ("fsum(0.1, 0.2, -0.3)", math.fsum([0.1, 0.2, -0.3])),
        ("leaky_relu(-1) + leaky_relu(-1, 0.5)", -0.51),
        ("floor(-1.5) + round(2.5) + abs(-1)", 1.0),
        ("isclose(1, 1 + 1e-12) + isnan(nan) + isinf(-inf) + isfinite(1)", 4.0),
        ("(1 +\n 2)", 3.0),
        ("((((((((((1))))))))))", 1.0),
    ],
)
def test_a_formula_has_the_value_that_its_text_states(text, expected):
    value = Formula(text)()
    assert type(value) is float
    assert value == expected


@pytest.mark.parametrize("name", [name for name, row in table.items() if not row.auxiliary])
def test_every_row_of_the_table_is_a_function_of_formulas(name):
    operands = ["1.0"] * table[name].arity
    value = Formula(f"{name}({', '.join(operands)})")()
    assert value == pytest.approx(float(table[name](*map(float, operands))), rel=0, abs=0, nan_ok=True)


@pytest.mark.parametrize("name", sorted({*function_names()} & {*dir(math)} - {"fma", "fsum", "isclose"}))
def test_a_function_of_the_standard_library_has_its_value(name):
    function = getattr(math, name)
    operands = [2.0] if name == "acosh" else [0.5]
    if name in ("atan2", "copysign", "fmod", "pow", "remainder"):
        operands.append(0.75)
    if name == "ldexp":
        operands.append(3)
    assert Formula(f"{name}({', '.join(map(str, operands))})")() == function(*operands)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1/0", math.inf),
        ("log(0)", -math.inf),
        ("9**9**9**9", math.inf),
        ("1e999 + 0x" + "f" * 900, math.inf),
        ("0**-1", math.inf),
    ],
)
def test_arithmetic_never_raises(text, expected):
    assert Formula(text)() == expected
    assert math.isnan(Formula("(-8)**(1/3) + 1//0*0")())


def test_a_formula_of_values_is_differentiated():
    x, w, b = Value(2.0), Value(-3.0), Value(6.8813735870195432)
    out = Formula("tanh(x*w + b)")(x=x, w=w, b=b)
    out.backward()
    assert out.data == pytest.approx(math.sqrt(0.5), abs=1e-12)
    assert (x.grad, w.grad, b.grad) == pytest.approx((-1.5, 1.0, 0.5), abs=1e-12)


def test_second_derivatives_of_a_formula_agree_with_the_closed_form():
    formula = Formula("x**2 * y + sin(y)")
    matrix = hessian(lambda at: formula(**at))({"x": 3.0, "y": 0.5})
    assert matrix["x"] == {"x": 1.0, "y": 6.0}
    assert matrix["y"] == pytest.approx({"x": 6.0, "y": -math.sin(0.5)}, abs=1e-15)


def test_a_square_is_the_multiplication_that_it_is_in_python():
    x = Value(3.0)
    assert Formula("x**2")(x=x).primitive is (x**2).primitive


def test_a_condition_is_recorded_by_a_trace():
    graph = trace(Formula("x if x > 0 else -2*x"))(x=1.0)
    assert graph.evaluate(x=-3.0) == 6.0


def test_the_branch_not_taken_does_not_spoil_the_gradient():
    x = Value(0.0)
    Formula("1/x if x != 0 else 3*x")(x=x).backward()
    assert x.grad == 3.0


def test_names_stand_in_the_order_of_the_text_and_once():
    assert Formula("b*a + pi*b - λ").names == ("b", "a", "pi", "λ")


def test_a_constants_name_may_be_given_another_number():
    assert Formula("e*x")(x=2, e=3) == 6.0
    assert Formula("self + text + numbers")(self=1, text=2, numbers=3) == 6.0


def test_a_missing_or_a_superfluous_number_is_refused():
    with pytest.raises(ValueError, match="no number is given for x, y"):
        Formula("x*y*z")(z=1)
    with pytest.raises(ValueError, match="given for y, z, but the formula has only x"):
        Formula("x")(x=1, y=2, z=3)
    with pytest.raises(ValueError, match="but the formula has no names"):
        Formula("1")(x=1)


@pytest.mark.parametrize(
    "text",
    [
        "x.real", "(1).real", "x[0]", "f(1)(2)", "(lambda: sin)()(1)", "__import__('os').system('true')",
        "'text'", "f'{x}'", "b'1'", "None", "True", "...", "2j", "[1]", "(1, 2)", "{1}", "{}",
        "lambda: 1", "[x for x in y]", "(x := 1)", "x @ y", "x & y", "x ^ 2", "x << 2", "~x",
        "x is y", "x in y", "sin(x=1)", "sin(*x)", "sin(**x)",
    ],
)  # fmt: skip
def test_whatever_is_not_on_the_list_is_refused_with_a_line_that_names_it(text):
    with pytest.raises(ValueError, match=r"^[^\n]+$"):
        Formula(text)


@pytest.mark.parametrize(
    "text", ["", "  ", "1 +", "1 +* 2", "(1", "1)", "x y", "1; 2", "x = 1", "1\n2", "\0", "\udc80"]
)
def test_text_that_is_not_python_is_refused(text):
    with pytest.raises(ValueError, match=r"no formula|empty"):
        Formula(text)


@pytest.mark.parametrize("text", ["2if x else 3", r"'\d'"])
def test_what_python_only_warns_of_is_refused(text):
    with pytest.raises(ValueError, match="no formula"):
        Formula(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x^2", r"'x\^2' cannot stand in a formula: a power is written x\*\*2"),
        ("math.sin(x)", r"'math\.sin\(x\)' cannot stand in a formula: write sin\(x\)"),
        ("2*math.pi", r"'math\.pi' cannot stand in a formula: write pi"),
        ("2x", r"invalid decimal literal; a product is written 2\*x, a call sin\(x\)"),
        ("sin x", r"invalid syntax; a product is written 2\*x, a call sin\(x\)"),
        ("1 +", r"\(invalid syntax\)"),
        ("ln(x)", "no function 'ln': the natural logarithm is log"),
        ("sigmod(x)", r"no function 'sigmod': is it sigmoid\?"),
        ("foo(x)", "no function 'foo': python -m autograd eval --help"),
        ("sin()", "in a call of sin: sin takes 1 argument, not 0"),
        ("pow(1)", "in a call of pow: pow takes 2 arguments, not 1"),
    ],
)
def test_what_is_written_otherwise_in_a_formula_is_refused_with_how_to_write_it(text, said):
    with pytest.raises(ValueError, match=said):
        Formula(text)


@pytest.mark.parametrize("name", [name for name, row in table.items() if row.auxiliary])
def test_a_row_that_only_serves_other_rows_is_no_function_of_formulas(name):
    assert name not in function_names()
    with pytest.raises(ValueError, match=f"no function '{name}'"):
        Formula(f"{name}({', '.join(['1.0'] * table[name].arity)})")


def test_an_unknown_function_is_refused_with_the_names_close_to_it():
    with pytest.raises(ValueError, match=r"no function 'max': is it .*maximum"):
        Formula("max(1, 2)")
    with pytest.raises(ValueError, match="no function '__import__'"):
        Formula("__import__(1)")


@pytest.mark.parametrize(
    "text", ["sin()", "sin(1, 2)", "where(1)", "log()", "log(1, 2, 3)", "leaky_relu(1, 2, 3)"]
)
def test_a_wrong_number_of_arguments_is_refused_before_anything_is_computed(text):
    with pytest.raises(ValueError, match="in a call of"):
        Formula(text)


@pytest.mark.parametrize(
    "text",
    [
        "(" * 10_000 + "1" + ")" * 10_000,
        "(" * 101 + "1" + ")" * 101,
        "sin(" * 101 + "1" + ")" * 101,
        "1+" * 5_000 + "1",
    ],
)
def test_too_long_or_too_nested_a_formula_is_refused(text):
    with pytest.raises(ValueError, match=r"characters; at most 2,000|nested more than 100 deep"):
        Formula(text)


@pytest.mark.parametrize("error", [MemoryError, RecursionError])
def test_the_limits_of_pythons_parser_are_reported(monkeypatch, error):
    def overwhelmed(*arguments, **keywords):
        raise error

    monkeypatch.setattr(ast, "parse", overwhelmed)
    with pytest.raises(ValueError, match="nested too deeply"):
        Formula("1")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1+" * 999 + "1", 1000.0),
        ("-" * 1_998 + "1", 1.0),
        ("(" * 100 + "1" + ")" * 100, 1.0),
        ("sin(" * 100 + "0" + ")" * 100, 0),
    ],
)
def test_the_longest_and_deepest_formulas_are_computed(text, expected):
    assert Formula(text)() == expected


pieces = st.sampled_from(
    [*string.printable, "sin(", "**", "x", "x.", "if ", " else ", "lambda ", "not ", "'", '"', "\\d", "µ"]
)


@given(st.lists(pieces, max_size=30).map("".join))
def test_any_text_is_a_formula_of_numbers_or_a_value_error(text):
    try:
        formula = Formula(text)
    except ValueError as error:
        lines = str(error).splitlines()
        assert len(lines) == 1
    else:
        assert type(formula(**dict.fromkeys(formula.names, 1.5))) is float


def test_a_point_is_read_from_assignments():
    assert point(["x=2", "w = -3", "b=6.8e0", "angle=pi/4", "far=-inf"]) == {
        "x": 2.0, "w": -3.0, "b": 6.8, "angle": math.pi / 4, "far": -math.inf,
    }  # fmt: skip
    assert list(point(["b=1", "a=2"])) == ["b", "a"]


def test_a_name_is_the_same_in_a_formula_and_in_an_assignment():
    assert Formula("2*µ")(**point(["µ=3"])) == 6.0  # Python reads the micro sign as the Greek letter


@pytest.mark.parametrize(
    "assignment", ["x", "x=", "=2", "1x=2", "x=abc", "x==2", "lambda=2", "x y=2", "x='2'", "x=2=3", ""]
)
def test_what_gives_no_number_to_a_name_is_refused(assignment):
    with pytest.raises(ValueError, match=r"^expected (name=number|a number)[^\n]*$"):
        point([assignment])


def test_two_numbers_for_one_name_are_refused():
    with pytest.raises(ValueError, match="two numbers are given for x"):
        point(["x=1", "x=2"])


@pytest.mark.parametrize("name", ["ceil", "floor", "trunc"])
def test_rounded_numbers_keep_the_sign_of_zero_as_the_rows_do(name):
    number = -0.5 if name != "floor" else -0.0
    assert Formula(f"1/{name}(x)")(x=number) == -math.inf
