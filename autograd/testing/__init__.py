"""Testing gradients: a checker that gives verdicts, certified enclosures, and strategies for Hypothesis.

`autograd.testing.strategies` is imported by those who use it: it needs Hypothesis.  What the checker finds
beyond the digits of doubles needs mpmath, and `certify` python-flint as well, which the extra `certify`
installs.
"""

from autograd.testing.balls import Certificate, Enclosure, certify
from autograd.testing.checking import check_gradients, check_graph
from autograd.testing.report import GradientReport, InputCheck
from autograd.testing.rounding import RoundingError, rounding_error
from autograd.testing.verdicts import Behaviour, Side, Verdict

__all__ = [
    "Behaviour",
    "Certificate",
    "Enclosure",
    "GradientReport",
    "InputCheck",
    "RoundingError",
    "Side",
    "Verdict",
    "certify",
    "check_gradients",
    "check_graph",
    "rounding_error",
]


def __dir__() -> list[str]:
    """What there is for a user; the other modules serve these."""
    return [*__all__, "strategies"]
