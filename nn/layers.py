"""Neurons, layers of them, and networks of layers: fully connected, as in micrograd.

The weights are drawn by `random.uniform(-1, 1)` from Python's own generator, in the order of
`named_parameters`: seed it with `random.seed` and the network is the same in every process.  Neuron i of
a layer is made and computes in the scope "neuron" + str(i), layer i of a network in "layer" + str(i), so
that pictures show the network's structure.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from typing import Any

from autograd import Primitive, Value, scope, table
from nn.module import Module

__all__ = ["MLP", "Layer", "Neuron"]

Scalar = Value | float
Activation = str | Callable[[Any], Any]


class Neuron(Module):
    """A weighted sum of `nin` inputs and a bias `b`, passed through an activation.

    `activation` is the name of any function of one argument in autograd's table ("relu", "tanh",
    "sigmoid", "gelu", ...) or a function of one Value; with `nonlin=False` there is none.  The weights `w`
    are drawn from [-1, 1], the bias starts at 0.  Raises ValueError for another name.

    >>> random.seed(1337)
    >>> neuron = Neuron(2)
    >>> neuron, neuron([1.0, -2.0]).data
    (ReLUNeuron(2), 0.102443419482938)
    """

    def __init__(self, nin: int, nonlin: bool = True, activation: Activation = "relu") -> None:
        _check_size(nin, "a neuron has at least one input")
        self.w = [Value(random.uniform(-1, 1), label=f"w{position}") for position in range(nin)]
        self.b = Value(0.0, label="b")
        self.nonlin = nonlin
        self.activation = _activation(activation)

    def __call__(self, x: Iterable[Scalar] | Scalar) -> Value:
        """The neuron's output for a point `x` of shape `(nin,)`, or for a bare number if `nin` is 1.

        Raises ValueError for another number of inputs.
        """
        inputs = _inputs(x, self, len(self.w))
        total = sum((weight * entry for weight, entry in zip(self.w, inputs, strict=True)), self.b)
        return self.activation(total) if self.nonlin else total

    def __repr__(self) -> str:
        return f"{_title(self.activation) if self.nonlin else 'Linear'}Neuron({len(self.w)})"


class Layer(Module):
    """`nout` neurons, in `neurons`, that see the same `nin` inputs.

    >>> Layer(3, 2, activation="tanh")
    Layer of [TanhNeuron(3), TanhNeuron(3)]
    """

    def __init__(self, nin: int, nout: int, nonlin: bool = True, activation: Activation = "relu") -> None:
        _check_size(nout, "a layer has at least one neuron")
        self.neurons: list[Neuron] = []
        for position in range(nout):
            with _numbered("neuron", position):
                self.neurons.append(Neuron(nin, nonlin, activation))

    def __call__(self, x: Iterable[Scalar] | Scalar) -> Any:
        """The neurons' outputs for one point: a list of `nout` Values, or the bare Value if `nout` is 1.

        Raises ValueError for another number of inputs than `nin`.
        """
        inputs = _inputs(x, self, len(self.neurons[0].w))
        outputs = []
        for position, neuron in enumerate(self.neurons):
            with _numbered("neuron", position):
                outputs.append(neuron(inputs))
        return outputs[0] if len(outputs) == 1 else outputs

    def __repr__(self) -> str:
        return f"Layer of [{', '.join(map(repr, self.neurons))}]"


class MLP(Module):
    """A multilayer perceptron: `layers` of sizes `nouts`, the last one without activation.

    >>> model = MLP(2, [16, 16, 1])
    >>> len(model.parameters())
    337
    >>> MLP(2, (2, 1), activation="tanh")
    MLP of [Layer of [TanhNeuron(2), TanhNeuron(2)], Layer of [LinearNeuron(2)]]
    """

    def __init__(self, nin: int, nouts: Iterable[int], activation: Activation = "relu") -> None:
        sizes = [nin, *nouts]
        _check_size(len(sizes) - 1, "an MLP has at least one layer")
        self.layers: list[Layer] = []
        for position, (inputs, outputs) in enumerate(itertools.pairwise(sizes)):
            with _numbered("layer", position):
                is_last = position == len(sizes) - 2
                self.layers.append(Layer(inputs, outputs, not is_last, activation))

    def __call__(self, x: Iterable[Scalar] | Scalar) -> Any:
        """The network's outputs for one point: a list of Values, or the bare Value if the last size is 1.

        Raises ValueError for another number of inputs than `nin`.
        """
        x = _inputs(x, self, len(self.layers[0].neurons[0].w))
        for position, layer in enumerate(self.layers):
            with _numbered("layer", position):
                x = layer(x)
        return x

    def __repr__(self) -> str:
        return f"MLP of [{', '.join(map(repr, self.layers))}]"


def _numbered(kind: str, position: int) -> AbstractContextManager[None]:
    return scope(f"{kind}{position}")


def _check_size(size: int, rule: str) -> None:
    if size < 1:
        raise ValueError(f"{rule}, not {size}")


def _inputs(x: Any, module: Module, expected: int) -> list[Scalar]:
    """The entries of one point; a bare number or Value is a point of one entry."""
    axes = getattr(x, "ndim", int(hasattr(x, "__iter__")))
    name = type(module).__name__
    if axes > 1:
        raise ValueError(
            f"{name} takes one point at a time, not an array of {axes} axes: call it for each row"
        )
    inputs = list(x) if axes else [x]
    if len(inputs) != expected:
        raise ValueError(f"{name} takes {expected} inputs, but {len(inputs)} were given")
    return inputs


def _activation(activation: Activation) -> Callable[[Any], Any]:
    if callable(activation):
        return activation
    choices = {
        name: row
        for name, row in table.items()
        if row.arity - len(row.defaults) == 1 and not (row.comparison or row.variadic)
    }
    if activation not in choices:
        names = ", ".join(sorted(choices))
        raise ValueError(
            f"no activation named {activation!r}: give a function of one Value, or one of {names}"
        )
    return choices[activation]


def _title(activation: Callable[[Any], Any]) -> str:
    """An activation in a neuron's repr: ReLU as pictures write it, LeakyRelu for leaky_relu."""
    if isinstance(activation, Primitive):
        name = activation.symbol if activation.symbol.isidentifier() else activation.name
    else:
        name = getattr(activation, "__name__", type(activation).__name__)
    return "".join(word[:1].upper() + word[1:] for word in name.split("_"))
