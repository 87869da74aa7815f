"""Values of finished traces, which nothing may compute with any more.

A Value that a traced function keeps outside of itself, in a list or an attribute, holds the numbers of the
call that was traced; compiled calls do not renew it.  Another trace that meets it raises.
"""

from __future__ import annotations

import functools
import inspect
import weakref
from collections.abc import Callable, Iterable
from typing import Any

from autograd.engine import Value
from autograd.graph import function_name

__all__ = ["check_leaks", "remember_inputs"]

_places: dict[
    int, tuple[weakref.ref[Value], str]
] = {}  # by id, as Values compare by value; no longer than they live


def remember_inputs(function: Callable[..., Any], inputs: Iterable[Value]) -> None:
    """From now on `check_leaks` refuses what is computed from these inputs of a trace of `function`."""
    code = getattr(inspect.unwrap(function), "__code__", None)
    where = f" at {code.co_filename}:{code.co_firstlineno}" if code else ""
    for leaf in inputs:
        argument = f"argument {leaf.label} of {function_name(function)}{where}"
        forget = functools.partial(_forget, id(leaf))
        _places[id(leaf)] = weakref.ref(leaf, forget), argument


def _forget(key: int, _: object) -> None:
    _places.pop(key, None)


def check_leaks(captured: Iterable[Value]) -> None:
    """Raises RuntimeError if one of the leaves that a trace met is the input of another trace."""
    for leaf in captured:
        if id(leaf) in _places:
            raise RuntimeError(
                f"a Value computed from {_places[id(leaf)][1]} was kept when that call was traced, and is "
                "used now: its number is that of the traced call; return it, and pass it as an argument"
            )
