# %% [markdown]
# # Article B: house prices
#
# N. Seth, *Backward propagation*, Data Science Blogathon. The article derives the gradients of a network that
# predicts what a house costs. Here the network is built, its gradients are held against the article's
# formulas, and it is trained on real sales. ([All notebooks](index.ipynb))

# %%
import random

from autograd import derivation, draw, topological_order
from autograd.testing import check_gradients
from nn import REFERENCES, plot_gradient_flow, plot_history, predictions

# %% [markdown]
# ## The network
#
# Four facts of a house, X, go into five hidden neurons, h, and these into one output, O:
#
# $$h = \mathrm{sigmoid}(W_{ih}' X + b_{ih}) \qquad O = \mathrm{sigmoid}(W_{ho}' h + b_{ho})$$
#
# The error of one house is E = (Y - O)² / 2, where Y is its price. `W_ih_21` is the weight from input 2 to
# hidden neuron 1.

# %%
reference, generator = REFERENCES["b"], random.Random(1)
task, network = reference.task(), reference.network(generator)
print(network.summary())

# %% [markdown]
# ## One house, forward and backward
#
# Each box shows a value and its adjoint (`grad`), the derivative of E by that number; each arrow bears a
# local derivative ∂. The sums of products are folded into one box each, marked Σ.

# %%
X, Y = task.training[0][0], task.training[1][0]
E = reference.labelled(network, X, Y)
E.backward()
draw(E, fold="sums", rankdir="TB")

# %% [markdown]
# ## The article's formulas
#
# There are four, one for each kind of parameter, and all of them begin alike:
#
# $$\frac{\partial E}{\partial W_{ho}} = (O-Y)\,O(1-O)\,h \qquad
# \frac{\partial E}{\partial b_{ho}} = (O-Y)\,O(1-O)$$
#
# $$\frac{\partial E}{\partial W_{ih}} = (O-Y)\,O(1-O)\,W_{ho}\,h(1-h)\,X \qquad
# \frac{\partial E}{\partial b_{ih}} = (O-Y)\,O(1-O)\,W_{ho}\,h(1-h)$$
#
# They use that the slope of a sigmoid follows from its own value: if O = sigmoid(z), then
# sigmoid'(z) = O(1 - O). The library derives the same products from the graph, factor by factor. The sums
# that go into the sigmoids have no names in the article; here they are called z for the output and z1 for
# the first hidden neuron.

# %%
nodes = {node.label: node for node in topological_order(E)}
sums = {nodes["O"].arguments[0]: "z", nodes["h1"].arguments[0]: "z1"}
for name in ("W_ho_1", "b_ho", "W_ih_11", "b_ih_1"):
    print(derivation(E, nodes[name], sums), end="\n\n")
derivation(E, nodes["W_ih_11"], sums)

# %% [markdown]
# ## All gradients
#
# The article's formulas, computed on plain numbers without this library, beside the gradients of the graph:

# %%
print(reference.comparison(network, X, Y))


# %% [markdown]
# And against differences of the error, which know no formula at all:


# %%
def error(network):
    return reference.loss(network(X), Y)


report = check_gradients(error, network)
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
# The houses are 546 that were sold in Windsor, Canada, in the summer of 1987. X is lot size, bedrooms,
# bathrooms and stories, standardised. A sigmoid lies between 0 and 1, so prices have to be scaled into that
# range, and back. A quarter of the houses is held out.
#
# The update is the article's, $W_{new} = W_{old} - \alpha\, \partial E/\partial W$, with the mean gradient of
# eight houses at a time.

# %%
history = reference.train(network, task, progress=False)
print(f"{history.epochs} epochs of {history.steps_per_epoch} steps, learning rate {task.learning_rate}")
print(f"mean loss {history.epoch_loss(0):.5f} in the first epoch, {history.epoch_loss(19):.5f} in the last")
plot_history(history)

# %% [markdown]
# On the houses that it has never seen, the network is measured by $R^2$: 1 is perfect, 0 is as good as a
# constant. Four facts explain not quite half of what makes prices differ.

# %%
ours, baseline = task.judged(network)
print(f"{task.metric_name} on {len(task.held_out[1])} houses held out: {ours:.3f}")
print(f"{task.baseline_name}: {baseline:.3f}")

# %% [markdown]
# Some of these houses, in Canadian dollars of 1987:

# %%
points, prices = task.held_out
print("predicted     paid")
for prediction, price in zip(predictions(network, points[:8]), prices, strict=False):
    print(f"{task.answer(prediction):>9,.0f}{task.answer(price):>9,.0f}")
print(f"\nalways the mean: {task.answer(task.baseline):,.0f}")
