"""A program as whole functions in LLVM's language: of one point, and of many rows, eight at a time.

`point_function` gives `int point(const double *in, double *out)`, which returns 1, 0 where a guard has
another truth than when the program was traced, or -1 where memory ran out.

`rows_function` gives `int rows(shared, columns, start, stop, out, missed)` over the rows from `start` on.
Its inputs are numbers that all rows share, followed by columns.  It fills columns with the outputs, or adds
them up in the order that a reduction is defined by: in blocks of 1,024 rows, row r to partial sum r mod 8,
the eight as ((0+4)+(2+6)) + ((1+5)+(3+7)).  A partial sum begins as -0.0, to which adding anything gives
just that, so one that no row falls to is as good as left out.

LLVM takes more than linear time for a long function, so a long program becomes several: a value that a later
one needs lies in memory between them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, Protocol

from autograd.compiler.emission import LANES, Externals, Term, Writer
from autograd.compiler.program import Operation, Program

__all__ = ["BLOCK", "point_function", "rows_function"]

BLOCK = 1024  # rows whose sum is complete before the next block's begins
_PART = 300  # operations of a function
_VECTOR, _TRUTHS = f"<{LANES} x double>", f"<{LANES} x i1>"
_BYTES = 8 * LANES  # of a vector


class _Access(Protocol):
    """Where the functions of a program's parts find its inputs and leave its outputs."""

    name: str
    width: int
    parameters: str  # of each part, with their types
    arguments: str  # for them

    def load(self, writer: Writer, place: int) -> Term:
        """Writes the reading of an input."""

    def store(self, writer: Writer, place: int, number: str) -> None:
        """Writes what becomes of an output."""


class _Point:
    """One number per input and output, in two arrays."""

    name = "point"
    width = 1
    parameters = "ptr noalias %in, ptr noalias %out"
    arguments = "ptr %in, ptr %out"

    def load(self, writer: Writer, place: int) -> Term:
        return Term(_loaded(writer, "double", "%in", place))

    def store(self, writer: Writer, place: int, number: str) -> None:
        _store(writer, number, "double", "%out", place)


class _Rows:
    """Numbers shared by all rows and columns of them; of the outputs columns or partial sums.

    In the lanes beyond the last row stand the numbers of the group's first, so that nothing is computed that
    no row asks for.
    """

    name = "rows"
    width = LANES
    parameters = f"ptr noalias %shared, ptr noalias %columns, i64 %row, {_TRUTHS} %valid, ptr noalias %out"

    def __init__(self, shared: int, reduced: bool) -> None:
        self.arguments = (
            f"ptr %shared, ptr %columns, i64 %row, {_TRUTHS} %valid, ptr {'%sums' if reduced else '%out'}"
        )
        self._shared = shared
        self._reduced = reduced

    def load(self, writer: Writer, place: int) -> Term:
        if place < self._shared:
            return Term(writer.spread(_loaded(writer, "double", "%shared", place)))
        address = self._address(writer, "%columns", place - self._shared)
        first = writer.spread(writer.line(f"load double, ptr {address}, align 8"))
        arguments = f"ptr align 8 {address}, {_TRUTHS} %valid, {_VECTOR} {first}"
        return Term(writer.line(f"call {_VECTOR} @llvm.masked.load.v8f64.p0({arguments})"))

    def store(self, writer: Writer, place: int, number: str) -> None:
        if self._reduced:
            before = _loaded(writer, _VECTOR, "%out", place)
            after = writer.line(f"fadd {_VECTOR} {before}, {number}")
            chosen = writer.line(f"select {_TRUTHS} %valid, {_VECTOR} {after}, {_VECTOR} {before}")
            _store(writer, chosen, _VECTOR, "%out", place)
        else:
            address = self._address(writer, "%out", place)
            arguments = f"{_VECTOR} {number}, ptr align 8 {address}, {_TRUTHS} %valid"
            writer.lines.append(f"call void @llvm.masked.store.v8f64.p0({arguments})")

    def _address(self, writer: Writer, columns: str, place: int) -> str:
        """Where the group's numbers of a column begin."""
        column = _loaded(writer, "ptr", columns, place)
        return writer.line(f"getelementptr double, ptr {column}, i64 %row")


def _loaded(writer: Writer, kind: str, array: str, place: int) -> str:
    address = writer.line(f"getelementptr {kind}, ptr {array}, i64 {place}")
    return writer.line(f"load {kind}, ptr {address}")


def _store(writer: Writer, value: str, kind: str, array: str, place: int) -> None:
    address = writer.line(f"getelementptr {kind}, ptr {array}, i64 {place}")
    writer.lines.append(f"store {kind} {value}, ptr {address}")


class _Parts(NamedTuple):
    """The functions that carry out a program one after another, and how much memory lies between them."""

    texts: list[str]
    names: list[str]
    slots: int  # numbers or vectors


def _parts(program: Program, access: _Access, externals: Externals, fast: bool) -> _Parts:
    starts = range(0, max(len(program.operations), 1), _PART)
    slots, count = _slots(program)
    aside = "" if len(starts) == 1 else " noinline"
    texts: list[str] = []
    names: list[str] = []
    for start in starts:
        writer = Writer(externals, width=access.width, fast=fast)
        part = range(program.first + start, program.first + start + _PART)
        _Part(program, access, writer, slots, part).write(last=start == starts[-1])
        body = "\n".join(f"  {line}" for line in writer.lines)
        name = f"{access.name}.{len(texts)}"
        head = f"define internal {writer.truth} @{name}({access.parameters}, ptr noalias %values){aside} #0"
        texts.append(f"{head} {{\n{body}\n}}")
        names.append(name)
    return _Parts(texts, names, count)


def _slots(program: Program) -> tuple[dict[int, int], int]:
    """Where in memory each value lies that later parts need, and how many places that takes.

    A place is used anew once the part that needs its value last is done.
    """
    last_part: dict[int, int] = {}
    for place, (_, operands) in enumerate(program.operations):
        for operand in operands:
            last_part[operand] = place // _PART
    slots: dict[int, int] = {}
    ending: dict[int, list[int]] = {}
    free: list[int] = []
    count = 0
    for place in range(len(program.operations)):
        number, part = program.first + place, place // _PART
        if place % _PART == 0:
            free += ending.pop(part - 1, ())
        if last_part.get(number, part) > part:
            if not free:
                free.append(count)
                count += 1
            slots[number] = free.pop()
            ending.setdefault(last_part[number], []).append(slots[number])
    return slots, count


class _Part:
    """The body of one function: the operations with the numbers `part`."""

    def __init__(
        self, program: Program, access: _Access, writer: Writer, slots: dict[int, int], part: range
    ) -> None:
        self._program = program
        self._access = access
        self._writer = writer
        self._slots = slots
        self._part = part
        self._terms: dict[int, Term] = {}

    def write(self, last: bool) -> None:
        """Writes it all; the last part also leaves the outputs, and tells the guards, of no operation."""
        program, writer = self._program, self._writer
        for number, (row, operands) in zip(self._part, self._operations(), strict=False):
            self._terms[number] = writer.apply(row, [self._term(operand) for operand in operands])
            if number in self._slots:
                _store(
                    writer,
                    writer.number(self._terms[number]),
                    writer.kind,
                    "%values",
                    self._slots[number],
                )

        def is_here(number: int) -> bool:
            return number in self._part or (last and number < program.first)

        for place, number in enumerate(program.outputs):
            if is_here(number):
                self._access.store(writer, place, writer.number(self._term(number)))
        holds = [self._holds(number, truth) for number, truth in program.guards if is_here(number)]
        writer.lines.append(f"ret {writer.truth} {self._all(holds)}")

    def _operations(self) -> Sequence[Operation]:
        start = self._part.start - self._program.first
        return self._program.operations[start : start + len(self._part)]

    def _term(self, number: int) -> Term:
        """The value of this number, read where this part first needs it."""
        term = self._terms.get(number)
        if term is None:
            program, writer = self._program, self._writer
            if number < program.inputs:
                term = self._access.load(writer, number)
            elif number < program.first:
                term = writer.constant(program.constants[number - program.inputs])
            else:
                term = Term(_loaded(writer, writer.kind, "%values", self._slots[number]))
            self._terms[number] = term
        return term

    def _holds(self, number: int, truth: bool) -> str:
        condition = self._writer.condition(self._term(number))
        return condition if truth else self._writer.negated(condition)

    def _all(self, conditions: Iterable[str]) -> str:
        whole, *more = [*conditions] or [self._writer.true]
        for condition in more:
            whole = self._writer.line(f"and {self._writer.truth} {whole}, {condition}")
        return whole


# --- Functions that are called from outside ---------------------------------------------------------------


def point_function(program: Program, externals: Externals, *, fast: bool = False) -> str:
    """The text of `point`, without that of the externals."""
    access = _Point()
    parts = _parts(program, access, externals, fast)
    lines = [
        *_allocation(externals, 8 * parts.slots, "start"),
        "start:",
        *_calls(parts, access),
        *_release(externals, 8 * parts.slots),
        "%code = zext i1 %holds to i32",
        "ret i32 %code",
    ]
    return _module(parts, "i32 @point(ptr noalias %in, ptr noalias %out)", lines)


def rows_function(
    program: Program, externals: Externals, *, shared: int, reduced: bool, fast: bool = False
) -> str:
    """The text of `rows`, without that of the externals: the first `shared` inputs are the same in all rows.

    `out` holds the addresses of one column per output: of a reduced program with a number for each block.
    `missed` receives one byte per row, if the program has guards.
    `start` is a multiple of 1,024 and less than `stop`.
    """
    access = _Rows(shared, reduced)
    parts = _parts(program, access, externals, fast)
    sums = len(program.outputs) if reduced else 0
    size = _BYTES * (parts.slots + sums)
    lines = [
        *_allocation(externals, size, "block"),
        "block:",
        "%first = phi i64 [ %start, %entry ], [ %next, %done ]",
        f"%full = add i64 %first, {BLOCK}",
        "%whole = icmp ule i64 %full, %stop",
        "%next = select i1 %whole, i64 %full, i64 %stop",
        f"%sums = getelementptr {_VECTOR}, ptr %values, i64 {parts.slots}",
        "br label %clear" if sums else "br label %group",
        *(
            _loop("clear", "block", "group", sums, [f"store {_VECTOR} {_MINUS_ZEROS}, ptr %clear.sum"])
            if sums
            else []
        ),
        "group:",
        f"%row = phi i64 [ %first, %{'clear' if sums else 'block'} ], [ %row.next, %group ]",
        "%left = sub i64 %next, %row",
        f"%left.first = insertelement {_INDICES} poison, i64 %left, i64 0",
        f"%left.all = shufflevector {_INDICES} %left.first, {_INDICES} poison, {_FIRST_EVERYWHERE}",
        f"%valid = icmp ult {_INDICES} <{', '.join(f'i64 {lane}' for lane in range(LANES))}>, %left.all",
        *_calls(parts, access),
        *(_MISSED if program.guards else ()),
        f"%row.next = add i64 %row, {LANES}",
        "%more = icmp ult i64 %row.next, %next",
        f"br i1 %more, label %group, label %{'added' if sums else 'done'}",
        *(_finish(sums) if sums else ()),
        "done:",
        "%again = icmp ult i64 %next, %stop",
        "br i1 %again, label %block, label %end",
        "end:",
        *_release(externals, size),
        "ret i32 1",
    ]
    inputs = "ptr noalias %shared, ptr noalias %columns, i64 %start, i64 %stop"
    head = f"i32 @rows({inputs}, ptr noalias %out, ptr noalias %missed)"
    return "\n".join([_module(parts, head, lines), *_MASKED])


_INDICES = f"<{LANES} x i64>"
_FIRST_EVERYWHERE = f"<{LANES} x i32> zeroinitializer"  # the lane that a shuffle takes for each
_MINUS_ZEROS = "splat (double 0x8000000000000000)"
_MASKED = (
    f"declare {_VECTOR} @llvm.masked.load.v8f64.p0(ptr, {_TRUTHS}, {_VECTOR})",
    f"declare void @llvm.masked.store.v8f64.p0({_VECTOR}, ptr, {_TRUTHS})",
    f"declare void @llvm.masked.store.v8i8.p0(<{LANES} x i8>, ptr, {_TRUTHS})",
)
_MISSED = (
    f"%missing = xor {_TRUTHS} %holds, splat (i1 true)",
    f"%bytes = zext {_TRUTHS} %missing to <{LANES} x i8>",
    "%byte = getelementptr i8, ptr %missed, i64 %row",
    f"call void @llvm.masked.store.v8i8.p0(<{LANES} x i8> %bytes, ptr align 1 %byte, {_TRUTHS} %valid)",
)


def _loop(name: str, before: str, after: str, count: int, body: Sequence[str]) -> Iterator[str]:
    """A loop over the partial sums: the text of `body` for each, whose address is `%name.sum`."""
    yield f"{name}:"
    yield f"%{name}.k = phi i64 [ 0, %{before} ], [ %{name}.next, %{name} ]"
    yield f"%{name}.sum = getelementptr {_VECTOR}, ptr %sums, i64 %{name}.k"
    yield from body
    yield f"%{name}.next = add i64 %{name}.k, 1"
    yield f"%{name}.more = icmp ult i64 %{name}.next, {count}"
    yield f"br i1 %{name}.more, label %{name}, label %{after}"


def _finish(sums: int) -> Iterator[str]:
    """The eight partial sums of each output added up, and left among those of the block."""
    yield "added:"
    yield f"%number = udiv i64 %first, {BLOCK}"
    yield "br label %finish"
    body = [f"%eight = load {_VECTOR}, ptr %finish.sum"]
    name, width = "eight", LANES
    while width > 1:
        half = width // 2
        for part, begin in (("low", 0), ("high", half)):
            chosen = ", ".join(f"i32 {lane}" for lane in range(begin, begin + half))
            body.append(
                f"%{part}{half} = shufflevector <{width} x double> %{name}, <{width} x double> poison, "
                f"<{half} x i32> <{chosen}>"
            )
        name, width = f"sum{half}", half
        body.append(f"%{name} = fadd <{half} x double> %low{half}, %high{half}")
    body += [
        "%total = extractelement <1 x double> %sum1, i64 0",
        "%place = getelementptr ptr, ptr %out, i64 %finish.k",
        "%column = load ptr, ptr %place",
        "%target = getelementptr double, ptr %column, i64 %number",
        "store double %total, ptr %target",
    ]
    yield from _loop("finish", "added", "done", sums, body)


def _calls(parts: _Parts, access: _Access) -> Iterator[str]:
    """The parts one after another; `%holds` then tells whether all their guards hold."""
    truth = _TRUTHS if access.width > 1 else "i1"
    for number, name in enumerate(parts.names):
        result = "%holds" if len(parts.names) == 1 else f"%holds.{number}"
        yield f"{result} = call {truth} @{name}({access.arguments}, ptr %values)"
    before = "%holds.0"
    for number in range(1, len(parts.names)):
        after = "%holds" if number == len(parts.names) - 1 else f"%all.{number}"
        yield f"{after} = and {truth} {before}, %holds.{number}"
        before = after


def _allocation(externals: Externals, size: int, after: str) -> Iterator[str]:
    """`%values` as the address of so many bytes, aligned to a vector; without memory, -1 is returned."""
    yield "entry:"
    if size == 0:
        yield "%values = select i1 true, ptr null, ptr null"
        yield f"br label %{after}"
        return
    externals.memory()
    yield f"%memory = call ptr @autograd_malloc(i64 {size + _BYTES})"
    yield f"%beyond = getelementptr i8, ptr %memory, i64 {_BYTES - 1}"
    yield f"%values = call ptr @llvm.ptrmask.p0.i64(ptr %beyond, i64 -{_BYTES})"
    yield "%lost = icmp eq ptr %memory, null"
    yield f"br i1 %lost, label %failed, label %{after}"
    yield "failed:"
    yield "ret i32 -1"


def _release(externals: Externals, size: int) -> Iterator[str]:
    if size:
        yield "call void @autograd_free(ptr %memory)"


def _module(parts: _Parts, head: str, lines: Iterable[str]) -> str:
    body = "\n".join(line if line.endswith(":") else f"  {line}" for line in lines)
    return "\n".join([*parts.texts, f"define {head} #0 {{\n{body}\n}}"])
