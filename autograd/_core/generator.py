"""The table of primitives as C: for every row a function that computes its value and its partials.

It knows no primitive by name: the text of a row is its straight-line program, and a row with an algorithm in
it is left to Python.  The build of the extension writes the result beside the sources as `formulas.h`.
"""

from __future__ import annotations

import inspect
import zlib
from collections.abc import Iterator, Sequence

from autograd import primitives, straightline
from autograd.rows import Primitive, table
from autograd.value import Value, topological_order

_MOST_ARGUMENTS = 8  # of a row in C


def header() -> str:
    """The generated header: the functions, the formulas in the order of the table, and the documentation.

    It ends with a digest of itself, by which an engine that was built from another table can be told.
    """
    rows = [table[name] for name in primitives.__all__ if name in table]  # without those declared since
    numbers = ", ".join(f"ROW_{row.name}" for row in rows)
    entries = "\n".join(f"    {_entry(row)}," for row in rows)
    parts = [
        "/* Generated from the table of primitives by autograd/_core/generator.py. */\n",
        f"enum {{ {numbers} }};\n",
        f'_Static_assert(USUAL_ARGUMENTS >= {_MOST_ARGUMENTS}, "formulas have at most so many arguments");\n',
        *straightline.C_FUNCTIONS.values(),
        *(text for row in rows for text in _functions(row)),
        f"static const Formula formulas[] = {{\n{entries}\n}};\n",
        *_documentation(),
    ]
    text = "\n".join(parts)
    return f'{text}\n\n#define DIGEST "{zlib.crc32(text.encode()):08x}"\n'


def _kind(row: Primitive) -> str | None:
    """The macro that makes the row's functions part of the engine; None for a row computed in Python."""
    if row.variadic or row.arity > _MOST_ARGUMENTS or _program(row, range(row.arity)) is None:
        return None
    return {1: "UNARY", 2: "BINARY"}.get(0 if row.comparison else row.arity, "GENERAL")


def _entry(row: Primitive) -> str:
    kind = _kind(row)
    if kind is None:
        return f'{{.name = "{row.name}"}}'
    return f"{kind}_FORMULA({row.name}{f', {row.arity}' if kind == 'GENERAL' else ''})"


def _functions(row: Primitive) -> Iterator[str]:
    kind = _kind(row)
    x, y = ["x", "y"]
    if kind == "UNARY":
        yield _function(row, [x], [0], "by_x")
    elif kind == "BINARY":
        yield _function(row, [x, y], [0, 1], "by_x_y")
        yield _function(row, [x, y], [0], "by_x")
        yield _function(row, [x, y], [1], "by_y")
    elif kind == "GENERAL":
        yield _general_function(row)
    if kind in ("UNARY", "BINARY"):
        yield f"{kind}({row.name})\n"


def _function(row: Primitive, names: list[str], varying: list[int], suffix: str) -> str:
    """A function of doubles that gives the value and the partials by the arguments that vary."""
    results = ["out", *(f"d{names[position]}" for position in varying)]
    parameters = [*(f"double {name}" for name in names), *(f"double *{name}" for name in results)]
    return _definition(row, varying, suffix, parameters, [f"*{name}" for name in results], names)


def _general_function(row: Primitive) -> str:
    """The same of an array of any length, the partials in an array."""
    names = [f"arguments[{position}]" for position in range(row.arity)]
    parameters = ["const double *arguments", "double *out", "double *partials"]
    results = ["*out", *(f"partials[{position}]" for position in range(row.arity))]
    return _definition(row, range(row.arity), "by_all", parameters, results, names)


def _definition(
    row: Primitive,
    varying: Sequence[int],
    suffix: str,
    parameters: list[str],
    results: list[str],
    names: list[str],
) -> str:
    program = _program(row, varying, names)
    assert program is not None
    lines, operands = program
    assignments = [
        f"{result} = {straightline.c_operand(operand)};"
        for result, operand in zip(results, operands, strict=True)
    ]
    body = "\n".join(f"    {line}" for line in [*lines, *assignments])
    return f"static inline void {row.name}_{suffix}({', '.join(parameters)})\n{{\n{body}\n}}\n"


def _program(
    row: Primitive, varying: Sequence[int], names: list[str] | None = None
) -> tuple[list[str], list[straightline.Operand]] | None:
    """The lines in C and what holds the value and the partials; None if Python has to compute any of it."""
    program, out, partials = straightline.value_and_partials(
        row, names or [f"x{position}" for position in range(row.arity)], varying
    )
    lines = straightline.c_lines(program)
    known = [partial for partial in partials if partial is not None]
    return None if lines is None or len(known) < len(partials) else (lines, [out, *known])


def _documentation() -> Iterator[str]:
    """The docstrings of the engine in Python, which are those of the engine in C."""
    documented = {"call": Primitive.__call__, "topological_order": topological_order, "Value": Value}
    documented.update(vars(Value))
    for name, thing in documented.items():
        if not name.startswith("_") and getattr(thing, "__doc__", None):
            lines = inspect.getdoc(thing) or ""
            text = lines.replace("\\", "\\\\").replace('"', '\\"').replace("\n", '\\n"\n    "')
            yield f'#define DOCUMENTATION_{name} \\\n    "{text}"'.replace('"\n', '" \\\n')
