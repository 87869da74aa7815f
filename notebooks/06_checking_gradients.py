# %% [markdown]
# # Checking gradients
#
# `check_gradients(f, *arguments)` compares a gradient with differences of the function's values and gives a
# *verdict* for every input, not a boolean: with both numbers, an error bar, and how small an error it could
# have seen. Only one verdict, MISMATCH, says that something is wrong. ([All notebooks](index.ipynb))

# %%
import math

import autograd
from autograd import Value, primitive, where
from autograd.testing import certify, check_gradients, rounding_error

# %% [markdown]
# ## A right function
#
# The function is ordinary Python, with whatever nested arguments it takes; every number among them is an
# input. The last line of the report is about the value: how far rounding may have moved it, and where.


# %%
def energy(position, spring):
    distance = (position["x"] ** 2 + position["y"] ** 2) ** 0.5
    return spring / 2 * (distance - 1) ** 2


report = check_gradients(energy, {"x": 0.3, "y": -1.2}, 2.5)
print(report)

# %% [markdown]
# A report is true unless something is a MISMATCH, so that a test is one line, `assert check_gradients(...)`.
# `order=2` checks the gradient of the gradient as well.

# %%
assert check_gradients(energy, {"x": 0.3, "y": -1.2}, 2.5, order=2)
report.verdict, report.resolution

# %% [markdown]
# ## A subtly wrong one
#
# A primitive of one's own, the normal density without its factor, whose derivative is off by one part in ten
# million. At 0.5 a difference quotient with the usual step of 1e-6 cannot see that. The report names the
# smallest expression that is wrong, wherever it is hidden.

# %%
bump = primitive(
    "bump",
    lambda x: autograd.exp(-x * x / 2),
    (lambda x, out: -x * out * (1 + 1e-7),),
    defined=True,
)


def mixture(x, weight):
    return weight * bump(x - 1) + (1 - weight) * bump(2 * x + 0.5)


print(check_gradients(mixture, 0.25, 0.3))


# %% [markdown]
# The usual way, one step and a tolerance, passes it:


# %%
def usual(f, x, step=1e-6, tolerance=1e-5):
    slope = (f(x + step) - f(x - step)) / (2 * step)
    return abs(slope - autograd.grad(f)(x)) <= tolerance * abs(slope)


usual(lambda x: mixture(x, 0.3), 0.25), bool(check_gradients(lambda x: mixture(x, 0.3), 0.25))

# %% [markdown]
# ## At kinks, edges and jumps
#
# Where the slopes on the two sides differ there is no derivative to compare with. A gradient passes if it is
# one of the slopes or lies between them, and the verdict says which place this is.

# %%
places = {
    "abs at 0": (abs, 0.0),
    "relu at 0": (autograd.relu, 0.0),
    "an if of Python's at its border": (lambda x: x if x > 1 else x * x, 1.0),
    "x * sqrt(x) at 0": (lambda x: x * autograd.sqrt(x), 0.0),
    "sqrt at 0": (autograd.sqrt, 0.0),
    "log at 0": (autograd.log, 0.0),
    "floor at 2": (autograd.floor, 2.0),
    "log at -1": (autograd.log, -1.0),
    "a branch not taken": (lambda x: where(x > 0, autograd.log(x), 0.0), 0.0),
}
for name, (f, x) in places.items():
    (check,) = check_gradients(f, x).checks
    print(f"{name:<32}{check.verdict!s:<14}gradient {check.gradient}, slope {check.behaviour.description}")


# %% [markdown]
# ## Where float64 itself has no answer
#
# `(exp(x) - 1) / x` loses its digits near 0. Every step of the backward pass is right, and the gradient is
# not: ILL_CONDITIONED, and the report says which operation loses the digits.


# %%
def quotient(x):
    return (autograd.exp(x) - 1) / x


print(check_gradients(quotient, 1e-7))

# %% [markdown]
# The bound of the rounding error comes from one backward pass, operation by operation:

# %%
x = Value(1e-7, label="x")
print(rounding_error(quotient(x)))

# %% [markdown]
# `certify` proves it. The value and the gradient are evaluated over balls, intervals that are known to
# contain the exact number; what it says of the computed ones is no estimate.

# %%
print(certify(quotient(x)))

# %% [markdown]
# And the remedy is another formula, for which `expm1` is there:

# %%
print(certify(autograd.expm1(x) / x))


# %% [markdown]
# ## Somebody else's gradient
#
# A black box of plain floats, and a gradient from anywhere. Now there are doubles and nothing more, and the
# report is honest about what it could see.


# %%
def softplus(x):
    return math.log1p(math.exp(x))


print(check_gradients(softplus, 2.0, gradient=1 / (1 + math.exp(-2.0))))
print()
print(check_gradients(softplus, 2.0, gradient=0.8807))

# %% [markdown]
# ## Whole random expressions
#
# `autograd.testing.strategies` draws expressions for Hypothesis. A failure shrinks to the smallest expression
# that fails, and is printed as code that runs.

# %%
from hypothesis import given, settings

from autograd.testing.strategies import expressions


@settings(max_examples=200, derandomize=True, database=None, deadline=None)
@given(expressions([autograd.add, autograd.mul, autograd.sin, bump]))
def test_gradients(f):
    assert check_gradients(f, *f.point)


try:
    test_gradients()
except AssertionError as error:
    print(error.__notes__[0])
