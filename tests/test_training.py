"""`fit` against the same training written out, and what ends it; what it was told wrong moves nothing."""

import math
import random
import signal
import warnings

import numpy as np
import pytest

import autograd
from autograd import Value, reduce_mean, reduce_sum
from nn import (
    MLP,
    SGD,
    Adam,
    Module,
    Neuron,
    Optimizer,
    accuracy,
    clip_by_norm,
    fit,
    l2_penalty,
    moons,
    objectives,
    predictions,
    r_squared,
    schedules,
    split,
    squared_error,
)

POINTS, LABELS = moons(23, seed=3)


def small(seed=0):
    return MLP(2, [3, 1], activation="tanh", generator=random.Random(seed))


def numbers(model):
    return [parameter.data for parameter in model.parameters()]


def slope(losses, model, reduce):
    """The reduced losses, each recorded by itself, and their gradients, reduced as they are."""
    terms = []
    for loss in losses:
        model.zero_grad()
        loss.backward()
        terms.append([loss.data, *(parameter.grad for parameter in model.parameters())])
    return [reduce(column) for column in zip(*terms, strict=True)]


# --- The same, written out ---


@pytest.mark.parametrize(("reduction", "reduce"), [("mean", reduce_mean), ("sum", reduce_sum)])
def test_a_step_is_the_reduced_loss_and_the_penalty_then_the_optimizers_step(reduction, reduce):
    model, expected = small(), small()
    optimizer = SGD(expected.parameters(), learning_rate=0.1)
    losses = []
    for _ in range(3):
        rows = (squared_error(expected(x), y) for x, y in zip(POINTS, LABELS, strict=True))
        loss, *gradient = slope(rows, expected, reduce)
        penalty, *further = slope([l2_penalty(expected.parameters())], expected, sum)
        losses.append(loss + penalty)
        for parameter, *terms in zip(expected.parameters(), gradient, further, strict=True):
            parameter.grad = sum(terms)
        optimizer.step()
    history = fit(
        model,
        POINTS,
        LABELS,
        optimizer=SGD(model.parameters(), learning_rate=0.1),
        reduction=reduction,
        penalty=l2_penalty,
        epochs=3,
    )
    assert numbers(model) == numbers(expected)
    assert history.loss == losses
    assert (history.steps, history.epochs, history.stopped) == (3, 3, "epochs")


def test_batches_take_every_row_once_an_epoch_in_an_order_of_their_own():
    seen = []

    class Recording(Module):
        def __init__(self):
            self.weight = Value(0.5)

        def __call__(self, x):
            seen.append(x[0])
            return self.weight * x[0]

    rows = list(map(float, range(10)))
    history = fit(Recording(), rows, rows, batch_size=4, epochs=3, seed=7)
    epochs = [seen[start : start + 10] for start in (0, 10, 20)]
    assert [sorted(epoch) for epoch in epochs] == [rows] * 3
    assert len({tuple(epoch) for epoch in (rows, *epochs)}) == 4
    assert (history.steps, history.steps_per_epoch, history.epochs) == (9, 3, 3)


def test_a_seed_is_one_order_of_the_rows():
    def trained(seed):
        model = small()
        fit(model, POINTS, LABELS, batch_size=5, epochs=2, seed=seed)
        return numbers(model)

    assert trained(1) == trained(1) != trained(2)


def test_the_schedule_gives_each_steps_rate_and_clip_bounds_its_gradient():
    model, expected = small(), small()
    rates = schedules.exponential(0.5, 0.9)
    optimizer = SGD(expected.parameters(), learning_rate=1.0)
    for step in range(4):
        rows = (squared_error(expected(x), y) for x, y in zip(POINTS, LABELS, strict=True))
        _, *gradient = slope(rows, expected, reduce_mean)
        for parameter, number in zip(expected.parameters(), gradient, strict=True):
            parameter.grad = number
        clip_by_norm(expected.parameters(), 0.1)
        optimizer.learning_rate = rates(step)
        optimizer.step()
    history = fit(
        model,
        POINTS,
        LABELS,
        optimizer=SGD(model.parameters(), learning_rate=1.0),
        schedule=rates,
        clip=0.1,
        epochs=4,
    )
    assert numbers(model) == numbers(expected)
    assert history.learning_rate == [rates(step) for step in range(4)]


def test_metrics_are_those_of_the_predictions_before_each_step_and_of_the_rows_held_out_after_an_epoch():
    model = small()
    before = accuracy(predictions(model, POINTS), LABELS)
    held_out = moons(9, seed=4)
    history = fit(model, POINTS, LABELS, metric=accuracy, validation=held_out, epochs=2)
    assert history.metric[0] == before
    found = predictions(model, held_out[0])
    assert history.validation_metric[-1] == accuracy(found, held_out[1])
    assert history.validation_loss[-1] == reduce_mean(map(squared_error, found, held_out[1]))


def test_a_loss_may_be_a_function_and_predictions_lists():
    model = MLP(2, [3], generator=random.Random(1))
    kinds = [label + (x > 1) for (x, _), label in zip(POINTS, LABELS, strict=True)]
    history = fit(model, POINTS, kinds, loss="softmax_cross_entropy", metric=accuracy, epochs=30)
    assert history.loss[-1] < history.loss[0]
    assert [len(scores) for scores in predictions(model, POINTS)] == [3] * 23
    by_hand = fit(
        MLP(2, [3], generator=random.Random(1)),
        POINTS,
        kinds,
        loss=lambda scores, kind: -scores[kind],
        epochs=1,
    )
    assert by_hand.steps == 1


# --- The end ---


def test_it_ends_when_successive_epochs_hardly_differ():
    history = fit(
        Neuron(1, nonlin=False, initialiser="zeros"), [1.0, 2.0], [2.0, 4.0], epochs=10_000, tolerance=1e-6
    )
    assert history.stopped == "tolerance"
    assert abs(history.loss[-1] - history.loss[-2]) < 1e-6 <= abs(history.loss[-2] - history.loss[-3])


def test_it_ends_when_rows_held_out_get_worse_with_the_best_epochs_parameters():
    model = Neuron(1, nonlin=False, initialiser="zeros")
    kept = []

    def remembering(found, targets):
        kept.append(model.state_dict())
        return 0.0

    history = fit(
        model,
        [1.0],
        [5.0],
        optimizer=SGD(model.parameters(), learning_rate=0.05),
        validation=([1.0], [2.0]),
        metric=remembering,
        patience=3,
        epochs=100,
    )
    assert history.stopped == "patience"
    best = history.validation_loss.index(min(history.validation_loss))
    assert history.epochs == best + 1 + 3
    assert model.state_dict() == history.best == kept[2 * best + 1]


def test_a_loss_that_is_not_finite_ends_it_before_anything_moves():
    model = Neuron(1, nonlin=False)
    before = numbers(model)
    with pytest.warns(RuntimeWarning, match="the loss of step 0 is inf: try a smaller learning rate"):
        history = fit(model, [1e200], [0.0], epochs=5)
    assert (history.stopped, history.steps) == ("diverged", 0)
    assert numbers(model) == before


def test_a_gradient_that_is_not_finite_ends_it_before_anything_moves():
    class Root(Module):
        def __init__(self):
            self.weight = Value(0.0)

        def __call__(self, x):
            return x[0] * autograd.sqrt(self.weight) + self.weight

    model = Root()
    with pytest.warns(RuntimeWarning, match="loss of step 0 is 1, but its gradient is not finite") as caught:
        history = fit(model, [1.0], [1.0], clip=1.0, epochs=5)
    assert (history.stopped, history.steps, model.weight.data) == ("diverged", 0, 0.0)
    assert [warning.filename for warning in caught] == [__file__]


def test_an_epoch_whose_validation_loss_is_nan_is_no_best_one():
    losses = iter([math.nan, 5.0, 4.0, math.nan, 6.0])
    model = small()
    found = []

    def loss(prediction, target):  # of rows held out, whose predictions are plain numbers
        if isinstance(prediction, Value):
            return squared_error(prediction, target)
        found.append(model.state_dict())
        return next(losses) if len(found) > 1 else 0.0  # the first is a trial

    history = fit(model, POINTS, LABELS, loss=loss, validation=(POINTS[:1], LABELS[:1]), patience=2, epochs=9)
    assert (history.stopped, history.epochs) == ("patience", 5)
    assert model.state_dict() == history.best == found[3]
    assert "; 4 on the rows held out" in history.summary()


class Interrupting(Module):
    """A model that gets Ctrl-C while it computes for the n-th time."""

    def __init__(self, model, at):
        self.model, self.at, self.calls = model, at, 0

    def __call__(self, x):
        self.calls += 1
        if self.calls == self.at:
            signal.raise_signal(signal.SIGINT)
        return self.model(x)


@pytest.mark.parametrize("at", [1, 30, 60])
def test_ctrl_c_ends_it_after_the_step_and_it_goes_on_to_the_same_bits(at):
    def trained(model, optimizer, epochs=5, history=None):
        return fit(
            model,
            POINTS,
            LABELS,
            optimizer=optimizer,
            batch_size=5,
            epochs=epochs,
            metric=accuracy,
            validation=(POINTS, LABELS),
            history=history,
        )

    whole = small()
    uninterrupted = trained(whole, Adam(whole.parameters(), learning_rate=0.1))
    model = small()
    optimizer = Adam(model.parameters(), learning_rate=0.1)
    first = trained(Interrupting(model, at), optimizer)
    assert first.stopped == "interrupted"
    assert 0 < first.steps < uninterrupted.steps
    assert numbers(model) != numbers(whole)
    second = trained(model, optimizer, history=first)
    assert second == uninterrupted
    assert numbers(model) == numbers(whole)
    assert first.steps < second.steps


def test_afterwards_ctrl_c_is_what_it_was():
    before = signal.getsignal(signal.SIGINT)
    fit(small(), POINTS, LABELS, epochs=1)
    assert signal.getsignal(signal.SIGINT) is before


def test_a_second_ctrl_c_ends_it_at_once():
    class Twice(Interrupting):
        def __call__(self, x):
            signal.raise_signal(signal.SIGINT)
            return self.model(x)

    with pytest.raises(KeyboardInterrupt):
        fit(Twice(small(), 1), POINTS, LABELS)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_more_epochs_go_on_from_a_history_and_leave_it_as_it_was():
    whole, model = small(), small()
    optimizers = [SGD(network.parameters(), learning_rate=0.1) for network in (whole, model)]
    expected = fit(whole, POINTS, LABELS, optimizer=optimizers[0], batch_size=7, epochs=6)
    first = fit(model, POINTS, LABELS, optimizer=optimizers[1], batch_size=7, epochs=4)
    second = fit(model, POINTS, LABELS, optimizer=optimizers[1], batch_size=7, epochs=6, history=first)
    assert (second, numbers(model)) == (expected, numbers(whole))
    assert first.epochs == 4


# --- Progress ---


def test_a_bar_is_shown_on_request_and_never_in_a_log(capfd):
    fit(small(), POINTS, LABELS, epochs=2)
    assert capfd.readouterr() == ("", "")
    fit(small(), POINTS, LABELS, epochs=2, metric=accuracy, progress=True)
    out, err = capfd.readouterr()
    assert out == ""
    assert "2/2" in err
    assert "loss " in err
    assert "metric " in err


# --- What does not fit ---


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"points": POINTS[:5]}, ValueError, "not 23 targets for 5 points"),
        ({"points": [*POINTS[:-1], (1.0,)]}, ValueError, r"points\[22\] has 1 numbers"),
        ({"points": [(1.0, 2.0, 3.0)] * 23}, ValueError, "takes 2 inputs, not 3"),
        ({"targets": [math.nan] * 23}, ValueError, r"targets\[0\] holds nan"),
        ({"epochs": 0}, ValueError, "epochs is at least 1, not 0"),
        ({"epochs": 2.5}, TypeError, r"epochs is a whole number, not 2\.5"),
        ({"epochs": None}, TypeError, "epochs is a whole number, not None"),
        ({"epochs": True}, TypeError, "epochs is a whole number, not True"),
        ({"batch_size": True}, TypeError, "batch_size is a whole number, not True"),
        ({"seed": None}, TypeError, "seed is a whole number, not None"),
        ({"seed": "a"}, TypeError, "seed is a whole number, not 'a'"),
        ({"seed": False}, TypeError, "seed is a whole number, not False"),
        ({"optimizer": "adam"}, TypeError, r"such as Adam\(model.parameters\(\)\), not 'adam'"),
        ({"optimizer": Adam}, TypeError, r"such as Adam\(model.parameters\(\)\), not <class"),
        ({"optimizer": Adam(small().parameters())}, ValueError, "parameters that are not the model's"),
        ({"history": [0.5]}, TypeError, r"history is what an earlier fit returned, not \[0\.5\]"),
        ({"validation": (POINTS, LABELS, LABELS)}, TypeError, r"validation is a pair, \(points, targets\)"),
        ({"metric": r_squared, "targets": [1] * 23}, ValueError, "two different targets"),
        ({"validation": ([(1.0,)], [1])}, ValueError, "takes 2 inputs, not 1"),
        ({"validation": ([(1.0, 2.0)], [[1, 2]])}, ValueError, "one target for each output"),
        ({"batch_size": 0}, ValueError, "batch_size is at least 1, not 0"),
        ({"patience": 3}, ValueError, "patience needs validation"),
        ({"tolerance": math.nan}, ValueError, "tolerance is positive, not nan"),
        ({"reduction": "median"}, ValueError, "reduction is mean or sum, not 'median'"),
        ({"loss": "squared"}, ValueError, "no loss named 'squared'"),
        ({"loss": lambda found, target: 1.0}, TypeError, "the loss is the number 1.0"),
        ({"schedule": lambda step: math.nan}, ValueError, "positive and finite, not nan"),
        ({"clip": -1.0}, ValueError, "positive and finite, not -1.0"),
        ({"validation": (POINTS, [1])}, ValueError, "not 1 targets for 23 points"),
    ],
)
def test_what_does_not_fit_is_refused_and_moves_nothing(arguments, error, message):
    model = small()
    before = numbers(model)
    with pytest.raises(error, match=message):
        fit(model, **{"points": POINTS, "targets": LABELS, **arguments})
    assert numbers(model) == before


def test_what_has_no_parameters_is_not_trained():
    with pytest.raises(TypeError, match=r"fit trains a Module, which has parameters\(\), not <built-in"):
        fit(abs, POINTS, LABELS)


def test_whole_numbers_of_numpy_are_counts():
    def trained(whole):
        return fit(small(), POINTS, LABELS, epochs=whole(2), batch_size=whole(6), seed=whole(3))

    history = trained(np.int64)
    assert history == trained(int)
    assert {type(history.batch_size), type(history.seed)} == {int}


def test_parameters_left_out_of_the_optimizer_stay_as_they_are():
    model = small()
    first, last = model.layers
    before = first.state_dict(), last.state_dict()
    fit(model, POINTS, LABELS, optimizer=SGD(last.parameters(), learning_rate=0.1), epochs=1)
    assert first.state_dict() == before[0]
    assert last.state_dict() != before[1]


@pytest.mark.parametrize("make", [lambda model: None, lambda model: Adam(model.parameters())])
def test_a_history_without_the_optimizer_that_made_it_is_refused(make):
    model = small()
    history = fit(model, POINTS, LABELS, epochs=2)
    before = numbers(model)
    with pytest.raises(ValueError, match=r"has 2 steps, and the (new )?optimizer has taken 0: give the"):
        fit(model, POINTS, LABELS, epochs=3, optimizer=make(model), history=history)
    assert numbers(model) == before


@pytest.mark.parametrize(
    ("before", "now", "message"),
    [
        ({}, {"metric": accuracy}, "the history's metric has 0 entries, not the 2 of"),
        ({"metric": accuracy}, {}, "the history's metric has 2 entries, not the 0 of"),
        ({}, {"validation": (POINTS, LABELS)}, "the history's validation_loss has 0 entries, not the 2 of"),
        ({"validation": (POINTS, LABELS)}, {}, "the history's validation_loss has 2 entries, not the 0 of"),
    ],
)
def test_a_history_of_other_measurements_is_refused(before, now, message):
    model = small()
    optimizer = Adam(model.parameters())
    history = fit(model, POINTS, LABELS, epochs=2, optimizer=optimizer, **before)
    with pytest.raises(ValueError, match=message):
        fit(model, POINTS, LABELS, epochs=3, optimizer=optimizer, history=history, **now)


def test_the_history_of_other_data_is_refused():
    history = fit(small(), POINTS, LABELS, epochs=1)
    with pytest.raises(ValueError, match="the history is one of rows=23, and this fit has rows=22"):
        fit(small(), POINTS[:-1], LABELS[:-1], history=history)


@pytest.mark.parametrize("container", [tuple, np.array, list], ids=["tuple", "array", "list"])
def test_a_model_may_return_its_outputs_in_any_row(container):
    class Pair(Module):
        def __init__(self):
            self.scores = [Value(0.0), Value(0.5)]

        def __call__(self, x):
            return container([x[0] * score for score in self.scores])

    model = Pair()
    assert predictions(model, [(1.0, 2.0)]) == [[0.0, 0.5]]
    history = fit(model, POINTS, LABELS, loss="softmax_cross_entropy", metric=accuracy, epochs=2)
    assert len(history.metric) == 2


class Frame:
    """What a data frame is to us: it iterates over its columns, and turns itself into an array."""

    def __init__(self, rows):
        self.rows = rows

    def __iter__(self):
        return iter("ab")

    def to_numpy(self):
        return np.array(self.rows)


def test_a_data_frame_is_taken_wherever_points_are():
    model = small()
    assert predictions(model, Frame(POINTS)) == predictions(model, POINTS)
    assert split(Frame(POINTS), Frame(LABELS), seed=2) == split(
        [list(point) for point in POINTS], LABELS, seed=2
    )
    fit(model, Frame(POINTS), Frame(LABELS), epochs=1)


def test_predictions_record_nothing():
    (found,) = predictions(small(), [(0.5, -1.0)])
    assert found == small()((0.5, -1.0)).data
    assert type(found) is float


# --- Compiled ---


class Kinked(Module):
    """It takes another way through its own code for some points, and returns its outputs in a tuple."""

    def __init__(self):
        self.scores = [Value(0.25), Value(-0.5), Value(1.0)]

    def __call__(self, x):
        first, second, third = self.scores
        if x[0] < 0:
            return second * x[1], first, third * x[0] * first
        return first * x[0], autograd.tanh(second), third


CLASSES = [label + (x > 1) for (x, _), label in zip(POINTS, LABELS, strict=True)]
SIDES = [2 * label - 1 for label in LABELS]


@pytest.mark.parametrize(
    ("make", "options"),
    [
        (small, {"penalty": l2_penalty, "metric": accuracy}),
        (small, {"reduction": "sum", "batch_size": 5, "clip": 0.5, "loss": "max_margin", "targets": SIDES}),
        (small, {"validation": (POINTS[:7], LABELS[:7]), "metric": accuracy, "patience": 1, "epochs": 30}),
        (small, {"loss": "binary_cross_entropy_with_logits", "schedule": schedules.exponential(0.5, 0.9)}),
        (Kinked, {"loss": "softmax_cross_entropy", "targets": CLASSES, "metric": accuracy, "batch_size": 4}),
        (Kinked, {"targets": [[label, 1.0, x] for label, (x, _) in zip(LABELS, POINTS, strict=True)]}),
        (lambda: Neuron(1, nonlin=False), {"points": [1.0, 2.0], "targets": [3, 5], "epochs": 20}),
    ],
)
def test_compiled_it_is_the_same_training_to_the_bit(make, options):
    def trained(compile):
        model = make()
        model.load_state_dict({name: 0.01 * i - 0.02 for i, name in enumerate(model.state_dict())})
        given = {"points": POINTS, "targets": LABELS, "epochs": 4, **options}
        optimizer = Adam(model.parameters(), learning_rate=0.1)
        return (
            fit(model, **given, optimizer=optimizer, compile=compile),
            numbers(model),
            optimizer.state_dict(),
        )

    assert trained(compile=True) == trained(compile=False)


def test_compiled_it_moves_the_parameters_of_the_optimizer_alone():
    def trained(compile):
        model = small()
        last = model.layers[-1]
        fit(model, POINTS, LABELS, optimizer=Adam(last.parameters()), epochs=3, compile=compile)
        return model.state_dict(), [parameter.grad for parameter in model.parameters()]

    assert trained(compile=True) == trained(compile=False)


@pytest.fixture
def compilations(monkeypatch):
    """What was compiled; trainings are worthwhile however short they are."""
    made = []

    class Counted(objectives.Compiled):
        def __init__(self, recorded, predicts):
            super().__init__(recorded, predicts)
            made.append(recorded)

    monkeypatch.setattr(objectives, "Compiled", Counted)
    monkeypatch.setattr(objectives, "WORTHWHILE", 1)
    return made


def test_it_compiles_by_itself_what_is_worth_it(compilations, monkeypatch):
    fit(small(), POINTS, LABELS, epochs=2)
    assert len(compilations) == 1
    monkeypatch.setattr(objectives, "WORTHWHILE", 10**9)
    fit(small(), POINTS, LABELS, epochs=2)
    assert len(compilations) == 1


class Noisy(Module):
    def __init__(self):
        self.weight, self.generator = Value(0.5), random.Random(0)

    def __call__(self, x):
        return self.weight * x[0] + self.generator.gauss(0.0, 1.0)


class Frozen(Module):
    def __init__(self):
        self.weight = Value(0.5)

    def __call__(self, x):
        return self.weight * x[0] + float(str(self.weight.data))


class Penalised(Module):
    """Its loss reaches its parameter past its predictions."""

    def __init__(self):
        self.weight = Value(0.5)

    def __call__(self, x):
        return self.weight * x[0]

    def loss(self, prediction, target):
        return squared_error(prediction, target) + 0.1 * self.weight * self.weight


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (Noisy, RuntimeError, "is not what was recorded: the model or the loss computes something else each"),
        (Frozen, RuntimeError, "would freeze the number"),
        (Penalised, RuntimeError, "reaches a parameter past the model that it is given, in a closure"),
    ],
)
def test_what_cannot_be_compiled_is_recorded_or_on_request_refused(make, error, message, compilations):
    def trained(compile):
        model = make()
        loss = getattr(model, "loss", "squared_error")
        return fit(model, POINTS, LABELS, epochs=3, loss=loss, compile=compile), numbers(model)

    assert trained(compile="auto") == trained(compile=False)
    assert len(compilations) == 1
    with pytest.raises(error, match=message):
        trained(compile=True)


class Sign(Optimizer):
    def moved(self, data, grad):
        return (data - math.copysign(self.learning_rate, grad),)


def closing_over(model):
    return lambda prediction, target: (
        squared_error(prediction, target) + sum(parameter * parameter for parameter in model.parameters())
    )


@pytest.mark.parametrize(
    ("make", "options"),
    [
        (lambda: MLP(1, [2, 1], generator=random.Random(9)), {"points": [-1.0, 1.0], "targets": [1, 0]}),
        (lambda: Neuron(2, nonlin=False, initialiser="zeros"), {"loss": closing_over}),
        (small, {"loss": lambda _: lambda p, t: squared_error(p, t) * (5.0 if t in {1} else 1.0)}),
        (small, {"loss": lambda _: lambda p, t: (p - t).tanh() ** 2}),
        (
            lambda: Neuron(1, generator=random.Random(1)),
            {
                "points": [1.0, 2.0, 3.0],
                "targets": [1, 0, 0],
                "loss": lambda _: lambda p, t: p * t if t else 1.0,
                "batch_size": 1,
                "seed": 3,
            },
        ),
        (
            lambda: Neuron(1, nonlin=False, generator=random.Random(1)),
            {"points": [0.0, 0.0, 1.0, 0.0], "targets": [0] * 4, "loss": lambda _: lambda p, t: 1.5e308 * p},
        ),
    ],
    ids=["zeros", "closure", "set", "method", "constant", "overflow"],
)
def test_what_compiling_might_get_wrong_is_the_same_by_default(make, options, compilations):
    def trained(compile):
        model = make()
        given = {"points": POINTS, "targets": LABELS, "batch_size": 2, "epochs": 10, **options}
        if "loss" in given:
            given["loss"] = given["loss"](model)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            history = fit(model, **given, optimizer=Sign(model.parameters(), 0.1), compile=compile)
        words = [str(warning.message) for warning in caught]
        return history, numbers(model), [parameter.grad for parameter in model.parameters()], words

    assert repr(trained(compile="auto")) == repr(trained(compile=False))
    assert len(compilations) == 1


def test_a_model_of_very_many_paths_is_recorded(compilations):
    class Leaky(Module):
        def __init__(self):
            self.bounds = [Value(-float(bound)) for bound in range(20)]

        def __call__(self, x):
            scores = [x[0] + bound for bound in self.bounds]
            return sum(score if score > 0 else 0.1 * score for score in scores)

    asked = []
    outcome = objectives.Compiled.outcome

    def counted(self, batch):
        asked.append(len(batch.points))
        return outcome(self, batch)

    points, labels = [number + 0.5 for number in range(20)], [0] * 20
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(objectives.Compiled, "outcome", counted)
        by_default = fit(Leaky(), points, labels, epochs=2)
    assert asked == [16]
    assert by_default == fit(Leaky(), points, labels, epochs=2, compile=False)


def test_inside_no_grad_nothing_could_be_learned():
    with (
        autograd.no_grad(),
        pytest.raises(RuntimeError, match="inside no_grad there is nothing"),
    ):
        fit(small(), POINTS, LABELS)


def test_a_model_whose_attributes_change_is_recorded_from_there_on(compilations):
    class Scaled(Module):
        def __init__(self):
            self.scale, self.part = 1.0, small()

        def __call__(self, x):
            return self.scale * self.part(x)

    def trained(compile):
        model = Scaled()

        def schedule(step):
            model.scale = 1.0 if step < 3 else 0.5
            return 0.1

        return fit(model, POINTS, LABELS, epochs=5, schedule=schedule, compile=compile), numbers(model)

    assert trained(compile="auto") == trained(compile=False)
    assert len(compilations) == 1
    with pytest.raises(RuntimeError, match="an attribute of the model has changed since it was compiled"):
        trained(compile=True)


def test_a_label_that_a_trace_would_not_check_is_refused_all_the_same(compilations):
    model = small()
    with pytest.raises(ValueError, match=r"takes a label of -1 or 1, not 0\.5"):
        fit(model, POINTS, [*SIDES[:-1], 0.5], loss="max_margin", batch_size=5)


def test_an_error_of_the_model_comes_from_recording_and_leaves_the_steps_before_it(compilations):
    class Refusing(Module):
        def __init__(self):
            self.weight = Value(0.5)

        def __call__(self, x):
            if self.weight > 0.53:
                raise OverflowError("too heavy")
            return self.weight * x[0]

    model = Refusing()
    with pytest.raises(OverflowError, match="too heavy"):
        fit(model, [1.0], [9.0], optimizer=Adam(model.parameters(), learning_rate=0.01), epochs=9)
    assert 0.53 < model.weight.data < 0.55


def test_compiling_is_asked_for_by_name():
    with pytest.raises(ValueError, match="compile is True, False or 'auto', not 'yes'"):
        fit(small(), POINTS, LABELS, compile="yes")
