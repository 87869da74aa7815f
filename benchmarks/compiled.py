"""The command `python -m benchmarks.compiled`: compiled traces beside C that was written by hand.

The workloads are W1, W3, W4 and W5 of the other benchmarks, each with its gradient.  The C is built by the
machine's compiler, with -O3 and with -O3 -ffast-math; both it and the machine code are called from Python
with arrays, so that both pay for the call.  Values and gradients are compared before anything is timed; the
figures are medians of rounds in which the two take turns.  Then what compiling costs, by the length of a
trace.
"""

import argparse
import ctypes
import math
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy

import autograd
from autograd import jit, value_and_grad, vmap
from benchmarks import report, workloads
from benchmarks.contenders.floats import Floats
from benchmarks.workloads import w3_moons

SOURCES = Path(__file__).parent / "contenders" / "hand_written"
FLAGS = {"C -O3": ["-O3", "-ffp-contract=off"], "C -ffast-math": ["-O3", "-ffast-math"]}
TOLERANCE = 1e-9  # relative, as in the other benchmarks
ROWS = 1_000_000  # of W5

Array = numpy.ndarray[Any, Any]
Results = list[Array]  # the value first, then the gradient


class Contender(NamedTuple):
    """A call without arguments, which is timed, and how its result becomes arrays, which are compared."""

    call: Callable[[], Any]
    results: Callable[[Any], Results]


class Contest(NamedTuple):
    """One workload with its contenders, by their titles."""

    title: str
    contenders: dict[str, Contender]
    compile_seconds: float


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
        path = folder / f"{name}{number}.so"
        command = [compiler, *flags, "-march=native", "-shared", "-fPIC", str(SOURCES / f"{name}.c")]
        subprocess.run([*command, "-o", str(path), "-lm"], check=True)
        libraries[title] = ctypes.CDLL(str(path))
    return libraries


def address(array: Array) -> Any:
    return array.ctypes.data_as(ctypes.c_void_p)  # which keeps the array alive


def first_call(function: Callable[[], Any]) -> float:
    """Seconds from Python's source to the first result."""
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def by_hand(
    libraries: dict[str, ctypes.CDLL], name: str, arguments: Sequence[Any], results: Callable[[Any], Results]
) -> dict[str, Contender]:
    """The function of that name in each library, called with the arguments."""

    def contender(function: Any) -> Contender:
        function.restype = ctypes.c_double
        return Contender(lambda: function(*arguments), results)

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

    ours = Contender(lambda: compiled(x, y, z), value_and_gradient)
    seconds = first_call(ours.call)
    point, gradient = numpy.array(workload.point), numpy.empty(3)
    arguments = [address(point), address(gradient)]
    hand = by_hand(built(folder, "expression"), "expression", arguments, with_gradient(gradient))
    floats = Contender(
        lambda: workload.function(Floats, workload.point), lambda value: [numpy.array([value])]
    )
    return Contest(workload.title, {"compiled": ours, **hand, Floats.name: floats}, seconds)


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

    ours = Contender(lambda: step(parameters, points, sides), value_and_gradient)
    seconds = first_call(ours.call)
    gradient = numpy.empty(len(parameters))
    arguments = [
        address(parameters),
        address(points),
        address(sides),
        ctypes.c_long(len(sides)),
        address(gradient),
    ]
    hand = by_hand(built(folder, "moons"), "moons", arguments, with_gradient(gradient))
    return Contest(workload.title, {"compiled": ours, **hand}, seconds)


def rosenbrock(size: int) -> Callable[[Path], Contest]:
    def contest(folder: Path) -> Contest:
        workload = workloads.load(f"w4:{size}")
        compiled = jit(value_and_grad(lambda x: workload.function(Mathematics, x)))
        point = numpy.array(workload.point)

        ours = Contender(lambda: compiled(point), value_and_gradient)
        seconds = first_call(ours.call)
        gradient = numpy.empty(size)
        arguments = [address(point), address(gradient), ctypes.c_long(size)]
        hand = by_hand(built(folder, "rosenbrock"), "rosenbrock", arguments, with_gradient(gradient))
        return Contest(workload.title, {"compiled": ours, **hand}, seconds)

    return contest


def black_scholes(folder: Path) -> Contest:
    generator = numpy.random.default_rng(5)
    lows, highs = (50.0, 50.0, 0.0, 0.1, 0.1), (150.0, 150.0, 0.1, 0.6, 2.0)
    columns = [generator.uniform(low, high, ROWS) for low, high in zip(lows, highs, strict=True)]

    def price(spot: Any, strike: Any, rate: Any, volatility: Any, years: Any) -> Any:
        spread = volatility * autograd.sqrt(years)
        d1 = (autograd.log(spot / strike) + (rate + 0.5 * volatility * volatility) * years) / spread

        def normal(x: Any) -> Any:
            return 0.5 * autograd.erfc(-x * math.sqrt(0.5))

        return spot * normal(d1) - strike * autograd.exp(-rate * years) * normal(d1 - spread)

    greeks = value_and_grad(price, argnums=(0, 1, 2, 3, 4))
    functions = {
        "compiled": jit(vmap(greeks)),
        "compiled, fastmath": jit(vmap(greeks), fastmath=True),
        "compiled, fastmath, 2 threads": jit(vmap(greeks, threads=2), fastmath=True),
    }

    def contender(function: Callable[..., Any]) -> Contender:
        return Contender(lambda: function(*columns), lambda result: [result[0], *result[1]])

    contenders = {title: contender(function) for title, function in functions.items()}
    seconds = first_call(contenders["compiled"].call)
    outputs = [numpy.empty(ROWS) for _ in range(6)]
    arguments = [*map(address, columns), *map(address, outputs), ctypes.c_long(ROWS)]
    hand = by_hand(built(folder, "black_scholes"), "black_scholes", arguments, lambda _: outputs)
    return Contest(f"W5 Black-Scholes, {ROWS:,} rows", {**contenders, **hand}, seconds)


CONTESTS: dict[str, Callable[[Path], Contest]] = {
    "w1": expression,
    "w3": moons,
    "w4": rosenbrock(1_000),
    "w4:12500": rosenbrock(12_500),
    "w5": black_scholes,
}


def check(contest: Contest) -> None:
    """Raises ArithmeticError unless all contenders agree."""
    (first, expected), *others = (
        (title, [array.copy() for array in contender.results(contender.call())])
        for title, contender in contest.contenders.items()
    )
    for title, found in others:
        for mine, yours in zip(expected, found, strict=False):  # floats give the value alone
            scale = numpy.maximum(numpy.abs(mine), numpy.abs(mine).max() * 1e-3)
            if not (numpy.abs(mine - yours) <= TOLERANCE * scale).all():
                raise ArithmeticError(f"{contest.title}: {first} and {title} differ")


def measured(contest: Contest, rounds: int) -> dict[str, list[float]]:
    """Seconds of a call, one figure a round; in each round all take their turn."""
    seconds: dict[str, list[float]] = {title: [] for title in contest.contenders}
    for _ in range(rounds):
        for title, (call, _) in contest.contenders.items():
            start = time.perf_counter()
            call()
            repeats = max(3, min(20_000, int(0.1 / (time.perf_counter() - start))))
            start = time.perf_counter()
            for _ in range(repeats):
                call()
            seconds[title].append((time.perf_counter() - start) / repeats)
    return seconds


def growth(sizes: Sequence[int]) -> None:
    """Seconds from Python's source to the first result, by the number of W4's operations."""
    print("\n| operations of W4 | seconds to the first result |\n|---:|---:|")
    for size in sizes:
        workload = workloads.load(f"w4:{size}")
        with tempfile.TemporaryDirectory() as folder:
            seconds = rosenbrock(size)(Path(folder)).compile_seconds
        print(f"| {workload.operations:,} | {seconds:.2f} |", flush=True)


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.compiled", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=CONTESTS, default=[*CONTESTS], metavar="WORKLOAD")
    parser.add_argument("--rounds", type=int, default=5, help="how often each contender is timed (default 5)")
    parser.add_argument(
        "--growth", nargs="*", type=int, default=[], metavar="N", help="sizes of W4 to compile"
    )
    options = parser.parse_args(argv)
    print("| workload | contender | time of a call | over C -O3 | to the first result |")
    print("|---|---|---:|---:|---:|")
    for name in options.only:
        with tempfile.TemporaryDirectory() as folder:
            contest = CONTESTS[name](Path(folder))
            try:
                check(contest)
            except ArithmeticError as error:
                print(f"Nothing is timed, because a result is wrong.\n{error}", file=sys.stderr)
                return 1
            seconds = measured(contest, options.rounds)
        for title, times in seconds.items():
            ratios = [mine / yours for mine, yours in zip(times, seconds["C -O3"], strict=True)]
            cells = [contest.title, title, report.duration(statistics.median(times))]
            first = f"{contest.compile_seconds:.2f} s" if title == "compiled" else ""
            print(report.line([*cells, report.factor(statistics.median(ratios)), first]), flush=True)
    if options.growth:
        growth(options.growth)
    return 0


if __name__ == "__main__":
    sys.exit(main())
