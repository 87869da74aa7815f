"""Generated points lie where their docstrings say; measured ones are as published; a part is held out."""

import itertools
import math
import random

import numpy as np
import pytest

from nn import (
    circles,
    iris_petals,
    micrograd_moons,
    moons,
    spirals,
    split,
    split_table,
    table_of,
    windsor_houses,
    xor,
)
from nn.datasets import TABLES, TARGETS

GENERATORS = [moons, circles, xor, spirals]

each_generator = pytest.mark.parametrize("generate", GENERATORS)

# --- Where points lie ---


def is_on_a_moon(x, y, label):
    if label == 0:
        return math.isclose(math.hypot(x, y), 1, abs_tol=1e-15) and y >= 0
    return math.isclose(math.hypot(x - 1, y - 0.5), 1, abs_tol=1e-15) and y <= 0.5


def is_on_a_circle(x, y, label):
    return math.isclose(math.hypot(x, y), [1, 0.5][label], rel_tol=1e-15)


def is_a_corner(x, y, label):
    return abs(x) == abs(y) == 1 and (x * y < 0) == label


def is_on_an_arm(x, y, label):
    """On arm 0 the angle is 3 pi times the radius; arm 1 is the same, turned by pi."""
    radius = math.hypot(x, y)
    angle = 3 * math.pi * radius + math.pi * label
    return math.isclose(math.cos(angle), x / radius, abs_tol=1e-13) and math.isclose(
        math.sin(angle), y / radius, abs_tol=1e-13
    )


@pytest.mark.parametrize("n", [0, 1, 2, 7, 100])
@pytest.mark.parametrize(
    ("generate", "is_in_place"),
    [(moons, is_on_a_moon), (circles, is_on_a_circle), (xor, is_a_corner), (spirals, is_on_an_arm)],
)
def test_without_noise_points_lie_in_place_half_of_each_label(generate, is_in_place, n):
    points, labels = generate(n, noise=0.0, seed=3)
    assert labels.count(0) == (n + 1) // 2
    assert labels.count(1) == n // 2
    assert all(is_in_place(x, y, label) for (x, y), label in zip(points, labels, strict=True))


@each_generator
def test_noise_has_the_standard_deviation_that_was_asked_for(generate):
    """The same seed draws the same noise and the same order, whatever the noise is multiplied by."""
    (clean, _), (noisy, _) = generate(4000, noise=0.0, seed=8), generate(4000, noise=0.1, seed=8)
    offsets = np.array(noisy) - np.array(clean)
    assert np.sqrt((offsets**2).mean(axis=0)) == pytest.approx([0.1, 0.1], rel=0.05)
    assert offsets.mean(axis=0) == pytest.approx([0, 0], abs=0.01)


def test_the_points_of_a_seed_stay_what_they_are():
    points, labels = moons(3, noise=0.1, seed=2)
    assert labels == [0, 0, 1]
    assert points == [
        (1.2338166736175902, -0.06628539080668208),
        (-0.9605140378768837, 0.014652144723938288),
        (0.08351485796673622, 0.3597890211527145),
    ]


def test_the_four_clouds_of_xor_are_equally_large():
    points, _ = xor(40, noise=0.0)
    assert sorted(points) == sorted([(1, 1), (1, -1), (-1, 1), (-1, -1)] * 10)


def test_the_inner_circle_has_the_radius_that_was_asked_for():
    points, labels = circles(20, noise=0.0, factor=0.25)
    radii = {label: math.hypot(*point) for point, label in zip(points, labels, strict=True)}
    assert radii == pytest.approx({0: 1.0, 1: 0.25})


@pytest.mark.parametrize("turns", [0.5, 1, 3])
def test_a_spiral_crosses_the_axis_to_the_right_once_a_half_turn(turns):
    points, labels = spirals(4000, noise=0.0, turns=turns)
    arm = [point for point, label in zip(points, labels, strict=True) if label == 0]
    ys = [y for _, y in sorted(arm, key=lambda point: math.hypot(*point))]
    crossings = sum(y > 0 >= following for y, following in itertools.pairwise(ys))
    crossings += sum(y < 0 <= following for y, following in itertools.pairwise(ys))
    assert crossings in (2 * turns - 1, 2 * turns)  # the last point lies on the axis, but for rounding


# --- Randomness ---


@each_generator
def test_a_seed_names_one_data_set(generate):
    assert generate(20, 0.1, seed=1) == generate(20, 0.1, seed=1)
    assert generate(20, 0.1, seed=1) != generate(20, 0.1, seed=2)


@each_generator
def test_points_are_in_random_order(generate):
    _, labels = generate(100)
    assert labels != sorted(labels)


@pytest.mark.parametrize("draw", [*GENERATORS, lambda n: split(range(n), range(n))])
def test_pythons_generator_is_left_alone(draw):
    random.seed(6)
    expected = random.random()
    random.seed(6)
    draw(20)
    assert random.random() == expected


# --- Errors ---


@each_generator
@pytest.mark.parametrize(("n", "noise"), [(-1, 0.1), (10, -0.1), (10, math.nan), (10, math.inf)])
def test_what_is_no_size_and_no_noise_is_refused(generate, n, noise):
    with pytest.raises(ValueError, match=f"^expected n >= 0 points .* not n={n} and noise={noise}$"):
        generate(n, noise)


@pytest.mark.parametrize("factor", [0, 1, -0.5, 2, math.nan])
def test_an_inner_circle_that_is_not_inside_is_refused(factor):
    with pytest.raises(ValueError, match=f"between 0 and 1, not {factor}$"):
        circles(10, factor=factor)


@pytest.mark.parametrize("turns", [0, -1, math.inf, math.nan])
def test_turns_that_are_not_positive_and_finite_are_refused(turns):
    with pytest.raises(ValueError, match=f"positive and finite, not {turns}$"):
        spirals(10, turns=turns)


# --- What was measured ---


def test_the_demos_points_are_fifty_of_each_label():
    points, labels = micrograd_moons()
    assert len(points) == 100
    assert labels.count(0) == labels.count(1) == 50
    assert (points[0], labels[0]) == ((1.1221146075409685, 0.08147717341718697), 0)


@pytest.mark.parametrize(("label", "means"), [(0, (4.260, 1.326)), (1, (5.552, 2.026))])
def test_the_irises_have_the_means_that_fisher_gives(label, means):
    """Fisher (1936), Table VIII: petal length and width of versicolor, label 0, and of virginica, label 1."""
    points, labels = iris_petals()
    flowers = [point for point, own in zip(points, labels, strict=True) if own == label]
    assert len(flowers) == 50
    assert np.array(flowers).mean(axis=0) == pytest.approx(means, abs=1e-12)


def test_the_houses_give_the_price_function_that_is_published_for_them():
    """Verbeek, "A Guide to Modern Econometrics", 2004, Table 3.1: least squares for the price's logarithm by
    a constant, the lot size's logarithm, bedrooms, bathrooms and air conditioning."""
    points, prices = windsor_houses()
    houses, target = np.array(points), np.log(prices)
    assert houses.shape == (546, 11)
    columns = np.column_stack([np.ones(546), np.log(houses[:, 0]), houses[:, 1], houses[:, 2], houses[:, 8]])
    coefficients, [residual], _, _ = np.linalg.lstsq(columns, target, rcond=None)
    assert coefficients.round(3).tolist() == [7.094, 0.400, 0.078, 0.216, 0.212]
    assert round(1 - residual / ((target - target.mean()) ** 2).sum(), 4) == 0.5674
    assert round(math.sqrt(residual / (546 - 5)), 4) == 0.2456


def test_what_a_house_has_or_has_not_is_one_or_zero():
    points, prices = windsor_houses()
    has_or_has_not = np.array(points)[:, [4, 5, 6, 7, 8, 10]]
    assert set(np.unique(has_or_has_not)) == {0.0, 1.0}
    assert (min(prices), max(prices)) == (25000.0, 190000.0)


# --- What is held out ---


@pytest.mark.parametrize(
    ("n", "fraction", "held_out"), [(100, 0.25, 25), (10, 0.3, 3), (2, 0.01, 1), (2, 0.99, 1), (7, 0.99, 6)]
)
def test_a_fraction_is_held_out_and_both_parts_have_a_point(n, fraction, held_out):
    (points, _), (held_out_points, _) = split(range(n), range(n), fraction)
    assert len(held_out_points) == held_out
    assert sorted(points + held_out_points) == list(range(n))


def test_each_point_keeps_its_target():
    parts = split([(float(i),) for i in range(20)], [10 * i for i in range(20)])
    for points, targets in parts:
        assert [10 * x for (x,) in points] == targets


def test_a_seed_names_one_split_in_random_order():
    first = split(range(50), range(50), seed=4)
    assert first == split(range(50), range(50), seed=4)
    assert first != split(range(50), range(50), seed=5)
    assert first[0][0] != sorted(first[0][0])


@pytest.mark.parametrize(
    ("points", "targets", "fraction", "message"),
    [
        ([1, 2], [1], 0.5, "^expected one target per point, not 1 targets for 2 points$"),
        ([1], [1], 0.5, "at least two points.*not 1$"),
        ([], [], 0.5, "at least two points.*not 0$"),
        ([1, 2], [1, 2], 0, "between 0 and 1, not 0$"),
        ([1, 2], [1, 2], 1, "between 0 and 1, not 1$"),
        ([1, 2], [1, 2], math.nan, "between 0 and 1, not nan$"),
    ],
)
def test_what_cannot_be_divided_is_refused(points, targets, fraction, message):
    with pytest.raises(ValueError, match=message):
        split(points, targets, fraction)


def test_a_table_is_divided_as_its_rows_would_be():
    table = table_of("iris")
    (training, _), (held_out, _) = split(table.rows, table.rows, 0.2, seed=3)
    parts = split_table(table, 0.2, seed=3)
    assert [part.rows for part in parts] == [tuple(training), tuple(held_out)]
    assert {(part.source, part.names) for part in parts} == {(table.source, table.names)}


def test_a_table_of_one_row_cannot_be_divided(tmp_path):
    path = tmp_path / "one.csv"
    path.write_text("size,price\n30,900\n")
    with pytest.raises(ValueError, match=r"^one\.csv has one row only: expected at least two"):
        split_table(table_of(str(path)))


# --- By name ---


@pytest.mark.parametrize(
    ("name", "dataset"),
    [("moons", micrograd_moons()), ("circles", circles()), ("xor", xor()), ("spirals", spirals())],
)
def test_a_table_by_name_has_the_points_and_the_labels_of_the_data_set(name, dataset):
    table = table_of(name)
    points, labels = dataset
    assert table.names == ("x", "y", "label")
    assert list(zip(table.numbers("x"), table.numbers("y"), strict=True)) == points
    assert table.texts("label") == [str(label) for label in labels]


def test_every_table_by_name_has_its_target():
    assert [name for name in TABLES if TARGETS[name] not in table_of(name).names] == []


def test_a_name_that_is_a_file_too_is_the_name(tmp_path, monkeypatch):
    (tmp_path / "iris").write_text("a,b\n1,2\n")
    monkeypatch.chdir(tmp_path)
    assert table_of("iris").source == "iris_petals.csv"
    assert table_of("./iris").source == "iris"
