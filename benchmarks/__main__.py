"""The command `python -m benchmarks`: gradients compared, then times side by side, as a Markdown table."""

import argparse
import json
import platform
import shlex
import statistics
import sys
from collections.abc import Container, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks import contenders, report, workloads
from benchmarks.agreement import TOLERANCE, check
from benchmarks.measurement import evaluated, interleaved, ratio
from benchmarks.worker import Evaluation
from benchmarks.workloads import Workload

LARGE = 50_000  # operations from which on a graph's memory stands out against the process's own
COLUMNS = {
    "floats": "over plain floats",
    "native_engine": "over the native engine",
    "python_engine": "over the Python engine",
}


def parsed(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--only",
        nargs="+",
        metavar="WORKLOAD",
        default=[name.partition("_")[0] for name in workloads.NAMES],
        help="some workloads, as in w1 w3; a size may follow, as in w2:1000000 or w4:12500",
    )
    parser.add_argument(
        "--contenders",
        nargs="+",
        metavar="CONTENDER",
        choices=contenders.NAMES,
        default=contenders.NAMES,
        help=f"some of {', '.join(contenders.NAMES)}",
    )
    parser.add_argument("--rounds", type=int, default=5, help="how often each contender is timed (default 5)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="where to write every time measured")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="the page to put the table in")
    options = parser.parse_args(argv)
    if options.rounds < 1:
        parser.error(f"--rounds takes a number from 1 on, not {options.rounds}")
    if options.json is not None and not options.json.parent.is_dir():
        parser.error(f"--json: there is no folder {options.json.parent}")
    try:
        options.workloads = {name: workloads.load(name) for name in options.only}
        if options.markdown is not None:
            report.inserted("", options.markdown.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        parser.error(str(error))
    return options


def checked(loaded: dict[str, Workload], names: Iterable[str]) -> dict[str, dict[str, Evaluation]]:
    """What the contenders compute, by workload; one that fails is not asked again.

    Raises ArithmeticError if any of it is wrong.
    """
    evaluations = {}
    for name, workload in loaded.items():
        evaluations[name] = evaluated(name, names)
        check(workload, evaluations[name].values())
        names = list(evaluations[name])
    return evaluations


def compared(names: Container[str]) -> dict[str, str]:
    """Those of the contenders that the others are compared with, each with its column."""
    engines = [name for name in ("native_engine", "python_engine") if name in names]
    return {name: COLUMNS[name] for name in ("floats", *engines[:1]) if name in names}


def records(
    name: str, workload: Workload, evaluations: dict[str, Evaluation], columns: dict[str, str], rounds: int
) -> Iterator[dict[str, Any]]:
    """What was measured, contender by contender."""
    seconds = interleaved(name, evaluations, rounds)
    for contender, times in seconds.items():
        title, _, _, growth = evaluations[contender]
        if workload.operations < LARGE:
            growth = None
        yield {
            "workload": workload.title,
            "operations": workload.operations,
            "contender": title,
            "seconds": times,
            "median": statistics.median(times),
            "ratios": {
                column: ratio(times, seconds[base]) if base in seconds else None
                for base, column in columns.items()
            },
            "bytes per operation": None if growth is None else growth / workload.operations,
        }


def main(argv: Sequence[str] | None = None) -> int:
    arguments = sys.argv[1:] if argv is None else argv
    options = parsed(arguments)
    try:
        evaluations = checked(options.workloads, options.contenders)
    except ArithmeticError as error:
        print(f"Nothing is timed, because a gradient is wrong.\n{error}", file=sys.stderr)
        return 1
    *_, present = evaluations.values()
    if not present:
        print("No contender is left to time.", file=sys.stderr)
        return 1
    columns = compared(present)
    machine = f"{platform.python_implementation()} {platform.python_version()} on {platform.machine()}"
    command = shlex.join(["python", "-m", "benchmarks", *arguments])
    head = f"""`{command}`, {machine}; all gradients agree to {TOLERANCE:g}.
CPU time of a value with its gradient, the graph built and freed; memory at its peak.
Medians of {options.rounds} rounds in which the contenders took turns.

{report.head(columns.values())}"""
    print(head)
    measured = []
    for name, workload in options.workloads.items():
        for record in records(name, workload, evaluations[name], columns, options.rounds):
            print(report.row(record), flush=True)
            measured.append(record)
    if options.json is not None:
        options.json.write_text(json.dumps({"machine": machine, "records": measured}, indent=1) + "\n")
    if options.markdown is not None:
        text = "\n".join((head, *map(report.row, measured)))
        page = options.markdown.read_text(encoding="utf-8")
        options.markdown.write_text(report.inserted(text, page), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
