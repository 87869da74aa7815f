"""A program over NumPy arrays: all rows of a path at once, one operation after the other.

The kernel of `vmap` without `jit`: nothing is compiled, and NumPy's own functions compute, so that results
agree with the engines' to NumPy's accuracy and not in bits.  What NumPy lacks, and what is computed over
floats alone, is the rows' own values.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from autograd.compiler.program import Program, expanded
from autograd.reduction import reduce_mean, reduce_sum
from autograd.rows import Primitive

if TYPE_CHECKING:
    import numpy

__all__ = ["REDUCTIONS", "ArrayKernel", "reduced"]

_TOGETHER = 8192  # rows: the results of all operations for so many are in memory at a time

REDUCTIONS = {"sum": reduce_sum, "mean": reduce_mean}


class ArrayKernel:
    """Evaluates a program over columns: floats that all rows share, and arrays with one number per row."""

    seconds = 0.0  # nothing is compiled

    def __init__(self, program: Program) -> None:
        self._program = expanded(program)

    def point(self, *numbers: float) -> float | tuple[float, ...] | None:
        """The output for the inputs, a tuple unless there is exactly one; None if a guard misses."""
        values = self._values(numbers)
        if any((values[number] != 0) != truth for number, truth in self._program.guards):
            return None
        outputs = tuple(values[output] for output in self._program.outputs)
        return outputs[0] if len(outputs) == 1 else outputs

    def rows(
        self, columns: Sequence[Any], count: int, *, reduce: str | None, threads: int = 1
    ) -> tuple[list[Any], numpy.ndarray[Any, Any] | None]:
        """The outputs, each as an array of shape (count,) or reduced; and which rows' guards missed."""
        import numpy

        outputs = [numpy.empty(count) for _ in self._program.outputs]
        missed = numpy.zeros(count, dtype=bool)
        with numpy.errstate(all="ignore"):
            for start in range(0, count, _TOGETHER):
                some = slice(start, start + _TOGETHER)
                values = self._values([c if isinstance(c, float) else c[some] for c in columns])
                for output, place in zip(outputs, self._program.outputs, strict=True):
                    output[some] = values[place]
                for place, truth in self._program.guards:
                    missed[some] |= (values[place] != 0) != truth
        return reduced(outputs, reduce), missed if self._program.guards else None

    def _values(self, columns: Sequence[Any]) -> list[Any]:
        values: list[Any] = [*columns, *self._program.constants]
        for row, operands in self._program.operations:
            values.append(_applied(row, [values[operand] for operand in operands]))
        return values


def reduced(columns: list[numpy.ndarray[Any, Any]], reduce: str | None) -> list[Any]:
    """The sum or the mean of each column, in the order of `autograd.reduction`; or the columns themselves."""
    if reduce is None or not columns:
        return columns
    import numpy

    with numpy.errstate(all="ignore"):
        found: list[float] = REDUCTIONS[reduce](numpy.stack(columns, axis=1)).tolist()  # all columns at once
    return found


def _applied(row: Primitive, operands: list[Any]) -> Any:
    """A row applied to floats and arrays; a truth value as 1.0 or 0.0."""
    if all(isinstance(operand, float) for operand in operands):
        return float(row(*operands))
    return row(*operands) * 1.0 if _is_of_numpy(row) else _one_by_one(row, operands)


@functools.cache
def _is_of_numpy(row: Primitive) -> bool:
    """Whether NumPy has the row as an operator or a function: others may ask for the truth of an array."""
    import numpy

    module = getattr(row.function, "__module__", None)
    return module == "_operator" or any(hasattr(numpy, name) for name in row._libraries or ())


def _one_by_one(row: Primitive, operands: list[Any]) -> numpy.ndarray[Any, Any]:
    import numpy

    points = zip(*(operand.tolist() for operand in numpy.broadcast_arrays(*operands)), strict=True)
    return numpy.array([float(row(*point)) for point in points])
