"""One gradient compared with what differences tell, input by input, by the cheapest way that can tell.

Doubles first: where they see a relative error of 1e-8 and agree, that is enough.  Then values at as many
digits as it takes.  Then, where gradient and derivative differ, the audit of every step.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from autograd.notation import brief
from autograd.sweeps import adjoints
from autograd.testing import differences, limits, rounding
from autograd.testing.audit import Audit
from autograd.testing.replay import NoValue
from autograd.testing.report import InputCheck
from autograd.testing.subject import Subject
from autograd.testing.verdicts import Behaviour, Side, Verdict, judge

__all__ = ["Comparison", "compared_in_doubles"]

_CLOSE = 8 * 2.0**-52  # relatively: what the few roundings of a short program leave
_POWERLESS = 0.1  # who could not have seen so large a relative error has seen nothing
_PLACES = {
    Verdict.OK_KINK: "a kink",
    Verdict.OK_EDGE: "the edge",
    Verdict.OK_SINGULAR: "a singularity",
    Verdict.OK_JUMP: "a jump",
}


class Comparison:
    """The gradient of a graph's one output by its inputs, as recorded, against differences of the subject."""

    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        graph = subject.graph
        self._output = subject.replay.over_floats(subject.point)[subject.replay.output]
        nodes = [*graph.inputs, *graph.program]
        found = adjoints(graph.outputs, [1.0], nodes, as_values=False, inputs=graph.inputs)
        self.gradient = found[: len(graph.inputs)]
        self._noise = rounding.bound(nodes, found) + _spacing(self._output)
        self.audit = Audit(graph)

    def check(self, position: int, name: str) -> InputCheck:
        """The verdict on the derivative by one input."""
        return self._agreeing_in_doubles(position, name) or self._by_digits(position, name)

    def _result(
        self, position: int, name: str, behaviour: Behaviour, verdict: Verdict, resolution: float, *notes: str
    ) -> InputCheck:
        value, gradient = self._subject.point[position], self.gradient[position]
        return InputCheck(
            name, value, gradient, behaviour, verdict, resolution, "; ".join(filter(None, notes))
        )

    def _hint(self, position: int) -> float:
        """The distance over which a function with this slope would change by its own size; 0 for unknown."""
        gradient = abs(self.gradient[position])
        return abs(self._output) / gradient if 0 < gradient < math.inf else 0.0

    def _agreeing_in_doubles(self, position: int, name: str) -> InputCheck | None:
        """OK, if differences of doubles agree and would have seen a small error; else None."""
        x, gradient = self._subject.point[position], self.gradient[position]
        if not math.isfinite(self._output - gradient) or not math.isfinite(x):
            return None
        if gradient == 0 and self._subject.is_constant_along(position):
            side = Side(True, 0.0)
            return self._result(position, name, Behaviour(True, side, side, 0.0), Verdict.OK, 0.0)
        estimate = differences.central(
            self._subject.along(position), x, self._output, self._noise, self._hint(position)
        )
        behaviour = estimate.behaviour()
        resolution = differences.resolution(gradient, behaviour)
        if resolution > differences.RESOLUTION or judge(gradient, behaviour, differences.TOLERANCE) is None:
            return None
        return self._result(position, name, behaviour, Verdict.OK, resolution)

    def _by_digits(self, position: int, name: str) -> InputCheck:
        """The verdict by values at many digits, or by doubles if those cannot be had."""
        gradient = self.gradient[position]
        try:
            behaviour = self._behaviour(position)
        except (NoValue, ImportError) as reason:
            return self._by_doubles(position, name, f"doubles only: {reason}")
        verdict = judge(gradient, behaviour, _CLOSE)
        if verdict is Verdict.OK:
            return self._result(position, name, behaviour, verdict, _CLOSE if gradient else 0.0)
        if verdict is Verdict.NONFINITE or (verdict is not None and not self.audit.faults):
            return self._result(position, name, behaviour, verdict, math.nan)
        return self._explained(position, name, behaviour)

    def _behaviour(self, position: int) -> Behaviour:
        """What values at many digits tell."""
        x, gradient = self._subject.point[position], self.gradient[position]
        if not math.isfinite(x):
            return Behaviour(math.isfinite(self._output), Side(False), Side(False))
        along = self._subject.along_precisely(position)
        if not math.isfinite(self._output):
            if not math.isinf(gradient):
                return Behaviour(False, Side(False), Side(False))
            return limits.behaviour(along, abs(x) or 1.0, most_digits=limits.QUICK)._replace(finite=False)
        size = min(self._hint(position) or abs(x) or 1.0, max(abs(x), 1.0))
        behaviour = limits.behaviour(along, size)
        if behaviour.derivative is None or judge(gradient, behaviour, differences.RESOLUTION) is None:
            numbers = self._subject.replay.over_floats(self._subject.point)
            behaviour = limits.careful_behaviour(along, x, numbers)
        return behaviour

    def _explained(self, position: int, name: str, behaviour: Behaviour) -> InputCheck:
        """Why the gradient is not quite, or not at all, the derivative: rounding, or a step that is wrong."""
        gradient = self.gradient[position]
        exact = behaviour.derivative
        if exact is not None and math.isfinite(gradient):
            tolerance = float(_CLOSE * abs(exact) + 4 * self._rounding_error(position).bound)
            is_narrow = tolerance <= differences.RESOLUTION * abs(exact)
            if is_narrow and abs(gradient - exact) <= tolerance:
                return self._result(position, name, behaviour, Verdict.OK, float(tolerance / abs(exact)))
        if self.audit.faults or not self.audit.sweep_is_right(position, gradient):
            return self._result(position, name, behaviour, Verdict.MISMATCH, _CLOSE)
        if exact is not None and abs(gradient - exact) <= differences.RESOLUTION * abs(exact):
            return self._result(position, name, behaviour, Verdict.OK, differences.RESOLUTION)
        conventions = self.audit.conventions
        if (
            exact is not None
            and conventions
            and not any(s.node in self._subject.written for s in conventions)
        ):
            note = f"a rule is smooth in value but not as written: {brief(conventions[0].node)}"
            return self._result(position, name, behaviour, Verdict.MISMATCH, _CLOSE, note)
        return self._result(
            position, name, behaviour, Verdict.ILL_CONDITIONED, math.nan, *self._causes(position)
        )

    def _causes(self, position: int) -> Iterator[str]:
        """Why right steps did not lead to the derivative."""
        if conventions := self.audit.conventions:
            step = conventions[0]
            yield f"the chain rule passes {_PLACES[step.verdict]} of {brief(step.node)}"  # type: ignore[index]
            return
        error = self._rounding_error(position)
        worst = next(iter(error.contributions), None)
        if worst is None or error.bound == math.inf:
            yield "an adjoint leaves the range of doubles on the way"
            return
        share = f"{worst.error / error.bound:.0%} of it that of {brief(worst.node)} = {worst.node._data!r}"
        yield (
            f"rounding may move the gradient by {error.bound:.1g}, {share}, which what follows magnifies: "
            "another formula may not"
        )

    def _rounding_error(self, position: int) -> rounding.RoundingError:
        """How far rounding may have moved the derivative by one input."""
        graph = self._subject.graph
        return rounding.rounding_error(graph.gradient(graph.inputs[position]))

    def _by_doubles(self, position: int, name: str, note: str) -> InputCheck:
        """The verdict where doubles are all there is."""
        function = self._subject.along(position)
        x = self._subject.point[position]
        noise = max(2 * self._noise, 4 * differences.noise(function, x))
        behaviour = differences.behaviour(function, x, noise, self._hint(position))
        gradient = self.gradient[position]
        verdict, resolution = compared_in_doubles(gradient, behaviour)
        if verdict is Verdict.MISMATCH and behaviour.derivative is not None:
            noise = self._rounding_error(position).bound
            if abs(gradient - behaviour.derivative) <= behaviour.error + 4 * noise and not self.audit.faults:
                causes = self._causes(position)
                return self._result(
                    position, name, behaviour, Verdict.ILL_CONDITIONED, math.nan, note, *causes
                )
        return self._result(position, name, behaviour, verdict, resolution, note)


def compared_in_doubles(gradient: float, behaviour: Behaviour) -> tuple[Verdict, float]:
    """The verdict where differences of doubles are all there is, and the relative error they could see."""
    verdict = judge(gradient, behaviour, differences.TOLERANCE) or Verdict.MISMATCH
    resolution = differences.resolution(gradient, behaviour)
    if verdict is Verdict.OK and resolution > _POWERLESS and not gradient == behaviour.derivative == 0:
        verdict = Verdict.INCONCLUSIVE
    return verdict, resolution


def _spacing(number: float) -> float:
    return math.ulp(number) if math.isfinite(number) else 0.0
