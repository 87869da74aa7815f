"""Columns become standardised numbers and classes counted from 0, and a network's outputs become answers."""

import json
import math
import re
from fractions import Fraction

import pytest

from autograd import Value
from nn import Decision, Preparation, iris_petals
from nn.preparation import Category, Quantity
from nn.tables import Row, Table

# --- What the tests share ---


def exactly(message):
    return rf"\A{re.escape(message)}\Z"


def table_of(**columns):
    """A table of these columns, as if read from a file with its names on line 1."""
    rows = zip(*(map(str, column) for column in columns.values()), strict=True)
    return Table("data.csv", tuple(columns), tuple(Row(line, cells) for line, cells in enumerate(rows, 2)))


HOUSES = table_of(size=[30, 60, 90, 120], rooms=[1, 2, 2, 3], price=[100, 180, 270, 330])
PETS = table_of(size=[1, 5, 3, 3], kind=["dog", "cat", "cow", "cat"])

PREPARATIONS = [
    pytest.param(Preparation.of(HOUSES, "price"), id="a number"),
    pytest.param(Preparation.of(PETS, "kind"), id="three classes"),
    pytest.param(Preparation.of(table_of(x=[0.1, 0.2, 1 / 3], y=[0, 1, 1]), "y"), id="two classes"),
]

# --- Numbers ---


@pytest.mark.parametrize(
    "numbers",
    [[1, 2, 3, 6], [0.1, 0.2, 0.3], [1e308, -1e308, 1e308], [5e-324, 1e-300], [1e16, 1e16 + 2, 1e16 + 4]],
)
def test_mean_and_deviation_are_the_exact_ones_rounded_once(numbers):
    exact = [Fraction(float(number)) for number in numbers]
    mean = sum(exact) / len(exact)
    variance = sum((number - mean) ** 2 for number in exact) / len(exact)
    quantity = Quantity.of(table_of(x=numbers), "x")
    assert quantity.mean == float(mean)
    below, above = math.nextafter(quantity.deviation, 0), math.nextafter(quantity.deviation, math.inf)
    assert Fraction(below) ** 2 < variance < Fraction(above) ** 2


@pytest.mark.parametrize("constant", [0, 7, 0.1, -1e308])
def test_a_constant_column_is_standardised_to_zero(constant):
    table = table_of(x=[constant] * 3, y=[1, 2, 3])
    preparation = Preparation.of(table, "y")
    assert preparation.features == (Quantity("x", float(constant), 1.0),)
    assert preparation.points(table) == [(0.0,)] * 3


def test_features_and_a_numeric_target_are_standardised():
    preparation = Preparation.of(HOUSES, "price")
    points, targets = preparation.points(HOUSES), preparation.targets(HOUSES)
    assert points[0] == ((30 - 75) / math.sqrt(1125), (1 - 2) / math.sqrt(0.5))
    assert targets[0] == (100 - 220) / math.sqrt(7650)
    for column in [*zip(*points, strict=True), targets]:
        assert sum(column) == pytest.approx(0, abs=1e-15)
        assert sum(x * x for x in column) == pytest.approx(4, rel=1e-15)


def test_other_rows_are_standardised_by_the_mean_and_deviation_of_training():
    preparation = Preparation((Quantity("x", 10.0, 2.0),), Quantity("y", 5.0, 4.0))
    table = table_of(y=[5, 13], x=[16, 9])
    assert preparation.points(table) == [(3.0,), (-0.5,)]
    assert preparation.targets(table) == [0.0, 2.0]


def test_rows_without_a_target_are_points_all_the_same():
    assert Preparation.of(HOUSES, "price").points(table_of(rooms=[2], size=[75])) == [(0.0, 0.0)]


def test_a_number_that_is_too_far_from_the_mean_is_refused():
    preparation = Preparation((Quantity("x", 0.0, 1e-3),), Quantity("y", 0.0, 1.0))
    with pytest.raises(ValueError, match=r"line 2, column 'x': the number is too far from the mean, 0\.0"):
        preparation.points(table_of(x=[1e308]))


# --- Classes ---


@pytest.mark.parametrize(
    ("cells", "classes", "targets"),
    [
        (["no", "yes", "no"], ("no", "yes"), [0, 1, 0]),
        (["yes", "no", "maybe"], ("maybe", "no", "yes"), [2, 1, 0]),
        (["1", "0", "1"], ("0", "1"), [1, 0, 1]),
        (["1.0", "0", "-0.0"], ("0", "1"), [1, 0, 0]),
        (["b", "10", "9", "a"], ("9", "10", "a", "b"), [3, 1, 0, 2]),
    ],
)
def test_classes_are_counted_in_order_numbers_first(cells, classes, targets):
    table = table_of(x=range(len(cells)), y=cells)
    preparation = Preparation.of(table, "y")
    assert preparation.target == Category("y", classes)
    assert preparation.targets(table) == targets


def test_two_classes_take_one_output_and_more_take_one_each():
    assert Preparation.of(table_of(x=[1, 2], y=["a", "b"]), "y").outputs == 1
    assert Preparation.of(PETS, "kind").outputs == 3
    assert Preparation.of(HOUSES, "price").outputs == 1


def test_the_loss_is_the_one_whose_outputs_an_answer_is_made_of():
    losses = [preparation.values[0].loss for preparation in PREPARATIONS]
    assert losses == ["squared_error", "softmax_cross_entropy", "binary_cross_entropy_with_logits"]


def test_a_class_that_training_did_not_see_is_refused():
    preparation = Preparation.of(PETS, "kind")
    with pytest.raises(ValueError, match="line 3, column 'kind': the class 'emu' was not there in training"):
        preparation.targets(table_of(kind=["cat", "emu"]))


# --- The task ---


@pytest.mark.parametrize(
    ("cells", "task"),
    [
        (["a", "b", "a"], "classification"),
        (["0", "1", "1"], "classification"),
        (["0", "1", "2"], "regression"),
        (["1", "2", "1"], "regression"),
        (["0", "1.0", "0.5"], "regression"),
        (["a", "b", "3"], "classification"),
    ],
)
def test_the_task_follows_from_the_target(cells, task):
    assert Preparation.of(table_of(x=[1, 2, 3], y=cells), "y").task == task


def test_the_task_may_be_given():
    table = table_of(x=[1, 2, 3], y=[0, 1, 2])
    assert Preparation.of(table, "y", task="classification").target == Category("y", ("0", "1", "2"))
    table = table_of(x=[1, 2, 3, 4], y=[0, 1, 0, 1])
    assert Preparation.of(table, "y", task="regression").target == Quantity("y", 0.5, 0.5)


def test_the_features_are_all_other_columns_or_those_that_are_named():
    assert [feature.name for feature in Preparation.of(HOUSES, "rooms").features] == ["size", "price"]
    named = Preparation.of(HOUSES, "price", features=["rooms"])
    assert [feature.name for feature in named.features] == ["rooms"]


# --- Answers ---


def test_a_regression_answers_in_the_targets_own_unit():
    preparation = Preparation.of(HOUSES, "price")
    for target, price in zip(preparation.targets(HOUSES), [100, 180, 270, 330], strict=True):
        assert preparation.answer(target) == pytest.approx(price, rel=1e-15)


@pytest.mark.parametrize("logit", [-1000.0, -2.0, 0.0, 0.5, 1000.0])
def test_one_logit_is_the_logarithm_of_the_odds_of_the_second_class(logit):
    answer = Preparation.of(table_of(x=[1, 2], y=["a", "b"]), "y").answer(logit)
    assert answer.name == ("b" if logit > 0 else "a")
    assert answer.probability == pytest.approx(1 / (1 + math.exp(-abs(logit))), rel=1e-15)


@pytest.mark.parametrize(
    ("logits", "name", "probability"),
    [
        ([0.0, 0.0, 0.0], "cat", 1 / 3),
        ([1.0, 3.0, 2.0], "cow", math.exp(3) / (math.exp(1) + math.exp(2) + math.exp(3))),
        ([-1000.0, 0.0, 1000.0], "dog", 1.0),
        ([-1e308, 1e308, 1e308], "cow", 0.5),
    ],
)
def test_several_logits_are_those_of_a_softmax(logits, name, probability):
    answer = Preparation.of(PETS, "kind").answer(logits)
    assert answer.name == name
    assert answer.probability == pytest.approx(probability, rel=1e-15)


def test_a_networks_outputs_may_be_values():
    preparation = Preparation.of(PETS, "kind")
    assert preparation.answer([Value(1.0), Value(3.0), Value(2.0)]) == preparation.answer([1.0, 3.0, 2.0])
    prices = Preparation.of(HOUSES, "price")
    assert prices.answer(Value(0.0)) == prices.answer([0.0]) == 220.0


@pytest.mark.parametrize("outputs", [0.5, [], [1.0, 2.0], [1.0, 2.0, 3.0, 4.0]])
def test_another_number_of_outputs_is_refused(outputs):
    with pytest.raises(ValueError, match="expected 3 outputs of the network, not "):
        Preparation.of(PETS, "kind").answer(outputs)


@pytest.mark.parametrize("output", [math.nan, math.inf, -math.inf])
def test_an_output_that_is_not_finite_is_no_answer(output):
    with pytest.raises(ValueError, match="an output is inf or nan: train anew"):
        Preparation.of(HOUSES, "price").answer(output)


# --- Tables that are refused ---


@pytest.mark.parametrize(
    ("table", "target", "options", "message"),
    [
        (HOUSES, "prize", {}, "data.csv has no column 'prize': is it 'price'?"),
        (HOUSES, "price", {"features": ["sizes"]}, "data.csv has no column 'sizes': is it 'size'?"),
        (
            HOUSES,
            "price",
            {"features": ["size", "price"]},
            "column 'price' is the target: leave it out of the features",
        ),
        (
            HOUSES,
            "price",
            {"features": ["size", "size"]},
            "column 'size' is twice among the features: name it once",
        ),
        (HOUSES, "price", {"features": []}, "expected at least one feature beside the target, 'price'"),
        (
            HOUSES,
            "price",
            {"task": "guess"},
            "the task is 'regression' or 'classification', not 'guess'",
        ),
        (
            table_of(only=[1, 2]),
            "only",
            {},
            "data.csv has one column only, 'only', but a target needs a feature beside it: "
            "separate cells by comma, semicolon or tab",
        ),
        (
            table_of(x=[1, 2], y=["a", "a"]),
            "y",
            {},
            "data.csv: the target, column 'y', is the same in all rows: there is nothing to learn from them",
        ),
        (
            table_of(x=[1, 2], y=["1", "1.0"]),
            "y",
            {"task": "classification"},
            "data.csv: the target, column 'y', is the same in all rows: there is nothing to learn from them",
        ),
        (
            table_of(x=range(51), y=[f"name{i}" for i in range(51)]),
            "y",
            {},
            "column 'y': expected 2 to 50 classes, not 51 ('name0', 'name1', 'name10', ...): "
            "choose another target",
        ),
        (
            table_of(x=[1, 2, 3], y=["1.5", "2.5", "high"]),
            "y",
            {},
            "data.csv, line 4, column 'y': 'high' is no finite number: correct it, or leave the column out",
        ),
        (
            PETS,
            "kind",
            {"task": "regression"},
            "data.csv, line 2, column 'kind': 'dog' is no finite number: correct it, or leave the column out",
        ),
        (
            PETS,
            "size",
            {},
            "data.csv, line 2, column 'kind': 'dog' is no finite number: correct it, or leave the column out",
        ),
        (
            table_of(x=[1, 2, 3], y=["a", "NA", "b"]),
            "y",
            {},
            "data.csv, line 3, column 'y': the cell is missing (NA): fill it in, or delete the row",
        ),
    ],
)
def test_a_table_that_cannot_be_learned_from_is_refused_in_one_line(table, target, options, message):
    with pytest.raises(ValueError, match=exactly(message)):
        Preparation.of(table, target, **options)


def test_one_name_in_place_of_the_list_of_features_is_refused():
    with pytest.raises(TypeError, match="features are a list of names, not 'size': write it in brackets"):
        Preparation.of(HOUSES, "price", features="size")


# --- Saved and loaded ---


@pytest.mark.parametrize("preparation", PREPARATIONS)
def test_a_preparation_goes_through_json_and_back_to_the_last_bit(preparation):
    assert Preparation.from_dict(json.loads(json.dumps(preparation.to_dict()))) == preparation


def test_whole_numbers_are_numbers_in_a_record_too():
    record = Preparation.of(HOUSES, "price").to_dict()
    record["target"] |= {"mean": 3, "deviation": 2}
    assert Preparation.from_dict(record).answer(1.0) == 5.0


def quantity(**changes):
    return {"name": "x", "mean": 0.0, "deviation": 1.0} | changes


def regression(**changes):
    return {"task": "regression", "features": [quantity()], "target": quantity(name="y")} | changes


def classification(**changes):
    return regression(task="classification", target={"name": "y", "classes": ["a", "b"]} | changes)


@pytest.mark.parametrize(
    "record",
    [
        None,
        [],
        {},
        {"task": "regression"},
        regression(version=1),
        regression(task="guess"),
        regression(task=None),
        regression(features=None),
        regression(features=[]),
        regression(features={"x": quantity()}),
        regression(features=[None]),
        regression(features=[quantity(), quantity()]),
        regression(features=[quantity(name="y")]),
        regression(features=[quantity(name="")]),
        regression(features=[quantity(name=3)]),
        regression(features=[quantity(mean="0")]),
        regression(features=[quantity(mean=None)]),
        regression(features=[quantity(mean=True)]),
        regression(features=[quantity(mean=math.nan)]),
        regression(features=[quantity(mean=10**400)]),
        regression(features=[quantity(deviation=0.0)]),
        regression(features=[quantity(deviation=-1.0)]),
        regression(features=[quantity(deviation=math.inf)]),
        regression(features=[quantity(deviation="1" * 10_000)]),
        regression(features=[quantity(extra=1)]),
        regression(target={"name": "y", "classes": ["a", "b"]}),
        regression(task="classification"),
        classification(classes=["a"]),
        classification(classes=["a", "a"]),
        classification(classes=["a", 1]),
        classification(classes=["a", ""]),
        classification(classes="ab"),
        classification(classes=None),
        classification(classes=[["a"], ["b"]]),
        classification(classes=[str(i) for i in range(51)]),
    ],
)
def test_a_record_that_is_no_preparations_is_refused_in_one_line(record):
    with pytest.raises(ValueError, match=r"\A.{20,200}\Z"):  # a dot matches no new line
        Preparation.from_dict(record)


# --- A whole table ---


def test_the_irises_are_prepared_as_they_were_measured():
    points, labels = iris_petals()
    lengths, widths = zip(*points, strict=True)
    species = [("versicolor", "virginica")[label] for label in labels]
    table = table_of(length=lengths, width=widths, species=species)
    preparation = Preparation.of(table, "species")
    assert preparation.targets(table) == labels
    (length, width), (x, y) = preparation.features, preparation.points(table)[7]
    assert (length.answer([x]), width.answer([y])) == pytest.approx(points[7], rel=1e-15)
    assert preparation.answer(-1.0) == Decision("versicolor", 1 / (1 + math.exp(-1)))
