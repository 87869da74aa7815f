"""Deep graphs in the engine in C: `python -m tests.native.depth 1_000_000`, or `... 10_000_000 binary`.

Chains of every layout are built, sorted, swept and freed where Python has 200 frames and C a stack of 512 kB.
Of each the time and the highest resident memory so far are printed.
"""

from __future__ import annotations

import argparse
import contextlib
import faulthandler
import time
import weakref
from collections.abc import Callable

import autograd
from autograd import Value, modes, topological_order
from benchmarks.resident import peak
from tests.native import limits

FRAMES, KILOBYTES = 200, 512
MOST_SORTED = 1_000_000  # the list of an order takes memory that a sweep does not need


class Plain(Value):
    __slots__ = ()


class Open(Value):
    """With a dict, and so known to the collector."""


def _restored(kind: type[Value], node: Value) -> Value:
    """What `node + 0.5` is, as an instance of a subclass."""
    restored: Value = kind._restored((autograd.add, (node, 0.5), (1.0, 0.0), node.data + 0.5, None, "", ()))
    return restored


two = Value(2.0)
LAYOUTS: dict[str, Callable[[Value], Value]] = {
    "unary": lambda node: -node,
    "number right": lambda node: node + 1.0,
    "number left": lambda node: 1.0 + node,
    "binary left": lambda node: node + two,
    "binary right": lambda node: two + node,
    "binary both": lambda node: node - node * 0.5,
    "where": lambda node: autograd.where(two, node, 1.0),
    "variadic": lambda node: autograd.fsum(1.0, two, node),
    "subclass": lambda node: _restored(Plain, node),
    "subclass with a dict": lambda node: _restored(Open, node),
    "condition": lambda node: autograd.logical_or(node, two),
    "labelled": lambda node: _labelled(node + 1.0),
}


def _labelled(node: Value) -> Value:
    node.label = "label"
    return node


def chain(layout: str, length: int) -> None:
    """Builds, sweeps, sorts and frees one."""
    step = LAYOUTS[layout]
    node = leaf = Value(1.0)
    with modes.entered(trace=modes.Trace([])) if layout == "condition" else contextlib.nullcontext():
        for _ in range(length):
            node = step(node)
    node.backward()
    assert leaf._has_grad
    if length <= MOST_SORTED:
        assert leaf in topological_order(node)[:2]
    node.zero_grad()
    gone = weakref.ref(leaf), weakref.ref(node)
    del node, leaf
    assert [reference() for reference in gone] == [None, None]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("length", type=lambda text: int(text.replace("_", "")))
    parser.add_argument("layouts", nargs="*", help=f"of these: {', '.join(LAYOUTS)}")
    options = parser.parse_args()
    faulthandler.enable()
    limits.restrict_stacks(FRAMES, KILOBYTES)
    for layout in options.layouts or LAYOUTS:
        start = time.process_time()
        chain(layout, options.length)
        seconds, memory = time.process_time() - start, peak()
        shown = "" if memory is None else f", {memory / 1e6:7.0f} MB at the peak"
        print(f"{options.length:,} times {layout:20} {seconds:6.2f} s{shown}", flush=True)


if __name__ == "__main__":
    main()
