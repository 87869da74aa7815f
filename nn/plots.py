"""Pictures of a training, by matplotlib, which is imported when the first one is drawn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from os import PathLike
from typing import TYPE_CHECKING, Any

from autograd import no_grad
from nn.datasets import check_dataset

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["plot_decision_boundary", "plot_history"]

COLOURS = ("#0072b2", "#d55e00")  # told apart by colour-blind readers; the markers differ too
MARKERS = ("o", "^")
GRID = 40  # points along each axis at which a model is evaluated


def plot_history(losses: Sequence[float], path: str | PathLike[str]) -> None:
    """Writes the curve of a loss by step, on a logarithmic scale, to a file (.png, .svg, .pdf).

    Raises ModuleNotFoundError without matplotlib, ValueError for a format that it does not write.
    """
    figure, axes = _figure(6.4, 4.0)
    axes.plot(range(len(losses)), losses, color=COLOURS[0])
    axes.set(xlabel="step", ylabel="loss", yscale="log", title="Loss by step of training")
    axes.grid(which="both", alpha=0.3)
    figure.savefig(path, dpi=150)


def plot_decision_boundary(
    model: Callable[[tuple[float, float]], Any],
    points: Sequence[tuple[float, float]],
    labels: Sequence[int],
    path: str | PathLike[str],
) -> None:
    """Writes where a model's score changes sign, and the labelled points, to a file (.png, .svg, .pdf).

    The model gives one score, a Value, per point; dashed lines show scores of -1 and 1, the margins.
    Raises as `plot_history` does, and ValueError unless each point has a label, 0 or 1.
    """
    check_dataset(points, labels)
    figure, axes = _figure(6.4, 4.4)
    xs, ys = map(_spread, _columns(points))
    with no_grad():
        scores = [[model((x, y)).data for x in xs] for y in ys]
    low, high = min(map(min, scores)), max(map(max, scores))
    axes.contourf(xs, ys, scores, levels=[min(low, -1.0), 0.0, max(high, 1.0)], colors=COLOURS, alpha=0.25)
    for level, style in ((-1, "--"), (0, "-"), (1, "--")):
        if low < level < high:
            axes.contour(xs, ys, scores, levels=[level], colors="#333333", linestyles=style, linewidths=1.2)
    for label, (colour, marker) in enumerate(zip(COLOURS, MARKERS, strict=True)):
        chosen = [point for point, own in zip(points, labels, strict=True) if own == label]
        axes.scatter(
            *_columns(chosen), color=colour, marker=marker, edgecolor="white", label=f"label {label}"
        )
    axes.set(xlabel="x", ylabel="y", title="Where the score changes sign (dashed: -1 and 1)", aspect="equal")
    axes.legend()
    figure.savefig(path, dpi=150)


def _figure(width: float, height: float) -> tuple[Figure, Axes]:
    try:
        from matplotlib.figure import Figure
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            'plots need matplotlib: python -m pip install "scalar-autograd[plot]"', name=error.name
        ) from error
    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.add_subplot()


def _columns(points: Sequence[tuple[float, float]]) -> tuple[list[float], list[float]]:
    return [x for x, _ in points], [y for _, y in points]


def _spread(values: Sequence[float]) -> list[float]:
    """`GRID` numbers from a little below the least to a little above the greatest value, evenly spaced."""
    low, high = min(values) - 0.5, max(values) + 0.5
    return [low + (high - low) * position / (GRID - 1) for position in range(GRID)]
