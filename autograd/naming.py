"""Names for Values without typing them twice: labels from keywords, and the names that variables have."""

from __future__ import annotations

import sys
from typing import Any

from autograd import containers
from autograd.engine import Value

__all__ = ["label", "variable_names"]


def label(**values: Any) -> None:
    """Labels each Value with the keyword it is given by, so that text and pictures name it.

    Of a list, a tuple, a dict or another container each Value is labelled with its place, as `w[0]`.  A label
    that a Value has already is replaced.  Raises TypeError for what is no Value, and ValueError for a Value
    that is given twice; then no label is changed.

    >>> x, w = Value(2.0), [Value(-3.0), Value(1.0)]
    >>> loss = (x * w[0] + w[1]).tanh()
    >>> label(x=x, w=w, loss=loss)
    >>> x, w[1], loss.label
    (Value(data=2.0, grad=0.0, label='x'), Value(data=1.0, grad=0.0, label='w[1]'), 'loss')
    """
    labels: dict[Value, str] = {}
    for name, given in values.items():
        leaves, structure = containers.flatten(given)
        for leaf, place in zip(leaves, structure.names(), strict=True):
            if not isinstance(leaf, Value):
                raise TypeError(f"label names Values, and {name}{place} is of type {type(leaf).__name__}")
            if leaf in labels:
                raise ValueError(f"{labels[leaf]} and {name}{place} are the same Value: give it one name")
            labels[leaf] = name + place
    for node, text in labels.items():
        node.label = text


def variable_names() -> dict[Value, str]:
    """The names of the variables, local or global where this is called, that are Values: by Value.

    For whatever takes names, such as `expression(loss, variable_names())`; labels stay as they are.  Of
    several names for one Value the local one that was assigned first goes, and names that begin with an
    underscore do not count.

    >>> from autograd.notation import expression
    >>> a, b = Value(2.0), Value(3.0)
    >>> expression(a * b + a, variable_names())
    'a*b + a'
    """
    frame = sys._getframe(1)
    names: dict[Value, str] = {}
    for variables in (frame.f_locals, frame.f_globals):
        for name, thing in [*variables.items()]:
            if isinstance(thing, Value) and not name.startswith("_"):
                names.setdefault(thing, name)
    return names
