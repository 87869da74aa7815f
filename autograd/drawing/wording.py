"""The words of a picture: numbers in a few digits, ranges, counts, labels that fit.

Whatever a user typed comes out as one or more lines that every format can hold; how a format escapes
its own special characters is that format's business.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence

ABSENT = "–"
ANY = "·"  # stands for an operand, or for a number that differs from one to the next
LONGEST = 80  # characters of a label that a box shows; its tooltip has them all

_SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_NOT_IN_XML = re.compile("[^\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_PLACE = re.compile(r"[\d\s_.,()\[\]₀-₉]+$")


def number(value: float) -> str:
    """Four significant digits, or six of a whole number.

    >>> number(2 / 3), number(1e-7), number(-0.0), number(123456.0)
    ('0.6667', '1e-07', '-0', '123456')
    """
    return f"{value:.6g}" if value.is_integer() else f"{value:.4g}"


def span(values: Sequence[float]) -> str:
    """From the least to the greatest of several numbers, or how many of them are not finite.

    >>> span([1.0, 1.0]), span([2.0, -0.5]), span([1.0, math.nan, math.inf]), span([])
    ('1', '-0.5 … 2', '2 of 3 not finite', '–')
    """
    if not values:
        return ABSENT
    if len(values) == 1:
        return number(values[0])
    wrong = sum(not math.isfinite(value) for value in values)
    if wrong:
        return f"{wrong:,} of {len(values):,} not finite"
    least, most = number(min(values)), number(max(values))
    return least if least == most else f"{least} … {most}"


def count(amount: int, noun: str) -> str:
    """An amount of something.

    >>> count(1, "node"), count(2000, "node")
    ('1 node', '2,000 nodes')
    """
    return f"{amount:,} {noun}{'' if amount == 1 else 's'}"


def subscript(position: int) -> str:
    """The number of the operand at a position, small: `₁` is the first."""
    return str(position + 1).translate(_SUBSCRIPTS)


def percent(share: float) -> str:
    """A share as a percentage of three digits.

    >>> percent(1.0), percent(-0.12345)
    ('100 %', '-12.3 %')
    """
    return f"{100 * share:.3g} %"


def printable(text: str) -> str:
    """The text, with what XML cannot hold as Python writes it; lines stay lines.

    >>> printable("a\\x00b")
    'a\\\\x00b'
    """
    return "\n".join(_NOT_IN_XML.sub(lambda found: ascii(found[0])[1:-1], line) for line in text.splitlines())


def shortened(text: str, longest: int = LONGEST) -> str:
    """At most so many characters of a text, with … for the rest.

    >>> shortened("a label of many words", 9)
    'a label …'
    """
    return text if len(text) <= longest else text[: longest - 1] + "…"


def stem(label: str) -> str:
    """A label without the number at its end: what labels of a series have in common.

    >>> stem("w12"), stem("x[3][0]"), stem("b"), stem("7")
    ('w', 'x', 'b', '')
    """
    return _PLACE.sub("", label[:LONGEST]) if len(label) <= LONGEST else label


def series(labels: Iterable[str]) -> str:
    """The labels of several things as one text: the first and the last of those that differ.

    >>> series(["w0", "w1", "w2"]), series(["b", "b"]), series(["", ""])
    ('w0 … w2', 'b', '')
    """
    different = list(dict.fromkeys(labels))
    if len(different) < 2:
        return "".join(different)
    shown = [shortened(" ".join(label.split()), LONGEST // 2) for label in (different[0], different[-1])]
    return f"{shown[0]}{', ' if len(different) == 2 else ' … '}{shown[1]}"
