"""Small data sets: generated ones, micrograd's hundred points, two real ones; and their division in two.

A data set is a pair `(points, targets)`: points as tuples of floats, and for each a target, which is a label,
0 or 1, or a number.  By name (`table_of`) it is a table, as a file is.  The same arguments give the same
points in every process; Python's own generator is left alone.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar

from nn.choices import choice
from nn.samples import entries_of
from nn.tables import Row, Table, read_table

__all__ = [
    "TABLES",
    "TARGETS",
    "check_dataset",
    "circles",
    "iris_petals",
    "micrograd_moons",
    "moons",
    "spirals",
    "split",
    "split_table",
    "table_of",
    "windsor_houses",
    "xor",
]

Plane = tuple[float, float]
Dataset = tuple[list[Plane], list[int]]

Point = TypeVar("Point")
Target = TypeVar("Target")


def moons(n: int = 100, noise: float = 0.1, seed: int = 0) -> Dataset:
    """`n` points on two half circles that reach into each other, in random order, and their half, 0 or 1.

    Half 0 is the upper half of the unit circle, evenly divided; half 1 the lower half of the one about
    (1, 0.5).  Each coordinate gets Gaussian noise of standard deviation `noise`.  Raises ValueError for a
    negative `n`, or a `noise` that is negative or not finite.

    >>> points, labels = moons(4, noise=0.0, seed=1)
    >>> sorted((label, round(x, 9), round(y, 9)) for (x, y), label in zip(points, labels))
    [(0, -1.0, 0.0), (0, 1.0, 0.0), (1, 0.0, 0.5), (1, 2.0, 0.5)]
    """

    def place(label: int, position: int, size: int) -> Plane:
        angle = math.pi * position / max(size - 1, 1)
        x, y = math.cos(angle), math.sin(angle)
        return (x, y) if label == 0 else (1 - x, 0.5 - y)

    return _scattered(place, n, noise, seed)


def circles(n: int = 100, noise: float = 0.1, seed: int = 0, *, factor: float = 0.5) -> Dataset:
    """`n` points on two circles about (0, 0), in random order, and their circle, 0 or 1.

    Circle 0 has radius 1, circle 1, inside, radius `factor`, between 0 and 1; each is evenly divided.  Noise,
    and the errors for it and for `n`, are those of `moons`; raises ValueError for another `factor`, too.

    >>> points, labels = circles(4, noise=0.0, seed=1)
    >>> sorted((label, round(x, 9), round(y, 9)) for (x, y), label in zip(points, labels))
    [(0, -1.0, 0.0), (0, 1.0, 0.0), (1, -0.5, 0.0), (1, 0.5, 0.0)]
    """
    if not 0 < factor < 1:
        raise ValueError(f"the inner circle's factor is between 0 and 1, not {factor}")

    def place(label: int, position: int, size: int) -> Plane:
        angle = 2 * math.pi * position / size
        radius = factor if label else 1.0
        return radius * math.cos(angle), radius * math.sin(angle)

    return _scattered(place, n, noise, seed)


def xor(n: int = 100, noise: float = 0.3, seed: int = 0) -> Dataset:
    """`n` points in four clouds, in random order, and whether the signs of the cloud's centre differ, 0 or 1.

    The centres are (1, 1) and (-1, -1) of label 0, (1, -1) and (-1, 1) of label 1: the exclusive or, which no
    neuron computes alone (Minsky & Papert, "Perceptrons", 1969).  Noise, the standard deviation of a cloud,
    and errors are those of `moons`.

    >>> points, labels = xor(4, noise=0.0, seed=1)
    >>> sorted(zip(labels, points))
    [(0, (-1.0, -1.0)), (0, (1.0, 1.0)), (1, (-1.0, 1.0)), (1, (1.0, -1.0))]
    """

    def place(label: int, position: int, size: int) -> Plane:
        x = -1.0 if position % 2 else 1.0
        return x, -x if label else x

    return _scattered(place, n, noise, seed)


def spirals(n: int = 100, noise: float = 0.02, seed: int = 0, *, turns: float = 1.5) -> Dataset:
    """`n` points on two spirals that wind about each other, in random order, and their arm, 0 or 1.

    Arm 0 leaves (0, 0) to the right and winds anticlockwise, its radius growing with the angle to 1 after
    `turns` turns; arm 1 is its mirror image in (0, 0); each is evenly divided by angle.  A task made hard for
    networks, after Lang & Witbrock, "Learning to tell two spirals apart", 1988.  Noise, and the errors
    for it and for `n`, are those of `moons`; raises ValueError unless `turns` is positive and finite, too.

    >>> points, labels = spirals(4, noise=0.0, seed=1, turns=0.5)
    >>> sorted((label, round(math.hypot(x, y), 9)) for (x, y), label in zip(points, labels))
    [(0, 0.5), (0, 1.0), (1, 0.5), (1, 1.0)]
    """
    if not 0 < turns < math.inf:
        raise ValueError(f"the turns of a spiral are positive and finite, not {turns}")

    def place(label: int, position: int, size: int) -> Plane:
        share = (position + 1) / size  # not from 0, where both arms would have a point
        angle = 2 * math.pi * turns * share
        radius = -share if label else share
        return radius * math.cos(angle), radius * math.sin(angle)

    return _scattered(place, n, noise, seed)


def micrograd_moons() -> Dataset:
    """The hundred points of micrograd's demo, in its order, exactly; 50 of each label.

    >>> points, labels = micrograd_moons()
    >>> points[0], labels[:5]
    ((1.1221146075409685, 0.08147717341718697), [0, 0, 1, 0, 1])
    """
    table = _shipped("moons_100.csv")
    points = zip(table.numbers("x"), table.numbers("y"), strict=True)
    return list(points), list(map(int, table.texts("label")))


def iris_petals() -> Dataset:
    """The length and width, in cm, of 100 petals of iris: 50 of versicolor, label 0, then 50 of virginica, 1.

    No line parts the two kinds entirely.  Measured by Anderson, published by Fisher, "The use of multiple
    measurements in taxonomic problems", 1936; licence CC BY 4.0.  `nn/data/iris_petals.csv` says more.

    >>> points, labels = iris_petals()
    >>> points[0], labels[0], points[99], labels[99]
    ((4.7, 1.4), 0, (5.1, 1.8), 1)
    """
    table = _shipped("iris_petals.csv")
    points = zip(table.numbers("petal_length"), table.numbers("petal_width"), strict=True)
    return list(points), [int(species == "virginica") for species in table.texts("species")]


def windsor_houses() -> tuple[list[tuple[float, ...]], list[float]]:
    """What 546 houses in Windsor, Canada, were like and sold for, in Canadian dollars, in the summer of 1987.

    A point is lot size (square feet), bedrooms, full bathrooms, stories, driveway, recreation room, finished
    basement, gas for hot water, air conditioning, places in the garage, preferred part of the city; what a
    house has or has not is 1 or 0.  Collected by Anglin & Gencay, "Semiparametric estimation of a hedonic
    price function", 1996; `nn/data/windsor_houses.csv` says more, of its licence, too.

    >>> points, prices = windsor_houses()
    >>> len(points), points[0], prices[0]
    (546, (5850.0, 3.0, 1.0, 2.0, 1.0, 0.0, 1.0, 0.0, 0.0, 1.0, 0.0), 42000.0)
    """
    table = _shipped("windsor_houses.csv")
    prices, *features = map(table.numbers, table.names)
    return list(zip(*features, strict=True)), prices


def split(
    points: Iterable[Point], targets: Iterable[Target], fraction: float = 0.25, seed: int = 0
) -> tuple[tuple[list[Point], list[Target]], tuple[list[Point], list[Target]]]:
    """Two data sets, one to train on and one held out, of the points of one, in random order.

    Lists, arrays and data frames are taken, as `nn.samples` does.  The held-out one has `fraction` of the
    points, rounded, but each has at least one.  A network that is judged by points on which it was not
    trained is judged by what it has learned, not by what it remembers.  Raises ValueError for fewer than two
    points, unless each has a target, and for a fraction that is not between 0 and 1.

    >>> (points, labels), (held_out_points, held_out_labels) = split(*micrograd_moons())
    >>> len(points), len(labels), len(held_out_points), len(held_out_labels)
    (75, 75, 25, 25)
    """
    points, targets = entries_of("points", points), entries_of("targets", targets)
    count = len(points)
    if count != len(targets):
        raise ValueError(f"expected one target per point, not {len(targets)} targets for {count} points")
    if count < 2:
        raise ValueError(f"expected at least two points, one to train on and one to hold out, not {count}")
    if not 0 < fraction < 1:
        raise ValueError(f"the fraction to hold out is between 0 and 1, not {fraction}")
    order = list(range(count))
    random.Random(seed).shuffle(order)
    size = min(max(round(fraction * count), 1), count - 1)

    def chosen(positions: list[int]) -> tuple[list[Point], list[Target]]:
        return [points[position] for position in positions], [targets[position] for position in positions]

    return chosen(order[size:]), chosen(order[:size])


def split_table(table: Table, fraction: float = 0.25, seed: int = 0) -> tuple[Table, Table]:
    """Two tables, one to train on and one held out, of the rows of one, divided as `split` divides points.

    Raises ValueError for fewer than two rows, and for a fraction that is not between 0 and 1.

    >>> training, held_out = split_table(table_of("iris"), seed=1)
    >>> len(training.rows), len(held_out.rows)
    (75, 25)
    """
    if len(table.rows) < 2:
        raise ValueError(
            f"{table.source} has one row only: expected at least two, one to train on and one to hold out"
        )
    (training, _), (held_out, _) = split(table.rows, table.rows, fraction, seed)
    return replace(table, rows=tuple(training)), replace(table, rows=tuple(held_out))


def table_of(name_or_path: str) -> Table:
    """The data set of this name as a table, or the table in the CSV file at this path.

    Raises ValueError for what is neither, and as `read_table`.

    >>> table_of("iris").names, len(table_of("xor").rows)
    (('petal_length', 'petal_width', 'species'), 100)
    >>> table_of("moon")
    Traceback (most recent call last):
        ...
    ValueError: no data set named 'moon': give moons, circles, xor, spirals, iris, houses, or the path of a \
CSV file; is it moons?
    """
    if name_or_path not in TABLES and Path(name_or_path).exists():
        return read_table(name_or_path)
    return choice("data set", name_or_path, TABLES, "the path of a CSV file")()


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


def _scattered(place: Callable[[int, int, int], Plane], n: int, noise: float, seed: int) -> Dataset:
    """`n` points, half of each label, shuffled, about `place(label, i, k)` for the label's i-th of k."""
    if n < 0 or not 0 <= noise < math.inf:
        raise ValueError(f"expected n >= 0 points and a finite noise >= 0, not n={n} and noise={noise}")
    generator = random.Random(seed)
    samples = []
    for label, size in enumerate((n - n // 2, n // 2)):
        for position in range(size):
            x, y = place(label, position, size)
            samples.append(((x + generator.gauss(0, noise), y + generator.gauss(0, noise)), label))
    generator.shuffle(samples)
    return [point for point, _ in samples], [label for _, label in samples]


def _shipped(name: str) -> Table:
    with resources.as_file(resources.files("nn") / "data" / name) as path:
        return read_table(path)


def _generated(generate: Callable[[], Dataset]) -> Table:
    points, labels = generate()
    rows = (map(repr, (*point, label)) for point, label in zip(points, labels, strict=True))
    names = ("x", "y", "label")
    return Table(generate.__name__, names, tuple(Row(line, list(row)) for line, row in enumerate(rows, 2)))


TABLES: dict[str, Callable[[], Table]] = {
    "moons": partial(_shipped, "moons_100.csv"),
    "circles": partial(_generated, circles),
    "xor": partial(_generated, xor),
    "spirals": partial(_generated, spirals),
    "iris": partial(_shipped, "iris_petals.csv"),
    "houses": partial(_shipped, "windsor_houses.csv"),
}
"""The data sets by the names that a command line gives them; moons are micrograd's hundred points."""

TARGETS = dict.fromkeys(TABLES, "label") | {"iris": "species", "houses": "price"}
"""What is to be predicted in each of `TABLES`."""
