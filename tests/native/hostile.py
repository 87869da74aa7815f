"""Hostile use of the engine in C: `python -m tests.native.hostile --seed 0 --rounds 100`.

A round is a random sequence of what Python code can do to Values, in public and behind their backs: numbers
that compute while they are converted, nodes initialised again, subclasses that come back from the dead,
records and primitives that make no sense, types whose attributes are replaced, collections and threads in
the middle of it.  Every exception is welcome but SystemError, which is what Python calls a mistake in C.
Afterwards whatever is left must be sound, and the gradients of a new expression right.

The seed and a round's number decide what happens in it, but for the interleaving of threads.  With `--show`
each step is printed before it is taken, so that the last line before a crash names it.
"""

from __future__ import annotations

import argparse
import contextlib
import copy
import faulthandler
import gc
import itertools
import math
import numbers
import operator
import pickle
import random
import sys
import threading
import traceback
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import autograd
from autograd import Condition, Primitive, Value, modes, table, topological_order
from autograd.node import Node, Outcome
from tests.native.invariants import check_gradients, check_nodes

STEPS = 150  # of a round
NESTED = 12  # so many more may be taken inside one of them
MOST_THINGS = 40
MOST_ROWS = 400  # that a process declares, because a declaration is for ever

_local = threading.local()  # `world`, the one of this thread
failures: list[str] = []


def meddle() -> None:
    """What every hook below does: sometimes a random step in the middle of whatever is going on, or an error."""
    world: World | None = getattr(_local, "world", None)
    if world is not None:
        world.meddle()


# --- Things to work with ------------------------------------------------------------------------------


class Number(float):
    def __float__(self) -> float:
        meddle()
        return 0.5


@numbers.Number.register
class Index:
    def __index__(self) -> int:
        meddle()
        return 3

    def __float__(self) -> float:
        meddle()
        return 3.0


class Scalar:
    """What looks like an array without dimensions."""

    shape = ()

    @property
    def dtype(self) -> Any:
        meddle()
        return self

    kind = "f"

    def __float__(self) -> float:
        meddle()
        return 1.5


class Liar:
    """An object of sixteen bytes that claims to be of another class."""

    __slots__ = ()
    claimed: type = float

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        return type(self).claimed


LIARS = [
    type("Liar", (Liar,), {"__slots__": (), "claimed": kind})
    for kind in (float, Value, str, tuple, Primitive)
]


class Text(str):
    def __del__(self) -> None:
        meddle()


class Pair(tuple):
    def __del__(self) -> None:
        meddle()

    def __iter__(self) -> Iterator[Any]:
        meddle()
        return super().__iter__()


class Anything:
    """What answers to every question, after meddling."""

    def _answer(self, *_: Any) -> Any:
        meddle()
        return 1.0

    __add__ = __radd__ = __mul__ = __rmul__ = __rpow__ = __call__ = _answer

    def __eq__(self, other: object) -> bool:
        meddle()
        return True

    def __hash__(self) -> int:
        meddle()
        return hash(autograd.sin)

    def __bool__(self) -> bool:
        meddle()
        return True

    def __len__(self) -> int:
        meddle()
        return 0

    def __repr__(self) -> str:
        meddle()
        return "Anything()"


class Plain(Value):
    __slots__ = ()


class Open(Value):
    """With a dict, and so known to the collector."""


class Slotted(Value):
    __slots__ = ("held",)


class Dying(Value):
    def __del__(self) -> None:
        meddle()
        world = getattr(_local, "world", None)
        if world is not None and world.budget and world.random.random() < 0.3:
            world.keep(self)


class DyingPlain(Plain):
    __slots__ = ()
    __del__ = Dying.__del__


class Overriding(Value):
    def __new__(cls, *arguments: Any, **named: Any) -> Any:
        meddle()
        return super().__new__(cls, *arguments, **named)

    def __init__(self, *arguments: Any, **named: Any) -> None:
        meddle()
        super().__init__(*arguments, **named)
        meddle()

    def __copy__(self) -> Any:
        meddle()
        return self

    def __eq__(self, other: object) -> Any:
        meddle()
        return super().__eq__(other)

    __hash__ = Value.__hash__


class Judging(Condition):
    def __bool__(self) -> bool:
        meddle()
        return super().__bool__()


class Row(Primitive):
    def __hash__(self) -> int:
        meddle()
        return id(self) >> 4

    def __eq__(self, other: object) -> bool:
        meddle()
        return self is other


KINDS: list[type] = [Value, Condition, Plain, Open, Slotted, Dying, DyingPlain, Overriding, Judging]
THINGS: list[Callable[[], Any]] = [
    Number, Index, Scalar, Anything, object, dict, list, Value,
    *LIARS,
    lambda: None, lambda: True, lambda: 10**400, lambda: -(10**400), lambda: 1j, lambda: "1.0", lambda: b"", lambda: (),
    lambda: Text("text"), lambda: Pair(("a", 1.0)), lambda: (Text("a"), "b"), lambda: "label", lambda: "n\u00e4me \U0001f40d",
    lambda: Value, lambda: autograd.sin, lambda: autograd.fsum, lambda: math, lambda: iter([Value(1.0)]), lambda: Ellipsis,
]  # fmt: skip
NUMBERS = (0.0, -0.0, 1.0, -1.0, 2.0, 0.5, -3.0, 1e308, 5e-324, math.inf, -math.inf, math.nan)
RECORD_FIELDS = 7


class World:
    """The things that one thread works on, and the steps that it takes."""

    def __init__(self, seed: str, things: list[Any], alone: bool, show: bool) -> None:
        self.random = random.Random(seed)
        self.things = things
        self.alone = alone  # whether no other thread is there
        self.show = show
        self.entered: list[Any] = []
        self.budget = 0

    # --- Choices ---

    def keep(self, thing: Any) -> None:
        self.things.append(thing)
        if len(self.things) > MOST_THINGS:
            self.things.pop(self.random.randrange(MOST_THINGS))

    def number(self) -> float:
        return self.random.choice(NUMBERS) if self.random.random() < 0.5 else self.random.uniform(-3, 3)

    def kind(self) -> Any:
        return self.random.choice(KINDS)

    def thing(self) -> Any:
        """Anything: of those at hand, a number, or something new."""
        chance = self.random.random()
        if chance < 0.4 and self.things:
            return self.random.choice(self.things)
        return self.number() if chance < 0.7 else self.random.choice(THINGS)()

    def value(self) -> Any:
        """Of those at hand if possible; there may be what only claims to be a Value."""
        values = [thing for thing in self.things if isinstance(thing, Value)]
        return self.random.choice(values) if values and self.random.random() < 0.9 else Value(self.number())

    def operand(self) -> Any:
        return self.value() if self.random.random() < 0.6 else self.number()

    def row(self) -> Any:
        return self.random.choice(list(table.values()))

    def some(self, make: Callable[[], Any], most: int = 3) -> list[Any]:
        return [make() for _ in range(self.random.randint(0, most))]

    def record(self) -> Any:
        """What `_restored` takes, or something like it."""
        row = self.row()
        count = row.arity + (self.random.randint(0, 9) if row.variadic else 0)
        record: list[Any] = [
            row, tuple([self.operand() for _ in range(count)]), tuple([self.number() for _ in range(count)]),
            self.number(), self.random.choice((None, 1.0)), self.random.choice(("", "label", Text("label"))),
            self.random.choice(((), ("scope",), (Text("scope"), "inner"))),
        ]  # fmt: skip
        if self.random.random() < 0.2:
            record[:3] = None, (), ()
        if self.random.random() < 0.5:
            place = self.random.randrange(RECORD_FIELDS)
            record[place] = self.thing() if self.random.random() < 0.5 else tuple(self.some(self.thing))
        if self.random.random() < 0.1:
            del record[self.random.randrange(RECORD_FIELDS)]
        return self.random.choice((tuple, tuple, tuple, Pair, list))(record)

    # --- Steps ---

    def meddle(self) -> None:
        if self.budget and self.random.random() < 0.3:
            self.budget -= 1
            self.step()
            if self.random.random() < 0.1:
                raise self.random.choice((ValueError, TypeError, OverflowError, MemoryError, RecursionError))(
                    "hostile"
                )

    def step(self) -> None:
        action = self.random.choice(ACTIONS)
        if self.show:
            print("    " * (NESTED - self.budget), action.__name__, file=sys.stderr, flush=True)
        try:
            action(self)
        except SystemError:
            failures.append(traceback.format_exc())
        except Exception:
            if self.show:
                print(
                    "    " * (NESTED - self.budget),
                    repr(sys.exception())[:200] if hasattr(sys, "exception") else "",
                    file=sys.stderr,
                )

    def run(self, steps: int) -> None:
        _local.world = self
        try:
            for _ in range(steps):
                self.budget = NESTED
                self.step()
        finally:
            self.budget = 0
            while self.entered:
                self.entered.pop().__exit__(None, None, None)


ACTIONS: list[Callable[[World], None]] = []


def action(function: Callable[[World], None]) -> Callable[[World], None]:
    ACTIONS.append(function)
    return function


BINARY = (
    operator.add, operator.sub, operator.mul, operator.truediv, operator.floordiv, operator.mod, operator.pow,
    divmod, operator.lt, operator.le, operator.eq, operator.ne, operator.gt, operator.ge, operator.and_,
    operator.or_, operator.iadd, operator.matmul, operator.lshift, operator.contains,
)  # fmt: skip
UNARY = (
    operator.neg, operator.pos, abs, operator.invert, bool, float, int, complex, round, math.floor, math.ceil,
    math.trunc, repr, str, hash, len, iter, operator.index, sys.getsizeof, vars, dir, format,
)  # fmt: skip


@action
def operate(world: World) -> None:
    operands = [world.value(), world.thing()]
    world.random.shuffle(operands)
    world.keep(world.random.choice(BINARY)(*operands))


@action
def operate_on_one(world: World) -> None:
    world.keep(world.random.choice(UNARY)(world.value()))


@action
def raise_to_a_power(world: World) -> None:
    operands = [world.value(), world.thing(), world.random.choice((None, world.thing()))]
    world.keep(pow(*operands) if world.random.random() < 0.7 else pow(*reversed(operands)))


@action
def apply(world: World) -> None:
    row = world.row()
    count = row.arity + (world.random.randint(0, 12) if row.variadic else 0)
    world.keep(row(*[world.operand() for _ in range(count)]))


@action
def apply_to_anything(world: World) -> None:
    world.keep(world.row()(*world.some(world.thing)))


@action
def apply_primitive(world: World) -> None:
    row = world.row() if world.random.random() < 0.8 else world.thing()
    operands = (
        world.some(world.thing, 4)
        if world.random.random() < 0.5
        else [world.operand() for _ in range(row.arity)]
    )
    world.keep(world.value()._apply_primitive(row, world.random.choice((tuple, tuple, Pair, list))(operands)))


@action
def call_a_method(world: World) -> None:
    method = getattr(world.value(), world.random.choice(dir(Value)))
    world.keep(method(*world.some(world.thing)))


@action
def touch_an_attribute(world: World) -> None:
    value, name = (
        world.value(),
        world.random.choice((*ATTRIBUTES, "held", "anything", world.random.choice(dir(Value)))),
    )
    chance = world.random.random()
    if chance < 0.4:
        world.keep(getattr(value, name))
    elif chance < 0.8:
        setattr(value, name, world.thing())
    else:
        delattr(value, name)


ATTRIBUTES = (
    "data",
    "_data",
    "grad",
    "_has_grad",
    "label",
    "scope",
    "_origin",
    "primitive",
    "arguments",
    "partials",
)


@action
def construct(world: World) -> None:
    named = {
        name: world.thing()
        for name in world.some(lambda: world.random.choice(("label", "data", "_op", "_children", "x")), 1)
    }
    world.keep(world.kind()(*world.some(world.thing, 4), **named))


@action
def construct_a_leaf(world: World) -> None:
    world.keep(world.kind()(world.number(), world.random.choice(("", "label", Text("label")))))


@action
def construct_without_initialising(world: World) -> None:
    kind = world.kind()
    world.keep(kind.__new__(world.random.choice((kind, world.kind())), *world.some(world.thing, 2)))


@action
def initialise_again(world: World) -> None:
    world.value().__init__(*world.some(world.thing, 3))


@action
def make_a_leaf_of_an_inner_node(world: World) -> None:
    inner = [thing for thing in world.things if isinstance(thing, Value) and thing.arguments]
    Value.__init__(
        world.random.choice(inner), world.number(), world.random.choice(("", "again", Text("again")))
    )


@action
def restore(world: World) -> None:
    world.keep(world.kind()._restored(world.record()))


@action
def sort(world: World) -> None:
    outputs = world.some(world.value, 4)
    anything = world.some(world.thing, 1) if world.random.random() < 0.2 else []
    world.keep(topological_order(*outputs, *anything, without=world.some(world.value, 2)))


@action
def sort_without_anything(world: World) -> None:
    topological_order(*world.some(world.value, 2), without=world.thing())


@action
def sweep(world: World) -> None:
    world.value().backward(world.random.choice((1.0, math.nan, math.inf, 0.0, world.thing())))


@action
def clear(world: World) -> None:
    world.value().zero_grad()


@action
def copy_one(world: World) -> None:
    value = world.value()
    ways = (copy.copy, copy.deepcopy, lambda v: v.__deepcopy__(world.thing()), lambda v: v.detach())
    world.keep(world.random.choice(ways)(value))


@action
def pickle_some(world: World) -> None:
    things = [world.value(), world.value()]
    world.keep(pickle.loads(pickle.dumps(things, world.random.randint(0, pickle.HIGHEST_PROTOCOL)))[0])


@action
def change_the_class(world: World) -> None:
    world.value().__class__ = world.random.choice((world.kind(), float, Anything))


@action
def refer_weakly(world: World) -> None:
    world.keep(weakref.ref(world.value(), lambda _: meddle()))


@action
def refer_by_an_attribute(world: World) -> None:
    """Perhaps a cycle through an object of a subclass, which nothing collects; so not from one result to itself."""
    value = world.value()
    if not value.arguments:
        value.held = Value(world.number()) * 2


@action
def enter_a_mode(world: World) -> None:
    name = world.random.choice(("scope", Text("scope"), "n\u00e4me"))
    block = world.random.choice((autograd.no_grad, autograd.detect_anomaly, lambda: autograd.scope(name)))()
    block.__enter__()
    world.entered.append(block)


@action
def leave_a_mode(world: World) -> None:
    block = world.entered.pop(world.random.randrange(len(world.entered)))
    block.__exit__(None, None, None)


def _meddled(world: World) -> Callable[..., Any]:
    """A function to be traced or differentiated, in which anything may happen."""

    def function(*arguments: Any) -> Any:
        world.things.extend(arguments)
        result = arguments[0] * world.operand()
        meddle()
        if world.random.random() < 0.5 and result > world.number():
            meddle()
        return autograd.where(result > world.number(), world.operand() * result, result)

    return function


@action
def trace(world: World) -> None:
    graph = autograd.trace(_meddled(world))(world.number(), world.number())
    meddle()
    graph.evaluate(world.thing(), world.thing())
    graph.gradient().evaluate(world.number(), world.number())


@action
def differentiate(world: World) -> None:
    transform = world.random.choice((autograd.grad, autograd.value_and_grad, autograd.hessian))
    world.keep(transform(_meddled(world))(world.number()))


@action
def collect(world: World) -> None:
    gc.collect(world.random.randint(0, 2))


@action
def declare(world: World) -> None:
    """A row whose value and partials meddle, and give anything."""
    if len(table) > MOST_ROWS:
        return
    arity = world.random.randint(1, 3)

    def value(*arguments: Any) -> Any:
        meddle()
        return arguments[0] if world.random.random() < 0.8 else world.thing()

    def partial(*arguments: Any) -> Any:
        meddle()
        return 1.0 if world.random.random() < 0.8 else world.thing()

    kind = world.random.choice((Primitive, Row))
    flags = {
        name: world.random.random() < 0.2
        for name in ("variadic", "comparison", "selects", "defined", "auxiliary")
    }
    world.keep(kind(f"hostile_{next(_counter)}", value, (partial,) * arity, **flags))


_counter = itertools.count()


@action
def misuse_the_module(world: World) -> None:
    core = sys.modules["autograd._core.value"]
    function = getattr(core, world.random.choice(("declare", "method", "complete", "topological_order")))
    function(*world.some(world.thing, 4))


@action
def forget(world: World) -> None:
    start = world.random.randrange(len(world.things))
    del world.things[start : start + world.random.randint(1, 10)]


@action
def forget_everything(world: World) -> None:
    world.things.clear()


@action
def build_a_chain(world: World) -> None:
    value = world.value()
    for _ in range(world.random.randint(1, 500)):
        value = value * 1.01 if world.random.random() < 0.7 else autograd.where(True, value, 1.0)
    world.keep(value)


@action
def fill_a_slab(world: World) -> None:
    if world.random.random() < 0.1:
        world.keep(sum([Value(1.0) for _ in range(12_000)]))


@action
def replace_an_attribute_of_a_type(world: World) -> None:
    """For a few steps, with the original put back afterwards: CPython does not take back a `__new__` in C."""
    if not world.alone:
        return
    owner = world.random.choice((Value, Condition, Node, Outcome, Primitive))
    name = world.random.choice(
        [name for name in vars(owner) if name not in ("__dict__", "__weakref__", "__doc__", "__new__")]
    )
    original = vars(owner)[name]
    replacements: list[Any] = [
        None, world.thing(), lambda *a, **k: world.thing(), lambda kind, *a, **k: object.__new__(kind),
        property(lambda self: world.thing()), lambda *a, **k: meddle(),
    ]  # fmt: skip
    try:
        if world.random.random() < 0.2:
            delattr(owner, name)
        else:
            setattr(owner, name, world.random.choice(replacements))
        _few_steps(world)
    finally:
        setattr(owner, name, original)


@action
def set_a_mode_by_hand(world: World) -> None:
    name = world.random.choice(("scope", "paused", "watched", "trace", "variables"))
    modes.active.append(None)
    try:
        setattr(modes.current, name, world.thing())
        _few_steps(world)
    finally:
        modes.active.pop()
        with contextlib.suppress(AttributeError):
            delattr(modes.current, name)


def _few_steps(world: World) -> None:
    for _ in range(4):
        if world.budget:
            world.budget -= 1
            world.step()


@action
def run_threads(world: World) -> None:
    if not world.alone or world.random.random() < 0.7:
        return
    worlds = [World(str(world.random.random()), world.things, False, world.show) for _ in range(3)]
    threads = [threading.Thread(target=each.run, args=(20,)) for each in worlds]
    before = sys.getswitchinterval()
    world.alone = False
    sys.setswitchinterval(1e-6)
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(before)
        world.alone = True


# --- Rounds -------------------------------------------------------------------------------------------


def play(seed: int, number: int, show: bool = False) -> None:
    """One round, and what must hold after it."""
    world = World(f"{seed}:{number}", [], True, show)
    collects = world.random.random() < 0.3  # in the middle of an operation that makes a tuple
    callback = lambda *_: meddle()  # noqa: E731 (a function of its own in each round)
    thresholds = gc.get_threshold()
    if collects:
        gc.callbacks.append(callback)
        gc.set_threshold(world.random.choice((1, 7, 50)), 3, 3)
    try:
        world.run(STEPS)
    finally:
        gc.set_threshold(*thresholds)
        if collects:
            gc.callbacks.remove(callback)
    modes.active.clear()
    modes.current.__dict__.clear()
    check_nodes([thing for thing in world.things if issubclass(type(thing), Value)])
    world.things.clear()
    gc.collect()
    check_gradients()
    if failures:
        raise AssertionError(f"round {number} of seed {seed}:\n" + "\n".join(failures))


def _notice(unraisable: Any) -> None:
    """What cannot be raised in a destructor or a callback: most of it was raised here on purpose."""
    if isinstance(unraisable.exc_value, SystemError):
        failures.append("".join(traceback.format_exception(unraisable.exc_value)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--rounds", type=int, default=100, help=f"of {STEPS} steps each")
    parser.add_argument("--first", type=int, default=0, help="the number of the first round")
    parser.add_argument("--show", action="store_true", help="print each step before it is taken")
    options = parser.parse_args()
    faulthandler.enable()
    sys.unraisablehook = _notice
    for number in range(options.first, options.first + options.rounds):
        try:
            play(options.seed, number, options.show)
        except BaseException:
            print(f"to repeat it: --seed {options.seed} --first {number} --rounds 1 --show", file=sys.stderr)
            raise
        if number % 100 == 99:
            print(f"{number + 1} rounds", flush=True)
    print(f"{options.rounds} rounds of {STEPS} steps: nothing crashed, everything left was sound")


if __name__ == "__main__":
    main()
