"""`python -m nn`: networks are trained, saved, resumed and shown, and predict; what is wrong is refused."""

import csv
import json
import math
import os
import pathlib
import re
import signal
import statistics
import subprocess
import sys

import pytest

from nn import MLP, fit, iris_petals, load, save, split_table, table_of
from nn import __main__ as command_line
from nn.__main__ import main
from nn.initialisers import INITIALISERS

SMALL = ["--hidden", "2", "--epochs", "2"]
FLATS = "size,rooms,price\n" + "".join(
    f"{size},{1 + size % 3},{900 + 25 * size + 40 * (size % 3)}\n" for size in range(30, 90, 5)
)
PETS = "size,kind\n" + "".join(f"{size},{('dog', 'cat', 'cow')[size % 3]}\n" for size in range(1, 19))


@pytest.fixture(autouse=True)
def _folder(tmp_path, monkeypatch):
    """Every test has a folder of its own, with two tables in it, and draws without programs of the system."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AUTOGRAD_GRAPHVIZ", "graphviz-pure")
    (tmp_path / "flats.csv").write_text(FLATS)
    (tmp_path / "pets.csv").write_text(PETS)


@pytest.fixture
def run(capsys):
    """A function that runs a command and returns its exit status, its output and what it says of errors."""

    def run_command(*arguments):
        try:
            status = main([str(argument) for argument in arguments])
        except SystemExit as exit:
            status = exit.code
        return status, *capsys.readouterr()

    return run_command


@pytest.fixture
def model(run, tmp_path):
    """A saved network for flats."""
    assert run("train", "flats.csv", "--target", "price", *SMALL, "--save", "model.json")[0] == 0
    return tmp_path / "model.json"


def changed(path, change):
    """Writes a copy of a model file in which `change` changed the content, and returns its path."""
    content = json.loads(path.read_text())
    change(content)
    copy = path.with_name("changed.json")
    copy.write_text(json.dumps(content))
    return copy


def files(folder):
    """What the files of a folder hold, by their names."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


# --- train ---------------------------------------------------------------------------------------------


def test_training_prints_the_network_the_losses_and_the_metric_beside_the_baseline(run):
    status, out, err = run("train", "iris", *SMALL, "--save", "iris.json")
    saved = load("iris.json")
    training, held_out = saved.history.loss, saved.history.validation_loss
    first, last = statistics.mean(training[:8]), statistics.mean(training[8:])
    losses = (
        f"{first:.4g} in the first epoch, {last:.4g} in the last; {held_out[-1]:.4g} on the rows held out"
    )
    lines = out.splitlines()
    assert lines[:9] == [
        "iris_petals.csv: classification, species from petal_length, petal_width",
        "75 rows to train on, 25 held out",
        "",
        *saved.model.summary().splitlines(),
        "",
        "epochs    2; stopped: all that were asked for are done",
        f"loss      {losses}",
    ]
    assert re.fullmatch(
        r"accuracy  (1|0\.\d{1,2}) on the rows held out; always the most frequent class: 0\.\d{1,2}", lines[9]
    )
    assert lines[10:] == ["wrote iris.json"]
    assert (status, err) == (0, "")  # without a terminal there is no bar


@pytest.mark.parametrize(
    ("data", "inputs", "outputs", "loss", "metric"),
    [
        (["moons"], 2, 1, math.log(2), "accuracy"),
        (["pets.csv", "--target", "kind"], 1, 3, math.log(3), "accuracy"),
        (["flats.csv", "--target", "price"], 2, 1, 1.0, "R^2"),
        (["flats.csv", "--target", "price", "--features", "size"], 1, 1, 1.0, "R^2"),
        (["flats.csv", "--target", "rooms", "--task", "classification"], 2, 3, math.log(3), "accuracy"),
    ],
)
def test_the_table_decides_on_inputs_outputs_loss_and_metric(
    run, monkeypatch, data, inputs, outputs, loss, metric
):
    """A network of zeros, to which all classes are as likely, and which says the mean, has a known loss."""
    monkeypatch.setitem(INITIALISERS, "xavier", INITIALISERS["zeros"])
    status, out, _ = run("train", *data, *SMALL, "--batch", "1000", "--save", "model.json")
    architecture, history = load("model.json").model.architecture(), load("model.json").history
    assert (status, architecture["nin"], architecture["nouts"][-1]) == (0, inputs, outputs)
    assert history.loss[0] == pytest.approx(loss, rel=1e-12)
    assert re.search(rf"^{re.escape(metric)} ", out, re.MULTILINE)


def test_nothing_is_known_of_the_rows_held_out(run):
    """Whatever the held-out prices are, and the sizes, the network for the other rows is the same."""
    options = ("--target", "price", *SMALL, "--seed", "3")
    assert run("train", "flats.csv", *options, "--save", "first.json")[0] == 0
    training, _ = split_table(table_of("flats.csv"), 0.25, 3)
    kept = {row.line for row in training.rows}
    lines = [
        line if number in kept or number == 1 else f"1{line}1"
        for number, line in enumerate(FLATS.splitlines(), 1)
    ]
    with open("flats.csv", "w") as file:
        file.write("\n".join(lines))
    assert run("train", "flats.csv", *options, "--save", "second.json")[0] == 0
    first, second = load("first.json"), load("second.json")
    assert first.model.state_dict() == second.model.state_dict()
    assert first.notes["preparation"] == second.notes["preparation"]
    assert first.history.validation_loss != second.history.validation_loss


def test_the_baseline_is_the_constant_that_is_best_in_training(run):
    labels = [1] * 10 + [0] * 6
    with open("coin.csv", "w") as file:
        file.write("x,label\n" + "".join(f"{x},{label}\n" for x, label in enumerate(labels)))
    _, out, _ = run("train", "coin.csv", "--target", "label", *SMALL, "--held-out", "0.5")
    training, held_out = split_table(table_of("coin.csv"), 0.5, 0)
    share = held_out.texts("label").count(statistics.mode(training.texts("label"))) / 8
    assert f"always the most frequent class: {share:.4g}\n" in out
    _, out, _ = run("train", "flats.csv", "--target", "price", *SMALL)
    training, held_out = split_table(table_of("flats.csv"))
    prices, mean = held_out.numbers("price"), statistics.mean(training.numbers("price"))
    missed, spread = (
        sum((price - constant) ** 2 for price in prices) for constant in (mean, statistics.mean(prices))
    )
    assert f"always the mean: {1 - missed / spread:.4g}\n" in out


def test_patience_ends_the_training_with_the_best_epoch(run):
    status, out, _ = run("train", "flats.csv", "--target", "price", "--rate", "0.5", "--patience", "2",
                         "--epochs", "200", "--save", "model.json")  # fmt: skip
    saved = load("model.json")
    assert (status, saved.history.stopped) == (0, "patience")
    assert saved.history.epochs < 200
    assert saved.model.state_dict() == saved.history.best
    assert f"; {min(saved.history.validation_loss):.4g} on the rows held out" in out


def test_a_training_that_diverges_saves_nothing_and_ends_with_status_1(run, tmp_path):
    (tmp_path / "model.json").write_text("an older file")
    options = ("--target", "price", "--optimizer", "sgd", "--rate", "1e200", "--save", "model.json")
    for epochs in (1, 5):
        status, out, err = run("train", "flats.csv", *options, "--epochs", epochs)
        assert (status, err.count("\n")) == (1, 1)
        assert re.match(
            r"nn: the loss after \d+ steps, or its gradient, is not finite: try a smaller --rate", err
        )
        assert "wrote" not in out
        assert (tmp_path / "model.json").read_text() == "an older file"


def test_without_hidden_layers_the_network_is_a_linear_model(run):
    command = ("train", "flats.csv", "--target", "price", "--hidden", "none", "--save", "model.json")
    status, out, _ = run(*command, "--epochs", "1")
    assert out.startswith("flats.csv: regression, price from size, rooms\n")
    assert (status, repr(load("model.json").model)) == (0, "MLP of [Layer of [LinearNeuron(2)]]")
    assert run(*command, "--epochs", "2", "--resume", "model.json")[0] == 0
    assert run("show", "model.json", "--draw", "net.svg")[0] == 0


def test_figures_beyond_all_measure_are_short(run):
    options = ("--hidden", "none", "--optimizer", "sgd", "--epochs", "1", "--batch", "100")
    status, out, _ = run("train", "flats.csv", "--target", "price", *options, "--rate", "1e100")
    assert status == 0
    assert re.search(r"^R\^2       -\d(\.\d+)?e\+\d+ on the rows held out", out, re.MULTILINE)
    assert max(map(len, out.splitlines())) < 110


# --- Ctrl-C, and going on ------------------------------------------------------------------------------


def interrupted_at(step):
    """`fit`, with Ctrl-C while a step is taken."""

    def rate(position):
        if position == step:
            signal.raise_signal(signal.SIGINT)
        return 0.02

    return lambda *arguments, **keywords: fit(*arguments, schedule=rate, **keywords)


@pytest.mark.parametrize("patience", [[], ["--patience", "50"]])
@pytest.mark.parametrize("step", [0, 2, 5])
def test_ctrl_c_saves_what_was_learnt_and_going_on_leads_where_it_would_have_led(
    run, monkeypatch, tmp_path, step, patience
):
    command = (
        "train",
        "pets.csv",
        "--target",
        "kind",
        "--hidden",
        "2",
        "--batch",
        "5",
        "--epochs",
        "4",
        *patience,
    )
    assert run(*command, "--save", "whole.json")[0] == 0
    with monkeypatch.context() as patch:
        patch.setattr(command_line, "fit", interrupted_at(step))
        status, out, err = run(*command, "--save", "part.json")
    assert (status, err) == (130, "")
    assert "stopped: by Ctrl-C\n" in out
    assert out.endswith("wrote part.json\n")
    assert load("part.json").history.steps == step + 1
    assert run(*command, "--resume", "part.json", "--save", "part.json")[0] == 0
    assert (tmp_path / "part.json").read_bytes() == (tmp_path / "whole.json").read_bytes()


def test_more_epochs_go_on_to_the_same_bits(run, tmp_path):
    command = (
        "train",
        "flats.csv",
        "--target",
        "price",
        "--hidden",
        "2",
        "--optimizer",
        "rmsprop",
        "--batch",
        "4",
    )
    run(*command, "--epochs", "5", "--save", "whole.json")
    run(*command, "--epochs", "2", "--save", "part.json")
    status, out, _ = run(*command, "--epochs", "5", "--resume", "part.json", "--save", "part.json")
    assert status == 0
    assert out.splitlines()[7].startswith("epochs    5; ")
    assert (tmp_path / "part.json").read_bytes() == (tmp_path / "whole.json").read_bytes()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--hidden", "3"], "was trained with hidden=[2], not [3]: give the options of its training"),
        (["--activation", "relu"], "activation=tanh, not relu"),
        (["--optimizer", "sgd"], "optimizer=adam, not sgd"),
        (["--rate", "0.5"], "rate=0.02, not 0.5"),
        (["--batch", "3"], "batch=10, not 3"),
        (["--seed", "1"], "seed=0, not 1"),
        (["--held-out", "0.5"], "held_out=0.25, not 0.5"),
        (["--patience", "5"], "patience=None, not 5"),
        (["--features", "size"], "was trained on other data"),
        (["--target", "rooms"], "was trained on other data"),
        (["--epochs", "2"], "has 2 epochs already: give more of --epochs, not 2"),
    ],
)
def test_going_on_with_other_options_is_refused(run, model, tmp_path, arguments, said):
    before = files(tmp_path)
    status, out, err = run("train", "flats.csv", "--target", "price", "--hidden", "2", "--epochs", "9",
                           *arguments, "--resume", "model.json", "--save", "model.json")  # fmt: skip
    assert (status, out) == (2, "")
    assert err.startswith("nn: model.json ")
    assert said in err
    assert files(tmp_path) == before


def test_going_on_with_other_data_is_refused(run, model, tmp_path):
    (tmp_path / "flats.csv").write_text(FLATS.replace("30,", "31,"))
    options = ("--target", "price", "--hidden", "2", "--epochs", "9", "--resume", "model.json")
    status, out, err = run("train", "flats.csv", *options)
    assert (status, out) == (2, "")
    assert err.startswith("nn: model.json was trained on other data: ")


def test_a_training_that_patience_ended_does_not_go_on(run):
    command = (
        "train",
        "flats.csv",
        "--target",
        "price",
        "--rate",
        "0.5",
        "--patience",
        "1",
        "--save",
        "model.json",
    )
    assert run(*command)[0] == 0
    status, out, err = run(*command, "--epochs", "900", "--resume", "model.json")
    assert (status, out) == (2, "")
    assert err.startswith(
        "nn: model.json is at its end (the loss on the rows held out did not become smaller)"
    )


@pytest.mark.parametrize("missing", ["history", "optimizer"])
def test_a_network_without_its_training_does_not_go_on(run, model, missing):
    changed(model, lambda content: content.update({missing: None}))
    options = ("--target", "price", *SMALL, "--resume", "changed.json")
    assert run("train", "flats.csv", *options) == (
        *(2, ""),
        "nn: changed.json holds no training to go on with: give one that train --save wrote\n",
    )


# --- predict -------------------------------------------------------------------------------------------


def test_predictions_are_the_networks_in_the_targets_own_units(run, model, tmp_path):
    (tmp_path / "new.csv").write_text("rooms,size\n1,40\n3,85.5\n")
    status, out, err = run("predict", "model.json", "new.csv")
    saved = load(model)
    size, rooms = saved.notes["preparation"]["features"]
    price = saved.notes["preparation"]["target"]
    expected = [
        saved.model(
            [(x - size["mean"]) / size["deviation"], (n - rooms["mean"]) / rooms["deviation"]]
        ).data * price["deviation"] + price["mean"]
        for x, n in ((40, 1), (85.5, 3))
    ]  # fmt: skip
    assert (status, err) == (0, "")
    name, *numbers = out.splitlines()
    assert name == "price"
    assert list(map(float, numbers)) == expected


def test_a_predicted_class_has_its_probability_beside_it_and_a_known_one_judges(run, tmp_path):
    run("train", "iris", *SMALL, "--save", "iris.json")
    status, out, err = run("predict", "iris.json", "iris", "--out", "found.csv")
    assert (status, out) == (0, "wrote found.csv\n")
    with open("found.csv", newline="") as file:
        names, *rows = csv.reader(file)
    assert names == ["species", "probability"]
    assert all(0.5 <= float(probability) <= 1 for _, probability in rows)
    right = [(kind == "virginica") == label for (kind, _), label in zip(rows, iris_petals()[1], strict=True)]
    assert err == f"accuracy: {sum(right) / 100:.4g}\n"


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("40,1,\n50,2,900\n", "no R^2: new.csv, line 2, column 'price': the cell is empty"),
        ("40,1,900\n", "no R^2: r_squared needs at least two different targets"),
    ],
)
def test_targets_that_cannot_judge_are_no_obstacle(run, model, tmp_path, rows, said):
    (tmp_path / "new.csv").write_text(f"size,rooms,price\n{rows}")
    status, out, err = run("predict", "model.json", "new.csv")
    assert (status, out.count("\n")) == (0, 1 + rows.count("\n"))
    assert err.startswith(said)


# --- show ----------------------------------------------------------------------------------------------


def test_a_saved_network_is_shown_with_its_columns_and_its_training(run, model):
    status, out, err = run("show", "model.json")
    saved = load(model)
    assert (status, err) == (0, "")
    assert out.startswith(f"{saved.model.summary()}\n\nfeatures\nsize   mean ")
    assert "\n\ntarget\nprice  mean " in out
    assert out.endswith(f"\n\n{saved.history.summary()}\n")


@pytest.mark.parametrize(
    ("options", "drawn"),
    [
        (["pets.csv", "--target", "kind", *SMALL], ["size", "tanh", "kind "]),
        (["flats.csv", "--target", "price", "--hidden", "8,8", "--epochs", "1"], ["size", "rooms", "layer1"]),
    ],
    ids=["node by node", "by layers"],
)
def test_draw_writes_the_graph_of_a_prediction(run, tmp_path, options, drawn):
    run("train", *options, "--save", "model.json")
    status, out, err = run("show", "model.json", "--draw", "net.svg")
    assert (status, err) == (0, "")
    assert out.endswith("\n\nwrote net.svg\n")
    picture = (tmp_path / "net.svg").read_text(encoding="utf-8")
    assert [text for text in drawn if text not in picture] == []


# --- What is refused -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("size,price\n30,900\n,950\n40,990\n", "line 3, column 'size': the cell is empty"),
        ("size,price\n30,900\nNA,950\n40,990\n", "line 3, column 'size': the cell is missing (NA)"),
        ("size,price\n30,900\n+nan,950\n40,990\n", "line 3, column 'size': '+nan' is no finite number"),
        ("size,price\n30,900\n40,-nan\n50,990\n", "line 3, column 'price': '-nan' is no finite number"),
        ("size,price\n30,1\n40,-nan\n50,0\n", "line 3, column 'price': '-nan' is no finite number"),
        ("size,price\n30,900\nlarge,950\n40,990\n", "line 3, column 'size': 'large' is no finite number"),
        ("price\n900\n950\n990\n", "has one column only, 'price'"),
        ("size,price\n", "has column names but no rows"),
        ("size,price\n30,900\n", "has one row only"),
        ("", "is empty"),
        (f"size,price\n30,900\n{'9' * 200_000},950\n", "line 3: field larger than field limit"),
        (f"size,price\n30,900\n{'9' * 400},950\n40,990\n", "line 3, column 'size': '999"),
        ("size,cost\n30,900\n40,950\n", "has no column 'price': its columns are 'size', 'cost'"),
        ("size,price\n30,low\n40,low\n50,low\n", "the target, column 'price', is the same in all rows"),
        ("size,price\n30,900\n40,950\n50,990\n", "the rows held out, 1, have no two different targets"),
    ],
)
def test_a_bad_table_is_refused_in_one_line(run, tmp_path, content, said):
    (tmp_path / "data.csv").write_text(content)
    before = files(tmp_path)
    status, out, err = run("train", "data.csv", "--target", "price", *SMALL, "--save", "model.json")
    assert (status, out) == (2, "")
    assert err.startswith("nn: ")
    assert err.count("\n") == 1
    assert said in err
    assert files(tmp_path) == before


@pytest.mark.parametrize("rows", ["30,low\n" + "40,high\n" * 7, "30,low\n" + "40,mid\n50,high\n" * 4])
def test_a_class_whose_only_row_is_held_out_is_refused_with_what_to_do(run, tmp_path, rows):
    (tmp_path / "data.csv").write_text(f"size,price\n{rows}")
    table = table_of("data.csv")
    seed = next(seed for seed in range(100) if table.rows[0] in split_table(table, seed=seed)[1].rows)
    status, out, err = run("train", "data.csv", "--target", "price", *SMALL, "--seed", seed)
    assert (status, out) == (2, "")
    assert re.fullmatch(r"nn: .*; as a whole the table is fine, so another --seed may do\n", err)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("train", "the following arguments are required: data"),
        ("train flats.csv", "give --target NAME, one of 'size', 'rooms', 'price'"),
        ("train flats.csv --target pirce", "flats.csv has no column 'pirce': is it 'price'?"),
        ("train flats.csv --target price --features size,floor", "has no column 'floor'"),
        ("train flats.csv --target price --features price", "is the target: leave it out"),
        ("train moon", "no data set named 'moon'"),
        ("train .", "is a folder: give the path of a CSV file"),
        ("train moons --rate nan", "a learning rate is positive and finite, not nan"),
        ("train moons --rate -1", "a learning rate is positive and finite, not -1.0"),
        ("train moons --rate fast", "argument --rate: invalid float value: 'fast'"),
        ("train moons --hidden 16,x", "expected numbers of neurons, such as 16,16, or none, not '16,x'"),
        ("train moons --hidden 0", "expected numbers of neurons, such as 16,16, or none, not '0'"),
        ("train moons --hidden ,", "expected numbers of neurons, such as 16,16, or none, not ','"),
        ("train moons --hidden 1000000000", "would have 4000000001 parameters, at most 1000000"),
        ("train moons --epochs 0", "argument --epochs: expected a whole number from 1, not '0'"),
        ("train moons --batch 1.5", "argument --batch: expected a whole number from 1, not '1.5'"),
        ("train moons --patience -2", "argument --patience: expected a whole number from 1, not '-2'"),
        ("train moons --seed x", "argument --seed: invalid int value: 'x'"),
        ("train moons --held-out 1", "the fraction to hold out is between 0 and 1, not 1.0"),
        ("train moons --held-out nan", "the fraction to hold out is between 0 and 1, not nan"),
        ("train moons --activation tahn", "no activation named 'tahn'"),
        ("train moons --optimizer adm", "argument --optimizer: invalid choice: 'adm'"),
        ("train moons --task clustering", "argument --task: invalid choice: 'clustering'"),
        ("train moons --save missing/model.json", "there is no folder missing to write model.json into"),
        ("train moons --save .", "is a folder: give the name of a file in it"),
        ("train moons --resume missing.json", "missing.json: No such file or directory"),
        ("train moons --resume flats.csv", "flats.csv holds no model that can be loaded"),
        ("predict missing.json flats.csv", "missing.json: No such file or directory"),
        ("predict model.json pets.csv", "pets.csv has no column 'rooms'"),
        ("predict model.json missing.csv", "no data set named 'missing.csv'"),
        ("predict model.json flats.csv --out missing/found.csv", "there is no folder missing"),
        ("show .", ".: Is a directory"),
        ("show model.json --draw missing/net.svg", "there is no folder missing"),
        ("show model.json --draw net.holiday", "'holiday'"),
        ("show model.json --draw net", "give the file a suffix: net.svg"),
        ("shout", "argument command: invalid choice: 'shout'"),
        ("show model.json --loud", "unrecognized arguments: --loud"),
    ],
)
def test_what_is_typed_wrong_is_refused_in_one_line_and_nothing_is_written(
    run, model, tmp_path, arguments, said
):
    before = files(tmp_path)
    status, out, err = run(*arguments.split(" "))
    assert (status, out) == (2, "")
    assert err.startswith("nn: ")
    assert err.count("\n") == 1
    assert said in err
    assert files(tmp_path) == before


@pytest.mark.parametrize(
    "command",
    [
        "train flats.csv --target price --save flats.csv",
        "train flats.csv --target price --save ../{folder}/flats.csv",
        "train flats.csv --target price --save link.csv",
        "predict model.json flats.csv --out flats.csv",
        "predict model.json flats.csv --out model.json",
        "show model.json --draw model.json",
    ],
)
def test_a_file_that_is_read_is_not_written(run, model, tmp_path, command):
    (tmp_path / "link.csv").symlink_to("flats.csv")
    before = files(tmp_path)
    status, out, err = run(*command.format(folder=tmp_path.name).split(" "))
    assert (status, out) == (2, "")
    assert re.fullmatch(r"nn: \S+ is the file \S+ that is read: give another name to write to\n", err)
    assert files(tmp_path) == before


def test_a_file_with_the_name_of_a_data_set_is_not_read(run, tmp_path):
    (tmp_path / "iris").write_text("an older network")
    assert run("train", "iris", *SMALL, "--save", "iris")[0] == 0
    assert run("show", "iris")[0] == 0


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda content: content.pop("format"), "it does not begin with"),
        (lambda content: content["architecture"].update(nouts=[3, 1]), "9 parameters"),
        (lambda content: content["parameters"].update({"layers.0.neurons.0.b": math.nan}), "it holds NaN"),
        (lambda content: content["notes"].clear(), "names no features and no target"),
        (lambda content: content["notes"].update(preparation=[1]), "expected a record of task"),
        (lambda content: content["notes"]["preparation"]["features"].pop(), "MLP takes 2 inputs, not 1"),
        (
            lambda content: content["notes"]["preparation"].update(
                task="classification", target={"name": "price", "classes": ["low", "mid", "high"]}
            ),
            "expected 3 outputs of the network, not 1",
        ),
    ],
)
@pytest.mark.parametrize(
    "command", [["show"], ["predict", "flats.csv"], ["train", "flats.csv"]], ids=" ".join
)
def test_a_damaged_model_file_is_refused_in_one_line_by_every_command(run, model, command, change, said):
    changed(model, change)
    name, *data = command
    status, out, err = (
        run(name, *data, "--target", "price", "--resume", "changed.json", *SMALL)
        if name == "train"
        else run(name, "changed.json", *data)
    )
    assert (status, out) == (2, "")
    assert err.startswith("nn: changed.json ")
    assert err.count("\n") == 1
    assert said in err


@pytest.mark.parametrize("share", [0, 0.1, 0.5, 0.99])
def test_a_truncated_model_file_is_refused_in_one_line(run, model, share):
    content = model.read_bytes()
    model.write_bytes(content[: int(share * len(content))])
    status, out, err = run("show", "model.json")
    assert (status, out) == (2, "")
    assert re.fullmatch(r"nn: model\.json holds no model that can be loaded: .*\n", err)


def test_a_file_that_was_saved_without_columns_is_refused(run):
    save("bare.json", MLP(2, [1]))
    assert run("show", "bare.json")[2] == (
        "nn: bare.json names no features and no target: give a file that train --save wrote\n"
    )


def test_an_unexpected_exception_is_not_swallowed(run, monkeypatch):
    def broken(name):
        raise RuntimeError("a mistake in the program")

    monkeypatch.setattr(command_line, "table_of", broken)
    with pytest.raises(RuntimeError, match="a mistake in the program"):
        run("train", "moons")


# --- The program itself --------------------------------------------------------------------------------


def test_without_a_command_it_prints_its_help(run):
    status, out, err = run()
    assert (status, err) == (0, "")
    assert out.startswith("usage: python -m nn")


def test_a_reader_that_is_gone_is_no_error_to_speak_of(model):
    reader, writer = os.pipe()
    os.close(reader)
    program = [sys.executable, "-m", "nn", "predict", "model.json", "flats.csv"]
    root = str(pathlib.Path(command_line.__file__).parents[1])
    ended = subprocess.run(
        program, stdout=writer, stderr=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": root}
    )
    os.close(writer)
    assert (ended.returncode, ended.stderr) == (1, "")


def test_ctrl_c_outside_of_the_training_ends_with_one_line(run, monkeypatch):
    def slow(name):
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(command_line, "table_of", slow)
    assert run("train", "moons") == (130, "", "nn: interrupted\n")
