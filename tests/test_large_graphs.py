"""Nothing recurses over a graph and nothing takes more than linear time: a million nodes, 200 frames."""

import copy
import gc
import pickle
import sys
import weakref
from collections.abc import Iterator

import pytest

from autograd import Value, topological_order

MILLION = 1_000_000
COPIED = 100_000  # deepcopy and pickle touch every node several times


@pytest.fixture(autouse=True)
def _shallow_stack() -> Iterator[None]:
    """What pytest itself has on the stack, and less than 200 frames for the test."""
    before = sys.getrecursionlimit()
    depth = 0
    frame = sys._getframe()
    while frame.f_back is not None:
        frame, depth = frame.f_back, depth + 1
    sys.setrecursionlimit(depth + 150)
    yield
    sys.setrecursionlimit(before)


def chain(length: int) -> tuple[Value, Value]:
    x = y = Value(1.0)
    for _ in range(length):
        y = y + 1.0
    return x, y


def test_a_sum_of_a_million_which_is_a_chain_of_a_million_is_built_differentiated_printed_and_freed() -> None:
    leaves = [Value(1.0) for _ in range(MILLION)]
    total = sum(leaves)
    total.backward()
    assert repr(total) == "Value(data=1000000.0, grad=1.0)"
    assert all(leaf.grad == 1.0 for leaf in leaves)
    gone = [weakref.ref(leaves[0]), weakref.ref(total.arguments[0])]
    del leaves, total
    assert [reference() for reference in gone] == [None, None]


def test_a_deep_graph_is_deep_copied() -> None:
    _, y = chain(COPIED)
    twin = copy.deepcopy(y)
    assert len(topological_order(twin)) == COPIED + 1
    assert twin.data == y.data


def test_a_deep_graph_is_pickled() -> None:
    x, y = chain(COPIED)
    new_x, new_y = pickle.loads(pickle.dumps((x, y)))
    new_y.backward()
    assert (new_y.data, new_x.grad, x.grad) == (y.data, 1.0, 0.0)


def test_values_form_no_reference_cycles() -> None:
    gc.collect()
    gc.disable()
    try:
        x, y = chain(100)
        z = (y * x).tanh() ** 3
        z.backward()
        gone = [weakref.ref(node) for node in topological_order(z)]
        del x, y, z
        assert [reference() for reference in gone] == [None] * len(gone)
    finally:
        gc.enable()
