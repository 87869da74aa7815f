"""vmap: a function of one row, applied to many rows at once.

Rows that take the same path through the function's branches are evaluated together: by NumPy, or under
`jit` by a compiled loop.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Hashable, Sequence
from typing import Any

from autograd import containers
from autograd.compiler.arrays import REDUCTIONS, ArrayKernel
from autograd.compiler.batching import Rows
from autograd.compiler.paths import Batch, Paths, check_alike, check_results, rebuilt, record
from autograd.engine import Value
from autograd.graph import Graph, function_name
from autograd.rows import real

__all__ = ["Mapped", "vmap"]

Axes = int | None | tuple[int | None, ...]


def vmap(
    function: Callable[..., Any], in_axes: Axes = 0, reduce: str | None = None, threads: int = 1
) -> Mapped:
    """A function that applies `function` to every row of its arguments: `in_axes` says which have rows.

    It is an axis for every positional argument, or a tuple with one entry for each: the axis along which
    an array's rows lie, or None for an argument that all rows share, as keyword arguments are.  The rows of
    a list are its elements (axis 0), those of a tuple or dict the rows of each of its parts.

    The result has the structure of one row's: with `reduce=None` an array of shape (rows,) in place of each
    number, and one of shape (rows, ...) in place of each array.  `reduce="sum"` or `"mean"` adds up the
    rows of every number, in the order of `reduce_sum` and `reduce_mean`.

    What the function reads besides its arguments it reads anew at every call; under `jit` as `jit` says.
    Rows that take the same path are evaluated together by NumPy, to its accuracy; under `jit` by a compiled
    loop in so many `threads`, with the bits of one row after the other.  Where arguments are Values, or
    inside a transform or trace, every row is recorded by itself.

    Raises TypeError for what has no rows, for a function that returns anything but numbers, and where the
    results of rows differ in structure; ValueError where their numbers differ or there are none.

    >>> vmap(lambda x, w: x * w, in_axes=(0, None))([1.0, 2.0, 3.0], 10.0).tolist()
    [10.0, 20.0, 30.0]
    >>> from autograd.transforms import grad
    >>> vmap(grad(lambda w, x: (w * x - 1) ** 2), in_axes=(None, 0), reduce="mean")(3.0, [1.0, 2.0])
    12.0
    """
    if not callable(function):
        raise TypeError(f"vmap applies a function to rows, not {type(function).__name__}: {function!r}")
    if reduce not in (None, *REDUCTIONS):
        raise ValueError(f"reduce is None, 'sum' or 'mean', not {reduce!r}")
    if type(threads) is not int or threads < 1:
        raise ValueError(f"threads is a whole number from 1 on, not {threads!r}")
    entries = in_axes if isinstance(in_axes, tuple) else (in_axes,)
    if not all(axis is None or type(axis) is int for axis in entries):
        raise TypeError(f"in_axes is an int, None, or a tuple of these, one per argument, not {in_axes!r}")
    if all(axis is None for axis in entries):
        raise ValueError("in_axes names no argument with rows: at least one entry is an int")
    return Mapped(function, in_axes, reduce, threads)


class Mapped:
    """A function over rows, as `vmap` makes it.  It pickles if the function does."""

    def __init__(self, function: Callable[..., Any], in_axes: Axes, reduce: str | None, threads: int) -> None:
        functools.update_wrapper(self, function, updated=())
        self.function = function
        self.in_axes = in_axes
        self.reduce = reduce
        self.threads = threads

    def __reduce__(self) -> tuple[Any, ...]:
        return Mapped, (self.function, self.in_axes, self.reduce, self.threads)

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        """The results of all rows, stacked or reduced."""
        rows = self.rows(arguments, keywords)
        if rows.is_recorded:
            return self.row_by_row(rows)
        _, batch = self.batch(rows)
        return self.evaluated(Paths(function_name(self.function), ArrayKernel), batch)

    def axes(self, arguments: tuple[Any, ...]) -> tuple[int | None, ...]:
        """Where each positional argument has its rows."""
        return self.in_axes if isinstance(self.in_axes, tuple) else (self.in_axes,) * len(arguments)

    def rows(self, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Rows:
        """The arguments by rows.  Raises as `vmap` says."""
        axes = self.axes(arguments)
        if len(axes) != len(arguments):
            raise ValueError(
                f"in_axes has {len(axes)} entries, but {function_name(self.function)} was called with "
                f"{len(arguments)} positional arguments: give one for each, None where all rows share it"
            )
        return Rows(arguments, axes, keywords)

    def batch(self, rows: Rows) -> tuple[Hashable, Batch]:
        """The rows as columns of numbers, and what the trace of one row is made for."""
        key, columns = rows.signature(function_name(self.function))

        def record_row(row: int) -> Graph:
            return record(self.function, rows.row(row), rows.keywords)

        return key, Batch(columns, rows.count, record_row)

    def evaluated(self, paths: Paths, batch: Batch) -> Any:
        """The results of all rows by the paths of the function."""
        results, columns = paths.rows(batch, self.reduce, self.threads)
        return assembled(results, columns, batch.size, self.reduce)

    def row_by_row(self, rows: Rows) -> Any:
        """The results of all rows, each recorded by itself."""
        found, structures = [], []
        for row in range(rows.count):
            leaves, structure = containers.flatten(self.function(*rows.row(row), **rows.keywords))
            check_results(self.function, leaves, structure)
            found.append([leaf if isinstance(leaf, Value) else real(leaf) for leaf in leaves])
            structures.append(structure)
        check_alike(structures)
        columns: list[Any] = [list(column) for column in zip(*found, strict=True)]
        if self.reduce:
            columns = list(map(REDUCTIONS[self.reduce], columns))
        return assembled(structures[0], columns, rows.count, self.reduce)


def assembled(results: containers.Structure, columns: Sequence[Any], count: int, reduce: str | None) -> Any:
    """The results of all rows, from a column or a reduction for each number of one row's."""
    return rebuilt(results, columns) if reduce else results.stacked(columns, count)
