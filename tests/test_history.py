"""What no training could have left, or one with other options, is refused before anything moves."""

import json
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


@pytest.mark.parametrize(("name", "number"), [("rows", -1), ("batch_size", 0), ("batch_size", -5)])
def test_a_saved_history_of_impossible_counts_is_refused(tmp_path, name, number):
    path = tmp_path / "model.json"
    save(path, model(), history=History(rows=3, batch_size=2))
    content = json.loads(path.read_text())
    content["history"][name] = number
    path.write_text(json.dumps(content))
    with pytest.raises(ValueError, match="its history is one of"):
        load(path)


@pytest.mark.parametrize(("name", "size"), [("nin", 10**12), ("nouts", [10**12])])
def test_a_saved_network_larger_than_its_parameters_is_refused_before_it_is_built(tmp_path, name, size):
    path = tmp_path / "model.json"
    save(path, model())
    content = json.loads(path.read_text())
    content["architecture"][name] = size
    path.write_text(json.dumps(content))
    with pytest.raises(ValueError, match="more weights than there are parameters"):
        load(path)
