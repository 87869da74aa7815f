"""What a function is compiled for: everything about the arguments of a call but their numbers.

Two calls of equal signatures may share their traces.  Containers, the shapes of arrays, bools and strs are
part of it; of a module, which a gradient names by its parameters alone, also whatever else it holds: another
activation is another program.
"""

from __future__ import annotations

import io
import pickle
import types
from collections.abc import Callable, Hashable, Sequence
from typing import Any, NamedTuple

from autograd import containers, modes
from autograd.engine import Value
from autograd.graph import varies
from autograd.rows import real

__all__ = ["Signature", "has_values", "is_recording", "number", "signed"]

_VARIES = ...  # stands for a number among the leaves
_BY_IDENTITY = (
    types.FunctionType,
    types.BuiltinFunctionType,
    type,
)  # what need not be pickled to be compared


class Signature(NamedTuple):
    """A hashable key for the arguments of a call, and the numbers that vary: one per input of its trace."""

    key: Hashable
    numbers: list[float]


def is_recording() -> bool:
    """Whether a transform or a trace around the call wants to see every operation of it."""
    return bool(modes.active) and (modes.current.trace is not None or bool(modes.current.variables))


def has_values(leaves: Sequence[Any], structure: containers.Structure) -> bool:
    """Whether there are Values among the leaves, but for those that modules hold."""
    return any(
        isinstance(leaf, Value) and not held for leaf, held in zip(leaves, structure.held, strict=True)
    )


def number(leaf: Any) -> float:
    """The float that a leaf of the arguments stands for, a Value's data among them."""
    return leaf._data if isinstance(leaf, Value) else real(leaf)


def signed(name: str, tree: Any, leaves: Sequence[Any], structure: containers.Structure) -> Signature:
    """The signature of a call with the arguments `tree`, flattened already.

    Raises TypeError for a leaf that is no number, bool or str, naming the function, and for a module whose
    attributes do not pickle.
    """
    numbers: list[float] = []
    fixed: list[Hashable] = []
    for leaf in leaves:
        if varies(leaf):
            numbers.append(number(leaf))
            fixed.append(_VARIES)
        elif isinstance(leaf, bool | str):
            fixed.append(leaf)
        else:
            raise TypeError(
                f"{name} was called with {type(leaf).__name__}: {leaf!r}, but it takes numbers, Values, "
                "arrays and containers of these, bools, strs and None: name the parameter in static_argnames "
                "if it shall be part of the program"
            )
    contents = tuple(_contents(name, module) for module in containers.named_containers(tree))
    return Signature((structure, tuple(fixed), contents), numbers)


def _contents(name: str, module: Any) -> Hashable:
    """All that a module holds but the numbers of its Values."""
    described = _Described()
    try:
        described.dump(module)
    except (pickle.PicklingError, TypeError, AttributeError) as error:
        raise TypeError(
            f"{name} was called with a {type(module).__name__} that holds what cannot be compared with what "
            f"it held before, because it does not pickle: {error}"
        ) from None
    return described.stream.getvalue(), tuple(described.things)


class _Described(pickle.Pickler):
    """Pickles with a mark in place of each Value; functions and classes are compared by identity."""

    def __init__(self) -> None:
        self.stream = io.BytesIO()
        super().__init__(self.stream, protocol=5)
        self._values: dict[int, int] = {}
        self.things: list[Callable[..., Any]] = []

    def persistent_id(self, thing: Any) -> Any:
        if isinstance(thing, Value):
            return self._values.setdefault(id(thing), len(self._values))  # a shared one is another program
        if isinstance(thing, _BY_IDENTITY):
            self.things.append(thing)
            return "thing"
        return None
