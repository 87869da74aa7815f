"""What a training minimises: the loss of a batch with its gradient, recorded row by row, or compiled.

The losses of the rows, and their gradients, are added in the order of `autograd.reduce_sum`, which a compiled
loop keeps: the two ways agree in every bit.
"""

from __future__ import annotations

import copy
import dataclasses
import math
import operator
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple, Protocol, TypeVar

from autograd import Graph, Value, jit, no_grad, real, reduce_mean, reduce_sum, value_and_grad, vmap
from nn.module import Module
from nn.samples import Point, Target, is_row

__all__ = [
    "REDUCTIONS",
    "Batch",
    "Compiled",
    "Compiling",
    "Objective",
    "Outcome",
    "Recorded",
    "plain",
    "predicted",
]

_T = TypeVar("_T")

REDUCTIONS: dict[str, Callable[[Iterable[Any]], Any]] = {"mean": reduce_mean, "sum": reduce_sum}

WORTHWHILE = 3_000_000  # operations of rows to come, from which on compiling takes less time than it saves
_MOST_PATHS = 16  # that rows take, for compiling each to be worth it;
_FIRST_ROWS, _FIRST_PATHS = 16, 12  # so many rows are tried first, of so many paths


class Batch:
    """Points with one target each: as lists, and as the arrays that compiled functions take."""

    def __init__(self, points: list[Point], targets: list[Target]) -> None:
        self.points = points
        self.targets = targets
        self._arrays: tuple[Any, Any] | None = None

    @property
    def arrays(self) -> tuple[Any, Any]:
        """The points, of shape (rows, inputs), and the targets, of shape (rows,) or (rows, outputs)."""
        if self._arrays is None:
            numpy = _numpy()
            self._arrays = numpy.array(self.points, float), numpy.array(self.targets, float)
        return self._arrays

    def rows(self, places: Sequence[int]) -> Batch:
        """The batch of these rows."""
        some = Batch([self.points[place] for place in places], [self.targets[place] for place in places])
        if self._arrays is not None:
            points, targets = self._arrays
            some._arrays = points[places], targets[places]
        return some


class Outcome(NamedTuple):
    """A batch's loss, its gradient by each parameter that moves, and what the model says of each row.

    The predictions are floats or lists of them; `Compiled` has none where they were not asked for.
    """

    loss: float
    gradient: list[float]
    predictions: list[Any]


class Objective(Protocol):
    """What is minimised, at the numbers that the parameters have when it is asked."""

    def outcome(self, batch: Batch) -> Outcome:
        """The loss of a batch, and its gradient."""

    def predictions(self, batch: Batch) -> list[Any]:
        """What the model says of every row, as floats or lists of them."""


@dataclasses.dataclass
class Recorded:
    """The losses of the model's predictions, reduced, plus the penalty, as the engine records them.

    Of the model's parameters `moving` are those that a gradient is wanted of.
    """

    model: Module
    moving: list[Value]
    loss: Callable[[Any, Any], Any]
    reduction: str
    penalty: Callable[[list[Value]], Any] | None

    operations: int = dataclasses.field(init=False, default=0)
    """How many Values a row takes, those of its gradient not counted: known after the first outcome."""

    def outcome(self, batch: Batch) -> Outcome:
        """See `Objective`.  The gradients that parameters hold are lost.

        Raises TypeError if no loss so far has depended on a parameter.
        """
        found: list[Any] = []

        def term(point: Point, target: Target) -> _Term:
            prediction = self.model(point)
            found.append(plain(prediction))
            return self._term(self.loss(prediction, target))

        total = REDUCTIONS[self.reduction](map(term, batch.points, batch.targets))
        if self.penalty is not None:
            total = total + self._term(self.penalty(self.model.parameters()))
        loss, *gradient = total.numbers
        if not self.operations:
            raise TypeError(f"the loss is the number {loss!r}: it depends on no parameter")
        self.model.zero_grad()
        return Outcome(loss, [_unsigned_zero(slope) for slope in gradient], found)

    def _term(self, loss: Any) -> _Term:
        if not isinstance(loss, Value):
            return _Term([real(loss), *[0.0] * len(self.moving)])
        self.operations = self.operations or len(Graph(loss))
        for parameter in self.moving:
            parameter.zero_grad()
        loss.backward()
        return _Term([loss.data, *[parameter.grad for parameter in self.moving]])

    def predictions(self, batch: Batch) -> list[Any]:
        """See `Objective`."""
        return predicted(self.model, batch.points)


class _Term:
    """A loss and its gradient: numbers that are added, and multiplied by one, each by itself."""

    def __init__(self, numbers: Iterable[float]) -> None:
        self.numbers = list(numbers)

    def __add__(self, other: _Term) -> _Term:
        return _Term(map(operator.add, self.numbers, other.numbers))

    def __mul__(self, factor: float) -> _Term:
        return _Term([number * factor for number in self.numbers])


class Compiled:
    """A recorded objective as machine code: a call for all rows, with the bits of `Recorded`.

    What the model and the loss do besides computing, such as drawing random numbers, they do while they are
    traced, and no more.  Outcomes have predictions where `predicts` says so.  Raises as `autograd.jit` does,
    and RuntimeError once an attribute of the model, or of a module within it, is no longer what it was.
    """

    def __init__(self, recorded: Recorded, predicts: bool) -> None:
        self._moving = recorded.moving
        self._parameters = parameters = recorded.model.parameters()
        self._predicts = predicts
        self._checked: set[int] = set()  # traces, which live as long as what is compiled from them
        self._modules = list(recorded.model.modules())
        self._attributes = self._present_attributes()

        def with_numbers(numbers: Iterable[Any]) -> Module:
            """The model, with others in place of the parameters that move."""
            kept = {id(parameter): parameter for parameter in parameters}
            moved = dict(zip(map(id, recorded.moving), numbers, strict=True))
            return copy.deepcopy(recorded.model, kept | moved)

        def prediction(numbers: Iterable[Any], point: Any) -> Any:
            found = with_numbers(numbers)(list(point))
            return list(found) if is_row(found) else found

        def loss(numbers: Iterable[Any], point: Any, target: Any) -> Any:
            found = with_numbers(numbers)(list(point))
            return recorded.loss(found, list(target) if is_row(target) else target)

        def penalty(numbers: Iterable[Any]) -> Any:
            return recorded.penalty(with_numbers(numbers).parameters())  # type: ignore[misc]

        self._loss = jit(vmap(value_and_grad(loss), in_axes=(None, 0, 0), reduce=recorded.reduction))
        self._penalty = None if recorded.penalty is None else jit(value_and_grad(penalty))
        self._prediction = jit(vmap(prediction, in_axes=(None, 0)))

    def outcome(self, batch: Batch) -> Outcome:
        """See `Objective`.  The gradients that parameters hold are lost, as where it is recorded."""
        numbers = self._numbers()
        loss, gradient = self._loss(numbers, *batch.arrays)
        slopes = gradient.tolist()
        if self._penalty is not None:
            further, slope = self._penalty(numbers)
            loss, slopes = loss + further, map(operator.add, slopes, slope.tolist())
        self._check_traces()
        for parameter in self._parameters:
            parameter.zero_grad()
        said = self.predictions(batch) if self._predicts else []
        return Outcome(float(loss), [_unsigned_zero(slope) for slope in slopes], said)

    @property
    def paths(self) -> int:
        """Into how many ways through the model and the loss the rows so far were parted."""
        return len(self._loss.graphs)

    def _check_traces(self) -> None:
        """Raises RuntimeError if a trace since the last time takes a parameter from elsewhere."""
        functions = [self._loss] if self._penalty is None else [self._loss, self._penalty]
        graphs = {id(graph): graph for function in functions for graph in function.graphs}
        for key in graphs.keys() - self._checked:
            if not {*map(id, self._moving)}.isdisjoint(map(id, graphs[key])):
                raise RuntimeError(
                    "the model, the loss or the penalty reaches a parameter past the model that it is given, "
                    "in a closure for instance, where a compiled gradient does not see it: train with "
                    "compile=False"
                )
        self._checked = {*graphs}

    def predictions(self, batch: Batch) -> list[Any]:
        """See `Objective`."""
        found = self._prediction(self._numbers(), batch.arrays[0])
        if isinstance(found, list):
            return [list(row) for row in zip(*(column.tolist() for column in found), strict=True)]
        return list(found.tolist())

    def _present_attributes(self) -> list[Any]:
        return [attribute for module in self._modules for attribute in vars(module).values()]

    def _numbers(self) -> Any:
        """The parameters' present numbers, if they are all that may have changed."""
        present = self._present_attributes()
        if len(present) != len(self._attributes) or not all(map(operator.is_, present, self._attributes)):
            raise RuntimeError(
                "an attribute of the model has changed since it was compiled, which takes it to be the same "
                "at every step: train with compile=False"
            )
        return _numpy().array([parameter.data for parameter in self._moving])


class Compiling:
    """An objective that is recorded once and compiled then, if machine code gives the same in every bit.

    A model that draws random numbers is one that cannot be compiled.  Either it `must`, and what speaks
    against it is raised; or it is compiled only where that is worthwhile for the number of rows that there
    are to come, and wherever it fails, then or for a later batch, the objective stays recorded from there on.
    """

    def __init__(self, recorded: Recorded, data: Batch, *, predicts: bool, rows: int, must: bool) -> None:
        self._recorded = recorded
        self._predicts = predicts
        self._data = data
        self._rows = rows
        self._must = must
        self._compiled: Compiled | None = None
        self._is_decided = False

    def outcome(self, batch: Batch) -> Outcome:
        """See `Objective`."""
        if self._is_decided:
            return self._by_either(lambda objective: objective.outcome(batch))
        self._is_decided = True
        found = self._recorded.outcome(batch)
        if self._must or self._rows * self._recorded.operations >= WORTHWHILE:
            try:
                self._check_labels(found.predictions[0])
                self._compiled = self._tried(batch, found)
            except Exception:
                if self._must:
                    raise
        return found

    def predictions(self, batch: Batch) -> list[Any]:
        """See `Objective`."""
        return self._by_either(lambda objective: objective.predictions(batch))

    def _by_either(self, found: Callable[[Objective], _T]) -> _T:
        if self._compiled is not None:
            try:
                self._check_paths(self._compiled, _MOST_PATHS)
                return found(self._compiled)
            except Exception:  # if it is the model's own, recording raises it again
                if self._must:
                    raise
                self._compiled = None
        return found(self._recorded)

    def _check_labels(self, prediction: Any) -> None:
        """Lets the loss refuse targets, which it does of plain numbers: in a trace there are none."""
        with no_grad():
            given = list(map(Value, prediction)) if is_row(prediction) else Value(prediction)
            for target in self._data.targets:
                self._recorded.loss(given, target)

    def _tried(self, batch: Batch, expected: Outcome) -> Compiled:
        """The objective as machine code.  Raises RuntimeError if it gives something else."""
        compiled = Compiled(self._recorded, self._predicts)
        if not self._must:
            compiled.outcome(self._data.rows(range(min(_FIRST_ROWS, len(self._data.points)))))
            self._check_paths(compiled, _FIRST_PATHS)
        self._check_same(compiled.outcome(batch), expected)
        if batch is not self._data:
            self._check_same(compiled.outcome(self._data), self._recorded.outcome(self._data))
        self._check_paths(compiled, _MOST_PATHS)
        return compiled

    def _check_same(self, found: Outcome, expected: Outcome) -> None:
        if not all(map(_same, [found.loss, *found.gradient], [expected.loss, *expected.gradient])):
            raise RuntimeError(
                "the compiled loss is not what was recorded: the model or the loss computes something else "
                "each time, as random numbers and counters do, or asks what its numbers are instead of "
                "computing with them; train with compile=False"
            )

    def _check_paths(self, compiled: Compiled, most: int) -> None:
        if not self._must and compiled.paths > most:
            raise RuntimeError("rows take so many ways that compiling each takes longer than it saves")


def _unsigned_zero(slope: float) -> float:
    """The slope; 0.0 for -0.0, as the sign of a zero gradient is that of the way it was computed."""
    return slope + 0.0


def _numpy() -> Any:
    try:
        import numpy
    except ImportError as error:
        raise ImportError(
            "compiling needs NumPy: install it by `python -m pip install 'scalar-autograd[compile]'`"
        ) from error
    return numpy


def _same(one: float, other: float) -> bool:
    return one == other or (math.isnan(one) and math.isnan(other))


def predicted(model: Callable[[Any], Any], points: Iterable[Any]) -> list[Any]:
    """What a model says of every point, plainly; nothing is recorded."""
    with no_grad():
        return [plain(model(point)) for point in points]


def plain(prediction: Any) -> Any:
    """A prediction as a float, or as nested lists of floats."""
    if is_row(prediction):
        return [plain(entry) for entry in prediction]
    return prediction.data if isinstance(prediction, Value) else prediction
