"""What a function is compiled for: everything about the arguments of a call but their numbers.

Two calls of equal signatures may share their traces.  Containers, the shapes of arrays, bools and strs are
part of it; of a module, which a gradient names by its parameters alone, also whatever else it holds: another
activation is another program.
"""

from __future__ import annotations

import io
import pickle
import types
from collections.abc import Callable, Hashable
from typing import Any, NamedTuple

from autograd import containers, graph, modes
from autograd.containers import told_apart
from autograd.engine import Value
from autograd.rows import real

__all__ = ["Arguments", "Signature", "is_recording", "number", "told_apart", "unstructured", "varies"]

_BY_IDENTITY = (types.FunctionType, types.BuiltinFunctionType, type)  # compared without being pickled


class Signature(NamedTuple):
    """A hashable key for the arguments of a call, and the numbers that vary: one per input of its trace."""

    key: Hashable
    numbers: list[float]


class Arguments:
    """A nested argument, or several in a container, taken apart.

    `structure` is None for a float, or an array of floats, of which `leaves` are all.  `has_values` tells of
    Values other than those that modules hold.
    """

    leaves: list[Any]
    structure: containers.Structure | None
    has_values: bool

    def __init__(self, tree: Any) -> None:
        self._tree = tree
        numbers = _numbers_alone(tree)
        self.structure = None
        self.has_values = False
        if numbers is not None:
            self.leaves = numbers
        else:
            self.leaves, self.structure = containers.flatten(tree)
            self.has_values = False in self.structure.held and any(
                isinstance(leaf, Value) and not held
                for leaf, held in zip(self.leaves, self.structure.held, strict=True)
            )

    def signature(self, name: str) -> Signature:
        """The signature of a call of the function `name` with these arguments.

        Raises TypeError for a leaf that is no number, bool or str, and for a module whose attributes do not
        pickle.
        """
        if self.structure is None:
            return Signature(getattr(self._tree, "shape", None), self.leaves)
        fixed: list[tuple[int, Any]] = []
        if not set(map(type, self.leaves)) <= {float, Value}:
            fixed = [(place, leaf) for place, leaf in enumerate(self.leaves) if not varies(leaf)]
        for _, leaf in fixed:
            if not isinstance(leaf, bool | str):
                raise TypeError(
                    f"{name} was called with {type(leaf).__name__}: {leaf!r}, but it takes numbers, Values, "
                    "arrays and containers of these, bools, strs and None: name the parameter in "
                    "static_argnames if it shall be part of the program"
                )
        numbers = [number(leaf) for leaf in self.leaves if not fixed or varies(leaf)]
        if not fixed and self.structure.is_bare:
            return Signature(self.structure.shapes[0], numbers)
        contents, orders = map(tuple, unstructured(name, self._tree))
        return Signature((self.structure, told_apart(tuple(fixed)), contents, orders), numbers)


def _numbers_alone(tree: Any) -> list[float] | None:
    """The numbers of a float, or of an array of floats, which need not be taken apart; None for others."""
    if type(tree) is float:
        return [tree]
    if getattr(getattr(tree, "dtype", None), "char", "") == "d" and tree.shape:
        numbers: list[float] = containers.as_array(tree).ravel().tolist()
        return numbers
    return None


def unstructured(name: str, tree: Any) -> tuple[list[Hashable], list[Hashable]]:
    """What a program may depend on that is neither number nor structure, as hashable things.

    What each module holds besides numbers, and the keys of each dict in its own order.  Raises TypeError for
    a module whose attributes do not pickle.
    """
    modules, dicts = containers.contents(tree)
    return [_contents(name, module) for module in modules], [tuple(map(told_apart, keys)) for keys in dicts]


def is_recording() -> bool:
    """Whether a transform or a trace around the call wants to see every operation of it."""
    return bool(modes.active) and (modes.current.trace is not None or bool(modes.current.variables))


def varies(leaf: Any) -> bool:
    """Whether a leaf is an input of the trace; a float, as most leaves are, is known at once."""
    return type(leaf) is float or graph.varies(leaf)


def number(leaf: Any) -> float:
    """The float that a leaf of the arguments stands for, a Value's data among them."""
    return leaf._data if isinstance(leaf, Value) else real(leaf)


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
