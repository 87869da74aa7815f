"""The command `python -m benchmarks.compiled`: compiled traces beside C that was written by hand, and peers.

The workloads are W1, W3, W4 and W5 of the other benchmarks, each with its gradient.  The C is built by the
machine's compiler, with -O3 and with -O3 -ffast-math; both it and the machine code are called from Python
with arrays, so that both pay for the call.  jax and torch compute with whole arrays, each in a process of its
own Python environment; one that is not installed is left out with a line that says so.  Values and gradients
are compared before anything is timed; the figures are medians of rounds in which all take turns.  Then what
compiling costs, by the length of a trace.
"""

import argparse
import contextlib
import ctypes
import functools
import platform
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy

import autograd
from autograd import jit, value_and_grad, vmap
from benchmarks import report, vectorised, workloads
from benchmarks.contenders.floats import Floats
from benchmarks.entrant import Entrant, each, entrant
from benchmarks.measurement import ratio
from benchmarks.vectorised.sources import black_scholes as price
from benchmarks.workloads import Workload, w3_moons

OURS = "compiled"
SOURCES = Path(__file__).parent / "contenders" / "hand_written"
FLAGS = {"C -O3": ["-O3", "-ffp-contract=off"], "C -ffast-math": ["-O3", "-ffast-math"]}
TOLERANCE = 1e-9  # relative, as in the other benchmarks
ROWS = 1_000_000  # of W5
SIZES = [125, 1_250, 12_500, 125_000]  # of W4, whose operations are 8 times as many
TURN = 0.1  # seconds that a contender's turn takes, or more

Array = numpy.ndarray[Any, Any]
Results = list[Array]  # the value first, then the gradient


class Contender(NamedTuple):
    """Seconds of a call, as of so many; and what a call computes.

    `first` are the seconds from its source to its first result, where that is more than a call.
    """

    seconds: Callable[[int], float]
    results: Callable[[], Results]
    first: float | None = None


class Contest(NamedTuple):
    """One workload with its contenders by their titles, and the inputs for those that are yet to come."""

    title: str
    contenders: dict[str, Contender]
    inputs: list[Array]


class Mathematics:
    """Functions of numbers and Values alike, for the workloads' formulas."""

    number = float
    tanh = staticmethod(autograd.tanh)
    exp = staticmethod(autograd.exp)
    log = staticmethod(autograd.log)
    relu = staticmethod(autograd.relu)


def built(folder: Path, name: str) -> dict[str, ctypes.CDLL]:
    """The library of a C file, for each set of flags."""
    compiler = next(filter(None, map(shutil.which, ("gcc", "clang", "cc"))), None)
    if compiler is None:
        raise SystemExit("there is no C compiler: apt-get install gcc")
    libraries = {}
    for number, (title, flags) in enumerate(FLAGS.items()):
        compiled, library = folder / f"{name}{number}.o", folder / f"{name}{number}.so"
        source = [*flags, "-march=native", "-fPIC", "-c", str(SOURCES / f"{name}.c")]
        subprocess.run([compiler, *source, "-o", str(compiled)], check=True)
        # Linked without the flags: a library of -ffast-math turns off this process's subnormal numbers.
        subprocess.run([compiler, "-shared", str(compiled), "-o", str(library), "-lm"], check=True)
        libraries[title] = ctypes.CDLL(str(library))
    return libraries


def address(array: Array) -> Any:
    return array.ctypes.data_as(ctypes.c_void_p)  # which keeps the array alive


def called(
    call: Callable[[], Any], results: Callable[[Any], Results], *, compiles: bool = False
) -> Contender:
    """A contender in this process: a call, and how what it returns becomes arrays."""

    def seconds(repeats: int) -> float:
        start = time.perf_counter()
        for _ in range(repeats):
            call()
        return (time.perf_counter() - start) / repeats

    return Contender(seconds, lambda: results(call()), seconds(1) if compiles else None)


def by_hand(
    libraries: dict[str, ctypes.CDLL], name: str, arguments: Sequence[Any], results: Callable[[Any], Results]
) -> dict[str, Contender]:
    """The function of that name in each library, called with the arguments."""

    def contender(function: Any) -> Contender:
        function.restype = ctypes.c_double
        return called(lambda: function(*arguments), results)

    return {title: contender(getattr(library, name)) for title, library in libraries.items()}


def with_gradient(gradient: Array) -> Callable[[Any], Results]:
    """How a value, and the gradient that its call has filled, become arrays."""
    return lambda value: [numpy.array([value]), gradient]


def value_and_gradient(result: Any) -> Results:
    """What `value_and_grad` returns, a number and an array or a tuple of numbers, as arrays."""
    value, gradient = result
    return [numpy.array([value]), numpy.array(gradient)]


def expression(folder: Path) -> Contest:
    workload = workloads.load("w1")
    x, y, z = workload.point

    def formula(x: Any, y: Any, z: Any) -> Any:
        return workload.function(Mathematics, [x, y, z])

    compiled = jit(value_and_grad(formula, argnums=(0, 1, 2)))

    ours = called(lambda: compiled(x, y, z), value_and_gradient, compiles=True)
    point, gradient = numpy.array(workload.point), numpy.empty(3)
    arguments = [address(point), address(gradient)]
    hand = by_hand(built(folder, "expression"), "expression", arguments, with_gradient(gradient))
    floats = called(lambda: workload.function(Floats, workload.point), lambda value: [numpy.array([value])])
    return Contest(workload.title, {OURS: ours, **hand, Floats.name: floats}, [*point])


def moons(folder: Path) -> Contest:
    workload = workloads.load("w3")
    points = numpy.array([sample[:2] for sample in w3_moons.demo_samples()])
    sides = numpy.array([sample[2] for sample in w3_moons.demo_samples()])
    parameters = numpy.array(workload.point)

    def loss(parameters: Any, point: Any, side: Any) -> Any:
        remaining = iter(parameters)
        activations = list(point)
        for inputs, neurons in w3_moons.LAYERS:
            layer = [([next(remaining) for _ in range(inputs)], next(remaining)) for _ in range(neurons)]
            activations = w3_moons.weighted_sums(layer, activations)
            if neurons > 1:
                activations = list(map(autograd.relu, activations))
        penalty = 1e-4 * sum(p * p for p in parameters)
        return autograd.relu(1 + -side * activations[0]) + penalty

    step = jit(vmap(value_and_grad(loss), in_axes=(None, 0, 0), reduce="mean"))

    ours = called(lambda: step(parameters, points, sides), value_and_gradient, compiles=True)
    gradient = numpy.empty(len(parameters))
    arguments = [
        address(parameters),
        address(points),
        address(sides),
        ctypes.c_long(len(sides)),
        address(gradient),
    ]
    hand = by_hand(built(folder, "moons"), "moons", arguments, with_gradient(gradient))
    return Contest(workload.title, {OURS: ours, **hand}, [parameters, points, sides])


def compiled_rosenbrock(workload: Workload, point: Array) -> Contender:
    compiled = jit(value_and_grad(lambda x: workload.function(Mathematics, x)))
    return called(lambda: compiled(point), value_and_gradient, compiles=True)


def rosenbrock(size: int) -> Callable[[Path], Contest]:
    def contest(folder: Path) -> Contest:
        workload = workloads.load(f"w4:{size}")
        point = numpy.array(workload.point)
        ours = compiled_rosenbrock(workload, point)
        gradient = numpy.empty(size)
        arguments = [address(point), address(gradient), ctypes.c_long(size)]
        hand = by_hand(built(folder, "rosenbrock"), "rosenbrock", arguments, with_gradient(gradient))
        return Contest(workload.title, {OURS: ours, **hand}, [point])

    return contest


def black_scholes(folder: Path) -> Contest:
    generator = numpy.random.default_rng(5)
    lows, highs = (50.0, 50.0, 0.0, 0.1, 0.1), (150.0, 150.0, 0.1, 0.6, 2.0)
    columns = [generator.uniform(low, high, ROWS) for low, high in zip(lows, highs, strict=True)]

    greeks = value_and_grad(functools.partial(price, autograd), argnums=(0, 1, 2, 3, 4))
    functions = {
        OURS: jit(vmap(greeks)),
        f"{OURS}, fastmath": jit(vmap(greeks), fastmath=True),
        f"{OURS}, fastmath, 2 threads": jit(vmap(greeks, threads=2), fastmath=True),
    }

    def contender(function: Callable[..., Any]) -> Contender:
        return called(lambda: function(*columns), lambda result: [result[0], *result[1]], compiles=True)

    contenders = {title: contender(function) for title, function in functions.items()}
    outputs = [numpy.empty(ROWS) for _ in range(6)]
    arguments = [*map(address, columns), *map(address, outputs), ctypes.c_long(ROWS)]
    hand = by_hand(built(folder, "black_scholes"), "black_scholes", arguments, lambda _: outputs)
    return Contest(f"W5 Black-Scholes, {ROWS:,} rows", {**contenders, **hand}, columns)


CONTESTS: dict[str, Callable[[Path], Contest]] = {
    "w1": expression,
    "w3": moons,
    "w4": rosenbrock(1_000),
    "w4:12500": rosenbrock(12_500),
    "w5": black_scholes,
}


# --- Peers ---


@contextlib.contextmanager
def with_peers(contest: Contest, workload: str, names: Sequence[str], folder: Path) -> Iterator[Contest]:
    """The contest with those of the peers that are installed, each in a process of its own."""
    for number, column in enumerate(contest.inputs):
        column.tofile(folder / f"input-{number}")
    with contextlib.ExitStack() as processes:

        def started(name: str) -> Entrant:
            arguments = (name, workload, str(folder))
            return processes.enter_context(entrant(*arguments, worker="benchmarks.vectorised.worker"))

        peers = each(workload, names, started)
        added = {process.first["name"]: peer(name, process, folder) for name, process in peers.items()}
        yield contest._replace(contenders={**contest.contenders, **added})


def peer(name: str, process: Entrant, folder: Path) -> Contender:
    def results() -> Results:
        value, *gradient = (
            numpy.fromfile(folder / f"{name}-{number}") for number in range(len([*folder.glob(f"{name}-*")]))
        )
        scalars = all(part.size == 1 for part in gradient)
        return [value, numpy.concatenate(gradient)] if scalars else [value, *gradient]

    return Contender(process.seconds, results, process.first["seconds"])


# --- Measuring ---


def check(contest: Contest) -> None:
    """Raises ArithmeticError unless all contenders agree."""
    (first, expected), *others = (
        (title, [array.copy() for array in contender.results()])
        for title, contender in contest.contenders.items()
    )
    for title, found in others:
        for mine, yours in zip(expected, found, strict=False):  # floats give the value alone
            scale = numpy.maximum(numpy.abs(mine), numpy.abs(mine).max() * 1e-3)
            if mine.shape != yours.shape or not (numpy.abs(mine - yours) <= TOLERANCE * scale).all():
                raise ArithmeticError(f"{contest.title}: {first} and {title} differ")


def measured(contest: Contest, rounds: int) -> dict[str, list[float]]:
    """Seconds of a call, one figure a round; in each round all take their turn."""
    seconds: dict[str, list[float]] = {title: [] for title in contest.contenders}
    for _ in range(rounds):
        for title, contender in contest.contenders.items():
            repeats = max(3, min(20_000, int(TURN / contender.seconds(1))))
            seconds[title].append(contender.seconds(repeats))
    return seconds


def rows(contest: Contest, seconds: dict[str, list[float]]) -> Iterator[str]:
    """A line of the table for each contender."""
    for title, times in seconds.items():
        first = contest.contenders[title].first
        cells = (
            contest.title,
            title,
            report.duration(statistics.median(times)),
            report.factor(ratio(times, seconds["C -O3"])),
            report.factor(ratio(times, seconds[OURS])),
            "" if first is None else f"{first:.2f} s",
        )
        yield report.line(cells)


def growth(sizes: Sequence[Workload]) -> Iterator[str]:
    """Seconds from Python's source to the first result, by the number of W4's operations."""
    yield "\n| operations of W4 | to the first result | for each operation |\n|---:|---:|---:|"
    for workload in sizes:
        seconds = compiled_rosenbrock(workload, numpy.array(workload.point)).first
        assert seconds is not None
        per_operation = report.duration(seconds / workload.operations)
        yield report.line((f"{workload.operations:,}", f"{seconds:.2f} s", per_operation))


def table(options: argparse.Namespace) -> Iterator[str]:
    """What is measured, line by line.  Raises ArithmeticError if a result is wrong."""
    columns = ("workload", "contender", "time of a call", "over C -O3", "over ours", "to the first result")
    yield f"{report.line(columns)}\n|---|---|---:|---:|---:|---:|"
    for name in options.only:
        with tempfile.TemporaryDirectory() as name_of_folder:
            folder = Path(name_of_folder)
            workload, _, _ = name.partition(":")
            with with_peers(CONTESTS[name](folder), workload, options.peers, folder) as contest:
                check(contest)
                yield from rows(contest, measured(contest, options.rounds))
    if options.growth:
        yield from growth(options.growth)


def parsed(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.compiled", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=CONTESTS, default=[*CONTESTS], metavar="WORKLOAD")
    parser.add_argument(
        "--peers",
        nargs="*",
        choices=vectorised.NAMES,
        default=vectorised.NAMES,
        metavar="PEER",
        help=f"some of {', '.join(vectorised.NAMES)}, or none",
    )
    parser.add_argument("--rounds", type=int, default=5, help="how often each contender is timed (default 5)")
    parser.add_argument(
        "--growth", nargs="*", type=int, default=SIZES, metavar="N", help="sizes of W4 to compile, or none"
    )
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="the page to put the tables in")
    options = parser.parse_args(argv)
    if options.rounds < 1:
        parser.error(f"--rounds takes a number from 1 on, not {options.rounds}")
    try:
        options.growth = [workloads.load(f"w4:{size}") for size in options.growth]
        if options.markdown is not None:
            report.inserted("", options.markdown.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        parser.error(str(error))
    return options


def main(argv: Sequence[str] | None = None) -> int:
    arguments = sys.argv[1:] if argv is None else argv
    options = parsed(arguments)
    command = shlex.join(["python", "-m", "benchmarks.compiled", *arguments])
    machine = f"{platform.python_implementation()} {platform.python_version()} on {platform.machine()}"
    lines = [
        f"`{command}`, {machine}; all results agree to {TOLERANCE:g}.",
        f"Medians of {options.rounds} rounds in which the contenders took turns.\n",
    ]
    print("\n".join(lines))
    try:
        for line in table(options):
            print(line, flush=True)
            lines.append(line)
    except ArithmeticError as error:
        print(f"Nothing more is timed, because a result is wrong.\n{error}", file=sys.stderr)
        return 1
    if options.markdown is not None:
        page = options.markdown.read_text(encoding="utf-8")
        options.markdown.write_text(report.inserted("\n".join(lines), page), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
