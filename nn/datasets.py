"""Small data sets: generated ones, and micrograd's hundred points.

A data set is a pair `(points, labels)`: points as tuples of floats, and one label, 0 or 1, for each.
"""

from __future__ import annotations

import csv
import math
import random
from collections.abc import Sequence
from importlib import resources
from typing import Any

__all__ = ["check_dataset", "micrograd_moons", "moons"]

Dataset = tuple[list[tuple[float, float]], list[int]]


def moons(n: int = 100, noise: float = 0.1, seed: int = 0) -> Dataset:
    """`n` points on two half circles that reach into each other, in random order, and their half, 0 or 1.

    Half 0 is the upper half of the unit circle, evenly divided; half 1 the lower half of the one about
    (1, 0.5).  Each coordinate gets Gaussian noise of standard deviation `noise`.  The same arguments give
    the same points in every process; Python's own generator is left alone.  Raises ValueError for a
    negative `n`, or a `noise` that is negative or not finite.

    >>> points, labels = moons(4, noise=0.0, seed=1)
    >>> sorted((label, round(x, 9), round(y, 9)) for (x, y), label in zip(points, labels))
    [(0, -1.0, 0.0), (0, 1.0, 0.0), (1, 0.0, 0.5), (1, 2.0, 0.5)]
    """
    if n < 0 or not 0 <= noise < math.inf:
        raise ValueError(f"moons takes n >= 0 points and a finite noise >= 0, not n={n} and noise={noise}")
    generator = random.Random(seed)
    samples = []
    for label, size in enumerate((n - n // 2, n // 2)):
        for position in range(size):
            angle = math.pi * position / max(size - 1, 1)
            x, y = math.cos(angle), math.sin(angle)
            if label == 1:
                x, y = 1 - x, 0.5 - y
            samples.append(((x + generator.gauss(0, noise), y + generator.gauss(0, noise)), label))
    generator.shuffle(samples)
    return [point for point, _ in samples], [label for _, label in samples]


def micrograd_moons() -> Dataset:
    """The hundred points of micrograd's demo, in its order, exactly; 50 of each label.

    >>> points, labels = micrograd_moons()
    >>> points[0], labels[:5]
    ((1.1221146075409685, 0.08147717341718697), [0, 0, 1, 0, 1])
    """
    text = (resources.files("nn") / "data" / "moons_100.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(line for line in text.splitlines() if not line.startswith("#")))
    return [(float(row["x"]), float(row["y"])) for row in rows], [int(row["label"]) for row in rows]


def check_dataset(points: Sequence[Any], labels: Sequence[Any]) -> None:
    """Raises ValueError unless there is a point, and one label, 0 or 1, for each.

    >>> check_dataset([(0.5, 1.0), (1.5, 2.0)], [-1, 1])
    Traceback (most recent call last):
        ...
    ValueError: expected labels 0 and 1, not -1
    """
    if len(points) != len(labels):
        raise ValueError(f"expected one label per point, not {len(labels)} labels for {len(points)} points")
    if not len(points):
        raise ValueError("expected at least one point with its label")
    wrong = sorted({label for label in labels if label not in (0, 1)})
    if wrong:
        raise ValueError(f"expected labels 0 and 1, not {', '.join(map(str, wrong))}")
