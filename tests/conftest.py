"""What every test shares: Hypothesis draws the same examples in every run, and no test is timed.

`pytest --hypothesis-profile=explore` draws new ones instead.  With AUTOGRAD_CORE=native a test that is
skipped has failed: nobody shall take a run without the engine in C for one with it.

The tests of the explorer's page in a browser need Chromium (`apt-get install chromium`) and playwright.
Those of graphs in C, and beside C, need a compiler, `cc`.  What is missing is not tested, and the first
lines of the report say so.
"""

import importlib.util
import os
import shutil
from collections.abc import Generator
from typing import Any

import pytest
from hypothesis import settings

settings.register_profile("deterministic", derandomize=True, deadline=None, database=None)
settings.register_profile("explore", deadline=None)
settings.load_profile("deterministic")

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
has_browser = CHROMIUM is not None and importlib.util.find_spec("playwright") is not None
COMPILER = shutil.which("cc")
collect_ignore = [
    *([] if has_browser else ["test_explorer_page.py"]),
    *([] if COMPILER else ["test_csource.py", "test_compiled_benchmarks.py"]),
]


def pytest_report_header() -> list[str]:
    where = CHROMIUM if has_browser else "no browser: Chromium or playwright is missing"
    compiler = COMPILER or "no compiler: cc is missing"
    return [f"explorer's page: tested in {where}", f"graphs in C: tested with {compiler}"]


@pytest.fixture(scope="session")
def chromium() -> str | None:
    """The path of the browser in which pages are tested."""
    return CHROMIUM


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
