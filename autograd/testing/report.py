"""What a check found: one line for each input, and what is wrong where something is."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import NamedTuple

from autograd.graph import Graph
from autograd.notation import brief
from autograd.testing.rounding import RoundingError, rounding_error
from autograd.testing.verdicts import Behaviour, Verdict

__all__ = ["GradientReport", "InputCheck"]

_ORDER = list(Verdict)
_MOST_LINES = 40


class InputCheck(NamedTuple):
    """The derivative by one input, checked.

    `value` is the input's, `gradient` the number under test, and `behaviour` what differences of the
    function's values tell of it there, whose `derivative` and `error` are offered here as well.
    `resolution` is the smallest relative error of the gradient that would have been seen, inf or nan if
    none would; `note` says what else there is to know.
    """

    name: str
    value: float
    gradient: float
    behaviour: Behaviour
    verdict: Verdict
    resolution: float
    note: str = ""

    @property
    def derivative(self) -> float:
        """The derivative that the differences gave; nan where there is no single one."""
        return math.nan if self.behaviour.derivative is None else float(self.behaviour.derivative)

    @property
    def error(self) -> float:
        """How far off `derivative` may be."""
        return float(self.behaviour.error)


class GradientReport:
    """The outcome of a check.  True unless something is a MISMATCH; `str` is a table.

    A line of the table is an input: its number, the gradient under test, the derivative by differences, how
    far off that may be, and the smallest *relative* error of the gradient that the check could have seen.
    `checks` has an `InputCheck` for each input (for order 2, for each pair of inputs), `verdict` is the
    worst of theirs, `faults` says which local derivatives are wrong, the one of the smallest expression
    first.
    """

    def __init__(
        self,
        function: str,
        checks: Sequence[InputCheck],
        faults: Sequence[str] = (),
        graph: Graph | None = None,
    ) -> None:
        self.function = function
        self.checks = tuple(checks)
        self.faults = tuple(faults)
        self._graph = graph

    @functools.cached_property
    def rounding(self) -> RoundingError | None:
        """How far rounding may have moved the function's value, and where; None of a black box."""
        return None if self._graph is None else rounding_error(self._graph)

    @property
    def verdict(self) -> Verdict:
        """The worst verdict of all inputs."""
        return max((check.verdict for check in self.checks), key=_ORDER.index)

    @property
    def resolution(self) -> float:
        """The largest of the inputs' resolutions: a relative error of this size would have been seen."""
        return max((c.resolution for c in self.checks if not math.isnan(c.resolution)), default=math.nan)

    def __bool__(self) -> bool:
        return self.verdict is not Verdict.MISMATCH

    def raise_for_mismatch(self) -> GradientReport:
        """This report; raises AssertionError, with the table, if there is a MISMATCH."""
        if not self:
            raise AssertionError(str(self))
        return self

    def __repr__(self) -> str:
        worst = max(self.checks, key=lambda check: _ORDER.index(check.verdict))
        found = f"{worst.name}: gradient {worst.gradient!r}, derivative {worst.behaviour.description}"
        fault = f"; {self.faults[0]}" if self.faults else ""
        return f"<GradientReport {self.function}: {self.verdict}, {found}{fault}>"

    def __str__(self) -> str:
        rows: list[tuple[str, ...]] = [
            ("input", "at", "gradient", "by differences", "+-", "could see", "verdict")
        ]
        shown = sorted(self.checks, key=lambda check: -_ORDER.index(check.verdict))[:_MOST_LINES]
        rows += [_cells(check) for check in self.checks if check in shown]
        widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
        lines = [f"{self.function}: {self.verdict} -- {self.verdict.value}"]
        lines += [
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in rows
        ]
        if len(self.checks) > len(shown):
            lines.append(f"and {len(self.checks) - len(shown):,} more, no worse than these")
        lines += dict.fromkeys(f"{check.name}: {check.note}" for check in shown if check.note)
        lines += [f"wrong: {fault}" for fault in self.faults]
        if self.rounding is not None:
            lines.append(_rounding_line(self.rounding))
        return "\n".join(lines)


def _rounding_line(error: RoundingError) -> str:
    worst = next(iter(error.contributions), None)
    if worst is None or not math.isfinite(error.bound):
        return f"value: {error.output!r}"
    share = f"{worst.error / error.bound:.0%} of it by {brief(worst.node)}"
    return f"value: {error.output!r}, rounded by at most {error.bound:.2g}, {share}"


def _cells(check: InputCheck) -> tuple[str, ...]:
    behaviour = check.behaviour
    bar = "" if behaviour.derivative is None else f"{check.error:.1e}"
    seen = f"{check.resolution:.1e}" if math.isfinite(check.resolution) else ""
    at, gradient = f"{check.value:.6g}", repr(check.gradient)
    return check.name, at, gradient, behaviour.description, bar, seen, str(check.verdict)
