"""The command line: `python -m autograd`, or `autograd` where the package is installed.

`eval` differentiates a formula; `demo` draws a neuron and trains a network.  What a user got wrong is said
in a line on the standard error stream, with exit status 2, before anything is printed or written.
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
from nn import MLP, micrograd_moons, plot_decision_boundary, plot_history, train


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


def demonstrate(folder: Path, steps: int = 100) -> int:
    """Draws a neuron, trains a network and plots it, all into `folder`; returns the exit status."""
    started = time.perf_counter()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _show_neuron(folder)
        _train_network(folder, steps)
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
    try:
        for format in ("svg", "png"):
            _print_written(draw(graph).write(folder / f"neuron.{format}"))
    except RenderingError as error:
        print(f"No picture of the neuron: {error}")


def _train_network(folder: Path, steps: int) -> None:
    from tqdm import tqdm

    random.seed(1337)
    model = MLP(2, [16, 16, 1])
    points, labels = micrograd_moons()
    print(
        f"\nA network of {len(model.parameters())} parameters learns {len(points)} points, in {steps} steps"
    )
    losses = []
    # Without a terminal there is no bar: a log would receive every state of it.
    with tqdm(train(model, points, labels, steps=steps), total=steps, disable=None, unit="step") as progress:
        for step in progress:
            losses.append(step.loss)
            progress.set_postfix_str(f"loss {step.loss:.4f}, accuracy {step.accuracy:.0%}", refresh=False)
    print(
        f"loss {losses[0]:.4f} at step 0, {step.loss:.4f} at step {step.number}; accuracy {step.accuracy:.0%}"
    )
    try:
        plot_history(losses, folder / "loss.png")
        _print_written(folder / "loss.png")
        plot_decision_boundary(model, points, labels, folder / "decision_boundary.png")
        _print_written(folder / "decision_boundary.png")
    except ModuleNotFoundError as error:
        print(f"No loss curve and no decision boundary: {error}")


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
