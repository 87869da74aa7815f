"""Initialisers: what each draws, from which generator, and how one is chosen by name."""

import math
import random
import statistics

import pytest

from nn.initialisers import INITIALISERS, he, initialiser, uniform, xavier, zeros

SIZES = [(1, 1), (2, 16), (300, 100)]


def drawn(initialise, nin, nout, number=4000):
    generator = random.Random(5)
    return [initialise(nin, nout, generator) for _ in range(number)]


# --- What is drawn ---


@pytest.mark.parametrize(("nin", "nout"), SIZES)
@pytest.mark.parametrize(
    ("initialise", "variance"),
    [
        (uniform, lambda nin, nout: 1 / 3),
        (xavier, lambda nin, nout: 2 / (nin + nout)),
        (he, lambda nin, nout: 2 / nin),
        (zeros, lambda nin, nout: 0.0),
    ],
)
def test_weights_have_mean_0_and_the_variance_of_the_paper(initialise, variance, nin, nout):
    weights = drawn(initialise, nin, nout)
    deviation = math.sqrt(variance(nin, nout))
    assert statistics.fmean(weights) == pytest.approx(0, abs=4 * deviation / math.sqrt(len(weights)))
    assert statistics.pstdev(weights) == pytest.approx(deviation, rel=0.05)


@pytest.mark.parametrize(("nin", "nout"), SIZES)
@pytest.mark.parametrize(
    ("initialise", "bound"),
    [(uniform, lambda nin, nout: 1), (xavier, lambda nin, nout: (6 / (nin + nout)) ** 0.5)],
)
def test_uniform_weights_fill_their_interval_and_no_more(initialise, bound, nin, nout):
    largest = max(map(abs, drawn(initialise, nin, nout)))
    assert 0.99 * bound(nin, nout) < largest <= bound(nin, nout)


def test_weights_of_he_are_normal_and_exceed_two_deviations_as_often_as_they_should():
    weights = drawn(he, 8, 1)
    share = sum(abs(weight) > 2 * 0.5 for weight in weights) / len(weights)
    assert share == pytest.approx(math.erfc(math.sqrt(2)), rel=0.2)


# --- Generators ---


@pytest.mark.parametrize("initialise", INITIALISERS.values())
def test_the_module_random_is_a_generator_like_its_class(initialise):
    random.seed(3)
    assert [initialise(2, 4, random) for _ in range(5)] == [
        initialise(2, 4, generator) for generator in [random.Random(3)] for _ in range(5)
    ]


@pytest.mark.parametrize("initialise", INITIALISERS.values())
def test_pythons_own_generator_is_left_alone_by_another(initialise):
    before = random.getstate()
    initialise(2, 4, random.Random(3))
    assert random.getstate() == before


def test_zeros_draw_nothing():
    generator = random.Random(3)
    before = generator.getstate()
    assert zeros(2, 4, generator) == 0.0
    assert generator.getstate() == before


def test_uniform_weights_are_micrograds():
    generator = random.Random(1337)
    assert [uniform(2, 1, generator) for _ in range(2)] == [0.23550571390294128, 0.06653114721000164]


# --- By name ---


@pytest.mark.parametrize("name", INITIALISERS)
def test_an_initialiser_is_found_by_its_own_name(name):
    assert initialiser(name).__name__ == name


def test_a_function_is_its_own_initialiser():
    def fixed(nin, nout, generator):
        return 0.5

    assert initialiser(fixed) is fixed


@pytest.mark.parametrize("name", ["glorot", "", None, 3])
def test_an_unknown_initialiser_is_an_error_that_lists_the_choices(name):
    with pytest.raises(
        ValueError,
        match=rf"^no initialiser named {name!r}: give uniform, xavier, he, zeros, or a function of nin, nout",
    ):
        initialiser(name)


@pytest.mark.parametrize(
    ("name", "closest"), [("Xavier", "xavier"), ("unifrom", "uniform"), ("zero", "zeros")]
)
def test_an_unknown_initialiser_is_an_error_that_names_the_closest_one(name, closest):
    with pytest.raises(ValueError, match=rf"is it {closest}\?$"):
        initialiser(name)
