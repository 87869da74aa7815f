"""The engine in use, chosen once: the one in C if it was built, else the reference engine in Python.

The environment variable AUTOGRAD_CORE=native or python forces the choice; a forced engine that is missing
is an ImportError, never another engine.
"""

import os
from typing import TYPE_CHECKING

__all__ = ["Condition", "Value", "engine_name", "topological_order"]

_forced = os.environ.get("AUTOGRAD_CORE", "")
if _forced not in ("", "native", "python"):
    raise ImportError(f"AUTOGRAD_CORE is native or python, or not set at all, and not {_forced!r}")

engine_name = _forced or "native"
if engine_name == "native" and not TYPE_CHECKING:
    try:
        from autograd._core import Condition, Value, call_rows_from_c, topological_order
    except ModuleNotFoundError as error:
        if error.name != "autograd._core.value":
            raise
        if _forced:
            raise ImportError(
                "AUTOGRAD_CORE=native asks for the engine in C, which was not built in "
                f"{os.path.dirname(__file__)}: install it there, with a C compiler (in a clone by "
                "`make test` or `pip install -e .`), or unset AUTOGRAD_CORE"
            ) from error
        engine_name = "python"
    else:
        call_rows_from_c()
if engine_name == "python":
    from autograd.value import Condition, Value, topological_order
