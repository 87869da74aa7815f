"""Sums and means of many numbers, in an order that vectors and threads can keep.

Rows go in blocks of 1,024; within a block, row r is added to partial sum r mod 8, in order; the eight are
added as ((0+4) + (2+6)) + ((1+5) + (3+7)), and the blocks in order.  The order is part of the definition:
whoever computes eight rows at a time, or blocks in several threads, gets the same bits.  Partial sums that
no row falls to are left out.
"""

from __future__ import annotations

import functools
import itertools
import operator
from collections.abc import Iterable, Sequence
from typing import Any

__all__ = ["reduce_mean", "reduce_sum"]

BLOCK = 1024  # rows
LANES = 8  # partial sums of a block


def reduce_sum(terms: Iterable[Any]) -> Any:
    """The sum of the terms in the order of this module; 0.0 if there are none.

    Terms are numbers, Values, arrays, or whatever else `+` adds; a block of them is in memory at a time.

    >>> reduce_sum([1.0, 2.0, 6.0])
    9.0
    """
    total, _ = _counted_sum(terms)
    return total


def reduce_mean(terms: Iterable[Any]) -> Any:
    """`reduce_sum` times one over the number of terms, which is at least one: else ValueError.

    >>> reduce_mean([1.0, 2.0, 6.0])
    3.0
    """
    total, count = _counted_sum(terms)
    if not count:
        raise ValueError("the mean of no terms is undefined: give at least one")
    return total * (1.0 / count)


def _counted_sum(terms: Iterable[Any]) -> tuple[Any, int]:
    remaining, sums, count = iter(terms), [], 0
    while block := list(itertools.islice(remaining, BLOCK)):
        sums.append(_block(block))
        count += len(block)
    return (_chained(sums) if sums else 0.0), count


def _block(terms: Sequence[Any]) -> Any:
    lanes = [_chained(terms[lane::LANES]) if lane < len(terms) else None for lane in range(LANES)]
    while len(lanes) > 1:
        half = len(lanes) // 2
        lanes = [_added(lanes[lane], lanes[lane + half]) for lane in range(half)]
    return lanes[0]


def _added(first: Any, second: Any) -> Any:
    return first if second is None else first + second


def _chained(terms: Sequence[Any]) -> Any:
    return functools.reduce(operator.add, terms)
