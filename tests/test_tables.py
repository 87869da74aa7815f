"""CSV files of every kind become tables; what is wrong with one is said in a line, with the place of it."""

import math
import re

import pytest

from nn import read_table
from nn.tables import Row, Table, parsed_number, shown

SMALL = (("a", "b"), [("1", "2"), ("3", "4")])


@pytest.fixture
def csv_file(tmp_path):
    """A function that writes a file of these bytes, or this text in UTF-8, and returns its path."""

    def write(content):
        path = tmp_path / "data.csv"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


def exactly(message):
    return rf"\A{re.escape(message)}\Z"


def cells(table):
    return table.names, [tuple(row.cells) for row in table.rows]


# --- What is read ---


@pytest.mark.parametrize(
    "content",
    [
        pytest.param("a,b\n1,2\n3,4\n", id="commas"),
        pytest.param("a;b\n1;2\n3;4\n", id="semicolons"),
        pytest.param("a\tb\n1\t2\n3\t4\n", id="tabs"),
        pytest.param("a,b\r\n1,2\r\n3,4\r\n", id="lines of Windows"),
        pytest.param("a,b\r1,2\r3,4\r", id="lines of an old Macintosh"),
        pytest.param("a,b\n1,2\n3,4", id="no end of the last line"),
        pytest.param("\ufeffa,b\n1,2\n3,4\n", id="a mark of UTF-8"),
        pytest.param('"a","b"\n"1","2"\n"3","4"\n', id="quotes"),
        pytest.param(" a ,  b\n1, 2 \n 3,4\n", id="spaces"),
        pytest.param(
            "\n# a comment\n#, with; separators\t\na,b\n\n1,2\n  \n3,4\n\n", id="comments and blank lines"
        ),
    ],
)
def test_a_table_is_read_however_it_is_written(csv_file, content):
    assert cells(read_table(csv_file(content))) == SMALL


@pytest.mark.parametrize(
    ("content", "names", "row"),
    [
        ('"a,b",c\n1,2\n', ("a,b", "c"), ("1", "2")),
        ('"a,b,c";d\n1,5;2\n', ("a,b,c", "d"), ("1,5", "2")),
        ('a,b\n"1,5","say ""x"""\n', ("a", "b"), ("1,5", 'say "x"')),
        ('a, "b"\n1, "2, 3"\n', ("a", "b"), ("1", "2, 3")),
        ("a\n1\n", ("a",), ("1",)),
        ("größe,名\n1,#2\n", ("größe", "名"), ("1", "#2")),
    ],
)
def test_quoted_cells_contain_what_they_like(csv_file, content, names, row):
    assert cells(read_table(csv_file(content))) == (names, [row])


def test_a_row_knows_its_line_in_the_file(csv_file):
    table = read_table(csv_file('# comment\n\na,b\n1,"two\nlines"\n\n3,4\n'))
    assert [row.line for row in table.rows] == [4, 7]


def test_a_column_is_given_as_text_or_as_numbers(csv_file):
    table = read_table(csv_file("a,b\n1,x\n-2.5e3,y\n"))
    assert table.numbers("a") == [1.0, -2500.0]
    assert table.texts("a") == ["1", "-2.5e3"]
    assert table.texts("b") == ["x", "y"]


def test_what_is_wrong_in_a_column_that_nobody_asks_for_is_no_error(csv_file):
    table = read_table(csv_file("a,b\n1,\n2,nan\n"))
    assert table.numbers("a") == [1.0, 2.0]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("3", 3.0),
        ("-0.5", -0.5),
        ("1e400", math.inf),
        ("3,5", None),
        ("2024_11", None),
        ("", None),
        ("yes", None),
        ("+nan", None),
        ("-NaN", None),
    ],
)
def test_a_number_is_what_any_program_would_take_for_one(text, number):
    assert parsed_number(text) == number


# --- Files that are refused ---

ROW_OF_A_MILLION = ",".join(["7"] * 1_000_000)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "data.csv is empty: expected a line of column names, then rows"),
        ("\ufeff", "data.csv is empty: expected a line of column names, then rows"),
        ("\n# only\n# comments\n", "data.csv is empty: expected a line of column names, then rows"),
        ("a,b\n", "data.csv has column names but no rows: add at least one"),
        ("a,b\n\n  \n", "data.csv has column names but no rows: add at least one"),
        (
            "#\na,b\n1,2\n3\n",
            "data.csv, line 4: expected 2 cells, one per column name, not 1: "
            "add what is missing, or quote a cell that contains ','",
        ),
        (
            "a;b\n1;2;3\n",
            "data.csv, line 2: expected 2 cells, one per column name, not 3: "
            "add what is missing, or quote a cell that contains ';'",
        ),
        (
            f"a,b\n{ROW_OF_A_MILLION}\n",
            "data.csv, line 2: expected 2 cells, one per column name, not 1000000: "
            "add what is missing, or quote a cell that contains ','",
        ),
        (
            f"a,b\n1,2\n{'x' * 200_000},2\n",
            "data.csv, line 3: field larger than field limit (131072): close the quote, or shorten the cell",
        ),
        (
            f"a,{'x' * 200_000}\n1,2\n",
            "data.csv, line 1: field larger than field limit (131072): close the quote, or shorten the cell",
        ),
        (
            'a,b\n1,2\n1,"2\n3,4\n',
            "data.csv, line 3: unexpected end of data: close the quote, or shorten the cell",
        ),
        ("a,b,a\n1,2,3\n", "data.csv, line 1: columns 1 and 3 are both named 'a': rename one"),
        ("#\n,b\n1,2\n", "data.csv, line 2: column 1 has no name: name it, or delete it"),
        ("a,\n1,2\n", "data.csv, line 1: column 2 has no name: name it, or delete it"),
        ('""\n', "data.csv, line 1: column 1 has no name: name it, or delete it"),
        (
            b"a,b\n1,2\ncaf\xe9,3\n",
            "data.csv, line 3: the byte 0xe9 is no UTF-8 text: save the table as CSV in UTF-8",
        ),
        (
            b"\xef\xbb\xbfa,b\r1,\xe9\r",
            "data.csv, line 2: the byte 0xe9 is no UTF-8 text: save the table as CSV in UTF-8",
        ),
        (
            "a,b\n1,2\n".encode("utf-16"),
            "data.csv, line 1: the byte 0xff is no UTF-8 text: save the table as CSV in UTF-8",
        ),
        (
            b"a,b\n1,2\n\0,3\n",
            "data.csv, line 3: a NUL byte, so this is no text: give a CSV file in UTF-8",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) and value.startswith("data.csv") else "file",
)
def test_a_bad_file_is_refused_in_one_line_that_says_where(csv_file, content, message):
    with pytest.raises(ValueError, match=exactly(message)):
        read_table(csv_file(content))


def test_a_folder_is_refused(tmp_path):
    message = exactly(f"{tmp_path.name} is a folder: give the path of a CSV file")
    with pytest.raises(ValueError, match=message):
        read_table(tmp_path)


def test_a_file_that_is_not_there_is_the_systems_error(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nothing\.csv"):
        read_table(tmp_path / "nothing.csv")


# --- Columns that are refused ---


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("", "the cell is empty: fill it in, or delete the row"),
        (" ", "the cell is empty: fill it in, or delete the row"),
        ("NA", "the cell is missing (NA): fill it in, or delete the row"),
        ("nan", "the cell is missing (nan): fill it in, or delete the row"),
        ("abc", "'abc' is no finite number: correct it, or leave the column out"),
        ("inf", "'inf' is no finite number: correct it, or leave the column out"),
        ("-1e999", "'-1e999' is no finite number: correct it, or leave the column out"),
        ('"3,5"', "'3,5' is no finite number: correct it, or leave the column out"),
        ('"two\nlines"', r"'two\nlines' is no finite number: correct it, or leave the column out"),
        ("y" * 1000, f"'{'y' * 37}...' is no finite number: correct it, or leave the column out"),
    ],
)
def test_a_cell_that_is_no_number_is_refused_with_its_place(csv_file, cell, message):
    table = read_table(csv_file(f"# comment\na,b\n1,2\n1,{cell}\n"))
    with pytest.raises(ValueError, match=exactly(f"data.csv, line 4, column 'b': {message}")):
        table.numbers("b")


@pytest.mark.parametrize("cell", ["", "NA", "n/a", "NaN", "null"])
def test_a_missing_cell_is_no_text_either(csv_file, cell):
    table = read_table(csv_file(f"a,b\n1,{cell}\n"))
    with pytest.raises(ValueError, match=r"^data\.csv, line 2, column 'b': the cell is "):
        table.texts("b")


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("Price", "is it 'price'?"),
        ("weight", "its columns are 'price', 'size', 'c2', 'c3', 'c4', 'c5', ..."),
        ("x" * 100, "its columns are 'price', 'size', 'c2', 'c3', 'c4', 'c5', ..."),
    ],
)
def test_a_column_that_is_not_there_is_refused_with_a_close_one_or_the_first(csv_file, name, hint):
    names = ["price", "size", *(f"c{i}" for i in range(2, 200))]
    table = read_table(csv_file(f"{','.join(names)}\n{','.join('1' for _ in names)}\n"))
    with pytest.raises(ValueError, match=exactly(f"data.csv has no column {shown(name)}: {hint}")):
        table.numbers(name)


def test_the_columns_of_a_small_table_are_all_named():
    table = Table("rows", ("size", "price"), (Row(2, ("1", "2")),))
    with pytest.raises(ValueError, match=exactly("rows has no column 'y': its columns are 'size', 'price'")):
        table.texts("y")


@pytest.mark.parametrize(
    ("content", "is_same"),
    [
        ("a,b\n1,2\n3,4\n", True),
        ("a;b\n1;2\n\n3;4", True),
        ("a,b\n1,2\n3,5\n", False),
        ("a,c\n1,2\n3,4\n", False),
    ],
)
def test_tables_share_a_fingerprint_only_if_all_names_and_cells_are_the_same(csv_file, content, is_same):
    fingerprint = read_table(csv_file("a,b\n1,2\n3,4\n")).fingerprint()
    assert (read_table(csv_file(content)).fingerprint() == fingerprint) == is_same
