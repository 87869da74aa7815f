"""Hostile pickles for the engine in C: `python -m tests.native.pickles --seed 0 --changes 2000`.

Valid pickles of graphs are cut at every byte, have bytes replaced, and have whole instructions dropped,
doubled and exchanged.  To load one raises an exception or gives Values that can be walked, swept and
cleared.  A pickle may name any function by itself, so only those are found here that pickles of Values need.
"""

from __future__ import annotations

import argparse
import faulthandler
import io
import pickle
import pickletools
import random
from collections.abc import Iterable, Iterator
from typing import Any

import autograd
from autograd import Value
from tests.native import limits
from tests.native.invariants import check_gradients, check_nodes

SAFE = {
    "autograd.copying": ("_restored", "_restored_last"),
    "autograd.engine": ("Value", "Condition"),
    "autograd.rows": ("named", "real"),
    "autograd.primitives": ("sin", "where", "fsum"),
    "copyreg": ("_reconstructor", "__newobj__", "__newobj_ex__"),
    "builtins": (
        "object",
        "list",
        "tuple",
        "dict",
        "set",
        "float",
        "int",
        "complex",
        "str",
        "bytes",
        "bytearray",
    ),
    "__builtin__": ("object", "list", "tuple", "dict", "set", "float", "int", "unicode"),
}
halved = autograd.primitive("pickles_halved", lambda x: x / 2, (0.5,))


class Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if name not in SAFE.get(module, ()):
            raise pickle.UnpicklingError(f"{module}.{name} is not loaded here")
        return super().find_class(module, name)


def graphs() -> Iterator[Any]:
    """Things to pickle, with every layout of arguments and all that a node can bear."""
    leaf = Value(1.5, label="leaf")
    leaf.grad = -2.0
    yield leaf
    with autograd.scope("net"), autograd.scope("layer"):
        x, w = Value(0.5, label="x"), Value(-2.0)
        loss = (x * w + 1.0).tanh() * x - 2.0 / w
    loss.label = "loss"
    loss.backward()
    yield x, {"loss": loss, "again": [loss, w]}
    terms = [Value(float(count)) for count in range(10)]
    yield autograd.where(x, autograd.fsum(*terms, 1.0, w), halved(w)), terms
    conditions: list[Any] = []
    autograd.trace(lambda a: conditions.append(a > 1.0) or a)(2.0)
    yield conditions, autograd.sin


def valid_pickles() -> list[bytes]:
    protocols = range(pickle.HIGHEST_PROTOCOL + 1)
    return [pickle.dumps(thing, protocol) for thing in graphs() for protocol in protocols]


def cut(stored: bytes) -> Iterator[bytes]:
    return (stored[:length] for length in range(len(stored)))


def changed(stored: bytes, generator: random.Random) -> bytes:
    """The pickle with some of its bytes or of its instructions changed."""
    if generator.random() < 0.4:
        content = bytearray(stored)
        for _ in range(generator.choice((1, 1, 1, 2, 5))):
            place = generator.randrange(len(content))
            content[place] = generator.choice(
                (generator.randrange(256), content[place] ^ 1 << generator.randrange(8))
            )
        return bytes(content).replace(
            pickle.BYTEARRAY8, b""
        )  # of which CPython itself complains when it is cut
    starts = [place for _, _, place in pickletools.genops(stored)]
    parts = [stored[start:end] for start, end in zip(starts, [*starts[1:], len(stored)], strict=True)]
    parts = [part for part in parts if not part.startswith(pickle.FRAME)]
    for _ in range(generator.choice((1, 1, 2, 4))):
        one, other = generator.randrange(len(parts)), generator.randrange(len(parts))
        match generator.randrange(5):
            case 0:
                del parts[one]
            case 1:
                parts.insert(one, parts[other])
            case 2:
                parts[one], parts[other] = parts[other], parts[one]
            case 3:
                parts[one] = parts[other]
            case 4:
                parts.insert(one, generator.choice(INSTRUCTIONS))
    return b"".join(parts)


INSTRUCTIONS = (
    pickle.REDUCE, pickle.BUILD, pickle.NEWOBJ, pickle.APPEND, pickle.SETITEM, pickle.TUPLE1, pickle.TUPLE2, pickle.TUPLE3,
    pickle.EMPTY_TUPLE, pickle.EMPTY_LIST, pickle.EMPTY_DICT, pickle.NONE, pickle.NEWTRUE, pickle.MARK, pickle.POP, pickle.DUP,
    pickle.STOP, pickle.BINGET + b"\x00", pickle.BINGET + b"\x05", pickle.BININT1 + b"\x07", pickle.GLOBAL + b"builtins\nobject\n",
    pickle.GLOBAL + b"autograd.engine\nValue\n", pickle.GLOBAL + b"autograd.copying\n_restored\n",
)  # fmt: skip


def values(thing: Any) -> Iterator[Value]:
    """The Values of what was loaded."""
    if isinstance(thing, Value):
        yield thing
    elif isinstance(thing, list | tuple | set):
        for item in thing:
            yield from values(item)
    elif isinstance(thing, dict):
        yield from values([*thing.keys(), *thing.values()])


def load_all(pickles: Iterable[bytes]) -> tuple[int, int]:
    """Loads and checks each; how many there were, and how many gave an object."""
    count = loaded = 0
    for stored in pickles:
        count += 1
        try:
            thing = Unpickler(io.BytesIO(stored)).load()
            found = list(values(thing))
        except SystemError as error:
            raise AssertionError(f"a mistake in C, found with the pickle {stored!r}") from error
        except Exception:
            continue
        loaded += 1
        try:
            check_nodes(found)
        except Exception as error:
            raise AssertionError(f"what was loaded is not sound: {stored!r}") from error
    return count, loaded


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--changes", type=int, default=2000, help="of each valid pickle")
    options = parser.parse_args()
    faulthandler.enable()
    limits.restrict_memory(4 << 30)  # a changed length may ask for any amount
    originals = valid_pickles()
    assert load_all(originals) == (len(originals), len(originals))
    whole, usable = load_all(part for stored in originals for part in cut(stored))
    print(f"{whole} pickles cut short, {usable} loaded")
    generator = random.Random(options.seed)
    changes = (changed(stored, generator) for stored in originals for _ in range(options.changes))
    whole, usable = load_all(changes)
    print(f"{whole} pickles changed, {usable} loaded")
    check_gradients()


if __name__ == "__main__":
    main()
