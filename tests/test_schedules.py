"""Learning rates by step: closed forms, ends, and what is refused."""

import math
import pickle

import pytest

from autograd import Value
from nn import SGD
from nn.schedules import constant, cosine, exponential, linear, step_decay, warmup

SCHEDULES = [
    constant(0.1),
    linear(0.1, 0.01, 10),
    step_decay(0.1, 0.5, 3),
    exponential(0.1, 0.9),
    cosine(0.1, 10, 0.01),
    warmup(cosine(0.1, 10, 0.01), 4),
]
each_schedule = pytest.mark.parametrize("schedule", SCHEDULES, ids=lambda schedule: type(schedule).__name__)


@pytest.mark.parametrize("step", [0, 1, 4, 5, 9])
@pytest.mark.parametrize(
    ("schedule", "rate"),
    [
        (constant(0.1), lambda step: 0.1),
        (linear(0.1, 0.01, 10), lambda step: 0.1 * (1 - step / 10) + 0.01 * step / 10),
        (linear(0.01, 0.1, 10), lambda step: 0.01 * (1 - step / 10) + 0.1 * step / 10),
        (step_decay(0.1, 0.5, 5), lambda step: 0.1 if step < 5 else 0.05),
        (exponential(0.1, 0.9), lambda step: 0.1 * math.exp(step * math.log(0.9))),
        (cosine(0.1, 10), lambda step: 0.1 * math.cos(math.pi * step / 20) ** 2),
        (cosine(0.1, 10, 0.01), lambda step: 0.01 + 0.09 * math.cos(math.pi * step / 20) ** 2),
        (warmup(constant(0.1), 4), lambda step: min(0.02 * (step + 1), 0.1)),
        (warmup(exponential(0.1, 0.9), 1), lambda step: 0.1 * 0.9 ** (step - 1) if step else 0.05),
    ],
)
def test_the_rate_at_a_step_is_the_closed_form(schedule, rate, step):
    assert schedule(step) == pytest.approx(rate(step), rel=1e-15)


@pytest.mark.parametrize("step", [10, 11, 1000, 10**18])
@pytest.mark.parametrize(
    ("schedule", "end"),
    [
        (linear(0.1, 0.01, 10), 0.01),
        (linear(0.1, 0.0, 10), 0.0),
        (cosine(0.1, 10), 0.0),
        (cosine(0.1, 10, 0.03), 0.03),
        (warmup(cosine(0.1, 6, 0.03), 4), 0.03),
        (constant(0.1), 0.1),
    ],
)
def test_past_its_steps_a_schedule_stays_at_its_end(schedule, end, step):
    assert schedule(step) == end


def test_linear_falls_as_in_micrograds_demo():
    schedule = linear(1.0, 0.1, 100)
    assert [schedule(step) for step in range(100)] == [1.0 - 0.9 * step / 100 for step in range(100)]


@each_schedule
def test_a_schedule_is_taken_by_an_optimizer_at_every_step(schedule):
    optimizer = SGD([Value(1.0)], learning_rate=1.0)
    for step in range(100):
        optimizer.learning_rate = schedule(step)
        assert optimizer.learning_rate == schedule(step)


@each_schedule
def test_a_schedule_pickles_and_equals_its_copy(schedule):
    duplicate = pickle.loads(pickle.dumps(schedule))
    assert duplicate == schedule
    assert [duplicate(step) for step in range(20)] == [schedule(step) for step in range(20)]


def test_a_schedule_says_what_it_is_made_of():
    assert repr(warmup(linear(0.1, 0.01, 10), 4)) == (
        "warmup(schedule=linear(start=0.1, end=0.01, steps=10), steps=4)"
    )


def test_any_function_of_the_step_can_be_warmed_up():
    schedule = warmup(lambda step: 1 / (step + 1), 1)
    assert [schedule(step) for step in range(4)] == [0.5, 1.0, 1 / 2, 1 / 3]


@pytest.mark.parametrize("rate", [0, -0.1, math.nan, math.inf])
@pytest.mark.parametrize(
    "make",
    [
        constant,
        lambda rate: linear(rate, 0.01, 10),
        lambda rate: step_decay(rate, 0.5, 3),
        lambda rate: exponential(rate, 0.9),
        lambda rate: cosine(rate, 10),
    ],
    ids=["constant", "linear", "step_decay", "exponential", "cosine"],
)
def test_a_rate_that_is_not_positive_and_finite_is_refused(make, rate):
    with pytest.raises(ValueError, match=f"a learning rate is positive and finite, not {rate}"):
        make(rate)


@pytest.mark.parametrize("steps", [0, -1])
@pytest.mark.parametrize(
    "make",
    [
        lambda steps: linear(0.1, 0.01, steps),
        lambda steps: step_decay(0.1, 0.5, steps),
        lambda steps: cosine(0.1, steps),
        lambda steps: warmup(constant(0.1), steps),
    ],
    ids=["linear", "step_decay", "cosine", "warmup"],
)
def test_a_number_of_steps_below_1_or_not_whole_is_refused(make, steps):
    with pytest.raises(ValueError, match=f"the number of steps is at least 1, not {steps}"):
        make(steps)
    with pytest.raises(TypeError, match=r"the number of steps is a whole number, not 2\.5"):
        make(2.5)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: linear(0.1, -0.01, 10), "the last learning rate is at least 0 and finite, not -0.01"),
        (lambda: linear(0.1, math.inf, 10), "the last learning rate is at least 0 and finite, not inf"),
        (lambda: step_decay(0.1, 0, 3), "the factor is greater than 0 and at most 1, not 0"),
        (lambda: step_decay(0.1, 1.5, 3), "the factor is greater than 0 and at most 1, not 1.5"),
        (lambda: exponential(0.1, math.nan), "the decay is greater than 0 and at most 1, not nan"),
        (lambda: cosine(0.1, 10, -1), "the minimum is at least 0 and finite, not -1"),
        (lambda: cosine(0.1, 10, 0.2), "the minimum is at most the rate of 0.1, not 0.2"),
    ],
)
def test_a_number_out_of_its_range_is_refused(make, message):
    with pytest.raises(ValueError, match=f"^{message}$"):
        make()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: constant("0.1"), "expected a real number, not str: '0.1'"),
        (lambda: warmup(0.1, 4), r"warmup leads up to a schedule, such as constant\(0.1\), not 0.1"),
    ],
)
def test_what_is_no_number_and_no_schedule_is_refused(make, message):
    with pytest.raises(TypeError, match=f"^{message}$"):
        make()
