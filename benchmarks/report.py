"""What was measured, as a Markdown table, and the page of the documentation that shows it."""

from collections.abc import Iterable
from typing import Any

UNITS = (("s", 1.0), ("ms", 1e-3), ("us", 1e-6))
BEGIN, END = "<!-- begin of what was measured -->", "<!-- end of what was measured -->"


def head(ratios: Iterable[str]) -> str:
    """The table's first lines, with a column for each of the ratios."""
    columns = ("workload", "contender", "CPU time", *ratios, "bytes per operation")
    return f"{line(columns)}\n|---|---|{'---:|' * (len(columns) - 2)}"


def row(record: dict[str, Any]) -> str:
    memory = record["bytes per operation"]
    return line(
        (
            record["workload"],
            record["contender"],
            duration(record["median"]),
            *map(factor, record["ratios"].values()),
            "" if memory is None else f"{memory:.0f}",
        )
    )


def line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def duration(seconds: float) -> str:
    """Three digits, in the unit that suits."""
    unit, size = next((pair for pair in UNITS if seconds >= pair[1]), UNITS[-1])
    return f"{seconds / size:.3g} {unit}"


def factor(ratio: float | None) -> str:
    """Two decimals of a small one, none of a large one."""
    if ratio is None:
        return ""
    return f"{ratio:.2f}" if ratio < 10 else f"{ratio:.0f}"


def inserted(text: str, page: str) -> str:
    """The page with the text between its two markers, and all else as it is.

    Raises ValueError if it has not one of each, in this order.
    """
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"a page for the table has the lines {BEGIN} and {END}")
    return f"{before}{BEGIN}\n{text.strip()}\n{END}{after}"
