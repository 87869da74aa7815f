"""The libraries that compiling needs, which are an extra."""

from __future__ import annotations

import importlib
from typing import Any

__all__ = ["required"]


def required(library: str, task: str) -> Any:
    """The module of that name; ImportError, with the command that installs it, where it is missing.

    >>> required("numpy", "vmap").__name__
    'numpy'
    """
    try:
        return importlib.import_module(library)
    except ImportError as error:
        name = library.partition(".")[0]
        raise ImportError(
            f"{task} needs {name}: install it by `python -m pip install 'scalar-autograd[compile]'`"
        ) from error
