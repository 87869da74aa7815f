"""Pictures of a training, by matplotlib, which is imported when the first one is drawn."""

from __future__ import annotations

import io
import itertools
from collections.abc import Callable, Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autograd.files import check_folder, write_whole
from nn.datasets import check_dataset
from nn.module import Module
from nn.samples import entries_of, is_row
from nn.training import History, predictions

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["Plot", "plot_decision_boundary", "plot_gradient_flow", "plot_history"]

COLOURS = ("#0072b2", "#d55e00")  # told apart by colour-blind readers; the markers differ too
MARKERS = ("o", "^")
GRID = 40  # points along each axis at which a model is evaluated
MARGIN = 0.15  # beyond the outermost points on either side, as a share of their range
SIMILAR = 10  # ranges whose ratio is less have axes of one scale


class Plot:
    """A plot: a notebook shows it, `write` makes a file of it, and `figure` is matplotlib's."""

    def __init__(self, figure: Figure) -> None:
        self.figure = figure

    def __repr__(self) -> str:
        return f'<Plot "{self.figure.axes[0].get_title()}": .write("plot.png") writes it to a file>'

    def write(self, path: str | PathLike[str]) -> Path:
        """Writes the plot in the format of the path's suffix (png, svg, pdf), and returns the path.

        Raises ValueError for another format, FileNotFoundError for a missing folder; then no file is written.
        """
        path = Path(path)
        check_folder(path)
        write_whole(path, self._rendered(path.suffix.removeprefix(".")))
        return path

    def _repr_png_(self) -> bytes:
        return self._rendered("png")

    def _rendered(self, format: str) -> bytes:
        content = io.BytesIO()
        self.figure.savefig(content, format=format, dpi=150)
        return content.getvalue()


def plot_history(history: History | Sequence[float]) -> Plot:
    """The loss by step, on a logarithmic scale, and after each epoch that of the rows held out.

    Where a step is a batch, its loss says as much of its rows as of the training: the steps are pale, and
    a line joins the means of the epochs.  A sequence of losses is a history as well.  Raises
    ModuleNotFoundError without matplotlib.

    >>> plot_history([2.0, 1.0, 0.5]).figure.axes[0].get_xlabel()
    'step'
    """
    if not isinstance(history, History):
        history = History(loss=list(history))
    figure, axes = _figure(6.4, 4.0)
    in_batches = history.steps_per_epoch > 1
    axes.plot(
        range(history.steps),
        history.loss,
        color=COLOURS[0],
        alpha=0.25 if in_batches else 1.0,
        label="each batch" if in_batches else "training",
    )
    means = list(map(history.epoch_loss, range(history.epochs))) if in_batches else []
    for label, losses, colour in zip(
        ("training", "held out"), (means, history.validation_loss), COLOURS, strict=True
    ):
        if losses:
            ends = itertools.count(history.steps_per_epoch - 1, history.steps_per_epoch)
            steps = list(itertools.islice(ends, len(losses)))
            axes.plot(steps, losses, color=colour, marker=".", markersize=4, label=label)
    if len(axes.lines) > 1:
        axes.legend()
    is_positive = min([*history.loss, *history.validation_loss], default=1.0) > 0
    axes.set(xlabel="step", ylabel="loss", title="Loss by step of training")
    axes.set_yscale("log" if is_positive else "linear")
    axes.grid(which="both", alpha=0.3)
    return Plot(figure)


def plot_gradient_flow(model: Module) -> Plot:
    """How large the gradients of each layer's parameters are, on a logarithmic scale: after `backward`.

    A box holds the middle half of a layer's |gradient|, the line in it is their median, and its whiskers end
    at the least and the largest.  Gradients that shrink from the last layer to the first are vanishing,
    those that grow are exploding; how many are exactly 0, which no logarithm shows, stands below.  Raises
    as `plot_history` does, and ValueError for a model without parts that have parameters.
    """
    sizes = {
        name: [abs(parameter.grad) for parameter in part.parameters()]
        for name, part in model.named_children()
        if part.parameters()
    }
    if not sizes:
        raise ValueError(f"{type(model).__name__} holds no modules with parameters, such as layers")
    figure, axes = _figure(6.4, 4.0)
    names = [
        f"{name}\n{sum(not size for size in found)} of {len(found)} are 0" for name, found in sizes.items()
    ]
    axes.boxplot([[size for size in found if size] for found in sizes.values()], whis=(0, 100))
    axes.set_xticks(range(1, len(names) + 1), names)
    axes.set(ylabel="|gradient|", title="Gradients by layer")
    if any(map(any, sizes.values())):
        axes.set_yscale("log")
    axes.grid(axis="y", alpha=0.3)
    return Plot(figure)


def plot_decision_boundary(
    model: Callable[[tuple[float, float]], Any],
    points: Sequence[Sequence[float]],
    labels: Sequence[int],
    *,
    threshold: float = 0.0,
) -> Plot:
    """Where a model's score crosses `threshold`, 0.5 for probabilities, and the labelled points.

    The model gives one score per point of two numbers; for a threshold of 0, dashed lines show scores of -1
    and 1, the margins.  Both axes have one scale, unless their ranges are too different.  Raises as
    `plot_history` does, and ValueError unless points have two numbers each, and a label, 0 or 1, and the
    model gives one score.
    """
    points, labels = entries_of("points", points), entries_of("labels", labels)
    check_dataset(points, labels)
    for point in points:
        if not is_row(point) or len(point) != 2:
            raise ValueError(f"a boundary is drawn among points of two numbers, not {point!r}")
    figure, axes = _figure(6.4, 4.4)
    xs, ys = map(_spread, zip(*points, strict=True))
    scores = [predictions(model, [(x, y) for x in xs]) for y in ys]
    if is_row(scores[0][0]):
        raise ValueError(f"a boundary is that of one score, and the model gives {len(scores[0][0])}")
    ratio = (xs[-1] - xs[0]) / (ys[-1] - ys[0])
    low, high = min(map(min, scores)), max(map(max, scores))
    sides = [min(low, threshold - 1), threshold, max(high, threshold + 1)]
    axes.contourf(xs, ys, scores, levels=sides, colors=COLOURS, alpha=0.25)
    lines = ((-1, "--"), (0, "-"), (1, "--")) if threshold == 0 else ((threshold, "-"),)
    for level, style in lines:
        if low < level < high:
            axes.contour(xs, ys, scores, levels=[level], colors="#333333", linestyles=style, linewidths=1.2)
    for label, (colour, marker) in enumerate(zip(COLOURS, MARKERS, strict=True)):
        chosen = [point for point, own in zip(points, labels, strict=True) if own == label]
        xs, ys = ([point[axis] for point in chosen] for axis in (0, 1))
        axes.scatter(xs, ys, color=colour, marker=marker, edgecolor="white", label=f"label {label}")
    margins = " (dashed: -1 and 1)" if threshold == 0 else ""
    title = f"Where the score crosses {threshold:g}{margins}"
    axes.set(xlabel="x", ylabel="y", title=title, aspect="equal" if 1 / SIMILAR < ratio < SIMILAR else "auto")
    axes.legend()
    return Plot(figure)


def _figure(width: float, height: float) -> tuple[Figure, Axes]:
    try:
        from matplotlib.figure import Figure
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            'plots need matplotlib: python -m pip install "scalar-autograd[plot]"', name=error.name
        ) from error
    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.add_subplot()


def _spread(values: Sequence[float]) -> list[float]:
    """`GRID` numbers from a little below the least to a little above the greatest value, evenly spaced."""
    low, high = min(values), max(values)
    margin = MARGIN * (high - low or abs(low) or 1.0)
    low, high = low - margin, high + margin
    return [low + (high - low) * position / (GRID - 1) for position in range(GRID)]
