"""The table of primitives: value, partial derivatives, domain, kinks and notation of each.

The little language of a row
----------------------------
    sin = Primitive("sin", math.sin, (lambda x, out: cos(x),))

- The value is an operator, a function of the C library, an algorithm of `special`, or, with
  `defined=True`, an expression of other rows.
- The partials: one entry per argument, a constant, or a function of the arguments and of `out`, the
  row's own value, or None where there is no derivative (a condition, an order).  A partial is written
  with the operators + - * / and with rows.  Fed with floats it gives a float; fed with Values it gives
  the derivative as a graph, to be differentiated again.
- A partial whose accurate form (a split, a scaling, a patch near a root) would be differentiated
  wrongly as written is a row of its own: its value is the accurate form, its partials the plain ones.
- `kinks` maps points to the partials that hold there by convention (an element of the Clarke
  subdifferential) or as a pole; they are stated here and tested from here.  -0.0 counts as 0.
- `domain` bounds each argument, from lower to upper, both included; `range(...)` means whole numbers.
- `c` is the value in C, of a row that is no formula, no operator that C has, no function of its library.
- `plain` is the same function as a plain formula, for numbers other than floats; there `2 + 0 * x` is
  2 at the precision of x.

Values are IEEE 754 results and never raise: log(0) is -inf, log(-1) nan, 1/0 inf.  Outside the domain
the value and every partial are nan.  -0.0 counts as 0 at a pole.  A power is written `pow(x, y)`, never
`x**y`, whose result for floats may be complex.
"""

from __future__ import annotations

import builtins
import math
import operator
from typing import Any

from autograd import special
from autograd.rows import Primitive, named, real, table

__all__ = ["Primitive", "named", "real", "table"]  # and, from the end of the module on, every row

inf, nan = math.inf, math.nan
magnitude = builtins.abs  # of any kind of number; below, `abs` is a row
LN2, LOG2_E, LOG10_E = math.log(2.0), math.log2(math.e), math.log10(math.e)
SQRT2, SQRT2_LOW = math.sqrt(2), -9.667293313452913e-17  # the root of 2 as the sum of two doubles
SMALLEST_NORMAL = 2.0**-1022

# fmt: off

# --- Comparisons, truth and choice: what the branches of other rows are made of -----------------------

less          = Primitive("less", operator.lt, (None, None), infix="<", precedence=4,
                          comparison=True, latex=r"\lt")
less_equal    = Primitive("less_equal", operator.le, (None, None), infix="<=", precedence=4,
                          comparison=True, latex=r"\le")
greater       = Primitive("greater", operator.gt, (None, None), infix=">", precedence=4,
                          comparison=True, latex=r"\gt")
greater_equal = Primitive("greater_equal", operator.ge, (None, None), infix=">=", precedence=4,
                          comparison=True, latex=r"\ge")
equal         = Primitive("equal", operator.eq, (None, None), infix="==", precedence=4,
                          comparison=True, latex="=")
not_equal     = Primitive("not_equal", operator.ne, (None, None), infix="!=", precedence=4,
                          comparison=True, latex=r"\ne")
logical_and = Primitive("logical_and", lambda x, y: bool(x and y), (None, None), infix="and", precedence=2,
                        comparison=True, c="{0} != 0 && {1} != 0", latex=r"\land")
logical_or  = Primitive("logical_or", lambda x, y: bool(x or y), (None, None), infix="or", precedence=1,
                        comparison=True, c="{0} != 0 || {1} != 0", latex=r"\lor")
logical_not = Primitive("logical_not", lambda x: not x, (None,), symbol="not", precedence=3, comparison=True,
                        c="{0} == 0", latex=r"\lnot")

where = Primitive(
    "where", lambda condition, x, y: x if condition else y,
    (None,
     lambda condition, x, y, out: where(condition, 1.0, 0.0),
     lambda condition, x, y, out: where(condition, 0.0, 1.0)),
    selects=True, c="{0} != 0 ? {1} : {2}",
    latex=r"\begin{cases} #2 & \text{if } #1 \\ #3 & \text{otherwise} \end{cases}",
)

# --- Arithmetic ---------------------------------------------------------------------------------------

identity = Primitive("identity", lambda x: x, (1.0,), defined=True)

# The chain rule's product: an adjoint of exactly 0 contributes 0, whatever the partial.
strong_product = Primitive(
    "strong_product", lambda adjoint, partial: where(adjoint == 0, adjoint, adjoint * partial),
    (lambda adjoint, partial, out: partial,
     lambda adjoint, partial, out: adjoint),
    defined=True, auxiliary=True, selects=(1,), infix="*", precedence=6, latex=r"\cdot",
)

# The same through a row that selects: an argument that was not selected, with partial 0, gets 0 as well.
selected_product = Primitive(
    "selected_product",
    lambda adjoint, partial: where(partial == 0, partial, strong_product(adjoint, partial)),
    (lambda adjoint, partial, out: partial,
     lambda adjoint, partial, out: adjoint),
    defined=True, auxiliary=True, selects=True, infix="*", precedence=6,
)

# What a block without gradients computes inside a trace.
constant = Primitive("constant", lambda x: x, (None,), defined=True, auxiliary=True, selects=True)

add = Primitive("add", operator.add, (1.0, 1.0), infix="+", precedence=5)
sub = Primitive("sub", operator.sub, (1.0, -1.0), infix="-", precedence=5)
mul = Primitive("mul", operator.mul, (lambda x, y, out: y, lambda x, y, out: x), infix="*", precedence=6)
div = Primitive(
    "div", operator.truediv, (lambda x, y, out: 1 / y, lambda x, y, out: -(out / y)), infix="/", precedence=6,
    exceptional=special.division_by_zero,
    kinks={(1.0, 0.0): (inf, -inf)}, latex=r"\frac{#1}{#2}",
)
neg        = Primitive("neg", operator.neg, (-1.0,), symbol="-", precedence=7)
square     = Primitive("square", lambda x: x * x, (lambda x, out: 2 * x,), defined=True, infix="**2",
                       precedence=8, latex="#1^2")
reciprocal = Primitive(
    "reciprocal", lambda x: 1 / x, (lambda x, out: -(out * out),), defined=True,
    kinks={(0.0,): (-inf,)}, latex=r"\frac{1}{#1}",
)
fsum = Primitive("fsum", lambda *terms: math.fsum(terms), (1.0,), variadic=True, libraries=(),
                 exceptional=lambda *terms: sum(terms), plain=lambda *terms: sum(terms))

if hasattr(math, "fma"):  # Python 3.13
    fma = Primitive(
        "fma", math.fma, (lambda x, y, z, out: y, lambda x, y, z, out: x, 1.0),
        exceptional=lambda x, y, z: x * y + z, plain=lambda x, y, z: x * y + z,
    )

floor_divide = Primitive(
    "floor_divide", operator.floordiv, (0.0, 0.0), infix="//", precedence=6,
    exceptional=special.division_by_zero, plain=lambda x, y: floor(x / y), c="floor_divide({0}, {1})",
    latex=r"\left\lfloor\frac{#1}{#2}\right\rfloor",
)
mod  = Primitive("mod", operator.mod, (1.0, lambda x, y, out: -floor_divide(x, y)), infix="%",
                 precedence=6, c="modulo({0}, {1})", latex=r"#1 \bmod #2")
fmod = Primitive("fmod", math.fmod, (1.0, lambda x, y, out: -round(x / y - out / y)), methods=("fmod",),
                 libraries=(), plain=lambda x, y: sign(x) * (abs(x) % abs(y)))
remainder = Primitive("remainder", math.remainder, (1.0, lambda x, y, out: -round(x / y - out / y)),
                      libraries=(), plain=lambda x, y: _nearest_remainder(fmod(x, 2 * y), y))


def _nearest_remainder(x: Any, y: Any) -> Any:
    """x - n*y with n the whole number nearest to x/y, for an x below 2*y, where it loses nothing."""
    return x - y * round(x / y)

# --- Powers and roots ---------------------------------------------------------------------------------

pow = Primitive(
    "pow", math.pow,
    (lambda x, y, out: power_slope(x, y),
     lambda x, y, out: where(x == 0, where(y >= 0, 0.0, nan), out * log(x))),
    infix="**", precedence=8, latex="#1^{#2}", exceptional=special.exceptional_power, plain=operator.pow,
    domain=((0.0, inf), (-inf, inf)),
    kinks={(0.0, 2.0): (0.0, 0.0), (0.0, 1.0): (1.0, 0.0), (0.0, 0.5): (inf, 0.0), (0.0, 0.0): (0.0, 0.0),
           (0.0, -1.0): (-inf, nan), (-2.0, 2.0): (-4.0, nan)},
)


def _power_slope(x: Any, y: Any) -> Any:
    """y * x**(y-1), by whichever form loses nothing.

    y - 1 is inexact where x**y is a normal number.  Where x**y underflows and |y| is so large that the
    slope may not, it is a product of two times |x|**(y/2), which does not.
    """
    power = pow(x, y)
    scaled = y * power
    keeps_digits = logical_and(abs(power) >= SMALLEST_NORMAL, abs(scaled) < inf)
    by_halves = logical_and(logical_and(abs(power) < SMALLEST_NORMAL, abs(y) > 4), x != 0)
    lower = pow(where(by_halves, abs(x), x), where(by_halves, y / 2, y - 1))
    underflowing = where(by_halves, copysign(1.0, power) * (lower / where(x == 0, 1.0, x)), 1.0)
    return where(y == 0, 0.0, where(keeps_digits, scaled / x, y * lower * underflowing))


def _power_slope_by_x(x: Any, y: Any, out: Any) -> Any:
    lower = y * power_slope(x, where(y == 0, 1, y - 1))
    underflows = logical_or(x == 0, logical_and(abs(out) < SMALLEST_NORMAL, y != 0))
    return where(underflows, lower, (y - 1) * out / where(x == 0, 1, x))


def _power_slope_by_y(x: Any, y: Any, out: Any) -> Any:
    power = pow(x, y)
    keeps_digits = logical_and(abs(power) >= SMALLEST_NORMAL, abs(power) < inf)
    lower_power = where(keeps_digits, power / where(x == 0, 1, x), pow(x, y - 1))
    return where(x == 0, where(y > 1, 0.0, nan), strong_product(lower_power, 1 + y * log(x)))


power_slope = Primitive(
    "power_slope", _power_slope, (_power_slope_by_x, _power_slope_by_y),
    defined=True, auxiliary=True, domain=pow.domain, plain=lambda x, y: y * pow(x, where(y == 0, 1, y - 1)),
)

# A number that is not negative, -0.0 becoming 0.0; else nan.  It carries a domain into the partials.
nonnegative = Primitive("nonnegative", lambda x: where(x >= 0, magnitude(x), nan), (1.0,),
                        defined=True, auxiliary=True, domain=((0.0, inf),), latex="#1")

sqrt = Primitive("sqrt", math.sqrt, (lambda x, out: 0.5 / nonnegative(out),),
                 domain=((0.0, inf),), kinks={(0.0,): (inf,)}, latex=r"\sqrt{#1}")
cbrt = Primitive("cbrt", math.cbrt, (lambda x, out: cbrt_slope(x),),
                 plain=lambda x: sign(x) * pow(abs(x), 1 / (3 + 0 * x)), kinks={(0.0,): (inf,)},
                 latex=r"\sqrt[3]{#1}")
cbrt_slope = Primitive("cbrt_slope", lambda x: where(x == 0, inf, cbrt(x) / x / 3),
                       (lambda x, out: -2 * out / (3 * x),), defined=True, auxiliary=True,
                       symbol="cbrt'")

# --- Exponentials and logarithms ----------------------------------------------------------------------

exp   = Primitive("exp", math.exp, (lambda x, out: out,), exceptional=lambda x: inf, latex="e^{#1}")
exp2  = Primitive("exp2", math.exp2, (lambda x, out: out * LN2,), exceptional=lambda x: inf,
                  plain=lambda x: exp(x * log(2 + 0 * x)), latex="2^{#1}")
expm1 = Primitive("expm1", math.expm1, (lambda x, out: exp(x),), exceptional=lambda x: inf)
log   = Primitive("log", math.log, (lambda x, out: 1 / nonnegative(x),),
                  exceptional=lambda x: -inf if x == 0 else nan,
                  domain=((0.0, inf),), kinks={(0.0,): (inf,), (-1.0,): (nan,)}, latex=r"\log")
log2  = Primitive("log2", math.log2, (lambda x, out: LOG2_E / nonnegative(x),),
                  exceptional=lambda x: -inf if x == 0 else nan, plain=lambda x: log(x) / log(2 + 0 * x),
                  domain=((0.0, inf),), kinks={(0.0,): (inf,), (-1.0,): (nan,)}, latex=r"\log_2")
log10 = Primitive("log10", math.log10, (lambda x, out: LOG10_E / nonnegative(x),),
                  exceptional=lambda x: -inf if x == 0 else nan, plain=lambda x: log(x) / log(10 + 0 * x),
                  domain=((0.0, inf),), kinks={(0.0,): (inf,), (-1.0,): (nan,)}, latex=r"\log_{10}")
log1p = Primitive("log1p", math.log1p, (lambda x, out: 1 / nonnegative(1 + x),),
                  exceptional=lambda x: -inf if x == -1 else nan,
                  domain=((-1.0, inf),), kinks={(-1.0,): (inf,), (-2.0,): (nan,)})
xlogy = Primitive(
    "xlogy", lambda x, y: where(logical_and(x == 0, y == y), 0.0, x * log(y)),
    (lambda x, y, out: where(logical_and(x == 0, y == 0), 0.0, log(y)),
     lambda x, y, out: where(logical_and(x == 0, y == y), 0.0, x / nonnegative(y))),
    defined=True, domain=((-inf, inf), (0.0, inf)), kinks={(0.0, 0.0): (0.0, 0.0)},
)
logaddexp = Primitive(
    "logaddexp",
    lambda x, y: where(abs(x) == inf, maximum(x, y), maximum(x, y) + log1p(exp(-magnitude(x - y)))),
    (lambda x, y, out: softmax2(x, y), lambda x, y, out: softmax2(y, x)),
    defined=True, kinks={(inf, inf): (0.5, 0.5), (-inf, -inf): (0.5, 0.5)},
)


def _softmax2(x: Any, y: Any) -> Any:
    """exp(x) / (exp(x) + exp(y)), the rounding error of x - y (Knuth's TwoSum) taken back."""
    difference = x - y
    other = difference - x
    error = (x - (difference - other)) - (y + other)
    share = sigmoid(difference)
    corrected = share * (1 + error * sigmoid(-difference))
    return where(x == y, 0.5, where(abs(difference) < inf, corrected, share))


softmax2 = Primitive(
    "softmax2", _softmax2,
    (lambda x, y, out: out * softmax2(y, x), lambda x, y, out: -(out * softmax2(y, x))),
    defined=True, auxiliary=True, plain=lambda x, y: 1 / (1 + exp(y - x)),
)

# --- Trigonometric functions --------------------------------------------------------------------------

sin  = Primitive("sin", math.sin, (lambda x, out: cos(x),), latex=r"\sin")
cos  = Primitive("cos", math.cos, (lambda x, out: -sin(x),), latex=r"\cos")
tan  = Primitive("tan", math.tan, (lambda x, out: 1 + out * out,), latex=r"\tan")
asin = Primitive("asin", math.asin, (lambda x, out: 1 / sqrt((1 - x) * (1 + x)),), methods=("arcsin",),
                 latex=r"\arcsin", domain=((-1.0, 1.0),), kinks={(1.0,): (inf,), (-1.0,): (inf,)})
acos = Primitive("acos", math.acos, (lambda x, out: -1 / sqrt((1 - x) * (1 + x)),), methods=("arccos",),
                 latex=r"\arccos", domain=((-1.0, 1.0),), kinks={(1.0,): (-inf,), (-1.0,): (-inf,)})
atan = Primitive("atan", math.atan, (lambda x, out: square(1 / hypot(1, x)),), methods=("arctan",),
                 latex=r"\arctan")
atan2 = Primitive(
    "atan2", math.atan2,
    (lambda y, x, out: inverse_real(x, y), lambda y, x, out: -inverse_real(y, x)),
    methods=("arctan2",), kinks={(0.0, 0.0): (0.0, 0.0)},
)


def _scale(x: Any, y: Any) -> Any:
    """The power of two that takes the larger of two numbers to where its square is a normal number."""
    size = maximum(abs(x), abs(y))
    return where(size > 1e150, 2.0**-600, where(size < 1e-150, 2.0**600, 1.0))


def _inverse_real_by_x(x: Any, y: Any) -> Any:
    """(y*y - x*x) / (x*x + y*y)**2, the difference of squares as a product, which does not cancel."""
    scale = _scale(x, y)
    a, b = x * scale, y * scale
    squares = a * a + b * b
    return (b - a) / squares * ((b + a) / squares) * scale * scale


def _inverse_real(x: Any, y: Any) -> Any:
    """x / (x*x + y*y), the real part of 1 / (x + iy); 0 at the origin."""
    scale = _scale(x, y)
    a, b = x * scale, y * scale
    return where(logical_and(x == 0, y == 0), 0.0, a / (a * a + b * b) * scale)


inverse_real = Primitive(
    "inverse_real", _inverse_real,
    (lambda x, y, out: _inverse_real_by_x(x, y), lambda x, y, out: -2 * out * inverse_real(y, x)),
    defined=True, auxiliary=True, plain=lambda x, y: x / (x * x + y * y),
)


def _hypot(x: Any, y: Any) -> Any:
    """The larger of the two times sqrt(1 + ratio**2); inf if either is, even beside a nan."""
    larger, smaller = maximum(abs(x), abs(y)), minimum(abs(x), abs(y))
    finite = where(larger == 0, larger, larger * sqrt(1 + square(smaller / larger)))
    return where(abs(x) == inf, inf, where(abs(y) == inf, inf, finite))


hypot = Primitive(
    "hypot", _hypot, (lambda x, y, out: direction(x, y), lambda x, y, out: direction(y, x)),
    defined=True, plain=lambda x, y: sqrt(x * x + y * y), methods=("hypot",),
    kinks={(0.0, 0.0): (0.0, 0.0), (inf, 1.0): (1.0, 0.0)},
)


def _direction(x: Any, y: Any) -> Any:
    """x / hypot(x, y), scaled so that hypot neither loses digits nor overflows; 0 at the origin."""
    size = hypot(x, y)
    scale = where(size < 1e-290, 2.0**600, where(size > 1e300, 2.0**-600, 1.0))
    a, b = x * scale, y * scale
    finite = where(logical_and(x == 0, y == 0), 0.0, a / hypot(a, b))
    return where(abs(x) == inf, copysign(1.0, x), finite)


direction = Primitive(
    "direction", _direction,
    (lambda x, y, out: strong_product(direction(y, x), inverse_real(y, x)),
     lambda x, y, out: -strong_product(out, inverse_real(y, x))),
    defined=True, auxiliary=True, plain=lambda x, y: x / hypot(x, y),
)

degrees = Primitive("degrees", math.degrees, (180 / math.pi,), c=f"{{0}} * {180 / math.pi!r}",
                    plain=lambda x: 45 * x / atan(1 + 0 * x))
radians = Primitive("radians", math.radians, (math.pi / 180,), c=f"{{0}} * {math.pi / 180!r}",
                    plain=lambda x: x * atan(1 + 0 * x) / 45)

# --- Hyperbolic functions -----------------------------------------------------------------------------

sinh  = Primitive("sinh", math.sinh, (lambda x, out: cosh(x),), exceptional=lambda x: math.copysign(inf, x),
                 latex=r"\sinh")
cosh  = Primitive("cosh", math.cosh, (lambda x, out: sinh(x),), exceptional=lambda x: inf, latex=r"\cosh")
tanh  = Primitive("tanh", math.tanh, (lambda x, out: sech2(x),), latex=r"\tanh")
sech2 = Primitive("sech2", lambda x: 4 * _sigmoid_slope(2 * x), (lambda x, out: -2 * tanh(x) * out,),
                  defined=True, auxiliary=True, symbol="tanh'", latex=r"\tanh'")
asinh = Primitive("asinh", math.asinh, (lambda x, out: 1 / hypot(1, x),), methods=("arcsinh",))
acosh = Primitive("acosh", math.acosh, (lambda x, out: 1 / (sqrt(x - 1) * sqrt(x + 1)),),
                  methods=("arccosh",), domain=((1.0, inf),), kinks={(1.0,): (inf,)})
atanh = Primitive("atanh", math.atanh, (lambda x, out: 1 / nonnegative((1 - x) * (1 + x)),),
                  exceptional=lambda x: math.copysign(inf, x) if x in (1.0, -1.0) else nan,
                  methods=("arctanh",), domain=((-1.0, 1.0),),
                  kinks={(1.0,): (inf,), (-1.0,): (inf,), (2.0,): (nan,)})

# --- Error function and gamma -------------------------------------------------------------------------


def _exp_of_minus_square(x: Any, factor: float) -> Any:
    """exp(-factor * x*x) for a power of two as factor, with x*x as an exact sum of two doubles (Dekker)."""
    spread = 134217729.0 * x
    high = spread - (spread - x)
    low = x - high
    squared = x * x
    error = ((high * high - squared) + 2 * high * low) + low * low
    return where(abs(x) < 64, exp(-factor * squared) * (1 - factor * error), exp(-factor * (x * x)))


erf  = Primitive("erf", math.erf, (lambda x, out: gaussian(x),))
erfc = Primitive("erfc", math.erfc, (lambda x, out: -gaussian(x),))
gaussian = Primitive(  # the derivative of erf
    "gaussian", lambda x: 2 / math.sqrt(math.pi) * _exp_of_minus_square(x, 1.0),
    (lambda x, out: -2 * (x * out),),
    defined=True, auxiliary=True, symbol="erf'", plain=lambda x: exp(-x * x) / sqrt(atan(1 + 0 * x)),
)
normal_density = Primitive(
    "normal_density", lambda x: 1 / math.sqrt(2 * math.pi) * _exp_of_minus_square(x, 0.5),
    (lambda x, out: -(x * out),),
    defined=True, auxiliary=True, symbol="φ", latex=r"\varphi",
    plain=lambda x: exp(-x * x / 2) / sqrt(8 * atan(1 + 0 * x)),
)

gamma = Primitive(
    "gamma", math.gamma, (lambda x, out: out * digamma(x),),
    exceptional=lambda x: math.copysign(inf, x) if x > -1 else nan, latex=r"\Gamma",
)
lgamma = Primitive(
    "lgamma", math.lgamma, (lambda x, out: digamma(x),), exceptional=lambda x: inf, libraries=("gammaln",),
    plain=lambda x: log(abs(gamma(x))), kinks={(0.0,): (nan,), (-1.0,): (nan,)},
    latex=r"\log\left|\Gamma\left({#1}\right)\right|",
)
digamma = Primitive("digamma", lambda x: polygamma(0.0, x), (lambda x, out: polygamma(1.0, x),), defined=True,
                    latex=r"\psi")
polygamma = Primitive(
    "polygamma", special.polygamma, (None, lambda order, x, out: polygamma(order + 1, x)),
    domain=(range(4), (-inf, inf)), latex=r"\psi^{({#1})}\left({#2}\right)",
)

# --- Absolute value, rounding, extremes ---------------------------------------------------------------

abs      = Primitive("abs", operator.abs, (lambda x, out: sign(x),), methods=("fabs", "absolute"),
                     kinks={(0.0,): (0.0,)}, c="fabs({0})", latex=r"\left|{#1}\right|")
sign     = Primitive("sign", lambda x: where(x > 0, 1.0, where(x < 0, -1.0, x)), (0.0,), defined=True,
                     latex=r"\operatorname{sgn}")
step     = Primitive("step", lambda x: where(x > 0, 1.0, where(x <= 0, 0.0, x)), (0.0,),
                     defined=True, auxiliary=True, selects=True, symbol="ReLU'")
copysign = Primitive(
    "copysign", lambda x, y: math.copysign(x, y) if y == y else magnitude(x),  # a nan's sign is anybody's
    (lambda x, y, out: copysign(1.0, x) * copysign(1.0, y), 0.0),
    plain=lambda x, y: where(y < 0, -abs(x), abs(x)), kinks={(0.0, 1.0): (1.0, 0.0)},
    c="{1} == {1} ? copysign({0}, {1}) : fabs({0})",
)
floor    = Primitive("floor", lambda x: math.copysign(math.floor(x), x), (0.0,), exceptional=lambda x: x,
                     plain=math.floor, kinks={(1.0,): (0.0,)}, c="floor({0})",
                     latex=r"\left\lfloor{#1}\right\rfloor")
ceil     = Primitive("ceil", lambda x: math.copysign(math.ceil(x), x), (0.0,), exceptional=lambda x: x,
                     plain=math.ceil, kinks={(1.0,): (0.0,)}, c="ceil({0})",
                     latex=r"\left\lceil{#1}\right\rceil")
trunc    = Primitive("trunc", lambda x: where(x < 0, ceil(x), floor(x)), (0.0,), defined=True,
                     kinks={(1.0,): (0.0,)})
round    = Primitive("round", lambda x: math.copysign(builtins.round(x), x), (0.0,),
                     exceptional=lambda x: x, methods=("rint",), libraries=("rint", "nint"),
                     plain=builtins.round, kinks={(0.5,): (0.0,)}, c="rint({0})")
ldexp    = Primitive("ldexp", lambda x, exponent: math.ldexp(x, int(exponent)),
                     (lambda x, exponent, out: ldexp(1.0, exponent), None),
                     exceptional=lambda x, exponent: x * pow(2.0, exponent),
                     libraries=(), plain=lambda x, exponent: x * pow(2 + 0 * x, exponent),
                     domain=((-inf, inf), range(-5, 6)))
round_to = Primitive("round_to", lambda x, digits: builtins.round(x, int(digits)), (0.0, None),
                     domain=((-inf, inf), range(-3, 9)),
                     exceptional=lambda x, digits: x if digits == digits else nan,
                     plain=lambda x, digits: _rounded_to_multiple(x, pow(10 + 0 * x, -int(digits))))


def _rounded_to_multiple(x: Any, unit: Any) -> Any:
    return round(x / unit) * unit


def _exceeds(x: Any, y: Any) -> Any:
    """1 if x > y, 0 if x < y, one half at a tie; a nan x exceeds whatever it is compared with."""
    return where(x > y, 1.0, where(x < y, 0.0, where(x == y, 0.5, where(x == x, 0.0, 1.0))))


exceeds = Primitive("exceeds", _exceeds, (0.0, 0.0), defined=True, auxiliary=True, selects=True)
maximum = Primitive(
    "maximum", lambda x, y: where(x >= y, x, where(y > x, y, x + y)),
    (lambda x, y, out: exceeds(x, y), lambda x, y, out: exceeds(y, x)),
    defined=True, selects=True, latex=r"\max",
    kinks={(1.0, 1.0): (0.5, 0.5), (nan, 1.0): (1.0, 0.0), (1.0, nan): (0.0, 1.0)},
)
minimum = Primitive(
    "minimum", lambda x, y: where(x <= y, x, where(y < x, y, x + y)),
    (lambda x, y, out: exceeds(-x, -y), lambda x, y, out: exceeds(-y, -x)),
    defined=True, selects=True, latex=r"\min",
    kinks={(1.0, 1.0): (0.5, 0.5), (nan, 1.0): (1.0, 0.0), (1.0, nan): (0.0, 1.0)},
)


def _meets(x: Any, lower: Any, upper: Any) -> Any:
    """Whether the ends of a clamp have met, at x: then it is constant in x, and each end counts one half."""
    return logical_and(x == lower, lower == upper)


clamp = Primitive(
    "clamp", lambda x, lower, upper: where(x < lower, lower, where(x > upper, upper, x)),
    (lambda x, lower, upper, out:
         where(logical_or(logical_or(x < lower, x > upper), _meets(x, lower, upper)), 0.0, 1.0),
     lambda x, lower, upper, out: where(x < lower, 1.0, where(_meets(x, lower, upper), 0.5, 0.0)),
     lambda x, lower, upper, out:
         where(logical_and(x >= lower, x > upper), 1.0, where(_meets(x, lower, upper), 0.5, 0.0))),
    defined=True, selects=True,
    kinks={(1.0, -1.0, 1.0): (1.0, 0.0, 0.0), (-1.0, -1.0, 1.0): (1.0, 0.0, 0.0),
           (1.0, 1.0, 1.0): (0.0, 0.5, 0.5)},
)

# --- Activations --------------------------------------------------------------------------------------

relu = Primitive("relu", lambda x: where(x <= 0, 0.0, x), (lambda x, out: step(x),),
                 defined=True, selects=True, symbol="ReLU", kinks={(0.0,): (0.0,), (nan,): (nan,)})
leaky_relu = Primitive(
    "leaky_relu", lambda x, slope: where(x > 0, x, slope * x),
    (lambda x, slope, out: where(x > 0, 1.0, where(x <= 0, slope, x)),
     lambda x, slope, out: where(x > 0, 0.0, x)),
    defined=True, defaults=(0.01,), kinks={(0.0, 0.01): (0.01, 0.0)},
)


def _times_exp(factor: Any, x: Any) -> Any:
    """factor * exp(x), where exp(x) may be subnormal in two steps."""
    decay = exp(where(x < -700, x / 2, x))
    return factor * decay * where(x < -700, decay, 1.0)


elu = Primitive(
    "elu", lambda x, alpha: where(x > 0, x, alpha * expm1(x)),
    (lambda x, alpha, out: where(x > 0, 1.0, _times_exp(alpha, x)),
     lambda x, alpha, out: where(x > 0, 0.0, expm1(x))),
    defined=True, defaults=(1.0,), kinks={(0.0, 1.0): (1.0, 0.0)},
)


def _sigmoid(x: Any) -> Any:
    """By the branch whose exponential does not overflow."""
    decay = exp(-magnitude(x))
    return where(x >= 0, 1.0, decay) / (1 + decay)


def _sigmoid_slope(x: Any) -> Any:
    decay = exp(-magnitude(x))
    return decay / ((1 + decay) * (1 + decay))


sigmoid       = Primitive("sigmoid", _sigmoid, (lambda x, out: sigmoid_slope(x),), defined=True,
                          latex=r"\sigma")
sigmoid_slope = Primitive("sigmoid_slope", _sigmoid_slope, (lambda x, out: -(out * tanh(x / 2)),),
                          defined=True, auxiliary=True, symbol="sigmoid'", latex=r"\sigma'")
softplus      = Primitive("softplus", lambda x: maximum(x, 0) + log1p(exp(-magnitude(x))),
                          (lambda x, out: sigmoid(x),), defined=True)
log_sigmoid   = Primitive("log_sigmoid", lambda x: minimum(x, 0) - log1p(exp(-magnitude(x))),
                          (lambda x, out: sigmoid(-x),), defined=True)

SILU_ROOT, SILU_ROOT_LOW, EXP_OF_SILU_ROOT = -1.2784645427610737, -1.0946994183093437e-16, 0.2784645427610738


def _silu_slope(x: Any) -> Any:
    """s + x*s' with s the sigmoid; for x < 0 as s' * (1 + x + exp(x)), taken about the root of the bracket.

    With r the root and d = x - r the bracket is d + exp(r) * expm1(d), whose terms have one sign.  Far below
    0, where s' is exp(x) and may be subnormal, it is the product of exp(x/2) with itself.
    """
    distance = (x - SILU_ROOT) - SILU_ROOT_LOW
    bracket = distance + EXP_OF_SILU_ROOT * expm1(distance)
    half = exp(x / 2)
    far_below = strong_product(half, bracket * half)
    below = where(x < -700, far_below, strong_product(sigmoid_slope(x), bracket))
    return where(x < 0, below, sigmoid(x) + strong_product(sigmoid_slope(x), x))


silu = Primitive("silu", lambda x: strong_product(sigmoid(x), x), (lambda x, out: silu_slope(x),),
                 defined=True, kinks={(-inf,): (0.0,), (inf,): (1.0,)})
silu_slope = Primitive(
    "silu_slope", _silu_slope,
    (lambda x, out: sigmoid_slope(x) * (2 - x * tanh(x / 2)),),
    defined=True, auxiliary=True, symbol="silu'", plain=lambda x: sigmoid(x) + x * sigmoid_slope(x),
)

GELU_ROOT, GELU_ROOT_LOW = -0.7517915246935645, 1.4956759177009883e-17
GELU_TAYLOR = (
    0.4314939923140469, 0.388284982990552, -0.018199676398671087, -0.1140082332972217, -0.014771522148244337,
    0.019421679838189067, 0.004539228379125415, -0.002239538068073497, -0.0007448268386746817,
    0.00018633974623233514, 8.615947861116571e-05, -1.121438018842664e-05, -7.74846130700372e-06,
    4.3284506257392273e-07, 5.702764979242107e-07,
)  # of the slope about its root, from the first power on


def _gelu_slope(x: Any) -> Any:
    """P + x*p, with p the normal density and P its integral; about the root, where they cancel, by Taylor."""
    distance = (x - GELU_ROOT) - GELU_ROOT_LOW
    taylor = 0.0
    for coefficient in reversed(GELU_TAYLOR):
        taylor = (taylor + coefficient) * distance
    direct = erfc(-x / SQRT2) / 2 + strong_product(normal_density(x), x)
    return where(abs(distance) < 0.25, taylor, direct)


gelu = Primitive("gelu", lambda x: strong_product(erfc(-x / SQRT2) / 2, x),
                 (lambda x, out: gelu_slope(x),), defined=True,
                 plain=lambda x: x * erfc(-x / sqrt(2 + 0 * x)) / 2, kinks={(-inf,): (0.0,), (inf,): (1.0,)})
gelu_slope = Primitive(
    "gelu_slope", _gelu_slope,
    (lambda x, out: strong_product(normal_density(x), (SQRT2 - x + SQRT2_LOW) * (SQRT2 + x + SQRT2_LOW)),),
    defined=True, auxiliary=True, symbol="gelu'",
    plain=lambda x: erfc(-x / sqrt(2 + 0 * x)) / 2 + x * normal_density(x),
)

# fmt: on

__all__ += list(table)

for _row in tuple(table.values()):
    _row.meet_libraries()
