# %% [markdown]
# # Article A: four layers
#
# S. Kostadinov, *Understanding Backpropagation Algorithm*, 2019. The article follows one small network
# through the forward pass, the chain rule and gradient descent. Here the network is built, its gradients are
# held against the article's formulas, and it is trained. ([All notebooks](index.ipynb))

# %%
import random

from autograd import derivation, draw, topological_order
from autograd.testing import check_gradients
from nn import REFERENCES, plot_gradient_flow, plot_history

# %% [markdown]
# ## The network
#
# Four layers of 4, 2, 2 and 1 numbers. The first holds the inputs x. Each neuron of the two hidden layers
# adds up its inputs times its weights and a bias, giving z, and applies a function f to the sum, giving
# a = f(z). Here f is the sigmoid; the article also allows tanh and ReLU. The last layer is linear and has no
# bias: its result is s. The cost C is the squared difference of s from the wanted y.
#
# Layers count from 1, and stand last in a name: `a2_3` is the article's $a_2^{(3)}$, the second number of
# layer 3. A weight's first index is the neuron that it leads to, its second the one it comes from: `w21_1` is
# $w_{21}^{(1)}$, and leads from input 1 to neuron 2 of the next layer.

# %%
reference, generator = REFERENCES["a"], random.Random(1)
task, network = reference.task(), reference.network(generator)
print(network.summary())

# %% [markdown]
# ## One row, forward and backward
#
# Each box shows a value and its adjoint (`grad`), the derivative of C by that number; each arrow bears a
# local derivative ∂. The sums of products are folded into one box each, marked Σ. (The library counts from 0,
# and layers of neurons only: its layer0 gives the article's layer 2.)

# %%
x, y = task.training[0][0], task.training[1][0]
C = reference.labelled(network, x, y)
C.backward()
draw(C, fold="sums", rankdir="TB")

# %% [markdown]
# ## The article's example
#
# For the weight from the second neuron of layer 2 to the second of layer 3 the article arrives at this:
#
# $$\frac{\partial C}{\partial w_{22}^{(2)}}
# = \frac{\partial C}{\partial a_2^{(3)}} \cdot f'(z_2^{(3)}) \cdot a_2^{(2)}$$
#
# The library derives it from the graph, in the same names. The article's first factor, the derivative by
# $a_2^{(3)}$, is written as a product itself: the derivative by s, times the weight $w_{12}^{(3)}$ that
# leads from $a_2^{(3)}$ to s.

# %%
nodes = {node.label: node for node in topological_order(C)}
print(derivation(C, nodes["w22_2"]))
derivation(C, nodes["w22_2"])

# %% [markdown]
# The article's shorter form: with the *local gradient* of a neuron, $\delta_j = \partial C / \partial z_j$,
# the derivative by a weight is $\delta_j$ times the number that the weight multiplies, and that by the bias
# is $\delta_j$ itself. The adjoint of z *is* the local gradient.

# %%
delta = nodes["z2_3"].grad
print(f"dC/dw22_2 = {nodes['w22_2'].grad:.9f}   delta * a2_2 = {delta * nodes['a2_2'].data:.9f}")
print(f"dC/db2_2  = {nodes['b2_2'].grad:.9f}   delta        = {delta:.9f}")

# %% [markdown]
# From a weight that leads into layer 2 there are two ways to C, one over each neuron of layer 3. What comes
# by them is added; the picture shows the share that each of them carries.

# %%
print(derivation(C, nodes["w11_1"]))
derivation(C, nodes["w11_1"])

# %%
draw(C, fold="sums", rankdir="TB", highlight=nodes["w11_1"])

# %% [markdown]
# ## All gradients
#
# The article's formulas, computed on plain numbers without this library, beside the gradients of the graph:

# %%
print(reference.comparison(network, x, y))

# %% [markdown]
# The same for the article's other two functions:

# %%
for f in ("tanh", "relu"):
    other = reference._replace(activations=(f, f, None))
    found = other.comparison(other.network(generator), x, y)
    print(f"{f}: largest relative difference {found.largest_difference:.1e}")


# %% [markdown]
# And against differences of the cost, which know no formula at all:


# %%
def cost(network):
    return reference.loss(network(x), y)


report = check_gradients(cost, network)
print(f"{report.verdict}: {report.verdict.value}")
print(f"a relative error of {report.resolution:.0e} in any of the {len(report.checks)} would have been seen")

# %% [markdown]
# ## How the gradient flows
#
# On its way back the gradient is multiplied by a sigmoid's slope at each hidden layer, and that is at most
# 1/4. So the first weights receive the least: in deep networks of sigmoids, gradients *vanish*.

# %%
plot_gradient_flow(network)

# %% [markdown]
# ## Training
#
# Gradient descent as in the article: random weights, and then again and again $w := w - \varepsilon\,
# \partial C/\partial w$, and the same for the biases. The data are made up: another network of the same
# shape, with larger weights, says what y is for 100 random rows. A quarter of them is held out. Each step
# takes the mean gradient of three rows.

# %%
history = reference.train(network, task, progress=False)
print(f"{history.epochs} epochs of {history.steps_per_epoch} steps, learning rate {task.learning_rate}")
print(f"mean loss {history.epoch_loss(0):.4f} in the first epoch, {history.epoch_loss(99):.4f} in the last")
plot_history(history)

# %% [markdown]
# On the rows that it has never seen, the network is measured by $R^2$: 1 is perfect, 0 is as good as a
# constant.

# %%
ours, baseline = task.judged(network)
print(f"{task.metric_name} on {len(task.held_out[1])} rows held out: {ours:.3f}")
print(f"{task.baseline_name}: {baseline:.3f}")
