"""Points and targets as plain numbers, and which entry is wrong if one is."""

import numpy as np
import pytest

from nn.samples import samples


class Frame:
    """What a data frame is to us: something that turns itself into an array."""

    def __init__(self, rows):
        self.rows = rows

    def to_numpy(self):
        return np.array(self.rows)


@pytest.mark.parametrize(
    "points", [[(1, 2), (3, 4)], np.array([[1, 2], [3, 4]]), Frame([[1, 2], [3, 4]]), ((1.0, 2), [3, 4.0])]
)
def test_points_are_lists_of_floats(points):
    found, _ = samples(points, [0, 1])
    assert found == [[1.0, 2.0], [3.0, 4.0]]
    assert {type(number) for point in found for number in point} == {float}


def test_points_of_one_number_may_be_bare():
    assert samples([1, 2.5], [0, 1])[0] == samples(np.array([1, 2.5]), [0, 1])[0] == [[1.0], [2.5]]


def test_classes_stay_whole_and_targets_may_be_lists():
    _, targets = samples([1, 2], np.array([1, 0]))
    assert [type(target) for target in targets] == [int, int]
    assert samples([1, 2], [[1, 0.5], [0, 1]])[1] == [[1, 0.5], [0, 1]]


@pytest.mark.parametrize("targets", [[[1], [0]], np.array([[1], [0]]), Frame([[1], [0]])])
def test_a_column_of_targets_is_a_list_of_them(targets):
    assert samples([1, 2], targets)[1] == [1, 0]


@pytest.mark.parametrize(
    ("points", "targets", "error", "message"),
    [
        ([], [], ValueError, "at least one point"),
        ([1, 2], [1], ValueError, "not 1 targets for 2 points"),
        ([[1, 2], [3]], [0, 1], ValueError, r"points\[1\] has 1 numbers, and points\[0\] has 2"),
        ([[1, float("nan")]], [0], ValueError, r"points\[0\] holds nan: leave the row out"),
        ([[1, 10**400]], [0], ValueError, r"points\[0\] holds inf"),
        ([1], [-(10**400)], ValueError, r"targets\[0\] holds -inf"),
        ([1], [float("inf")], ValueError, r"targets\[0\] holds inf"),
        ([[1, "2"]], [0], TypeError, r"points\[0\] holds '2', which is no number"),
        ([None], [0], TypeError, r"points\[0\] holds None"),
        ([[[1]]], [0], TypeError, r"points\[0\] holds \[1\]"),
        ("12", [0, 1], TypeError, "points are a list or an array, not '12'"),
        (5, [0], TypeError, "points are a list or an array, not 5"),
    ],
)
def test_what_is_no_sample_is_refused_with_its_place(points, targets, error, message):
    with pytest.raises(error, match=message):
        samples(points, targets)
