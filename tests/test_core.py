"""The engine in C is built from the table as it stands, and costs what it promises."""

import ctypes
import os
import struct
import sys
import weakref
from collections.abc import Callable

import pytest

if os.environ.get("AUTOGRAD_CORE") != "native":
    pytest.importorskip("autograd._core.value", reason="the engine in C was not built")

from autograd import _core, primitives
from autograd._core import generator, value
from autograd.compiler import foreign


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


# --- Machine code -------------------------------------------------------------------------------------

KIND = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_double), ctypes.POINTER(ctypes.c_double))
MACHINE_FUNCTIONS = [value.MachineFunction, foreign.MachineFunction]
POINT_CALLERS = [value.call_point, foreign.call_point]
SPLITTERS = [value.split_columns, foreign.split_columns]


class Owner:
    """Something that a weak reference can watch."""


def machine_function(
    kind: Callable[..., Callable[..., object]],
    inputs: int,
    outputs: int,
    code: int = 1,
    releases: bool = False,
    owner: object = None,
) -> Callable[..., object]:
    """A function of C that fills its outputs with the sum of its inputs, plus 0, 1, 2, ..."""

    def function(given: "ctypes._Pointer[ctypes.c_double]", out: "ctypes._Pointer[ctypes.c_double]") -> int:
        for place in range(outputs):
            out[place] = sum(given[:inputs]) + place
        return code

    foreign_function = KIND(function)
    address = ctypes.cast(foreign_function, ctypes.c_void_p).value
    return kind(address, inputs, outputs, (foreign_function, owner), releases)


@pytest.mark.parametrize("kind", MACHINE_FUNCTIONS, ids=["C", "ctypes"])
@pytest.mark.parametrize("releases", [False, True])
@pytest.mark.parametrize(
    ("inputs", "outputs", "expected"),
    [(1, 1, 0.5), (3, 1, 1.5), (0, 1, 0.0), (2, 3, (1.0, 2.0, 3.0)), (2, 0, ()), (200, 1, 100.0)],
)
def test_machine_code_takes_numbers_and_returns_a_float_or_a_tuple(
    kind: Callable[..., Callable[..., object]], releases: bool, inputs: int, outputs: int, expected: object
) -> None:
    function = machine_function(kind, inputs, outputs, releases=releases)
    assert function(*[0.5] * inputs) == expected


@pytest.mark.parametrize("kind", MACHINE_FUNCTIONS, ids=["C", "ctypes"])
def test_machine_code_converts_numbers_and_refuses_the_rest(
    kind: Callable[..., Callable[..., object]],
) -> None:
    function = machine_function(kind, 2, 1)
    assert function(1, True) == 2.0
    with pytest.raises(TypeError, match="expected a real number, not str"):
        function(1.0, "2")
    with pytest.raises(TypeError, match="takes 2 numbers, not 3"):
        function(1.0, 2.0, 3.0)
    with pytest.raises(TypeError):
        function(1.0, y=2.0)


@pytest.mark.parametrize("kind", MACHINE_FUNCTIONS, ids=["C", "ctypes"])
def test_machine_code_says_by_its_result_that_there_is_none(
    kind: Callable[..., Callable[..., object]],
) -> None:
    assert machine_function(kind, 1, 1, code=0)(1.0) is None
    with pytest.raises(MemoryError):
        machine_function(kind, 1, 1, code=-1)(1.0)


@pytest.mark.parametrize("kind", MACHINE_FUNCTIONS, ids=["C", "ctypes"])
def test_machine_code_keeps_its_owner_and_lets_it_go(kind: Callable[..., Callable[..., object]]) -> None:
    owner = Owner()
    watch = weakref.ref(owner)
    function = machine_function(kind, 1, 1, owner=owner)
    del owner
    assert watch() is not None
    del function
    assert watch() is None


@pytest.mark.parametrize("call", POINT_CALLERS, ids=["C", "ctypes"])
@pytest.mark.parametrize("releases", [False, True])
@pytest.mark.parametrize("code", [1, 0, -1])
def test_machine_code_reads_and_fills_memory(call: Callable[..., int], releases: bool, code: int) -> None:
    def function(given: "ctypes._Pointer[ctypes.c_double]", out: "ctypes._Pointer[ctypes.c_double]") -> int:
        out[0] = given[0] - given[1]
        return code

    foreign_function = KIND(function)
    address = ctypes.cast(foreign_function, ctypes.c_void_p).value
    inputs, outputs = bytearray(struct.pack("2d", 5.0, 3.0)), bytearray(8)
    assert call(address, inputs, outputs, releases) == code
    assert struct.unpack("d", outputs) == (2.0,)


def test_memory_that_is_not_to_be_written_is_refused() -> None:
    with pytest.raises(TypeError):
        value.call_point(1, b"", "text", False)
    with pytest.raises(BufferError):
        value.call_point(1, b"", b"", False)


@pytest.mark.parametrize("split", SPLITTERS, ids=["C", "Python"])
def test_columns_are_split_into_numbers_and_the_rest(
    split: Callable[..., tuple[bytes, bytearray, list[object]]],
) -> None:
    column = Owner()
    varying, numbers, others = split([1.0, column, -0.5])
    assert [*varying] == [0, 1, 0]
    assert memoryview(numbers).cast("d").tolist() == [1.0, -0.5]
    assert others == [column]
    assert split(()) == (b"", bytearray(), [])


# --- Ways ---------------------------------------------------------------------------------------------

IN_PLACE = KIND(lambda given, out: 1)
ADDRESS = ctypes.cast(IN_PLACE, ctypes.c_void_p).value
CODE = (IN_PLACE, ADDRESS, 0, 1, 0, 0, 2, 10**6, False, None)  # one input, two outputs


@pytest.mark.parametrize(
    "pieces",
    [
        [],
        [None],
        [None, None],
        [None, None, None, (tuple, 3)],
        [None, None, (tuple, 3)],
        [None, None, (tuple, -1)],
        [None, None, (dict, 2)],
        [None, "float", (tuple, 2)],
        [(3,)],
        [(-2,)],
        [(2, 2**62, 2**62)],
        [(1,), None, (tuple, 1)],
    ],
)
def test_pieces_that_make_no_result_are_refused(pieces: list[object]) -> None:
    pytest.importorskip("numpy")
    with pytest.raises((ValueError, TypeError)):
        value.Route(CODE, (), pieces, len)


class Path:
    def __init__(self, route: object) -> None:
        self.routes = {"point": route}


class Paths:
    def __init__(self, *routes: object) -> None:
        self.paths = tuple(map(Path, routes))

    def use_first(self, path: Path) -> None:
        raise LookupError("it has no order")


def test_a_way_takes_no_route_of_other_numbers() -> None:
    pytest.importorskip("numpy")
    route = value.Route(CODE, (), [None, None, (tuple, 2)], len)
    assert value.Way((None,), Paths(), "point", len)(1.0) is None
    assert type(value.Way((None,), Paths(route), "point", len)(1.0)) is tuple
    for kinds in ((None, None), ((2,),), ((-1,),), ()):
        numbers = [1.0 if kind is None else numpy_ones(abs(kind[0])) for kind in kinds]
        with pytest.raises(ValueError, match="other numbers"):
            value.Way(kinds, Paths(route), "point", len)(*numbers)
    with pytest.raises(TypeError, match="expected a Route"):
        value.Way((None,), Paths("route"), "point", len)(1.0)


def test_an_error_beside_machine_code_is_the_callers() -> None:
    pytest.importorskip("numpy")
    missing = KIND(lambda given, out: 0)
    address = ctypes.cast(missing, ctypes.c_void_p).value
    missed = value.Route((missing, address, *CODE[2:]), (), [None, None, (list, 2)], len)
    found = value.Route(CODE, (), [None, None, (list, 2)], len)
    assert value.Way((None,), Paths(missed), "point", len)(1.0) is None
    with pytest.raises(LookupError, match="no order"):
        value.Way((None,), Paths(missed, found), "point", len)(1.0)
    without_memory = KIND(lambda given, out: -1)
    address = ctypes.cast(without_memory, ctypes.c_void_p).value
    lost = value.Route((without_memory, address, *CODE[2:]), (), [None, None, (list, 2)], len)
    with pytest.raises(MemoryError):
        value.Way((None,), Paths(lost), "point", len)(1.0)
    rebuilding = value.Route(CODE, (), None, lambda outputs: outputs.missing)
    with pytest.raises(AttributeError):
        value.Way((None,), Paths(rebuilding), "point", len)(1.0)


def numpy_ones(length: int) -> object:
    import numpy

    return numpy.ones(length)


def test_a_way_and_a_dispatcher_say_what_they_are_made_of() -> None:
    pytest.importorskip("numpy")
    with pytest.raises(TypeError, match="the kind of an argument is None or a shape, not 2"):
        value.Way((2,), Paths(), "point", len)  # type: ignore[arg-type]
    for kind in ((-2,), (3, -1)):
        with pytest.raises(ValueError, match="no array has the shape"):
            value.Way((kind,), Paths(), "point", len)
    with pytest.raises(TypeError, match="ways are a tuple"):
        value.Dispatcher().ways = [len]  # type: ignore[assignment]
