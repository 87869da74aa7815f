"""vmap: rows of every kind, each on its own path, and under jit the bits of one row after the other."""

import math
import pickle
import random

import numpy
import pytest
from expressions import ROWS, number

import autograd
from autograd import Value, grad, jit, primitive, reduce_mean, reduce_sum, trace, value_and_grad, vmap
from nn import MLP

CLOSE = {"rel": 1e-12, "abs": 1e-12, "nan_ok": True}  # what NumPy's functions and the C library's agree to


def product(x, y):
    return x * y


def branching(x, y):
    """Four paths, for x below 1, 2, 4 and 8 on."""
    while x > 1:
        x = x / 2
        y = y + autograd.exp(x)
    return x * y


def by_rows(f, *columns):
    """What the engine computes for each row."""
    return [f(*map(Value, row)).data for row in zip(*columns, strict=True)]


@pytest.fixture(params=[lambda mapped: mapped, jit], ids=["vmap", "jit of vmap"])
def compiled(request):
    """With NumPy, and as a compiled loop."""
    return request.param


# --- Rows ---------------------------------------------------------------------------------------------

COLUMN = [1.0, 2.0, 3.0]


@pytest.mark.parametrize(
    "rows",
    [
        COLUMN,
        [1, 2, 3],
        numpy.array(COLUMN),
        numpy.array([1, 2, 3]),
        numpy.array(COLUMN, dtype=numpy.float32),
        numpy.array(COLUMN, dtype=">f8"),
        numpy.array(COLUMN, dtype=object),
        numpy.array([1.0, 0.0, 2.0, 0.0, 3.0])[::2],
        numpy.array(COLUMN[::-1])[::-1],
        numpy.frombuffer(numpy.array(COLUMN).tobytes()),
        numpy.asfortranarray(numpy.array([COLUMN, COLUMN]))[0],
    ],
    ids=["list", "ints", "array", "integers", "float32", "big-endian", "objects", "strided", "reversed",
         "read-only", "Fortran"],
)  # fmt: skip
def test_numbers_of_any_kind_and_layout_are_rows(rows, compiled):
    found = compiled(vmap(lambda x: x * x + 1))(rows)
    assert found.dtype == numpy.float64
    assert found.tolist() == [2.0, 5.0, 10.0]


@pytest.mark.parametrize("points", [
    [[1.0, 2.0], [3.0, 4.0]], [(1.0, 2.0), (3.0, 4.0)], numpy.array([[1.0, 2.0], [3.0, 4.0]]),
    numpy.asfortranarray([[1.0, 2.0], [3.0, 4.0]]), (numpy.array([1.0, 3.0]), [2.0, 4.0]),
    [numpy.array([1.0, 2.0]), numpy.array([3.0, 4.0])],
])  # fmt: skip
def test_a_row_is_an_element_of_a_list_or_along_an_axis_or_of_each_part_of_a_tuple(points, compiled):
    assert compiled(vmap(lambda p: p[0] - 10 * p[1]))(points).tolist() == [-19.0, -37.0]


def test_rows_of_dicts(compiled):
    data = {"x": numpy.array([1.0, 2.0]), "y": [3.0, 4.0]}
    assert compiled(vmap(lambda row: row["x"] * row["y"]))(data).tolist() == [3.0, 8.0]


def test_rows_lie_along_the_axis_that_is_named(compiled):
    matrix = numpy.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    for axis in (1, -1):
        assert compiled(vmap(lambda v: v[0] * v[1], in_axes=axis))(matrix).tolist() == [4.0, 10.0, 18.0]


def test_an_argument_without_an_axis_and_keywords_are_shared(compiled):
    mapped = compiled(vmap(lambda w, x, offset: w["slope"] * x + offset, in_axes=(None, 0)))
    assert mapped({"slope": 2.0}, [1.0, 2.0], offset=0.5).tolist() == [2.5, 4.5]


def test_a_flag_is_shared_and_part_of_the_program(compiled):
    mapped = compiled(vmap(lambda x, negate: -x if negate else x, in_axes=(0, None)))
    assert mapped([1.0, 2.0], True).tolist() == [-1.0, -2.0]
    assert mapped([1.0, 2.0], False).tolist() == [1.0, 2.0]


def test_results_are_stacked_in_their_structure(compiled):
    result = compiled(vmap(lambda v: {"sum": v.sum(), "parts": [v, (v[0], 7.0)]}))(
        numpy.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    )
    assert result["sum"].tolist() == [6.0, 15.0]
    assert result["parts"][0].tolist() == [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]
    assert result["parts"][1][0].tolist() == [1.0, 4.0]
    assert result["parts"][1][1].tolist() == [7.0, 7.0]


def test_results_may_be_empty(compiled):
    assert compiled(vmap(lambda x: numpy.zeros(0)))([1.0, 2.0]).shape == (2, 0)
    assert compiled(vmap(lambda x: [x, {}]))([1.0, 2.0])[1] == {}


def test_a_captured_leaf_is_shared_and_read_at_every_call(compiled):
    weight = Value(2.0)
    mapped = compiled(vmap(lambda x: weight * x))
    assert mapped([1.0, 2.0]).tolist() == [2.0, 4.0]
    weight.data = 3.0
    assert mapped([1.0, 2.0]).tolist() == [3.0, 6.0]


def test_what_a_function_captures_is_read_at_every_call_unless_it_is_compiled():
    weight, factor, numbers = Value(2.0), 3.0, [5.0]

    def f(x):
        return weight * x * factor * numbers[0]

    by_numpy, at_a_point, by_rows = vmap(f), jit(f), jit(vmap(f))
    assert by_numpy([1.0])[0] == at_a_point(1.0) == by_rows([1.0])[0] == 30.0
    factor, numbers[0], weight.data = 100.0, 7.0, 4.0
    assert by_numpy([1.0])[0] == 2800.0
    assert at_a_point(1.0) == by_rows([1.0])[0] == 60.0  # constants, and a leaf that is read anew
    weight = Value(10.0)
    assert by_numpy([1.0])[0] == 7000.0
    assert at_a_point(1.0) == by_rows([1.0])[0] == 60.0  # the leaf that was traced


@pytest.mark.parametrize(
    ("in_axes", "arguments", "error", "message"),
    [
        (0, ([1.0, 2.0], [1.0]), ValueError, "same number of rows, not 1 and 2"),
        (0, ([], []), ValueError, "there are no rows"),
        (0, ((), ()), ValueError, "no positional argument has rows: keyword arguments are shared"),
        (0, (None, [1.0]), TypeError, "NoneType has no rows: .* or None in in_axes"),
        (0, ("ab", [1.0, 2.0]), TypeError, "str has no rows"),
        ((0,), ([1.0], [1.0]), ValueError, "in_axes has 1 entries, .* with 2 positional .* None where"),
        (2, (numpy.ones((3, 2)),) * 2, ValueError, r"names axis 2 of an array of shape \(3, 2\)"),
        (-3, (numpy.ones((3, 2)),) * 2, ValueError, r"names axis -3 of an array of shape \(3, 2\)"),
        (0, ([[1.0, 2.0], [3.0]], [1.0, 2.0]), TypeError, "the rows of a list differ in structure"),
        (
            0,
            ([numpy.ones(2), numpy.ones(3)], [1.0, 2.0]),
            TypeError,
            "the rows of a list differ in structure",
        ),
        (0, ({"a": [1.0], "b": [1.0, 2.0]}, [1.0]), ValueError, "same number of rows, not 1 and 2"),
        (0, (numpy.zeros(0), numpy.zeros(0)), ValueError, "there are no rows"),
        (0, (1.0, [1.0]), TypeError, "float has no rows: give a list or an array, or None in in_axes"),
        (0, (numpy.array(1.0), [1.0]), TypeError, "has no rows"),
        ((0, None, 0), ([1.0], 1.0), ValueError, "in_axes has 3 entries, .* with 2 positional"),
        (1, ([1.0], [1.0]), ValueError, "a list has its rows along axis 0, not 1"),
        (1, (numpy.zeros(2), numpy.zeros(2)), ValueError, r"names axis 1 of an array of shape \(2,\)"),
        (0, ([1.0, [2.0]], [1.0, 2.0]), TypeError, "the rows of a list differ in structure"),
        (0, ([1.0, "two"], [1.0, 2.0]), TypeError, "rows are of numbers, not of str"),
        (0, ([1.0, None], [1.0, 2.0]), TypeError, "the rows of a list differ in structure"),
        (0, (numpy.array([True]), [1.0]), TypeError, "not of bool: array.astype"),
        (0, (numpy.array([1j]), [1.0]), TypeError, "not of complex128"),
        (0, (numpy.array(["x"]), [1.0]), TypeError, "rows are of numbers"),
        (0, (numpy.array([None]), [1.0]), TypeError, "expected a real number"),
        ((0, None), ([1.0], object()), TypeError, "takes numbers"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(in_axes, arguments, error, message, compiled):
    with pytest.raises(error, match=message):
        compiled(vmap(product, in_axes))(*arguments)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"in_axes": "0"}, TypeError, "in_axes is an int, None, or a tuple"),
        ({"in_axes": [0]}, TypeError, "in_axes is an int, None, or a tuple"),
        ({"in_axes": (0, True)}, TypeError, "in_axes is an int, None, or a tuple"),
        ({"in_axes": 1.0}, TypeError, "in_axes is an int, None, or a tuple"),
        ({"in_axes": (0, (0,))}, TypeError, "in_axes is an int, None, or a tuple"),
        ({"in_axes": ()}, ValueError, "names no argument with rows"),
        ({"reduce": ["sum"]}, ValueError, "reduce is None, 'sum' or 'mean', not"),
        ({"threads": True}, ValueError, "threads is a whole number from 1 on, not True"),
        ({"in_axes": None}, ValueError, "names no argument with rows"),
        ({"in_axes": (None, None)}, ValueError, "names no argument with rows"),
        ({"reduce": "max"}, ValueError, "reduce is None, 'sum' or 'mean', not 'max'"),
        ({"threads": 0}, ValueError, "threads is a whole number from 1 on, not 0"),
    ],
)
def test_options_that_mean_nothing_are_refused(options, error, message):
    with pytest.raises(error, match=message):
        vmap(product, **options)


def test_only_functions_are_mapped():
    with pytest.raises(TypeError, match="vmap applies a function to rows, not int: 3"):
        vmap(3)


NO_NUMBERS = {
    "None": None,
    "str": "text",
    "bytes": b"text",
    "complex": 1j,
    "list": [1.0, "text"],
    "dict": {"a": {"b": "text"}},
    "texts": numpy.array(["text"]),
    "type": float,
}


@pytest.mark.parametrize("result", NO_NUMBERS.values(), ids=NO_NUMBERS.keys())
def test_a_function_that_returns_no_numbers_is_refused(result, compiled):
    for rows in ([1.0, 2.0], [Value(1.0), Value(2.0)]):
        for always in (True, False):  # or for the second row alone
            with pytest.raises(TypeError, match="returns numbers"):
                compiled(vmap(lambda x, always=always: result if always or x > 1 else x))(rows)


@pytest.mark.parametrize("result", [[1.0, None], [], (), {}])
def test_paths_of_other_containers_are_refused_with_both(result, compiled):
    with pytest.raises(TypeError, match=r"differ in structure: number and .*; return the same containers"):
        compiled(vmap(lambda x: result if x > 1 else x))([1.0, 2.0])
    with pytest.raises(TypeError, match=r"differ in structure: number and \(array of shape \(2,\), number\)"):
        compiled(vmap(lambda x: (numpy.array([x, x]), 1.0) if x > 1 else x))([1.0, 2.0])


def test_none_inside_a_container_is_a_part_of_the_result(compiled):
    numbers, nothing = compiled(vmap(lambda x: [x * 2, None]))([1.0, 2.0])
    assert numbers.tolist() == [2.0, 4.0]
    assert nothing is None


def test_static_arguments_are_bound_before_mapping():
    with pytest.raises(ValueError, match=r"functools\.partial"):
        jit(vmap(product), static_argnames="y")


# --- Paths --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 2, 5, 100])
def test_every_row_takes_its_own_path(count, compiled):
    generator = random.Random(count)
    rows = [generator.uniform(0, 8) for _ in range(count)]
    found = compiled(vmap(branching))(rows, numpy.arange(float(count)))
    assert found == pytest.approx(by_rows(branching, rows, range(count)), **CLOSE)


def test_the_loop_is_compiled_once_for_each_path_with_the_bits_of_the_engine():
    mapped = jit(vmap(branching))
    rows = [0.5, 3.0, 1.5, 7.0, 0.25, math.nan, 1.0, 6.0]
    for _ in range(2):
        found = mapped(rows, [1.0] * 8).tolist()
        assert repr(found) == repr(by_rows(branching, rows, [1.0] * 8))
    assert mapped.stats.traces == 4


@pytest.mark.parametrize("reduce", ["sum", "mean"])
def test_rows_of_several_paths_are_reduced_in_the_order_of_rows(reduce):
    generator = random.Random(1)
    rows = [generator.uniform(0, 8) for _ in range(1500)]
    reduction = {"sum": reduce_sum, "mean": reduce_mean}[reduce]
    mapped = jit(vmap(branching, reduce=reduce))
    for _ in range(2):
        assert mapped(rows, [1.0] * 1500) == reduction(by_rows(branching, rows, [1.0] * 1500))
    assert mapped.stats.traces == 4


@pytest.mark.parametrize("reduce", [None, "sum", "mean"])
@pytest.mark.parametrize("threads", [1, 3])
def test_rows_of_arrays_seen_before_go_as_they_lie_in_memory(monkeypatch, reduce, threads):
    weight = Value(3.0)

    def f(matrix, point, label, scale):
        return {"norm": matrix @ point, "loss": autograd.exp(weight * label) * scale}

    generator = numpy.random.default_rng(0)
    arguments = [generator.normal(size=size) for size in ((2, 3), (2500, 3), 2500)]
    mapped = vmap(f, in_axes=(None, 0, 0, None), reduce=reduce, threads=threads)
    compiled = jit(mapped)
    compiled(arguments[0] * 2, arguments[1] + 1, arguments[2], 1.0)
    weight.data = 0.5
    expected = jit(mapped)(*arguments, 0.25)
    monkeypatch.setattr("autograd.compiler.mapping.Rows", None)  # which takes arguments apart
    found = compiled(*arguments, 0.25)
    assert numpy.array_equal(found["norm"], expected["norm"])
    assert numpy.array_equal(found["loss"], expected["loss"])
    assert compiled.stats.traces == 1


def test_rows_of_arrays_seen_before_may_take_new_paths():
    mapped = jit(vmap(branching))
    ones = numpy.ones(3)
    for rows in ([0.5, 0.25, 0.75], [0.5, 3.0, 0.5], [7.0, 7.5, 0.5], [0.5, 0.5, 0.5]):
        assert mapped(numpy.array(rows), ones).tolist() == by_rows(branching, rows, ones)
    assert mapped.stats.traces == 3


@pytest.mark.parametrize(
    ("second", "error", "message"),
    [
        ((numpy.ones(3), numpy.ones(2)), ValueError, "same number of rows"),
        ((numpy.ones(0), numpy.ones(0)), ValueError, "no rows"),
        ((numpy.ones(3), 1.0), TypeError, "has no rows"),
        ((numpy.ones(3),), ValueError, "in_axes has 2 entries"),
    ],
    ids=["lengths", "none", "number", "arguments"],
)
def test_arguments_that_do_not_fit_are_refused_also_after_some_that_do(second, error, message):
    mapped = jit(vmap(product, in_axes=(0, 0)))
    mapped(numpy.ones(3), numpy.ones(3))
    with pytest.raises(error, match=message):
        mapped(*second)


def test_paths_return_results_of_one_structure(compiled):
    with pytest.raises(TypeError, match="differ in structure"):
        compiled(vmap(lambda x: [x] if x > 1 else x))([1.0, 2.0])


def test_beyond_the_limit_of_paths_rows_are_evaluated_one_by_one(monkeypatch, compiled):
    monkeypatch.setattr("autograd.compiler.paths.MOST_PATHS", 2)
    rows = [0.5, 7.0, 3.0, 1.5, 7.5, 0.75]
    with pytest.warns(RuntimeWarning, match="more than 2 paths") as warned:
        found = compiled(vmap(branching))(rows, [1.0] * 6)
    assert warned[0].filename == __file__
    assert found == pytest.approx(by_rows(branching, rows, [1.0] * 6), **CLOSE)


# --- Bits and order -----------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 7, 8, 9, 1023, 1024, 1025, 2500])
@pytest.mark.parametrize("reduce", ["sum", "mean"])
def test_a_reduction_has_the_bits_of_its_definition_in_any_number_of_threads(count, reduce):
    generator = random.Random(count)
    rows = [generator.uniform(-1, 1) * 10 ** generator.randrange(-9, 9) for _ in range(count)]
    expected = {"sum": reduce_sum, "mean": reduce_mean}[reduce]([x * x * 0.1 for x in rows])
    for threads in (1, 2, 5):
        assert jit(vmap(lambda x: x * x * 0.1, reduce=reduce, threads=threads))(rows) == expected


def test_a_training_step_has_the_bits_of_its_rows():
    model = MLP(2, [4, 1])
    for place, parameter in enumerate(model.parameters()):
        parameter.data = math.sin(place + 1)

    def loss(model, point, label):
        return (1 - label * model(point)).relu()

    generator = random.Random(2)
    points = [[generator.uniform(-1, 1), generator.uniform(-1, 1)] for _ in range(37)]
    labels = [generator.choice([-1.0, 1.0]) for _ in points]
    step = jit(vmap(value_and_grad(loss), in_axes=(None, 0, 0), reduce="mean"))
    for _ in range(3):
        value, gradient = step(model, points, labels)
        rows = [value_and_grad(loss)(model, *row) for row in zip(points, labels, strict=True)]
        assert value == reduce_mean([row[0] for row in rows])
        for name, parameter in model.named_parameters():
            assert gradient[name] == reduce_mean([row[1][name] for row in rows])
            parameter.data -= 0.1 * gradient[name]
    assert step.stats.traces == 1


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_numpy_evaluates_every_row_of_the_table_as_the_engine_does(row):
    if any(isinstance(interval, range) for interval in row.domain):
        return  # an argument that is a whole number is no column
    arity = 3 if row.variadic else row.arity
    generator = random.Random(row.name)
    columns = [[number(generator) for _ in range(30)] for _ in range(arity)]
    found = vmap(lambda *x: row(*x) * 1)(*columns)
    expected = [float(row(*point)) for point in zip(*columns, strict=True)]
    assert found.tolist() == pytest.approx(expected, **CLOSE)


def test_a_row_that_numpy_does_not_know_is_evaluated_by_its_own_value():
    halved = primitive("vmap_halved", lambda x: math.ldexp(x, -1), (0.5,))
    assert vmap(lambda x: halved(x) + 1)([1.0, 3.0]).tolist() == [1.5, 2.5]


# --- Values and transforms ----------------------------------------------------------------------------


def test_rows_of_values_are_recorded(compiled):
    rows = [Value(1.0), Value(2.0)]
    total = compiled(vmap(product, in_axes=(0, None), reduce="sum"))(rows, 3.0)
    total.backward()
    assert (total.data, [row.grad for row in rows]) == (9.0, [3.0, 3.0])
    stacked = compiled(vmap(product, in_axes=(0, None)))(numpy.array(rows, dtype=object), 3.0)
    assert [value.data for value in stacked] == [3.0, 6.0]


def test_transforms_and_traces_see_every_row(compiled):
    total = compiled(vmap(product, in_axes=(None, 0), reduce="mean"))
    assert grad(total)(3.0, [1.0, 2.0]) == 1.5
    assert jit(grad(total))(3.0, numpy.array([1.0, 2.0])) == 1.5
    assert trace(total)(3.0, [1.0, 2.0]).evaluate(5.0, [1.0, 3.0]) == 10.0


def test_functions_over_rows_nest(compiled):
    table = compiled(vmap(vmap(product, in_axes=(None, 0)), in_axes=(0, None)))
    assert table([1.0, 2.0], [3.0, 4.0, 5.0]).tolist() == [[3.0, 4.0, 5.0], [6.0, 8.0, 10.0]]


def test_a_compiled_function_is_mapped():
    assert vmap(jit(product))([1.0, 2.0], [3.0, 4.0]).tolist() == [3.0, 8.0]
    assert jit(vmap(jit(product)))([1.0, 2.0], [3.0, 4.0]).tolist() == [3.0, 8.0]


def test_it_pickles_and_bears_the_name_of_the_function():
    mapped = vmap(product, in_axes=(0, None), reduce="mean")
    assert mapped.__name__ == "product"
    for restored in (pickle.loads(pickle.dumps(mapped)), pickle.loads(pickle.dumps(jit(mapped)))):
        assert restored([1.0, 2.0], 3.0) == 4.5
