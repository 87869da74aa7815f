"""Neurons, layers of them, and networks of layers: fully connected, as in micrograd.

The weights are drawn in the order of `named_parameters`, by default by `random.uniform(-1, 1)` from
Python's own generator: seed it with `random.seed`, or give a `random.Random` as `generator`, and the
network is the same in every process.  Neuron i of a layer is made and computes in the scope
"neuron" + str(i), layer i of a network in "layer" + str(i), so that listings and pictures say where in the
network a node belongs.
"""

from __future__ import annotations

import difflib
import functools
import itertools
import operator
import random
import reprlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

from autograd import Primitive, Value, scope, table
from nn import initialisers
from nn.module import Module
from nn.ranges import check_count
from nn.samples import is_row

__all__ = ["MLP", "Layer", "Neuron"]

Scalar = Value | float
Activation = str | Callable[[Any], Any]
Initialiser = str | Callable[[int, int, Any], float]
Generator = random.Random

_SCALARS = {float, Value}  # known at once not to be iterable


class Neuron(Module):
    """A weighted sum of `nin` inputs and a bias `b`, passed through an activation.

    `activation` is the name of any function of one argument in autograd's table ("relu", the default,
    "tanh", "sigmoid", "gelu", ...) or a function of one Value; with `nonlin=False` there is none.  The
    weights `w` are drawn by `initialiser`, a name or a function of `nn.initialisers`, for a layer of
    `fan_out` neurons; the bias starts at 0, with `bias=False` there is none.  Raises ValueError for another
    name, and TypeError for a size that is no whole number.

    >>> random.seed(1337)
    >>> neuron = Neuron(2)
    >>> neuron, neuron([1.0, -2.0]).data
    (ReLUNeuron(2), 0.102443419482938)
    """

    def __init__(
        self,
        nin: int,
        nonlin: bool = True,
        activation: Activation = "relu",
        *,
        bias: bool = True,
        initialiser: Initialiser = "uniform",
        generator: Generator | None = None,
        fan_out: int = 1,
    ) -> None:
        check_count("the number of a neuron's inputs", nin)
        drawn = initialisers.initialiser(initialiser)
        source = random if generator is None else generator
        self.w = [Value(drawn(nin, fan_out, source), label=f"w{position}") for position in range(nin)]
        self.b = Value(0.0, label="b") if bias else None
        self.nonlin = nonlin
        self.activation = _activation(activation)

    def __call__(self, x: Iterable[Scalar] | Scalar) -> Value:
        """The neuron's output for a point `x` of shape `(nin,)`, or for a bare number if `nin` is 1.

        Raises ValueError for another number of inputs, or for several points.
        """
        products = map(operator.mul, self.w, _inputs(x, self, len(self.w)))
        total: Value = functools.reduce(
            operator.add, products if self.b is None else itertools.chain([self.b], products)
        )
        result: Value = self.activation(total) if self.nonlin else total
        return result

    def __repr__(self) -> str:
        return f"{_title(self.activation) if self.nonlin else 'Linear'}Neuron({len(self.w)})"


class Layer(Module):
    """`nout` neurons, in `neurons`, that see the same `nin` inputs; all other arguments are `Neuron`'s.

    >>> Layer(3, 2, activation="tanh")
    Layer of [TanhNeuron(3), TanhNeuron(3)]
    """

    def __init__(
        self,
        nin: int,
        nout: int,
        nonlin: bool = True,
        activation: Activation = "relu",
        *,
        bias: bool = True,
        initialiser: Initialiser = "uniform",
        generator: Generator | None = None,
    ) -> None:
        check_count("the number of a layer's neurons", nout)
        self.neurons: list[Neuron] = []
        for position in range(nout):
            with _numbered("neuron", position):
                self.neurons.append(
                    Neuron(
                        nin,
                        nonlin,
                        activation,
                        bias=bias,
                        initialiser=initialiser,
                        generator=generator,
                        fan_out=nout,
                    )
                )

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

    def title(self) -> str:
        """The number of neurons, and one of them."""
        size, neuron = len(self.neurons), self.neurons[0]
        return f"{size} {neuron}" if size > 1 else f"{neuron}"


class MLP(Module):
    """A multilayer perceptron: `layers` of sizes `nouts`, the last one without activation.

    `activation` and `bias` are what a `Neuron` takes, by default "relu" and True, or a list of them, one
    per layer; in a list of activations None stands for none, and the last layer has its own.  The other
    arguments are `Neuron`'s.  Raises ValueError for a list of another length than `nouts`.

    >>> model = MLP(2, [16, 16, 1])
    >>> len(model.parameters())
    337
    >>> MLP(2, (2, 1), activation="tanh")
    MLP of [Layer of [TanhNeuron(2), TanhNeuron(2)], Layer of [LinearNeuron(2)]]
    >>> MLP(2, [1, 1], activation=["relu", "sigmoid"], bias=[True, False])
    MLP of [Layer of [ReLUNeuron(2)], Layer of [SigmoidNeuron(1)]]
    """

    def __init__(
        self,
        nin: int,
        nouts: Iterable[int],
        activation: Activation | Sequence[Activation | None] = "relu",
        *,
        bias: bool | Sequence[bool] = True,
        initialiser: Initialiser = "uniform",
        generator: Generator | None = None,
    ) -> None:
        if not isinstance(nouts, Iterable):
            raise TypeError(
                f"MLP(nin, nouts): nouts is a list of layer sizes such as [4, 4, 1], not {nouts!r}"
            )
        sizes = [nin, *nouts]
        check_count("the number of a network's layers", len(sizes) - 1)
        check_count("the number of a network's inputs", nin)
        for size in sizes[1:]:  # all, before a weight is drawn: it may be many
            check_count("the number of a layer's neurons", size)
        depth = len(sizes) - 1
        activations = _per_layer("activation", activation, [activation] * (depth - 1) + [None])
        biases = _per_layer("bias", bias, [bias] * depth)
        self.layers: list[Layer] = []
        for position, (inputs, outputs) in enumerate(itertools.pairwise(sizes)):
            own = activations[position]
            with _numbered("layer", position):
                self.layers.append(
                    Layer(
                        inputs,
                        outputs,
                        own is not None,
                        "relu" if own is None else own,
                        bias=biases[position],
                        initialiser=initialiser,
                        generator=generator,
                    )
                )

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

    def architecture(self) -> dict[str, Any] | None:
        """What `of` builds the same network from; None if it cannot.

        It cannot for a subclass, which may compute something else, for an activation that is no row of the
        table, and for layers other than `Layer`s of like `Neuron`s.

        >>> MLP(2, [3, 1], activation="tanh").architecture()
        {'nin': 2, 'nouts': [3, 1], 'activation': ['tanh', None], 'bias': [True, True]}
        """
        parts = [part for layer in self.layers for part in (layer, *layer.neurons)]
        if type(self) is not MLP or not {*map(type, parts)} <= {Layer, Neuron}:
            return None
        neurons = [layer.neurons[0] for layer in self.layers]
        activations: list[str | None] = []
        for layer, neuron in zip(self.layers, neurons, strict=True):
            activation = neuron.activation if neuron.nonlin else None
            is_row_of_table = activation is None or isinstance(activation, Primitive)
            if not is_row_of_table or any(_kind(other) != _kind(neuron) for other in layer.neurons):
                return None
            activations.append(activation.name if isinstance(activation, Primitive) else None)
        return {
            "nin": len(neurons[0].w),
            "nouts": [len(layer.neurons) for layer in self.layers],
            "activation": activations,
            "bias": [neuron.b is not None for neuron in neurons],
        }

    @classmethod
    def of(cls, architecture: Mapping[str, Any]) -> MLP:
        """The network of an `architecture`, all of its parameters 0.

        Raises ValueError or TypeError for what describes none.
        """
        expected = ("nin", "nouts", "activation", "bias")
        if not isinstance(architecture, Mapping) or {*architecture} != {*expected}:
            raise ValueError(
                f"an MLP's architecture has the keys {', '.join(expected)}, not {reprlib.repr(architecture)}"
            )
        return cls(**architecture, initialiser="zeros")


def _kind(neuron: Neuron) -> tuple[Any, ...]:
    """What neurons that differ only in their numbers have in common."""
    return len(neuron.w), neuron.b is None, neuron.activation if neuron.nonlin else None


def _per_layer(name: str, given: Any, default: list[Any]) -> list[Any]:
    """A list with one entry per layer, if it was given as one; else the default."""
    if not isinstance(given, list | tuple):
        return default
    if len(given) != len(default):
        raise ValueError(f"MLP takes one {name} for each of its {len(default)} layers, not {len(given)}")
    return list(given)


def _numbered(kind: str, position: int) -> AbstractContextManager[None]:
    return scope(f"{kind}{position}")


def _inputs(x: Any, module: Module, expected: int) -> list[Scalar]:
    """The entries of one point; a bare number or Value is a point of one entry."""
    name = type(module).__name__
    if x is None:
        raise TypeError(f"{name} takes a point, a list of numbers or Values, not None")
    inputs = list(x) if is_row(x) else [x]
    if not _SCALARS.issuperset(map(type, inputs)) and any(map(is_row, inputs)):
        raise ValueError(f"{name} takes one point at a time: [model(x) for x in xs]")
    if len(inputs) != expected:
        raise ValueError(f"{name} takes {expected} input{'' if expected == 1 else 's'}, not {len(inputs)}")
    return inputs


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
