"""Testing gradients: a checker that gives verdicts, proofs by balls, and strategies for Hypothesis.

`strategies` and what needs python-flint are imported by those who use them.
"""

from autograd.testing.checking import check_gradients, check_graph
from autograd.testing.report import GradientReport, InputCheck
from autograd.testing.rounding import RoundingError, rounding_error
from autograd.testing.verdicts import Behaviour, Side, Verdict

__all__ = [
    "Behaviour",
    "GradientReport",
    "InputCheck",
    "RoundingError",
    "Side",
    "Verdict",
    "check_gradients",
    "check_graph",
    "rounding_error",
]
