r"""Graphs as LaTeX, for notebooks, documents and web pages.

The rows say in LaTeX what differs from infix text: `\frac{#1}{#2}` for a quotient.  Labels become symbols,
`w_1` a w with an index and `alpha` the letter; any other text shows as typed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from autograd.engine import Value, topological_order
from autograd.notation.infix import called, exact, rounded
from autograd.notation.written import (
    COMPARISON,
    LOOSEST,
    MINUS,
    POWER,
    PRODUCT,
    SIGN,
    SUM,
    TIGHTEST,
    Notation,
    Written,
    lines,
    text,
)
from autograd.rows import Primitive, real

__all__ = ["LaTeX", "latex"]

_LONGEST = 20_000  # characters that a notebook is given to typeset

_WIDEST = 160  # characters of LaTeX in a line of equations

_GREEK = re.compile(
    "alpha|beta|gamma|delta|epsilon|zeta|eta|theta|iota|kappa|lambda|mu|nu|xi|pi|rho|sigma|tau|upsilon|phi|"
    "chi|psi|omega|Gamma|Delta|Theta|Lambda|Xi|Pi|Sigma|Upsilon|Phi|Psi|Omega"
)
_VARIABLE = re.compile(r"([^\W\d_]+)(\d*)((?:_[^\W_]+|\[\w+\]|\['\w+'\])*)")
_ESCAPES = {
    **{character: "\\" + character for character in "#$%&_{} "},
    **{"\\": r"\backslash ", "^": r"\wedge ", "~": r"\sim ", "<": r"\lt ", ">": r"\gt "},
}


class LaTeX(str):
    """LaTeX of mathematics, as a str without delimiters, that notebooks typeset.

    Where it is too long to be typeset at once, they show a line that says so.
    """

    __slots__ = ()

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        if len(self) > _LONGEST:
            return {"text/plain": f"LaTeX of {len(self):,} characters: print it to read it"}
        return {"text/latex": f"$$\n{self}\n$$", "text/plain": str(self)}


def latex(value: Any, names: Mapping[Value, str] | None = None) -> LaTeX:
    r"""How a Value was computed, in LaTeX; names, and parts lifted out, as `expression` has them.

    A label is a letter or a word, a number and indices: `w1`, `theta_1_2`, `x[0]`; Greek ones become letters.

    >>> x, w, b = Value(2.0, "x"), Value(-3.0, "w_1"), Value(6.0, "beta")
    >>> print(latex((x * w + b).tanh() / 2))
    \frac{\tanh\left(x \cdot w_{1} + \beta\right)}{2}
    """
    if not isinstance(value, Value):
        return LaTeX("".join(map(str, _number(exact)(real(value)).pieces)))
    order = topological_order(value)
    wanted = {node: node.label for node in order if node.label} | dict(names or {})
    leaves = [node for node in order if node.primitive is None and node in wanted]
    parts, found = lines(_EXACT, order, [value], leaves, wanted)
    last = text(_EXACT, value, found)
    return aligned([*([name, part] for name, part in parts), ["", last]]) if parts else LaTeX(last)


def aligned(equations: Iterable[Iterable[str]]) -> LaTeX:
    """Equations below each other, each of a left side and right sides, these below each other if long."""
    rows = []
    for left, first, *others in equations:
        if len(first) + sum(map(len, others)) <= _WIDEST:
            first, others = " = ".join([first, *others]), []
        rows += [f"{left} &= {first}" if left else f"& {first}", *(f"&= {other}" for other in others)]
    body = " \\\\\n".join(rows)
    return LaTeX(f"\\begin{{aligned}}\n{body}\n\\end{{aligned}}")


# --- What is written for one node ------------------------------------------------------------------------


def _node(node: Value) -> Written:
    row: Primitive = node.primitive  # type: ignore[assignment]
    if "#" in (row.latex or ""):
        return _template(row, node)
    if row.precedence == 0:
        name = row.latex or _function(row.symbol)
        return called(rf"{name}\left(", node.arguments, r"\right)")
    sign = row.latex or _escaped(row.infix or row.symbol)
    if row.infix is None:
        level, least = (MINUS, PRODUCT) if row.precedence == SIGN else (row.precedence, row.precedence)
        return Written(level, [sign + " " * (sign[-1].isalpha()), (node.arguments[0], least)])
    level = row.precedence
    left, *right = node.arguments
    first = MINUS if level == PRODUCT else level + (level == COMPARISON)
    return Written(level, [(left, first), f" {sign} ", *((operand, level + 1) for operand in right)])


def _template(row: Primitive, node: Value) -> Written:
    """The row's LaTeX with its arguments in place.

    Arguments in braces need no brackets.  As the base of a power it needs them unless brackets enclose it,
    or a function's argument: `e^{x}` does, and log |x|.
    """
    template = row.latex or ""
    pieces: list[str | tuple[Any, float]] = []
    is_enclosed = template.startswith(r"\left") or template.endswith(r"\right)")
    level: float = TIGHTEST if is_enclosed else POWER
    for place in re.split(r"(\{#\d+\}|#\d+)", template):
        number = place.strip("{}").removeprefix("#")
        if not number.isdigit():
            pieces.append(place)
        elif place.startswith("{"):
            pieces += ["{", (node.arguments[int(number) - 1], LOOSEST), "}"]
        else:
            level = POWER if row.precedence == POWER else min(row.precedence, SUM)  # a mod b joins two terms
            least = row.precedence + (level == POWER or number != "1")
            pieces.append((node.arguments[int(number) - 1], least))
    return Written(level, pieces)


def _function(name: str) -> str:
    """A function's name upright, its primes behind it."""
    base = name.rstrip("'")
    return rf"\operatorname{{{_escaped(base)}}}{name[len(base) :]}"


def _number(digits: Callable[[float], str]) -> Callable[[float], Written]:
    """Writes a number with the digits that the function gives, and an exponent as a power of ten."""

    def written(number: float) -> Written:
        mantissa, _, exponent = digits(number).partition("e")
        mantissa = mantissa.replace("inf", r"\infty").replace("nan", r"\mathrm{nan}")
        level = MINUS if mantissa.startswith("-") else TIGHTEST
        if exponent:
            power = rf"10^{{{int(exponent)}}}"
            level = min(level, POWER if mantissa == "1" else PRODUCT)
            mantissa = (
                power
                if mantissa == "1"
                else "-" + power
                if mantissa == "-1"
                else rf"{mantissa} \cdot {power}"
            )
        return Written(level, [mantissa])

    return written


# --- Names -----------------------------------------------------------------------------------------------


def _symbols(wanted: Mapping[Value, str], taken: Iterable[str]) -> dict[Value, str]:
    """A symbol for each node, a second one of the same label with its number below it."""
    used = {*taken}
    counts: dict[str, int] = {}
    names = {}
    for node, label in wanted.items():
        name = base = _symbol(label)
        while name in used:
            counts[base] = counts.get(base, 1) + 1
            name = f"{{{base}}}_{{({counts[base]})}}"
        used.add(name)
        names[node] = name
    return names


def _symbol(label: str) -> str:
    """A letter or word with indices if the label is one, else the label as it was typed."""
    parts = _VARIABLE.fullmatch(label)
    if parts is None:
        return rf"\mathrm{{{_escaped(label)}}}"
    letter, digits, others = parts.groups()
    indices = [index for index in (digits, *re.findall(r"[^\W_]+", others)) if index]
    below = f"_{{{','.join(map(_word, indices))}}}" if indices else ""
    return _word(letter) + below


def _word(word: str) -> str:
    if _GREEK.fullmatch(word):
        return "\\" + word
    return word if len(word) == 1 or word.isdigit() else rf"\mathrm{{{word}}}"


def _escaped(typed: str) -> str:
    """Text that shows as typed in mathematics; what cannot be printed, as Python writes it."""
    printable = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in typed)
    return "".join(_ESCAPES.get(character, character) for character in printable)


_EXACT = Notation(_node, _number(exact), (r"\left(", r"\right)"), _symbols)

READING = Notation(_node, _number(rounded), (r"\left(", r"\right)"), _symbols)
"""With numbers of six digits."""
