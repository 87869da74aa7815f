# %% [markdown]
# # Moons, like micrograd
#
# micrograd (A. Karpathy, 2020) is a well-known small library for computation graphs of single numbers. A
# program written for it runs here with only its imports changed, and gives the same numbers.
# ([All notebooks](index.ipynb))

# %%
import random

import numpy as np

from autograd import Value  # in place of: from micrograd.engine import Value
from nn import MLP, Adam, accuracy, fit, micrograd_moons, plot_decision_boundary, plot_history, predictions

# %% [markdown]
# ## The demo, number for number
#
# The demo's hundred points lie on two half circles that reach into each other. Its network has two hidden
# layers of 16 ReLU neurons.

# %%
points, labels = micrograd_moons()
X, y = np.array(points), np.array(labels) * 2 - 1
random.seed(1337)
model = MLP(2, [16, 16, 1])
print(f"{len(model.parameters())} parameters")


# %% [markdown]
# The loss is a max-margin loss, as in a support vector machine: a score with the right sign and a size of 1
# costs nothing. A small penalty keeps the weights small. Then come two steps of gradient descent, written as
# micrograd's users write them, with a learning rate that falls from 1.0.


# %%
def total_loss():
    scores = [model(list(map(Value, row))) for row in X]
    losses = [(1 + -label * score).relu() for label, score in zip(y, scores, strict=True)]
    return sum(losses) * (1.0 / len(losses)) + 1e-4 * sum(p * p for p in model.parameters())


for step in range(2):
    total = total_loss()
    model.zero_grad()
    total.backward()
    for p in model.parameters():
        p.data -= (1.0 - 0.9 * step / 100) * p.grad
    print(f"step {step}: loss {total.data}")

# %% [markdown]
# micrograd finds 0.8958441028683222 and 1.723590533697202: the same to the last digit.
#
# ## The same points with `fit`
#
# `fit` is that loop, with everything around it. A smaller network of tanh neurons, the cross-entropy as loss
# and Adam (Kingma and Ba, 2015) in place of plain descent part the moons completely.

# %%
model = MLP(2, [8, 8, 1], activation="tanh", initialiser="xavier", generator=random.Random(1337))
history = fit(
    model,
    points,
    labels,
    loss="binary_cross_entropy_with_logits",
    optimizer=Adam(model.parameters(), learning_rate=0.1),
    epochs=50,
    metric=accuracy,
    progress=False,
)
for step in (0, 10, 20, 30, 40, 49):
    print(f"step {step:>2}: loss {history.loss[step]:.4f}, accuracy {history.metric[step]:.0%}")
print(f"accuracy after the last step: {accuracy(predictions(model, points), labels):.0%}")

# %%
plot_history(history)

# %% [markdown]
# The boundary is where the score is 0. The dashed lines, scores of -1 and 1, are close to it: the network is
# sure of itself.

# %%
plot_decision_boundary(model, points, labels)
