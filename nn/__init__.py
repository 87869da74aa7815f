"""Neural networks of scalar `Value`s: modules, losses, optimizers, data sets, training, plots.

>>> import random
>>> from nn import MLP
>>> random.seed(1337)
>>> model = MLP(2, [4, 4, 1], activation="tanh")
>>> score = model([0.5, -1.0])
>>> score.backward()
>>> len(model.parameters()), all(parameter.grad != 0 for parameter in model.parameters())
(37, True)
"""

from nn.datasets import micrograd_moons, moons
from nn.initialisers import INITIALISERS, he, initialiser, uniform, xavier, zeros
from nn.layers import MLP, Layer, Neuron
from nn.losses import l2_penalty, max_margin, mean
from nn.module import Module
from nn.optimizers import SGD
from nn.plots import plot_decision_boundary, plot_history
from nn.training import TrainingStep, accuracy, train

__all__ = [
    "INITIALISERS",
    "MLP",
    "SGD",
    "Layer",
    "Module",
    "Neuron",
    "TrainingStep",
    "accuracy",
    "he",
    "initialiser",
    "l2_penalty",
    "max_margin",
    "mean",
    "micrograd_moons",
    "moons",
    "plot_decision_boundary",
    "plot_history",
    "train",
    "uniform",
    "xavier",
    "zeros",
]
