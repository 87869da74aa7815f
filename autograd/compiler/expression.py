"""The C expressions of the table, parsed: `c="{0} != 0 ? {1} : {2}"` as a tree that a backend can write.

What a row states once for the C compiler is read here for the others, so that no value is spelled twice.  The
grammar is that of the table: conditional, logical, comparing and arithmetic operators, calls, brackets,
numbers and the operands `{0}`, `{1}`, ...
"""

from __future__ import annotations

import re
from typing import NamedTuple, NoReturn

__all__ = ["Application", "Tree", "parsed"]

_TOKENS = re.compile(r"\s*(\{\d+\}|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|\w+|&&|\|\||[<>=!]=|\S)")
_LEVELS = (("||",), ("&&",), ("==", "!="), ("<", "<=", ">", ">="), ("+", "-"), ("*", "/"))
"""The binary operators of C, those that bind loosest first."""


class Application(NamedTuple):
    """An operator or a function of C, applied to its operands; `?` is the conditional."""

    symbol: str
    operands: tuple[Tree, ...]


Tree = int | float | Application  # the place of an operand, a number, or what is applied to such


def parsed(text: str) -> Tree:
    """The tree of an expression in C; ValueError where it is not in the grammar of this module.

    >>> parsed("{0} != 0 ? -{1} : fabs({1})")  # doctest: +NORMALIZE_WHITESPACE
    Application(symbol='?', operands=(Application(symbol='!=', operands=(0, 0.0)),
        Application(symbol='-', operands=(1,)), Application(symbol='fabs', operands=(1,))))
    """
    return _Parser(text).whole()


class _Parser:
    """Reads an expression token by token, one method per kind of expression."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = _TOKENS.findall(text)

    def whole(self) -> Tree:
        tree = self._conditional()
        if self._tokens:
            self._refuse()
        return tree

    def _conditional(self) -> Tree:
        condition = self._binary(0)
        if not self._takes("?"):
            return condition
        chosen = self._conditional()
        self._expect(":")
        return Application("?", (condition, chosen, self._conditional()))

    def _binary(self, level: int) -> Tree:
        if level == len(_LEVELS):
            return self._unary()
        tree = self._binary(level + 1)
        while self._tokens and self._tokens[0] in _LEVELS[level]:
            tree = Application(self._tokens.pop(0), (tree, self._binary(level + 1)))
        return tree

    def _unary(self) -> Tree:
        return Application("-", (self._unary(),)) if self._takes("-") else self._primary()

    def _primary(self) -> Tree:
        if self._takes("("):
            tree = self._conditional()
            self._expect(")")
            return tree
        token = self._tokens.pop(0) if self._tokens else ""
        if token.startswith("{") and token != "{":
            return int(token[1:-1])
        if token[:1].isdigit() or (token.startswith(".") and token != "."):
            return float(token)
        if token.isidentifier() and self._takes("("):
            return Application(token, tuple(self._arguments()))
        self._refuse()

    def _arguments(self) -> list[Tree]:
        arguments = [self._conditional()]
        while self._takes(","):
            arguments.append(self._conditional())
        self._expect(")")
        return arguments

    def _takes(self, token: str) -> bool:
        """Whether the next token is this one, which is then behind us."""
        found = self._tokens[:1] == [token]
        if found:
            del self._tokens[0]
        return found

    def _expect(self, token: str) -> None:
        if not self._takes(token):
            self._refuse()

    def _refuse(self) -> NoReturn:
        raise ValueError(
            f"a row's value in C is made of operators, calls, numbers and operands {{0}}, {{1}}, ..., "
            f"but {self._text!r} is not"
        )
