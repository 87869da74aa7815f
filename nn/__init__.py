"""Neural networks of scalar `Value`s: modules, losses, optimizers, data sets, training, saving, plots.

>>> import random
>>> from nn import MLP
>>> random.seed(1337)
>>> model = MLP(2, [4, 4, 1], activation="tanh")
>>> score = model([0.5, -1.0])
>>> score.backward()
>>> len(model.parameters()), all(parameter.grad != 0 for parameter in model.parameters())
(37, True)
"""

from nn import initialisers, schedules
from nn.clipping import clip_by_norm, clip_by_value
from nn.datasets import (
    circles,
    iris_petals,
    micrograd_moons,
    moons,
    spirals,
    split,
    split_table,
    table_of,
    windsor_houses,
    xor,
)
from nn.layers import MLP, Layer, Neuron
from nn.losses import (
    absolute_error,
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    half_squared_error,
    huber,
    l1_penalty,
    l2_penalty,
    max_margin,
    mean,
    softmax_cross_entropy,
    squared_error,
)
from nn.metrics import accuracy, r_squared
from nn.module import Module
from nn.optimizers import SGD, Adam, AdamW, Optimizer, RMSprop
from nn.plots import plot_decision_boundary, plot_gradient_flow, plot_history
from nn.preparation import Decision, Preparation
from nn.reference import REFERENCES, Reference
from nn.saving import Saved, load, save
from nn.tables import Table, read_table
from nn.training import History, fit, predictions

__all__ = [
    "MLP",
    "REFERENCES",
    "SGD",
    "Adam",
    "AdamW",
    "Decision",
    "History",
    "Layer",
    "Module",
    "Neuron",
    "Optimizer",
    "Preparation",
    "RMSprop",
    "Reference",
    "Saved",
    "Table",
    "absolute_error",
    "accuracy",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "circles",
    "clip_by_norm",
    "clip_by_value",
    "fit",
    "half_squared_error",
    "huber",
    "initialisers",
    "iris_petals",
    "l1_penalty",
    "l2_penalty",
    "load",
    "max_margin",
    "mean",
    "micrograd_moons",
    "moons",
    "plot_decision_boundary",
    "plot_gradient_flow",
    "plot_history",
    "predictions",
    "r_squared",
    "read_table",
    "save",
    "schedules",
    "softmax_cross_entropy",
    "spirals",
    "split",
    "split_table",
    "squared_error",
    "table_of",
    "windsor_houses",
    "xor",
]
