"""Formulas as text, `tanh(x*w + b)`, read by a whitelist over Python's grammar and never run as code.

What is not on the list is refused before anything is computed, by a ValueError that names it.  A
formula's length and nesting are bounded, and neither reading nor computing one recurses.
"""

from __future__ import annotations

import ast
import difflib
import functools
import inspect
import itertools
import keyword
import operator
import re
import unicodedata
import warnings
from collections.abc import Callable, Iterable
from typing import Any

from autograd import math, primitives
from autograd.engine import Value
from autograd.rows import Primitive, real, table

__all__ = ["Formula", "function_names", "point"]

_MOST_CHARACTERS = 2_000
_DEEPEST_BRACKETS = 100  # Python's own parser gives up at 200

_CONSTANTS = {name: getattr(math, name) for name in ("pi", "e", "tau", "inf", "nan")}

# What autograd.math adds to the rows for numbers: its log takes a base, its hypot any number of arguments.
_FUNCTIONS = {
    name: getattr(math, name) for name in ("fabs", "hypot", "isclose", "isfinite", "isinf", "isnan", "log")
}

_HINTS = {  # for names that other languages give to functions
    "ln": "the natural logarithm is log",
    "max": "is it maximum?",
    "min": "is it minimum?",
}

# A product without its sign, 2x, or a call without its brackets, sin x.
_JUXTAPOSED = re.compile(r"\b\d+\s*[^\W\d]|\w\s+\w")


def _power(x: Any, y: Any) -> Any:
    return x**y if isinstance(x, Value) else primitives.pow(x, y)  # a plain 9.0**999 would raise


_OPERATORS: dict[type[ast.AST], Callable[..., Any]] = {
    ast.Add: primitives.add,
    ast.Sub: primitives.sub,
    ast.Mult: primitives.mul,
    ast.Div: primitives.div,
    ast.FloorDiv: primitives.floor_divide,
    ast.Mod: primitives.mod,
    ast.Pow: _power,
    ast.UAdd: operator.pos,
    ast.USub: primitives.neg,
    ast.Not: primitives.logical_not,
    ast.And: primitives.logical_and,
    ast.Or: primitives.logical_or,
    ast.Lt: primitives.less,
    ast.LtE: primitives.less_equal,
    ast.Gt: primitives.greater,
    ast.GtE: primitives.greater_equal,
    ast.Eq: primitives.equal,
    ast.NotEq: primitives.not_equal,
}

_Application = tuple[Callable[..., Any], int]  # a function, and how many of the last results it takes
_Step = float | str | _Application  # a number, a name, or an application


class Formula:
    """A function of numbers and Values, read from text.

    A formula has numbers, names, the constants pi, e, tau, inf and nan, + - * / // % ** with brackets,
    comparisons, `and`, `or`, `not`, `a if condition else b` (which is `where`), and calls of the table's
    rows and of autograd.math's functions of numbers.  Arithmetic is that of the rows: it never raises.

    `names` are the names in the text, in its order.  A call takes a number for each as a keyword argument;
    a constant may be left out, and is an ordinary name otherwise.  Raises ValueError for any other text,
    a missing name or a superfluous one.

    >>> formula = Formula("tanh(x*w + b)")
    >>> formula.names, formula(x=2, w=-3, b=6)
    (('x', 'w', 'b'), 0.0)
    >>> x = Value(3.0)
    >>> Formula("x**2 if x > 0 else 0")(x=x).backward()
    >>> x.grad
    6.0
    """

    def __init__(self, text: str) -> None:
        self.text = text.strip()
        self._program = _program(self.text)
        self.names = tuple(dict.fromkeys(step for step in self._program if isinstance(step, str)))

    def __call__(self, /, **numbers: Any) -> Any:
        given = {**_CONSTANTS, **numbers}
        if missing := [name for name in self.names if name not in given]:
            raise ValueError(f"no number is given for {', '.join(missing)}")
        if unused := [name for name in numbers if name not in self.names]:
            raise ValueError(
                f"a number is given for {', '.join(unused)}, but the formula has "
                f"{'only ' + ', '.join(self.names) if self.names else 'no names'}"
            )
        results: list[Any] = []
        for step in self._program:
            if isinstance(step, float):
                results.append(step)
            elif isinstance(step, str):
                results.append(given[step])
            else:
                function, count = step
                first = len(results) - count
                results[first:] = [function(*results[first:])]
        (result,) = results
        return result if isinstance(result, Value) else real(result)


def point(assignments: Iterable[str]) -> dict[str, float]:
    """The numbers that texts such as `x=2` or `angle=pi/4` give to names.

    Raises ValueError for any other text, and for a name that is given twice.

    >>> point(["x=2", "y=-1e-3"])
    {'x': 2.0, 'y': -0.001}
    """
    numbers: dict[str, float] = {}
    for assignment in assignments:
        name, equals, text = assignment.partition("=")
        name = unicodedata.normalize("NFKC", name.strip())  # as Python reads the names of a formula
        if not equals or not name.isidentifier() or keyword.iskeyword(name):
            raise ValueError(f"expected name=number, such as x=2, not {_quoted(assignment)}")
        if name in numbers:
            raise ValueError(f"two numbers are given for {name}: give one")
        try:
            numbers[name] = Formula(text)()
        except ValueError as error:
            raise ValueError(f"expected a number in {_quoted(assignment)}: {error}") from None
    return numbers


def function_names() -> list[str]:
    """The names of the functions that a formula may call, sorted."""
    return sorted({*_FUNCTIONS, *(name for name, row in table.items() if not row.auxiliary)})


def _program(text: str) -> list[_Step]:
    """The formula's steps in postfix order: operands, from left to right, before what applies to them."""
    steps = []
    pending: list[ast.AST] = [_tree(text)]
    while pending:
        step, operands = _read(pending.pop(), text)
        steps.append(step)
        pending += operands
    return steps[::-1]


def _tree(text: str) -> ast.expr:
    """Python's parse of the text, which is bounded first: its parser's own limits vary."""
    if not text:
        raise ValueError("the formula is empty")
    if len(text) > _MOST_CHARACTERS:
        raise ValueError(f"the formula has {len(text):,} characters; at most {_MOST_CHARACTERS:,} are read")
    depths = itertools.accumulate((character in "([{") - (character in ")]}") for character in text)
    if max(depths) > _DEEPEST_BRACKETS:
        raise ValueError(f"the formula's brackets are nested more than {_DEEPEST_BRACKETS} deep")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # Python warns of text such as `2if x else 3`
            return ast.parse(text, mode="eval").body
    except SyntaxError as error:
        hint = "; a product is written 2*x, a call sin(x)" if _JUXTAPOSED.search(text) else ""
        raise ValueError(f"this is no formula: {_quoted(text)} ({error.msg}{hint})") from None
    except ValueError:
        raise ValueError(f"this is no formula: {_quoted(text)} has characters that are no text") from None
    except (MemoryError, RecursionError):
        raise ValueError("the formula is nested too deeply") from None


def _read(node: ast.AST, text: str) -> tuple[_Step, list[Any]]:
    """The step that a node of the syntax is, and its operands' nodes; ValueError if it is not allowed."""
    match node:
        case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
            return real(number), []
        case ast.Name(id=name):
            return name, []
        case ast.UnaryOp(op=sign, operand=x) if type(sign) in _OPERATORS:
            return (_OPERATORS[type(sign)], 1), [x]
        case ast.BinOp(left=x, op=sign, right=y) if type(sign) in _OPERATORS:
            return (_OPERATORS[type(sign)], 2), [x, y]
        case ast.BoolOp(op=sign, values=operands):
            return (_folding(_OPERATORS[type(sign)]), len(operands)), [*operands]
        case ast.Compare(left=x, ops=signs, comparators=others) if all(
            type(sign) in _OPERATORS for sign in signs
        ):
            return (_comparing([_OPERATORS[type(sign)] for sign in signs]), len(others) + 1), [x, *others]
        case ast.IfExp(test=condition, body=x, orelse=y):
            return (primitives.where, 3), [condition, x, y]
        case ast.Call(func=ast.Name(id=name), args=operands, keywords=keywords):
            # A keyword argument is an operand that the last line below refuses, as it does *x.
            return (_function(name, len(operands) + len(keywords)), len(operands)), [*operands, *keywords]
    segment = ast.get_source_segment(text, node) or text
    raise ValueError(f"{_quoted(segment)} cannot stand in a formula{_remedy(node)}")


def _remedy(node: ast.AST) -> str:
    """How to write what the node of the syntax was probably meant to be, or what there is to write."""
    match node:
        case ast.BinOp(op=ast.BitXor()):
            return ": a power is written x**2"
        case ast.Attribute(attr=name) if name in _CONSTANTS:
            return f": write {name}"
        case ast.Call(func=ast.Attribute(attr=name)) if name in function_names():
            return f": write {name}(x)"
    return (
        ", which has numbers, names, + - * / // % **, comparisons, and, or, not, if else, "
        "and calls of functions"
    )


def _folding(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function of two arguments for any number of them, from left to right."""
    return lambda *operands: functools.reduce(function, operands)


def _comparing(comparisons: list[Callable[..., Any]]) -> Callable[..., Any]:
    """The chain x < y <= z: each comparison between its neighbours, joined by `and`."""

    def compare(*operands: Any) -> Any:
        truths = [
            function(*pair) for function, pair in zip(comparisons, itertools.pairwise(operands), strict=True)
        ]
        return functools.reduce(primitives.logical_and, truths)

    return compare


def _function(name: str, count: int) -> Callable[..., Any]:
    """The function of that name; ValueError if there is none, or if it does not take `count` arguments."""
    names = function_names()
    if name not in names:
        close = difflib.get_close_matches(name, names, cutoff=0.8)
        hint = f"is it {' or '.join(close)}?" if close else "python -m autograd eval --help lists them"
        raise ValueError(f"there is no function {_quoted(name)}: {_HINTS.get(name, hint)}")
    function = _FUNCTIONS.get(name) or table[name]
    operands = (0.0,) * count
    try:
        if isinstance(function, Primitive):
            function.completed(operands)
        else:
            inspect.signature(function).bind(*operands)
    except TypeError as error:
        raise ValueError(f"in a call of {name}: {error}") from None
    return function


def _quoted(text: str) -> str:
    """The text on one line, shortened in its middle if it is long."""
    return repr(text if len(text) <= 60 else f"{text[:40]} ... {text[-15:]}")
