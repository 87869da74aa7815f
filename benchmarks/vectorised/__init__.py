"""Peers that compute with whole arrays: what one is, and the list of them.

A peer is a file here whose object `peer` has the few things below.  To add one, write its file, name it in
`NAMES` and, for an environment of its own, in `benchmarks.environments`.
"""

import importlib
from collections.abc import Callable, Sequence
from typing import Any, Protocol

NAMES = ("jax", "torch")
"""In the table's order."""


class Peer(Protocol):
    """An array type: how to make one, its functions, and how to differentiate with it."""

    name: str
    """What the table calls it, with its version."""

    math: Any
    """A namespace with exp, log, sqrt, tanh, erfc and relu of its arrays."""

    def array(self, numbers: Sequence[float], /) -> Any:
        """The numbers as an array of doubles; one number as an array without axes."""

    def with_gradient(
        self, function: Callable[..., Any], differentiated: int, /
    ) -> Callable[..., tuple[Any, ...]]:
        """What gives `function(*inputs)`, and the derivatives of its sum by the first so many of the inputs.

        The results are done when it returns.
        """


def load(name: str) -> Peer:
    """The peer of that name.  Raises ModuleNotFoundError if its library is not installed."""
    peer: Peer = importlib.import_module(f"{__name__}.{name}").peer
    return peer
