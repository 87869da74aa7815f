"""A drop-in for the standard library's `math`, for Values and numbers alike.

`from autograd import math` instead of `import math`: every name that has a derivative takes Values; the
rest (`factorial`, `gcd`, `nextafter`, ...) takes numbers as ever and raises TypeError for Values.  The one
difference for plain numbers: a result that `math` refuses is the IEEE one (log(0) is -inf).

>>> from autograd import Value, math
>>> math.hypot(3, 4), math.log(0), math.log(Value(8.0), 2).data
(5.0, -inf, 3.0)
"""

from __future__ import annotations

import functools
import math as _math
import operator
from collections.abc import Callable, Iterable
from math import e, inf, nan, pi, tau
from typing import Any

from autograd import primitives as _rows
from autograd.engine import Value as _Value
from autograd.primitives import (
    acos,
    acosh,
    asin,
    asinh,
    atan,
    atan2,
    atanh,
    cbrt,
    copysign,
    cos,
    cosh,
    degrees,
    erf,
    erfc,
    exp,
    exp2,
    expm1,
    fmod,
    gamma,
    ldexp,
    lgamma,
    log1p,
    log2,
    log10,
    pow,
    radians,
    remainder,
    sin,
    sinh,
    sqrt,
    tan,
    tanh,
)
from autograd.rows import real as _real

__all__ = [
    "acos",
    "acosh",
    "asin",
    "asinh",
    "atan",
    "atan2",
    "atanh",
    "cbrt",
    "ceil",
    "copysign",
    "cos",
    "cosh",
    "degrees",
    "dist",
    "e",
    "erf",
    "erfc",
    "exp",
    "exp2",
    "expm1",
    "fabs",
    "floor",
    "fmod",
    "fsum",
    "gamma",
    "hypot",
    "inf",
    "isclose",
    "isfinite",
    "isinf",
    "isnan",
    "ldexp",
    "lgamma",
    "log",
    "log1p",
    "log2",
    "log10",
    "modf",
    "nan",
    "pi",
    "pow",
    "prod",
    "radians",
    "remainder",
    "sin",
    "sinh",
    "sqrt",
    "tan",
    "tanh",
    "tau",
    "trunc",
]  # fmt: skip

fabs = _rows.abs


def log(x: Any, base: Any = None) -> Any:
    """The natural logarithm, or that to the given base: log(x) / log(base)."""
    return _rows.log(x) if base is None else _rows.div(_rows.log(x), _rows.log(base))


def hypot(*coordinates: Any) -> Any:
    """The length of the vector with these coordinates: of none 0.0, of one its absolute value."""
    return functools.reduce(_rows.hypot, coordinates[1:], fabs(coordinates[0])) if coordinates else 0.0


def dist(p: Iterable[Any], q: Iterable[Any]) -> Any:
    """The distance of two points with equally many coordinates; ValueError if the numbers differ."""
    p, q = list(p), list(q)
    if len(p) != len(q):
        raise ValueError(
            f"both points must have equally many coordinates, but they have {len(p)} and {len(q)}"
        )
    return hypot(*map(operator.sub, p, q))


def fsum(terms: Iterable[Any]) -> Any:
    """The sum, rounded once; of Values one node, whatever their number."""
    terms = tuple(terms)
    return _rows.fsum(*terms) if terms else 0.0


def prod(factors: Iterable[Any], *, start: Any = 1) -> Any:
    """The product of `start` and the factors, from left to right."""
    return functools.reduce(operator.mul, factors, start)


def floor(x: Any) -> Any:
    """The largest whole number that is not above x: an int, for a Value a Value, of inf or nan itself."""
    return _whole(_math.floor, _rows.floor, x)


def ceil(x: Any) -> Any:
    """The smallest whole number that is not below x: an int, for a Value a Value, of inf or nan itself."""
    return _whole(_math.ceil, _rows.ceil, x)


def trunc(x: Any) -> Any:
    """The whole number next to x towards 0: an int, for a Value a Value, of inf or nan itself."""
    return _whole(_math.trunc, _rows.trunc, x)


def _whole(function: Callable[[Any], Any], row: _rows.Primitive, x: Any) -> Any:
    return function(x) if not isinstance(x, _Value) and (isinstance(x, int) or isfinite(x)) else row(x)


def modf(x: Any) -> tuple[Any, Any]:
    """The fractional part and the whole part of x, both with the sign of x."""
    if not isinstance(x, _Value):
        return _math.modf(x)
    whole = _rows.trunc(x)
    return copysign(_rows.where(isinf(x), 0.0, x - whole), x), whole


def isfinite(x: Any) -> Any:
    """Whether x is neither infinite nor nan."""
    return abs(x) < inf if isinstance(x, _Value) else _math.isfinite(_real(x))


def isinf(x: Any) -> Any:
    """Whether x is infinite."""
    return abs(x) == inf if isinstance(x, _Value) else _math.isinf(_real(x))


def isnan(x: Any) -> Any:
    """Whether x is nan."""
    return x != x if isinstance(x, _Value) else _math.isnan(_real(x))


def isclose(a: Any, b: Any, *, rel_tol: float = 1e-09, abs_tol: float = 0.0) -> Any:
    """Whether a and b differ by at most rel_tol times the larger one, or by abs_tol."""
    if not isinstance(a, _Value) and not isinstance(b, _Value):
        return _math.isclose(a, b, rel_tol=rel_tol, abs_tol=abs_tol)
    if rel_tol < 0 or abs_tol < 0:
        raise ValueError(f"tolerances are not negative, but rel_tol is {rel_tol} and abs_tol is {abs_tol}")
    difference = fabs(a - b)
    allowed = _rows.maximum(rel_tol * _rows.maximum(fabs(a), fabs(b)), abs_tol)
    return _rows.logical_or(_rows.equal(a, b), _rows.logical_and(difference <= allowed, difference < inf))


def _numbers_only(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def refusing(*arguments: Any, **keywords: Any) -> Any:
        if any(isinstance(argument, _Value) for argument in (*arguments, *keywords.values())):
            raise TypeError(
                f"{function.__name__} has no derivative and takes no Values: pass v.data for a constant"
            )
        return function(*arguments, **keywords)

    return refusing


if hasattr(_math, "sumprod"):  # Python 3.12

    def sumprod(p: Iterable[Any], q: Iterable[Any]) -> Any:
        """The sum of the products of p and q, term by term; ValueError if their lengths differ."""
        p, q = list(p), list(q)
        if not any(isinstance(factor, _Value) for factor in (*p, *q)):
            return _math.sumprod(p, q)  # type: ignore[attr-defined,unused-ignore]
        if len(p) != len(q):
            raise ValueError(f"both inputs must be equally long, but they have {len(p)} and {len(q)} terms")
        return fsum(map(operator.mul, p, q))

    __all__ += ["sumprod"]


def __getattr__(name: str) -> Any:
    """What `math` has beyond the names above: a row of the table, or a function of numbers only."""
    if name in _rows.table and hasattr(_math, name):
        return _rows.table[name]
    function = getattr(_math, name, None)
    if name.startswith("_") or not callable(function):
        raise AttributeError(f"neither the standard library's math nor autograd.math has {name!r}")
    return _numbers_only(function)


def __dir__() -> list[str]:
    return sorted({*__all__, *(name for name in dir(_math) if not name.startswith("_"))})
