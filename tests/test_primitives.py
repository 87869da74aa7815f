"""Every row of the table: value, kinks, partials against mpmath, second and third derivatives.

Parametrised over the table: a new row brings its tests.
"""

import fractions
import math
import operator
from collections.abc import Callable
from typing import Any

import mpmath
import pytest
from expressions import ROWS as TABLE

import autograd
from autograd import Primitive, Value, engine, primitives, value
from autograd.primitives import SMALLEST_NORMAL
from autograd.testing import accuracy
from autograd.testing.reference import (
    GAMMA_FAMILY,
    exact_derivatives,
    exact_partial,
    higher_derivatives,
    intermediates,
    least,
    moderate_points,
    points,
    tolerance,
    ulps,
)

inf, nan = math.inf, math.nan

ROWS = [row for row in TABLE if not row.comparison and not row.variadic]
COMPARISONS = [row for row in TABLE if row.comparison]


def named_after_row(row: Any) -> str:
    return row.name


each_row = pytest.mark.parametrize("row", ROWS, ids=named_after_row)


# --- Values -------------------------------------------------------------------------------------------

# Their values are the C library's, whatever its accuracy.
LIBRARY = [row for row in ROWS if hasattr(math, row.name) and not row.defined]

# Independent closed forms over mpmath's numbers, for the rows that no library has.
CLOSED_FORMS: dict[str, Callable[..., Any]] = {
    "square": lambda x: x**2,
    "reciprocal": lambda x: x**-1,
    "power_slope": lambda x, y: y * x ** (y - 1),
    "cbrt_slope": lambda x: mpmath.cbrt(abs(x)) / (3 * abs(x)),
    "xlogy": lambda x, y: x * mpmath.log(y) if x else mpmath.mpf(0),
    "logaddexp": lambda x, y: mpmath.log(mpmath.exp(x) + mpmath.exp(y)),
    "softmax2": lambda x, y: 1 / (1 + mpmath.exp(y - x)),
    "inverse_real": lambda x, y: x / (x**2 + y**2) if x or y else mpmath.mpf(0),
    "hypot": mpmath.hypot,
    "direction": lambda x, y: x / mpmath.hypot(x, y) if x or y else mpmath.mpf(0),
    "sech2": lambda x: 1 / mpmath.cosh(x) ** 2,
    "gaussian": lambda x: 2 / mpmath.sqrt(mpmath.pi) * mpmath.exp(-(x**2)),
    "normal_density": lambda x: mpmath.npdf(x),
    "digamma": mpmath.digamma,
    "polygamma": lambda order, x: mpmath.psi(int(order), x),
    "maximum": max,
    "minimum": min,
    "clamp": lambda x, lower, upper: lower if x < lower else min(x, upper),
    "relu": lambda x: max(x, 0),
    "leaky_relu": lambda x, slope: x if x > 0 else slope * x,
    "elu": lambda x, alpha: x if x > 0 else alpha * mpmath.expm1(x),
    "sigmoid": lambda x: 1 / (1 + mpmath.exp(-x)),
    "sigmoid_slope": lambda x: 1 / (mpmath.exp(x / 2) + mpmath.exp(-x / 2)) ** 2,
    "softplus": lambda x: mpmath.log1p(mpmath.exp(x)),
    "log_sigmoid": lambda x: -mpmath.log1p(mpmath.exp(-x)),
    "silu": lambda x: x / (1 + mpmath.exp(-x)),
    "silu_slope": lambda x: mpmath.diff(lambda t: t / (1 + mpmath.exp(-t)), x, relative=True),
    "gelu": lambda x: x * mpmath.ncdf(x),
    "gelu_slope": lambda x: mpmath.ncdf(x) + x * mpmath.npdf(x),
}


@pytest.mark.parametrize("row", [row for row in ROWS if row not in LIBRARY], ids=named_after_row)
def test_the_value_of_each_row_is_that_of_its_closed_form(row: Primitive) -> None:
    """For a row that is an expression: as far as its own largest intermediate result lets it be."""
    reference = CLOSED_FORMS.get(row.name, row)
    wrong = []
    for point in points(row, 30):
        out = row(*point)
        if (
            not math.isfinite(out) or max(map(abs, point)) > 1e4
        ):  # beyond, mpmath's exponents grow without end
            continue
        spread = sum(abs(math.log10(abs(x))) for x in point if x)
        with mpmath.workdps(int(60 + 2 * spread)):
            try:
                exact = reference(*map(mpmath.mpf, point))
            except (ArithmeticError, ValueError):
                continue
        size = least(row, point)
        if row.defined:
            steps = intermediates(row.function(*map(value.Value, point)))
            size = max((abs(node.data) for node in steps if math.isfinite(node.data)), default=0.0)
        if ulps(out, exact, size) > tolerance(row):
            wrong.append(f"{row.name}{point}: {out!r}, exactly {mpmath.nstr(exact, 20)}")
    assert wrong == []


@pytest.mark.parametrize("row", LIBRARY, ids=named_after_row)
def test_a_function_of_the_c_library_has_its_value_bit_for_bit(row: Primitive) -> None:
    for point in points(row, 60):
        arguments = tuple(
            int(x) if isinstance(d, range) else x for x, d in zip(point, row.domain, strict=True)
        )
        try:
            expected = getattr(math, row.name)(*arguments)
        except (ValueError, OverflowError):
            continue
        assert row(*point) == expected, point


@pytest.mark.parametrize("row", COMPARISONS, ids=named_after_row)
def test_a_comparison_of_numbers_is_a_bool(row: Primitive) -> None:
    meaning: dict[str, Callable[..., Any]] = {
        "less": operator.lt,
        "less_equal": operator.le,
        "greater": operator.gt,
        "greater_equal": operator.ge,
        "equal": operator.eq,
        "not_equal": operator.ne,
        "logical_and": lambda x, y: bool(x) and bool(y),
        "logical_or": lambda x, y: bool(x) or bool(y),
        "logical_not": operator.not_,
    }
    numbers = (-1.0, -0.0, 0.0, 2.0, inf, nan)
    for x in numbers:
        for y in numbers:
            arguments = (x, y)[: row.arity]
            assert row(*arguments) is meaning[row.name](*arguments)
            assert row(*map(Value, arguments)) is meaning[row.name](*arguments)


def test_fsum_is_the_exact_sum_of_its_terms_rounded_once() -> None:
    terms = [0.1] * 10 + [1e16, 1.0, -1e16]
    exact = sum(map(fractions.Fraction, terms))
    assert autograd.fsum(*terms) == float(exact)
    values = [Value(term) for term in terms]
    autograd.fsum(*values).backward()
    assert [value.grad for value in values] == [1.0] * len(terms)


@pytest.mark.parametrize("row", [row for row in ROWS if row.defaults], ids=named_after_row)
def test_trailing_arguments_with_defaults_may_be_left_out(row: Primitive) -> None:
    given = (-0.75,) * (row.arity - len(row.defaults))
    assert row(*given) == row(*given, *row.defaults)
    with pytest.raises(TypeError, match=rf"{row.name} takes {row.arity} arguments, not {row.arity + 1}"):
        row(*(1.0,) * (row.arity + 1))


# --- Kinks, ties and poles ----------------------------------------------------------------------------


def same(x: float, y: float) -> bool:
    return x == y or (math.isnan(x) and math.isnan(y))


def all_same(xs: tuple[float, ...], ys: tuple[float, ...]) -> bool:
    return len(xs) == len(ys) and all(map(same, xs, ys))


@pytest.mark.parametrize(
    ("row", "point", "partials"),
    [(row, point, partials) for row in ROWS for point, partials in row.kinks.items()],
    ids=lambda part: getattr(part, "name", str(part)),
)
def test_the_kinks_that_a_row_states_hold(
    row: Primitive, point: tuple[float, ...], partials: tuple[float, ...]
) -> None:
    assert all_same(row.local_derivatives(point, row(*point)), partials)
    assert all_same(row(*map(Value, point)).partials, partials)
    if row.arity == 1:
        assert all_same(getattr(Value(point[0]), row.name)().partials, partials)


# One element of the Clarke subdifferential at each kink, and the infinity of the right sign at a pole.
CONVENTIONS: list[tuple[Primitive, tuple[float, ...], tuple[float, ...]]] = [
    (autograd.relu, (0.0,), (0.0,)),
    (autograd.relu, (-0.0,), (0.0,)),
    (autograd.sign, (0.0,), (0.0,)),
    (autograd.floor, (2.0,), (0.0,)),
    (autograd.ceil, (2.0,), (0.0,)),
    (autograd.trunc, (2.0,), (0.0,)),
    (autograd.round, (2.5,), (0.0,)),
    (autograd.abs, (0.0,), (0.0,)),
    (autograd.abs, (-0.0,), (0.0,)),
    (autograd.leaky_relu, (0.0, 0.25), (0.25, 0.0)),
    (autograd.clamp, (-1.0, -1.0, 1.0), (1.0, 0.0, 0.0)),
    (autograd.clamp, (1.0, -1.0, 1.0), (1.0, 0.0, 0.0)),
    (autograd.maximum, (2.0, 2.0), (0.5, 0.5)),
    (autograd.minimum, (2.0, 2.0), (0.5, 0.5)),
    (autograd.maximum, (0.0, -0.0), (0.5, 0.5)),
    (autograd.relu, (nan,), (nan,)),
    (autograd.maximum, (nan, 2.0), (1.0, 0.0)),
    (autograd.maximum, (2.0, nan), (0.0, 1.0)),
    (autograd.minimum, (nan, 2.0), (1.0, 0.0)),
    (autograd.minimum, (2.0, nan), (0.0, 1.0)),
    (autograd.sqrt, (0.0,), (inf,)),
    (autograd.sqrt, (-0.0,), (inf,)),
    (autograd.cbrt, (0.0,), (inf,)),
    (autograd.cbrt, (-0.0,), (inf,)),
    (autograd.asin, (1.0,), (inf,)),
    (autograd.acosh, (1.0,), (inf,)),
    (autograd.atanh, (1.0,), (inf,)),
    (autograd.log, (0.0,), (inf,)),
    (autograd.log, (-0.0,), (inf,)),
    (autograd.log1p, (-1.0,), (inf,)),
    (autograd.log, (-1.0,), (nan,)),
    (autograd.reciprocal, (0.0,), (-inf,)),
    (autograd.reciprocal, (-0.0,), (-inf,)),
    (autograd.pow, (0.0, 2.0), (0.0, 0.0)),
    (autograd.pow, (0.0, 1.0), (1.0, 0.0)),
    (autograd.pow, (0.0, 0.5), (inf, 0.0)),
    (autograd.pow, (0.0, 0.0), (0.0, 0.0)),
    (autograd.pow, (0.0, -1.0), (-inf, nan)),
    (autograd.pow, (-2.0, 2.0), (-4.0, nan)),
    (autograd.hypot, (0.0, 0.0), (0.0, 0.0)),
    (autograd.hypot, (inf, 1.0), (1.0, 0.0)),
    (autograd.atan2, (0.0, 0.0), (0.0, 0.0)),
    (autograd.xlogy, (0.0, 0.0), (0.0, 0.0)),
    (autograd.copysign, (0.0, 1.0), (1.0, 0.0)),
    (autograd.logaddexp, (-inf, -inf), (0.5, 0.5)),
    (autograd.logaddexp, (inf, inf), (0.5, 0.5)),
    (autograd.silu, (-inf,), (0.0,)),
    (autograd.gelu, (-inf,), (0.0,)),
    (autograd.gelu, (inf,), (1.0,)),
    (autograd.lgamma, (0.0,), (nan,)),
    (autograd.lgamma, (-3.0,), (nan,)),
    (autograd.fmod, (1.0, 0.1), (1.0, -9.0)),
]


@pytest.mark.parametrize(
    ("row", "point", "partials"), CONVENTIONS, ids=lambda part: getattr(part, "name", str(part))
)
def test_conventions_at_kinks_ties_and_poles(
    row: Primitive, point: tuple[float, ...], partials: tuple[float, ...]
) -> None:
    assert all_same(row.local_derivatives(point, row(*point)), partials)


def test_maximum_of_a_value_with_itself_has_derivative_one() -> None:
    x = Value(3.0)
    autograd.maximum(x, x).backward()
    assert x.grad == 1.0


# --- Partials -----------------------------------------------------------------------------------------


@each_row
def test_each_partial_is_the_derivative_to_a_few_ulp(row: Primitive) -> None:
    count = 5 if row.name in GAMMA_FAMILY else 12  # over mpmath's numbers these take longest
    assert accuracy.measure(row, count).misses == []


def sin_elsewhere(x: Any) -> Any:
    return autograd.sin(x)


@pytest.mark.parametrize(
    ("mistake", "partial"),
    [
        ("factor", lambda x, out: autograd.cos(x) * (1 + 1e-7)),
        ("sign", lambda x, out: -autograd.cos(x)),
        ("branch", lambda x, out: autograd.where(x > 0, autograd.cos(x), 0.0)),
        ("dropped", 0.0),
        ("nan_far_out", lambda x, out: autograd.cos(x) + 0 * (x * x)),
    ],
)
def test_a_planted_wrong_partial_is_found(mistake: str, partial: Any) -> None:
    wrong = Primitive(f"planted_{mistake}", math.sin, (partial,), plain=sin_elsewhere)
    assert accuracy.measure(wrong, 40).misses != []


def test_a_planted_right_row_passes_the_same_check() -> None:
    right = Primitive("planted_nothing", math.sin, (lambda x, out: autograd.cos(x),), plain=sin_elsewhere)
    assert accuracy.measure(right, 40).misses == []


def test_a_planted_wrong_partial_by_the_second_argument_is_found() -> None:
    wrong = Primitive("planted_second", operator.mul, (lambda x, y, out: y, lambda x, y, out: y))
    assert accuracy.measure(wrong, 40).misses != []


WEAK_SPOTS: list[tuple[Primitive, tuple[float, ...]]] = [
    (primitives.power_slope, (1.81201147321076e-219, 3.14176719361794)),
    (primitives.gaussian, (-1.7976931348623157e308,)),
    (primitives.power_slope, (1.7976931348623157e308, -1.7976931348623157e308)),
    (primitives.direction, (-0.0, -1e-310)),
    (autograd.pow, (0.5001, 1074.0)),
    (autograd.pow, (0.5001, 1075.0)),
    (autograd.pow, (1.5, -1747.3)),
    (autograd.hypot, (1.7e308, 1.6e308)),
    (autograd.silu, (-720.0,)),
    (autograd.silu, (-744.0,)),
    (autograd.remainder, (1.7976931348623157e308, 1e308)),
    (autograd.fmod, (-1.7976931348623157e308, 1e-300)),
    (autograd.gamma, (-1.5e-323,)),
    (autograd.elu, (-720.0, -697.6741029730323)),
    (autograd.elu, (-1000.0, 1e300)),
    (primitives.inverse_real, (1e-310, -1e-310)),
]
"""Points where an intermediate result underflows or overflows, which random points do not meet."""


@pytest.mark.parametrize(("row", "point"), WEAK_SPOTS, ids=lambda part: getattr(part, "name", str(part)))
def test_each_partial_is_right_where_an_intermediate_result_leaves_the_normal_numbers(
    row: Primitive, point: tuple[float, ...]
) -> None:
    for position in range(row.arity):
        exact = exact_partial(row, position, point)
        assert ulps(row.local_derivatives(point, row(*point))[position], exact) <= tolerance(row)


# --- Numbers with more digits -------------------------------------------------------------------------


@pytest.mark.parametrize("row", TABLE, ids=named_after_row)
def test_over_numbers_of_mpmath_a_row_gives_as_many_digits_as_they_have(row: Primitive) -> None:
    """Or raises TypeError.  With twice the digits the value is the same, but for what the arguments' own
    rounding would change."""
    moderate = [p for p in points(row, 60) if all(x == 0 or 1e-4 < abs(x) < 1e3 for x in p)]
    for point in moderate:
        with mpmath.workdps(50):
            step = mpmath.mpf(2) ** -100  # beyond a double's digits
            arguments = [
                mpmath.mpf(x) if isinstance(interval, range) else x * (1 + step)
                for x, interval in zip(point, row.domain, strict=False)
            ]
            try:
                value = row(*arguments)
            except (ArithmeticError, ValueError, TypeError):
                continue
        assert isinstance(value, bool if row.comparison else mpmath.mpf), point
        with mpmath.workdps(100):
            exact = row(*arguments)
            if mpmath.isfinite(value):
                assert abs(value - exact) <= abs(exact) * mpmath.mpf(10) ** -40, point


# --- Second and third derivatives ---------------------------------------------------------------------

# Three nested derivatives, each of a few roundings that cancellation enlarges; a wrong rule errs far more.
HIGHER = 1e-9


@pytest.mark.parametrize(
    "row", [row for row in ROWS if any(partial is not None for partial in row.partials)], ids=named_after_row
)
def test_second_and_third_derivatives_are_right_also_where_formulas_change(row: Primitive) -> None:
    wrong = []
    for point in moderate_points(row):
        exact = exact_derivatives(row, point)
        if not exact or not math.isfinite(row(*point)):
            continue
        scale = max(map(abs, exact))
        numbers = higher_derivatives(row, point, engine, len(exact))
        for order, (number, expected) in enumerate(zip(numbers, exact, strict=True)):
            if not abs(number - expected) <= HIGHER * abs(expected) + 1e-13 * scale + SMALLEST_NORMAL:
                shown = f"{number!r}, exactly {mpmath.nstr(expected, 17)}"
                wrong.append(f"{row.name}{point}, derivative {order}: {shown}")
    assert wrong == []
