"""The pytest plugin: verdicts counted in the summary, and too many undecided ones fail the run."""

import pytest

pytest_plugins = ["pytester"]

SOME_CHECKS = """
    import math
    import autograd
    from autograd.testing import check_gradients

    def test_two():
        assert check_gradients(lambda x, y: x * y, 2.0, 3.0)

    def test_a_kink():
        assert check_gradients(abs, 0.0)
"""

UNDECIDED = """
    import math
    import autograd
    from autograd.testing import check_gradients

    def test_at_infinity():
        assert check_gradients(autograd.atan, math.inf)
"""


def run(pytester: pytest.Pytester, *options: str) -> pytest.RunResult:
    return pytester.runpytest_subprocess("-p", "no:cacheprovider", *options)


@pytest.mark.parametrize("processes", [[], ["-n", "2"]], ids=["in one process", "in two"])
def test_the_summary_counts_the_verdicts(pytester: pytest.Pytester, processes: list[str]) -> None:
    pytester.makepyfile(SOME_CHECKS)
    result = run(pytester, "--gradcheck-report", *processes)
    result.stdout.fnmatch_lines(["*= gradient checks =*", "2 OK, 1 OK_KINK"])
    assert result.ret == 0


@pytest.mark.parametrize("processes", [[], ["-n", "2"]], ids=["in one process", "in two"])
def test_a_run_with_too_many_undecided_verdicts_fails(
    pytester: pytest.Pytester, processes: list[str]
) -> None:
    pytester.makepyfile(test_some=SOME_CHECKS, test_undecided=UNDECIDED)
    result = run(pytester, "--gradcheck-report", *processes)
    result.stdout.fnmatch_lines(["25% of the verdicts are INCONCLUSIVE, more than 20%: *"])
    result.assert_outcomes(passed=3)
    assert result.ret == 1


def test_a_run_without_the_option_is_left_alone(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(UNDECIDED)
    result = run(pytester)
    assert "gradient checks" not in result.stdout.str()
    assert result.ret == 0


def test_a_run_without_a_check_says_so(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_nothing(): pass")
    result = run(pytester, "--gradcheck-report")
    result.stdout.fnmatch_lines(["no check was made"])
    assert result.ret == 0
