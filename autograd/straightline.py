"""The rows as straight-line programs: a row's value and partials as a list of single operations.

A row is traced with symbols in place of numbers, rows that are defined by others are taken apart, and
equal operations are done once.  What is left are operators, functions of the C library and algorithms:
the text of a program in any language.  `python_lines` is that text in Python, `c_lines` in C, and
`javascript_lines` in JavaScript.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Sequence, Set
from typing import Any

from autograd import primitives, special
from autograd.rows import Primitive, real

Operand = str | float  # a variable's name or a constant

C_LIBRARY = {
    "acos", "acosh", "asin", "asinh", "atan", "atan2", "atanh", "cbrt", "copysign", "cos", "cosh", "erf",
    "erfc", "exp", "exp2", "expm1", "fma", "fmod", "log", "log10", "log1p", "log2", "pow", "remainder", "sin",
    "sinh", "sqrt", "tan", "tanh",
}  # fmt: skip
"""The functions of `math` that are those of C's <math.h>."""

C_FUNCTIONS = {
    "modulo": """\
static double modulo(double x, double y)
{
    double rest = fmod(x, y);
    if (rest == 0.0)
        return copysign(0.0, y);
    return (y < 0) != (rest < 0) ? rest + y : rest;
}
""",
    "floor_divide": """\
static double floor_divide(double x, double y)
{
    if (y == 0.0)
        return x / y;
    double rest = fmod(x, y);
    double quotient = (x - rest) / y;
    if (rest != 0.0 && (y < 0) != (rest < 0))
        quotient -= 1.0;
    if (quotient == 0.0)
        return copysign(0.0, x / y);
    double whole = floor(quotient);
    return quotient - whole > 0.5 ? whole + 1.0 : whole;
}
""",
}
"""What the C of a row calls and no library has, by name: x % y and x // y as Python defines them.

Where Python raises they give the IEEE result.
"""

_C_OPERATORS = {"+", "-", "*", "/", "<", "<=", ">", ">=", "==", "!="}


class Program:
    """Single operations in order, each a name, a row that is not defined by others, and its operands."""

    def __init__(self) -> None:
        self._names: dict[tuple[Primitive, tuple[str, ...]], tuple[str, tuple[Operand, ...]]] = {}

    @property
    def steps(self) -> list[tuple[str, Primitive, tuple[Operand, ...]]]:
        return [(name, row, operands) for (row, _), (name, operands) in self._names.items()]

    def apply(self, row: Primitive, operands: tuple[Operand, ...]) -> Operand:
        """The variable that holds the row's value; of equal operations the same."""
        operation = (row, tuple(map(repr, operands)))  # repr tells 0.0 from -0.0
        return self._names.setdefault(operation, (f"t{len(self._names)}", operands))[0]


def _operators(row: Primitive) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """The row as an operator's method, and as that of the reflected operator."""
    return (lambda *operands: row(*operands)), (lambda self, other: row(other, self))


class _Symbol:
    """A number that is not known yet: applying a row to it adds the row's operations to a program."""

    __slots__ = ("name", "program")

    def __init__(self, program: Program, name: Operand) -> None:
        self.program = program
        self.name = name

    @staticmethod
    def _apply_primitive(row: Primitive, arguments: tuple[Any, ...]) -> Any:
        if row.defined and _module(row) == primitives.__name__:
            return row.function(*arguments)
        program = next(argument.program for argument in arguments if isinstance(argument, _Symbol))
        return _Symbol(program, program.apply(row, tuple(map(operand, arguments))))

    def __bool__(self) -> bool:
        raise TypeError("a formula of the table chooses by `where`, not by Python's `if`")

    __neg__ = _operators(primitives.neg)[0]
    __abs__ = _operators(primitives.abs)[0]
    __add__, __radd__ = _operators(primitives.add)
    __sub__, __rsub__ = _operators(primitives.sub)
    __mul__, __rmul__ = _operators(primitives.mul)
    __truediv__, __rtruediv__ = _operators(primitives.div)
    __lt__, __gt__ = _operators(primitives.less)[0], _operators(primitives.greater)[0]
    __le__, __ge__ = _operators(primitives.less_equal)[0], _operators(primitives.greater_equal)[0]
    __eq__, __ne__ = _operators(primitives.equal)[0], _operators(primitives.not_equal)[0]
    __hash__ = object.__hash__


def operand(thing: Any) -> Operand:
    """What stands in a program for a symbol or a number."""
    return thing.name if isinstance(thing, _Symbol) else real(thing)


def value_program(row: Primitive, names: Sequence[str]) -> tuple[Program, Operand]:
    """The program of a row's value for arguments of these names, and the variable that holds it.

    >>> from autograd.primitives import relu
    >>> program, value = value_program(relu, ["x"])
    >>> [(name, step.name, operands) for name, step, operands in program.steps], value
    ([('t0', 'less_equal', ('x', 0.0)), ('t1', 'where', ('t0', 0.0, 'x'))], 't1')
    """
    program = Program()
    return program, operand(row(*(_Symbol(program, name) for name in names)))


def value_and_partials(
    row: Primitive, names: Sequence[str], varying: Sequence[int]
) -> tuple[Program, Operand, list[Operand | None]]:
    """The program of a row's value and of its partials by the arguments at the positions `varying`.

    With the variables that hold them; None for a partial that a run-time row brings, a Python function with
    perhaps branches and calls of its own.
    """
    program = Program()
    arguments = tuple(_Symbol(program, name) for name in names)
    out = row(*arguments)
    slopes = [
        operand(row.derivative(position, arguments, out)) if _is_formula(row.partial(position)) else None
        for position in varying
    ]
    return program, operand(out), slopes


def _is_formula(partial: Any) -> bool:
    """Whether a partial may be traced: a constant, or written in the table's little language."""
    return not callable(partial) or getattr(partial, "__module__", None) == primitives.__name__


def python_lines(program: Program, names: dict[Operand, str], namespace: dict[str, Any]) -> list[str]:
    """The program in Python, with other names for some variables; adds what it calls to `namespace`."""
    lines = []
    for variable, row, operands in program.steps:
        name = names.get(variable, variable)
        texts = [names.get(thing, python_operand(thing)) for thing in operands]
        if _module(row) == "_operator" and row.infix:
            lines.append(f"{name} = {texts[0]} {row.infix} {texts[1]}")
        elif _module(row) == "_operator" and not row.symbol.isidentifier():
            lines.append(f"{name} = {row.symbol}{texts[0]}")
        else:
            function = f"_{row.name}"
            namespace[function] = row.function
            call = f"{function}({', '.join(texts)})"
            lines.append(f"{name} = {call if _gives_floats(row) else f'real({call})'}")
    return lines


def python_operand(thing: Operand) -> str:
    """A variable or a constant in Python, where inf and nan are names."""
    return thing if isinstance(thing, str) else f"({thing!r})"


def _gives_floats(row: Primitive) -> bool:
    """Whether the value is a float (or a truth value) by itself; a run-time row's may be anything."""
    return row.comparison or _module(row) in (
        "math",
        "_operator",
        special.__name__,
        primitives.__name__,
    )


def _module(row: Primitive) -> str | None:
    return getattr(row.function, "__module__", None)


def c_lines(program: Program) -> list[str] | None:
    """The program in C, which declares its variables; None if a step is an algorithm in Python."""
    lines = []
    for variable, row, operands in program.steps:
        expression = c_expression(row)
        if expression is None:
            return None
        kind = "int" if row.comparison else "double"
        lines.append(f"{kind} {variable} = {expression.format(*map(c_operand, operands))};")
    return lines


def c_operand(thing: Operand) -> str:
    """A variable or a constant in C, to the last bit."""
    if isinstance(thing, str):
        return thing
    if math.isfinite(thing):
        return f"({thing.hex()})"
    return "NAN" if math.isnan(thing) else "INFINITY" if thing > 0 else "(-INFINITY)"


def c_expression(row: Primitive) -> str | None:
    """How C writes the row's value, of the operands `{0}`, `{1}`, ...; None if it has none."""
    if row.c is not None:
        return row.c
    if _module(row) == "_operator" and row.infix in _C_OPERATORS:
        return f"{{0}} {row.infix} {{1}}"
    if _module(row) == "_operator" and row.symbol == "-":
        return "-{0}"
    if _module(row) == "math" and row.function.__name__ in C_LIBRARY:
        return f"{row.function.__name__}({', '.join(f'{{{place}}}' for place in range(row.arity))})"
    return None


def javascript_lines(program: Program, library: Set[str]) -> list[str] | None:
    """The program in JavaScript, where `library` has C's functions; None if a step has no counterpart there.

    A step is written as in C: both languages compute with doubles, and write operators and calls alike.
    """
    lines = []
    for variable, row, operands in program.steps:
        expression = c_expression(row)
        if expression is None or not library >= {*re.findall(r"[A-Za-z_]\w*", expression)}:
            return None
        lines.append(f"const {variable} = {expression.format(*map(javascript_operand, operands))};")
    return lines


def javascript_operand(thing: Operand) -> str:
    """A variable or a constant in JavaScript, to the last bit."""
    return thing if isinstance(thing, str) else f"({json.dumps(thing)})"
