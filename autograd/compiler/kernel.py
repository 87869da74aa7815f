"""`Kernel`: a program as machine code, called with the numbers of one point or with columns of many rows.

The bits are those of the program's rows, operation by operation, whether one number is computed or eight at a
time, and in however many threads.  Code is made when it is first called for; it is freed with the kernel.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, NamedTuple

from autograd.compiler.assembly import BLOCK, point_function, rows_function
from autograd.compiler.emission import Externals
from autograd.compiler.loops import rolled_function
from autograd.compiler.machine import MachineCode, require_llvm, vector_functions
from autograd.compiler.passes import divided, optimised
from autograd.compiler.program import Program, expanded
from autograd.compiler.rolled import Rolled

if TYPE_CHECKING:
    import numpy

try:
    from autograd._core.value import MachineFunction, call_point, call_rows, empty_matrix, split_columns
except ModuleNotFoundError:  # without the engine in C
    from autograd.compiler.foreign import (  # type: ignore[assignment]
        MachineFunction,
        call_point,
        call_rows,
        empty_matrix,
        split_columns,
    )

__all__ = ["Code", "Kernel", "compiled"]

_ROLLED = 500  # operations, from which on a program is written as loops: its code follows its structure
_LONG_CALL = 50_000  # operations, in all rows, from which on the interpreter's lock is released: some 20 us

Outputs = float | tuple[float, ...] | None
Buffer = Any  # a bytearray, or a contiguous array


def compiled(program: Program, *, fastmath: bool = False) -> Kernel:
    """The program as machine code of this processor.

    With `fastmath` each operation may err by 4 units in the last place instead of giving the row's bits.
    Raises ImportError where llvmlite is missing.

    >>> from autograd import trace
    >>> from autograd.compiler.program import recorded
    >>> kernel = compiled(recorded(trace(lambda x, y: x * y + 1)(2.0, 3.0)))
    >>> kernel([4.0, 5.0])
    [21.0]
    """
    return Kernel(program, fastmath)


class Code(NamedTuple):
    """Functions of machine code, with the numbers of what they take and give.

    `point` is that of one point and `rows` 0; or `rows` is that of many rows, and `point` gives what depends
    on the numbers that all rows share: so many as are `between`, or it is 0.  `long_from` is the number of
    rows, or of points, from which on a call takes long.  `taken` gives what a row in Python has raised; it is
    None where none is called.
    """

    owner: MachineCode
    point: int
    rows: int
    shared: int
    between: int
    columns: int
    outputs: int
    long_from: int
    guarded: bool
    taken: Callable[[], BaseException | None] | None


class Kernel:
    """Machine code of a program.  `seconds` is the time that compiling has taken so far."""

    seconds: float

    def __init__(self, program: Program, fastmath: bool = False) -> None:
        require_llvm()
        self._recorded = program
        self._fast = fastmath
        self._plans: dict[tuple[bytes, bool], _Plan] = {}
        self.seconds = 0.0

    def __call__(self, numbers: Sequence[float]) -> list[float] | None:
        """The outputs at one point; None where a guard has another truth than in the trace."""
        outputs = self.point(*numbers)
        if outputs is None:
            return None
        return [*outputs] if isinstance(outputs, tuple) else [outputs]

    @functools.cached_property
    def point(self) -> Callable[..., Outputs]:
        """The fastest call: a function of the inputs, one by one.

        It returns a float, or a tuple if the program has not exactly one output, or None where a guard has
        another truth than in the trace.
        """
        program, code = self._recorded, self._code
        address, outputs = code.address("point"), len(program.outputs)
        long = _long_from(program) == 1
        function: Callable[..., Outputs] = MachineFunction(address, program.inputs, outputs, code, long)
        return _raising(function, code.taken) if code.taken else function

    def at_point(self) -> Code:
        """The function of one point."""
        program, code = self._recorded, self._code
        address, inputs, outputs = code.address("point"), program.inputs, len(program.outputs)
        long_from = _long_from(program)
        return Code(code, address, 0, inputs, 0, 0, outputs, long_from, bool(program.guards), code.taken)

    def over_rows(self, varying: bytes, reduced: bool) -> Code:
        """The function of many rows, whose inputs vary as `rows_of_bytes` says."""
        return self._plan(varying, reduced).entry

    @functools.cached_property
    def _program(self) -> Program:
        """The program operation by operation; one that becomes loops is never written out so."""
        with self._timed():
            return optimised(expanded(self._recorded))

    @functools.cached_property
    def fill(self) -> Callable[[Buffer, numpy.ndarray[Any, Any]], bool]:
        """The call with arrays: a function of the inputs and of an array to fill with the outputs.

        It takes the inputs as doubles in memory, a bytearray or a contiguous float64 array, and to fill a
        contiguous float64 array.  It returns False where a guard has another truth than in the trace, and
        raises ValueError if an array is of another length.
        """
        program, code = self._recorded, self._code
        address, long, taken = code.address("point"), _long_from(program) == 1, code.taken
        expected = (8 * program.inputs, 8 * len(program.outputs))

        def fill(inputs: Buffer, outputs: numpy.ndarray[Any, Any]) -> bool:
            sizes = (len(inputs) if isinstance(inputs, bytearray) else inputs.nbytes, outputs.nbytes)
            if sizes != expected:
                raise ValueError(f"this machine code takes and fills {expected} bytes, not {sizes}")
            holds = call_point(address, inputs, outputs, long)
            _check_memory(holds)
            error = taken() if taken else None
            if error is not None and holds:  # beyond a missed guard a row may raise
                raise error
            return bool(holds)

        return fill

    @functools.cached_property
    def _code(self) -> MachineCode:
        loops = self._loops()
        program = self._program if loops is None else self._recorded
        externals = Externals()
        with self._timed():
            if loops is None:
                text = point_function(program, externals, fast=self._fast)
            else:
                text = rolled_function(loops, externals, fast=self._fast)
            return MachineCode(f"{externals.text}\n{text}", externals, is_rolled=loops is not None)

    def _loops(self) -> Rolled | None:
        """The program as loops, if it is long and repeats itself."""
        if len(self._recorded.operations) < _ROLLED:
            return None
        from autograd.compiler.rolling import rolled_if_repetitive  # which needs NumPy, an extra

        with self._timed():
            return rolled_if_repetitive(self._recorded)

    @contextlib.contextmanager
    def _timed(self) -> Iterator[None]:
        began = time.perf_counter()
        yield
        self.seconds += time.perf_counter() - began

    def llvm(self) -> str:
        """The functions compiled so far, at least one, in LLVM's language and after its optimiser."""
        codes = [plan.code for plan in self._plans.values()]
        if "_code" in self.__dict__ or not codes:
            codes.insert(0, self._code)
        return "\n".join(code.text for code in codes)

    def rows(
        self,
        columns: Sequence[float | numpy.ndarray[Any, Any]],
        count: int,
        *,
        reduce: str | None,
        threads: int = 1,
    ) -> tuple[list[Any], numpy.ndarray[Any, Any] | None]:
        """The outputs in `count` rows, and which rows' guards have another truth than in the trace.

        columns -- for each input a number that all rows share, or an array of shape (count,) with one each:
            contiguous, of type float64.
        reduce -- None for an array per output; "sum" or "mean" for a number, in the order of `assembly`.
        threads -- among how many to divide the blocks of 1,024 rows; the bits are the same for any number.

        The second result is an array of bools, or None if the program has no guards.  A sum counts only if
        no row has missed.  Raises ValueError for the mean of no rows, and for an array of another kind.
        """
        if reduce not in (None, "sum", "mean"):
            raise ValueError(f"reduce is None, 'sum' or 'mean', not {reduce!r}")
        if reduce == "mean" and count == 0:
            raise ValueError("the mean of no rows is undefined: give at least one")
        varying, shared, arrays = split_columns(columns)
        for column in arrays:
            _check_column(column, count)
        outputs, missed = self.rows_of_bytes(varying, shared, arrays, count, reduce=reduce, threads=threads)
        return [*outputs] if reduce is None else outputs.tolist(), missed

    def rows_of_bytes(
        self,
        varying: bytes,
        shared: bytearray,
        columns: list[numpy.ndarray[Any, Any]],
        count: int,
        *,
        reduce: str | None,
        threads: int,
    ) -> tuple[numpy.ndarray[Any, Any], numpy.ndarray[Any, Any] | None]:
        """The outputs of `rows`, in one array: of shape (outputs, count), or (outputs,) if reduced.

        varying -- a byte for each input, of 1 where it is a column and 0 where all rows share it.
        shared -- the bytes of those numbers as doubles, one after another; it is extended.
        columns -- as `rows` takes them, of which nothing is checked here.
        """
        return self._plan(varying, reduce is not None).run(shared, columns, count, reduce, threads)

    def _plan(self, varying: bytes, reduced: bool) -> _Plan:
        key = (varying, reduced)
        if key not in self._plans:
            program = self._program
            with self._timed():
                self._plans[key] = _Plan(program, varying, reduced, self._fast)
        return self._plans[key]


def _long_from(program: Program) -> int:
    return -(-_LONG_CALL // max(1, len(program.operations)))


def _raising(
    function: Callable[..., Outputs], taken: Callable[[], BaseException | None]
) -> Callable[..., Outputs]:
    def point(*numbers: float) -> Outputs:
        outputs = function(*numbers)
        error = taken()
        if error is not None and outputs is not None:  # beyond a missed guard a row may raise
            raise error
        return outputs

    return point


class _Plan:
    """Machine code of many rows, for inputs of which some are shared and the others vary.

    What depends on shared numbers alone is computed once, and is one more shared number for the rows.
    """

    def __init__(self, program: Program, varying: bytes, reduced: bool, fast: bool) -> None:
        fixed = [place for place, varies in enumerate(varying) if not varies]
        before, within = divided(program, fixed, [place for place, varies in enumerate(varying) if varies])
        self._reduced = reduced
        externals = Externals(vector_functions() if fast else None)
        between = len(before.outputs)
        shared = len(fixed) + between
        texts = [rows_function(within, externals, shared=shared, reduced=reduced, fast=fast)]
        if between:
            texts.append(point_function(before, externals, fast=fast))
        self.code = code = MachineCode("\n".join([externals.text, *texts]), externals, is_reduced=reduced)
        self.entry = Code(
            owner=code,
            point=code.address("point") if between else 0,
            rows=code.address("rows"),
            shared=len(fixed),
            between=between,
            columns=len(varying) - len(fixed),
            outputs=len(within.outputs),
            long_from=_long_from(within),
            guarded=bool(within.guards),
            taken=code.taken,
        )

    def run(
        self, shared: bytearray, arrays: list[Any], count: int, reduce: str | None, threads: int
    ) -> tuple[numpy.ndarray[Any, Any], numpy.ndarray[Any, Any] | None]:
        """The outputs in `count` rows, and which rows have missed a guard."""
        import numpy

        entry = self.entry
        if entry.taken:  # which may change what the arrays show
            arrays = [array.copy() for array in arrays]
        if entry.between:
            between = bytearray(8 * entry.between)
            _check_memory(call_point(entry.point, shared, between, False))
            shared += between
        outputs = empty_matrix(entry.outputs, -(-count // BLOCK) if self._reduced else count)
        missed = numpy.empty(count, bool) if entry.guarded else None

        def part(first: int, last: int) -> BaseException | None:
            _check_memory(call_rows(entry.rows, shared, arrays, outputs, entry.outputs, missed, first, last))
            return entry.taken() if entry.taken else None

        error = _first_error(part, _ranges(count, threads))
        if error is not None:
            self._raise_unless_missed(error, shared, arrays, missed)
        return _totals(outputs, count, reduce) if self._reduced else outputs, missed

    def _raise_unless_missed(
        self, error: BaseException, shared: bytearray, arrays: list[Any], missed: Any
    ) -> None:
        """Raises what a row of the table has raised, unless only where a guard has missed."""
        if missed is None or not missed.any():
            raise error
        kept = ~missed
        if kept.any():
            numbers = shared[: 8 * self.entry.shared]
            self.run(numbers, [column[kept] for column in arrays], int(kept.sum()), None, 1)


def _check_memory(code: int) -> None:
    if code < 0:
        raise MemoryError


def _check_column(column: Any, count: int) -> None:
    """Raises ValueError unless machine code can read the column."""
    import numpy

    dtype, shape = getattr(column, "dtype", None), getattr(column, "shape", None)
    if dtype != numpy.float64 or shape != (count,) or not column.flags.c_contiguous:
        raise ValueError(
            f"a column is a float, or a contiguous array of {count} numbers of type float64, not a "
            f"{type(column).__name__} of shape {shape} and type {dtype}: pass "
            "numpy.ascontiguousarray(column, float)"
        )


def _ranges(count: int, threads: int) -> list[tuple[int, int]]:
    """Rows from, and up to but not with; each range but the last of whole blocks, and none of no rows."""
    if threads == 1:
        return [(0, count)] if count else []
    blocks = -(-count // BLOCK)
    bounds = [min(count, blocks * number // threads * BLOCK) for number in range(threads + 1)]
    return [(first, last) for first, last in itertools.pairwise(bounds) if first < last]


def _first_error(
    part: Callable[[int, int], BaseException | None], ranges: Sequence[tuple[int, int]]
) -> BaseException | None:
    """Does the parts, at the same time if they are several; of the errors they return the first."""
    if len(ranges) > 1:
        with ThreadPoolExecutor(len(ranges)) as pool:
            errors = [*pool.map(part, *zip(*ranges, strict=True))]
    else:
        errors = [part(*rows) for rows in ranges]
    return next((error for error in errors if error is not None), None)


def _totals(sums: Any, count: int, reduce: str | None) -> numpy.ndarray[Any, Any]:
    """The sums or means of outputs from those of their blocks, of shape (outputs, blocks), taken in order."""
    import numpy

    if count == 0:
        return numpy.zeros(len(sums))
    one_block = sums.shape[1] == 1
    totals = sums.ravel() if one_block else numpy.add.accumulate(sums, axis=1)[:, -1].copy()  # one by one
    means: numpy.ndarray[Any, Any] = totals * (1.0 / count) if reduce == "mean" else totals
    return means
