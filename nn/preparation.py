"""`Preparation`: a table's columns as the numbers that a network takes and gives, and its answers back.

What a network learns best is near 0 and of size 1 (LeCun, Bottou, Orr & Mueller, "Efficient BackProp", 1998,
section 4.3), so numbers are standardised, (x - mean) / deviation; classes are counted from 0.  A preparation
is made from the rows for training and applied to all others unchanged.
"""

from __future__ import annotations

import math
import statistics
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, NamedTuple

from autograd import Value, sigmoid
from nn.tables import Table, parsed_number, shown

__all__ = ["Category", "Decision", "Preparation", "Quantity"]

Task = Literal["regression", "classification"]
Output = Value | float

MAX_CLASSES = 50


class Decision(NamedTuple):
    """The class that a network finds most probable, and that probability, from 1 / classes to 1."""

    name: str
    probability: float


@dataclass(frozen=True)
class Quantity:
    """A column of numbers, with the mean and the standard deviation by which they are standardised.

    Raises ValueError for an empty name, and unless the mean is finite and the deviation finite and positive.

    >>> size = Quantity("size", mean=50.0, deviation=20.0)
    >>> size.standardised(90.0), size.answer([2.0])
    (2.0, 90.0)
    """

    name: str
    mean: float
    deviation: float

    outputs = 1  # a network's outputs for one number
    loss = "squared_error"

    def __post_init__(self) -> None:
        _check_name(self.name)
        if not _is_finite(self.mean) or not _is_finite(self.deviation) or not self.deviation > 0:
            raise ValueError(
                f"column {shown(self.name)}: expected a finite mean and a positive, finite deviation, "
                f"not {shown(str(self.mean))} and {shown(str(self.deviation))}"
            )

    def __str__(self) -> str:
        return f"mean {self.mean:.6g}, deviation {self.deviation:.6g}"

    @classmethod
    def of(cls, table: Table, name: str) -> Quantity:
        """A column's mean and its deviation, with the number of rows in its denominator.

        Both are the exact ones, rounded once, so that they are the same on every computer.  A constant
        column, which would be divided by 0, has a deviation of 1.  Raises as `Table.numbers`.
        """
        numbers = table.numbers(name)
        return cls(name, statistics.mean(numbers), statistics.pstdev(numbers) or 1.0)

    def standardised(self, number: float) -> float:
        """(number - mean) / deviation."""
        return (number - self.mean) / self.deviation

    def encoded(self, table: Table) -> list[float]:
        """The table's column of this name, standardised.

        Raises as `Table.numbers`, and ValueError for a number that is too far from the mean for a double.
        """
        encoded = list(map(self.standardised, table.numbers(self.name)))
        for row, number in zip(table.rows, encoded, strict=True):
            if math.isinf(number):
                raise ValueError(
                    f"{table.place(row, self.name)}: the number is too far from the mean, {self.mean}: "
                    "correct it, or scale the column"
                )
        return encoded

    def answer(self, outputs: Sequence[float]) -> float:
        """The number that a network's one output stands for."""
        return outputs[0] * self.deviation + self.mean


@dataclass(frozen=True)
class Category:
    """A column of classes, in the order in which they are counted from 0.

    Raises ValueError for an empty name, and unless there are 2 to 50 classes, all different texts.

    >>> weather = Category("weather", ("dry", "rain", "snow"))
    >>> weather.outputs, weather.answer([0.0, math.log(2.0), 0.0])
    (3, Decision(name='rain', probability=0.5))
    """

    name: str
    classes: tuple[str, ...]

    def __post_init__(self) -> None:
        _check_name(self.name)
        if not all(isinstance(name, str) and name for name in self.classes):
            raise ValueError(f"column {shown(self.name)}: expected texts as names of classes")
        if len(set(self.classes)) != len(self.classes):
            raise ValueError(f"column {shown(self.name)}: expected classes that differ, two are the same")
        if not 2 <= len(self.classes) <= MAX_CLASSES:
            listed = ", ".join(map(shown, self.classes[:3])) + ", ..." * (len(self.classes) > 3)
            raise ValueError(
                f"column {shown(self.name)}: expected 2 to {MAX_CLASSES} classes, not {len(self.classes)} "
                f"({listed}): choose another target"
            )

    def __str__(self) -> str:
        return ", ".join(self.classes)

    @classmethod
    def of(cls, table: Table, name: str) -> Category:
        """A column's classes: those that are numbers first, by size, then texts, by the alphabet.

        Raises as `Table.texts`.
        """
        return cls(name, tuple(sorted(set(map(_class_name, table.texts(name))), key=_rank)))

    @property
    def outputs(self) -> int:
        """The number of a network's outputs: 1 for two classes, whose sign decides, else 1 per class."""
        return 1 if len(self.classes) == 2 else len(self.classes)

    @property
    def loss(self) -> str:
        """The loss of which those outputs are the logits."""
        return "binary_cross_entropy_with_logits" if self.outputs == 1 else "softmax_cross_entropy"

    def encoded(self, table: Table) -> list[int]:
        """The class of each row, counted from 0.  Raises as `Table.texts`, and ValueError for a new class."""
        names = list(map(_class_name, table.texts(self.name)))
        for row, name in zip(table.rows, names, strict=True):
            if name not in self.classes:
                raise ValueError(
                    f"{table.place(row, self.name)}: the class {shown(name)} was not there in training: "
                    "correct it, or train on rows that have it"
                )
        return list(map(self.classes.index, names))

    def answer(self, outputs: Sequence[float]) -> Decision:
        """The class that a network's outputs (logits) make most probable, the first one if several are.

        One output is the logarithm of the odds of class 1; several are those of the softmax function.
        """
        if self.outputs == 1:
            [logit] = outputs
            return Decision(self.classes[logit > 0], sigmoid(abs(logit)))
        largest = max(outputs)
        chosen = outputs.index(largest)
        return Decision(self.classes[chosen], 1 / math.fsum(math.exp(logit - largest) for logit in outputs))


@dataclass(frozen=True)
class Preparation:
    """The features that a network sees, and the target that it predicts: a number or a class.

    Make one by `Preparation.of`.  Raises ValueError without a feature, and for a column that occurs twice.

    >>> from nn.tables import Row
    >>> rows = (Row(2, ("1", "cat")), Row(3, ("5", "dog")), Row(4, ("3", "cat")), Row(5, ("3", "dog")))
    >>> table = Table("pets.csv", ("size", "kind"), rows)
    >>> preparation = Preparation.of(table, "kind")
    >>> preparation.task, preparation.outputs, preparation.targets(table)
    ('classification', 1, [0, 1, 0, 1])
    >>> [(round(size, 3),) for (size,) in preparation.points(table)]
    [(-1.414,), (1.414,), (0.0,), (0.0,)]
    >>> preparation.answer(1.5)
    Decision(name='dog', probability=0.8175744761936437)
    """

    features: tuple[Quantity, ...]
    target: Quantity | Category

    def __post_init__(self) -> None:
        names = [feature.name for feature in self.features]
        if not names:
            raise ValueError(f"expected at least one feature beside the target, {shown(self.target.name)}")
        for position, name in enumerate(names):
            if name == self.target.name:
                raise ValueError(f"column {shown(name)} is the target: leave it out of the features")
            if name in names[:position]:
                raise ValueError(f"column {shown(name)} is twice among the features: name it once")

    @classmethod
    def of(
        cls, table: Table, target: str, features: Iterable[str] | None = None, task: Task | None = None
    ) -> Preparation:
        """The preparation that fits a table, whose features are, if none are named, all other columns.

        The task, if not given, is classification if the target's cells are numbers and all of them 0 or 1,
        or if at least half of them are no numbers; else regression, in which case every cell must be one.
        Raises TypeError for one text as the features, and ValueError for what the table does not have or
        hold, for a target that is the same in all rows or has more than 50 classes, and for another task.
        """
        if isinstance(features, str):
            raise TypeError(f"the features are a list of names, not {shown(features)}: write it in brackets")
        if len(table.names) == 1:
            raise ValueError(
                f"{table.source} has one column only, {shown(table.names[0])}, but a target needs a feature "
                "beside it: separate cells by comma, semicolon or tab"
            )
        if task not in (None, "regression", "classification"):
            raise ValueError(f"the task is 'regression' or 'classification', not {shown(str(task))}")
        kind = Category if (task or _task(table, target)) == "classification" else Quantity
        if len(set(map(_class_name, table.texts(target)))) < 2:
            raise ValueError(
                f"{table.source}: the target, column {shown(target)}, is the same in all rows: "
                "there is nothing to learn from them"
            )
        names = [name for name in table.names if name != target] if features is None else features
        return cls(tuple(Quantity.of(table, name) for name in names), kind.of(table, target))

    @property
    def task(self) -> Task:
        """What the target makes it: "classification" for a class, "regression" for a number."""
        return "classification" if isinstance(self.target, Category) else "regression"

    @property
    def outputs(self) -> int:
        """The number of outputs that a network for this target has."""
        return self.target.outputs

    @property
    def loss(self) -> str:
        """The name of the loss that makes a network's outputs what `answer` takes them for.

        >>> Preparation((Quantity("size", 50.0, 20.0),), Category("kind", ("cat", "dog"))).loss
        'binary_cross_entropy_with_logits'
        """
        return self.target.loss

    def points(self, table: Table) -> list[tuple[float, ...]]:
        """The standardised features of each row of a table, which needs no target.

        Raises ValueError for a missing column, and for a cell that is missing or no finite number.
        """
        return list(zip(*(feature.encoded(table) for feature in self.features), strict=True))

    def targets(self, table: Table) -> list[float] | list[int]:
        """The target of each row: a standardised number, or a class counted from 0.

        Raises ValueError as `points`, and for a class that is none of the target's.
        """
        return self.target.encoded(table)

    def answer(self, prediction: Output | Sequence[Output]) -> float | Decision:
        """What a network's output, or list of outputs, says in the target's own terms: a number or a class.

        Raises ValueError for another number of outputs than `outputs`, and for one that is not finite.
        """
        several = prediction if isinstance(prediction, Sequence) else [prediction]
        outputs = [output.data if isinstance(output, Value) else float(output) for output in several]
        if len(outputs) != self.outputs:
            raise ValueError(f"expected {self.outputs} outputs of the network, not {len(outputs)}")
        if not all(map(math.isfinite, outputs)):
            raise ValueError("an output is inf or nan: train anew, with a smaller learning rate")
        return self.target.answer(outputs)

    def summary(self) -> str:
        """The columns with what is known of them from the rows for training, a line each.

        >>> print(Preparation((Quantity("size", 50.0, 20.0),), Category("kind", ("cat", "dog"))).summary())
        features
        size  mean 50, deviation 20
        <BLANKLINE>
        target
        kind  cat, dog
        """
        columns: list[Quantity | Category] = [*self.features, self.target]
        width = max(len(column.name) for column in columns)
        *features, target = (f"{column.name:{width}}  {column}" for column in columns)
        return "\n".join(["features", *features, "", "target", target])

    def to_dict(self) -> dict[str, Any]:
        """The preparation in dicts, lists, texts and floats, from which `from_dict` makes an equal one.

        JSON keeps it to the last bit: `json` writes the shortest digits that name a double.
        """
        features = [asdict(feature) for feature in self.features]
        target = asdict(self.target)
        if isinstance(self.target, Category):
            target["classes"] = list(self.target.classes)
        return {"task": self.task, "features": features, "target": target}

    @classmethod
    def from_dict(cls, record: Any) -> Preparation:
        """The preparation that `to_dict` wrote.  Raises ValueError, which says what is wrong, for all else.

        >>> price = Preparation((Quantity("size", 50.0, 20.0),), Quantity("price", 1e5, 3e4))
        >>> Preparation.from_dict(price.to_dict()) == price
        True
        """
        task, features, target = _fields(record, "task", "features", "target")
        if task not in ("regression", "classification"):
            raise ValueError(f"the task is 'regression' or 'classification', not {shown(str(task))}")
        if not isinstance(features, list):
            raise ValueError(f"expected a list of features, not {shown(str(features))}")
        restored = _category(target) if task == "classification" else _quantity(target)
        return cls(tuple(map(_quantity, features)), restored)


def _task(table: Table, target: str) -> Task:
    numbers = list(map(parsed_number, table.texts(target)))
    if 2 * numbers.count(None) >= len(numbers) or set(numbers) <= {0.0, 1.0}:
        return "classification"
    return "regression"


def _class_name(text: str) -> str:
    """One name for all ways to write a number, "1" for 1.0, so that they are one class; else the text."""
    number = parsed_number(text)
    return text if number is None else repr(number + 0.0).removesuffix(".0")  # -0.0 + 0.0 is 0.0


def _rank(name: str) -> tuple[bool, float, str]:
    number = parsed_number(name)
    return number is None, number or 0.0, name


def _check_name(name: Any) -> None:
    if not isinstance(name, str) or not name:
        raise ValueError(f"expected the name of a column, not {shown(str(name))}")


def _is_finite(number: Any) -> bool:
    """Whether it is a number that fits a double; a comparison, unlike a conversion, takes any int."""
    is_number = isinstance(number, int | float) and not isinstance(number, bool)
    return is_number and abs(number) <= sys.float_info.max


def _fields(record: Any, *names: str) -> list[Any]:
    """The values of a dict that has these keys and no others."""
    if not isinstance(record, dict) or set(record) != set(names):
        raise ValueError(f"expected a record of {', '.join(names)}, not {shown(str(record))}")
    return [record[name] for name in names]


def _quantity(record: Any) -> Quantity:
    return Quantity(*_fields(record, "name", "mean", "deviation"))


def _category(record: Any) -> Category:
    name, classes = _fields(record, "name", "classes")
    if not isinstance(classes, list):
        raise ValueError(f"expected a list of classes, not {shown(str(classes))}")
    return Category(name, tuple(classes))
