"""The paths of a function: one trace, and one kernel, for each way that its branches were taken.

The truth that Python asked of a comparison while the function was traced is a guard of that trace.  Where
the guards of no path hold, the function is traced again, for numbers that take the new path.
"""

from __future__ import annotations

import numbers
import operator
import threading
import time
import warnings
from collections.abc import Callable, Hashable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from autograd import containers, modes
from autograd.compiler.arrays import reduced
from autograd.compiler.leaks import check_leaks, remember_inputs
from autograd.compiler.program import Program, recorded
from autograd.engine import Value
from autograd.graph import Graph, function_name, trace

if TYPE_CHECKING:
    import numpy

__all__ = [
    "MOST_PATHS",
    "Backend",
    "Batch",
    "Kernel",
    "Path",
    "Paths",
    "Stats",
    "rebuilt",
    "rebuilt_from",
    "record",
]

MOST_PATHS = 64  # of one signature; a program with more is hardly worth compiling

Column = Any  # a float that all rows share, or a contiguous float64 array with one number per row


class Kernel(Protocol):
    """What evaluates a program; None, and a mask over rows, say where a guard missed.

    `seconds` is the time that compiling has taken so far.
    """

    seconds: float

    @property
    def point(self) -> Callable[..., float | tuple[float, ...] | None]:
        """Takes the inputs one by one; returns the output, or a tuple if there is not exactly one."""

    def rows(
        self, columns: Sequence[Column], count: int, *, reduce: str | None, threads: int = 1
    ) -> tuple[list[Any], numpy.ndarray[Any, Any] | None]:
        """The outputs over columns, as arrays or reduced, and the rows that missed."""


Backend = Callable[[Program], Kernel]


class Stats(NamedTuple):
    """How often a function was traced, how often guards missed, at points and in rows, and what it took.

    `seconds` are those of tracing and compiling.
    """

    traces: int = 0
    misses: int = 0
    seconds: float = 0.0

    def plus(self, other: Stats) -> Stats:
        return Stats(*map(operator.add, self, other))


class Path:
    """One trace with its kernel; captured leaves are read anew at every call.

    `at` takes the inputs one by one and returns the function's result, or None where the guards do not hold.
    `routes` are what the engine in C knows of the kernel, by the kind of the call.
    """

    at: Callable[..., Any]
    routes: dict[Hashable, Any]

    def __init__(self, graph: Graph, backend: Backend) -> None:
        inputs = set(graph.inputs)
        self.graph = graph
        self.captured = [node for node in graph.program if node.primitive is None and node not in inputs]
        self.results = _results(graph)
        check_leaks(self.captured)
        self.kernel = backend(recorded(graph, self.captured))
        self.routes = {}
        self.at = _rebuilding(self.kernel.point, self.captured, self.results)

    def rows(
        self, columns: Sequence[Column], count: int, reduce: str | None, threads: int
    ) -> tuple[list[Any], numpy.ndarray[Any, Any] | None]:
        shared = [leaf._data for leaf in self.captured]
        return self.kernel.rows([*columns, *shared], count, reduce=reduce, threads=threads)


def _rebuilding(
    point: Callable[..., Any], captured: Sequence[Value], results: containers.Structure
) -> Callable[..., Any]:
    """What gives a function's result at a point, from what takes captured leaves too and gives outputs."""
    if results.is_number and not captured:
        return point

    def at(*numbers: float) -> Any:
        outputs = point(*numbers, *[leaf._data for leaf in captured])
        if outputs is None:
            return None
        return rebuilt(results, outputs if isinstance(outputs, tuple) else (outputs,))

    return at


class Paths:
    """The paths of a function for one signature of its arguments, the one taken last first.

    Several threads may trace the function at once, as no lock is held while it runs: it may wait for another
    thread that calls it too.  Of two that take the same new path the first adds it, and the trace of the
    second is dropped without being counted.
    """

    def __init__(self, name: str, backend: Backend) -> None:
        self.paths: tuple[Path, ...] = ()
        self._counted = Stats()
        self._name = name
        self._backend = backend
        self._lock = threading.Lock()  # for a few assignments
        self._compiling = threading.RLock()  # by one thread at a time: others then find the path they need
        self._has_warned = False

    # --- One point ---

    def __call__(self, record: Callable[[], Graph], point: Sequence[float]) -> Any:
        """The function's result for a point, one number per input; `record` traces it there."""
        traced = None
        while True:
            paths = self._usable
            for path in paths:
                found = path.at(*point)
                if found is not None:
                    self.use_first(path)
                    return found
            traced = traced or _Traced(record)
            if self._added(traced, paths):
                self._count(misses=len(paths))
                return rebuilt(_results(traced.graph), _recorded(traced.graph))

    @property
    def _usable(self) -> tuple[Path, ...]:
        """The paths, but none inside detect_anomaly, which a kernel knows nothing of."""
        return () if modes.current.watched else self.paths

    def use_first(self, path: Path) -> None:
        """From now on tries this path first, as its guards were those that held."""
        if path is not self.paths[0]:
            with self._lock:
                others = [other for other in self.paths if other is not path]
                misses = self.paths.index(path)
                self.paths = (path, *others)
            self._count(misses=misses)

    def _added(self, traced: _Traced, tried: tuple[Path, ...]) -> bool:
        """Makes a trace a path, unless there are too many; False if another thread has added one meanwhile.

        That may be the path of this trace: `tried` are those which it is not.
        """
        if modes.current.watched:
            return True
        with self._compiling:
            if set(self.paths) - set(tried):
                return False
            seconds = traced.seconds
            if len(self.paths) < MOST_PATHS:
                started = time.perf_counter()
                path = Path(traced.graph, self._backend)
                seconds += time.perf_counter() - started - path.kernel.seconds  # which goes on compiling
                with self._lock:
                    self.paths = (path, *self.paths)
            else:
                self._warn()
            self._count(traces=1, seconds=seconds)
            return True

    def _warn(self) -> None:
        if not self._has_warned:
            self._has_warned = True
            warnings.warn(
                f"{self._name} took more than {MOST_PATHS} paths through its branches: others are evaluated "
                "without compiling them, which is slow; choose with autograd.where instead of Python's if",
                RuntimeWarning,
                stacklevel=modes.stacklevel(),
            )

    def _count(self, traces: int = 0, misses: int = 0, seconds: float = 0.0) -> None:
        with self._lock:
            self._counted = self._counted.plus(Stats(traces, misses, seconds))

    @property
    def stats(self) -> Stats:
        return self._counted.plus(Stats(seconds=sum(path.kernel.seconds for path in self.paths)))

    # --- Many rows ---

    def rows(self, batch: Batch, reduce: str | None, threads: int) -> tuple[containers.Structure, list[Any]]:
        """The structure of a row's result; for each number of it an array of shape (rows,), or a reduction.

        Raises TypeError if the results of two rows differ in structure.
        """
        if not self.paths and not modes.current.watched:
            self._added(_Traced(lambda: batch.record(0)), ())
        for path in self._usable[:1]:
            results, missed = path.rows(batch.columns, batch.size, reduce, threads)
            if missed is None or not missed.any():
                return path.results, results
        gathered = _Gathered(batch.size)
        tried: tuple[Path, ...] = ()
        while True:
            for path in self._usable:
                if path not in tried and gathered.remaining.size:
                    gathered.fill(path, batch, threads)
                    self._count(misses=gathered.remaining.size)
                    tried += (path,)
            if not gathered.remaining.size:
                return gathered.structure, reduced(gathered.outputs, reduce)
            row = int(gathered.remaining[0])
            traced = _Traced(lambda row=row: batch.record(row))  # type: ignore[misc]
            if self._added(traced, tried):
                gathered.fill_first(traced.graph)


class _Traced:
    """A trace of the function, and the seconds it took."""

    def __init__(self, record: Callable[[], Graph]) -> None:
        started = time.perf_counter()
        self.graph = record()
        self.seconds = time.perf_counter() - started


class Batch(NamedTuple):
    """Rows to evaluate: a column per input of a row's trace, and how to trace the function for a row."""

    columns: list[Column]
    size: int
    record: Callable[[int], Graph]


class _Gathered:
    """The outputs of rows that take several paths, filled in path by path."""

    structure: containers.Structure
    outputs: list[numpy.ndarray[Any, Any]]

    def __init__(self, count: int) -> None:
        import numpy

        self.remaining = numpy.arange(count)
        self._count = count

    def fill(self, path: Path, batch: Batch, threads: int) -> None:
        """Evaluates the remaining rows, and keeps those whose guards hold."""
        import numpy

        places = self.remaining
        columns = [c if isinstance(c, float) else numpy.ascontiguousarray(c[places]) for c in batch.columns]
        results, missed = path.rows(columns, len(places), None, threads)
        hits = slice(None) if missed is None else ~missed
        self._put(path.results, places[hits], [result[hits] for result in results])
        self.remaining = places[:0] if missed is None else places[missed]

    def fill_first(self, graph: Graph) -> None:
        """Keeps what the trace of the first remaining row found."""
        self._put(_results(graph), self.remaining[:1], _recorded(graph))
        self.remaining = self.remaining[1:]

    def _put(
        self, structure: containers.Structure, places: numpy.ndarray[Any, Any], results: Sequence[Any]
    ) -> None:
        import numpy

        if not hasattr(self, "structure"):
            self.structure = structure
            self.outputs = [numpy.empty(self._count) for _ in results]
        check_alike([self.structure, structure])
        for output, result in zip(self.outputs, results, strict=True):
            output[places] = result


def record(function: Callable[..., Any], arguments: Sequence[Any], keywords: dict[str, Any]) -> Graph:
    """The trace of one call; TypeError for a function that returns anything but numbers."""
    graph = trace(function)(*arguments, **keywords)
    check_results(function, graph.outputs, _results(graph))
    remember_inputs(function, graph.inputs)
    return graph


def check_results(
    function: Callable[..., Any], leaves: Sequence[Any], structure: containers.Structure
) -> None:
    """Raises TypeError for results that are no numbers, or None."""
    wrong = [leaf for leaf in leaves if not isinstance(leaf, Value | numbers.Real)]
    if wrong or (not leaves and structure.rebuild([]) is None):
        raise TypeError(
            f"a compiled function, and one over rows, returns numbers or containers of them, but "
            f"{function_name(function)} returned {wrong[0] if wrong else None!r}"
        )


def check_alike(structures: Sequence[containers.Structure]) -> None:
    """Raises TypeError if the results of two rows differ in structure."""
    for structure in structures:
        if structure != structures[0]:
            raise TypeError(
                f"the rows' results differ in structure: {structures[0]} and {structure}; return the same "
                "containers on every path"
            )


def rebuilt(results: containers.Structure, found: Sequence[Any]) -> Any:
    """A traced function's result with these numbers; the parameters of a module in it are Values."""
    if not results.holds_any:
        return results.rebuild(found)
    held = zip(found, results.held, strict=True)
    return results.rebuild([_value(number) if is_held else number for number, is_held in held])


def rebuilt_from(results: containers.Structure, numbers: numpy.ndarray[Any, Any]) -> Any:
    """The same with the numbers of a float64 array, of which arrays in the result are parts."""
    return rebuilt(results, numbers.tolist()) if results.holds_any else results.rebuild_from(numbers)


def _value(number: Any) -> Value:
    return number if isinstance(number, Value) else Value(number)


def _results(graph: Graph) -> containers.Structure:
    signature = graph._signature
    if signature is None or signature.results is None:
        raise TypeError("a graph that no trace made has no results to rebuild: use autograd.trace")
    return signature.results


def _recorded(graph: Graph) -> list[float]:
    """The outputs for the numbers of the trace."""
    return [output._data if isinstance(output, Value) else output for output in graph.outputs]
