"""The checker: which verdict each situation gets, what it could have seen, and what it says of bad input."""

import math
import random
import re
import sys
from typing import Any

import numpy
import pytest
from expressions import ROWS

import autograd
import nn
from autograd import Graph, Primitive, Value, where
from autograd.testing import GradientReport, Verdict, check_gradients, check_graph
from autograd.testing.checking import observers

inf, nan = math.inf, math.nan


def softened(x: Any) -> Any:
    """sin with a derivative that is wrong by a ten-millionth."""
    return wrong_sin(x)


wrong_sin = Primitive(
    "checking_wrong_sin",
    math.sin,
    (lambda x, out: autograd.cos(x) * (1 + 1e-7),),
    symbol="sin",
    plain=lambda x: autograd.sin(x),
)
opaque_sin = Primitive("checking_opaque_sin", math.sin, (lambda x, out: autograd.cos(x),))
opaque_wrong_sin = Primitive("checking_opaque_wrong_sin", math.sin, (lambda x, out: -autograd.cos(x),))


# --- Verdicts -----------------------------------------------------------------------------------------

VERDICTS = [
    ("a smooth function", lambda x: autograd.sin(x) * x, 1.0, "OK"),
    ("a constant", lambda x: 3.0, 1.0, "OK"),
    ("a derivative of 0", lambda x: x * x, 0.0, "OK"),
    ("the tail of tanh, 1 to 300 digits", autograd.tanh, 400.0, "OK"),
    ("1e300", autograd.sin, 1e300, "OK"),
    ("1e-300", lambda x: x * x + x, 1e-300, "OK"),
    ("a small slope", lambda x: 1e-9 * x, 3.0, "OK"),
    ("abs at 0", abs, 0.0, "OK_KINK"),
    ("relu at 0", autograd.relu, 0.0, "OK_KINK"),
    ("a kink of Python's", lambda x: x if x > 0 else 3 * x, 0.0, "OK_KINK"),
    ("where, at its border", lambda x: where(x > 0, 2 * x, x), 0.0, "OK_KINK"),
    ("a kink beside the point", lambda x: abs(x - 1e-12), 0.0, "OK"),
    ("the edge of a domain", lambda x: x * autograd.sqrt(x), 0.0, "OK_EDGE"),
    ("a function that raises on one side", autograd.math.sqrt, 4.0, "OK"),
    ("sqrt at 0", autograd.sqrt, 0.0, "OK_SINGULAR"),
    ("cbrt at 0", autograd.cbrt, 0.0, "OK_SINGULAR"),
    ("asin at 1", autograd.asin, 1.0, "OK_SINGULAR"),
    ("log at 0", autograd.log, 0.0, "OK_SINGULAR"),
    ("1/x at 0", lambda x: 1 / x, 0.0, "OK_SINGULAR"),
    ("floor at 2", autograd.floor, 2.0, "OK_JUMP"),
    ("a jump of Python's", lambda x: x if x >= 0 else x + 1, 0.0, "OK_JUMP"),
    ("log at -1", autograd.log, -1.0, "NONFINITE"),
    ("overflow", autograd.exp, 1000.0, "NONFINITE"),
    ("an infinite argument", lambda x: x * x, inf, "NONFINITE"),
    ("a bounded function at infinity", autograd.atan, inf, "INCONCLUSIVE"),
    ("cancellation", lambda x: (autograd.exp(x) - 1) / x, 1e-7, "ILL_CONDITIONED"),
    ("a sum absorbed", lambda x: autograd.acosh(1 + x * x), 1e-9, "ILL_CONDITIONED"),
    ("two kinks that meet", lambda x: autograd.relu(x) - autograd.relu(-x), 0.0, "ILL_CONDITIONED"),
    ("infinity times 0", lambda x: autograd.sqrt(x) ** 2, 0.0, "ILL_CONDITIONED"),
    ("a wrong digit", wrong_sin, 1.0, "MISMATCH"),
    ("a wrong digit far below", lambda x: 1e-300 * wrong_sin(x), 1.0, "MISMATCH"),
    ("a wrong digit under cancellation", lambda x: (wrong_sin(x) - x) / x, 1e-5, "MISMATCH"),
    ("without more digits", lambda x: opaque_sin(x) * x, 1.0, "OK"),
    ("wrong, without more digits", lambda x: opaque_wrong_sin(x) * x, 1.0, "MISMATCH"),
]


@pytest.mark.parametrize(
    ("function", "x", "expected"), [row[1:] for row in VERDICTS], ids=[r[0] for r in VERDICTS]
)
def test_the_verdict(function: Any, x: float, expected: str) -> None:
    report = check_gradients(function, x)
    assert str(report.verdict) == expected, str(report)
    assert bool(report) is (expected != "MISMATCH")


def test_a_function_may_have_no_value_on_one_side() -> None:
    def f(x: Any) -> Any:
        if x < 1:
            raise KeyError("below 1")
        return x * x

    assert check_gradients(f, 1.0).verdict is Verdict.OK_EDGE
    assert check_gradients(f, 1.0, gradient=2.0).verdict is Verdict.OK_EDGE


@pytest.mark.parametrize("error", [1e-3, 1e-6, 1e-8, -1e-10])
def test_what_could_have_been_seen_is_seen(error: float) -> None:
    row = Primitive(
        f"checking_off_by_{error}".replace(".", "_").replace("-", "m"),
        lambda x: x,
        (1 + error,),
        defined=True,
    )
    right = check_gradients(lambda x: autograd.exp(autograd.sin(x)), 0.75)
    wrong = check_gradients(lambda x: row(autograd.exp(autograd.sin(x))), 0.75)
    if abs(error) > right.resolution:
        assert wrong.verdict is Verdict.MISMATCH
    assert right.resolution < 1e-8
    assert abs(error) > right.resolution or abs(error) < 1e-8


def test_the_fault_is_located_in_the_smallest_expression() -> None:
    report = check_gradients(lambda x, y: autograd.tanh(softened(x * y) * 3 + x), 0.5, 2.0)
    assert report.verdict is Verdict.MISMATCH
    assert len(report.faults) == 1
    assert report.faults[0].startswith("the derivative of sin(x) at x = 1.0 was recorded as 0.54030235")
    assert report.faults[0].endswith("inside sin(x*y)")


def test_a_path_that_the_sweep_lost_is_a_mismatch(monkeypatch: pytest.MonkeyPatch) -> None:
    from autograd.testing import comparison

    def half(*arguments: Any, **keywords: Any) -> list[Any]:
        return [adjoint / 2 for adjoint in original(*arguments, **keywords)]

    original = comparison.adjoints
    assert check_gradients(lambda x: x * x, 1.5)
    monkeypatch.setattr(comparison, "adjoints", half)
    report = check_gradients(lambda x: x * x, 1.5)
    assert report.verdict is Verdict.MISMATCH
    assert report.faults == ()


def test_the_second_order_checks_the_gradient_of_the_gradient() -> None:
    wrong_second = Primitive(
        "checking_wrong_second",
        math.sin,
        (lambda x, out: wrong_cos(x),),
        plain=lambda x: autograd.sin(x),
    )
    wrong_cos = Primitive(
        "checking_wrong_cos", math.cos, (lambda x, out: autograd.sin(x),), plain=lambda x: autograd.cos(x)
    )
    assert check_gradients(wrong_second, 1.0)
    report = check_gradients(wrong_second, 1.0, order=2)
    assert [(check.name, str(check.verdict)) for check in report.checks] == [
        ("argument0", "OK"),
        ("d2/dargument0 dargument0", "MISMATCH"),
    ]
    assert check_gradients(lambda x, y: autograd.sin(x * y) / (1 + x * x), 1.0, 0.5, order=3)


def test_the_second_order_takes_other_branches_too() -> None:
    report = check_gradients(lambda x: x * x if x > 0 else 5 * x * x, 0.0, order=2)
    assert [str(check.verdict) for check in report.checks] == ["OK", "OK_KINK"]


# --- What may be checked ------------------------------------------------------------------------------


def test_containers_arrays_and_values_are_taken_apart() -> None:
    def f(weights: Any, point: Any, offset: Any) -> Any:
        return autograd.tanh(weights["w"] @ point[0] + weights["b"]) * offset

    weights = {"w": numpy.array([0.5, -1.5]), "b": 0.25}
    report = check_gradients(f, weights, (numpy.array([1.0, 2.0]),), Value(3.0, "c"))
    assert [check.name for check in report.checks] == [
        "weights['b']", "weights['w'][0]", "weights['w'][1]", "point[0][0]", "point[0][1]", "offset",
    ]  # fmt: skip
    assert report.verdict is Verdict.OK


def test_a_network_is_checked_by_its_parameters() -> None:
    network = nn.MLP(2, [3, 1])
    before = [(p.data, p.grad) for p in network.parameters()]
    report = check_gradients(lambda network, x: (network(x) - 1) ** 2, network, [0.5, -0.25])
    assert report.verdict is Verdict.OK
    assert report.checks[0].name == "network['layers.0.neurons.0.w.0']"
    assert len(report.checks) == len(network.parameters()) + 2
    assert [(p.data, p.grad) for p in network.parameters()] == before


def test_a_value_that_is_no_argument_is_a_constant_and_keeps_its_gradient() -> None:
    scale = Value(3.0)
    report = check_gradients(lambda x: scale * x * x, 2.0)
    assert [check.gradient for check in report.checks] == [12.0]
    assert scale.grad == 0.0


def test_a_graph_is_checked_by_its_leaves() -> None:
    x, y = Value(2.0, "x"), Value(0.5)
    report = check_graph(x * autograd.exp(y))
    assert [check.name for check in report.checks] == ["x", "input 1"]
    assert report.verdict is Verdict.OK
    assert check_graph(autograd.trace(lambda x: x**3)(2.0), order=2).verdict is Verdict.OK
    assert check_graph(softened(x) * y).verdict is Verdict.MISMATCH
    assert (x.grad, y.grad) == (0.0, 0.0)


def test_a_graph_without_a_trace_knows_one_path_only() -> None:
    x = Value(0.0, "x")
    assert check_graph(autograd.relu(x)).verdict is Verdict.OK_KINK
    with pytest.raises(ValueError, match="one output and at least one input"):
        check_graph(Graph(x, 2 * x))


@pytest.mark.parametrize(
    ("gradient", "verdict"),
    [(7.0, "MISMATCH"), (6.0, "OK"), (6.00001, "MISMATCH"), (nan, "MISMATCH"), (inf, "MISMATCH")],
)
def test_the_gradient_of_a_black_box(gradient: float, verdict: str) -> None:
    report = check_gradients(lambda x: x * x, 3.0, gradient=gradient)
    assert str(report.verdict) == verdict
    assert not math.isfinite(gradient) or 1e-10 < report.resolution < 1e-7


def test_a_black_box_is_called_with_plain_floats_in_its_own_containers() -> None:
    def f(point: Any) -> float:
        assert type(point["a"]) is float
        assert point["b"].dtype == numpy.float64
        return math.sin(point["a"]) + float(point["b"] @ point["b"])

    point = {"a": 1.0, "b": numpy.array([1.0, 2.0])}
    assert (
        check_gradients(f, point, gradient={"a": math.cos(1), "b": numpy.array([2.0, 4.0])}).verdict
        is Verdict.OK
    )
    assert not check_gradients(f, point, gradient={"a": math.cos(1), "b": numpy.array([2.0, 4.001])})
    assert check_gradients(f, point, gradient=lambda p: {"a": math.cos(p["a"]), "b": 2 * p["b"]})


def test_a_small_slope_of_a_black_box_is_no_smaller_matter() -> None:
    assert not check_gradients(lambda x: 1e-9 * x, 3.0, gradient=1.001e-9)
    assert check_gradients(lambda x: 1e-9 * x, 3.0, gradient=1e-9)


@pytest.mark.parametrize(
    ("function", "x", "gradient", "verdict"),
    [
        (abs, 0.0, 0.5, "OK_KINK"),
        (abs, 0.0, 1.5, "MISMATCH"),
        (math.floor, 2.0, 0.0, "OK_JUMP"),
        (math.sqrt, 0.0, inf, "OK_SINGULAR"),
        (math.sqrt, 0.0, 1.0, "MISMATCH"),
        (lambda x: x**1.5, 0.0, 0.0, "OK_EDGE"),
        (lambda x: math.sin(1e9 * x), 0.7, 1e9 * math.cos(7e8), "INCONCLUSIVE"),
        (lambda x: 3.0, 1.0, 0.0, "OK"),
        (lambda x: math.nan, 1.0, 0.0, "NONFINITE"),
    ],
)  # fmt: skip
def test_a_black_box_at_kinks_edges_and_jumps(function: Any, x: float, gradient: float, verdict: str) -> None:
    report = check_gradients(function, x, gradient=gradient)
    assert str(report.verdict) == verdict, str(report)


# --- Reports ------------------------------------------------------------------------------------------


def test_a_report_is_a_table() -> None:
    report = check_gradients(lambda x, y: softened(x) * y, 1.0, 2.0)
    lines = str(report).splitlines()
    assert lines[0] == "<lambda>: MISMATCH -- the gradient is not the derivative"
    assert re.split(r"\s{2,}", lines[1]) == [
        "input",
        "at",
        "gradient",
        "by differences",
        "+-",
        "could see",
        "verdict",
    ]
    assert re.fullmatch(r"x      1   1.080604.*MISMATCH", lines[2])
    assert re.fullmatch(r"y      2   0.841470.*OK", lines[3])
    assert lines[4].startswith("wrong: the derivative of sin(x) at x = 1.0 was recorded as")
    assert repr(report).startswith("<GradientReport <lambda>: MISMATCH, x: gradient 1.08")
    assert "recorded as" in repr(report)


def test_a_report_raises_for_a_mismatch_only() -> None:
    good = check_gradients(abs, 0.0)
    assert good.raise_for_mismatch() is good
    with pytest.raises(AssertionError, match="MISMATCH -- the gradient is not the derivative"):
        check_gradients(softened, 1.0).raise_for_mismatch()


def test_a_report_of_many_inputs_shows_the_worst() -> None:
    def f(xs: Any) -> Any:
        return sum(x * x for x in xs[:-1]) + softened(xs[-1])

    text = str(check_gradients(f, [float(i) for i in range(60)]))
    assert len(text.splitlines()) < 50
    assert "xs[59]" in text
    assert "and 20 more, no worse than these" in text


def test_an_ill_conditioned_gradient_is_explained() -> None:
    (check,) = check_gradients(lambda x: (autograd.exp(x) - 1) / x, 1e-7).checks
    assert re.fullmatch(
        r"rounding may move the gradient by 0.0\d, 100% of it that of exp\(x\) = 1.0000001\d*, which .*",
        check.note,
    )
    (check,) = check_gradients(lambda x: autograd.relu(x) - autograd.relu(-x), 0.0).checks
    assert check.note == "the chain rule passes a kink of relu(x)"


def test_the_same_check_gives_the_same_report() -> None:
    def f(x: Any, y: Any) -> Any:
        return autograd.log(1 + autograd.exp(x * y)) - x

    assert len({str(check_gradients(f, 0.3, 1e-9)) for _ in range(3)}) == 1


def test_every_report_is_shown_to_the_observers() -> None:
    seen: list[GradientReport] = []
    observers.append(seen.append)
    try:
        report = check_gradients(abs, 1.0)
    finally:
        observers.remove(seen.append)
    assert seen == [report]


# --- Bad input ----------------------------------------------------------------------------------------


def returns_a_pair(x: Any) -> Any:
    return [x, x]


def returns_text(x: Any) -> Any:
    return "x"


def returns_nothing(x: Any) -> None:
    return None


def changes_its_list(xs: Any) -> Any:
    xs.append(1.0)
    return xs[0]


def replaces_a_number(xs: Any) -> Any:
    xs[0] = xs[0] + 1
    return xs[0]


def is_random(x: Any) -> Any:
    return x * random.random()


def raises(x: Any) -> Any:
    raise KeyError("nothing there")


def indexes(x: Any) -> Any:
    return [1.0, 2.0][x * x]


BAD = [
    (returns_a_pair, 1.0, TypeError, r"a gradient is that of one number, but returns_a_pair returned \["),
    (returns_text, 1.0, TypeError, "returns_text returned 'x'"),
    (returns_nothing, 1.0, TypeError, "returns_nothing returned None"),
    (changes_its_list, [1.0], TypeError, "changes_its_list changes its arguments"),
    (replaces_a_number, [1.0], TypeError, "replaces_a_number changes its arguments"),
    (is_random, 1.0, ValueError, "is_random is not deterministic: at the same arguments it gave"),
    (raises, 1.0, ValueError, "raises raised KeyError at the given arguments: 'nothing there'"),
    (indexes, 1.0, ValueError, "indexes raised TypeError at the given arguments"),
    (abs, "one", ValueError, "no number to vary among the arguments of abs"),
    (abs, True, ValueError, "no number to vary"),
    (3, 1.0, TypeError, "takes a function and its arguments, not 3"),
]  # fmt: skip


@pytest.mark.parametrize(("function", "argument", "error", "message"), BAD)
def test_a_function_that_cannot_be_checked_is_named(
    function: Any, argument: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        check_gradients(function, argument)
    with pytest.raises(error, match=message):
        check_gradients(function, argument, gradient=[1.0] if isinstance(argument, list) else 1.0)


def test_a_claimed_gradient_has_the_structure_of_the_arguments() -> None:
    with pytest.raises(TypeError, match="nested like the arguments of"):
        check_gradients(lambda x, y: x * y, 1.0, 2.0, gradient=1.0)
    with pytest.raises(TypeError, match="nested like the arguments of"):
        check_gradients(lambda xs: xs[0] * xs[1], [1.0, 2.0], gradient=[1.0])
    with pytest.raises(ValueError, match="order 1 only"):
        check_gradients(lambda x: x, 1.0, gradient=1.0, order=2)


@pytest.mark.parametrize("order", [0, -1, 1.5, True, "2"])
def test_the_order_is_a_whole_number_from_1(order: Any) -> None:
    with pytest.raises(ValueError, match="order is 1 for the gradient"):
        check_gradients(abs, 1.0, order=order)


def test_every_name_is_documented() -> None:
    import autograd.testing

    for name in autograd.testing.__all__:
        assert getattr(autograd.testing, name).__doc__


def test_the_rows_that_recommend_themselves_for_kinks_pass_at_them() -> None:
    for row in ROWS:
        for point in row.kinks:
            assert check_gradients(row, *point), f"{row.name}{point}"


@pytest.mark.parametrize(
    ("function", "x", "expected"),
    [
        (lambda x: autograd.sin(x) * x, 1.0, "OK"),
        (abs, 0.0, "OK_KINK"),
        (lambda x: (autograd.exp(x) - 1) / x, 1e-7, "ILL_CONDITIONED"),
        (lambda x: -wrong_sin(x), 1.0, "MISMATCH"),
    ],
)
def test_without_mpmath_there_are_doubles_only_and_the_report_says_so(
    function: Any, x: float, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "mpmath", None)
    (check,) = check_gradients(function, x).checks
    assert str(check.verdict) == expected
    assert check.verdict is Verdict.OK or check.note.startswith("doubles only: ")
