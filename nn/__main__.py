"""The command line of networks: `python -m nn`.

`train` fits a network to a table, `predict` applies it to another one, `show` says what it is and how it was
trained.  What a user got wrong is said in a line on the standard error stream, with exit status 2, before
anything is printed or written.
"""

from __future__ import annotations

import argparse
import csv
import io
import itertools
import math
import os
import random
import statistics
import sys
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from autograd import Graph, Value, draw
from autograd.drawing import RenderingError
from autograd.files import check_folder, write_whole
from nn.datasets import TABLES, TARGETS, split_table, table_of
from nn.layers import MLP
from nn.metrics import accuracy, r_squared
from nn.module import Module
from nn.optimizers import OPTIMIZERS
from nn.preparation import Decision, Preparation
from nn.saving import Saved, load, save
from nn.tables import Table, shown
from nn.training import ENDS, History, fit, predictions

METRICS: dict[str, tuple[str, Callable[[list[Any], list[Any]], float]]] = {
    "regression": ("R^2", r_squared),
    "classification": ("accuracy", accuracy),
}

SETTINGS = ("hidden", "activation", "optimizer", "rate", "batch", "seed", "held_out", "patience")
"""The options that, with the data, decide every bit of a training; `--epochs` says how far it goes."""

MOST_PARAMETERS = 1_000_000  # a mistyped size shall not fill the memory
LARGE = 150  # nodes, beyond which a picture has a box per layer


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command that `argv` gives, by default the program's arguments, and returns the exit status."""
    parser = _parser()
    options = parser.parse_args(argv)
    if options.command is None:
        parser.print_help()
        return 0
    try:
        status: int = options.run(options)
        print(end="", flush=True)  # here, and not at the program's end, a reader that is gone can be caught
        return status
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        return _refuse("interrupted", 130)
    except OSError as error:
        return _refuse(f"{error.filename}: {error.strerror}" if error.filename else error)
    except (ValueError, RenderingError) as error:
        return _refuse(error)


class Rows(NamedTuple):
    """Points and their targets, as a network takes them."""

    points: list[tuple[float, ...]]
    targets: list[Any]


class Study(NamedTuple):
    """A table prepared for training: the rows to learn from, and those that are held out to judge by."""

    table: Table
    preparation: Preparation
    training: Rows
    held_out: Rows


def train(options: argparse.Namespace) -> int:
    """Fits a network to a table, and judges it by the rows held out; returns the exit status."""
    _check_output(options.save, *_files(options.data))
    study = _study(options)
    baseline = _baseline(study)
    notes = {
        "data": study.table.fingerprint(),
        "settings": {name: getattr(options, name) for name in SETTINGS},
        "preparation": study.preparation.to_dict(),
    }
    if options.resume is None:
        begun = _begun(options, study.preparation)
    else:
        begun = _resumed(options.resume, notes, options.epochs)
    features = ", ".join(feature.name for feature in study.preparation.features)
    heading = f"{study.preparation.task}, {study.preparation.target.name} from {features}"
    print(f"{study.table.source}: {heading}")
    print(f"{len(study.training.targets)} rows to train on, {len(study.held_out.targets)} held out\n")
    print(f"{begun.model.summary()}\n")
    history = _fitted(options, study, begun)
    if history.stopped == "diverged" or not all(map(math.isfinite, history.validation_loss[-1:])):
        what = f"the loss after {history.steps} steps, or its gradient,"
        return _refuse(f"{what} is not finite: try a smaller --rate", 1)
    if options.save is not None:
        try:
            save(options.save, begun.model, optimizer=begun.optimizer, history=history, notes=notes)
        except ValueError as error:  # of what is not finite elsewhere, such as the optimizer's memory
            return _refuse(f"{error}: try a smaller --rate", 1)
    name, metric = METRICS[study.preparation.task]
    found = metric(predictions(begun.model, study.held_out.points), study.held_out.targets)
    print(history.summary())
    print(f"{name:8}  {found:.4g} on the rows held out; {baseline}")
    if options.save is not None:
        print(f"wrote {options.save}")
    return 130 if history.stopped == "interrupted" else 0


def predict(options: argparse.Namespace) -> int:
    """Writes what a saved network says of every row of a table; returns the exit status."""
    _check_output(options.out, options.model, *_files(options.data))
    saved, preparation = _loaded(options.model)
    table = table_of(options.data)
    outputs = predictions(saved.model, preparation.points(table))
    text = _csv(preparation, outputs)
    if options.out is None:
        print(text, end="")
    else:
        write_whole(options.out, text.encode())
        print(f"wrote {options.out}")
    if preparation.target.name in table.names:
        name, metric = METRICS[preparation.task]
        try:
            judgement = f"{name}: {metric(outputs, preparation.targets(table)):.4g}"
        except ValueError as error:  # rows to be predicted may have a target column that is still empty
            judgement = f"no {name}: {error}"
        print(judgement, file=sys.stderr)
    return 0


def show(options: argparse.Namespace) -> int:
    """Says what a saved network is, and how it was trained; returns the exit status."""
    _check_output(options.draw, options.model)
    saved, preparation = _loaded(options.model)
    if options.draw is not None:
        graph = Graph(_prediction(saved.model, preparation))
        draw(graph, fold="layers" if len(graph) > LARGE else "none").write(options.draw)
    print(f"{saved.model.summary()}\n\n{preparation.summary()}")
    if saved.history is not None:
        print(f"\n{saved.history.summary()}")
    if options.draw is not None:
        print(f"\nwrote {options.draw}")
    return 0


# --- What the commands share ---------------------------------------------------------------------------


def _check_output(output: Path | None, *inputs: Path) -> None:
    """Raises, before anything is computed, unless a file can stand there that is none of those to be read."""
    if output is None:
        return
    check_folder(output)
    for path in inputs:
        if path.is_file() and output.is_file() and output.samefile(path):
            raise ValueError(f"{output} is the file {path} that is read: give another name to write to")


def _files(data: str) -> list[Path]:
    """The file that `table_of` reads, if it reads one of the user's."""
    return [] if data in TABLES else [Path(data)]


def _target(options: argparse.Namespace, table: Table) -> str:
    target: str | None = options.target or TARGETS.get(options.data)
    if target is None:
        raise ValueError(
            f"which column of {table.source} is to be predicted? give --target NAME, one of "
            f"{', '.join(map(shown, table.names))}"
        )
    return target


def _study(options: argparse.Namespace) -> Study:
    """The table, divided before it is prepared, so that nothing is known of the rows held out."""
    table = table_of(options.data)
    training, held_out = split_table(table, options.held_out, options.seed)
    columns = _target(options, table), options.features, options.task
    Preparation.of(table, *columns)  # what it raises is the table's fault; after it, that of the division
    try:
        preparation = Preparation.of(training, *columns)
        return Study(table, preparation, _rows(preparation, training), _rows(preparation, held_out))
    except ValueError as error:
        raise ValueError(f"{error}; as a whole the table is fine, so another --seed may do") from error


def _rows(preparation: Preparation, table: Table) -> Rows:
    return Rows(preparation.points(table), list(preparation.targets(table)))


def _baseline(study: Study) -> str:
    """What is achieved on the rows held out by the constant that is best for the rows of training."""
    held_out = study.held_out.targets
    if study.preparation.task == "classification":
        share = held_out.count(statistics.mode(study.training.targets)) / len(held_out)
        return f"always the most frequent class: {share:.4g}"
    if len(set(held_out)) < 2:
        raise ValueError(
            f"the rows held out, {len(held_out)}, have no two different targets, which R^2 needs: "
            "give a larger --held-out"
        )
    return f"always the mean: {r_squared([0.0] * len(held_out), held_out):.4g}"  # standardised, it is 0


def _begun(options: argparse.Namespace, preparation: Preparation) -> Saved:
    """An untrained network, and its optimizer."""
    sizes = [len(preparation.features), *options.hidden, preparation.outputs]
    count = sum((inputs + 1) * outputs for inputs, outputs in itertools.pairwise(sizes))
    if count > MOST_PARAMETERS:
        raise ValueError(
            f"the network would have {count} parameters, at most {MOST_PARAMETERS} are taken: "
            "give a smaller --hidden"
        )
    model = MLP(
        sizes[0],
        sizes[1:],
        options.activation,
        initialiser="xavier",
        generator=random.Random(options.seed),
    )
    optimizer = OPTIMIZERS[options.optimizer](model.parameters(), learning_rate=options.rate)
    return Saved(model, optimizer, None, {})


def _resumed(path: Path, notes: dict[str, Any], epochs: int) -> Saved:
    """A saved network with its training.  Raises ValueError unless it goes on as if it had never stopped."""
    saved, _ = _loaded(path)
    settings = saved.notes.get("settings")
    if saved.optimizer is None or saved.history is None or not isinstance(settings, dict):
        raise ValueError(f"{path} holds no training to go on with: give one that train --save wrote")
    for name, now in notes["settings"].items():
        before = settings.get(name)
        if before != now:
            raise ValueError(
                f"{path} was trained with {name}={before}, not {now}: give the options of its training"
            )
    if any(saved.notes.get(name) != notes[name] for name in ("data", "preparation")):
        raise ValueError(
            f"{path} was trained on other data: give the same table, --target, --features and --task"
        )
    if saved.history.stopped in ("patience", "diverged"):
        raise ValueError(f"{path} is at its end ({ENDS[saved.history.stopped]}): train anew")
    if saved.history.epochs >= epochs:
        raise ValueError(
            f"{path} has {saved.history.epochs} epochs already: give more of --epochs, not {epochs}"
        )
    return saved


def _fitted(options: argparse.Namespace, study: Study, begun: Saved) -> History:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of a loss that is not finite: `stopped` says it
        return fit(
            begun.model,
            *study.training,
            loss=study.preparation.loss,
            optimizer=begun.optimizer,
            epochs=options.epochs,
            batch_size=options.batch,
            seed=options.seed,
            validation=study.held_out,
            patience=options.patience,
            history=begun.history,
        )


def _loaded(path: Path) -> tuple[Saved, Preparation]:
    """A saved network, and the preparation that was saved with it.  Raises ValueError where there is none."""
    saved = load(path)
    if "preparation" not in saved.notes:
        raise ValueError(f"{path} names no features and no target: give a file that train --save wrote")
    try:
        preparation = Preparation.from_dict(saved.notes["preparation"])
        (output,) = predictions(saved.model, [[0.0] * len(preparation.features)])
        preparation.answer(output)
    except ValueError as error:
        raise ValueError(f"{path} holds no network for its columns: {error}") from error
    return saved, preparation


def _prediction(model: Module, preparation: Preparation) -> Value:
    """The network's output at the features' means, with gradients; of several, the most probable class's."""
    means = [Value(0.0, feature.name) for feature in preparation.features]  # standardised, they are 0
    output = model(means)
    answer = preparation.answer(output)
    label = preparation.target.name
    if isinstance(output, list) and isinstance(answer, Decision):
        output, label = max(output, key=lambda logit: logit.data), f"{label} {answer.name}"
    prediction: Value = output
    prediction.label = label
    prediction.backward()
    return prediction


def _csv(preparation: Preparation, outputs: list[Any]) -> str:
    """The predictions as CSV; a class has its probability beside it."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    is_class = preparation.task == "classification"
    writer.writerow([preparation.target.name, "probability"] if is_class else [preparation.target.name])
    for output in outputs:
        answer = preparation.answer(output)
        writer.writerow(answer if isinstance(answer, Decision) else [answer])
    return text.getvalue()


def _refuse(error: Exception | str, status: int = 2) -> int:
    """Says what is wrong in one line, whatever the message, and returns the exit status."""
    print("nn:", str(error).partition("\n")[0], file=sys.stderr)
    return status


# --- The parser ----------------------------------------------------------------------------------------


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are one line, as all others here."""

    def error(self, message: str) -> NoReturn:
        sys.exit(_refuse(message))


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        "python -m nn", description="Networks for tables: train one, predict with it, look at it."
    )
    commands = parser.add_subparsers(dest="command", metavar="command")
    data = f"{', '.join(TABLES)}, or a CSV file with a line of column names"
    training = commands.add_parser(
        "train",
        help="fit a network to a table",
        description="Fit a network to a table, and judge it by rows that are held out.\n"
        "Ctrl-C ends the training early: what was learnt until then is judged and saved.",
        epilog="examples:\n  python -m nn train moons --hidden 16,16 --save moons.json\n"
        "  python -m nn train flats.csv --target price --save flats.json",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    training.set_defaults(run=train)
    training.add_argument("data", help=data)
    training.add_argument("--target", metavar="NAME", help="the column to predict; for a CSV file, needed")
    training.add_argument(
        "--features", type=_names, metavar="A,B,C", help="the columns to predict from (default: all others)"
    )
    training.add_argument(
        "--task", choices=("regression", "classification"), help="(default: by what the target's cells are)"
    )
    training.add_argument(
        "--hidden",
        type=_sizes,
        default=[8, 8],
        metavar="N,N",
        help="sizes of the hidden layers, or none, for a linear model (default: 8,8)",
    )
    training.add_argument(
        "--activation", default="tanh", metavar="NAME", help="of the hidden layers (default: tanh)"
    )
    training.add_argument("--optimizer", choices=tuple(OPTIMIZERS), default="adam", help="(default: adam)")
    training.add_argument(
        "--rate", type=float, default=0.02, metavar="X", help="the learning rate (default: 0.02)"
    )
    training.add_argument("--epochs", type=_count, default=30, metavar="N", help="(default: 30)")
    training.add_argument("--batch", type=_count, default=10, metavar="N", help="rows per step (default: 10)")
    training.add_argument(
        "--seed",
        type=int,
        default=0,
        metavar="N",
        help="of the division, the weights, the order (default: 0)",
    )
    training.add_argument(
        "--held-out", type=float, default=0.25, metavar="X", help="the share of rows held out (default: 0.25)"
    )
    training.add_argument(
        "--patience",
        type=_count,
        metavar="N",
        help="end after N epochs without a smaller loss on the rows held out; if it ends early, the network "
        "has the best epoch's parameters; those rows then choose the network, and judge it too kindly",
    )
    training.add_argument("--save", type=Path, metavar="FILE", help="write the network into this JSON file")
    training.add_argument(
        "--resume",
        type=Path,
        metavar="FILE",
        help="go on from a saved file, with the same options but for more epochs, as if it had never stopped",
    )
    prediction = commands.add_parser(
        "predict",
        help="predict with a saved network",
        description="Write what a saved network says of every row of a table, as CSV.  If the table has the "
        "target's column, too, how good the predictions are is said on the standard error stream.",
    )
    prediction.set_defaults(run=predict)
    prediction.add_argument("model", type=Path, help="a file that train --save wrote")
    prediction.add_argument("data", help=data)
    prediction.add_argument("--out", type=Path, metavar="FILE", help="(default: the standard output)")
    showing = commands.add_parser(
        "show",
        help="show a saved network",
        description="Show a saved network: its layers, its columns, and how it was trained.",
    )
    showing.set_defaults(run=show)
    showing.add_argument("model", type=Path, help="a file that train --save wrote")
    showing.add_argument(
        "--draw",
        type=Path,
        metavar="FILE",
        help="also draw the graph of the prediction at the features' means: svg, png, ...; "
        f"beyond {LARGE} nodes with a box per layer",
    )
    return parser


def _count(text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number from 1, not {shown(text)}")
    return number


def _sizes(text: str) -> list[int]:
    try:
        return [] if text == "none" else list(map(_count, text.split(",")))
    except argparse.ArgumentTypeError:
        raise argparse.ArgumentTypeError(
            f"expected numbers of neurons, such as 16,16, or none, not {shown(text)}"
        ) from None


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",")]


if __name__ == "__main__":
    sys.exit(main())
