"""What no training could have left, or one with other options, is refused before anything moves."""

import json
import math
import random

import pytest

from nn import MLP, History, fit, load, save

POINTS, TARGETS = [0.0, 1.0, 2.0], [1.0, 3.0, 5.0]


def model():
    return MLP(1, [1], generator=random.Random(0))


def test_a_history_of_no_rows_has_one_step_per_epoch():
    assert History(loss=[2.0, 1.0]).epochs == 2


def test_patience_goes_on_only_from_a_history_that_kept_its_best_epoch():
    line = model()
    held_out = POINTS, TARGETS
    history = fit(line, POINTS, TARGETS, epochs=2, validation=held_out)
    before = line.state_dict()
    with pytest.raises(ValueError, match=r"^the history is one without patience: "):
        fit(line, POINTS, TARGETS, epochs=9, validation=held_out, patience=1, history=history)
    assert line.state_dict() == before


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("rows", -1, "a whole number from 0"),
        ("rows", True, "a whole number from 0"),
        ("rows", 2.0, "a whole number from 0"),
        ("batch_size", 0, "a whole number from 1, or null"),
        ("batch_size", True, "a whole number from 1, or null"),
        ("seed", None, "a whole number"),
        ("seed", "a", "a whole number"),
        ("loss", [10**400], "a list of finite floats"),
        ("loss", [True], "a list of finite floats"),
        ("loss", {"0": 1.0}, "a list of finite floats"),
        ("metric", ["1"], "a list of finite floats"),
        ("stopped", "tired", "empty or one of epochs, "),
        ("stopped", ["epochs"], "empty or one of epochs, "),
        ("best", {"w": 1.0}, "empty or a finite float for each"),
        ("best", {"layers.0.neurons.0.w.0": 1.0}, "empty or a finite float for each"),
        ("best", {"layers.0.neurons.0.w.0": 1.0, "layers.0.neurons.0.b": 10**400}, "empty or a finite float"),
        ("best", [], "empty or a finite float for each"),
    ],
)
def test_a_saved_history_that_no_training_left_is_refused(tmp_path, name, value, expected):
    path = tmp_path / "model.json"
    save(path, model(), history=History(rows=3, batch_size=2))
    content = json.loads(path.read_text())
    content["history"][name] = value
    path.write_text(json.dumps(content))
    with pytest.raises(ValueError, match=f"the {name} of its history is {expected}.*, not ") as caught:
        load(path)
    assert len(str(caught.value)) < 400


def test_what_load_would_refuse_of_a_history_save_refuses(tmp_path):
    with pytest.raises(ValueError, match=r"the validation_loss of its history is .*, not \[nan\]"):
        save(tmp_path / "model.json", model(), history=History(validation_loss=[math.nan]))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("name", "size"), [("nin", 10**12), ("nouts", [10**12])])
def test_a_saved_network_larger_than_its_parameters_is_refused_before_it_is_built(tmp_path, name, size):
    path = tmp_path / "model.json"
    save(path, model())
    content = json.loads(path.read_text())
    content["architecture"][name] = size
    path.write_text(json.dumps(content))
    with pytest.raises(ValueError, match="more weights than there are parameters"):
        load(path)
