"""What every test shares: Hypothesis draws the same examples in every run, and no test is timed.

`pytest --hypothesis-profile=explore` draws new ones instead.  With AUTOGRAD_CORE=native a test that is
skipped has failed: nobody shall take a run without the engine in C for one with it.
"""

import os
from collections.abc import Generator
from typing import Any

import pytest
from hypothesis import settings

settings.register_profile("deterministic", derandomize=True, deadline=None, database=None)
settings.register_profile("explore", deadline=None)
settings.load_profile("deterministic")


def _failed_if_skipped(report: Any) -> Any:
    if os.environ.get("AUTOGRAD_CORE") == "native" and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped, where nothing may be: {report.longrepr}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, Any, Any]:
    return _failed_if_skipped((yield))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, Any, Any]:
    return _failed_if_skipped((yield))
