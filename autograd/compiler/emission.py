"""A program's operations as the text of LLVM's intermediate language, one number or eight at a time.

Each operation is written by its row: operators and exact functions as instructions, other functions of the C
library as calls to the very functions that Python calls, and an algorithm in Python, or what only Python
knows, as a call back to the row.  The library's functions go by names of our own, so that the optimiser
neither evaluates nor rewrites them, and nothing is contracted: each result has the bits of the row's value.

With `fast` products and sums may be fused, several divisions by the same number may become products, and
eight results at a time come from glibc's libmvec, whose error is at most 4 units in the last place.  Sums are
not reassociated even so: that would undo the rows which compensate their own rounding.
"""

from __future__ import annotations

import functools
import struct
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from autograd import straightline
from autograd.compiler.expression import Application, Tree, parsed
from autograd.rows import Primitive

__all__ = ["LANES", "Externals", "Term", "Writer"]

LANES = 8  # numbers in a vector

_EXACT = {"sqrt", "fabs", "copysign", "floor", "ceil", "rint", "fma"}
"""The functions of C that IEEE 754 defines to the last bit, and LLVM has as instructions of the same name."""

_ATTRIBUTES = 'attributes #0 = { nounwind "prefer-vector-width"="512" "min-legal-vector-width"="512" }'
_ARITHMETIC = {"+": "fadd", "-": "fsub", "*": "fmul", "/": "fdiv"}
_COMPARISONS = {"==": "oeq", "!=": "une", "<": "olt", "<=": "ole", ">": "ogt", ">=": "oge"}
_LOGIC = {"&&": "and", "||": "or"}


class Term(NamedTuple):
    """An operand in the text: a number, or a condition, which is one bit per lane."""

    text: str
    is_condition: bool = False


@functools.cache
def _tree(row: Primitive) -> Tree | None:
    """The row's value as instructions and calls of the C library; None for what Python has to compute."""
    text = straightline.c_expression(row)
    if text is None:
        return None
    try:
        tree = parsed(text)
    except ValueError:  # C that is more than an expression of this kind
        return None
    return tree if all(name in _EXACT | straightline.C_LIBRARY for name in _functions(tree)) else None


def _functions(tree: Tree) -> Iterable[str]:
    if isinstance(tree, Application):
        if tree.symbol.isidentifier():
            yield tree.symbol
        for operand in tree.operands:
            yield from _functions(operand)


class Externals:
    """The functions that a module's text calls: their declarations, and whose addresses they want.

    `c_functions` holds the C library's names of functions, by those of the text; `rows` the rows that Python
    computes, with the number of their operands, whose address the function takes.  `vectorised` tells which
    functions of the C library there are for eight numbers at a time, and `vectors` holds those that are
    called.  Other functions of eight numbers are made of eight calls.
    """

    c_functions: dict[str, str]
    rows: dict[str, tuple[Primitive, int]]

    vectors: set[str]

    def __init__(self, vectorised: Mapping[str, str] | None = None) -> None:
        self.c_functions = {}
        self.rows = {}
        self.vectors = set()
        self._vectorised = vectorised or {}
        self._texts: dict[str, str] = {}

    @property
    def text(self) -> str:
        """Declarations and definitions, in the order of first use."""
        return "\n".join([*self._texts.values(), _ATTRIBUTES])

    def exact(self, name: str, kind: str, arity: int) -> str:
        """LLVM's own function of this name, for numbers of this type."""
        suffix = "f64" if kind == "double" else f"v{LANES}f64"
        function = f"llvm.{name}.{suffix}"
        self._texts.setdefault(function, f"declare {kind} @{function}({', '.join([kind] * arity)})")
        return function

    def call(self, name: str, arity: int, width: int) -> str:
        """The C library's function `name`, for one number or eight."""
        if width > 1 and name in self._vectorised:
            function = self._vectorised[name]
            self.vectors.add(function)
            kind = _kind(width)
            self._texts.setdefault(
                function,
                f"declare {kind} @{function}({', '.join([kind] * arity)}) nounwind willreturn memory(none)",
            )
            return function
        function = f"autograd_{name}"
        self.c_functions[function] = name
        self._texts.setdefault(
            function,
            f"declare double @{function}({', '.join(['double'] * arity)}) nounwind willreturn memory(none)",
        )
        return self._wide(function, arity) if width > 1 else function

    def row(self, row: Primitive, arity: int, width: int) -> str:
        """The row's value as Python computes it, for one number or eight."""
        outside = f"python_{row.name}_{arity}"
        function = f"row_{row.name}_{arity}"
        self.rows[outside] = (row, arity)
        if function not in self._texts:
            self._texts[outside] = f"declare double @{outside}(ptr)"
            self._texts[function] = _passing_an_array(function, outside, arity)
        return self._wide(function, arity) if width > 1 else function

    def memory(self) -> None:
        """The C library's `malloc` and `free`."""
        for name, text in (
            ("malloc", "declare noalias ptr @autograd_malloc(i64)"),
            ("free", "declare void @autograd_free(ptr)"),
        ):
            self.c_functions[f"autograd_{name}"] = name
            self._texts[name] = text
        self._texts["ptrmask"] = "declare ptr @llvm.ptrmask.p0.i64(ptr, i64)"

    def _wide(self, function: str, arity: int) -> str:
        """A function of vectors that calls `function` once per lane."""
        wide = f"{function}_x{LANES}"
        if wide not in self._texts:
            self._texts[wide] = _lane_by_lane(wide, function, arity)
        return wide


def _passing_an_array(function: str, outside: str, arity: int) -> str:
    """The definition of a function of numbers that hands their address on."""
    parameters = ", ".join(f"double %x{place}" for place in range(arity))
    lines = [f"%array = alloca [{arity} x double]"]
    for place in range(arity):
        lines.append(f"%p{place} = getelementptr double, ptr %array, i64 {place}")
        lines.append(f"store double %x{place}, ptr %p{place}")
    lines += [f"%out = call double @{outside}(ptr %array)", "ret double %out"]
    return _definition(f"internal double @{function}({parameters}) noinline", lines)


def _lane_by_lane(wide: str, function: str, arity: int) -> str:
    kind = _kind(LANES)
    parameters = ", ".join(f"{kind} %x{place}" for place in range(arity))
    lines = []
    out = "poison"
    for lane in range(LANES):
        for place in range(arity):
            lines.append(f"%a{lane}_{place} = extractelement {kind} %x{place}, i64 {lane}")
        arguments = ", ".join(f"double %a{lane}_{place}" for place in range(arity))
        lines.append(f"%r{lane} = call double @{function}({arguments})")
        lines.append(f"%v{lane} = insertelement {kind} {out}, double %r{lane}, i64 {lane}")
        out = f"%v{lane}"
    lines.append(f"ret {kind} {out}")
    return _definition(f"internal {kind} @{wide}({parameters}) noinline #0", lines)


def _definition(head: str, lines: Sequence[str]) -> str:
    body = "\n".join(f"  {line}" for line in lines)
    return f"define {head} {{\n{body}\n}}"


def _kind(width: int, element: str = "double") -> str:
    return element if width == 1 else f"<{width} x {element}>"


class Writer:
    """Straight-line text, an operation at a time, of numbers of one lane or of vectors of eight.

    `apply` writes an operation by its row and returns its value; `lines` is the text so far, to which a
    caller may add its own with `fresh` names.

    >>> from autograd.primitives import relu, less
    >>> writer = Writer(Externals())
    >>> writer.apply(less, [Term("%a"), writer.constant(0.0)])
    Term(text='%v0', is_condition=True)
    >>> writer.lines
    ['%v0 = fcmp olt double %a, 0x0000000000000000']
    """

    lines: list[str]
    kind: str  # the type of a number
    truth: str  # the type of a condition
    true: str  # the condition that holds in every lane

    def __init__(self, externals: Externals, *, width: int = 1, fast: bool = False) -> None:
        self.lines = []
        self.kind = _kind(width)
        self.truth = _kind(width, "i1")
        self.true = "true" if width == 1 else "splat (i1 true)"
        self._width = width
        self._externals = externals
        self._flags = "contract " if fast else ""
        self._count = 0

    def fresh(self) -> str:
        """A name that nothing has yet."""
        self._count += 1
        return f"%v{self._count - 1}"

    def line(self, text: str) -> str:
        """Adds an instruction; returns the name of its result."""
        name = self.fresh()
        self.lines.append(f"{name} = {text}")
        return name

    def constant(self, number: float) -> Term:
        """A number, the same in every lane, to the last bit."""
        bits = f"0x{struct.unpack('<Q', struct.pack('<d', number))[0]:016X}"
        return Term(bits if self._width == 1 else f"splat (double {bits})")

    def spread(self, scalar: str) -> str:
        """A vector with one number in every lane; of one lane the number itself."""
        if self._width == 1:
            return scalar
        first = self.line(f"insertelement {self.kind} poison, double {scalar}, i64 0")
        return self.line(
            f"shufflevector {self.kind} {first}, {self.kind} poison, <{LANES} x i32> zeroinitializer"
        )

    def number(self, term: Term) -> str:
        """The term as a number: 1.0 and 0.0 for a condition that holds or does not."""
        if not term.is_condition:
            return term.text
        return self.line(f"uitofp {self.truth} {term.text} to {self.kind}")

    def condition(self, term: Term) -> str:
        """The term as a condition: a number is true unless it is 0."""
        if term.is_condition:
            return term.text
        return self.line(f"fcmp une {self.kind} {term.text}, {self.constant(0.0).text}")

    def negated(self, condition: str) -> str:
        """The opposite of a condition."""
        return self.line(f"xor {self.truth} {condition}, {self.true}")

    def apply(self, row: Primitive, operands: Sequence[Term]) -> Term:
        """The value of a row that is not defined by others."""
        tree = _tree(row)
        if tree is not None:
            return self._written(tree, operands)
        function = self._externals.row(row, len(operands), self._width)
        value = self._called(function, operands)
        return Term(self.condition(value), True) if row.comparison else value

    def _written(self, tree: Tree, operands: Sequence[Term]) -> Term:
        if isinstance(tree, int):
            return operands[tree]
        if isinstance(tree, float):
            return self.constant(tree)
        symbol = tree.symbol
        terms = [self._written(operand, operands) for operand in tree.operands]
        if symbol == "?":
            condition, chosen, other = self.condition(terms[0]), self.number(terms[1]), self.number(terms[2])
            return Term(
                self.line(f"select {self.truth} {condition}, {self.kind} {chosen}, {self.kind} {other}")
            )
        if symbol in _LOGIC:
            left, right = map(self.condition, terms)
            return Term(self.line(f"{_LOGIC[symbol]} {self.truth} {left}, {right}"), True)
        if terms[0].is_condition and tree.operands[1:] == (0.0,) and symbol in ("==", "!="):
            condition = terms[0].text
            return Term(condition if symbol == "!=" else self.negated(condition), True)
        if symbol in _COMPARISONS:
            left, right = map(self.number, terms)
            return Term(self.line(f"fcmp {_COMPARISONS[symbol]} {self.kind} {left}, {right}"), True)
        if symbol == "-" and len(terms) == 1:
            return Term(self.line(f"fneg {self.kind} {self.number(terms[0])}"))
        if symbol in _ARITHMETIC:
            left, right = map(self.number, terms)
            return Term(self.line(f"{_ARITHMETIC[symbol]} {self._flags}{self.kind} {left}, {right}"))
        if symbol in _EXACT:
            return self._called(self._externals.exact(symbol, self.kind, len(terms)), terms)
        return self._called(self._externals.call(symbol, len(terms), self._width), terms)

    def _called(self, function: str, operands: Sequence[Term]) -> Term:
        arguments = ", ".join(f"{self.kind} {self.number(term)}" for term in operands)
        return Term(self.line(f"call {self.kind} @{function}({arguments})"))
