"""Training: `fit` moves a network's parameters until its predictions meet the targets."""

from __future__ import annotations

import copy
import dataclasses
import functools
import math
import random
import reprlib
import warnings
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Literal

from autograd import Value
from nn.clipping import clip_by_norm
from nn.interruption import Interruption
from nn.losses import loss_function
from nn.module import Module
from nn.objectives import REDUCTIONS, Batch, Compiling, Objective, Recorded, plain, predicted
from nn.optimizers import Adam, Optimizer
from nn.ranges import check_count, whole
from nn.samples import entries_of, samples

if TYPE_CHECKING:
    from tqdm import tqdm

__all__ = ["History", "fit", "predictions"]

ENDS = {
    "epochs": "all that were asked for are done",
    "tolerance": "the loss hardly changed",
    "patience": "the loss on the rows held out did not become smaller",
    "interrupted": "by Ctrl-C",
    "diverged": "the loss or its gradient was not finite",
}
"""What the words of `History.stopped` mean."""


@dataclasses.dataclass
class History:
    """What a training found, and where it stands: `nn.save` writes it, and `fit` goes on from it.

    `loss`, `metric` and `learning_rate` have an entry for each step: what it minimised and measured before
    it moved the parameters.  `validation_loss`, without the penalty, and `validation_metric` have one for
    each epoch, measured at its end.  What was not asked for stays empty.
    """

    loss: list[float] = dataclasses.field(default_factory=list)
    metric: list[float] = dataclasses.field(default_factory=list)
    learning_rate: list[float] = dataclasses.field(default_factory=list)
    validation_loss: list[float] = dataclasses.field(default_factory=list)
    validation_metric: list[float] = dataclasses.field(default_factory=list)
    stopped: str = ""
    """Why `fit` ended: one of `ENDS`."""
    rows: int = 0
    batch_size: int | None = None
    seed: int = 0
    best: dict[str, float] = dataclasses.field(default_factory=dict)
    """The parameters after the epoch of the least validation loss, where `patience` was given."""

    @property
    def steps(self) -> int:
        """The number of steps taken."""
        return len(self.loss)

    @property
    def steps_per_epoch(self) -> int:
        """The number of batches that the rows are divided into, at least 1."""
        return max(1, -(-self.rows // (self.batch_size or self.rows or 1)))

    @property
    def epochs(self) -> int:
        """The number of epochs that are complete."""
        return self.steps // self.steps_per_epoch

    def epoch_loss(self, epoch: int) -> float:
        """The mean of the losses of an epoch's steps; epochs count from 0."""
        losses = self.loss[epoch * self.steps_per_epoch : (epoch + 1) * self.steps_per_epoch]
        return sum(losses) / len(losses)

    def summary(self) -> str:
        """The complete epochs, why `fit` ended, and the losses, of the rows held out that of the kept epoch.

        >>> print(History(loss=[0.5, 0.25], validation_loss=[0.375, 0.3125], stopped="epochs").summary())
        epochs    2; stopped: all that were asked for are done
        loss      0.5 in the first epoch, 0.25 in the last; 0.3125 on the rows held out
        """
        epochs = f"epochs    {self.epochs}; stopped: {ENDS.get(self.stopped, self.stopped)}"
        if not self.steps:
            return epochs
        last = (self.steps - 1) // self.steps_per_epoch  # where it was interrupted, not a complete one
        loss = f"{self.epoch_loss(0):.4g} in the first epoch, {self.epoch_loss(last):.4g} in the last"
        if self.validation_loss:
            kept = _best_epoch(self.validation_loss) if self.stopped == "patience" else -1
            loss += f"; {self.validation_loss[kept]:.4g} on the rows held out"
        return f"{epochs}\nloss      {loss}"


def fit(
    model: Module,
    points: Iterable[Any],
    targets: Iterable[Any],
    *,
    loss: str | Callable[[Any, Any], Any] = "squared_error",
    optimizer: Optimizer | None = None,
    epochs: int = 100,
    batch_size: int | None = None,
    seed: int = 0,
    reduction: str = "mean",
    penalty: Callable[[list[Value]], Any] | None = None,
    clip: float | None = None,
    schedule: Callable[[int], float] | None = None,
    metric: Callable[[list[Any], list[Any]], float] | None = None,
    validation: tuple[Iterable[Any], Iterable[Any]] | None = None,
    patience: int | None = None,
    tolerance: float | None = None,
    history: History | None = None,
    progress: bool | None = None,
    compile: bool | Literal["auto"] = "auto",
) -> History:
    """Trains `model` on points `(rows, inputs)` and their targets, one each, and returns what it found.

    A step computes `loss(prediction, target)`, by name or function, for every row of a batch, reduces them by
    "mean" or "sum", adds `penalty(parameters)`, and lets the optimizer (Adam by default) move the
    parameters.  Without `batch_size` a batch is all rows in their order, and an epoch one step; with it,
    every epoch shuffles the rows by `seed`.  `clip` bounds the gradient's norm, and `schedule` gives the
    learning rate of each step, counted from 0.  `metric(predictions, targets)` is measured too, and both
    on the rows of `validation`, a pair of points and targets, after every epoch.

    It ends after `epochs` in all; when two successive epochs' losses differ by less than `tolerance`; when
    the validation loss was not the least for `patience` epochs, and if it ends early, it is with the best
    epoch's parameters; when the loss or its gradient is no longer finite, with a RuntimeWarning and
    the parameters before that step; and at Ctrl-C, after the step that is being taken.  `history.stopped`
    says which.  Given the `history` of an earlier call, with its model, optimizer and other arguments, it
    goes on, to the same bits as if it had never stopped; see `save`.

    With `compile=True` machine code takes the steps, to the same bits; by default it does so where the extra
    `compile` is installed and time is saved.  It must give the loss and gradient of the first step, which is
    recorded, once more: a model that draws random numbers is refused with RuntimeError, or by default
    recorded throughout; so is, from there on, one whose other attributes are replaced.  What is changed in
    place, and variables that model, loss and penalty read elsewhere, are taken to stay as they are then.

    `progress` shows a bar; by default there is one on a terminal.  Raises ValueError or TypeError, before
    anything has moved, for data that `nn.samples` refuses and arguments that do not fit each other: an
    optimizer of parameters that are not the model's (some of them may be left out, and stay as they are),
    or a history of other data, or without what this call measures.

    >>> import random
    >>> from nn import MLP, SGD
    >>> model = MLP(1, [1], generator=random.Random(0))
    >>> history = fit(model, [0, 1, 2], [1, 3, 5], optimizer=SGD(model.parameters(), 0.1), epochs=200)
    >>> history.stopped, round(model(10).data, 3)
    ('epochs', 21.0)
    """
    if not callable(getattr(model, "parameters", None)):
        raise TypeError(f"fit trains a Module, which has parameters(), not {reprlib.repr(model)}")
    if (Value(0.0) + 1.0).primitive is None:
        raise RuntimeError("inside no_grad there is nothing to learn from: call fit outside of it")
    data = Batch(*samples(points, targets))
    held_out = None if validation is None else _held_out(validation)
    if patience is not None and held_out is None:
        raise ValueError("patience needs validation=(points, targets), whose loss it watches")
    check_count("epochs", epochs)
    for name, number in (("batch_size", batch_size), ("patience", patience)):
        if number is not None:
            check_count(name, number)
    if tolerance is not None and not tolerance > 0:
        raise ValueError(f"tolerance is positive, not {tolerance}")
    if reduction not in REDUCTIONS:
        raise ValueError(f"reduction is mean or sum, not {reduction!r}")
    if not isinstance(compile, bool) and compile != "auto":
        raise ValueError(f"compile is True, False or 'auto', not {compile!r}")
    batch_size = None if batch_size is None else int(batch_size)
    history = _continued(
        history, History(rows=len(data.points), batch_size=batch_size, seed=whole("seed", seed))
    )
    if patience is not None and history.epochs and not history.best:
        raise ValueError("the history is one without patience: its best epoch's parameters were not kept")
    _check_series(history, metric is not None, held_out is not None)
    optimizer = _optimizer(optimizer, model, history)
    recorded = Recorded(model, optimizer.parameters, loss_function(loss), reduction, penalty)
    objective: Objective = recorded
    if compile:
        rows = len(data.points) * (epochs - history.epochs - 1)  # an epoch goes by until it is compiled
        measures = metric is not None
        objective = Compiling(recorded, data, predicts=measures, rows=rows, must=compile is True)
    training = _Training(
        model=model,
        optimizer=optimizer,
        history=history,
        data=data,
        validation=held_out,
        recorded=recorded,
        objective=objective,
        metric=metric,
        clip=clip,
        schedule=schedule,
        patience=patience,
        tolerance=tolerance,
    )
    with Interruption() as interruption, _bar(progress, history, epochs) as bar:
        training.try_validation()
        while history.epochs < epochs and not history.stopped:
            history.stopped = training.step()
            if interruption.requested and not history.stopped:
                history.stopped = "interrupted"
            bar.set_postfix_str(_latest(history), refresh=False)
            bar.update()
    history.stopped = history.stopped or "epochs"
    return history


def predictions(model: Callable[[Any], Any], points: Iterable[Any]) -> list[Any]:
    """What the model says of every point, as floats, or as lists of them; nothing is recorded.

    The points are a list, an array or a data frame, as `fit` takes them.

    >>> from nn import Neuron
    >>> predictions(Neuron(2, initialiser="zeros"), [[1.0, 2.0], [3.0, 4.0]])
    [0.0, 0.0]
    """
    return predicted(model, entries_of("points", points))


@dataclasses.dataclass
class _Training:
    """What the steps of one `fit` share."""

    model: Module
    optimizer: Optimizer
    history: History
    data: Batch
    validation: Batch | None
    recorded: Recorded
    objective: Objective
    metric: Callable[[list[Any], list[Any]], float] | None
    clip: float | None
    schedule: Callable[[int], float] | None
    patience: int | None
    tolerance: float | None

    def try_validation(self) -> None:
        """Judges one row held out, so that rows which do not fit are refused before anything has moved."""
        if self.validation is not None:
            first = self.validation.rows([0])
            self._loss_of(self.recorded.predictions(first), first.targets)

    def step(self) -> str:
        """Takes a step, and ends the epoch if it was the last of one; says why to stop, or nothing."""
        history, optimizer = self.history, self.optimizer
        batch = self._batch()
        outcome = self.objective.outcome(batch)
        if not math.isfinite(outcome.loss):
            return _diverged(
                f"the loss of step {history.steps} is {outcome.loss}: try a smaller learning rate"
            )
        measured = self._measured(outcome.predictions, batch.targets)  # before anything moves: it may raise
        if self.schedule is not None:
            optimizer.learning_rate = self.schedule(history.steps)
        if not all(map(math.isfinite, outcome.gradient)):
            return _diverged(
                f"the loss of step {history.steps} is {outcome.loss:.4g}, but its gradient is not finite: "
                "autograd.detect_anomaly() tells where it came from"
            )
        for parameter, slope in zip(optimizer.parameters, outcome.gradient, strict=True):
            parameter.grad = slope
        if self.clip is not None:
            clip_by_norm(optimizer.parameters, self.clip)
        optimizer.step()
        history.loss.append(outcome.loss)
        history.learning_rate.append(optimizer.learning_rate)
        history.metric.extend(measured)
        return "" if history.steps % history.steps_per_epoch else self._finish_epoch()

    def _batch(self) -> Batch:
        """The rows of the next step: all of them, or a part of them in the epoch's own order."""
        size = self.history.batch_size
        if size is None:
            return self.data
        epoch, place = divmod(self.history.steps, self.history.steps_per_epoch)
        order = _shuffled(self.history.rows, self.history.seed, epoch)
        return self.data.rows(order[place * size : (place + 1) * size])

    def _finish_epoch(self) -> str:
        history = self.history
        if self.validation is not None:
            found, targets = self.objective.predictions(self.validation), self.validation.targets
            history.validation_loss.append(self._loss_of(found, targets))
            history.validation_metric.extend(self._measured(found, targets))
        if self.patience is not None:
            best = _best_epoch(history.validation_loss)
            if best == history.epochs - 1:
                history.best = self.model.state_dict()
            elif history.epochs - 1 - best >= self.patience:
                self.model.load_state_dict(history.best)
                return "patience"
        if self.tolerance is not None and history.epochs > 1:
            change = history.epoch_loss(history.epochs - 1) - history.epoch_loss(history.epochs - 2)
            if abs(change) < self.tolerance:
                return "tolerance"
        return ""

    def _measured(self, found: list[Any], targets: list[Any]) -> list[float]:
        return [] if self.metric is None else [float(self.metric(found, targets))]

    def _loss_of(self, found: list[Any], targets: list[Any]) -> float:
        """The reduced loss of predictions, which are plain numbers."""
        reduce = REDUCTIONS[self.recorded.reduction]
        return float(plain(reduce(map(self.recorded.loss, found, targets))))


def _held_out(validation: Any) -> Batch:
    if not isinstance(validation, tuple | list) or len(validation) != 2:
        raise TypeError(f"validation is a pair, (points, targets), not {reprlib.repr(validation)}")
    return Batch(*samples(*validation))


def _optimizer(given: Optimizer | None, model: Module, history: History) -> Optimizer:
    """The optimizer given, if it is one for the model and has taken the history's steps; else Adam, new."""
    if given is not None and not isinstance(given, Optimizer):
        raise TypeError(f"optimizer is one such as Adam(model.parameters()), not {reprlib.repr(given)}")
    steps = 0 if given is None else given.steps
    if steps < history.steps:
        raise ValueError(
            f"the history has {history.steps} steps, and the {'new ' * (given is None)}optimizer has taken "
            f"{steps}: give the one that took them, so that it goes on to the same bits"
        )
    if given is None:
        return Adam(model.parameters())
    if not {*map(id, given.parameters)} <= {*map(id, model.parameters())}:
        raise ValueError(
            "the optimizer moves parameters that are not the model's: make it of this model.parameters()"
        )
    return given


@functools.lru_cache(maxsize=1)  # the steps of an epoch follow one another
def _shuffled(rows: int, seed: int, epoch: int) -> list[int]:
    order = list(range(rows))
    random.Random(f"{seed}, epoch {epoch}").shuffle(order)
    return order


def _diverged(reason: str) -> str:
    """Warns the caller of `fit`; the word for `History.stopped`."""
    warnings.warn(reason, RuntimeWarning, stacklevel=4)
    return "diverged"


def _best_epoch(losses: list[float]) -> int:
    """The first epoch of the least loss, where nan counts as inf."""
    sizes = [math.inf if math.isnan(loss) else loss for loss in losses]
    return sizes.index(min(sizes))


def _continued(earlier: History | None, fresh: History) -> History:
    """The history to go on with: a copy of the earlier one, if it is one of the same data."""
    if earlier is None:
        return fresh
    if not isinstance(earlier, History):
        raise TypeError(f"history is what an earlier fit returned, not {reprlib.repr(earlier)}")
    for name in ("rows", "batch_size", "seed"):
        before, now = getattr(earlier, name), getattr(fresh, name)
        if before != now:
            raise ValueError(f"the history is one of {name}={before}, and this fit has {name}={now}")
    return dataclasses.replace(copy.deepcopy(earlier), stopped="")


def _check_series(history: History, has_metric: bool, has_validation: bool) -> None:
    """Raises unless a history has an entry wherever this training would have made one, and no others."""
    for name, count in (
        ("learning_rate", history.steps),
        ("metric", history.steps * has_metric),
        ("validation_loss", history.epochs * has_validation),
        ("validation_metric", history.epochs * (has_validation and has_metric)),
    ):
        found = len(getattr(history, name))
        if found != count:
            raise ValueError(
                f"the history's {name} has {found} entries, not the {count} of this metric and validation: "
                "give those of the earlier fit"
            )


def _bar(progress: bool | None, history: History, epochs: int) -> tqdm[Any]:
    """A bar of steps; without a terminal there is none, unless it was asked for."""
    from tqdm import tqdm

    return tqdm(
        total=epochs * history.steps_per_epoch,
        initial=history.steps,
        unit="step",
        disable=None if progress is None else not progress,
    )


def _latest(history: History) -> str:
    figures = {
        "loss": history.loss,
        "metric": history.metric,
        "validation loss": history.validation_loss,
        "validation metric": history.validation_metric,
    }
    return ", ".join(f"{name} {numbers[-1]:.4g}" for name, numbers in figures.items() if numbers)
