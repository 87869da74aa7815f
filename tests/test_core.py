"""The engine in C is built from the table as it stands, and costs what it promises."""

import os
import sys

import pytest

if os.environ.get("AUTOGRAD_CORE") != "native":
    pytest.importorskip("autograd._core.value", reason="the engine in C was not built")

from autograd import _core, primitives
from autograd._core import generator, value


def test_the_engine_was_built_from_the_table_as_it_stands() -> None:
    assert generator.header().endswith(f'#define DIGEST "{value.digest}"\n'), "install the package again"


def test_only_algorithms_are_left_to_python() -> None:
    without = [line for line in generator.header().splitlines() if line.startswith("    {.name")]
    names = {line.split('"')[1] for line in without}
    assert names == {"fsum", "gamma", "lgamma", "digamma", "polygamma", "ldexp", "round_to"}
    assert names < set(primitives.__all__)


def test_a_node_of_one_or_two_arguments_takes_at_most_100_bytes() -> None:
    x, y = _core.Value(2.0), _core.Value(3.0)
    for node in (x, x.sin(), x * y, x * 2.0, 2.0 / x, x**3):
        assert sys.getsizeof(node) <= 100
