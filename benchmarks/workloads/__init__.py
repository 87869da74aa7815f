"""What a workload is, and the list of them.

A workload is a file here whose `workload(size)` makes one.  Its function is written once, over whatever
number type it is called with.
"""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

NAMES = ("w1_expression", "w2_chain", "w3_moons", "w4_rosenbrock")

Function = Callable[[Any, list[Any]], Any]
"""`function(math, inputs)`: operators on the inputs, and `number`, `tanh`, `exp`, `log`, `relu` of `math`."""


@dataclass(frozen=True)
class Workload:
    """A function, the point at which it is differentiated, and the number of its scalar operations."""

    title: str
    function: Function
    point: list[float]
    operations: int


def load(name: str) -> Workload:
    """The workload of that name, as `w2` or, of another size than usual, `w2:1000000`.

    Raises ValueError if there is none, or none of that size.
    """
    short, _, size = name.partition(":")
    names = {module.partition("_")[0]: module for module in NAMES}
    if short not in names:
        raise ValueError(f"no workload {short!r}: there are {', '.join(names)}; sizes as in w2:1000000")
    module = importlib.import_module(f"{__name__}.{names[short]}")
    if not size:
        workload: Workload = module.workload()
    elif not hasattr(module, "SIZE"):
        raise ValueError(f"{short} comes in one size only, and not as {name!r}")
    elif not size.isdecimal() or int(size) < 2:
        raise ValueError(f"the size of {short} is a whole number from 2 on, not {size!r}")
    else:
        workload = module.workload(int(size))
    return workload
