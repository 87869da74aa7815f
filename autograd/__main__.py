"""The command line: `python -m autograd`, or `autograd` where the package is installed.

`eval` differentiates a formula; `demo` draws a neuron and trains a network; `reference` shows the networks of
three articles on backpropagation.  What a user got wrong is said in a line on the standard error stream, with
exit status 2, before anything is printed or written.
"""

from __future__ import annotations

import argparse
import random
import sys
import textwrap
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from autograd import Graph, Value, __version__, engine_name, hessian, trace
from autograd.drawing import RenderingError, draw
from autograd.explorer import explore
from autograd.files import check_folder
from autograd.formula import Formula, function_names, point
from autograd.notation import derivation, steps
from autograd.notation.passes import columns
from autograd.testing import check_gradients
from nn import (
    MLP,
    REFERENCES,
    Adam,
    accuracy,
    fit,
    micrograd_moons,
    plot_decision_boundary,
    plot_history,
)
from nn.reference import Task


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command that `argv` gives, by default the program's arguments, and returns the exit status."""
    parser = _parser()
    arguments = parser.parse_args(argv)
    if arguments.command == "eval":
        return evaluate(
            arguments.formula,
            arguments.numbers,
            order=arguments.order,
            picture=arguments.draw,
            page=arguments.explore,
            shows_steps=arguments.steps,
            derived=arguments.derivation or [],
        )
    if arguments.command == "demo":
        return demonstrate(arguments.out)
    if arguments.command == "reference":
        return show_reference(arguments.article, arguments.out)
    parser.print_help()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "autograd",
        description="Automatic differentiation of scalar expressions, with pictures and small networks.",
    )
    parser.add_argument(
        "--version", action="version", version=f"scalar-autograd {__version__}, {engine_name} engine"
    )
    commands = parser.add_subparsers(dest="command", metavar="command")
    names = textwrap.fill(", ".join(function_names()), 100, initial_indent="  ", subsequent_indent="  ")
    evaluation = commands.add_parser(
        "eval",
        help="print the value and the derivatives of a formula",
        description="Print the value and the derivatives of a formula.",
        epilog='example:\n  autograd eval "tanh(x*w + b)" x=2 w=-3 b=6.8 --draw neuron.svg\n\n'
        "Put a formula that begins with a minus in brackets.  A number may be computed: angle=pi/4.\n\n"
        f"functions:\n{names}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    evaluation.add_argument("formula", help='such as "tanh(x*w + b)"')
    evaluation.add_argument(
        "numbers", nargs="*", metavar="name=number", help="one for each name of the formula"
    )
    evaluation.add_argument(
        "--order", type=int, choices=(1, 2), default=1, help="2 adds the second derivatives (default: 1)"
    )
    evaluation.add_argument(
        "--draw",
        metavar="FILE",
        help="also draw the graph: svg, png or jpg; pdf where Graphviz or pygraphviz is installed",
    )
    evaluation.add_argument(
        "--explore", metavar="FILE", help="also write the explorer, a page in which the graph can be played"
    )
    evaluation.add_argument(
        "--steps", action="store_true", help="also print the forward and the backward pass, node by node"
    )
    evaluation.add_argument(
        "--derivation",
        action="append",
        metavar="NAME",
        help="also print the chain rule from the formula to that name; may be given several times",
    )
    demo = commands.add_parser(
        "demo",
        help="draw a neuron with its gradients, then train a network",
        description="Draw a neuron with its gradients, then train a network on micrograd's moons.",
    )
    demo.add_argument(
        "--out", type=Path, default=Path("demo"), metavar="DIR", help="folder of the pictures (default: demo)"
    )
    reference = commands.add_parser(
        "reference",
        help="show the network of an article on backpropagation",
        description="Show the network of an article on backpropagation: its graph, the chain rule in the "
        "article's names, the article's gradients beside ours, a check by differences, and its training.",
        epilog="\n".join(
            f"{letter}  {article.title} ({article.author})" for letter, article in REFERENCES.items()
        ),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    reference.add_argument("article", choices=[*REFERENCES], help="which of the three")
    reference.add_argument(
        "--out", type=Path, metavar="DIR", help="also write graph.svg and loss.png into this folder"
    )
    return parser


def evaluate(
    text: str,
    assignments: Iterable[str],
    *,
    order: int = 1,
    picture: str | None = None,
    page: str | None = None,
    shows_steps: bool = False,
    derived: Sequence[str] = (),
) -> int:
    """Prints a formula's value and derivatives at the point of the assignments; returns the exit status."""
    try:
        numbers = point(assignments)
        formula = Formula(text)
        graph = _swept(formula, numbers)
        derived_by = [_input(graph, name) for name in derived]
        for path in (picture, page):
            if path is not None:
                check_folder(Path(path))
        written = [] if picture is None else [draw(graph).write(picture)]
        if page is not None:
            explore(graph, page)
            written.append(Path(page))
    except (ValueError, OSError, RenderingError) as error:
        return _refuse(error)
    _print_derivatives(formula.text, graph, numbers)
    if order == 2 and numbers:
        matrix = hessian(lambda arguments: formula(**arguments))(numbers)
        rows = [[name, *(repr(matrix[name][other]) for other in numbers)] for name in numbers]
        print("\nsecond derivatives")
        _print_table([["", *numbers], *rows])
    (output,) = graph.outputs
    if isinstance(output, Value) and shows_steps:
        print(f"\n{steps(output)}")
    for node in derived_by:
        print(f"\n{derivation(output, node)}")
    if written:
        print()
    for file in written:
        _print_written(file)
    return 0


def demonstrate(folder: Path, epochs: int = 60) -> int:
    """Draws a neuron, trains a network and plots it, all into `folder`; returns the exit status."""
    started = time.perf_counter()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _show_neuron(folder)
        _train_network(folder, epochs)
        _learn_prices(epochs)
    except OSError as error:
        return _refuse(error)
    print(f"\nThe demo took {time.perf_counter() - started:.1f} s.")
    return 0


def _show_neuron(folder: Path) -> None:
    numbers = {"x1": 2.0, "x2": 0.0, "w1": -3.0, "w2": 1.0, "b": 6.8813735870195432}
    graph = _swept(Formula("tanh(x1*w1 + x2*w2 + b)"), numbers)
    graph.outputs[0].label = "o"
    print("A neuron with two inputs, o = tanh(x1*w1 + x2*w2 + b)\n")
    _print_derivatives("o", graph, numbers)
    explore(graph, folder / "neuron.html")
    _print_written(folder / "neuron.html")
    try:
        for format in ("svg", "png"):
            _print_written(draw(graph).write(folder / f"neuron.{format}"))
    except RenderingError as error:
        print(f"No picture of the neuron: {error}")


def _train_network(folder: Path, epochs: int) -> None:
    model = MLP(2, [16, 16, 1], activation="tanh", initialiser="xavier", generator=random.Random(1337))
    points, labels = micrograd_moons()
    print(
        f"\nA network of {len(model.parameters())} parameters learns {len(points)} points, in {epochs} steps"
    )
    history = fit(
        model,
        points,
        labels,
        loss="binary_cross_entropy_with_logits",
        optimizer=Adam(model.parameters(), learning_rate=0.05),
        epochs=epochs,
        metric=accuracy,
    )
    last = epochs - 1
    print(
        f"loss {history.loss[0]:.4f} at step 0, {history.loss[-1]:.4f} at step {last}; "
        f"accuracy {history.metric[-1]:.0%}"
    )
    try:
        _print_written(plot_history(history).write(folder / "loss.png"))
        _print_written(plot_decision_boundary(model, points, labels).write(folder / "decision_boundary.png"))
    except ModuleNotFoundError as error:
        print(f"No loss curve and no decision boundary: {error}")


def _learn_prices(epochs: int) -> None:
    reference = REFERENCES["b"]
    task = reference.task()
    task = task._replace(epochs=min(task.epochs, epochs))
    network = reference.network(random.Random(1))
    rows = len(task.training[1])
    print(f"\nA network of {len(network.parameters())} parameters learns the prices of {rows} houses")
    reference.train(network, task)
    _print_judged(network, task)


def _print_judged(network: MLP, task: Task) -> None:
    ours, baseline = task.judged(network)
    print(f"{task.metric_name} on the rows held out: {ours:.4f}; {task.baseline_name}: {baseline:.4f}")


def show_reference(letter: str, folder: Path | None = None) -> int:
    """Shows the network of an article, trains it, and writes pictures if there is a folder for them."""
    reference, generator = REFERENCES[letter], random.Random(1)
    task, network = reference.task(), reference.network(generator)
    x, target = task.training[0][0], task.training[1][0]
    cost = reference.labelled(network, x, target)
    cost.backward()
    try:
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
            draw(cost, limit=1000).write(folder / "graph.svg")
    except (OSError, RenderingError) as error:
        return _refuse(error)
    print(f"{reference.title}\n{reference.author}\n")
    print(textwrap.fill(reference.summary, 100))
    print(f"\n{network.summary()}\n\nThe graph of one row\n\n{Graph(cost).tree()}\n\nThe chain rule")
    parameters = {parameter.label: parameter for parameter in network.parameters()}
    for name in reference.derived:
        print(f"\n{derivation(cost, parameters[name])}")
    print("\nThe article's gradients and ours\n")
    print(reference.comparison(network, x, target))
    print("\nThe check by differences\n")

    def cost_of(model: MLP) -> Value:
        loss: Value = reference.loss(model(x), target)
        return loss

    print(check_gradients(cost_of, network))
    print(f"\nTraining on {len(task.training[1])} rows, {len(task.held_out[1])} are held out\n")
    history = reference.train(network, task)
    last = history.epoch_loss(history.epochs - 1)
    print(f"loss {history.loss[0]:.4g} at step 0, {last:.4g} in the last epoch")
    _print_judged(network, task)
    if folder is not None:
        _print_written(folder / "graph.svg")
        try:
            _print_written(plot_history(history).write(folder / "loss.png"))
        except ModuleNotFoundError as error:
            print(f"No loss curve: {error}")
    return 0


def _swept(formula: Formula, numbers: dict[str, float]) -> Graph:
    """The formula's graph at a point, with the gradients of its nodes."""
    names = list(numbers)
    graph = trace(lambda *values: formula(**dict(zip(names, values, strict=True))))(*numbers.values())
    for node, name in zip(graph.inputs, names, strict=True):
        node.label = name
    for output in graph.outputs:
        if isinstance(output, Value):  # a formula without names is a number
            output.backward()
    return graph


def _input(graph: Graph, name: str) -> Value:
    for node in graph.inputs:
        if node.label == name:
            return node
    raise ValueError(
        f"no derivation for {name!r}: the formula's names are "
        f"{', '.join(node.label for node in graph.inputs) or 'none'}"
    )


def _print_derivatives(name: str, graph: Graph, numbers: dict[str, float]) -> None:
    (output,) = graph.outputs
    print(f"{name} = {output.data if isinstance(output, Value) else output!r}")
    if numbers:
        gradient = {node.label: node.grad for node in graph.inputs}
        rows = [[name, repr(number), repr(gradient[name])] for name, number in numbers.items()]
        print()
        _print_table([["name", "value", "d/dname"], *rows])


def _print_table(rows: list[list[str]]) -> None:
    print(columns(rows))


def _print_written(path: Path) -> None:
    print(f"wrote {path}")


def _refuse(error: Exception) -> int:
    print(f"autograd: {error}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
