"""A rolled program as a function in LLVM's language: one function inside for each loop.

The loops are of one number at a time, and the optimiser makes vectors of them; digits and totals are
variables in memory, which it makes registers.  `rolled_function` gives the same `point` as `assembly`:
`int point(const double *in, double *out)`, which returns 1, 0 where a guard has another truth, or -1 where
memory ran out.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Sequence

from autograd.compiler import nests
from autograd.compiler.emission import Externals, Term, Writer
from autograd.compiler.rolled import Column, Local, Loop, Operand, Rolled

__all__ = ["rolled_function"]

_PARAMETERS = "ptr noalias %in, ptr noalias %kept, ptr noalias %values, ptr noalias %out"
_ARGUMENTS = "ptr %in, ptr %values, ptr %values, ptr %out"
"""`kept` are the values as loops read them, `values` as they write them, and read what they have written."""

_LONG_STRAIGHT = 5_000  # statements outside of loops, from which on they are not worth the optimiser's time
_READ = {"inputs": "%in", "constants": "@point.constants", "values": "%kept", "own": "%values"}
_WRITTEN = {"values": "%values", "outputs": "%out"}


def rolled_function(rolled: Rolled, externals: Externals, *, fast: bool = False) -> str:
    """The text of `point`, without that of the externals."""
    texts = []
    calls = []
    straight = sum(len(loop.statements) for loop in rolled.loops if not loop.shape and not loop.steps)
    for number, loop in enumerate(rolled.loops):
        writer = _LoopWriter(rolled, externals, fast)
        writer.loop(loop)
        is_spared = straight > _LONG_STRAIGHT and not loop.shape and not loop.steps
        head = f"internal void @point.{number}"
        texts.append(writer.definition(head, "ret void", "noinline optnone" if is_spared else "noinline"))
        calls.append(f"call void @point.{number}({_ARGUMENTS})")
    writer = _LoopWriter(rolled, externals, fast)
    writer.copies()
    holds = writer.guards()
    texts.append(writer.definition("internal i1 @point.end", f"ret i1 {holds}", "noinline"))
    return "\n".join([*_arrays(rolled), *texts, _main(rolled, externals, calls)])


def _arrays(rolled: Rolled) -> Iterable[str]:
    writer = Writer(Externals())
    constants = ", ".join(f"double {writer.constant(number).text}" for number in rolled.constants)
    places = ", ".join(f"i32 {place}" for place in rolled.table)
    yield f"@point.constants = private constant [{len(rolled.constants)} x double] [{constants}]"
    yield f"@point.table = private constant [{len(rolled.table)} x i32] [{places}]"


def _main(rolled: Rolled, externals: Externals, calls: Sequence[str]) -> str:
    lines = ["entry:"]
    if rolled.values:
        externals.memory()
        lines += [
            f"%values = call ptr @autograd_malloc(i64 {8 * rolled.values})",
            "%lost = icmp eq ptr %values, null",
            "br i1 %lost, label %failed, label %start",
            "failed:",
            "ret i32 -1",
            "start:",
        ]
    else:
        lines.append("%values = select i1 true, ptr null, ptr null")
    lines += [*calls, f"%holds = call i1 @point.end({_ARGUMENTS})"]
    lines += ["call void @autograd_free(ptr %values)"] if rolled.values else []
    lines += ["%code = zext i1 %holds to i32", "ret i32 %code"]
    return _defined("i32 @point(ptr noalias %in, ptr noalias %out) #0", lines)


def _defined(head: str, lines: Iterable[str]) -> str:
    body = "\n".join(line if line.endswith(":") else f"  {line}" for line in lines)
    return f"define {head} {{\n{body}\n}}"


class _LoopWriter:
    """The lines of one function."""

    def __init__(self, rolled: Rolled, externals: Externals, fast: bool) -> None:
        self._rolled = rolled
        self._writer = Writer(externals, fast=fast)
        self._variables: dict[str, str] = {}  # what each holds
        self._labels = 0

    def definition(self, head: str, end: str, attributes: str) -> str:
        variables = [f"{name} = alloca {kind}" for name, kind in self._variables.items()]
        return _defined(f"{head}({_PARAMETERS}) {attributes} #0", [*variables, *self._writer.lines, end])

    def loop(self, loop: Loop) -> None:
        """Writes all iterations."""
        self._nest(loop, nests.nest(loop))

    def copies(self) -> None:
        for count, source, target in self._rolled.copies:
            with self._repeated(0, count):
                self._store(Column("outputs", target, (1,)), self._operand(source))

    def guards(self) -> str:
        """Writes the guards; returns whether all of them hold."""
        writer = self._writer
        self._variables["%holds"] = "i1"
        writer.lines.append("store i1 true, ptr %holds")
        for count, column, truth in self._rolled.guards:
            with self._repeated(0, count):
                condition = writer.condition(self._operand(column))
                agrees = condition if truth else writer.negated(condition)
                before = writer.line("load i1, ptr %holds")
                writer.lines.append(f"store i1 {writer.line(f'and i1 {before}, {agrees}')}, ptr %holds")
        return writer.line("load i1, ptr %holds")

    # --- Iterations ---

    def _nest(self, loop: Loop, nest: Sequence[nests.Nest]) -> None:
        for part in nest:
            if isinstance(part, nests.For):
                with self._repeated(part.digit, part.extent):
                    self._nest(loop, part.body)
            elif isinstance(part, nests.Start):
                for place, fold in enumerate(loop.folds):
                    self._set_total(loop, place, self._operand(fold.initial))
                self._set_carried([self._operand(carry.initial) for carry in loop.carries])
            elif isinstance(part, nests.Body):
                self._body(loop)
            else:
                for place, fold in enumerate(loop.folds):
                    for target in fold.targets:
                        self._store(target, self._total(loop, place))
                for place, carry in enumerate(loop.carries):
                    for target in carry.targets:
                        self._store(target, Term(self._carried(place)))

    @contextlib.contextmanager
    def _repeated(self, digit: int, extent: int) -> Iterator[None]:
        """What is written inside is done for every number below `extent`, which is `%i` and the digit."""
        writer = self._writer
        variable = f"%i{digit}"
        self._variables[variable] = "i64"
        label = f"loop{self._labels}"
        self._labels += 1
        writer.lines += [f"store i64 0, ptr {variable}", f"br label %{label}", f"{label}:"]
        yield
        after = writer.line(f"add nuw nsw i64 {writer.line(f'load i64, ptr {variable}')}, 1")
        more = writer.line(f"icmp ult i64 {after}, {extent}")
        writer.lines += [
            f"store i64 {after}, ptr {variable}",
            f"br i1 {more}, label %{label}, label %{label}.done",
            f"{label}.done:",
        ]

    def _body(self, loop: Loop) -> None:
        """One iteration: the statements, and the folds' terms."""
        writer = self._writer
        terms: list[Term] = []
        for row, operands in loop.statements:
            terms.append(writer.apply(row, [self._operand(operand, terms) for operand in operands]))
        for operand, target in loop.stores:
            self._store(target, self._operand(operand, terms))
        for place, fold in enumerate(loop.folds):
            total = self._total(loop, place)
            for term in fold.terms:
                total = writer.apply(fold.row, [total, self._operand(term, terms)])
            self._set_total(loop, place, total)
        self._set_carried([self._operand(carry.next, terms) for carry in loop.carries])

    def _set_carried(self, terms: Sequence[Term]) -> None:
        for place, term in enumerate(terms):
            self._variables[f"%c{place}"] = "double"
            self._writer.lines.append(f"store double {self._writer.number(term)}, ptr %c{place}")

    def _carried(self, place: int) -> str:
        return self._writer.line(f"load double, ptr %c{place}")

    def _total(self, loop: Loop, place: int) -> Term:
        return Term(self._writer.line(f"load double, ptr {self._total_address(loop, place)}"))

    def _set_total(self, loop: Loop, place: int, total: Term) -> None:
        address = self._total_address(loop, place)
        self._writer.lines.append(f"store double {self._writer.number(total)}, ptr {address}")

    def _total_address(self, loop: Loop, place: int) -> str:
        count = nests.totals(loop)
        self._variables[f"%a{place}"] = f"[{count} x double]" if count else "double"
        if not count:
            return f"%a{place}"
        digit = self._writer.line(f"load i64, ptr %i{len(loop.shape) - 1}")
        return self._writer.line(f"getelementptr inbounds double, ptr %a{place}, i64 {digit}")

    # --- Operands ---

    def _operand(self, operand: Operand, terms: Sequence[Term] = ()) -> Term:
        if isinstance(operand, Local):
            return terms[operand.statement]
        if operand.array == "carried":
            return Term(self._carried(operand.base))
        if operand.array == "constants" and not operand.strides:
            return self._writer.constant(self._rolled.constants[operand.base])
        return Term(self._writer.line(f"load double, ptr {self._address(_READ[operand.array], operand)}"))

    def _store(self, column: Column, term: Term) -> None:
        address = self._address(_WRITTEN[column.array], column)
        self._writer.lines.append(f"store double {self._writer.number(term)}, ptr {address}")

    def _address(self, array: str, column: Column) -> str:
        writer = self._writer
        index = str(column.base)
        for digit, stride in enumerate(column.strides):
            if stride:
                number = writer.line(f"load i64, ptr %i{digit}")
                if stride != 1:
                    number = writer.line(f"mul nsw i64 {number}, {stride}")
                index = writer.line(f"add nsw i64 {index}, {number}")
        if column.by_table:
            place = writer.line(f"getelementptr inbounds i32, ptr @point.table, i64 {index}")
            index = writer.line(f"zext i32 {writer.line(f'load i32, ptr {place}')} to i64")
        return writer.line(f"getelementptr inbounds double, ptr {array}, i64 {index}")
