"""A choice by name: what the name stands for, or an error that lists the names and suggests the closest."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

__all__ = ["choice"]

Chosen = TypeVar("Chosen", bound=Callable[..., Any])


def choice(kind: str, given: str | Chosen, choices: Mapping[str, Chosen], otherwise: str) -> Chosen:
    """The function that `choices` has under the name `given`; a function is its own choice.

    Raises ValueError for any other name; `kind` says what is chosen and `otherwise` what a function of the
    user's takes.

    >>> choice("flavour", "swet", {"sweet": min, "salty": max}, "a function of two numbers")
    Traceback (most recent call last):
        ...
    ValueError: no flavour named 'swet': give sweet, salty, or a function of two numbers; is it sweet?
    """
    if callable(given):
        return given
    name = str(given)
    if name in choices:
        return choices[name]
    close = difflib.get_close_matches(name.lower(), choices, n=1)
    raise ValueError(
        f"no {kind} named {given!r}: give {', '.join(choices)}, or {otherwise}"
        f"{f'; is it {close[0]}?' if close else ''}"
    )
