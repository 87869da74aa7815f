"""The call of a compiled function: that its ways are known from earlier calls is never noticed."""

import gc
import math
import random
import sys
import threading
import tracemalloc
import weakref

import numpy
import pytest

import autograd
from autograd import Value, grad, jit, primitive, reduce_mean, reduce_sum, value_and_grad, vmap
from autograd.compiler import buffers, foreign, jitting, mapping


@pytest.fixture(params=["C", "Python"], autouse=True)
def ways(request, monkeypatch):
    """The ways of both kinds."""
    if request.param == "Python":
        monkeypatch.setattr(buffers, "native", None)
    elif buffers.native is None:
        pytest.skip("the engine in C was not built")
    return request.param


@pytest.fixture
def refuse_the_long_way(monkeypatch):
    """Makes a call raise that finds no way."""

    def refuse():
        monkeypatch.setattr(jitting, "Arguments", None)
        monkeypatch.setattr(mapping, "Rows", None)

    return refuse


def plain(thing):
    """A result with lists in place of arrays."""
    if isinstance(thing, numpy.ndarray):
        assert thing.dtype == numpy.float64
        return "array", thing.shape, thing.tolist()
    if isinstance(thing, dict):
        return {name: plain(part) for name, part in thing.items()}
    return type(thing)(map(plain, thing)) if isinstance(thing, tuple | list) else thing


def moved(thing, by):
    """The same arguments with other numbers."""
    if isinstance(thing, tuple | list):
        return type(thing)(moved(part, by) for part in thing)
    return thing + by


MATRIX = numpy.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
EMPTY = numpy.empty((0, 3))
MANY = [numpy.arange(float(place)) for place in range(1, 9)]


# --- One point ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("f", "arguments"),
    [
        (lambda: 2.5, ()),
        (lambda x, y, z: x * y - z, (1.0, 2.0, 3.0)),
        (lambda x: (), (1.0,)),
        (lambda x: [x, (x * 2, []), [[x]]], (1.0,)),
        (lambda x, v: (v * x, [x, v.sum()], v[1:]), (2.0, MATRIX)),
        (lambda v, w: (v.T @ w, numpy.zeros((0, 2))), (MATRIX, MATRIX * 2)),
        (lambda v, x: (v, v.sum() + x), (EMPTY, 1.0)),
        (lambda *many: [part.sum() for part in many], MANY),
        (lambda *many: sum(many), tuple(map(float, range(200)))),
        (lambda v: {"out": v * 2, "in": [v[0]]}, (MATRIX,)),
        (value_and_grad(lambda v: (v * v).sum()), (MATRIX,)),
        (value_and_grad(lambda x, v: autograd.exp(x) * v[1], argnums=(0, 1)), (1.0, MATRIX[0])),
        (lambda x: tuple(x + place for place in range(100)), (1.0,)),
    ],
    ids=["none", "floats", "nothing", "nested", "arrays", "empty result", "empty array", "many arrays",
         "many floats", "dict", "gradient", "gradients", "many results"],
)  # fmt: skip
def test_it_returns_what_the_first_call_would(f, arguments, refuse_the_long_way):
    compiled, others = jit(f), moved(tuple(arguments), 0.25)
    expected = plain(jit(f)(*others))
    compiled(*arguments)
    refuse_the_long_way()
    assert repr(plain(compiled(*others))) == repr(expected)
    assert compiled.stats.traces == 1


@pytest.mark.parametrize(
    "argument",
    [
        numpy.array([3, 4, 5]),
        numpy.array([3, 4, 5], dtype=numpy.float32),
        numpy.array([3.0, 4.0, 5.0], dtype=">f8"),
        numpy.array([3.0, 4.0, 5.0], dtype=object),
        numpy.array([5.0, 4.0, 3.0])[::-1],
        numpy.array([3.0, 0.0, 4.0, 0.0, 5.0])[::2],
        numpy.asfortranarray([[3.0, 4.0, 5.0], [0.0, 0.0, 0.0]])[0],
        numpy.frombuffer(numpy.array([3.0, 4.0, 5.0]).tobytes()),
        numpy.frombuffer(b"x" + numpy.array([3.0, 4.0, 5.0]).tobytes(), offset=1),
        type("Subclass", (numpy.ndarray,), {})(3, buffer=numpy.array([3.0, 4.0, 5.0])),
    ],
    ids=["integers", "float32", "big-endian", "objects", "reversed", "strided", "Fortran", "read-only", "odd",
         "subclass"],
)  # fmt: skip
def test_an_array_of_any_kind_may_come_after_a_plain_one(argument):
    compiled = jit(lambda v: v[0] + 10 * v[1] + 100 * v[2])
    compiled(numpy.zeros(3))
    assert compiled(argument) == 543.0
    assert compiled(numpy.array([1.0, 2.0, 3.0])) == 321.0


@pytest.mark.parametrize(
    "argument", [2, True, numpy.float64(2.0), numpy.float32(2.0), numpy.array(2.0), Value(2.0)], ids=repr
)
def test_a_number_of_any_kind_may_come_after_a_float(argument):
    compiled = jit(lambda x, y: x * y if y > 0 else y)
    compiled(1.0, 2.0)
    found = compiled(3.0, argument)
    assert (found.data if isinstance(argument, Value) else found) == (3.0 if argument is True else 6.0)


def test_arguments_of_more_kinds_than_are_kept_apart_find_their_program():
    compiled = jit(lambda *parts: sum(part.sum() if hasattr(part, "sum") else part for part in parts))
    for _ in range(2):
        for length in range(1, 2 * jitting._MOST_WAYS):
            assert compiled(numpy.ones(length)) == length
            assert compiled(*[0.5] * length) == length / 2
    assert len(compiled.ways) == jitting._MOST_WAYS


def test_keywords_and_modes_go_the_long_way():
    compiled = jit(lambda x, y: x / y)
    compiled(1.0, 2.0)
    assert compiled(1.0, y=4.0) == compiled(y=4.0, x=1.0) == 0.25
    with pytest.raises(TypeError):
        compiled(1.0, z=1.0)
    with pytest.raises(TypeError):
        compiled(1.0)
    with autograd.detect_anomaly(), pytest.raises(ArithmeticError):
        compiled(1.0, 0.0)
    assert grad(compiled)(3.0, 2.0) == 0.5
    assert compiled(1.0, 0.0) == math.inf


def test_each_call_takes_its_path_and_puts_it_first():
    compiled = jit(lambda x, v: x if x > v[0] else -x if x > v[1] else x * v[0])
    points = [(3.0, [2.0, 1.0]), (1.5, [2.0, 1.0]), (0.5, [2.0, 1.0])]
    for _ in range(2):
        assert [compiled(x, numpy.array(v)) for x, v in points] == [3.0, -1.5, 1.0]
    assert compiled.stats.traces == 3
    for (x, v), taken in zip(points, ([True], [False, True], [False, False]), strict=True):
        compiled(x, numpy.array(v))
        assert [truth for _, truth in compiled.graphs[0].branches] == taken
    before = compiled.stats.misses
    compiled(3.0, numpy.array([2.0, 1.0]))
    assert compiled.stats.misses == before + 2


def test_captured_leaves_are_read_at_every_call():
    weights = [Value(float(place)) for place in range(150)]
    compiled = jit(lambda v: [weight * v[0] for weight in weights])
    compiled(numpy.array([1.0]))
    for place, weight in enumerate(weights):
        weight.data = place + 0.5
    assert compiled(numpy.array([2.0])) == [2 * place + 1.0 for place in range(150)]


def test_results_are_the_callers_to_keep_and_to_change():
    compiled = jit(lambda v: (v, [v * 2], v.sum()))
    given = numpy.array([1.0, 2.0])
    compiled(given)
    results = [compiled(given) for _ in range(3)]
    for copied, (doubled,), _ in results[:2]:
        copied[:] = 7.0
        doubled += 1.0
    assert plain(results[2]) == plain(compiled(given)) == plain((given, [given * 2], 3.0))
    assert given.tolist() == [1.0, 2.0]


# --- Rows ---------------------------------------------------------------------------------------------


def several(w, p, y, s):
    return (w[0] @ p, [p * s, autograd.exp(y) * autograd.exp(s)], ())


def named(w, p, y, s):
    return {"out": w @ p, "in": [y * s]}


@pytest.mark.parametrize("f", [several, named])
@pytest.mark.parametrize("count", [1, 7, 1025, 2500])
def test_rows_come_back_as_arrays(f, count, refuse_the_long_way):
    generator = numpy.random.default_rng(count)
    arguments = [MATRIX, generator.normal(size=(count, 3)), generator.normal(size=count), 0.5]
    compiled = jit(vmap(f, in_axes=(None, 0, 0, None)))
    compiled(MATRIX * 2, numpy.ones((4, 3)), numpy.ones(4), 1.0)
    refuse_the_long_way()
    found = compiled(*arguments)
    if f is named:
        assert found["out"].shape == (count, 2)
        assert found["in"][0].tolist() == (arguments[2] * 0.5).tolist()
        return
    dot, (scaled, exponential), nothing = found
    assert nothing == ()
    assert (dot.shape, scaled.shape, exponential.shape) == ((count,), (count, 3), (count,))
    assert scaled.tolist() == (arguments[1] * 0.5).tolist()
    assert exponential.tolist() == [math.exp(y) * math.exp(0.5) for y in arguments[2]]


@pytest.mark.parametrize("count", [1, 9, 1024, 1025, 3000])
@pytest.mark.parametrize(("reduce", "reduction"), [("sum", reduce_sum), ("mean", reduce_mean)])
def test_totals_have_the_order_of_their_definition(count, reduce, reduction, refuse_the_long_way):
    generator = random.Random(count)
    numbers = [
        [generator.uniform(-1, 1) * 10 ** generator.randrange(-9, 9) for _ in "ab"] for _ in range(count)
    ]
    compiled = jit(vmap(lambda p, x: (p * 0.1 * x, p[0] * p[1]), in_axes=(0, None), reduce=reduce))
    compiled(numpy.ones((2, 2)), 1.0)
    refuse_the_long_way()
    scaled, product = compiled(numpy.array(numbers), 3.0)
    assert scaled.tolist() == [reduction([p[place] * 0.1 * 3.0 for p in numbers]) for place in (0, 1)]
    assert product == reduction([p[0] * p[1] for p in numbers])


@pytest.mark.parametrize(
    "rows",
    [
        numpy.array([[3, 4], [5, 6]]),
        numpy.asfortranarray([[3.0, 4.0], [5.0, 6.0]]),
        numpy.array([[4.0, 3.0], [6.0, 5.0]])[:, ::-1],
        numpy.array([[3.0, 4.0], [0.0, 0.0], [5.0, 6.0]])[::2],
        numpy.frombuffer(numpy.array([3.0, 4.0, 5.0, 6.0]).tobytes()).reshape(2, 2),
        [[3.0, 4.0], [5.0, 6.0]],
    ],
    ids=["integers", "Fortran", "reversed", "strided", "read-only", "lists"],
)
def test_rows_of_any_layout_may_come_after_plain_ones(rows):
    compiled = jit(vmap(lambda p: p[0] - 10 * p[1]))
    compiled(numpy.ones((3, 2)))
    assert compiled(rows).tolist() == [-37.0, -55.0]


def test_rows_without_numbers_are_counted_all_the_same(refuse_the_long_way):
    compiled = jit(vmap(lambda nothing, x: x * 2, in_axes=(0, None)))
    compiled(numpy.empty((2, 0)), 1.0)
    refuse_the_long_way()
    assert compiled(numpy.empty((5, 0)), 3.0).tolist() == [6.0] * 5


def test_rows_of_several_paths_are_parted():
    compiled = jit(vmap(lambda x, y: x * y if x > 0 else -y))
    ones = numpy.ones(4)
    for rows in ([1.0, 2.0, 3.0, 4.0], [1.0, -2.0, 3.0, -4.0], [-1.0] * 4, [5.0, 6.0, 7.0, 8.0]):
        assert compiled(numpy.array(rows), ones).tolist() == [x if x > 0 else -1.0 for x in rows]
    assert compiled.stats.traces == 2


# --- What happens meanwhile ---------------------------------------------------------------------------

watched: list[numpy.ndarray] = []


def overwriting(x):
    for array in watched:
        array[...] = -100.0
    return x * 1.0


overwrite = primitive("calls_overwrite", overwriting, (1.0,))


@pytest.mark.parametrize(
    ("f", "arguments", "expected"),
    [
        (lambda v: overwrite(v[0]) + v[1], (numpy.array([1.0, 2.0]),), 3.0),
        (lambda v, w: overwrite(v[0]) + v[1] + w[0], (numpy.array([1.0, 2.0]), numpy.array([4.0])), 7.0),
        (lambda v: -v[1] if overwrite(v[0]) < 0 else v[1], (numpy.array([1.0, 2.0]),), 2.0),
        (vmap(lambda x, w: overwrite(x) + w, in_axes=(0, None)), (numpy.array([1.0, 2.0]), 1.0), [2.0, 3.0]),
        (vmap(lambda p: overwrite(p[0]) + p[1]), (numpy.array([[1.0, 2.0], [3.0, 4.0]]),), [3.0, 7.0]),
        (vmap(lambda x, w: overwrite(x) + w[0], in_axes=(0, None), reduce="sum"),
         (numpy.arange(20.0), numpy.array([1.0])), 210.0),
    ],
    ids=["alone", "two", "guarded", "column", "columns", "sum"],
)  # fmt: skip
def test_a_result_is_that_of_the_numbers_given_whatever_a_row_in_python_does(f, arguments, expected):
    compiled = jit(f)
    compiled(*(numpy.ones_like(part) if isinstance(part, numpy.ndarray) else 1.0 for part in arguments))
    watched[:] = given = [part.copy() for part in arguments if isinstance(part, numpy.ndarray)]
    try:
        remaining = iter(given)
        fresh = [next(remaining) if isinstance(part, numpy.ndarray) else part for part in arguments]
        assert numpy.asarray(compiled(*fresh)).tolist() == expected
        assert all((part == -100.0).all() for part in given)
    finally:
        watched.clear()


calls: list = []


def counting_down(x):
    return float(calls[0](numpy.array([x - 1.0, 1.0]))) if x > 1 else 1.0


count_down = primitive("calls_count_down", counting_down, (0.0,))


def test_a_row_may_call_the_function_that_called_it():
    calls[:] = [jit(lambda v: v[0] * count_down(v[0]) * v[1])]
    try:
        for n in (1, 3, 6):
            assert calls[0](numpy.array([float(n), 1.0])) == math.factorial(n)
        assert calls[0].stats.traces == 1
    finally:
        calls.clear()


def refusing(x):
    if x == 13:
        raise LookupError("an unlucky number")
    return x


unlucky = primitive("calls_unlucky", refusing, (1.0,))


@pytest.mark.parametrize(
    ("f", "good", "bad"),
    [
        (lambda x: unlucky(x), (1.0,), (13.0,)),
        (lambda v, x: unlucky(v[0]) * x, (numpy.ones(2), 1.0), (numpy.full(2, 13.0), 1.0)),
        (vmap(lambda x: unlucky(x)), (numpy.ones(2),), (numpy.array([1.0, 13.0]),)),
        (vmap(lambda x, y: unlucky(x) * y, in_axes=(None, 0), reduce="sum"), (1.0, numpy.ones(2)),
         (13.0, numpy.ones(2))),
    ],
    ids=["float", "array", "rows", "shared"],
)  # fmt: skip
def test_an_error_of_a_row_reaches_the_caller_and_leaves_nothing_behind(f, good, bad):
    compiled = jit(f)
    expected = plain(compiled(*good))
    for _ in range(3):
        with pytest.raises(LookupError, match="unlucky"):
            compiled(*bad)
        assert plain(compiled(*good)) == expected


def test_beyond_a_missed_guard_nothing_is_raised():
    compiled = jit(vmap(lambda x, limit: unlucky(x) if x < limit else -x, in_axes=(0, None)))
    compiled(numpy.array([1.0, 2.0]), 5.0)
    assert compiled(numpy.array([1.0, 13.0]), 5.0).tolist() == [1.0, -13.0]


def test_threads_call_at_the_same_time():
    compiled = jit(lambda v, x: (v * x, v.sum() if x > 3 else x))
    step = jit(vmap(lambda w, x: w[0] * x, in_axes=(None, 0)))
    compiled(numpy.ones(3), 1.0)
    step(numpy.ones(1), numpy.ones(3))
    wrong = []

    def run(x):
        for _ in range(200):
            scaled, other = compiled(numpy.full(3, x), x)
            rows = step(numpy.array([x]), numpy.full(2000, x))
            if (scaled != x * x).any() or other != (3 * x if x > 3 else x) or (rows != x * x).any():
                wrong.append(x)

    threads = [threading.Thread(target=run, args=(float(place),)) for place in range(2, 6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


# --- What is kept -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("f", "arguments"),
    [
        (lambda x, y: x * y, (1.5, 2.5)),
        (lambda v, x: (v * x, [x, {}]), (MATRIX, 2.5)),
        (lambda v: (v, [v.sum(), (v[0],)]), (MATRIX,)),
        (lambda *many: sum(many), tuple(map(float, range(300)))),
        (vmap(lambda w, p: (w * p, p[0]), in_axes=(None, 0)), (2.5, MATRIX)),
        (vmap(lambda w, p: (w @ p, p[0]), in_axes=(None, 0), reduce="mean"), (MATRIX, MATRIX)),
        (vmap(lambda p: {"out": p}), (MATRIX,)),
    ],
    ids=["floats", "dict", "nested", "many", "rows", "mean", "rows of dicts"],
)
def test_calls_leave_no_memory_and_no_references_behind(f, arguments, ways):
    compiled, times = jit(f), 20_000 if ways == "C" else 2_000

    def call(times):
        for _ in range(times):
            compiled(*arguments)

    call(100)
    references = [sys.getrefcount(argument) for argument in arguments]
    result = compiled(*arguments)
    assert sys.getrefcount(result) == 2
    del result
    tracemalloc.start()
    try:
        call(100)
        before = tracemalloc.get_traced_memory()[0]
        call(times // 20)
        assert tracemalloc.get_traced_memory()[0] - before < 5_000 + times // 10  # two bytes a call
    finally:
        tracemalloc.stop()
    call(times)
    assert [sys.getrefcount(argument) for argument in arguments] == references


@pytest.mark.parametrize("threads", [1, 2])
def test_memory_of_large_results_serves_again_when_nobody_sees_it_any_more(threads, ways):
    f = jit(vmap(lambda x: (x + 1, 2 * x), threads=threads))
    x = numpy.linspace(-1.0, 1.0, 300_000)
    first, second = f(x), f(x)
    assert not any(numpy.may_share_memory(one, other) for one in first for other in second)
    kept = first[1][5:]
    del first
    third = f(x)
    assert not any(numpy.may_share_memory(kept, other) for other in third)
    kept[:] = 0.0
    for result in (second, third):
        assert result[0].tolist() == (x + 1).tolist()
        assert result[1].tolist() == (2 * x).tolist()
    if ways == "C":
        places = {array.ctypes.data for array in (*second, *third)}
        del second, third, result
        assert {array.ctypes.data for array in f(x)} <= places


def test_what_fails_leaves_no_references_behind():
    compiled = jit(lambda v: (v, unlucky(v[0])))
    compiled(numpy.ones(2))
    bad, integers = numpy.full(2, 13.0), numpy.array([1, 2])
    references = sys.getrefcount(bad), sys.getrefcount(integers)
    for _ in range(50):
        with pytest.raises(LookupError):
            compiled(bad)
        compiled(integers)
    gc.collect()
    assert (sys.getrefcount(bad), sys.getrefcount(integers)) == references


def test_a_function_that_refers_to_itself_is_freed_by_the_collector():
    def factory():
        def f(v):
            return v * 2 if box else v

        box = [jit(f)]
        box[0](numpy.ones(2))
        box[0](numpy.ones(2))
        return weakref.ref(box[0]), weakref.ref(box[0]._all_paths()[0].kernel)

    references = factory()
    gc.collect()
    assert [reference() for reference in references] == [None, None]


# --- Dispatchers --------------------------------------------------------------------------------------


@pytest.fixture(
    params=sorted({buffers.Dispatcher, foreign.Dispatcher}, key=repr), ids=lambda kind: kind.__module__
)
def dispatcher(request):
    class Dispatched(request.param):
        def _at_length(self, *arguments, **keywords):
            return "at length", arguments, keywords

    return Dispatched()


def test_the_first_way_that_answers_does(dispatcher):
    assert dispatcher(1) == ("at length", (1,), {})
    dispatcher.ways = (lambda x: None, lambda x: 2 * x, lambda x: 3 * x)
    assert dispatcher(1) == 2
    dispatcher.ways = (lambda x: None,)
    assert dispatcher(1) == ("at length", (1,), {})
    assert dispatcher(1, y=2) == ("at length", (1,), {"y": 2})
    dispatcher.ways = (lambda x: 2 * x,)
    with autograd.no_grad():
        assert dispatcher(1) == ("at length", (1,), {})
    assert dispatcher(*(), 5) == 10


def test_an_error_on_the_way_is_the_callers(dispatcher):
    dispatcher.ways = (lambda x: 1 / x,)
    with pytest.raises(ZeroDivisionError):
        dispatcher(0)


def test_a_way_may_replace_the_ways(dispatcher):
    def replacing(x):
        dispatcher.ways = ()

    dispatcher.ways = (replacing, lambda x: 2 * x)
    assert dispatcher(1) == 2
    assert dispatcher(1) == ("at length", (1,), {})
