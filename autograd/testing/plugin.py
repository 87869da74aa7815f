"""The pytest plugin: `--gradcheck-report` counts the verdicts of every check in the summary of a run.

A run in which more than a fifth of the verdicts are INCONCLUSIVE has tested less than it seems, and fails.
"""

from __future__ import annotations

import collections
from typing import Any

import pytest

from autograd.testing.checking import observers
from autograd.testing.report import GradientReport

__all__ = ["MOST_INCONCLUSIVE"]

MOST_INCONCLUSIVE = 0.2
"""The share of verdicts that may be INCONCLUSIVE."""

_KEY = "gradcheck verdicts"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds the option."""
    parser.getgroup("autograd").addoption(
        "--gradcheck-report",
        action="store_true",
        help="count the verdicts of autograd.testing's checks, and fail if more than a fifth of them are "
        "INCONCLUSIVE",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Counts from now on, if asked to."""
    if config.getoption("--gradcheck-report"):
        config.pluginmanager.register(_Counts(), "gradcheck-report")


class _Counts:
    """The verdicts of a run; of a run in several processes, each sends its own to the first."""

    def __init__(self) -> None:
        self._verdicts: collections.Counter[str] = collections.Counter()
        observers.append(self._count)

    def _count(self, report: GradientReport) -> None:
        self._verdicts.update(check.verdict.name for check in report.checks)

    @property
    def _inconclusive(self) -> float:
        return self._verdicts["INCONCLUSIVE"] / max(self._verdicts.total(), 1)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        self._verdicts.update(getattr(node, "workeroutput", {}).get(_KEY, {}))

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        workeroutput = getattr(session.config, "workeroutput", None)
        if workeroutput is not None:
            workeroutput[_KEY] = dict(self._verdicts)
        elif self._inconclusive > MOST_INCONCLUSIVE and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        terminalreporter.section("gradient checks")
        counts = ", ".join(f"{count:,} {name}" for name, count in self._verdicts.most_common())
        terminalreporter.line(counts or "no check was made")
        if self._inconclusive > MOST_INCONCLUSIVE:
            terminalreporter.line(
                f"{self._inconclusive:.0%} of the verdicts are INCONCLUSIVE, more than "
                f"{MOST_INCONCLUSIVE:.0%}: these inputs test too little",
                red=True,
            )
