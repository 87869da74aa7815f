"""`to_c`: a graph as one file of C, the value and the gradient of its output, without dependencies.

What a program repeats is written as loops, and each operation by its row.  None is known here by name.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator, Sequence

from autograd import straightline
from autograd.compiler import nests
from autograd.compiler.program import recorded
from autograd.compiler.requirements import required
from autograd.compiler.reserved import FUNCTIONS_OF_REALS, RESERVED
from autograd.compiler.rolled import Column, Local, Loop, Operand, Rolled
from autograd.graph import Graph
from autograd.rows import Primitive

__all__ = ["to_c"]

_PARAMETERS = {
    "x": "const double *restrict x",
    "u": "const double *restrict u",
    "v": "double *restrict v",
    "y": "double *restrict y",
}
"""The inputs; the values between the loops, as they are read and as they are written; the outputs.

`u` and `v` are the same array: a loop reads by `v` what it writes itself.
"""

_READ = {"inputs": "x", "values": "u", "own": "v"}
_WRITTEN = {"values": "v", "outputs": "y"}
_MATH_H = FUNCTIONS_OF_REALS | {"INFINITY", "NAN"}
_NAMED = re.compile(r"\b[A-Za-z_]\w*")  # in the C of a row: functions and constants
_ON_THE_STACK = 1000  # values, beyond which they lie on the heap


def to_c(graph: Graph, name: str = "f") -> str:
    """A file of C99 with two functions of an array `x` of the graph's n inputs.

    `double f(const double *x)` returns the output; `void f_gradient(const double *x, double *y)` writes it to
    y[0] and its derivatives by the inputs to y[1], ..., y[n].  The results have the bits of `graph.evaluate`
    where the compiler fuses no operations: `cc -std=c99 -O3 -ffp-contract=off file.c -lm`.  They are nan
    if a branch of Python goes another way than in the trace, or if memory runs out.  Captured leaves
    are constants, with the data they have now.  `name` replaces f.

    The inputs are the numbers of the traced arguments, one after another, those of an array row by row.

    Raises TypeError for anything but a graph; ValueError for one that has not one output, for a row that only
    Python computes, and for a name that C cannot take or has taken; ImportError without NumPy.

    >>> from autograd import trace
    >>> text = to_c(trace(lambda x, y: x * y + 1)(2.0, 3.0))
    >>> print(text[text.index("static void f_value_0") : text.index("double f(")])
    static void f_value_0(const double *restrict x, double *restrict y)
    {
        const double t0 = x[0] * x[1];
        const double t1 = t0 + (0x1.0000000000000p+0);
        y[0] = t1;
    }
    <BLANKLINE>
    static void f_value(const double *x, double *y)
    {
        f_value_0(x, y);
    }
    <BLANKLINE>
    <BLANKLINE>
    """
    if not isinstance(graph, Graph):
        raise TypeError(
            f"to_c writes a Graph, not a {type(graph).__name__}: autograd.trace(f)(...) makes one of a "
            "function, for the numbers it is called with, and a compiled function has them in .graphs"
        )
    _check_name(name)
    if len(graph.outputs) != 1:
        raise ValueError(f"to_c writes one output and its gradient, but this graph has {len(graph.outputs)}")
    required("numpy", "to_c")
    from autograd.compiler.rolling import rolled

    value, both = rolled(recorded(graph)), rolled(recorded(_with_gradient(graph)))
    inputs = len(graph.inputs)
    lines = [
        f"/* {name}(x) and {name}_gradient(x, y), where x has {inputs} and y has {inputs + 1} numbers.",
        "   cc -std=c99 -O3 -ffp-contract=off, and -lm where it is linked. */",
        "",
        "#include <math.h>",
        "#include <stdlib.h>",
        "",
        *(straightline.C_FUNCTIONS[called] for called in _functions(value, both)),
        *_Function(f"{name}_value", value).lines("static "),
        *_definition(
            f"double {name}(const double *x)", ["double y[1];", f"{name}_value(x, y);", "return y[0];"]
        ),
        *_Function(f"{name}_gradient", both).lines(),
    ]
    return "\n".join(lines)


def _check_name(name: str) -> None:
    """Raises unless a file can define functions of this name; those derived from it are free."""
    if not isinstance(name, str):
        raise TypeError(f"a function's name is a str, not {type(name).__name__}: {name!r}")
    if not re.fullmatch(r"[A-Za-z]\w*", name, re.ASCII):
        raise ValueError(
            "a name in C begins with a letter from A to Z, and goes on with such letters, digits and "
            f"underscores, unlike {name!r}"
        )
    if name in RESERVED or name in straightline.C_FUNCTIONS:
        raise ValueError(f"{name!r} has a meaning in C already: choose another name, such as 'my_{name}'")


def _with_gradient(graph: Graph) -> Graph:
    gradient = graph.gradient()
    return Graph(*graph.outputs, *gradient.outputs, inputs=graph.inputs)._traced(gradient.branches, None)


def _functions(*programs: Rolled) -> list[str]:
    """The functions of ours that the programs call; ValueError if a row of theirs cannot be written in C."""
    rows = dict.fromkeys(row for whole in programs for loop in whole.loops for row, _ in loop.statements)
    called: dict[str, None] = {}
    for row in rows:
        expression = straightline.c_expression(row)
        if expression is None:
            raise ValueError(
                f"{row.name} is computed by Python, so it cannot be written in C: leave it out of the "
                "function, or use autograd.jit, which calls Python back"
            )
        names = _NAMED.findall(expression)
        unknown = [name for name in names if name not in _MATH_H and name not in straightline.C_FUNCTIONS]
        if unknown:
            raise ValueError(
                f"the C of {row.name}, {expression}, calls {unknown[0]}, which is no function of <math.h>: "
                "write it with those"
            )
        called.update((name, None) for name in names if name in straightline.C_FUNCTIONS)
    return [*called]


class _Function:
    """The text of a program as `void name(const double *x, double *y)`, after a function for each loop."""

    def __init__(self, name: str, whole: Rolled) -> None:
        self._name = name
        self._rolled = whole
        self._reads_constants = False

    def lines(self, storage: str = "") -> Iterator[str]:
        whole, name = self._rolled, self._name
        bodies = [[*self._totals(loop), *self._nest(loop, nests.nest(loop))] for loop in whole.loops]
        bodies += [[*self._copies()]] if whole.copies else []
        guards = [*self._guards()]
        if self._reads_constants:
            yield from _array("double", f"{name}_constants", map(straightline.c_operand, whole.constants))
        if whole.table:
            yield from _array("int", f"{name}_table", map(str, whole.table))
        calls = []
        for number, body in enumerate(bodies):
            parameters = _used(body)
            yield from _definition(f"static void {name}_{number}({_declared(parameters)})", body)
            calls.append(f"{name}_{number}({', '.join(parameters)});")
        unknown = f"for (long i = 0; i < {whole.outputs}; i++) y[i] = NAN;"
        if guards:
            parameters = _used(guards)
            head = f"static int {name}_holds({_declared(parameters)})"
            yield from _definition(head, [*guards, "return 1;"])
            calls += [f"if (!{name}_holds({', '.join(parameters)}))", f"    {unknown}"]
        if not any("(x" in call for call in calls):
            calls.append("(void)x;")
        head = f"{storage}void {name}(const double *x, double *y)"
        yield from _definition(head, _with_values(whole.values, calls, unknown))

    def _nest(self, loop: Loop, nest: Sequence[nests.Nest]) -> Iterator[str]:
        """The lines of nested iterations, with digits `i0`, `i1`, ..., and of what is around them."""
        for part in nest:
            if isinstance(part, nests.For):
                digit = f"i{part.digit}"
                yield f"for (long {digit} = 0; {digit} < {part.extent}; {digit}++) {{"
                yield from _indented(self._nest(loop, part.body))
                yield "}"
            elif isinstance(part, nests.Body):
                yield from self._body(loop)
            else:
                yield from self._start(loop) if isinstance(part, nests.Start) else self._finish(loop)

    def _totals(self, loop: Loop) -> Iterator[str]:
        if nests.totals(loop):
            for place in range(len(loop.folds)):
                yield f"double a{place}[{nests.totals(loop)}];"

    def _start(self, loop: Loop) -> Iterator[str]:
        for place, fold in enumerate(loop.folds):
            kind = "" if nests.totals(loop) else "double "
            yield f"{kind}{_total(loop, place)} = {self._operand(fold.initial)};"
        for place, carry in enumerate(loop.carries):
            yield f"double c{place} = {self._operand(carry.initial)};"

    def _body(self, loop: Loop) -> Iterator[str]:
        for place, (row, operands) in enumerate(loop.statements):
            kind = "int" if row.comparison else "double"
            yield f"const {kind} t{place} = {_application(row, map(self._operand, operands))};"
        for operand, target in loop.stores:
            yield self._stored(target, self._operand(operand))
        for place, fold in enumerate(loop.folds):
            total = _total(loop, place)
            for term in fold.terms:
                yield f"{total} = {_application(fold.row, [total, self._operand(term)])};"
        for place, carry in enumerate(loop.carries):
            yield f"const double n{place} = {self._operand(carry.next)};"
        for place in range(len(loop.carries)):
            yield f"c{place} = n{place};"

    def _finish(self, loop: Loop) -> Iterator[str]:
        for place, fold in enumerate(loop.folds):
            for target in fold.targets:
                yield self._stored(target, _total(loop, place))
        for place, carry in enumerate(loop.carries):
            for target in carry.targets:
                yield self._stored(target, f"c{place}")

    def _stored(self, target: Column, value: str) -> str:
        return f"{_WRITTEN[target.array]}[{self._index(target)}] = {value};"

    def _operand(self, operand: Operand) -> str:
        if isinstance(operand, Local):
            return f"t{operand.statement}"
        if operand.array == "carried":
            return f"c{operand.base}"
        if operand.array != "constants":
            return f"{_READ[operand.array]}[{self._index(operand)}]"
        if not operand.strides:
            return straightline.c_operand(self._rolled.constants[operand.base])
        self._reads_constants = True
        return f"{self._name}_constants[{self._index(operand)}]"

    def _index(self, column: Column) -> str:
        digits = [
            f"{stride} * i{digit}" if stride != 1 else f"i{digit}"
            for digit, stride in enumerate(column.strides)
            if stride
        ]
        index = " + ".join([*([str(column.base)] if column.base or not digits else ()), *digits])
        return f"{self._name}_table[{index}]" if column.by_table else index

    # --- After the loops ---

    def _copies(self) -> Iterator[str]:
        for count, source, target in self._rolled.copies:
            yield f"for (long i0 = 0; i0 < {count}; i0++) {{"
            yield f"    y[{target} + i0] = {self._operand(source)};"
            yield "}"

    def _guards(self) -> Iterator[str]:
        for count, column, truth in self._rolled.guards:
            yield f"for (long i0 = 0; i0 < {count}; i0++) {{"
            yield f"    if ({self._operand(column)} {'==' if truth else '!='} 0) return 0;"
            yield "}"


def _with_values(count: int, calls: list[str], unknown: str) -> list[str]:
    """The calls, with memory for so many values; without memory, `unknown`."""
    if count == 0:
        return calls
    calls = ["const double *u = v;", *calls]
    if count <= _ON_THE_STACK:
        return [f"double v[{count}];", *calls]
    failure = ["if (v == NULL) {", f"    {unknown}", "    return;", "}"]
    return [f"double *v = malloc({count} * sizeof(double));", *failure, *calls, "free(v);"]


def _application(row: Primitive, operands: Iterable[str]) -> str:
    expression = straightline.c_expression(row)
    assert expression is not None
    return expression.format(*operands)


def _total(loop: Loop, place: int) -> str:
    """The variable of a fold's total, in an array if the members are carried on together."""
    return f"a{place}[i{len(loop.shape) - 1}]" if nests.totals(loop) else f"a{place}"


def _used(body: Sequence[str]) -> list[str]:
    """The parameters that a function's lines refer to."""
    text = "\n".join(body)
    return [name for name in _PARAMETERS if re.search(rf"\b{name}\[", text)]


def _declared(parameters: Iterable[str]) -> str:
    return ", ".join(_PARAMETERS[name] for name in parameters)


def _definition(head: str, body: Iterable[str]) -> Iterator[str]:
    yield from (head, "{", *_indented(body), "}", "")


def _indented(lines: Iterable[str]) -> Iterator[str]:
    return (f"    {line}" for line in lines)


def _array(kind: str, name: str, items: Iterable[str]) -> Iterator[str]:
    yield f"static const {kind} {name}[] = {{"
    yield from _indented(textwrap.wrap(", ".join(items), 100))
    yield from ("};", "")
