"""A row of the table of primitives: what it states, and how it is applied to numbers of every kind.

The rows themselves, and the little language they are written in, stand in `primitives`.  This module
knows no engine: a type whose operations are recorded offers `_apply_primitive(primitive, arguments)`.
"""

from __future__ import annotations

import importlib
import math
import numbers
import operator
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from autograd import special

Interval = tuple[float, float] | range
Partial = float | Callable[..., Any] | None

_NUMERIC_ERRORS = (ValueError, ArithmeticError)
_NUMBERS = (float, int, numbers.Number)
_REALS: Interval = (-math.inf, math.inf)

table: dict[str, Primitive] = {}
"""Every row by name, in the order of declaration; append-only and process-wide."""

reserved: set[str] = set()
"""Names that no row may have, because Values have them already."""

_observers: list[Callable[[Primitive], None]] = []


def for_each_primitive(observer: Callable[[Primitive], None]) -> None:
    """Calls `observer` with every row declared so far and, from now on, with each new one."""
    _observers.append(observer)
    for row in table.values():
        observer(row)


def real(number: Any) -> float:
    """The double nearest to a real number; an int too large is inf.

    bool, int, float, fractions, NumPy scalars and 0-d arrays convert.  Raises TypeError for what is no
    real number: str, bytes, complex, None, containers, Values.

    >>> real(True), real(-10**400)
    (1.0, -inf)
    """
    if type(number) is float:
        return number
    kind = getattr(getattr(number, "dtype", None), "kind", "f")  # of NumPy's scalars and arrays
    is_real = isinstance(number, _NUMBERS) and not isinstance(number, complex)
    if kind in "biufO" and (is_real or getattr(number, "shape", None) == ()):
        try:
            return float(number)
        except OverflowError:
            return math.inf if number > 0 else -math.inf
        except (TypeError, ValueError):
            pass
    raise TypeError(f"expected a real number, not {type(number).__name__}: {_shortened(number)}")


def _shortened(thing: object) -> str:
    text = repr(thing)
    return text if len(text) <= 60 else text[:57] + "..."


class Primitive:
    """A row of the table, and the public function that it describes.

    `autograd.primitive` is this class: declaring a row makes it a function and, if unary, a method of
    every Value; it is differentiable to any order, drawn, listed and replayed like the built-in ones.
    `value` gets floats; so do the partials, but Values where a derivative is itself differentiated.
    Declaring a name twice raises ValueError.

    >>> cube = Primitive("doctest_cube", lambda x: x * x * x, (lambda x, out: 3 * x * x,))
    >>> cube(2.0), cube.local_derivatives((2.0,), 8.0)
    (8.0, (12.0,))
    """

    name: str
    arity: int  # the number of arguments, with the defaults; of a variadic row, the least number
    partials: tuple[Partial, ...]
    precedence: int
    latex: str | None

    def __init__(
        self,
        name: str,
        value: Callable[..., Any],
        partials: Iterable[Partial],
        *,
        defined: bool = False,
        exceptional: Callable[..., float] | None = None,
        infix: str | None = None,
        symbol: str | None = None,
        precedence: int | None = None,
        domain: tuple[Interval, ...] | None = None,
        kinks: Mapping[tuple[float, ...], tuple[float, ...]] | None = None,
        defaults: tuple[float, ...] = (),
        selects: bool | tuple[int, ...] = False,
        comparison: bool = False,
        variadic: bool = False,
        auxiliary: bool = False,
        methods: tuple[str, ...] = (),
        libraries: tuple[str, ...] | None = None,
        plain: Callable[..., Any] | None = None,
        c: str | None = None,
        latex: str | None = None,
    ) -> None:
        """Declares a row.  Raises TypeError or ValueError, and declares nothing, if it cannot stand.

        value -- computes it from floats: any function, or, if `defined`, a formula of other rows.
        partials -- a tuple with one entry per argument: a function of the arguments and of `out`, the value,
            written with operators and rows (`lambda x, out: cos(x)`); a constant; or None for no derivative.
        defined -- the value is a formula of other rows, and good for numbers of every kind.
        domain -- for each argument its lowest and highest number, or a range of whole numbers.
        kinks -- the partials that hold by convention, by point.
        exceptional -- the IEEE result where `value` raises ValueError or ArithmeticError (default nan).
        infix, symbol -- how pictures write it: between its arguments (after a single one), or before them
            (default: the name).
        precedence -- how tightly its infix or symbol binds, as Python's operators do: 1 or, 2 and, 3 not,
            4 comparisons, 5 sums, 6 products, 7 signs, 8 powers; 0 for a row that text writes as a call
            (default: that of the rows with the same infix).
        defaults -- values of trailing arguments that may be left out.
        selects -- an argument whose partial is 0 was not selected, and a sweep does not visit it; True, or
            the positions of which this holds.
        comparison -- the result is a truth value; outside a trace it is a plain bool.
        variadic -- any number of arguments; the last partial, a constant, holds for all of them.
        auxiliary -- it only serves the partials of other rows: no method, and not offered by name.
        methods -- further names of its method on Values, as NumPy's ufuncs call it.
        libraries -- its names in NumPy, SciPy, mpmath and SymPy, where it means the same (default: none; of
            the package's own rows the name and `methods`).
        plain -- the same function as a plain formula, for numbers whose library has no such name.
        latex -- its infix or symbol in LaTeX, or, with #1, #2, ... for its arguments, the whole; there an
            argument in braces needs no brackets (default: that of the rows with the same infix, or made of
            `infix` or `symbol`).
        c -- the value as an expression in C, of `{0}`, `{1}`, ...; a row without is computed in Python.
        """
        if not isinstance(partials, tuple | list):
            raise TypeError(
                f"the partials of {name} are a tuple with one entry per argument, not {partials!r}"
            )
        self.name = self.__name__ = name
        self.function = value
        self.partials = tuple(float(p) if isinstance(p, int) else p for p in partials)
        self.arity = len(self.partials)
        self.defined = defined
        self.infix = infix
        self.symbol = symbol or infix or name
        alike = next((row for row in table.values() if infix and row.infix == infix), None)
        self.precedence = precedence if precedence is not None else alike.precedence if alike else 0
        self.latex = latex or (alike.latex if alike and alike.arity == self.arity else None)
        self.domain = domain or (_REALS,) * self.arity
        self.kinks = dict(kinks or {})
        self.defaults = defaults
        self.selects = True if comparison else selects  # a truth value does not vary
        self.comparison = comparison
        self.variadic = variadic
        self.auxiliary = auxiliary
        self.methods = methods
        self._libraries = libraries
        self._plain = plain
        self.c = c
        self._exceptional = exceptional or (self._on_reals if defined else lambda *_: math.nan)
        self._check()
        table[name] = self
        for observer in _observers:
            observer(self)

    def _check(self) -> None:
        """Raises if the row cannot stand in the table."""
        if not isinstance(self.name, str) or not self.name.isidentifier() or not self.name.isascii():
            raise ValueError(f"a primitive's name is an identifier in ASCII, not {self.name!r}")
        if self.name.startswith("_"):
            raise ValueError(f"a primitive's name does not begin with an underscore: {self.name!r}")
        if self.name in table:
            raise ValueError(
                f"a primitive named {self.name!r} is declared already: "
                "choose another name, or start Python anew"
            )
        for name in (self.name, *self.methods):
            if name in reserved:
                raise ValueError(f"Values have an attribute {name!r} already: choose another name")
        if not callable(self.function):
            raise TypeError(f"the value of {self.name} is a function of floats, not {self.function!r}")
        if not self.partials:
            raise ValueError(f"{self.name} needs one partial per argument, and at least one argument")
        for position, partial in enumerate(self.partials):
            if not (partial is None or callable(partial) or isinstance(partial, float)):
                raise TypeError(f"a partial of {self.name} is a function, a number or None, not {partial!r}")
            if callable(partial) and not _takes(partial, self.arity + 1):
                raise TypeError(
                    f"partial {position} of {self.name} takes {_counted(self.arity, 'argument')} "
                    f"and the value: lambda {', '.join(['x', 'y', 'z', 'w'][: self.arity])}, out: ..."
                )
        if not isinstance(self.selects, bool) and not all(0 <= i < min(self.arity, 63) for i in self.selects):
            raise ValueError(
                f"{self.name} selects among its {_counted(self.arity, 'argument')}, the first 63 at most, "
                f"not at the positions {self.selects!r}"
            )
        if not all(1 <= int(place) <= self.arity for place in re.findall(r"#(\d+)", self.latex or "")):
            raise ValueError(
                f"{self.name} has {_counted(self.arity, 'argument')}, in LaTeX from #1 on, not {self.latex!r}"
            )
        if not self.variadic and not _takes(self.function, self.arity):
            raise TypeError(
                f"{self.name} has {_counted(self.arity, 'partial')}, one per argument, but its value "
                f"does not take {_counted(self.arity, 'argument')}"
            )

    def __repr__(self) -> str:
        return f"<primitive {self.name}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return named, (self.name,)

    def __call__(self, *arguments: Any) -> Any:
        """The row's value, of the kind of its arguments: numbers, Values, arrays, mpmath numbers, ..."""
        if len(arguments) != self.arity:
            arguments = self.completed(arguments)
        for argument in arguments:
            kind = argument.__class__
            if kind is not float and kind is not bool:
                return _application(kind)(self, arguments)
        out = self.value(*arguments)
        return out if out.__class__ is float or self.comparison else real(out)

    def completed(self, arguments: tuple[Any, ...]) -> tuple[Any, ...]:
        """The arguments with the defaults filled in; TypeError if their number is wrong."""
        missing = self.arity - len(arguments)
        if missing == 0 or (self.variadic and missing < 0):
            return arguments
        if 0 < missing <= len(self.defaults):
            return arguments + self.defaults[-missing:]
        least = "at least " if self.variadic else ""
        raise TypeError(f"{self.name} takes {least}{_counted(self.arity, 'argument')}, not {len(arguments)}")

    def value(self, *arguments: float) -> Any:
        """The IEEE result for floats: a float, or of a comparison a bool."""
        try:
            return self.function(*arguments)
        except _NUMERIC_ERRORS:
            return self._exceptional(*arguments)

    def partial(self, position: int) -> Partial:
        """The partial by the argument at `position`."""
        return self.partials[-1] if self.variadic else self.partials[position]

    def skips(self, position: int) -> bool:
        """Whether an argument at `position` with a partial of 0 was not selected."""
        return self.selects if isinstance(self.selects, bool) else position in self.selects

    def local_derivatives(self, arguments: tuple[float, ...], out: float) -> tuple[float, ...]:
        """One float per argument: the partials at `arguments`, where the value is `out`."""
        return tuple(self.local_derivative(position, arguments, out) for position in range(len(arguments)))

    def local_derivative(self, position: int, arguments: tuple[float, ...], out: float) -> float:
        """The partial by one argument, as a float; 0.0 where there is none."""
        return real(self.derivative(position, arguments, out))

    def derivative(self, position: int, arguments: tuple[Any, ...], out: Any) -> Any:
        """The partial by one argument: a float, or, with Values among the arguments, perhaps a Value."""
        partial = self.partial(position)
        if not callable(partial):
            return partial or 0.0
        try:
            return partial(*arguments, out)
        except _NUMERIC_ERRORS:  # of numbers alone: Values never raise
            pass
        try:
            result = partial(*map(_never_raising, arguments), _never_raising(out))
        except _NUMERIC_ERRORS:  # of a function that is no row, which a run-time row may call
            return math.nan
        return float(result) if isinstance(result, _Real) else result

    def _on_reals(self, *arguments: float) -> Any:
        result = self.function(*map(_Real, arguments))
        return result if self.comparison else float(result)

    @property
    def states_other_forms(self) -> bool:
        """Whether the row says how it is computed for numbers other than floats."""
        return self.defined or self._plain is not None or bool(self._libraries)

    def meet_libraries(self) -> None:
        """From now on the row goes by its name and methods in other libraries, unless it says otherwise."""
        if self._libraries is None:
            self._libraries = (self.name, *self.methods)

    def _elsewhere_applied(self, arguments: tuple[Any, ...]) -> Any:
        """The row on numbers of another kind: arrays, mpmath, SymPy, fractions."""
        if not self.defined:
            for library in _libraries(arguments):
                for name in self._libraries or ():
                    if hasattr(library, name):
                        result = getattr(library, name)(*arguments)
                        if self._plain is None or not _is_complex(result):
                            return result
        if self._plain is not None:
            return self._plain(*arguments)
        if getattr(self.function, "__module__", None) not in ("math", special.__name__):
            return self.function(*arguments)
        kinds = ", ".join(type(argument).__name__ for argument in arguments)
        raise TypeError(f"{self.name} has no value for arguments of type {kinds}")


primitive = Primitive


def _takes(function: Callable[..., Any], count: int) -> bool:
    """Whether a function can be called with so many arguments, as far as Python can tell."""
    code = getattr(function, "__code__", None)
    if code is None or code.co_flags & 0x04 or hasattr(function, "__self__"):
        return True  # a builtin, one that takes *arguments, or a method
    least = code.co_argcount - len(function.__defaults__ or ())
    return bool(least <= count <= code.co_argcount)


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def named(name: str) -> Primitive:
    """The row of that name.  Raises LookupError for a row that this process has not declared."""
    if name not in table:
        raise LookupError(
            f"no primitive named {name!r}: declare it with autograd.primitive({name!r}, ...) first"
        )
    return table[name]


# --- Other kinds of numbers --------------------------------------------------------------------------

_LIBRARIES = {"numpy": ("numpy", "scipy.special"), "mpmath": ("mpmath",), "sympy": ("sympy",)}

_applications: dict[type, Callable[[Primitive, tuple[Any, ...]], Any]] = {}


def _application(kind: type) -> Callable[[Primitive, tuple[Any, ...]], Any]:
    """How a row is applied when an argument is of this type."""
    if kind not in _applications:
        _applications[kind] = _find_application(kind)
    return _applications[kind]


def _find_application(kind: type) -> Callable[[Primitive, tuple[Any, ...]], Any]:
    own: Callable[[Primitive, tuple[Any, ...]], Any] | None = getattr(kind, "_apply_primitive", None)
    if own is not None:
        return own
    package = _package(kind)
    if issubclass(kind, float | int) or (package == "numpy" and issubclass(kind, numbers.Number)):
        return _apply_to_numbers
    is_real = issubclass(kind, numbers.Number) and (
        issubclass(kind, numbers.Real) or not issubclass(kind, numbers.Complex)
    )
    if package in _LIBRARIES or is_real:
        return _apply_elsewhere
    return _refuse


def _package(kind: type) -> str:
    return kind.__module__.partition(".")[0]


def _apply_to_numbers(row: Primitive, arguments: tuple[Any, ...]) -> Any:
    for argument in arguments:
        kind = argument.__class__
        if kind is not float and (application := _application(kind)) is not _apply_to_numbers:
            return application(row, arguments)  # a Value or an array further on decides
    return row.value(*map(real, arguments))


def _apply_elsewhere(row: Primitive, arguments: tuple[Any, ...]) -> Any:
    for argument in arguments:
        if getattr(argument.__class__, "_apply_primitive", None) is not None:
            return argument._apply_primitive(row, arguments)
    result = row._elsewhere_applied(arguments)
    if _is_complex(result):
        return importlib.import_module("mpmath").nan  # mpmath goes complex where a real function has no value
    if isinstance(result, float | complex) and all(map(_is_exact, arguments)):
        return _exact(row, result)
    if isinstance(result, float | int) and not row.comparison and any(map(_is_of_mpmath, arguments)):
        return importlib.import_module("mpmath").mpf(result)  # one of the row's constants, such as sign's 1
    return result


def _is_of_mpmath(argument: Any) -> bool:
    return _package(type(argument)) == "mpmath"


def _is_complex(result: Any) -> bool:
    return _is_of_mpmath(result) and result.imag != 0


def _is_exact(argument: Any) -> bool:
    return isinstance(argument, numbers.Rational | float)


def _exact(row: Primitive, result: float | complex) -> Any:
    """A float that came of fractions, as a fraction: right if it was one of the row's constants."""
    from fractions import Fraction

    if isinstance(result, float) and (row.defined or row.selects):
        return Fraction(result) if math.isfinite(result) else result
    raise TypeError(
        f"{row.name} has no exact value for these fractions: evaluate over floats or mpmath numbers"
    )


def _refuse(row: Primitive, arguments: tuple[Any, ...]) -> Any:
    wrong = next(a for a in arguments if _application(a.__class__) is _refuse)
    raise TypeError(f"{row.name} takes numbers and Values, not {type(wrong).__name__}: {_shortened(wrong)}")


def _libraries(arguments: tuple[Any, ...]) -> list[Any]:
    packages = (_package(type(argument)) for argument in arguments)
    names = next((_LIBRARIES[package] for package in packages if package in _LIBRARIES), ())
    found = []
    for name in names:
        try:
            found.append(importlib.import_module(name))
        except ImportError:  # SciPy is optional beside NumPy
            continue
    return found


def _total(
    function: Callable[[float, float], float], exceptional: Callable[[float, float], float]
) -> tuple[Callable[[Any, float], Any], Callable[[Any, float], Any]]:
    """The operator `function` on _Reals and its reflection, with the IEEE result where it raises."""

    def operation(x: Any, y: Any) -> Any:
        if not isinstance(x, float | int) or not isinstance(y, float | int):
            return NotImplemented  # the other operand is a Value, which records
        try:
            return _Real(function(float(x), float(y)))
        except _NUMERIC_ERRORS:
            return _Real(exceptional(float(x), float(y)))

    return operation, lambda y, x: operation(x, y)


def _never_raising(argument: Any) -> Any:
    return _Real(argument) if isinstance(argument, float) else argument


class _Real(float):
    """A float whose operators never raise: a formula over it gives the IEEE result."""

    __slots__ = ()

    @staticmethod
    def _apply_primitive(row: Primitive, arguments: tuple[Any, ...]) -> Any:
        for argument in arguments:
            if not isinstance(argument, float | int):
                return argument._apply_primitive(row, arguments)
        result = row.value(*map(float, arguments))
        return result if row.comparison else _Real(result)

    __add__, __radd__ = _total(operator.add, special.not_a_number)
    __sub__, __rsub__ = _total(operator.sub, special.not_a_number)
    __mul__, __rmul__ = _total(operator.mul, special.not_a_number)
    __truediv__, __rtruediv__ = _total(operator.truediv, special.division_by_zero)
    __floordiv__, __rfloordiv__ = _total(operator.floordiv, special.division_by_zero)
    __mod__, __rmod__ = _total(operator.mod, special.not_a_number)
    __pow__, __rpow__ = _total(math.pow, special.exceptional_power)  # type: ignore[assignment]

    def __neg__(self) -> _Real:
        return _Real(-float(self))

    def __abs__(self) -> _Real:
        return _Real(abs(float(self)))
