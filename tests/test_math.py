"""autograd.math is math, for Values too, and with IEEE results where math raises."""

import inspect
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import Value
from autograd import math as amath

LACKS_DERIVATIVE = {
    "comb", "factorial", "frexp", "gcd", "isclose", "isfinite", "isinf", "isnan", "isqrt", "lcm", "nextafter",
    "perm", "ulp", "isnormal", "issubnormal", "signbit",
}  # fmt: skip
EXAMPLES = {
    "dist": ([1.0, 2.0], [4.0, 6.0]), "fsum": ([1.0, 2.0, 3.0],), "prod": ([2.0, 3.0],),
    "hypot": (3.0, 4.0, 12.0), "sumprod": ([1.0, 2.0], [3.0, 4.0]), "acosh": (1.5,), "log": (5.0, 3.0),
    "ldexp": (0.7, 3),
}  # fmt: skip


def names():
    return [name for name in dir(math) if callable(getattr(math, name)) and not name.startswith("_")]


def example(name):
    if name in EXAMPLES:
        return EXAMPLES[name]
    try:
        arity = len(inspect.signature(getattr(math, name)).parameters)
    except ValueError:
        arity = 1
    return (0.7, 0.3, 0.2)[:arity]


def lifted(argument):
    return [Value(a) for a in argument] if isinstance(argument, list) else Value(argument)


def leaves(arguments):
    return [v for a in arguments for v in (a if isinstance(a, list) else [a]) if isinstance(v, Value)]


@pytest.mark.parametrize("name", [name for name in names() if name not in LACKS_DERIVATIVE])
def test_every_name_with_a_derivative_takes_values_and_numbers(name):
    arguments = example(name)
    expected = getattr(math, name)(*arguments)
    assert getattr(amath, name)(*arguments) == pytest.approx(expected, rel=1e-15)
    values = [a if name == "ldexp" and i else lifted(a) for i, a in enumerate(arguments)]
    result = getattr(amath, name)(*values)
    first = result[0] if isinstance(result, tuple) else result
    assert first.data == pytest.approx(expected[0] if isinstance(expected, tuple) else expected, rel=1e-15)
    first.backward()
    step = 1e-6
    for position, leaf in enumerate(leaves(values)):

        def shifted(sign, position=position):
            moved = [v.data for v in leaves(values)]
            moved[position] += sign * step
            flat = iter(moved)
            rebuilt = [
                [next(flat) for _ in a] if isinstance(a, list) else next(flat) if isinstance(v, Value) else a
                for a, v in zip(arguments, values, strict=True)
            ]
            out = getattr(math, name)(*rebuilt)
            return out[0] if isinstance(out, tuple) else out

        assert leaf.grad == pytest.approx((shifted(1) - shifted(-1)) / (2 * step), rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("name", ["factorial", "gcd", "comb", "nextafter", "ulp", "frexp"])
def test_a_name_without_a_derivative_passes_numbers_and_refuses_values(name):
    arguments = {"gcd": (4, 6), "comb": (5, 2), "factorial": (5,), "nextafter": (1.0, 2.0)}.get(name, (3.0,))
    assert getattr(amath, name)(*arguments) == getattr(math, name)(*arguments)
    with pytest.raises(TypeError, match=r"v\.data"):
        getattr(amath, name)(*map(Value, arguments))


def test_results_that_math_refuses_are_ieee():
    inf = math.inf
    assert [amath.log(0), amath.exp(1000), amath.pow(0, -1), amath.atanh(1), amath.sinh(-1e4)] == [
        -inf,
        inf,
        inf,
        inf,
        -inf,
    ]
    for refused in (
        amath.sqrt(-1),
        amath.log(-1),
        amath.acos(2),
        amath.fmod(1, 0),
        amath.gamma(-1),
        amath.pow(-8, 1 / 3),
    ):
        assert math.isnan(refused)
    assert [amath.floor(inf), amath.trunc(-inf), amath.fsum([inf, 1])] == [inf, -inf, inf]


def test_whole_numbers_are_ints_for_numbers():
    assert [amath.floor(2.5), amath.ceil(2.5), amath.trunc(-2.5)] == [2, 3, -2]
    assert type(amath.floor(2.5)) is int
    assert amath.floor(Value(2.5)).data == 2.0


@given(st.floats(), st.floats(), st.floats(0, 1), st.floats(0, 10))
def test_isclose_of_values_is_that_of_their_numbers(a, b, rel_tol, abs_tol):
    expected = math.isclose(a, b, rel_tol=rel_tol, abs_tol=abs_tol)
    assert amath.isclose(Value(a), b, rel_tol=rel_tol, abs_tol=abs_tol) == expected


@given(st.floats())
def test_predicates_and_modf_of_values_are_those_of_their_numbers(x):
    v = Value(x)
    assert (amath.isnan(v), amath.isinf(v), amath.isfinite(v)) == (
        math.isnan(x),
        math.isinf(x),
        math.isfinite(x),
    )
    fraction, whole = amath.modf(v)
    assert repr((fraction.data, whole.data)) == repr(math.modf(x))


def test_fsum_of_values_is_one_node_rounded_once():
    terms = [Value(0.1) for _ in range(10)]
    total = amath.fsum(terms)
    assert total.data == 1.0
    assert total.arguments == tuple(terms)
    total.backward()
    assert [term.grad for term in terms] == [1.0] * 10


def test_points_of_unequal_length_are_refused():
    with pytest.raises(ValueError, match="2 and 1"):
        amath.dist([Value(1), 2], [3])


def test_what_math_does_not_have_is_an_attribute_error():
    with pytest.raises(AttributeError, match="nonsense"):
        amath.nonsense  # noqa: B018


def test_large_ints_and_a_base_of_one_do_not_raise():
    assert amath.log(8, 1) == math.inf
    assert amath.floor(10**400) == 10**400
    assert amath.isinf(10**400)
