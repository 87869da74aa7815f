"""Optimizers: the papers' updates written out, PyTorch's numbers, saved states, and what is refused."""

import copy
import itertools
import json
import math
import pickle

import numpy as np
import pytest

from autograd import Value, no_grad
from nn import SGD, Adam, AdamW, Optimizer, RMSprop
from nn.optimizers import OPTIMIZERS

# --- Gradient descent ---


def test_a_step_subtracts_the_learning_rate_times_the_gradient():
    x, y = Value(3.0), Value(-2.0)
    (x * y).backward()
    SGD([x, y], learning_rate=0.25).step()
    assert (x.data, y.data) == (3.0 - 0.25 * -2.0, -2.0 - 0.25 * 3.0)


@pytest.mark.parametrize("data", [0.0, -0.0, math.inf, 5e-324])
@pytest.mark.parametrize("gradient", [0.0, -0.0, 0.1, 1e308, -math.inf])
def test_without_momentum_a_step_is_that_subtraction_to_the_sign_of_a_zero(data, gradient):
    x = Value(data)
    x.grad = gradient
    optimizer = SGD([x], learning_rate=0.1)
    for expected in (data - 0.1 * gradient, (data - 0.1 * gradient) - 0.1 * gradient):
        optimizer.step()
        assert repr(x.data) == repr(expected)


# --- The papers' updates ---

GRADIENTS = [0.5, -1.25, 3.0, 0.0, 1e-3, -0.7, 20.0, 0.3, -0.1, 0.9]
"""One for each of ten steps."""


def moved_by(optimizer):
    """Where the optimizer takes its one parameter, step by step."""
    (parameter,) = optimizer.parameters
    for gradient in GRADIENTS:
        parameter.grad = gradient
        optimizer.step()
        yield parameter.data


def momentum_of_sutskever(x, mu, rate):
    v = 0.0
    for g in GRADIENTS:
        v = mu * v - rate * g
        x = x + v
        yield x


def nesterov_of_bengio(x, mu, rate):
    v = 0.0
    for g in GRADIENTS:
        v = mu * v - rate * g
        x = x + mu * v - rate * g
        yield x


def decayed_descent(x, decay, rate):
    for g in GRADIENTS:
        x = x - rate * (g + decay * x)
        yield x


def adam_of_kingma_and_ba(x, rate, beta1, beta2, epsilon, decay=0.0, decoupled=0.0):
    m = v = 0.0
    for t, gradient in enumerate(GRADIENTS, start=1):
        g = gradient + decay * x
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * (g * g)
        m_hat = m / (1 - beta1**t)
        v_hat = v / (1 - beta2**t)
        x = x - rate * (m_hat / (math.sqrt(v_hat) + epsilon) + decoupled * x)
        yield x


def rmsprop_of_hinton(x, rate, decay, epsilon):
    mean_square = 0.0
    for g in GRADIENTS:
        mean_square = decay * mean_square + (1 - decay) * (g * g)
        x = x - rate * g / (math.sqrt(mean_square) + epsilon)
        yield x


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda x: SGD(x, 0.1, momentum=0.9), momentum_of_sutskever(3.0, 0.9, 0.1)),
        (lambda x: SGD(x, 0.1, momentum=0.9, nesterov=True), nesterov_of_bengio(3.0, 0.9, 0.1)),
        (lambda x: SGD(x, 0.1, weight_decay=0.01), decayed_descent(3.0, 0.01, 0.1)),
        (lambda x: Adam(x), adam_of_kingma_and_ba(3.0, 0.001, 0.9, 0.999, 1e-8)),
        (
            lambda x: Adam(x, 0.1, betas=(0.5, 0.75), epsilon=0.25, weight_decay=0.1),
            adam_of_kingma_and_ba(3.0, 0.1, 0.5, 0.75, 0.25, decay=0.1),
        ),
        (lambda x: AdamW(x), adam_of_kingma_and_ba(3.0, 0.001, 0.9, 0.999, 1e-8, decoupled=0.01)),
        (
            lambda x: AdamW(x, 0.1, betas=[0.5, 0.75], epsilon=0.25, weight_decay=0.1),
            adam_of_kingma_and_ba(3.0, 0.1, 0.5, 0.75, 0.25, decoupled=0.1),
        ),
        (lambda x: RMSprop(x), rmsprop_of_hinton(3.0, 0.01, 0.9, 1e-8)),
        (lambda x: RMSprop(x, 0.1, decay=0.5, epsilon=0.25), rmsprop_of_hinton(3.0, 0.1, 0.5, 0.25)),
    ],
    ids=["momentum", "nesterov", "decay", "Adam", "Adam'", "AdamW", "AdamW'", "RMSprop", "RMSprop'"],
)
def test_ten_steps_are_the_papers_updates_bit_for_bit(make, expected):
    assert list(moved_by(make([Value(3.0)]))) == list(expected)


MANY = [0.0, -0.0, 1.0, -3.5, 1e-310, 1e200, -1e308, math.inf, math.nan, *np.linspace(-3, 3, 40).tolist()]


@pytest.mark.parametrize(
    "make",
    [
        lambda parameters: SGD(parameters, learning_rate=0.1),
        lambda parameters: SGD(parameters, learning_rate=0.1, momentum=0.9, weight_decay=0.01),
        lambda parameters: SGD(parameters, learning_rate=0.1, momentum=0.9, nesterov=True),
        lambda parameters: Adam(parameters, weight_decay=0.01),
        AdamW,
        RMSprop,
    ],
    ids=["sgd", "momentum", "nesterov", "adam", "adamw", "rmsprop"],
)
def test_many_parameters_move_at_once_with_the_bits_of_each_alone(make):
    def moved(parameters, optimizers):
        numbers = []
        for step in range(5):
            for parameter, gradient in zip(parameters, MANY[step:] + MANY[:step], strict=True):
                parameter.grad = gradient
            for optimizer in optimizers:
                optimizer.step()
            numbers.append([repr(parameter.data) for parameter in parameters])
        memories = [optimizer.state_dict()["memory"] for optimizer in optimizers]
        return numbers, memories

    together, alone = (list(map(Value, [1.5, -0.0, *range(47)])) for _ in range(2))
    numbers, (memory,) = moved(together, [make(together)])
    expected, memories = moved(alone, [make([parameter]) for parameter in alone])
    assert numbers == expected
    assert {name: list(map(repr, column)) for name, column in memory.items()} == {
        name: [repr(one[name][0]) for one in memories] for name in memory
    }


def test_an_optimizer_that_inherits_and_moves_otherwise_is_not_taken_for_elementwise():
    class Sign(Adam):
        def moved(self, data, grad, first, second):
            return data - math.copysign(0.5, grad), first, second

    parameters = [Value(1.0) for _ in range(50)]
    Sign(parameters).step()
    assert {parameter.data for parameter in parameters} == {0.5}


def test_every_parameter_has_a_memory_of_its_own():
    x, y = Value(3.0), Value(5.0)
    both = Adam([x, y], learning_rate=0.1)
    for gradient in GRADIENTS:
        x.grad, y.grad = gradient, -2 * gradient
        both.step()
    alone = Adam([Value(3.0)], learning_rate=0.1)
    *_, expected = moved_by(alone)
    assert x.data == expected
    assert y.data == pytest.approx(5.0 + (3.0 - expected), abs=1e-7)  # Adam hardly sees a gradient's scale


PYTORCH = {
    "SGD": (
        lambda x: SGD(x, 0.02),
        """
        2.58 2.33972976 2.177149643715671 2.0578426892311446 1.9658687876067817 1.8925560325423525
        1.8326843284029004 1.7828817971318998 1.7408533004287576 1.704971869274898
        """,
    ),
    "momentum": (
        lambda x: SGD(x, 0.02, momentum=0.9),
        """
        2.58 1.9617297599999999 1.332765959668137 0.772662264457022 0.2902497341225971
        -0.13280059505736372 -0.5188110737009201 -0.8841800324994186 -1.2345547116701987
        -1.5616417890933703
        """,
    ),
    "nesterov": (
        lambda x: SGD(x, 0.02, momentum=0.9, nesterov=True, weight_decay=0.1),
        """
        2.1906 1.604241734874192 1.1497555351323683 0.7854247699187089 0.48385955772785444
        0.2249407143966636 -0.006786961366937058 -0.2233199794967373 -0.4336680697339451
        -0.6437558697837861
        """,
    ),
    "decay": (
        lambda x: SGD(x, 0.02, weight_decay=0.1),
        """
        2.574 2.33073249552 2.166074916636542 2.045126468283581 1.9517647160044065 1.8772312907822128
        1.8162589191112999 1.7654473881359183 1.7224833023044137 1.6857272749806962
        """,
    ),
    "Adam": (
        lambda x: Adam(x, 0.1),
        """
        2.900000000047619 2.8005018483528157 2.7018717596135304 2.604491542339119 2.5087501798593537
        2.4150342891209475 2.3237180579454497 2.235153365220693 2.149660796824912 2.067522177609263
        """,
    ),
    "Adam'": (
        lambda x: Adam(x, 0.1, betas=(0.5, 0.75), epsilon=1e-3, weight_decay=0.1),
        """
        2.9000046946152764 2.8013456060661968 2.704809580938821 2.611001561434986 2.520320349606824
        2.4329776902606195 2.3490414221311413 2.268484510056887 2.191228600654018 2.1171775610508745
        """,
    ),
    "AdamW": (
        lambda x: AdamW(x, 0.1, weight_decay=0.1),
        """
        2.870000000047619 2.742030238604328 2.616604126309698 2.4942464651587235 2.3754746099501083
        2.260778463604498 2.1506013391025234 2.045323677345925 1.9452511668342134 1.8506080928178532
        """,
    ),
    "AdamW'": (
        lambda x: AdamW(x),
        """
        2.9989700000004764 2.9979400424582034 2.996910148750051 2.99588034014658 2.9948506377646598
        2.993821062521323 2.992791635089198 2.991762375853845 2.99073330487328 2.989704441839953
        """,
    ),
    "RMSprop": (
        lambda x: RMSprop(x, 0.1),
        """
        2.6837722344593526 2.502278907208885 2.36964769555995 2.2638060216540454 2.175357504252754
        2.099322446268267 2.0327063645806334 1.9735528228815165 1.9205061101079088 1.8725845031935975
        """,
    ),
}
"""The first ten steps of torch.optim, version 2.15.0, in doubles from x = 3.0, by loss.backward() of
(x*x - 2)**2 / 4, with the same arguments: lr, momentum, nesterov, weight_decay, betas, eps, and an alpha of
0.9 for RMSprop."""


@pytest.mark.parametrize(("make", "sequence"), PYTORCH.values(), ids=PYTORCH)
def test_ten_steps_are_pytorchs(make, sequence):
    x = Value(3.0)
    optimizer = make([x])
    for expected in map(float, sequence.split()):
        optimizer.zero_grad()
        ((x * x - 2) ** 2 / 4).backward()
        optimizer.step()
        assert x.data == pytest.approx(expected, rel=1e-12)


# --- What every optimizer does ---

SETTINGS = [
    lambda x: SGD(x, 0.1),
    lambda x: SGD(x, 0.1, momentum=0.9, nesterov=True, weight_decay=0.01),
    lambda x: Adam(x, 0.1, betas=(0.5, 0.75), epsilon=1e-3, weight_decay=0.1),
    lambda x: AdamW(x),
    lambda x: RMSprop(x, decay=0.5),
]
each_optimizer = pytest.mark.parametrize("make", SETTINGS, ids=["SGD", "SGD'", "Adam", "AdamW", "RMSprop"])


@each_optimizer
def test_the_learning_rate_may_change_between_steps(make):
    x, y = Value(3.0), Value(3.0)
    changed, other = make([x]), make([y])
    x.grad = y.grad = 1.0
    changed.step()
    other.step()
    changed.learning_rate /= 2
    changed.step()
    other.step()
    assert other.learning_rate == 2 * changed.learning_rate
    assert 3.0 > x.data > y.data


@each_optimizer
def test_the_optimizers_zero_grad_clears_its_parameters(make):
    x = Value(1.0)
    x.grad = 1.0
    make([x]).zero_grad()
    assert x.grad == 0.0


@each_optimizer
def test_training_finds_the_lowest_point(make):
    x, y = Value(3.0), Value(-2.0)
    optimizer = make([x, y])
    optimizer.weight_decay = 0.0
    optimizer.learning_rate = 0.05
    for _ in range(300):
        optimizer.zero_grad()
        ((x - 1) ** 2 + 2 * (y + x) ** 2).backward()
        optimizer.step()
    assert (x.data, y.data) == (pytest.approx(1, abs=0.05), pytest.approx(-1, abs=0.05))


@each_optimizer
def test_steps_are_counted(make):
    optimizer = make([Value(1.0)])
    assert optimizer.steps == 0
    optimizer.step()
    optimizer.step()
    assert optimizer.steps == 2


def test_what_the_constructor_took_can_be_read():
    sgd = SGD([Value(1.0)], 0.1, momentum=0.9, nesterov=True, weight_decay=0.01)
    assert (sgd.learning_rate, sgd.momentum, sgd.nesterov, sgd.weight_decay) == (0.1, 0.9, True, 0.01)
    adam = Adam([Value(1.0)], betas=[0.5, 0.75])
    assert (adam.learning_rate, adam.betas, adam.epsilon, adam.weight_decay) == (
        0.001,
        (0.5, 0.75),
        1e-8,
        0.0,
    )
    assert AdamW([Value(1.0)]).weight_decay == 0.01
    rmsprop = RMSprop([Value(1.0)])
    assert (rmsprop.learning_rate, rmsprop.decay, rmsprop.epsilon) == (0.01, 0.9, 1e-8)


@pytest.mark.parametrize(
    ("optimizer", "text"),
    [
        (SGD([Value(1.0)], 0.5), "SGD(1 parameter, learning_rate=0.5)"),
        (AdamW([Value(1.0), Value(2.0)]), "AdamW(2 parameters, learning_rate=0.001)"),
    ],
)
def test_a_repr_is_short(optimizer, text):
    assert repr(optimizer) == text


def test_the_optimizers_of_a_command_line_have_names():
    assert {"sgd": SGD, "adam": Adam, "adamw": AdamW, "rmsprop": RMSprop} == OPTIMIZERS


class Fading(Optimizer):
    """Another optimizer: it remembers two numbers, and has an argument of its own."""

    memory_bounds = {"last": -math.inf, "largest": 0.0}  # noqa: RUF012

    def __init__(self, parameters, learning_rate, *, fading=0.5):
        super().__init__(parameters, learning_rate)
        self.fading = fading

    def moved(self, data, grad, last, largest):
        last = self.fading * last + grad
        return data - self.learning_rate * last, last, max(largest, abs(grad))


def test_an_optimizer_of_ones_own_says_only_how_one_parameter_moves():
    x = Value(1.0)
    x.grad = -2.0
    optimizer = Fading([x], 0.5)
    optimizer.step()
    optimizer.step()
    assert x.data == 1.0 + 0.5 * 2.0 + 0.5 * 3.0
    state = optimizer.state_dict()
    assert state["hyperparameters"] == {"learning_rate": 0.5, "fading": 0.5}
    assert state["memory"] == {"last": [-3.0], "largest": [2.0]}
    other = Fading([x], 0.1)
    other.load_state_dict(state)
    assert other.state_dict() == state


# --- What is refused ---


@pytest.mark.parametrize("kind", OPTIMIZERS.values())
@pytest.mark.parametrize("rate", [0, -0.1, math.nan, math.inf])
def test_a_learning_rate_that_is_not_positive_and_finite_is_refused(kind, rate):
    with pytest.raises(ValueError, match=f"a learning rate is positive and finite, not {rate}"):
        kind([Value(1.0)], learning_rate=rate)
    optimizer = kind([Value(1.0)], learning_rate=0.5)
    with pytest.raises(ValueError, match=f"a learning rate is positive and finite, not {rate}"):
        optimizer.learning_rate = rate
    assert optimizer.learning_rate == 0.5


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda x: SGD(x, 0.1, momentum=1.0), "momentum is at least 0 and less than 1, not 1.0"),
        (lambda x: SGD(x, 0.1, momentum=-0.1), "momentum is at least 0 and less than 1, not -0.1"),
        (lambda x: SGD(x, 0.1, momentum=math.nan), "momentum is at least 0 and less than 1, not nan"),
        (lambda x: SGD(x, 0.1, nesterov=True), "give a momentum, such as 0.9"),
        (lambda x: SGD(x, 0.1, weight_decay=-1), "weight decay is at least 0 and finite, not -1"),
        (lambda x: Adam(x, betas=(0.9, 1.0)), "each of the betas is at least 0 and less than 1, not 1.0"),
        (lambda x: Adam(x, betas=(-0.1, 0.9)), "each of the betas is at least 0 and less than 1, not -0.1"),
        (lambda x: Adam(x, betas=(0.9,)), r"betas are two numbers, such as \(0.9, 0.999\), not \(0.9,\)"),
        (lambda x: Adam(x, betas=0.9), "betas are two numbers, .* not 0.9"),
        (lambda x: Adam(x, epsilon=0), "epsilon is positive and finite, not 0"),
        (lambda x: Adam(x, weight_decay=math.inf), "weight decay is at least 0 and finite, not inf"),
        (lambda x: AdamW(x, weight_decay=-0.5), "weight decay is at least 0 and finite, not -0.5"),
        (lambda x: RMSprop(x, decay=1), "decay is at least 0 and less than 1, not 1"),
        (lambda x: RMSprop(x, epsilon=-1e-8), "epsilon is positive and finite, not -1e-08"),
    ],
)
def test_a_hyperparameter_out_of_its_range_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make([Value(1.0)])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda x: SGD(x, "0.1"), "expected a real number, not str: '0.1'"),
        (lambda x: SGD(x, Value(0.1)), "expected a real number, not Value"),
        (lambda x: SGD(x, 0.1, momentum=None), "expected a real number, not NoneType"),
        (lambda x: SGD(x, 0.1, momentum=0.9, nesterov="no"), "nesterov is True or False, not 'no'"),
        (lambda x: Adam(x, betas=("a", "b")), "expected a real number, not str: 'a'"),
    ],
)
def test_a_hyperparameter_that_is_no_number_is_refused(make, message):
    with pytest.raises(TypeError, match=message):
        make([Value(1.0)])


@pytest.mark.parametrize("kind", OPTIMIZERS.values())
def test_an_optimizer_without_parameters_is_refused(kind):
    with pytest.raises(ValueError, match=rf"^{kind.__name__} was given no .* model.parameters\(\)$"):
        kind([], learning_rate=0.5)


@pytest.mark.parametrize("parameters", [None, Value(1.0), [1.0], [("w", Value(1.0))], "w"])
def test_what_holds_no_values_is_refused(parameters):
    with pytest.raises(TypeError, match=r"pass model.parameters\(\), not "):
        SGD(parameters, 0.5)


def test_a_parameter_given_twice_is_refused():
    x = Value(1.0)
    with pytest.raises(ValueError, match="a parameter twice"):
        SGD([x, Value(1.0), x], 0.5)


def test_what_is_computed_from_parameters_is_no_parameter():
    with pytest.raises(ValueError, match="not what is computed from them"):
        SGD([Value(1.0) * 2], 0.5)
    with no_grad():
        SGD([Value(1.0) * 2], 0.5)


# --- Saved states ---


def trained(make, steps):
    parameters = [Value(3.0), Value(-0.1)]
    optimizer = make(parameters)
    train(optimizer, steps)
    return optimizer


def train(optimizer, steps):
    for number in range(steps):
        for parameter, factor in zip(optimizer.parameters, (1.0, -0.3), strict=True):
            parameter.grad = factor * GRADIENTS[number]
        optimizer.step()


def resumed(make, optimizer):
    """Another optimizer, of parameters with the same data, in the state of the first as JSON keeps it."""
    other = make([Value(parameter.data) for parameter in optimizer.parameters])
    other.load_state_dict(json.loads(json.dumps(optimizer.state_dict(), allow_nan=False)))
    return other


@each_optimizer
@pytest.mark.parametrize("before", [0, 1, 7])
def test_a_state_saved_as_json_goes_on_with_the_same_bits(make, before):
    optimizer = trained(make, before)
    other = resumed(make, optimizer)
    assert other.state_dict() == optimizer.state_dict()
    train(optimizer, 5)
    train(other, 5)
    assert [x.data for x in other.parameters] == [x.data for x in optimizer.parameters]
    assert other.state_dict() == optimizer.state_dict()


def test_a_state_brings_its_hyperparameters():
    other = Adam([Value(1.0), Value(2.0)])
    other.load_state_dict(trained(SETTINGS[2], 3).state_dict())
    assert (other.learning_rate, other.betas, other.epsilon, other.weight_decay) == (
        0.1,
        (0.5, 0.75),
        1e-3,
        0.1,
    )
    assert other.steps == 3


@each_optimizer
@pytest.mark.parametrize(
    "duplicate", [copy.deepcopy, lambda thing: pickle.loads(pickle.dumps(thing))], ids=["deepcopy", "pickle"]
)
def test_a_copy_goes_on_by_itself(make, duplicate):
    optimizer = trained(make, 3)
    other = duplicate(optimizer)
    train(other, 5)
    assert optimizer.state_dict() == trained(make, 3).state_dict()
    train(optimizer, 5)
    assert [x.data for x in other.parameters] == [x.data for x in optimizer.parameters]


def changed(state, path, value):
    """A state with another value at a path of keys; without the key if the value is `...`."""
    *path, last = path
    state = copy.deepcopy(state)
    inner = state
    for key in path:
        inner = inner[key]
    if value is ...:
        del inner[last]
    else:
        inner[last] = value
    return state


MOMENT = ("memory", "first_moment", 1)
SQUARE = ("memory", "second_moment", 1)
RATE, BETAS = ("hyperparameters", "learning_rate"), ("hyperparameters", "betas")
NO_STATES = [
    (("kind",), "AdamW", "this is the state of 'AdamW', not of 'Adam'"),
    (("kind",), None, "this is the state of None, not of 'Adam'"),
    (("parameters",), 3, "that of 3 parameters, not of 2"),
    (("steps",), -1, "a whole number, at least 0, not -1"),
    (("steps",), 2.0, "a whole number, at least 0, not 2.0"),
    (("steps",), True, "a whole number, at least 0, not True"),
    (("steps",), 10**400, "a whole number, at least 0, not 1000"),
    (("steps",), ..., "the state has kind, parameters, steps, hyperparameters, memory, not .*'memory'"),
    (("extra",), 1, "the state has kind, .*, not .*"),
    (("memory",), [], "the state's memory is a dict, as state_dict.* not "),
    (("memory", "first_moment"), ..., "the state's memory has first_moment, second_moment, not "),
    (("memory", "velocity"), [0.0, 0.0], "the state's memory has first_moment, second_moment, not "),
    (("memory", "first_moment"), [0.0], "first_moment is a list of 2 numbers"),
    (("memory", "first_moment"), {}, "first_moment is a list of 2 numbers"),
    (MOMENT, math.nan, "first_moment has finite floats .* not nan"),
    (MOMENT, math.inf, "first_moment has finite floats .* not inf"),
    (MOMENT, -math.inf, "first_moment has finite floats .* not -inf"),
    (MOMENT, "0.5", "first_moment has finite floats .* not '0.5'"),
    (MOMENT, None, "first_moment has finite floats .* not None"),
    (SQUARE, -1.0, "second_moment has finite floats of at least 0.0, not -1.0"),
    (("hyperparameters",), None, "the state's hyperparameters is a dict, .* not None"),
    (("hyperparameters", "epsilon"), ..., "the state's hyperparameters has learning_rate, betas, epsilon, "),
    (("hyperparameters", "momentum"), 0.5, "the state's hyperparameters has learning_rate, betas, epsilon, "),
    (RATE, math.nan, "a learning rate is positive and finite, not nan"),
    (RATE, 0.0, "a learning rate is positive and finite, not 0.0"),
    (RATE, "0.1", "expected a real number, not str"),
    (BETAS, [0.9, math.inf], "each of the betas is at least 0 and less than 1, not inf"),
    (BETAS, 0.9, "betas are two numbers"),
]


@pytest.mark.parametrize(("path", "value", "message"), NO_STATES)
def test_what_is_no_state_of_the_optimizer_is_refused_and_leaves_it_as_it_was(path, value, message):
    optimizer = trained(lambda x: Adam(x, 0.1), 3)
    before = optimizer.state_dict()
    wrong = changed(trained(lambda x: Adam(x, 0.2), 5).state_dict(), path, value)
    with pytest.raises(ValueError, match=message):
        optimizer.load_state_dict(wrong)
    assert optimizer.state_dict() == before
    assert optimizer.learning_rate == 0.1


@pytest.mark.parametrize("state", [None, [], "state", {}])
def test_what_is_no_dict_of_a_state_is_refused(state):
    with pytest.raises(ValueError, match=r"^the state (is a dict|has kind)"):
        SGD([Value(1.0)], 0.1).load_state_dict(state)


@pytest.mark.parametrize(("saved", "loading"), list(itertools.permutations(OPTIMIZERS.values(), 2)))
def test_the_state_of_another_kind_is_refused(saved, loading):
    state = saved([Value(1.0)], learning_rate=0.1).state_dict()
    with pytest.raises(
        ValueError, match=f"the state of '{saved.__name__}', not of '{loading.__name__}': make that optimizer"
    ):
        loading([Value(1.0)], learning_rate=0.1).load_state_dict(state)


def test_a_message_about_a_huge_state_stays_short():
    with pytest.raises(ValueError, match="the state has") as caught:
        SGD([Value(1.0)], 0.1).load_state_dict({str(number): number for number in range(100_000)})
    assert len(str(caught.value)) < 200
