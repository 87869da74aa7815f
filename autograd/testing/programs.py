"""Random Python programs for Hypothesis: branches, loops, `break`, early returns, and the path each takes.

A program is Python source, so that its control flow is Python's own, and what a failing test prints can be
pasted into a file.  The path of a point is found by running the source on floats that note every truth
which Python asks for: neither a trace nor the compiler has a part in it.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Sequence
from typing import Any

from hypothesis import strategies as st

from autograd import primitives

__all__ = ["Program", "programs"]

_Lines = list[str]

_NAMES = ("a", "b", "x", "y")
_CONSTANTS = ("1", "0", "0.5", "2", "-1")
_VARIABLES = st.sampled_from(_NAMES)
_OPERANDS = st.sampled_from([*_NAMES, *_CONSTANTS])
_PAIRS = st.sampled_from([(x, y) for x in _NAMES for y in _NAMES if x != y])
_COMPARED = _PAIRS | st.tuples(_VARIABLES, st.sampled_from(_CONSTANTS))
_COMPARISONS = st.sampled_from(["<", ">", "<", ">", "<=", ">=", "==", "!="])  # few numbers are equal
_CALLED = ("abs", "sin", "exp", "tanh", "sqrt", "log", "relu", "sigmoid", "maximum", "minimum", "where")
_ROUNDS = 3  # of every loop at most: paths multiply
_DEEPEST = 2  # blocks within blocks


class Program:
    """A function of two numbers with branches, given as Python source; calling it runs it.

    >>> program = Program("def f(x, y):\\n    return max(x, y) if x > 0 else x * y\\n")
    >>> program(2.0, 3.0), program(-1.0, 3.0)
    (3.0, -3.0)
    >>> program.path(2.0, 3.0), program.path(-1.0, 3.0)
    ((True, True), (False,))
    """

    arity = 2

    def __init__(self, source: str) -> None:
        self.source = source
        code = compile(source, "<program>", "exec")
        self._function = _defined(code, {name: getattr(primitives, name) for name in _CALLED})
        self._on_witnesses = _defined(
            code, {name: _witnessing(getattr(primitives, name)) for name in _CALLED}
        )

    def __call__(self, x: Any, y: Any) -> Any:
        return self._function(x, y)

    def path(self, *point: float) -> tuple[bool, ...]:
        """Every truth that Python asks for on the way from a point to the result, in order."""
        truths: list[bool] = []
        self._on_witnesses(*(_Witness(number, truths) for number in point))
        return tuple(truths)

    def __repr__(self) -> str:
        return self.source

    def _repr_pretty_(self, printer: Any, _: bool) -> None:
        """For Hypothesis, which would indent the lines."""
        printer.text(f"\n{self.source}\n")


def _defined(code: Any, names: dict[str, Any]) -> Callable[..., Any]:
    """The function `f` that a program's code defines; the code is what `programs` has drawn."""
    namespace = {**names, "abs": abs}  # Python's own, which calls the operand's method
    exec(code, namespace)
    function: Callable[..., Any] = namespace["f"]
    return function


# --- Witnesses --------------------------------------------------------------------------------------------


def _witnessing(function: Callable[..., Any]) -> Callable[..., _Witness]:
    """A function of numbers as one of witnesses, at least one of them, and numbers."""

    def witnessed(*operands: Any) -> _Witness:
        truths = next(operand.truths for operand in operands if isinstance(operand, _Witness))
        numbers = [operand.number if isinstance(operand, _Witness) else operand for operand in operands]
        return _Witness(function(*numbers), truths)

    return witnessed


class _Witness:
    """A number, or a truth, that notes what Python takes it for wherever it asks."""

    def __init__(self, number: float, truths: list[bool]) -> None:
        self.number = number
        self.truths = truths

    def __bool__(self) -> bool:
        self.truths.append(bool(self.number))
        return self.truths[-1]

    __neg__ = _witnessing(operator.neg)
    __abs__ = _witnessing(abs)
    __add__ = _witnessing(operator.add)
    __sub__ = _witnessing(operator.sub)
    __mul__ = _witnessing(operator.mul)
    __truediv__ = _witnessing(primitives.div)  # Python's own raises for 0
    __lt__ = _witnessing(operator.lt)
    __le__ = _witnessing(operator.le)
    __gt__ = _witnessing(operator.gt)
    __ge__ = _witnessing(operator.ge)
    __eq__ = _witnessing(operator.eq)  # type: ignore[assignment]
    __ne__ = _witnessing(operator.ne)  # type: ignore[assignment]


# --- Drawing a program ------------------------------------------------------------------------------------


def programs() -> st.SearchStrategy[Program]:
    """Programs of assignments, `if`, `while`, `for` with `break`, `max`, `min`, `abs` and early `return`.

    >>> from hypothesis import find
    >>> find(programs(), lambda program: len(program.path(2.0, 3.0)) > 0)
    def f(x, y):
        a = x * y
        b = sin(x)
        a = max(a, b)
        return a
    <BLANKLINE>
    """
    return _block(0).map(_program)


def _program(body: _Lines) -> Program:
    lines = ["a = x * y", "b = sin(x)", *body, "return a"]
    return Program("\n".join(["def f(x, y):", *_indented(lines)]) + "\n")


def _indented(lines: Sequence[str]) -> _Lines:
    return [f"    {line}" for line in lines]


@functools.cache
def _block(depth: int) -> st.SearchStrategy[_Lines]:
    """A few statements at a depth of blocks within blocks."""
    statements = [_assignment(), _assignment(), _assignment(), _early_return()]
    if depth < _DEEPEST:
        statements += [_choice(depth), _while(depth), _for(depth)]
    blocks = st.lists(st.one_of(statements), min_size=1, max_size=3 if depth else 6)
    return blocks.map(lambda drawn: [line for lines in drawn for line in lines])


# What selects one of its operands gets variables only.  With constants it might return one, and from then
# on the program would compute with Python's numbers, whose division by 0 raises.


def _expression() -> st.SearchStrategy[str]:
    infix = st.builds("{} {} {}".format, _VARIABLES, st.sampled_from("+-*/"), _OPERANDS)
    unary = st.builds("{}({})".format, st.sampled_from(["abs", "-", *_CALLED[1:8]]), _VARIABLES)
    binary = st.builds("{}({}, {})".format, st.sampled_from(_CALLED[8:10]), _VARIABLES, _OPERANDS)
    builtin = st.builds("{0}({1[0]}, {1[1]})".format, st.sampled_from(["max", "min"]), _PAIRS)
    chosen = st.builds("where({0}, {1[0]}, {1[1]})".format, _comparison(), _PAIRS)
    return st.one_of(infix, unary, binary, builtin, chosen)


def _comparison() -> st.SearchStrategy[str]:
    return st.builds("{0[0]} {1} {0[1]}".format, _COMPARED, _COMPARISONS)


def _condition() -> st.SearchStrategy[str]:
    joined = st.builds("({} {} {})".format, _comparison(), st.sampled_from(["and", "or"]), _comparison())
    return st.one_of(_comparison(), _comparison().map("not {}".format), joined, _VARIABLES)


def _assignment() -> st.SearchStrategy[_Lines]:
    return st.builds("{} = {}".format, _VARIABLES, _expression()).map(lambda line: [line])


def _early_return() -> st.SearchStrategy[_Lines]:
    return st.builds(
        lambda condition, result: [f"if {condition}:", f"    return {result}"], _condition(), _expression()
    )


def _choice(depth: int) -> st.SearchStrategy[_Lines]:
    def lines(condition: str, then: _Lines, otherwise: _Lines | None) -> _Lines:
        rest = [] if otherwise is None else ["else:", *_indented(otherwise)]
        return [f"if {condition}:", *_indented(then), *rest]

    inner = _block(depth + 1)
    return st.builds(lines, _condition(), inner, st.none() | inner)


def _while(depth: int) -> st.SearchStrategy[_Lines]:
    rounds = f"rounds_{depth}"

    def lines(condition: str, body: _Lines) -> _Lines:
        head = f"while {condition} and {rounds} < {_ROUNDS}:"
        return [f"{rounds} = 0", head, *_indented([f"{rounds} += 1", *body])]

    return st.builds(lines, _condition(), _block(depth + 1))


def _for(depth: int) -> st.SearchStrategy[_Lines]:
    def lines(before: _Lines, condition: str, after: _Lines) -> _Lines:
        body = [*before, f"if {condition}:", "    break", *after]
        return [f"for _ in range({_ROUNDS}):", *_indented(body)]

    return st.builds(lines, _block(_DEEPEST), _condition(), _block(_DEEPEST))
