"""What a contender is, and the list of them.

A contender is a file here whose object `contender` has the few things below.  To add one, write its file
and name it in `NAMES`.  A file whose library is not installed fails to import, and is skipped.
"""

import importlib
from typing import Any, Protocol

from benchmarks.workloads import Function

NAMES = ("floats", "native_engine", "python_engine", "xad", "micrograd", "torch", "hips_autograd")
"""In the table's order."""


class Contender(Protocol):
    """A number type: how to make one, its functions, and how to differentiate with it."""

    @property
    def name(self) -> str:
        """What the table calls it, with its version."""

    def number(self, x: float, /) -> Any:
        """A number of its type that is no input: data of the workload."""

    def tanh(self, x: Any, /) -> Any: ...
    def exp(self, x: Any, /) -> Any: ...
    def log(self, x: Any, /) -> Any: ...
    def relu(self, x: Any, /) -> Any: ...

    def value_and_gradient(self, function: Function, point: list[float]) -> tuple[float, list[float] | None]:
        """`function(self, inputs)` at the point, and its gradient; None if it computes values only."""


def load(name: str) -> Contender:
    """The contender of that name.  Raises ModuleNotFoundError if its library is not installed."""
    contender: Contender = importlib.import_module(f"{__name__}.{name}").contender
    return contender
