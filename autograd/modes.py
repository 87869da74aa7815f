"""The modes of a thread: scope, no_grad, detect_anomaly and trace, held once for every engine.

A mode belongs to the thread that entered it and ends with its `with` block, also by an exception.
`active` has an entry for each block entered in any thread, so that an engine with no mode in force pays
one look at the length of a list for each operation.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import types
from collections.abc import Iterable, Iterator
from typing import Any

__all__ = ["detect_anomaly", "no_grad", "scope"]

active: list[None] = []
_PACKAGE = os.path.dirname(__file__) + os.sep


class Trace:
    """What a trace in progress knows: its inputs, and the branches taken so far with their outcomes."""

    def __init__(self, inputs: Iterable[Any]) -> None:
        outer = current.trace
        self.inputs: set[Any] = {*inputs, *(outer.inputs if outer is not None else ())}
        self.branches: list[tuple[Any, bool]] = []

    def refuse_reading(self, node: Any) -> None:
        """Raises RuntimeError if the node's data is not a constant of the program being traced."""
        if node.primitive is not None or node in self.inputs:
            raise RuntimeError(
                "reading .data inside a trace would freeze the number it happens to hold now: compute with "
                "the Value itself, choose with autograd.where, or read .data outside the traced function"
            )


class Modes(threading.local):
    """What is in force in this thread; the class attributes are the state outside every block."""

    scope: tuple[str, ...] = ()
    paused: int = 0  # how many no_grad blocks are open, and
    watched: int = 0  # how many of detect_anomaly
    trace: Trace | None = None  # the innermost trace being recorded
    variables: tuple[Any, ...] = ()  # the inputs of the transforms being evaluated, outermost first


current = Modes()


@contextlib.contextmanager
def entered(**changes: Any) -> Iterator[None]:
    """The modes changed as given, in this thread, for one `with` block."""
    before = {name: getattr(current, name) for name in changes}
    active.append(None)
    try:
        for name, value in changes.items():
            setattr(current, name, value)
        yield
    finally:
        for name, value in before.items():
            setattr(current, name, value)
        active.pop()


def origin() -> str:
    """The user's file and line: of the innermost frame outside this package."""
    frame, _ = _outside()
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"


def stacklevel() -> int:
    """The `stacklevel` with which a warning, given by the function that calls this, names the user's line."""
    return _outside()[1] - 1  # `warn` counts from its caller, which is 1


def _outside() -> tuple[types.FrameType, int]:
    """The innermost frame outside this package, and how many frames of the package stand within it."""
    frame, within = sys._getframe(), 0
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        frame, within = frame.f_back, within + 1
    return frame, within


def scope(name: str) -> contextlib.AbstractContextManager[None]:
    """A `with` block whose nodes belong to the scope `name`, inside the scopes entered around it.

    A scope is a tuple of names, for pictures and listings; entering the same names again is the same
    scope.  Raises TypeError unless the name is a str.

    >>> import autograd
    >>> x = autograd.Value(2.0)
    >>> with autograd.scope("layer1"), autograd.scope("neuron0"):
    ...     y = x * x
    >>> y.scope
    ('layer1', 'neuron0')
    """
    if not isinstance(name, str):
        raise TypeError(f"a scope's name is a str, not {type(name).__name__}")
    return _Scope(str.__str__(name))  # exactly a str: a subclass might refer to the nodes that refer to it


class _Scope:
    """The block of one scope: a class of its own, because networks enter one for each neuron."""

    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        self._name = name

    def __enter__(self) -> None:
        active.append(None)
        current.scope = (*current.scope, self._name)

    def __exit__(self, *exception: object) -> None:
        names = current.scope  # blocks that generators hold may end out of order
        if self._name in names:
            place = len(names) - 1 - names[::-1].index(self._name)
            current.scope = names[:place] + names[place + 1 :]
        active.pop()


class _Counted:
    """A block that counts itself in one of the modes, so that blocks may end in any order."""

    __slots__ = ("_mode",)

    def __init__(self, mode: str) -> None:
        self._mode = mode

    def __enter__(self) -> None:
        active.append(None)
        setattr(current, self._mode, getattr(current, self._mode) + 1)

    def __exit__(self, *exception: object) -> None:
        setattr(current, self._mode, getattr(current, self._mode) - 1)
        active.pop()


def no_grad() -> contextlib.AbstractContextManager[None]:
    """A `with` block in which results are leaves: computed, but not recorded.  In a trace, constants.

    >>> import autograd
    >>> x = autograd.Value(3.0)
    >>> with autograd.no_grad():
    ...     y = x * x
    >>> y.data, y.arguments
    (9.0, ())
    """
    return _Counted("paused")


def detect_anomaly() -> contextlib.AbstractContextManager[None]:
    """A `with` block in which the first value or adjoint that is nan or infinite raises ArithmeticError.

    The message names the node, its operands and the user's file and line.  For a backward pass, build
    the expression inside the block too: only then is the line of each node known.

    >>> import autograd
    >>> with autograd.detect_anomaly():
    ...     autograd.log(autograd.Value(0.0, label="x"))
    Traceback (most recent call last):
        ...
    ArithmeticError: log(x = 0.0) is -inf, at <doctest autograd.modes.detect_anomaly[1]>:2
    """
    return _Counted("watched")
