"""Float functions that the C library lacks, and the IEEE results where Python raises instead.

Everything else is a function of the C library or an expression of such functions, and stands in the
table of primitives.  This module knows floats and nothing else.
"""

import math

__all__ = ["division_by_zero", "exceptional_power", "not_a_number", "polygamma"]


def not_a_number(*arguments: float) -> float:
    """nan, whatever the arguments."""
    return math.nan


def division_by_zero(x: float, y: float) -> float:
    """x / y for a y of 0.0 or -0.0: nan if x is 0 or nan, else the infinity of the right sign.

    >>> division_by_zero(-1.0, 0.0), division_by_zero(0.0, 0.0)
    (-inf, nan)
    """
    return math.nan if x == 0 or math.isnan(x) else math.copysign(math.inf, x) * math.copysign(1.0, y)


def exceptional_power(x: float, y: float) -> float:
    """pow(x, y) where it overflows, has a pole (0 to a negative power) or has no real value.

    >>> exceptional_power(-10.0, 309.0), exceptional_power(0.0, -1.0), exceptional_power(-8.0, 1 / 3)
    (-inf, inf, nan)
    """
    if x < 0 and y != math.floor(y):
        return math.nan
    return math.copysign(math.inf, x) if math.fmod(y, 2) in (1.0, -1.0) else math.inf


# The positive root of digamma, as an unevaluated sum of two doubles, and digamma's Taylor coefficients
# there (from the first power on): near the root every other formula cancels.
_ROOT, _ROOT_LOW = 1.4616321449683622, 9.549995429965697e-17
_TAYLOR = (
    0.9676722454476212, -0.4427631689835921, 0.258499760955651, -0.16394270544240652,
    0.10782405069126237, -0.07219956125645471, 0.04880428816414311, -0.03316112647484736,
    0.022597648232218104, -0.01542476590494896, 0.010538791616612175, -0.007204534386356869,
    0.004926781395729853, -0.003369801655439328, 0.002305126326734928, -0.0015769367714301972,
    0.0010788252019162967, -0.0007380709389960052, 0.000504953265834602, -0.0003454680251063077,
    0.00023635601564027053, -0.00016170622091974803, 0.0001106337276874741, -7.569179582195066e-05,
    5.178575795222081e-05, -3.5430070947659604e-05, 2.424006611860132e-05, -1.6584242271854135e-05,
    1.134638458466385e-05, -7.762817668462094e-06, 5.3110609208898636e-06, -3.6336507898010456e-06,
    2.486022733129538e-06, -1.7008538854332607e-06, 1.1636675363548843e-06, -7.96142543124197e-07,
    5.446941930669446e-07, -3.7266161283438227e-07, 2.549626552021554e-07, -1.7443695117727745e-07,
)  # fmt: skip

# Bernoulli numbers B2, B4, ..., B24, the coefficients of the Euler-Maclaurin sums below.
_BERNOULLI = (
    1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510,
    43867 / 798, -174611 / 330, 854513 / 138, -236364091 / 2730,
)  # fmt: skip


def polygamma(order: float, x: float) -> float:
    """The derivative of the given order of digamma at x: order 0 is digamma itself.

    `order` is a whole number from 0 to 170, where its factorial is a double; any other order, a nan,
    minus infinity and the poles at 0, -1, -2, ... give nan.  Formulas: Abramowitz and Stegun 6.3 and 6.4
    (recurrence, reflection, asymptotic series).

    >>> polygamma(0, 1.0)
    -0.5772156649015329
    >>> polygamma(1, 1.0)
    1.6449340668482264
    """
    if not (0 <= order <= 170 and order == math.floor(order)) or math.isnan(x) or x == -math.inf:
        return math.nan
    n = int(order)
    if x <= 0:
        return math.nan if x == math.floor(x) else _reflected(n, x)
    if x == math.inf:
        return math.inf if n == 0 else 0.0
    try:
        return (
            _digamma(x)
            if n == 0
            else math.copysign(math.factorial(n), -1 if n % 2 == 0 else 1) * _zeta(n + 1, x)
        )
    except OverflowError:
        return -math.inf if n % 2 == 0 else math.inf


def _digamma(x: float) -> float:
    """digamma for finite x > 0."""
    if x >= 12:
        square = 1 / x / x
        series = 0.0
        for k, bernoulli in reversed(tuple(enumerate(_BERNOULLI, 1))):
            series = (series + bernoulli / (2 * k)) * square
        return math.log(x) - (0.5 / x + series)
    steps = []  # digamma(x) = digamma(x - 1) + 1 / (x - 1), up or down until x lies in [1, 2]
    while x > 2:
        x -= 1
        steps.append(1 / x)
    if x < 1:
        steps.append(-1 / x)
        x += 1
    distance = (x - _ROOT) - _ROOT_LOW
    taylor = 0.0
    for coefficient in reversed(_TAYLOR):
        taylor = (taylor + coefficient) * distance
    return math.fsum([taylor, *steps])


def _zeta(s: int, x: float) -> float:
    """The Hurwitz zeta function, the sum of (x + k)**-s over k >= 0, for whole s >= 2 and finite x > 0."""
    terms = []
    threshold = 15 + s
    while x < threshold:
        terms.append(_power(x, -s))
        x += 1
    terms.append(_power(x, 1 - s) / (s - 1))
    terms.append(_power(x, -s) / 2)
    factor = s * _power(
        x, -s - 1
    )  # s (s + 1) ... (s + 2k - 2) / (2k)! * x**(1 - s - 2k), without the Bernoulli
    for k, bernoulli in enumerate(_BERNOULLI, 1):
        factor /= 2 if k == 1 else (2 * k) * (2 * k - 1)
        terms.append(bernoulli * factor)
        factor *= (s + 2 * k - 1) * (s + 2 * k) / x / x
    return math.fsum(terms)


def _power(x: float, exponent: int) -> float:
    try:
        return math.pow(x, exponent)
    except OverflowError:
        return math.inf


def _reflected(n: int, x: float) -> float:
    """The value at x < 0, no pole: (-1)**n psi_n(1 - x) minus the n-th derivative of pi*cot(pi*x).

    The argument of the cotangent is reduced to [-1/2, 1/2] first, which is exact; its n-th derivative
    is a polynomial in the cotangent, because cot' = -(1 + cot**2).
    """
    reduced = x - round(x)
    if abs(reduced) < 0.25:
        cotangent = 1 / math.tan(math.pi * reduced)
    else:  # cot(a) = tan(pi/2 - a) keeps its digits where the cotangent is small
        cotangent = math.tan(math.pi * math.copysign(0.5 - abs(reduced), reduced))
    polynomial = [0.0, 1.0]
    for _ in range(n):
        slope = [k * c for k, c in enumerate(polynomial)][1:]
        polynomial = [-(a + b) for a, b in zip([*slope, 0, 0], [0, 0, *slope], strict=True)]
    *lower, value = polynomial
    for coefficient in reversed(lower):
        value = value * cotangent + coefficient
    mirrored = polygamma(n, 1 - x)
    return (mirrored if n % 2 == 0 else -mirrored) - math.pi ** (n + 1) * value
