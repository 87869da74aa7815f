"""jit: a function traced once for each path through its branches, and from then on machine code."""

from __future__ import annotations

import functools
import inspect
import sys
import types
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any, NamedTuple, cast, overload

from autograd.compiler.buffers import Dispatcher, Way, at_point, kinds, over_rows
from autograd.compiler.kernel import Kernel, compiled
from autograd.compiler.mapping import Mapped
from autograd.compiler.paths import Path, Paths, Stats, record
from autograd.compiler.signature import Arguments, is_recording, told_apart
from autograd.graph import Graph, function_name

__all__ = ["Jitted", "jit"]

_MOST_WAYS = 8  # of arguments of different kinds, the latest ones, which a call tries one after another


@overload
def jit(
    function: Callable[..., Any], *, static_argnames: str | Iterable[str] = (), fastmath: bool = False
) -> Jitted: ...
@overload
def jit(
    *, static_argnames: str | Iterable[str] = (), fastmath: bool = False
) -> Callable[[Callable[..., Any]], Jitted]: ...
def jit(
    function: Callable[..., Any] | None = None,
    *,
    static_argnames: str | Iterable[str] = (),
    fastmath: bool = False,
) -> Jitted | Callable[[Callable[..., Any]], Jitted]:
    """`function`, traced at its first call and from then on computed by machine code, with the same bits.

    With options alone it is a decorator: `@jit(static_argnames="n")`.  Where second and higher derivatives go
    through choices, such as `where` and `relu`, a program has both sides, and may add up in another order:
    then the last bits differ.

    Arguments and results are those of the transforms: numbers, nested containers, arrays and modules; results
    are floats and float64 arrays.  Numbers vary from call to call; bools, strs, None, the structure of
    containers and the parameters in `static_argnames`, of any hashable type, are part of the program: for
    others it is traced again.  So it is where numbers take another branch of `if`, `while`, `max`; after 64
    paths a RuntimeWarning says so, and further ones are evaluated without being compiled.

    Calls by position with floats and contiguous float64 arrays are the fastest.  Their numbers are those at
    the time of the call; rows that `vmap` goes over are not to be changed by other threads meanwhile.  Memory
    of large results that nobody uses any more, at most 128 MB, is kept for the next ones.

    Values that the function uses and that are no arguments are read anew at every call.  Everything else is
    as it was at the trace: other variables and attributes, random numbers, what is printed or appended; and
    its numbers are Values, no floats.  What is to vary is an argument, or a Value.

    Called with Values, or inside a transform or a trace, it behaves as `function` itself, so that transforms
    go through it.  Inside `detect_anomaly` nothing is compiled.

    `fastmath` gives up the bits for speed: sums are reordered, products are fused with sums, and each
    function is accurate to 4 units in the last place, but for numbers below 2.2e-308, which may count as 0.
    Needs llvmlite and NumPy: an ImportError at the first call says how to install them.

    Raises TypeError for a function that returns anything but numbers, and for arguments it cannot compare.

    >>> @jit
    ... def f(x, y):
    ...     return x * y if x > 0 else -y
    >>> f(2.0, 3.0), f(-1.0, 3.0), f(4.0, 5.0), f.stats.traces
    (6.0, -3.0, 20.0, 2)
    >>> from autograd.transforms import grad
    >>> jit(grad(f))(2.0, 3.0)
    3.0
    """
    if function is None:
        return functools.partial(jit, static_argnames=static_argnames, fastmath=fastmath)
    if not callable(function):
        raise TypeError(f"jit compiles a function, not {type(function).__name__}: {function!r}")
    if not isinstance(fastmath, bool):
        raise TypeError(f"fastmath is True or False, not {fastmath!r}")
    if not isinstance(static_argnames, Iterable):
        raise TypeError(f"static_argnames are names of parameters, such as 'n', not {static_argnames!r}")
    names = (static_argnames,) if isinstance(static_argnames, str) else tuple(static_argnames)
    if names and isinstance(function, Mapped):
        raise ValueError("a function over rows has no static_argnames: bind them with functools.partial")
    unknown = set(names) - set(inspect.signature(function).parameters) if names else set()
    if unknown:
        raise ValueError(f"{function_name(function)} has no parameter {sorted(unknown)[0]!r} to be static")
    return Jitted(function, names, fastmath)


class Jitted(Dispatcher):
    """A compiled function, as `jit` makes it.

    It pickles if the function does, and is compiled anew where it lands; under a decorated function's name in
    a module, and in a script by cloudpickle, which Dask uses.  What it compiled is freed with it.
    """

    def __init__(
        self, function: Callable[..., Any], static_argnames: tuple[str, ...], fastmath: bool
    ) -> None:
        functools.update_wrapper(self, function, updated=())
        self._function = function
        self._static = static_argnames
        self._positional = _positional(function) if static_argnames else []
        self._fastmath = fastmath
        self._paths: dict[Hashable, Paths] = {}

    def __reduce__(self) -> str | tuple[Any, ...]:
        name = getattr(self, "__qualname__", "")
        if self.__module__ != "__main__" and _found(self.__module__, name) is self:
            return name  # a decorated function: the module has this object under its name
        return Jitted, (self._function, self._static, self._fastmath)

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        return self if instance is None else types.MethodType(self, instance)

    def __repr__(self) -> str:
        return f"<compiled {function_name(self._function)}>"

    # --- Calls ---

    def _at_length(self, *arguments: Any, **keywords: Any) -> Any:
        """The function's result for any arguments: what a call comes to for which there is no way yet."""
        if is_recording():
            return self._function(*arguments, **keywords)
        if isinstance(self._function, Mapped):
            return self._over_rows(self._function, arguments, keywords)
        return self._at_a_point(arguments, keywords)

    def _at_a_point(self, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
        static, varying = self._divided(arguments, keywords)
        given = Arguments(varying)
        if given.has_values:
            return self._function(*arguments, **keywords)
        signature = given.signature(function_name(self._function))
        paths = self._paths_of((signature.key, static.key))
        result = paths(lambda: record(static.bound(self._function), *varying), signature.numbers)
        if paths.paths and not keywords and not self._static:
            seen = kinds(arguments)
            if seen is not None:
                self._add_way(at_point(seen, paths))
        return result

    def _add_way(self, way: Way) -> None:
        """From now on calls with arguments of the same kinds go this way."""
        others = [other for other in self.ways if other.kinds != way.kinds]
        self.ways = (way, *others[: _MOST_WAYS - 1])

    def _divided(
        self, arguments: tuple[Any, ...], keywords: dict[str, Any]
    ) -> tuple[_Static, tuple[tuple[Any, ...], dict[str, Any]]]:
        """The static arguments, and those that vary."""
        if not self._static:
            return _NONE_STATIC, (arguments, keywords)
        places = [place for place, name in enumerate(self._positional) if name in self._static]
        at = {place: arguments[place] for place in places if place < len(arguments)}
        named = {name: thing for name, thing in keywords.items() if name in self._static}
        varying = tuple(argument for place, argument in enumerate(arguments) if place not in at)
        others = {name: thing for name, thing in keywords.items() if name not in named}
        return _Static(at, named, self._positional), (varying, others)

    def _over_rows(self, mapped: Mapped, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
        rows = mapped.rows(arguments, keywords)
        if rows.is_recorded:
            return mapped.row_by_row(rows)
        key, batch = mapped.batch(rows)
        paths = self._paths_of(key)
        result = mapped.evaluated(paths, batch)
        if paths.paths and not keywords:
            seen = kinds(arguments, mapped.axes(arguments))
            if seen is not None:
                self._add_way(over_rows(seen, paths, mapped.reduce, mapped.threads))
        return result

    def _paths_of(self, key: Hashable) -> Paths:
        try:
            found = self._paths.get(key)
        except TypeError as error:
            raise TypeError(
                f"a static argument of {function_name(self._function)} is hashable, to be compared with "
                f"that of other calls: {error}"
            ) from None
        if found is None:
            backend = functools.partial(compiled, fastmath=self._fastmath)
            found = self._paths.setdefault(key, Paths(function_name(self._function), backend))
        return found

    # --- What has been compiled ---

    @property
    def graphs(self) -> tuple[Graph, ...]:
        """The traces, those of the branches taken last first."""
        return tuple(path.graph for path in self._all_paths())

    @property
    def stats(self) -> Stats:
        """How often it was traced, how often guards missed, and the seconds of tracing and compiling."""
        return functools.reduce(Stats.plus, (paths.stats for paths in self._paths.values()), Stats())

    def llvm(self) -> str:
        """The text of the compiled programs in LLVM's language."""
        kernels = cast("list[Kernel]", [path.kernel for path in self._all_paths()])
        return "\n".join(kernel.llvm() for kernel in kernels)

    def _all_paths(self) -> list[Path]:
        return [path for paths in self._paths.values() for path in paths.paths]


class _Static(NamedTuple):
    """The static arguments of a call: by position, of parameters whose names are known, and by name."""

    at: dict[int, Any]
    named: dict[str, Any]
    positional: Sequence[str]

    @property
    def key(self) -> Hashable:
        """What compares them; 1, 1.0 and True are different, and so are 0.0 and -0.0."""
        by_name = {self.positional[place]: thing for place, thing in self.at.items()} | self.named
        return tuple((name, told_apart(by_name[name])) for name in sorted(by_name))

    def bound(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function of its other arguments."""
        if not self.at and not self.named:
            return function
        signature = inspect.signature(function)
        taken = [self.positional[place] for place in self.at]

        @functools.wraps(function)
        def of_the_others(*arguments: Any, **keywords: Any) -> Any:
            full = list(arguments)
            for place, argument in self.at.items():  # by rising places
                full.insert(place, argument)
            return function(*full, **keywords, **self.named)

        others = [parameter for name, parameter in signature.parameters.items() if name not in taken]
        of_the_others.__signature__ = signature.replace(parameters=others)  # type: ignore[attr-defined]
        return of_the_others


_NONE_STATIC = _Static({}, {}, ())


def _positional(function: Callable[..., Any]) -> list[str]:
    """The names of the parameters that may be given by position."""
    parameters = inspect.signature(function).parameters.values()
    return [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]


def _found(module: str, path: str) -> Any:
    """What a module has under a dotted path; None if nothing."""
    thing: Any = sys.modules.get(module)
    for name in path.split("."):
        thing = getattr(thing, name, None)
    return thing
