# %% [markdown]
# # Article C: binary classification
#
# EnjoyAlgorithms, *Backpropagation for binary classification*. The article derives the gradients of a network
# that tells two classes apart, and states backpropagation as an algorithm on a graph. Here the network is
# built, its gradients are held against the article's formulas, and it is trained to tell two kinds of iris
# apart. ([All notebooks](index.ipynb))

# %%
import random

from autograd import derivation, draw, topological_order
from autograd.testing import check_gradients
from nn import REFERENCES, plot_decision_boundary, plot_gradient_flow, plot_history

# %% [markdown]
# ## The network
#
# Two inputs x, three hidden neurons and one output, all of them sigmoids and without biases: h1 = θ1 x and
# a1 = sigmoid(h1), then h2 = θ2 a1 and Y = sigmoid(h2). Y is the probability of class 1. `theta1_21` is the
# weight from input 1 to hidden neuron 2.
#
# ## The loss, and a sign
#
# With T the true class, 0 or 1 (the article writes Y\*), the article gives the loss as
# $J = T \log Y + (1 - T) \log(1 - Y)$. That is a logarithm of a probability, at most 0, and the *larger*
# the better. Gradient descent makes it smaller, and would teach the network to be wrong. The binary
# cross-entropy is its negative,
#
# $$J = -\bigl(T \log Y + (1 - T) \log(1 - Y)\bigr),$$
#
# and this is what is used here; the article's formulas hold for either sign, since they keep dJ/dY as a
# factor.

# %%
reference, generator = REFERENCES["c"], random.Random(1)
task, network = reference.task(), reference.network(generator)
print(network.summary())

# %% [markdown]
# ## The algorithm
#
# The article's steps are what this library does: define each operation as a node of a graph without cycles;
# draw the weights at random; visit the nodes in topological order, computing and storing; visit them in
# reverse, extending the chain rule to every parameter; move each parameter against its gradient; repeat.
#
# The picture shows one row after both visits. Each box has its value and its adjoint (`grad`), the
# derivative of J by that number; each arrow bears a local derivative ∂.

# %%
x, T = task.training[0][0], task.training[1][0]
J = reference.labelled(network, x, T)
J.backward()
draw(J, fold="sums", rankdir="TB")

# %% [markdown]
# ## The article's formulas
#
# $$\frac{\partial J}{\partial \theta_{2,i}}
# = \frac{\partial J}{\partial Y} \cdot \frac{\partial Y}{\partial h_2} \cdot a_{1,i} \qquad
# \frac{\partial J}{\partial \theta_{1,ij}}
# = \frac{\partial J}{\partial Y} \cdot \frac{\partial Y}{\partial h_2} \cdot \theta_{2,i} \cdot
# \frac{\partial a_{1,i}}{\partial h_{1,i}} \cdot x_j$$
#
# where the slope of a sigmoid is $e^{-h} / (1 + e^{-h})^2$. The library derives the same from the graph:

# %%
nodes = {node.label: node for node in topological_order(J)}
print(derivation(J, nodes["theta2_1"]))
derivation(J, nodes["theta2_1"])

# %%
print(derivation(J, nodes["theta1_11"]))
derivation(J, nodes["theta1_11"])

# %% [markdown]
# ## All gradients
#
# The article's formulas, computed on plain numbers without this library, beside the gradients of the graph:

# %%
print(reference.comparison(network, x, T))


# %% [markdown]
# And against differences of the loss, which know no formula at all:


# %%
def loss(network):
    return reference.loss(network(x), T)


report = check_gradients(loss, network)
print(f"{report.verdict}: {report.verdict.value}")
print(f"a relative error of {report.resolution:.0e} in any of the {len(report.checks)} would have been seen")

# %% [markdown]
# ## How the gradient flows
#
# What the hidden layer receives has passed one more sigmoid, whose slope is at most 1/4.

# %%
plot_gradient_flow(network)

# %% [markdown]
# ## Training
#
# The petals of 100 irises, by length and width: class 0 is versicolor, class 1 virginica. They are centred,
# since without biases the network is blind to what all of them share. A quarter is held out. Each
# step takes the mean gradient of five flowers.

# %%
history = reference.train(network, task, progress=False)
print(f"{history.epochs} epochs of {history.steps_per_epoch} steps, learning rate {task.learning_rate}")
print(f"mean loss {history.epoch_loss(0):.4f} in the first epoch, {history.epoch_loss(39):.4f} in the last")
plot_history(history)

# %% [markdown]
# On the flowers that it has never seen. The class of most flowers of the training happens to be the rarer one
# among these.

# %%
ours, baseline = task.judged(network)
print(f"{task.metric_name} on {len(task.held_out[1])} flowers held out: {ours:.0%}")
print(f"{task.baseline_name}: {baseline:.0%}")

# %% [markdown]
# The network answers 1 where Y is above one half. x is the petals' length and y their width, in centimetres,
# less the means; the flowers are those of the training.

# %%
plot_decision_boundary(network, *task.training, threshold=0.5)
