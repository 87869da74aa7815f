"""The command `python -m benchmarks`: gradients compared, then times side by side, as a Markdown table."""

import argparse
import json
import platform
import statistics
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks import contenders, measurement, workloads
from benchmarks.agreement import TOLERANCE, check
from benchmarks.contenders import Contender
from benchmarks.workloads import Workload

LARGE = 50_000  # operations from which on a graph's memory stands out against the process's own
UNITS = (("s", 1.0), ("ms", 1e-3), ("us", 1e-6))


def parsed(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--only",
        nargs="+",
        metavar="WORKLOAD",
        default=[name.partition("_")[0] for name in workloads.NAMES],
        help="some workloads, as in w1 w3; a size may follow, as in w2:1000000 or w4:12500",
    )
    parser.add_argument("--rounds", type=int, default=5, help="how often each contender is timed (default 5)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="where to write every time measured")
    options = parser.parse_args(argv)
    if options.rounds < 1:
        parser.error(f"--rounds takes a number from 1 on, not {options.rounds}")
    if options.json is not None and not options.json.parent.is_dir():
        parser.error(f"--json: there is no folder {options.json.parent}")
    try:
        options.workloads = {name: workloads.load(name) for name in options.only}
    except ValueError as error:
        parser.error(str(error))
    return options


def present() -> dict[str, Contender]:
    """The contenders whose libraries are installed; a line for each of the others."""
    found = {}
    for name in contenders.NAMES:
        try:
            found[name] = contenders.load(name)
        except ModuleNotFoundError as error:
            if str(error.name).startswith(("autograd", "benchmarks")):
                raise  # a fault of our own
            print(f"{name} is skipped: {error}", file=sys.stderr)
    return found


def records(
    name: str, workload: Workload, entrants: dict[str, Contender], rounds: int
) -> Iterator[dict[str, Any]]:
    """What was measured, contender by contender, with the ratios to plain floats and to this library."""
    seconds = measurement.interleaved(workload, list(entrants.values()), rounds)
    floats, own = seconds[:2]
    for (contender_name, contender), times in zip(entrants.items(), seconds, strict=True):
        peak = measurement.peak_memory(contender_name, name) if workload.operations >= LARGE else None
        yield {
            "workload": workload.title,
            "operations": workload.operations,
            "contender": contender.name,
            "seconds": times,
            "median": statistics.median(times),
            "over plain floats": measurement.ratio(times, floats),
            "over this library": measurement.ratio(times, own),
            "bytes per operation": None if peak is None else peak / workload.operations,
        }


def row(record: dict[str, Any]) -> str:
    memory = record["bytes per operation"]
    cells = (
        record["workload"],
        record["contender"],
        duration(record["median"]),
        f"{record['over plain floats']:.2f}",
        f"{record['over this library']:.2f}",
        "" if memory is None else f"{memory:.0f}",
    )
    return f"| {' | '.join(cells)} |"


def duration(seconds: float) -> str:
    """Three digits, in the unit that suits."""
    unit, size = next((pair for pair in UNITS if seconds >= pair[1]), UNITS[-1])
    return f"{seconds / size:.3g} {unit}"


def main(argv: Sequence[str] | None = None) -> int:
    options = parsed(argv)
    entrants = present()
    for workload in options.workloads.values():
        try:
            check(workload, entrants.values())
        except ArithmeticError as error:
            print(f"Nothing is timed, because a gradient is wrong.\n{error}", file=sys.stderr)
            return 1
    machine = f"{platform.python_implementation()} {platform.python_version()} on {platform.machine()}"
    print(f"{machine}; all gradients agree to {TOLERANCE:g}.")
    print("CPU time of a value with its gradient, the graph built and freed; memory at its peak.")
    print(f"Medians of {options.rounds} rounds in which the contenders took turns.\n")
    print("| workload | contender | CPU time | over plain floats | over this library | bytes per operation |")
    print("|---|---|---:|---:|---:|---:|")
    measured = []
    for name, workload in options.workloads.items():
        for record in records(name, workload, entrants, options.rounds):
            print(row(record), flush=True)
            measured.append(record)
    if options.json is not None:
        options.json.write_text(json.dumps({"machine": machine, "records": measured}, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
