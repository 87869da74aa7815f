"""Certified enclosures: they contain the exact value and gradient, and say honestly where they prove nothing.

The references are mpmath's: differences of values at hundreds of digits for the rows, values at 60
digits for programs, a known formula elsewhere.
"""

import builtins
import math
import random
import sys
from collections.abc import Callable
from typing import Any

import mpmath
import pytest
from expressions import ROWS, expression

from autograd import (
    Graph,
    Primitive,
    Value,
    abs,
    acosh,
    cos,
    degrees,
    digamma,
    exp,
    exp2,
    expm1,
    floor,
    gamma,
    lgamma,
    log,
    log2,
    log10,
    logaddexp,
    maximum,
    pow,
    primitives,
    relu,
    round_to,
    sigmoid,
    sin,
    sqrt,
    tanh,
    trace,
    where,
)
from autograd.testing.balls import Certificate, certify
from autograd.testing.reference import exact_partial, points
from autograd.testing.replay import Replay

WITHOUT_A_VALUE = ("round_to",)  # over balls
TRIED = [
    row
    for row in ROWS
    if not (row.comparison or row.variadic or row.name == "where" or row.name in WITHOUT_A_VALUE)
]
SMOOTH = (
    "add", "sub", "mul", "div", "exp", "sin", "tanh", "sigmoid", "softplus", "erf", "atan", "square", "silu",
)  # fmt: skip


def assert_sound(certificate: Certificate) -> None:
    """What the fields of a certificate promise of each other."""
    for enclosure in (certificate.value, *certificate.gradient):
        assert enclosure.lower <= enclosure.upper
        if math.isfinite(enclosure.computed):
            assert enclosure.error <= max(
                math.nextafter(enclosure.computed - enclosure.lower, math.inf),
                math.nextafter(enclosure.upper - enclosure.computed, math.inf),
            )


@pytest.mark.parametrize("row", TRIED, ids=lambda row: row.name)
def test_enclosures_contain_the_derivatives_of_every_row(row: Primitive) -> None:
    """Within `slack`: the reference is no better."""
    certified = finite = 0
    for point in points(row, 8):
        graph = trace(row)(*point)
        if not math.isfinite(graph.outputs[0].data):
            continue
        finite += 1
        certificate = certify(graph)
        if not certificate.certified:
            continue
        certified += 1
        assert_sound(certificate)
        for position, enclosure in enumerate(certificate.gradient):
            try:
                exact = 0 if row.partials[position] is None else exact_partial(row, position, point)
            except (ArithmeticError, ValueError, TypeError):  # it has no reference there
                continue
            with mpmath.workdps(60):
                slack = builtins.abs(exact) * mpmath.mpf(10) ** -18 + mpmath.mpf(10) ** -390
                assert enclosure.lower - slack <= exact <= enclosure.upper + slack, point
                assert builtins.abs(exact - enclosure.computed) <= enclosure.error + slack, point
    assert certified >= finite / 2


@pytest.mark.parametrize("block", range(4))
def test_enclosures_contain_the_exact_values_of_random_programs(block: int) -> None:
    rows = [row for row in TRIED if not row.auxiliary and row.name not in ("copysign", "atan2", "ldexp")]
    certified = 0
    for seed in range(block * 100, block * 100 + 100):
        generator = random.Random(seed)
        results = expression(generator, rows, most=4)
        x, y = generator.uniform(-3, 3), generator.uniform(-3, 3)
        graph = trace(lambda x, y, results=results: results(x, y)[-1])(x, y)
        if not isinstance(graph.outputs[0], Value) or not all(math.isfinite(node.data) for node in graph):
            continue
        certificate = certify(graph)
        assert_sound(certificate)
        if certificate.certified:
            certified += 1
            replay = Replay(graph)
            with mpmath.workdps(60):
                exact = replay.over([mpmath.mpf(x), mpmath.mpf(y)], mpmath.mpf)[replay.output]
                slack = builtins.abs(exact) * mpmath.mpf(10) ** -40
                assert certificate.value.lower - slack <= exact <= certificate.value.upper + slack, seed
                assert builtins.abs(exact - certificate.value.computed) <= certificate.value.error + slack
    assert certified > 30


@pytest.mark.parametrize("block", range(4))
def test_enclosures_contain_the_exact_gradients_of_random_programs(block: int) -> None:
    rows = [getattr(primitives, name) for name in SMOOTH]
    for seed in range(block * 25, block * 25 + 25):
        generator = random.Random(seed)
        results = expression(generator, rows, most=4)
        x, y = generator.uniform(0.5, 2), generator.uniform(0.5, 2)
        graph = trace(lambda x, y, results=results: results(x, y)[-1])(x, y)
        if not isinstance(graph.outputs[0], Value) or not all(math.isfinite(node.data) for node in graph):
            continue
        replay, certificate = Replay(graph), certify(graph)
        with mpmath.workdps(1300):
            step = mpmath.mpf(10) ** -400
            for place, enclosure in enumerate(certificate.gradient):
                values = []
                for sign in (-1, 1):
                    inputs = [mpmath.mpf(x), mpmath.mpf(y)]
                    inputs[place] += sign * step
                    values.append(replay.over(inputs, mpmath.mpf)[replay.output])
                slope = (values[1] - values[0]) / (2 * step)
                slack = (1 + builtins.abs(slope)) * mpmath.mpf(10) ** -40
                assert certificate.certified, certificate
                assert enclosure.lower - slack <= slope <= enclosure.upper + slack, seed
                assert builtins.abs(slope - enclosure.computed) <= enclosure.error + slack, seed


def test_what_is_computed_is_what_the_engine_computes() -> None:
    for seed in range(100):
        generator = random.Random(seed)
        results = expression(generator, [row for row in ROWS if not row.comparison])
        leaves = Value(generator.uniform(-3, 3)), Value(generator.uniform(-3, 3))
        output = results(*leaves)[-1]
        if isinstance(output, Value):
            output.backward()
            certificate = certify(Graph(output, inputs=leaves))
            found = [certificate.value.computed, *(part.computed for part in certificate.gradient)]
            expected = [output.data, *(leaf.grad for leaf in leaves)]
            assert list(map(repr, map(positive_zero, found))) == list(map(repr, map(positive_zero, expected)))


def positive_zero(number: float) -> float:
    return number + 0.0


# --- Errors that are really made ----------------------------------------------------------------------


def test_at_an_ill_conditioned_point_the_certified_error_is_the_actual_one() -> None:
    certificate = certify(trace(lambda x: (exp(x) - 1) / x)(1e-7))
    with mpmath.workdps(60):
        x = mpmath.mpf(1e-7)
        value, slope = mpmath.expm1(x) / x, (x * mpmath.exp(x) - mpmath.expm1(x)) / x**2
        for enclosure, exact in ((certificate.value, value), (certificate.gradient[0], slope)):
            error = builtins.abs(enclosure.computed - exact)
            assert error <= enclosure.error <= 1.001 * error
            assert enclosure.upper <= math.nextafter(enclosure.lower, math.inf)
    assert certificate.gradient[0].error > 1e-3
    assert certificate.gradient[0].ulps > 1e13
    assert certify(trace(lambda x: expm1(x) / x)(1e-7)).value.ulps < 1


def test_a_result_that_is_exact_has_no_error() -> None:
    certificate = certify(trace(lambda x, y: x * x + 3 * y)(1.5, 0.25))
    assert certificate.certified
    assert [part.error for part in (certificate.value, *certificate.gradient)] == [0.0, 0.0, 0.0]
    assert certificate.gradient[0].lower == certificate.gradient[0].upper == 3.0


def test_folded_constants_count_as_exact_factors() -> None:
    def scaled(x: Any) -> Any:
        for _ in range(40):
            x = x * 0.1
        return x

    slope = certify(trace(scaled)(1.0)).gradient[0]
    with mpmath.workdps(60):
        exact = mpmath.mpf(0.1) ** 40
        assert slope.lower <= exact <= slope.upper
        assert 0 < builtins.abs(exact - slope.computed) <= slope.error


@pytest.mark.parametrize(
    ("row", "slope"),
    [
        (exp2, lambda x: mpmath.log(2) * mpmath.mpf(2) ** x),
        (log2, lambda x: 1 / (x * mpmath.log(2))),
        (log10, lambda x: 1 / (x * mpmath.log(10))),
        (degrees, lambda x: 180 / mpmath.pi),
        (primitives.radians, lambda x: mpmath.pi / 180),
    ],
)
def test_a_rounded_constant_in_a_partial_stands_for_the_irrational_number(
    row: Primitive, slope: Callable[[Any], Any]
) -> None:
    enclosure = certify(trace(row)(0.3)).gradient[0]
    with mpmath.workdps(60):
        exact = slope(mpmath.mpf(0.3))
    assert enclosure.lower < exact < enclosure.upper
    assert builtins.abs(exact - enclosure.computed) <= enclosure.error
    assert enclosure.ulps < 6


def test_an_overflow_has_an_infinite_error_and_an_enclosure_all_the_same() -> None:
    value = certify(trace(exp)(1000.0)).value
    assert (value.computed, value.lower, value.upper) == (math.inf, sys.float_info.max, math.inf)
    assert value.error == value.ulps == math.inf


def test_an_underflow_has_an_error_of_the_smallest_double() -> None:
    value = certify(trace(exp)(-1000.0)).value
    assert (value.computed, value.lower, value.upper, value.error) == (0.0, 0.0, 5e-324, 5e-324)


# --- Branches -----------------------------------------------------------------------------------------


def squared_root(x: Any) -> Any:
    """x, but no ball knows that it is."""
    return sqrt(x) * sqrt(x)


@pytest.mark.parametrize(
    ("function", "culprit"),
    [
        (lambda x: where(squared_root(x) > 2, x, -x), "greater(2.0000000000000004, 2.0)"),
        (lambda x: squared_root(x) if squared_root(x) > 2 else x, "greater(2.0000000000000004, 2.0)"),
        (lambda x: relu(squared_root(x) - 2), "step(4.44"),
        (lambda x: abs(squared_root(x) - 2), "sign(4.44"),
        (lambda x: floor(squared_root(x)), "floor(2.0000000000000004)"),
        (lambda x: maximum(squared_root(x), 2), "exceeds(2.0000000000000004, 2.0)"),
    ],
)
def test_a_choice_that_no_precision_decides_is_named(function: Callable[[Any], Any], culprit: str) -> None:
    certificate = certify(trace(function)(2.0))
    assert not certificate.certified
    assert culprit in certificate.reason
    assert "undecided" in certificate.reason
    assert str(certificate).startswith("not certified: ")
    assert_sound(certificate)


@pytest.mark.parametrize(
    ("function", "point", "slope"),
    [
        (relu, 0.0, 0.0),
        (abs, 0.0, 0.0),
        (lambda x: maximum(x, 2), 2.0, 0.5),
        (lambda x: where(x == 2, x * x, x), 2.0, 4.0),
        (lambda x: where(x > 0, log(x), 0), -1.0, 0.0),
        (lambda x: x * sqrt(x), 0.0, 0.0),
        (lambda x: sqrt(x * x) * 0, 0.0, 0.0),
        (lambda x: x if x >= 2 else -x, 2.0, 1.0),
        (lambda x: sigmoid(squared_root(x) - 2), 2.0, 0.25),  # the formula branches, but smoothly
        (lambda x: logaddexp(squared_root(x), 2), 2.0, 0.5),
        (lambda x: where(squared_root(x) > 2 - 1e-15, x, -x), 2.0, 1.0),
        (lambda x: sin(x) * 1e300 * 1e10, math.ldexp(1.0, 1000), None),  # needs a thousand bits
    ],
)
def test_what_balls_decide_is_certified(
    function: Callable[[Any], Any], point: float, slope: float | None
) -> None:
    certificate = certify(trace(function)(point))
    assert certificate.certified, certificate.reason
    if slope is not None:
        assert certificate.gradient[0].lower <= slope <= certificate.gradient[0].upper


def test_nothing_is_known_beyond_an_undecided_branch() -> None:
    certificate = certify(trace(lambda x: x if squared_root(x) > 2 else -x)(2.0))
    for enclosure in (certificate.value, *certificate.gradient):
        assert (enclosure.lower, enclosure.upper, enclosure.error) == (-math.inf, math.inf, math.inf)


def test_a_branch_that_rounding_decided_otherwise_is_named() -> None:
    certificate = certify(trace(lambda x: x if x + 1e-17 > 1 else -x)(1.0))
    assert not certificate.certified
    assert certificate.reason == "greater(1.0, 1.0) was computed as False, and exactly is True"
    assert (certificate.value.lower, certificate.value.error) == (-math.inf, math.inf)


def test_inputs_that_take_another_branch_are_refused() -> None:
    graph = trace(lambda x: x if x > 0 else -x)(1.0)
    assert certify(graph, 3.0).certified
    with pytest.raises(ValueError, match="another branch than the trace: greater"):
        certify(graph, -3.0)


# --- What cannot be certified -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("function", "point", "reason"),
    [
        (log, -1.0, "log(x = -1.0) is not finite over balls"),
        (lambda x: log(x - x), 1.0, "log(0.0) is not finite over balls"),
        (lambda x: 1 / (x - 1), 1.0, "div(1.0, 0.0) is not finite over balls"),
        (sqrt, 0.0, "is not finite over balls"),
        (acosh, 1.0, "is not finite over balls"),
        (lambda x: pow(x, 0.5), -2.0, "is not finite over balls"),
        (gamma, -1.0, "is not finite over balls"),
        (digamma, -1e300, "is not finite over balls"),
        (lambda x: x * 2, math.inf, "x = inf is not finite over balls"),
        (lambda x: round_to(x, 2), 1.234, "round_to has no value over balls"),
    ],
)
def test_what_has_no_finite_value_is_not_certified(
    function: Callable[[Any], Any], point: float, reason: str
) -> None:
    graph = trace(lambda x: function(x))(point)
    certificate = certify(graph)
    assert not certificate.certified
    assert reason in certificate.reason
    assert "inf" in str(certificate)


def test_a_run_time_row_is_certified_if_it_is_a_formula_and_else_named() -> None:
    formula = Primitive("balls_cubic", lambda x: x * x * x - 1, (lambda x, out: 3 * x * x,))
    branching = Primitive("balls_ramp", lambda x: x if x > 0 else 0 * x, (lambda x, out: 1.0 * (x > 0),))
    opaque = Primitive("balls_opaque", lambda x: math.sin(x) + 1, (lambda x, out: cos(x),))
    assert certify(trace(formula)(0.1)).gradient[0].error < 1e-17
    assert certify(trace(branching)(0.1)).value.error == 0
    assert not certify(trace(lambda x: branching(squared_root(x) - 2))(2.0)).certified
    assert certify(trace(opaque)(0.1)).reason.startswith("balls_opaque has no value over balls")


def test_a_function_of_math_is_arbs_under_any_name() -> None:
    row = Primitive("balls_upper", math.tanh, (lambda x, out: 1 - out * out,))  # arb has an `upper`
    mine, built_in = certify(trace(row)(0.3)), certify(trace(tanh)(0.3))
    assert (mine.value.lower, mine.value.upper) == (built_in.value.lower, built_in.value.upper)


def test_polygamma_far_left_of_zero_is_refused_at_once() -> None:
    assert not certify(trace(digamma)(-1e10 - 0.5)).certified
    assert certify(trace(lgamma)(-1e10 - 0.5)).certified


# --- Arguments and text -------------------------------------------------------------------------------


def test_a_value_is_certified_by_its_leaves() -> None:
    x, y = Value(3.0, "x"), Value(0.1)
    certificate = certify(x * y)
    assert [part.lower for part in certificate.gradient] == [0.1, 3.0]
    assert certificate.value.ulps == pytest.approx(0.4, abs=0.5)
    assert "by x" in str(certificate)
    assert "by input 1" in str(certificate)
    assert x.grad == 0.0


def test_the_certificate_reads_as_a_table() -> None:
    lines = str(certify(trace(lambda speed: 2 * speed)(0.5))).splitlines()
    assert lines[0] == "certified: no computed number is further than 0 ulp from the exact one"
    assert lines[2].split() == ["value", "1.0", "1.000000000000000000000000", "0", "0"]
    assert lines[3].split()[:3] == ["by", "speed", "2.0"]


def test_a_captured_leaf_and_a_constant_output_are_exact() -> None:
    captured = Value(0.1)
    assert certify(trace(lambda x: x + captured)(0.0)).value.error == 0
    certificate = certify(trace(lambda x: 2.5)(1.0))
    assert (certificate.value.lower, certificate.gradient[0].upper) == (2.5, 0.0)


def test_the_precision_in_force_is_left_as_it_was() -> None:
    flint = pytest.importorskip("flint")
    before = flint.ctx.prec
    certify(trace(sin)(1.0))
    assert flint.ctx.prec == before


@pytest.mark.parametrize("wrong", [1.0, None, "x"])
def test_what_is_no_graph_is_refused(wrong: Any) -> None:
    with pytest.raises(TypeError):
        certify(wrong)


def test_the_number_of_inputs_and_outputs_is_checked() -> None:
    x = Value(1.0)
    with pytest.raises(TypeError, match="1 input, but 2 were given"):
        certify(x * x, 1.0, 2.0)
    with pytest.raises(ValueError, match="this graph has 2"):
        certify(Graph(x, x * x))


def test_without_python_flint_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "flint", None)
    with pytest.raises(ImportError, match=r"pip install 'scalar-autograd\[certify\]'"):
        certify(Value(1.0).exp())
