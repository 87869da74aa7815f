"""Neurons, layers of them, and networks of layers: fully connected, as in micrograd.

The weights are drawn by `random.uniform(-1, 1)` from Python's own generator, in the order of
`named_parameters`: seed it with `random.seed` and the network is the same in every process.  Neuron i of
a layer is made and computes in the scope "neuron" + str(i), layer i of a network in "layer" + str(i), so
that listings, and the tooltips of pictures, say where in the network a node belongs.
"""

from __future__ import annotations

import difflib
import itertools
import operator
import random
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from typing import Any

from autograd import Primitive, Value, scope, table
from nn.module import Module

__all__ = ["MLP", "Layer", "Neuron"]

Scalar = Value | float
Activation = str | Callable[[Any], Any]

_SCALARS = {float, Value}  # known at once not to be iterable


class Neuron(Module):
    """A weighted sum of `nin` inputs and a bias `b`, passed through an activation.

    `activation` is the name of any function of one argument in autograd's table ("relu", the default,
    "tanh", "sigmoid", "gelu", ...) or a function of one Value; with `nonlin=False` there is none.  The
    weights `w` are drawn from [-1, 1], the bias starts at 0.  Raises ValueError for another name, and
    TypeError for a size that is no whole number.

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

        Raises ValueError for another number of inputs, or for several points.
        """
        inputs = _inputs(x, self, len(self.w))
        total = sum(map(operator.mul, self.w, inputs), self.b)
        return self.activation(total) if self.nonlin else total

    def __repr__(self) -> str:
        return f"{_title(self.activation) if self.nonlin else 'Linear'}Neuron({len(self.w)})"


class Layer(Module):
    """`nout` neurons, in `neurons`, that see the same `nin` inputs.

    `activation` is what a `Neuron` takes, a name or a function of one Value, by default "relu".

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

        Raises ValueError for another number of inputs than `nin`, or for several points.
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

    `activation` is what a `Neuron` takes, a name or a function of one Value, by default "relu".

    >>> model = MLP(2, [16, 16, 1])
    >>> len(model.parameters())
    337
    >>> MLP(2, (2, 1), activation="tanh")
    MLP of [Layer of [TanhNeuron(2), TanhNeuron(2)], Layer of [LinearNeuron(2)]]
    """

    def __init__(self, nin: int, nouts: Iterable[int], activation: Activation = "relu") -> None:
        if not isinstance(nouts, Iterable):
            raise TypeError(
                f"MLP(nin, nouts): nouts is a list of layer sizes such as [4, 4, 1], not {nouts!r}"
            )
        sizes = [nin, *nouts]
        _check_size(len(sizes) - 1, "an MLP has at least one layer")
        self.layers: list[Layer] = []
        for position, (inputs, outputs) in enumerate(itertools.pairwise(sizes)):
            with _numbered("layer", position):
                is_last = position == len(sizes) - 2
                self.layers.append(Layer(inputs, outputs, not is_last, activation))

    def __call__(self, x: Iterable[Scalar] | Scalar) -> Any:
        """The network's outputs for one point: a list of Values, or the bare Value if the last size is 1.

        Raises ValueError for another number of inputs than `nin`, or for several points.
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
    try:
        number = operator.index(size)
    except TypeError:
        raise TypeError(f"a size is a whole number, not {size!r}") from None
    if number < 1:
        raise ValueError(f"{rule}, not {number}")


def _inputs(x: Any, module: Module, expected: int) -> list[Scalar]:
    """The entries of one point; a bare number or Value is a point of one entry."""
    name = type(module).__name__
    if x is None:
        raise TypeError(f"{name} takes a point, a list of numbers or Values, not None")
    inputs = list(x) if _is_iterable(x) else [x]
    if not _SCALARS.issuperset(map(type, inputs)) and any(map(_is_iterable, inputs)):
        raise ValueError(f"{name} takes one point at a time: [model(x) for x in xs]")
    if len(inputs) != expected:
        raise ValueError(f"{name} takes {expected} input{'' if expected == 1 else 's'}, not {len(inputs)}")
    return inputs


def _is_iterable(thing: Any) -> bool:
    return bool(getattr(thing, "ndim", hasattr(thing, "__iter__")))  # an array without axes is a number


def _activation(activation: Activation) -> Callable[[Any], Any]:
    if callable(activation):
        return activation
    choices = {
        name: row
        for name, row in table.items()
        if row.arity - len(row.defaults) == 1 and not (row.comparison or row.variadic or row.auxiliary)
    }
    name = str(activation)
    if name not in choices:
        close = difflib.get_close_matches(name.lower(), choices, n=1)
        raise ValueError(
            f"no activation named {activation!r}: give relu, tanh, sigmoid, ..., or a function of one Value"
            f"{f'; is it {close[0]}?' if close else ''}"
        )
    return choices[name]


def _title(activation: Callable[[Any], Any]) -> str:
    """An activation in a neuron's repr: ReLU as pictures write it, LeakyRelu for leaky_relu."""
    if isinstance(activation, Primitive):
        name = activation.symbol if activation.symbol.isidentifier() else activation.name
    else:
        name = getattr(activation, "__name__", type(activation).__name__)
    return "".join(word[:1].upper() + word[1:] for word in name.split("_"))
