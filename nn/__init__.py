"""Neural networks of scalar `Value`s: modules, losses, optimizers, schedules, data sets, training, plots.

>>> import random
>>> from nn import MLP
>>> random.seed(1337)
>>> model = MLP(2, [4, 4, 1], activation="tanh")
>>> score = model([0.5, -1.0])
>>> score.backward()
>>> len(model.parameters()), all(parameter.grad != 0 for parameter in model.parameters())
(37, True)
"""

from nn.clipping import clip_by_norm, clip_by_value
from nn.datasets import micrograd_moons, moons
from nn.initialisers import INITIALISERS, he, initialiser, uniform, xavier, zeros
from nn.layers import MLP, Layer, Neuron
from nn.losses import (
    LOSSES,
    absolute_error,
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    half_squared_error,
    huber,
    l1_penalty,
    l2_penalty,
    loss_function,
    max_margin,
    mean,
    softmax_cross_entropy,
    squared_error,
)
from nn.module import Module
from nn.optimizers import OPTIMIZERS, SGD, Adam, AdamW, Optimizer, RMSprop
from nn.plots import plot_decision_boundary, plot_history
from nn.schedules import constant, cosine, exponential, linear, step_decay, warmup
from nn.training import TrainingStep, accuracy, train

__all__ = [
    "INITIALISERS",
    "LOSSES",
    "MLP",
    "OPTIMIZERS",
    "SGD",
    "Adam",
    "AdamW",
    "Layer",
    "Module",
    "Neuron",
    "Optimizer",
    "RMSprop",
    "TrainingStep",
    "absolute_error",
    "accuracy",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "clip_by_norm",
    "clip_by_value",
    "constant",
    "cosine",
    "exponential",
    "half_squared_error",
    "he",
    "huber",
    "initialiser",
    "l1_penalty",
    "l2_penalty",
    "linear",
    "loss_function",
    "max_margin",
    "mean",
    "micrograd_moons",
    "moons",
    "plot_decision_boundary",
    "plot_history",
    "softmax_cross_entropy",
    "squared_error",
    "step_decay",
    "train",
    "uniform",
    "warmup",
    "xavier",
    "zeros",
]
