"""Leaks of the engine in C: `python -m tests.native.leaks --times 5000`.

Every operation, and every way in which one can fail, is done so many times.  Afterwards the references to all
that it used, and the number of blocks that Python has allocated, are what they were.  A node is no block of
its own, but one that is leaked keeps a reference to its arguments, its label or its scope; what bears none
of these is done so often that the process would grow.
"""

from __future__ import annotations

import argparse
import contextlib
import copy
import gc
import itertools
import math
import operator
import pickle
import sys
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import autograd
from autograd import Condition, Primitive, Value, modes, table, topological_order
from benchmarks.resident import resident

MANY, GROWTH = 200_000, 4e6  # so many leaked leaves are 16 MB


class Plain(Value):
    __slots__ = ()


class Open(Value):
    """With a dict."""


class Finalized(Value):
    def __del__(self) -> None:
        self.zero_grad()


class Text(str):
    """A label that is no exact str."""


class Failing:
    """A number that cannot be converted."""

    shape = ()

    def __float__(self) -> float:
        raise KeyError("no number")


LABEL, SCOPE = "a label that nothing else uses", ("a scope", "within a scope")
ROW = Primitive("leaks_python", lambda x, y: x * y, (lambda x, y, out: y, lambda x, y, out: x))
RAISING = Primitive("leaks_raising", lambda x: {}[x], (1.0,))
UNSOUND = Primitive("leaks_unsound", lambda x: "text", (1.0,))
RAISING_PARTIAL = Primitive("leaks_raising_partial", lambda x: x, (lambda x, out: {}[x],))
COMPARING = Primitive("leaks_comparing", lambda x: x > 1, (None,), comparison=True)

a, b = Value(0.7, "a"), Value(1.3)
numbers = (0.5, 3, True, 10**400)
wrong = ("text", None, 1j, [1.0], Failing())
inner = a * b
terms = tuple([Value(float(count)) for count in range(12)])
stored = [pickle.dumps((a, inner.sin() * b, autograd.fsum(*terms)), protocol) for protocol in range(6)]
record = (autograd.mul, (a, b), (1.3, 0.7), 0.91, 1.0, LABEL, SCOPE)
WATCHED = (
    None, True, False, NotImplemented, "", (), Value, Condition, Plain, Open, Finalized, float, int, tuple, str,
    LABEL, SCOPE, *SCOPE, a, b, inner, *terms, *numbers, *wrong, *table.values(), record, *record, Failing, KeyError,
)  # fmt: skip


def operations() -> Iterator[tuple[str, Callable[[], Any]]]:
    """Each operation by name; what it raises is part of it."""
    for row in table.values():
        count = row.arity + (9 if row.variadic else 0)
        yield f"{row.name} of Values", lambda row=row, count=count: row(*(a, b, inner, *terms)[:count])
        for place in range(row.arity if row.arity > 1 else 0):
            given = [0.5] * count
            given[place] = a  # type: ignore[call-overload]
            yield f"{row.name} of a Value and numbers", lambda row=row, given=given: row(*given)
        yield f"{row.name} of numbers", lambda row=row, count=count: row(*(0.5, 2, True)[:count])
        yield f"{row.name} of what is none", lambda row=row, count=count: row(*(a, *wrong)[:count])
        yield f"{row.name} of too many", lambda row=row: row(*terms)
        yield (
            f"{row.name} in a trace",
            lambda row=row, count=count: traced(lambda: row(*(a, b, inner, *terms)[:count])),
        )
    binary = (*BINARY, operator.matmul)
    for function, other in itertools.product(binary, (b, *numbers, *wrong)):
        yield f"{function.__name__} with {other!r:.20}", lambda f=function, other=other: f(a, other)
        yield f"{function.__name__} after {other!r:.20}", lambda f=function, other=other: f(other, a)
        yield f"{function.__name__} in a trace", lambda f=function, other=other: traced(lambda: f(a, other))
    for function in (
        operator.neg,
        operator.pos,
        abs,
        bool,
        float,
        int,
        round,
        math.floor,
        math.ceil,
        hash,
        repr,
        format,
        len,
    ):
        yield function.__name__, lambda f=function: f(a)
    yield "a power with a modulus", lambda: pow(a, b, 3)
    for name in sorted({*dir(Value)} - {"__init_subclass__", "__subclasshook__"}):
        yield f"reading {name}", lambda name=name: (getattr(a, name), getattr(inner, name))
        yield f"calling {name}", lambda name=name: getattr(inner, name)()
        yield f"calling {name} with too much", lambda name=name: getattr(inner, name)(*wrong)
        yield f"setting {name}", lambda name=name: setattr(Open(1.0), name, a)
        yield f"setting {name} of an inner node", lambda name=name: setattr(a * b, name, 1.5)
        yield f"deleting {name}", lambda name=name: delattr(a * b, name)
    for kind in (Value, Condition, Plain, Open, Finalized):
        for data in (*numbers, *wrong, a):
            yield f"{kind.__name__} of {data!r:.20}", lambda kind=kind, data=data: kind(data)
        for label in (LABEL, "", (), Text("text"), *wrong):
            yield f"{kind.__name__} labelled {label!r:.20}", lambda kind=kind, label=label: kind(1.0, label)
            yield f"{kind.__name__} by name", lambda kind=kind, label=label: kind(1.0, label=label)
            yield f"{kind.__name__} as in micrograd", lambda kind=kind, label=label: kind(1.0, "", label, ())
        yield f"{kind.__name__} with too much", lambda kind=kind: kind(1.0, "", "", (), 1.0)
        yield f"{kind.__name__} with a name too much", lambda kind=kind: kind(1.0, colour=LABEL)
        yield f"{kind.__name__} not initialised", lambda kind=kind: kind.__new__(kind)
        yield f"{kind.__name__} made a leaf again", lambda kind=kind: made_a_leaf_again(kind)
        yield (
            f"{kind.__name__} in a scope",
            lambda kind=kind: in_a_scope(lambda: (kind(1.0), kind(1.0, LABEL), kind("text"))),
        )
        yield f"{kind.__name__} restored", lambda kind=kind: kind._restored(record)
        yield f"{kind.__name__} referred to weakly", lambda kind=kind: weakref.ref(kind(1.0), lambda _: None)
        for place in range(len(record)):
            for thing in (None, (), (a,), (a, b, 0.5), LABEL, 1.0, a, autograd.sin, Failing(), (LABEL, None)):
                broken = (*record[:place], thing, *record[place + 1 :])
                yield (
                    f"a record with {thing!r:.20} at {place}",
                    lambda kind=kind, broken=broken: kind._restored(broken),
                )
    yield "a label", lambda: [setattr(a, "label", label) for label in (LABEL, "", Text("text"), "a")]
    yield "a label in a scope", lambda: in_a_scope(lambda: setattr(a * b, "label", LABEL))
    yield "rows that are no rows", lambda: [Value._apply_primitive(thing, (a,)) for thing in (None,)]
    for given in ((), (a,), (a, b, b), (1.0, 2.0), (a, "text"), ("text", a), (a, Failing()), [a, b], None):
        for row in (autograd.mul, autograd.sin, autograd.where, ROW, autograd.fsum):
            yield (
                f"_apply_primitive({row.name}, {given!r:.20})",
                lambda row=row, given=given: Value._apply_primitive(row, given),
            )
    for seed in (1.0, math.nan, math.inf, *numbers, *wrong, a):
        yield f"backward({seed!r:.20})", lambda seed=seed: (inner * a).backward(seed)
    yield "backward with a name", lambda: inner.backward(seed=2.0)
    yield "backward with a wrong name", lambda: inner.backward(sed=2.0)
    yield "backward of many", lambda: autograd.fsum(*terms).backward()
    yield "backward in a trace", lambda: traced(inner.backward)
    yield "topological_order", lambda: topological_order(inner, autograd.fsum(*terms), a, without=terms)
    for thing in wrong:
        yield "topological_order of what is none", lambda thing=thing: topological_order(inner, thing)
        yield (
            "topological_order without what is none",
            lambda thing=thing: topological_order(inner, without=(a, thing)),
        )
        yield (
            "topological_order without what is no iterable",
            lambda thing=thing: topological_order(inner, without=thing),
        )
    yield "topological_order with a wrong name", lambda: topological_order(inner, within=(a,))
    for way in (
        copy.copy,
        copy.deepcopy,
        *(lambda thing, p=p: pickle.loads(pickle.dumps(thing, p)) for p in range(6)),
    ):
        for thing in (a, inner, autograd.fsum(*terms), Plain(1.0, LABEL), [a, inner * a]):
            yield "a copy", lambda way=way, thing=thing: way(thing)
    for data in stored:
        yield "loading", lambda data=data: pickle.loads(data)
        yield "loading what is cut short", lambda data=data: pickle.loads(data[: len(data) * 3 // 4] + b".")
    for block in (autograd.no_grad, autograd.detect_anomaly, lambda: autograd.scope(LABEL)):
        yield (
            "a mode",
            lambda block=block: within(
                block, lambda: (a * b, autograd.fsum(*terms), Value(1.0, LABEL), ROW(a, b))
            ),
        )
        yield (
            "a mode in a trace",
            lambda block=block: traced(
                lambda: within(block, lambda: (a * b > 1.0, autograd.fsum(*terms), ROW(a, b)))
            ),
        )
        yield "an error in a mode", lambda block=block: within(block, lambda: autograd.log(a * 0.0))
        yield (
            "an adjoint that is infinite",
            lambda block=block: within(block, lambda: autograd.sqrt(Value(0.0)).backward()),
        )
    yield (
        "conditions",
        lambda: traced(lambda: autograd.where((a > b) | (a < 1.0), a, b) if a > 0.5 and b else 1.0),
    )
    for transform in (autograd.grad, autograd.hessian, autograd.value_and_grad):
        yield transform.__name__, lambda transform=transform: transform(lambda x: (x * a).sin() * x)(0.3)
    yield "a graph", lambda: autograd.trace(lambda x: (x * a).sin() * x)(0.3).gradient().evaluate(0.4)
    yield "another class", lambda: setattr(Open(1.0), "__class__", Finalized)
    yield "another class that does not fit", lambda: setattr(a, "__class__", Open)
    yield "a declaration that is refused", lambda: Primitive("sin", math.sin, (1.0,))
    yield "a long chain", lambda: operator.setitem({}, 0, sum(terms * 50)).backward()


BINARY = (
    operator.add, operator.sub, operator.mul, operator.truediv, operator.floordiv, operator.mod, operator.pow, divmod,
    operator.lt, operator.le, operator.eq, operator.ne, operator.gt, operator.ge,
)  # fmt: skip

# What leaves nothing but leaves without label and scope.
LEAVES: dict[str, Callable[[], Any]] = {
    "a leaf": lambda: Value(1.0),
    "a leaf by keyword": lambda: Value(data=1.0),
    "a leaf that is refused": lambda: Value("text"),
    "a leaf whose label is refused": lambda: Value(1.0, 3),
    "a leaf not initialised": lambda: Value.__new__(Value),
    "a detached leaf": lambda: a.detach(),
    "a copy of a leaf": lambda: copy.copy(b),
    "a result without gradient": lambda: within(autograd.no_grad, lambda: a * b),
    "a result of leaves that die": lambda: Value(1.0) * Value(2.0),
    "a condition": lambda: Condition(1.0),
}


def traced(function: Callable[[], Any]) -> Any:
    with modes.entered(trace=modes.Trace([a])):
        return function()


def within(block: Callable[[], Any], function: Callable[[], Any]) -> Any:
    with block():
        return function()


def in_a_scope(function: Callable[[], Any]) -> Any:
    with modes.entered(scope=SCOPE):
        return function()


def made_a_leaf_again(kind: Any) -> None:
    for node in (
        kind._restored(record),
        kind._restored((autograd.fsum, terms, (1.0,) * 12, 3.0, None, LABEL, SCOPE)),
    ):
        node.__init__(2.0, LABEL)
        node.__init__(3.0)


def repeat(operation: Callable[[], Any], times: int) -> None:
    for _ in itertools.repeat(None, times):
        with contextlib.suppress(Exception):
            operation()


def _counts() -> list[int]:
    gc.collect()
    return [sys.getallocatedblocks(), *map(sys.getrefcount, WATCHED)]


def leaks(operation: Callable[[], Any], times: int) -> list[str]:
    """What there is more or less of, each time that the operation has been repeated."""
    names = ["blocks", *(f"references to {thing!r:.40}" for thing in WATCHED)]
    before = _counts()
    for _ in range(3):
        repeat(operation, times)
        after = _counts()
        found = [
            f"{m - n:+} {name}"
            for name, n, m in zip(names, before, after, strict=True)
            if abs(m - n) > times / 2
        ]
        if not found:
            break  # else it may have been what Python's own caches take and give
        before = after
    return found


def growth(operation: Callable[[], Any]) -> float:
    """By how many bytes the process grows while an operation is done many times."""
    repeat(operation, MANY // 4)
    before = resident()
    repeat(operation, MANY)
    after = resident()
    return 0.0 if before is None or after is None else after - before


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--times", type=int, default=1000)
    options = parser.parse_args()
    gc.disable()
    gc.freeze()  # what there is now need not be looked at again and again
    found, count = [], 0
    for name, operation in operations():
        count += 1
        if differences := leaks(operation, options.times):
            found.append(f"{name}: {', '.join(differences)}")
    for name, operation in LEAVES.items():
        count += 1
        if (grown := growth(operation)) > GROWTH:
            found.append(f"{name}: {grown / 1e6:.1f} MB")
    if found:
        raise SystemExit("\n".join(found))
    print(f"{count} operations, each {options.times} times: no leak")


if __name__ == "__main__":
    main()
