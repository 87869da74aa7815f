"""The engine in C without memory, and interrupted: `python -m tests.native.exhaustion --interrupts 2000`.

- Every single allocation of an operation fails, and many one after the other (where `_testcapi` can be imported).
- The process has no more addresses, as with `ulimit -v`, while nodes are made and swept (on Linux).
- KeyboardInterrupt comes at every step of Python's that an operation takes, and at random moments of a loop.

Each raises MemoryError or KeyboardInterrupt, or succeeds; the leaves have the data and the gradients they had
unless it succeeded, every node can be used, and the next sweep is right.
"""

from __future__ import annotations

import argparse
import contextlib
import copy
import faulthandler
import functools
import itertools
import operator
import pickle
import random
import signal
import sys
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

import autograd
from autograd import Primitive, Value, modes, topological_order
from tests.native import limits
from tests.native.invariants import check_gradients, check_nodes

try:
    import _testcapi
except ImportError:  # not every distribution has it
    _testcapi = None

MANY_NODES = 1 << 20  # for so many the engine keeps its arrays; a larger sweep takes and frees its own


class Open(Value):
    """With a dict."""


product = Primitive("exhaustion_product", lambda x, y: x * y, (lambda x, y, out: y, lambda x, y, out: x))


class Nodes:
    """Leaves with a gradient, and results of every layout."""

    def __init__(self) -> None:
        self.x, self.y = Value(0.7, label="x"), Value(-1.3)
        self.x.grad = 5.0
        x, y = self.x, self.y
        self.output = (
            (x * y).sin()
            + autograd.where(x > y, x, y) / 3.0
            - autograd.fsum(x, 2.0, *[y] * 9)
            + product(x, y)
        )
        self.chain = x
        for _ in range(300):
            self.chain = self.chain * y + 1.0
        self.label = "label".join(("a ", ""))  # used nowhere else
        self.pickles = [pickle.dumps((x, self.output), protocol) for protocol in (0, 2, 5)]

    def state(self) -> list[Any]:
        return [(leaf.data, leaf.grad, leaf.label, leaf.arguments) for leaf in (self.x, self.y)]

    def check(self, *expected: list[Any]) -> None:
        """The leaves are what they may be, the nodes sound, and a sweep gives what it always does."""
        assert self.state() in expected, (self.state(), expected)
        check_nodes((self.output, self.chain))
        self.output.backward()
        grads = self.x.grad, self.y.grad
        self.output.zero_grad()
        self.output.backward()
        assert grads == (self.x.grad, self.y.grad)
        check_gradients()


def within(block: Callable[[], Any], function: Callable[[], Any]) -> Any:
    with block():
        return function()


def traced(function: Callable[[], Any]) -> Any:
    return within(lambda: modes.entered(trace=modes.Trace([])), function)


ROWS = (autograd.sin, autograd.lgamma, autograd.atan2, autograd.where, autograd.fsum, autograd.less, product)

# What may fail.
OPERATIONS: dict[str, Callable[[Nodes], Any]] = {
    "a leaf": lambda n: Value(1.0),
    "a leaf with a label": lambda n: Value(1.0, n.label),
    "a leaf by keywords": lambda n: Value(data=1, label=n.label, _op=""),
    "a leaf of a large int": lambda n: Value(10**400),
    "an instance of a subclass": lambda n: Open(1.0, n.label),
    "results": lambda n: (n.x * n.y, n.x - 2.0, 2.0 / n.x, n.x**2, -n.y, n.x // n.y, 3 % n.y, n.x.tanh()),
    "rows": lambda n: [row(*(n.x, n.y, 0.5, *[n.x] * 12)[: row.arity + 12 * row.variadic]) for row in ROWS],
    "comparisons": lambda n: (n.x < n.y, n.x == 1, n.x != "text", bool(n.x)),
    "conditions": lambda n: traced(lambda: autograd.where((n.x > n.y) | (n.y < 1.0), n.x, n.y) if n.x else 0),
    "nodes of a scope": lambda n: within(
        lambda: autograd.scope(n.label), lambda: (n.x * n.y, Value(1.0, "v"), autograd.fsum(n.x))
    ),
    "nodes that are watched": lambda n: within(
        autograd.detect_anomaly, lambda: (n.x * n.y, Value(1.0), product(n.x, n.y))
    ),
    "results without gradient": lambda n: within(
        autograd.no_grad, lambda: (n.x * n.y, autograd.fsum(n.x, n.y, 1.0))
    ),
    "constants of a trace": lambda n: traced(
        lambda: within(autograd.no_grad, lambda: (n.x * n.y, autograd.fsum(n.x, n.y)))
    ),
    "what a node knows": lambda n: [getattr(n.output.arguments[0], name) for name in sorted(set(dir(Value)))],
    "a repr": lambda n: repr(n.x),
    "a topological order": lambda n: topological_order(n.chain, n.output, without=[n.x]),
    "copies": lambda n: (copy.copy(n.output), copy.deepcopy(n.output)),
    "pickles": lambda n: [pickle.dumps(n.output, protocol) for protocol in (0, 2, 5)],
    "unpickled nodes": lambda n: [pickle.loads(stored) for stored in n.pickles],
    "a leaf made again": lambda n: (lambda node: node.__init__(2.0, n.label))(n.x * n.y),
    "a label": lambda n: setattr(n.output, "label", n.label),
    "what is refused": lambda n: [
        contextlib.suppress(TypeError).__exit__(*refused(wrong)) for wrong in ("text", None, n.x)
    ],
    "a sweep": lambda n: n.output.backward(),
    "a long sweep": lambda n: n.chain.backward(),
    "a sweep that is watched": lambda n: within(autograd.detect_anomaly, n.output.backward),
    "gradients cleared": lambda n: n.chain.zero_grad(),
}
WALKS = ("a topological order", "a sweep", "a long sweep", "a sweep that is watched", "gradients cleared")


def refused(wrong: Any) -> Any:
    try:
        Value(wrong)
    except TypeError:
        return sys.exc_info()
    return None, None, None


@functools.cache
def states(name: str) -> tuple[list[Any], list[Any]]:
    """What the leaves are before an operation, and after it."""
    nodes = Nodes()
    before = nodes.state()
    OPERATIONS[name](nodes)
    return before, nodes.state()


@functools.cache
def large_graph() -> Value:
    return functools.reduce(operator.add, itertools.repeat(1.0, MANY_NODES), Value(1.0))


# --- No memory ----------------------------------------------------------------------------------------


def without_allocations(names: list[str], stride: int) -> None:
    """Each of the operations, with its n-th allocation failing, or many from there on, for every `stride`-th n."""
    if _testcapi is None:
        print("_testcapi cannot be imported: no allocation fails by itself")
        return
    failures = 0
    for name in names:
        needed = 0  # allocations
        while not succeeds(name, needed, 10_000):
            needed += stride
            failures += 1
        failures += sum(not succeeds(name, count, 1) for count in range(0, needed, stride))
    print(f"{len(names)} operations failed {failures} times for want of memory")


def succeeds(name: str, first: int, failures: int) -> bool:
    """Whether an operation succeeds where so many allocations fail, from the first one on.

    Not all that follow: there are places where CPython tries again and again.
    """
    nodes = Nodes()
    before, after = states(name)
    if name in WALKS:
        large_graph().zero_grad()  # the engine keeps no arrays after it
    succeeded = False
    try:
        _testcapi.set_nomemory(first, first + failures)
        try:
            result = OPERATIONS[name](nodes)
        finally:
            _testcapi.remove_mem_hooks()
        succeeded = True
        del result
    except (MemoryError, pickle.PickleError):  # a pickler hides why an import failed
        pass
    except (
        SystemError
    ) as error:  # CPython's own, where it has no memory for the frame of a function in Python
        if not str(error).startswith("<function "):
            raise
    modes.active.clear()
    modes.current.__dict__.clear()
    nodes.check(after) if succeeded else nodes.check(before, after)
    return succeeded


def without_addresses() -> None:
    """The process's own limit of memory: slabs and arrays cannot be had."""
    nodes = Nodes()
    before = nodes.state()
    if not limits.restrict_memory(limits.address_space() + (64 << 20)):
        print("the memory of this process cannot be limited: no slab fails")
        return
    for _ in range(3):
        chain = nodes.x
        with contextlib.suppress(MemoryError):
            while True:
                chain = chain * 1.0
        with contextlib.suppress(MemoryError):
            chain.backward()
        with contextlib.suppress(MemoryError):
            chain.zero_grad()
        with contextlib.suppress(MemoryError):
            topological_order(chain)
        nodes.x.grad = 5.0
        del chain
        nodes.check(before)
        nodes.x.zero_grad(), nodes.y.zero_grad()
        nodes.x.grad = 5.0
    limits.lift_the_limit_of_memory()
    chain = nodes.x
    for _ in range(3 * MANY_NODES):
        chain = chain * 1.0
    limits.restrict_memory(limits.address_space() + (4 << 20))
    for sweep in (chain.backward, chain.zero_grad, lambda: topological_order(chain)):
        with contextlib.suppress(MemoryError):
            sweep()
            raise AssertionError("there was memory for an array")
        assert nodes.state() == before
    limits.lift_the_limit_of_memory()
    chain.backward()
    assert nodes.x.grad == 6.0
    print("without memory for slabs and arrays nothing changes")


# --- Interrupts ---------------------------------------------------------------------------------------


class _Interrupting:
    """Raises KeyboardInterrupt at the n-th instruction that Python executes in this package."""

    def __init__(self, count: int) -> None:
        self.left = count

    def __call__(self, frame: FrameType, event: str, argument: Any) -> Any:
        if "autograd" not in frame.f_code.co_filename or "tests" in frame.f_code.co_filename:
            return None
        frame.f_trace_opcodes = True
        frame.f_trace_lines = False
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt
        return self


def interrupted_everywhere(names: list[str], stride: int) -> None:
    """Each of the operations, interrupted at every instruction of the package's Python, or each `stride`-th."""
    interrupted = 0
    for name in names:
        for count in itertools.count(1, stride):
            nodes = Nodes()
            before, after = states(name)
            succeeded = False
            sys.settrace(_Interrupting(count))
            try:
                OPERATIONS[name](nodes)
                succeeded = True
            except KeyboardInterrupt:
                interrupted += 1
            finally:
                sys.settrace(None)
            modes.active.clear()
            modes.current.__dict__.clear()
            nodes.check(after) if succeeded else nodes.check(before, after)
            if succeeded:
                break
    print(f"{len(names)} operations were interrupted {interrupted} times")


def interrupted_at_random(interrupts: int, seed: int) -> None:
    """A loop of building, sweeping, copying and pickling that a timer interrupts."""
    if not hasattr(signal, "setitimer"):
        print("there is no timer: nothing is interrupted at random")
        return
    generator = random.Random(seed)

    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        for _ in range(interrupts):
            nodes = Nodes()
            state = nodes.state()
            try:
                signal.setitimer(signal.ITIMER_REAL, generator.uniform(1e-5, 2e-3))
                for _ in forever():
                    twin = copy.deepcopy(nodes.chain)
                    twin.backward()
                    pickle.loads(pickle.dumps((twin, nodes.output)))
                    topological_order(nodes.chain, twin)
                    autograd.grad(lambda x: product(x, x) * x)(2.0)
            except KeyboardInterrupt:
                signal.setitimer(signal.ITIMER_REAL, 0)
            modes.current.__dict__.clear()
            modes.active.clear()
            nodes.check(state)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    print(f"{interrupts} random interrupts")


def forever() -> Iterator[None]:
    return itertools.repeat(None)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--interrupts", type=int, default=2000, help="at random moments")
    parser.add_argument(
        "--stride",
        type=int,
        default=1,
        help="of the allocations that fail and of the instructions that are interrupted",
    )
    parser.add_argument("names", nargs="*", metavar="operation", help=f"of these: {', '.join(OPERATIONS)}")
    options = parser.parse_args()
    faulthandler.enable()
    sys.unraisablehook = lambda _: None  # generators that are closed without memory
    names = options.names or list(OPERATIONS)
    without_allocations(names, options.stride)
    without_addresses()
    interrupted_everywhere(names, options.stride)
    interrupted_at_random(options.interrupts, options.seed)


if __name__ == "__main__":
    main()
