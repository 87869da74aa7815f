"""`Table`: rows of cells under named columns, read from a CSV file.

Cells stay text until they are asked for, so that a column which nobody uses may hold anything.  Whatever
is wrong with a file is a ValueError of one line: the file, the line in it, the column, and what to do.
"""

from __future__ import annotations

import csv
import difflib
import hashlib
import io
import itertools
import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import NamedTuple

__all__ = ["Row", "Table", "parsed_number", "read_table", "shown"]

MISSING = frozenset({"", "na", "n/a", "nan", "null"})  # cells without a value, in lower case
SEPARATORS = ",;\t"
SHOWN = 40  # characters of a cell that a message repeats
NAMED = 6  # columns of a table that it names


class Row(NamedTuple):
    """A row's cells, without the spaces around them, and the line of the file on which it starts, from 1."""

    line: int
    cells: Sequence[str]


@dataclass(frozen=True)
class Table:
    """Rows of text cells, each with a cell for every name; `source` is what messages call the table.

    A part of a table is a table: `dataclasses.replace(table, rows=table.rows[:100])`.

    >>> table = Table("flat.csv", ("size", "price"), (Row(2, ("30", "900")), Row(3, ("45.5", "?"))))
    >>> table.numbers("size"), table.texts("price")
    ([30.0, 45.5], ['900', '?'])
    >>> table.numbers("price")
    Traceback (most recent call last):
        ...
    ValueError: flat.csv, line 3, column 'price': '?' is no finite number: correct it, or leave the column out
    """

    source: str
    names: tuple[str, ...]
    rows: tuple[Row, ...]

    def texts(self, name: str) -> list[str]:
        """The cells of a column as they are written.

        Raises ValueError for a name that no column has, and for a missing cell: one that is empty, or
        says NA, N/A, nan or null.
        """
        position = self._position(name)
        texts = [row.cells[position] for row in self.rows]
        for row, text in zip(self.rows, texts, strict=True):
            if text.lower() in MISSING:
                raise ValueError(
                    f"{self.place(row, name)}: the cell is {f'missing ({text})' if text else 'empty'}: "
                    "fill it in, or delete the row"
                )
        return texts

    def numbers(self, name: str) -> list[float]:
        """The cells of a column as finite numbers.

        Raises ValueError as `texts` does, and for a cell that is no number or an infinite one.
        """
        numbers = []
        for row, text in zip(self.rows, self.texts(name), strict=True):
            number = parsed_number(text)
            if number is None or math.isinf(number):
                raise ValueError(
                    f"{self.place(row, name)}: {shown(text)} is no finite number: "
                    "correct it, or leave the column out"
                )
            numbers.append(number)
        return numbers

    def place(self, row: Row, name: str) -> str:
        """Where a message says that a cell stands: the file, the line, the column."""
        return f"{self.source}, line {row.line}, column {shown(name)}"

    def fingerprint(self) -> str:
        """What only tables of the same names and cells share: their SHA-256, 64 hexadecimal digits.

        >>> first = Table("first.csv", ("size",), (Row(2, ("30",)),))
        >>> first.fingerprint() == Table("second.csv", ("size",), (Row(9, ["30"]),)).fingerprint()
        True
        """
        content = json.dumps([self.names, [row.cells for row in self.rows]])
        return hashlib.sha256(content.encode()).hexdigest()

    def _position(self, name: str) -> int:
        if name not in self.names:
            close = difflib.get_close_matches(name, self.names, n=1)
            listed = ", ".join(map(shown, self.names[:NAMED])) + ", ..." * (len(self.names) > NAMED)
            raise ValueError(
                f"{self.source} has no column {shown(name)}: "
                + (f"is it {shown(close[0])}?" if close else f"its columns are {listed}")
            )
        return self.names.index(name)


def read_table(path: str | PathLike[str]) -> Table:
    """The table in a CSV file: UTF-8 text (with or without a mark at its start), names first, then rows.

    The separator is the one of comma, semicolon and tab that makes the most names (the comma, if none
    does).  Skipped are lines that begin with # before the names, blank lines, and spaces around a cell.
    Raises OSError for a file that cannot be read, and ValueError for a folder, for bytes that are no
    UTF-8 text, for a file without names or rows, for names that are empty or occur twice, for a row with
    more or fewer cells than names, and for a quote that is not closed.

    >>> from importlib import resources
    >>> with resources.as_file(resources.files("nn") / "data" / "iris_petals.csv") as path:
    ...     table = read_table(path)
    >>> table.names, len(table.rows), table.numbers("petal_width")[:3]
    (('petal_length', 'petal_width', 'species'), 100, [1.4, 1.5, 1.5])
    """
    path = Path(path)
    source = shown(path.name or str(path), quotes=False)
    if path.is_dir():
        raise ValueError(f"{source} is a folder: give the path of a CSV file")
    lines = list(io.StringIO(_text(path.read_bytes(), source), newline=""))
    skipped = sum(1 for _ in itertools.takewhile(_precedes_names, lines))
    if skipped == len(lines):
        raise ValueError(f"{source} is empty: expected a line of column names, then rows")
    separator = max(SEPARATORS, key=_outside_quotes(lines[skipped]).count)
    header, *records = _records(lines, skipped, separator, source)
    _check_names(header, source)
    rows = tuple(row for row in records if any(row.cells) or len(row.cells) > 1)  # blank lines have one, ""
    _check_rows(rows, len(header.cells), separator, source)
    return Table(source, tuple(header.cells), rows)


def parsed_number(text: str) -> float | None:
    """The number that a cell says, which may be infinite, or None if it says none: "+nan" is no number.

    >>> parsed_number("1e3"), parsed_number("-inf"), parsed_number("3,5"), parsed_number("2024_11")
    (1000.0, -inf, None, None)
    """
    if "_" in text:  # Python reads 2024_11 as 202411, other programs do not
        return None
    try:
        number = float(text)
    except ValueError:
        return None
    return None if math.isnan(number) else number


def shown(text: str, quotes: bool = True) -> str:
    """A text as a message of one line repeats it: escaped, and cut to 40 characters.

    >>> shown("two\\nlines"), shown("x" * 1000, quotes=False)
    ("'two\\\\nlines'", 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...')
    """
    short = repr(text if len(text) <= SHOWN else text[: SHOWN - 3] + "...")
    return short if quotes else short[1:-1]


def _text(content: bytes, source: str) -> str:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = _line_after(error.object[: error.start].decode())
        raise ValueError(
            f"{source}, line {line}: the byte {error.object[error.start]:#04x} is no UTF-8 text: "
            "save the table as CSV in UTF-8"
        ) from None
    before, nul, _ = text.partition("\0")
    if nul:
        raise ValueError(
            f"{source}, line {_line_after(before)}: a NUL byte, so this is no text: give a CSV file in UTF-8"
        )
    return text


def _line_after(text: str) -> int:
    """The number of the line on which the text ends; lines end with \\n, \\r\\n or \\r, as `csv` has it."""
    return text.count("\n") + text.count("\r") - text.count("\r\n") + 1


def _precedes_names(line: str) -> bool:
    return line.startswith("#") or not line.strip()


def _outside_quotes(line: str) -> str:
    return "".join(line.split('"')[::2])


def _records(lines: list[str], start: int, separator: str, source: str) -> Iterator[Row]:
    """The records from line `start` on, counted from 0; a quoted cell may go over several lines."""
    reader = csv.reader(lines[start:], delimiter=separator, skipinitialspace=True, strict=True)
    while True:
        line = start + reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise ValueError(
                f"{source}, line {line}: {error}: close the quote, or shorten the cell"
            ) from None
        yield Row(line, [cell.strip() for cell in cells])


def _check_names(header: Row, source: str) -> None:
    names = header.cells
    if "" in names:
        raise ValueError(
            f"{source}, line {header.line}: column {names.index('') + 1} has no name: name it, or delete it"
        )
    first: dict[str, int] = {}
    for position, name in enumerate(names, 1):
        if first.setdefault(name, position) != position:
            raise ValueError(
                f"{source}, line {header.line}: columns {first[name]} and {position} are both named "
                f"{shown(name)}: rename one"
            )


def _check_rows(rows: Sequence[Row], width: int, separator: str, source: str) -> None:
    if not rows:
        raise ValueError(f"{source} has column names but no rows: add at least one")
    for row in rows:
        if len(row.cells) != width:
            raise ValueError(
                f"{source}, line {row.line}: expected {width} cells, one per column name, "
                f"not {len(row.cells)}: add what is missing, or quote a cell that contains {separator!r}"
            )
