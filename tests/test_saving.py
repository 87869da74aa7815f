"""Saved models come back to the last bit, and a file that holds none changes nothing."""

import json
import math
import os
import random
import subprocess
import sys
import time

import pytest

import autograd
from nn import MLP, SGD, Adam, AdamW, Module, Neuron, Optimizer, RMSprop, fit, load, moons, save

POINTS, LABELS = moons(20, seed=3)


def small(seed=0, **options):
    return MLP(2, [3, 1], **{"activation": "tanh", "generator": random.Random(seed), **options})


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"activation": ["gelu", "sigmoid"]},
        {"bias": [False, True]},
        {"activation": [None, None], "bias": False},
    ],
)
def test_a_network_is_built_anew_with_the_same_bits(options, tmp_path):
    model = small(**options)
    save(tmp_path / "model.json", model)
    loaded = load(tmp_path / "model.json").model
    assert repr(loaded) == repr(model)
    assert loaded.state_dict() == model.state_dict()
    assert loaded([0.3, -0.7]).data == model([0.3, -0.7]).data


def test_every_double_survives(tmp_path):
    neuron = Neuron(5)
    numbers = [0.1, -0.0, 5e-324, math.nextafter(1.0, 2.0), sys.float_info.max]
    for weight, number in zip(neuron.w, numbers, strict=True):
        weight.data = number
    save(tmp_path / "neuron.json", neuron)
    again = load(tmp_path / "neuron.json", Neuron(5)).model
    assert [weight.data.hex() for weight in again.w] == [number.hex() for number in numbers]


@pytest.mark.parametrize(
    "make",
    [
        lambda parameters: SGD(parameters, 0.1, momentum=0.9, nesterov=True),
        lambda parameters: Adam(parameters, 0.05),
        lambda parameters: AdamW(parameters, 0.05),
        lambda parameters: RMSprop(parameters, 0.05),
    ],
)
def test_a_saved_training_goes_on_to_the_same_bits(make, tmp_path):
    def trained(model, optimizer, epochs, history=None):
        options = {"batch_size": 6, "validation": (POINTS, LABELS), "patience": 50}
        return fit(model, POINTS, LABELS, optimizer=optimizer, epochs=epochs, history=history, **options)

    whole = small()
    expected = trained(whole, make(whole.parameters()), 5)
    model = small()
    optimizer = make(model.parameters())
    history = trained(model, optimizer, 2)
    save(tmp_path / "run.json", model, optimizer=optimizer, history=history, notes={"rows": 20})
    saved = load(tmp_path / "run.json")
    assert saved.notes == {"rows": 20}
    assert trained(saved.model, saved.optimizer, 5, saved.history) == expected
    assert saved.model.state_dict() == whole.state_dict()


def test_a_module_of_ones_own_is_loaded_into_one(tmp_path):
    class Line(Module):
        def __init__(self):
            self.neuron = Neuron(1, nonlin=False)

    line = Line()
    save(tmp_path / "line.json", line)
    again = Line()
    assert load(tmp_path / "line.json", again).model is again
    assert again.state_dict() == line.state_dict()
    with pytest.raises(ValueError, match="it says no architecture: give a model"):
        load(tmp_path / "line.json")


def test_a_network_with_an_activation_of_ones_own_is_loaded_into_one(tmp_path):
    model = small(activation=lambda x: x * x)
    save(tmp_path / "model.json", model)
    again = small(activation=lambda x: x * x, seed=9)
    assert load(tmp_path / "model.json", again).model([0.3, 0.4]).data == model([0.3, 0.4]).data


class Doubled(MLP):
    def __call__(self, x):
        return 2 * super().__call__(x)


def without_activation(model):
    model.layers[0].neurons[1].nonlin = False
    return model


def with_another_activation(model):
    model.layers[0].neurons[1].activation = autograd.relu
    return model


def without_bias(model):
    model.layers[0].neurons[1].b = None
    return model


def with_a_neuron_of_its_own_kind(model):
    class Quiet(Neuron):
        def __call__(self, x):
            return 0.5 * super().__call__(x)

    model.layers[0].neurons = [Quiet(2), Quiet(2), Quiet(2)]
    return model


@pytest.mark.parametrize(
    "make",
    [
        lambda: Doubled(2, [3, 1]),
        lambda: without_activation(small()),
        lambda: with_another_activation(small()),
        lambda: without_bias(small()),
        lambda: with_a_neuron_of_its_own_kind(small()),
    ],
)
def test_a_network_that_no_architecture_describes_is_never_loaded_as_another(make, tmp_path):
    model = make()
    save(tmp_path / "model.json", model)
    with pytest.raises(ValueError, match="it says no architecture: give a model"):
        load(tmp_path / "model.json")
    again = load(tmp_path / "model.json", make()).model
    assert again([0.3, -0.7]).data == model([0.3, -0.7]).data


# --- Files that hold no model ---


def edited(**changes):
    return lambda content: {**content, **changes}


def with_parameter(name, number):
    return lambda content: edited(parameters={**content["parameters"], name: number})(content)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (edited(format="another"), 'does not begin with "format"'),
        (lambda content: [content], 'does not begin with "format"'),
        (lambda content: {k: v for k, v in content.items() if k != "notes"}, "should have the keys"),
        (edited(extra=1), "should have the keys"),
        (edited(architecture={"nin": 2}), "an MLP's architecture has the keys"),
        (
            edited(architecture={"nin": 2, "nouts": [3, 0], "activation": "tanh", "bias": True}),
            r"sizes are to be whole numbers from 1, not \[2, 3, 0\]",
        ),
        (
            edited(architecture={"nin": 1, "nouts": [10**8, -1], "activation": "relu", "bias": True}),
            "sizes are to be whole numbers from 1",
        ),
        (
            edited(architecture={"nin": True, "nouts": [3], "activation": "relu", "bias": True}),
            "sizes are to be whole numbers from 1",
        ),
        (edited(architecture={"nin": 2, "nouts": [3, 1], "activation": "nope", "bias": True}), "'nope'"),
        (
            edited(architecture={"nin": 2, "nouts": [10**9], "activation": "relu", "bias": True}),
            "more weights than",
        ),
        (edited(architecture={"nin": 2, "nouts": 3, "activation": "relu", "bias": True}), "nouts is a list"),
        (edited(parameters=[1.0]), "its parameters are to be dicts"),
        (with_parameter("layers.7.b", 1.0), r"the state has layers\.7\.b, and the MLP does not"),
        (with_parameter("layers.0.neurons.0.b", "1"), "is a number, not '1'"),
        (with_parameter("layers.0.neurons.0.b", 10**400), "finite"),
        (edited(optimizer={"kind": "os.system"}), "its optimizer is none of SGD, Adam, AdamW, RMSprop"),
        (edited(history={"loss": [1.0]}), "its history should have the keys"),
        (edited(notes=[1]), "its notes are no dict"),
    ],
)
def test_a_wrong_file_is_refused_in_a_line(change, message, tmp_path):
    path = tmp_path / "model.json"
    save(path, small())
    path.write_text(json.dumps(change(json.loads(path.read_text()))))
    with pytest.raises(ValueError, match=message) as caught:
        load(path)
    assert str(caught.value).startswith(f"{path} holds no model that can be loaded: ")
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"\xff\xfe", b"[" * 100_000, b"null", b"1", b'{"format": NaN}', b'{"format": 1e999}'],
)
def test_what_is_no_json_is_refused(content, tmp_path):
    path = tmp_path / "model.json"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="holds no model that can be loaded"):
        load(path)


def test_a_file_cut_anywhere_is_refused(tmp_path):
    path, model = tmp_path / "model.json", small()
    save(path, model)
    content = path.read_bytes()
    for length in range(0, len(content) - 2, 37):
        path.write_bytes(content[:length])
        with pytest.raises(ValueError, match="holds no model"):
            load(path)


def test_the_state_of_another_architecture_is_refused(tmp_path):
    save(tmp_path / "model.json", small())
    other = MLP(2, [4, 1])
    before = other.state_dict()
    with pytest.raises(ValueError, match=r"the state misses .*: is it another architecture's"):
        load(tmp_path / "model.json", other)
    assert other.state_dict() == before


# --- Writing ---


@pytest.mark.parametrize("number", [math.nan, math.inf])
def test_numbers_that_are_not_finite_are_not_saved_and_the_file_stays(number, tmp_path):
    path, model = tmp_path / "model.json", small()
    save(path, model)
    before = path.read_bytes()
    model.parameters()[0].data = number
    with pytest.raises(ValueError, match=r"parameter layers\.0\.neurons\.0\.w\.0 is"):
        save(path, model)
    with pytest.raises(ValueError, match="not finite"):
        save(path, small(), notes={"best": number})
    with pytest.raises(TypeError, match="not JSON serializable"):
        save(path, small(), notes={"best": object()})
    assert path.read_bytes() == before


class Sign(Optimizer):
    def moved(self, data, grad):
        return (data - math.copysign(self.learning_rate, grad),)


class MySGD(SGD):
    pass


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda model: Sign(model.parameters(), 0.1),
            "makes SGD, Adam, AdamW, RMSprop, but no Sign: save",
        ),
        (lambda model: MySGD(model.parameters(), 0.1), "but no MySGD: save"),
        (
            lambda model: SGD(model.parameters()[1:], 0.1),
            "of all of the model's parameters, and this",
        ),
        (lambda model: SGD(model.parameters()[::-1], 0.1), "of all of the model's parameters"),
        (lambda model: SGD(small().parameters(), 0.1), "of all of the model's parameters"),
    ],
)
def test_an_optimizer_that_load_does_not_make_is_not_saved(make, message, tmp_path):
    model = small()
    with pytest.raises(ValueError, match=message):
        save(tmp_path / "model.json", model, optimizer=make(model))
    assert list(tmp_path.iterdir()) == []


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        save(tmp_path / "missing" / "model.json", small())


WRITER = """
import random, sys
from nn import MLP, save
models = [MLP(2, [16, 16, 1], generator=random.Random(seed)) for seed in (0, 1)]
print("ready", flush=True)
while True:
    for model in models:
        save(sys.argv[1], model)
"""


def contents_after_kills(path, kills):
    """What the file holds each time that a process which saves on and on is killed; and what it may hold."""
    allowed = []
    for seed in (0, 1):
        save(path, MLP(2, [16, 16, 1], generator=random.Random(seed)))
        allowed.append(path.read_bytes())
    generator, found = random.Random(5), []
    for _ in range(kills):
        writer = subprocess.Popen([sys.executable, "-c", WRITER, path], stdout=subprocess.PIPE)
        assert writer.stdout.readline() == b"ready\n"
        time.sleep(generator.uniform(0, 0.02))
        writer.kill()
        writer.communicate()
        found.append(path.read_bytes())
    return found, allowed


@pytest.mark.skipif(os.name != "posix", reason="a process that is killed at once is POSIX's")
def test_a_process_killed_while_it_saves_leaves_the_old_file_or_the_new(tmp_path):
    found, allowed = contents_after_kills(tmp_path / "model.json", kills=5)
    assert {*found} <= {*allowed}
