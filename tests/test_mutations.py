"""The test of the tests: each row of the table is made wrong in each way, and the checker has to find it.

A mutant has a row's value and all of its partials but one.  It is found if a check at some point of the
row's domain is a MISMATCH; the row itself is checked at the same points and must not be.
"""

import math
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from expressions import ROWS as TABLE

from autograd import Primitive, where
from autograd.testing import Verdict, check_gradients
from autograd.testing.reference import points

ROWS = [row for row in TABLE if not row.comparison]
POINTS = 24

Partial = Callable[..., Any]

MUTATIONS: dict[str, Callable[[Partial], Partial]] = {
    "a ten-millionth off": lambda partial: lambda *arguments: partial(*arguments) * (1 + 1e-7),
    "the other sign": lambda partial: lambda *arguments: -partial(*arguments),
    "a wrong branch above 1": lambda partial: (
        lambda *arguments: where(arguments[0] > 1, 1.5 * partial(*arguments) + 0.25, partial(*arguments))
    ),
    "a wrong branch below 1": lambda partial: (
        lambda *arguments: where(arguments[0] < 1, 1.5 * partial(*arguments) + 0.25, partial(*arguments))
    ),
    "a dropped path": lambda partial: lambda *arguments: 0.0,
}


def is_constant(partial: Any) -> bool:
    return not callable(partial)


def mutants(row: Primitive) -> Iterator[tuple[int, str, Primitive]]:
    """The row with one partial made wrong; one of 0 becomes 1, since no factor changes it."""
    for position, partial in enumerate(row.partials):
        if partial is None:
            continue
        right = partial if callable(partial) else lambda *arguments, constant=partial: constant
        mutations = {"not 0": lambda partial: lambda *arguments: 1.0} if partial == 0 else MUTATIONS
        for number, (kind, mutated) in enumerate(mutations.items()):
            lower, upper = row.domain[0][0], row.domain[0][-1]
            if (kind.endswith("above 1") and upper <= 1) or (kind.endswith("below 1") and lower >= 1):
                continue
            partials = list(row.partials)
            partials[position] = mutated(right)
            if row.variadic:
                continue
            yield (
                position,
                kind,
                Primitive(
                    f"mutant_{row.name}_{position}_{number}",
                    row.function,
                    partials,
                    defined=row.defined,
                    exceptional=lambda *arguments, row=row: row.value(*arguments),
                    domain=row.domain,
                    selects=row.selects,
                    libraries=(),
                    plain=lambda *arguments, row=row: row(*arguments),
                ),
            )


def moderate_points(row: Primitive) -> list[tuple[float, ...]]:
    """Points at which the row has a value; the wide ones come last."""
    found = [point for point in dict.fromkeys(points(row, 80)) if math.isfinite(row(*point))]
    return sorted(found, key=lambda point: sum(abs(math.log10(abs(x))) if x else 0.0 for x in point))[:POINTS]


def verdicts(row: Primitive, point: tuple[float, ...]) -> list[Verdict]:
    """The verdicts by those arguments that vary smoothly: no whole numbers, nothing without a derivative."""
    varying = [
        place
        for place, (partial, interval) in enumerate(zip(row.partials, row.domain, strict=True))
        if partial is not None and not isinstance(interval, range)
    ]

    def function(*numbers: Any) -> Any:
        arguments = list(point)
        for place, number in zip(varying, numbers, strict=True):
            arguments[place] = number
        return row(*arguments)

    return [check.verdict for check in check_gradients(function, *(point[place] for place in varying)).checks]


@pytest.mark.parametrize(
    "row", [row for row in ROWS if any(p is not None for p in row.partials)], ids=lambda row: row.name
)
def test_every_mutant_of_a_row_is_found(row: Primitive) -> None:
    if row.variadic:
        row = Primitive(
            f"two_of_{row.name}", row.function, row.partials * 2, exceptional=row.value, plain=row._plain
        )
    where_defined = moderate_points(row)
    for point in where_defined:
        assert Verdict.MISMATCH not in verdicts(row, point), f"{row.name}{point}"
    for position, kind, mutant in mutants(row):
        found = any(Verdict.MISMATCH in verdicts(mutant, point) for point in where_defined)
        assert found, f"{kind} in partial {position} of {row.name} was not found"
