# %% [markdown]
# # Values and the chain rule
#
# How an expression is recorded, and how one sweep over the record gives all of its derivatives. You need
# school calculus and a little Python. ([All notebooks](index.ipynb))

# %%
import math

from autograd import Value, cos, derivation, draw, explore, grad, label, sin, steps, topological_order, trace
from autograd.testing import check_gradients

# %% [markdown]
# ## A number that remembers
#
# A `Value` is a number that knows how it was computed. It takes part in arithmetic like any other number, and
# every result is a `Value` again. Here is a neuron: two numbers are multiplied, a third is added, and the sum
# is squeezed between -1 and 1.

# %%
x, w, b = Value(2.0), Value(-3.0), Value(6.8)
n = x * w + b
o = n.tanh()
label(x=x, w=w, b=b, n=n, o=o)
print(o)

# %% [markdown]
# `backward` computes the derivative of `o` by everything that it depends on, and stores each as `grad`.

# %%
o.backward()
print(f"do/dx = {x.grad:.6f}, do/dw = {w.grad:.6f}, do/db = {b.grad:.6f}")

# %% [markdown]
# What that means: if `w` grows by a little, `o` grows by do/dw times as much. So a derivative can be seen by
# trying. But that costs one more evaluation for each input, and about half of the digits.

# %%
little = 1e-6
nudged = math.tanh(2.0 * (-3.0 + little) + 6.8)
print(f"{(nudged - o.data) / little:.6f}")

# %% [markdown]
# ## The picture
#
# A box is a number: its name, its value (`data`), and the derivative of `o` by it (`grad`). An arrow leads
# from an operand to the result, and bears the **local derivative** ∂: how much this one result changes with
# that operand. Of a product x·w, the local derivative by w is x; of a sum it is 1; of tanh n it is
# 1 - tanh² n.

# %%
draw(o)

# %% [markdown]
# ## The chain rule
#
# Along a path from an input to the output the local derivatives are *multiplied*. That is the chain rule, and
# the library writes it out: the names, then the formulas, then the numbers.

# %%
print(derivation(o, w))
derivation(o, w)

# %% [markdown]
# ## A node that is used twice
#
# Over several paths the products are *added*. In x·x both operands are x: each of the two arrows brings 3,
# and x receives 6, as it should, since (x²)' = 2x.

# %%
x = Value(3.0, "x")
y = x * x
y.label = "y"
y.backward()
draw(y)

# %% [markdown]
# ## Why the nodes are put in order
#
# The backward pass starts with dd/dd = 1 and visits every node once. A node that is visited hands its own
# derivative on to its operands, times the local derivative. But it must not do so too early. Here b is
# used by c *and* by d:

# %%
a = Value(2.0)
b = 2 * a
c = b + a
d = b + c
label(a=a, b=b, c=c, d=d)
d.backward()
draw(d)

# %% [markdown]
# By hand: d = b + c = 2a + (2a + a) = 5a, so the derivative by a is 5.
#
# If b were visited as soon as d has given it 1, it would hand on 2·1. Then c gives b another 1, which never
# reaches a: it ends with 2 + 1 = 3. Visiting b again does not help, because it would hand on 2·2 on top of
# the 2·1 that a has already, and a ends with 7. Only a node that has heard from *all* its results may hand
# on. A **topological order** puts each node behind its operands; walked from its end, it puts each node
# behind its results.

# %%
print(" -> ".join(node.label for node in topological_order(d)))
print()
print(steps(d))

# %% [markdown]
# One sweep over n nodes costs about as much as computing the value, for however many inputs. That is
# what makes the training of networks with millions of weights possible.
#
# ## Second derivatives
#
# The derivative of f(x) = x·sin x is itself an expression, and so it has a derivative. `grad(f)` is the
# function f', `grad(grad(f))` is f''. Beside them stand the results by hand.


# %%
def f(x):
    return x * sin(x)


print(f"f'(0.5)  = {grad(f)(0.5):.12f}   sin x + x cos x   = {sin(0.5) + 0.5 * cos(0.5):.12f}")
print(f"f''(0.5) = {grad(grad(f))(0.5):.12f}   2 cos x - x sin x = {2 * cos(0.5) - 0.5 * sin(0.5):.12f}")

# %% [markdown]
# The graph of f', as the library differentiates it:

# %%
draw(trace(f)(0.5), view="gradient")

# %% [markdown]
# ## Trust, but check
#
# `check_gradients` compares derivatives with differences of the function's values and gives a verdict for
# each input. It computes with more digits where it must, so it sees errors far smaller than the trial above
# would. [Checking gradients](06_checking_gradients.ipynb) tells more.


# %%
def neuron(x, w, b):
    return (x * w + b).tanh()


print(check_gradients(neuron, 2.0, -3.0, 6.8))

# %% [markdown]
# ## Playing the passes
#
# `explore` makes a page on which both passes can be played, step by step, and each leaf has a slider. In a
# trusted notebook it stands below; `explore(o, "neuron.html")` writes it to a file, which any browser opens
# without a network.

# %%
explore(o)
