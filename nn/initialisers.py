"""Initialisers: each draws one weight of a layer with `nin` inputs and `nout` outputs.

`generator` is a `random.Random`, or the module `random` itself, whose generator `random.seed` seeds.
The weights start out different, so that the neurons of a layer learn different things, and small enough
that signals neither die out nor grow from layer to layer.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Protocol

from nn.choices import choice

__all__ = ["INITIALISERS", "he", "initialiser", "uniform", "xavier", "zeros"]


class Generator(Protocol):
    """What initialisers draw from: these functions of `random.Random`, and of the module `random`."""

    def uniform(self, a: float, b: float) -> float:
        """A number between `a` and `b`, all equally likely."""

    def gauss(self, mu: float, sigma: float) -> float:
        """A normally distributed number of mean `mu` and standard deviation `sigma`."""


Initialiser = Callable[[int, int, Generator], float]


def uniform(nin: int, nout: int, generator: Generator) -> float:
    """A number between -1 and 1, whatever the layer's size: micrograd's choice.

    >>> import random
    >>> uniform(2, 1, random.Random(1337))
    0.23550571390294128
    """
    return generator.uniform(-1, 1)


def xavier(nin: int, nout: int, generator: Generator) -> float:
    """A number between -bound and bound, bound being sqrt(6 / (nin + nout)), for tanh and sigmoid.

    Its variance, 2 / (nin + nout), lies between those that keep the size of the signals on the way forward
    (1 / nin) and of the gradients on the way back (1 / nout).  Glorot and Bengio 2010, "Understanding the
    difficulty of training deep feedforward neural networks", equation 16.

    >>> import random
    >>> abs(xavier(2, 4, random.Random(1))) <= 1
    True
    """
    bound = math.sqrt(6 / (nin + nout))
    return generator.uniform(-bound, bound)


def he(nin: int, nout: int, generator: Generator) -> float:
    """A normally distributed number of mean 0 and standard deviation sqrt(2 / nin), for ReLU.

    Its variance is twice 1 / nin because ReLU takes away half of the signal's square.  He, Zhang, Ren and
    Sun 2015, "Delving deep into rectifiers", equation 10.

    >>> import random
    >>> he(2, 4, random.Random(1)) == random.Random(1).gauss(0, 1)
    True
    """
    return generator.gauss(0, math.sqrt(2 / nin))


def zeros(nin: int, nout: int, generator: Generator) -> float:
    """0.0, and nothing is drawn.  For a single neuron: all of a layer would stay equal.

    >>> import random
    >>> zeros(2, 1, random)
    0.0
    """
    return 0.0


INITIALISERS: dict[str, Initialiser] = {"uniform": uniform, "xavier": xavier, "he": he, "zeros": zeros}
"""Every initialiser by name."""


def initialiser(name_or_function: str | Initialiser) -> Initialiser:
    """The initialiser of this name; a function of `(nin, nout, generator)` is its own.

    Raises ValueError for another name.

    >>> initialiser("he") is he
    True
    >>> initialiser("xaver")
    Traceback (most recent call last):
        ...
    ValueError: no initialiser named 'xaver': give uniform, xavier, he, zeros, or a function of nin, nout \
and a generator; is it xavier?
    """
    return choice("initialiser", name_or_function, INITIALISERS, "a function of nin, nout and a generator")
