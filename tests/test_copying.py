"""Copies and pickles of nodes keep the graph, its sharing and its numbers, and never recurse."""

import copy
import pickle
import subprocess
import sys
import textwrap
from collections.abc import Callable
from typing import Any

import pytest

import autograd
from autograd import Primitive, Value, topological_order

WAYS: dict[str, Callable[[Any], Any]] = {
    "deepcopy": copy.deepcopy,
    **{
        f"pickle{protocol}": lambda thing, protocol=protocol: pickle.loads(pickle.dumps(thing, protocol))
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1)
    },
}
each_way = pytest.mark.parametrize("copied", WAYS.values(), ids=list(WAYS))


def graph() -> tuple[Value, Value, Value]:
    with autograd.scope("net"), autograd.scope("layer"):
        x, w = Value(0.5, label="x"), Value(-2.0, label="w")
        loss = (x * w + 1).tanh() * x
    loss.label = "loss"
    loss.backward()
    return x, w, loss


@each_way
def test_a_leaf_keeps_everything(copied: Callable[[Any], Any]) -> None:
    with autograd.scope("layer"):
        x = Value(0.1, label="x")
    x.grad = 3.0
    y = copied(x)
    assert y is not x
    assert (y.data, y.grad, y.label, y.scope, y.primitive, y._has_grad) == (
        0.1,
        3.0,
        "x",
        ("layer",),
        None,
        True,
    )
    assert not copied(Value(1.0))._has_grad


@each_way
def test_a_graph_keeps_every_node(copied: Callable[[Any], Any]) -> None:
    _, _, loss = graph()
    before, after = topological_order(loss), topological_order(copied(loss))
    assert not set(before) & set(after)
    for old, new in zip(before, after, strict=True):
        assert (new.data, new.grad, new.label, new.scope, new.primitive, new.partials) == (
            old.data, old.grad, old.label, old.scope, old.primitive, old.partials,
        )  # fmt: skip


@each_way
def test_sharing_within_one_call_is_kept(copied: Callable[[Any], Any]) -> None:
    x, w, loss = graph()
    new_x, new = copied((x, {"loss": loss, "again": [loss, w]}))
    new_loss = new["loss"]
    assert new["again"][0] is new_loss
    leaves = [node for node in topological_order(new_loss) if node.primitive is None]
    assert [id(leaf) for leaf in leaves] == [id(new_x), id(new["again"][1])]


@each_way
def test_a_result_before_its_leaf_shares_it_too(copied: Callable[[Any], Any]) -> None:
    x, _, loss = graph()
    inner = loss.arguments[0]
    new_loss, new_inner, new_x = copied([loss, inner, x])
    assert new_loss.arguments[0] is new_inner
    assert new_loss.arguments[1] is new_x


@each_way
def test_the_backward_pass_of_a_copy_reaches_the_leaves_of_the_copy_only(
    copied: Callable[[Any], Any],
) -> None:
    x = Value(3.0)
    new_x, new_y = copied((x, x * x))
    new_y.backward()
    assert (new_x.grad, x.grad) == (6.0, 0.0)


def test_a_shallow_copy_has_the_same_arguments() -> None:
    x, _, loss = graph()
    twin = copy.copy(loss)
    assert twin is not loss
    assert (twin.data, twin.grad, twin.label) == (loss.data, loss.grad, loss.label)
    assert all(a is b for a, b in zip(twin.arguments, loss.arguments, strict=True))
    twin.label, twin.grad = "twin", 0.0
    assert loss.label == "loss"
    leaf = copy.copy(x)
    leaf.data = 9.0
    assert x.data == 0.5


def test_deepcopy_uses_the_memo_of_the_caller() -> None:
    x, _, loss = graph()
    memo: dict[int, Any] = {}
    new_x = copy.deepcopy(x, memo)
    new_loss = copy.deepcopy(loss, memo)
    assert new_loss.arguments[1] is new_x


def test_a_primitive_is_the_same_object_after_pickle_and_deepcopy() -> None:
    assert pickle.loads(pickle.dumps(autograd.sin)) is autograd.sin
    assert copy.deepcopy(autograd.sin) is autograd.sin


def test_a_row_that_the_process_has_not_declared_is_named() -> None:
    halved = Primitive("copying_halved", lambda x: x / 2, (0.5,))
    stored = pickle.dumps(halved(Value(3.0)))
    assert pickle.loads(stored).data == 1.5
    program = textwrap.dedent(f"""
        import pickle
        try:
            pickle.loads({stored!r})
        except LookupError as error:
            print(error)
        import autograd
        autograd.primitive("copying_halved", lambda x: x / 2, (0.5,))
        print(pickle.loads({stored!r}).data)
    """)
    finished = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    message, data = finished.stdout.splitlines()
    assert "copying_halved" in message
    assert "autograd.primitive" in message
    assert data == "1.5"
