"""Models, optimizers and histories as JSON files: exact numbers, and nothing that loading could execute.

A file is replaced as a whole: whatever happens while it is written, it holds the old state or the new one.
"""

from __future__ import annotations

import dataclasses
import json
import math
import operator
import reprlib
from collections.abc import Iterable, Mapping
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

from autograd.files import check_folder, write_whole
from nn.layers import MLP
from nn.module import Module
from nn.optimizers import OPTIMIZERS, Optimizer
from nn.training import History

__all__ = ["Saved", "load", "save"]

FORMAT = "scalar-autograd model, version 1"

_KEYS = ("format", "architecture", "parameters", "optimizer", "history", "notes")


class Saved(NamedTuple):
    """What `load` returns: the model, and whatever else was saved with it."""

    model: Module
    optimizer: Optimizer | None
    history: History | None
    notes: dict[str, Any]


def save(
    path: str | PathLike[str],
    model: Module,
    *,
    optimizer: Optimizer | None = None,
    history: History | None = None,
    notes: Mapping[str, Any] | None = None,
) -> None:
    """Writes a model's parameters as JSON, and what else a training needs in order to go on.

    `notes` are the caller's: whatever JSON holds.  Raises ValueError for a number that is not finite,
    FileNotFoundError for a missing folder, TypeError for notes that JSON does not hold; the file is then as
    it was.

    >>> import os, tempfile
    >>> from nn import MLP
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "model.json")
    ...     model = MLP(2, [3, 1], activation="tanh")
    ...     save(path, model)
    ...     load(path).model([0.5, -1.0]).data == model([0.5, -1.0]).data
    True
    """
    path = Path(path)
    check_folder(path)
    parameters = model.state_dict()
    for name, number in parameters.items():
        if not math.isfinite(number):
            raise ValueError(f"parameter {name} is {number}: a model with such numbers is not saved")
    content = {
        "format": FORMAT,
        "architecture": model.architecture() if isinstance(model, MLP) else None,
        "parameters": parameters,
        "optimizer": None if optimizer is None else optimizer.state_dict(),
        "history": None if history is None else dataclasses.asdict(history),
        "notes": dict(notes or {}),
    }
    try:
        text = json.dumps(content, indent=1, allow_nan=False)
    except ValueError as error:
        raise ValueError(f"{path.name} would hold a number that is not finite: {error}") from error
    write_whole(path, f"{text}\n".encode())


def load(path: str | PathLike[str], model: Module | None = None) -> Saved:
    """Reads a file that `save` wrote, and returns the model with what was saved beside it.

    An `MLP` is built anew; for a module of your own, or with activations of your own, give one of the same
    architecture as `model`, whose parameters are set.  The optimizer is one of the model's parameters.
    Raises ValueError, and leaves `model` as it is, for a file that is no whole model file, and for
    parameters that are missing, unknown, no numbers or not finite; OSError for one that cannot be read.
    """
    path = Path(path)
    try:
        content = json.loads(path.read_bytes(), parse_constant=_refuse_constant)
        return _restored(content, model)
    except (ValueError, TypeError, RecursionError) as error:
        raise ValueError(f"{path} holds no model that can be loaded: {error}") from error


def _restored(content: Any, model: Module | None) -> Saved:
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise ValueError(f'it does not begin with "format": "{FORMAT}"')
    _check_keys("the file", content, _KEYS)
    if model is None:
        if content["architecture"] is None:
            raise ValueError("it says no architecture: give a model of it, load(path, model)")
        _check_size(content["architecture"], content["parameters"])
        model = MLP.of(content["architecture"])
    elif not isinstance(model, Module):
        raise TypeError(f"model is a Module, not {type(model).__name__}")
    notes = content["notes"]
    if not isinstance(notes, dict):
        raise TypeError("its notes are no dict")
    optimizer = None if content["optimizer"] is None else _optimizer(content["optimizer"], model)
    history = None if content["history"] is None else _history(content["history"])
    model.load_state_dict(content["parameters"])
    return Saved(model, optimizer, history, notes)


def _check_size(architecture: Any, parameters: Any) -> None:
    """Raises ValueError for an architecture of more weights than there are: a line makes no huge network."""
    if not isinstance(architecture, dict) or not isinstance(parameters, dict):
        raise ValueError("its architecture and its parameters are to be dicts")
    nouts = architecture.get("nouts")
    sizes = [architecture.get("nin"), *(nouts if isinstance(nouts, list) else [])]
    if not all(type(size) is int and size >= 1 for size in sizes):
        raise ValueError(f"its sizes are to be whole numbers from 1, not {reprlib.repr(sizes)}")
    if sum(map(operator.mul, sizes, sizes[1:])) > len(parameters):
        raise ValueError(f"its architecture has more weights than there are parameters, {len(parameters)}")


def _optimizer(state: Any, model: Module) -> Optimizer:
    kinds = {kind.__name__: kind for kind in OPTIMIZERS.values()}
    if not isinstance(state, dict) or state.get("kind") not in kinds:
        raise ValueError(f"its optimizer is none of {', '.join(kinds)}")
    optimizer = kinds[state["kind"]](model.parameters(), learning_rate=1.0)
    optimizer.load_state_dict(state)
    return optimizer


def _history(state: Any) -> History:
    fields = {field.name: field for field in dataclasses.fields(History)}
    _check_keys("its history", state, fields)
    fresh = History()
    for name, value in state.items():
        expected = getattr(fresh, name)
        entries = value if isinstance(value, list) else value.values() if isinstance(value, dict) else []
        is_alike = isinstance(value, type(expected)) or (name == "batch_size" and type(value) is int)
        if not is_alike or not all(isinstance(entry, int | float) for entry in entries):
            raise TypeError(f"the {name} of its history is {reprlib.repr(value)}")
    rows, batch_size = state["rows"], state["batch_size"]
    if rows < 0 or (batch_size is not None and batch_size < 1):
        raise ValueError(f"its history is one of {rows} rows in batches of {batch_size}")
    return History(**state)


def _check_keys(name: str, given: Any, expected: Iterable[str]) -> None:
    if not isinstance(given, dict) or {*given} != {*expected}:
        found = ", ".join(map(str, given)) if isinstance(given, dict) else reprlib.repr(given)
        raise ValueError(f"{name} should have the keys {', '.join(expected)}, and has {reprlib.repr(found)}")


def _refuse_constant(name: str) -> None:
    raise ValueError(f"it holds {name}, and a saved number is finite")
