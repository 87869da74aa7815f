"""The modes of a thread: what holds inside a block ends with it, and is seen by no other thread."""

import inspect
import math
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import autograd
from autograd import Value


def test_a_scope_names_the_nodes_made_inside_it() -> None:
    x = Value(1.0)
    with autograd.scope("net"):
        a = x * 2
        with autograd.scope("layer"):
            b, leaf = x + 1, Value(3.0)
        c = x - 1
    d = x / 2
    assert [node.scope for node in (x, a, b, leaf, c, d)] == [
        (), ("net",), ("net", "layer"), ("net", "layer"), ("net",), (),
    ]  # fmt: skip


def test_a_scope_is_read_on_entering_and_can_be_made_elsewhere() -> None:
    inner = autograd.scope("inner")
    with autograd.scope("outer"), inner:
        assert Value(1.0).scope == ("outer", "inner")


def test_a_scope_has_a_name() -> None:
    with pytest.raises(TypeError, match="a scope's name is a str, not int"):
        autograd.scope(1)  # type: ignore[arg-type]


def test_a_label_set_inside_a_scope_keeps_the_scope() -> None:
    with autograd.scope("net"):
        y = Value(1.0) * 2
    y.label = "y"
    assert (y.label, y.scope) == ("y", ("net",))


def test_results_under_no_grad_are_leaves() -> None:
    x = Value(3.0)
    with autograd.no_grad():
        y = x * x + autograd.sin(x)
        z = Value(1.0)
    assert (y.primitive, y.arguments, y.partials) == (None, (), ())
    assert y.data == 9.0 + math.sin(3.0)
    (y * x * z).backward()
    assert x.grad == y.data
    assert (x * x).primitive is autograd.mul


@pytest.mark.parametrize(
    "mode",
    [autograd.no_grad, autograd.detect_anomaly, lambda: autograd.scope("s")],
    ids=["no_grad", "detect", "scope"],
)
def test_a_mode_ends_with_its_block_also_by_an_exception(mode: Callable[[], object]) -> None:
    with pytest.raises(KeyError), mode():  # type: ignore[attr-defined]
        raise KeyError
    y = autograd.log(Value(0.0))
    assert (y.primitive, y.scope, y.data) == (autograd.log, (), -math.inf)


def test_modes_nest() -> None:
    with autograd.no_grad():
        with autograd.no_grad():
            pass
        assert (Value(1.0) * 2).primitive is None


# --- detect_anomaly -----------------------------------------------------------------------------------


def test_the_first_value_that_is_not_finite_is_reported_with_operands_file_and_line() -> None:
    x = Value(0.0, label="x") * 3
    frame = inspect.currentframe()
    assert frame is not None
    line = frame.f_lineno + 2
    with pytest.raises(ArithmeticError) as caught, autograd.detect_anomaly():
        autograd.log(x)
    assert f"log(0.0) is -inf, at {__file__}:{line}" in str(caught.value)


def test_a_labelled_operand_is_shown_with_its_label() -> None:
    a, b = Value(1.0, label="a"), Value(0.0, label="b")
    with autograd.detect_anomaly(), pytest.raises(ArithmeticError, match=r"div\(a = 1\.0, b = 0\.0\) is inf"):
        a / b


def test_the_first_adjoint_that_is_not_finite_is_reported_with_the_line_of_its_node() -> None:
    x = Value(0.0, label="x")
    frame = inspect.currentframe()
    assert frame is not None
    with autograd.detect_anomaly():
        line = frame.f_lineno + 1
        inner = x * 2
        y = autograd.sqrt(inner)
        with pytest.raises(ArithmeticError) as caught:
            y.backward()
    assert f"the adjoint of mul(x = 0.0, 2.0) is inf, at {__file__}:{line}" in str(caught.value)
    assert x.grad == 0.0, "a sweep that fails leaves the leaves as they were"


def test_finite_programs_pass_unharmed() -> None:
    x = Value(2.0)
    with autograd.detect_anomaly():
        (x * x).backward()
    assert x.grad == 4.0


def test_without_the_mode_nothing_is_raised() -> None:
    x = Value(0.0)
    y = autograd.log(x)
    y.backward()
    assert (y.data, x.grad) == (-math.inf, math.inf)


# --- Threads ------------------------------------------------------------------------------------------


def in_another_thread(function: Callable[[], None]) -> None:
    errors: list[BaseException] = []

    def target() -> None:
        try:
            function()
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=target)
    thread.start()
    thread.join()
    if errors:
        raise errors[0]


def test_threads_do_not_see_each_others_modes() -> None:
    def plain() -> None:
        y = autograd.log(Value(0.0))
        assert (y.primitive, y.scope) == (autograd.log, ())

    with autograd.no_grad(), autograd.scope("here"), autograd.detect_anomaly():
        in_another_thread(plain)

    entered, leave = threading.Event(), threading.Event()

    def other() -> None:
        with autograd.no_grad(), autograd.scope("there"):
            entered.set()
            leave.wait()

    thread = threading.Thread(target=other)
    thread.start()
    entered.wait()
    plain()
    leave.set()
    thread.join()


def test_threads_differentiate_their_own_graphs_at_once() -> None:
    start = threading.Barrier(4)
    gradients: dict[int, float] = {}

    def work(number: int) -> None:
        x = Value(number)
        start.wait()
        for _ in range(50):
            y = x
            for _ in range(20):
                y = y * x
            x.grad = 0.0
            y.backward()
        gradients[number] = x.grad

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert gradients == {number: 21.0 * number**20 for number in range(4)}


def test_blocks_that_generators_hold_may_end_out_of_order() -> None:
    def held(block: Callable[[], Any]) -> Iterator[None]:
        with block():
            yield

    first, second = held(autograd.no_grad), held(autograd.no_grad)
    next(first), next(second)
    first.close(), second.close()  # type: ignore[attr-defined]
    x = Value(2.0)
    with autograd.scope("s"):
        y = x * x
    y.backward()
    assert (x.grad, y.scope) == (4.0, ("s",))
    outer, inner = held(lambda: autograd.scope("a")), held(lambda: autograd.scope("b"))
    next(outer), next(inner)
    outer.close()  # type: ignore[attr-defined]
    assert (x * x).scope == ("b",)
    inner.close()  # type: ignore[attr-defined]
    assert (x * x).scope == ()


def test_detect_anomaly_watches_transforms_and_replays_too() -> None:
    graph = autograd.trace(autograd.log)(1.0)
    with autograd.detect_anomaly():
        with pytest.raises(ArithmeticError, match="the adjoint of"):
            autograd.grad(autograd.sqrt)(0.0)
        with pytest.raises(ArithmeticError, match="the tangent of sqrt"):
            autograd.jvp(autograd.sqrt, (0.0,), (1.0,))
        with pytest.raises(ArithmeticError, match=r"log.* is nan"):
            graph.evaluate(-1.0)
        with pytest.raises(ArithmeticError, match=r"the adjoint of leaf x is inf, at .*test_modes\.py"):
            autograd.sqrt(Value(0.0, label="x")).backward()
