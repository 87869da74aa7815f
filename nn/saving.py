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
from nn.training import ENDS, History

__all__ = ["Saved", "load", "save"]

FORMAT = "scalar-autograd model, version 1"

_KINDS = {kind.__name__: kind for kind in OPTIMIZERS.values()}

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

    `notes` are the caller's: whatever JSON holds.  Raises ValueError for a number that is not finite, for a
    history that no `fit` of the model left, and for an optimizer that `load` does not make: one of another
    kind than those of `nn`, or of other parameters than all of the model's; FileNotFoundError for a missing
    folder, TypeError for notes that JSON does not hold.  The file is then as it was.

    >>> import os, tempfile
    >>> from nn import MLP, Adam, fit
    >>> model = MLP(1, [1])
    >>> optimizer = Adam(model.parameters(), learning_rate=0.1)
    >>> history = fit(model, [0, 1, 2], [1, 3, 5], optimizer=optimizer, epochs=20)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "model.json")
    ...     save(path, model, optimizer=optimizer, history=history)
    ...     saved = load(path)
    >>> again = fit(saved.model, [0, 1, 2], [1, 3, 5], optimizer=saved.optimizer, epochs=30,
    ...             history=saved.history)
    >>> again == fit(model, [0, 1, 2], [1, 3, 5], optimizer=optimizer, epochs=30, history=history)
    True
    """
    path = Path(path)
    check_folder(path)
    parameters = model.state_dict()
    for name, number in parameters.items():
        if not math.isfinite(number):
            raise ValueError(f"parameter {name} is {number}: a model with such numbers is not saved")
    if optimizer is not None:
        _check_optimizer(optimizer, model)
    content = {
        "format": FORMAT,
        "architecture": model.architecture() if isinstance(model, MLP) else None,
        "parameters": parameters,
        "optimizer": None if optimizer is None else optimizer.state_dict(),
        "history": None if history is None else dataclasses.asdict(_history(vars(history), parameters)),
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
    names = [name for name, _ in model.named_parameters()]
    history = None if content["history"] is None else _history(content["history"], names)
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


def _check_optimizer(optimizer: Optimizer, model: Module) -> None:
    """Raises ValueError unless `_optimizer` makes the same one."""
    if type(optimizer) not in OPTIMIZERS.values():
        raise ValueError(
            f"load makes {', '.join(_KINDS)}, but no {type(optimizer).__name__}: save the model without it, "
            "and its state_dict() among the notes"
        )
    if [*map(id, optimizer.parameters)] != [*map(id, model.parameters())]:
        raise ValueError(
            "load makes an optimizer of all of the model's parameters, and this is one of others: save the "
            "model without it, and its state_dict() among the notes"
        )


def _optimizer(state: Any, model: Module) -> Optimizer:
    if not isinstance(state, dict) or state.get("kind") not in [*_KINDS]:
        raise ValueError(f"its optimizer is none of {', '.join(_KINDS)}")
    optimizer = _KINDS[state["kind"]](model.parameters(), learning_rate=1.0)
    optimizer.load_state_dict(state)
    return optimizer


def _history(state: Any, names: Iterable[str]) -> History:
    """The history of this state.  Raises ValueError unless it is one of a model with these parameters."""
    _check_keys("its history", state, [field.name for field in dataclasses.fields(History)])
    best, size = state["best"], state["batch_size"]
    is_best = isinstance(best, dict) and (not best or ({*best} == {*names} and _are_finite([*best.values()])))
    series = ("loss", "metric", "learning_rate", "validation_loss", "validation_metric")
    expected = {name: ("a list of finite floats", _are_finite(state[name])) for name in series} | {
        "stopped": (f"empty or one of {', '.join(ENDS)}", state["stopped"] in ["", *ENDS]),
        "rows": ("a whole number from 0", _is_whole(state["rows"], 0)),
        "batch_size": (
            "a whole number from 1, or null",
            size is None or _is_whole(size, 1),
        ),
        "seed": ("a whole number", _is_whole(state["seed"], -math.inf)),
        "best": ("empty or a finite float for each of the model's parameters", is_best),
    }
    for name, (kind, is_met) in expected.items():
        if not is_met:
            raise ValueError(f"the {name} of its history is {kind}, not {reprlib.repr(state[name])}")
    return History(**state)


def _is_whole(number: Any, least: float) -> bool:
    return type(number) is int and number >= least


def _are_finite(numbers: Any) -> bool:
    """Whether it is a list of finite floats."""
    return isinstance(numbers, list) and all(isinstance(n, float) and math.isfinite(n) for n in numbers)


def _check_keys(name: str, given: Any, expected: Iterable[str]) -> None:
    if not isinstance(given, dict) or {*given} != {*expected}:
        found = ", ".join(map(str, given)) if isinstance(given, dict) else reprlib.repr(given)
        raise ValueError(f"{name} should have the keys {', '.join(expected)}, and has {reprlib.repr(found)}")


def _refuse_constant(name: str) -> None:
    raise ValueError(f"it holds {name}, and a saved number is finite")
