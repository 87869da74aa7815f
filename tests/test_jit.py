"""jit: the bits of the eager engine, a trace for each path through the branches, and never the wrong side."""

import copy
import dataclasses
import enum
import gc
import math
import pickle
import sys
import threading
import warnings
import weakref
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

import numpy
import pytest

import autograd
from autograd import Value, grad, hessian, hvp, jacobian, jit, jvp, trace, value_and_grad, vmap, where
from autograd.compiler import jitting, machine, paths
from nn import MLP, Module, Neuron


def same(a, b):
    """Equal doubles, zeros of either sign told apart, every nan counting as equal."""
    return (a == b and math.copysign(1, a) == math.copysign(1, b)) or (math.isnan(a) and math.isnan(b))


def equal(a, b):
    """The same but for the sign of zero, which no gradient promises."""
    return a == b or (math.isnan(a) and math.isnan(b))


def eager(f, *point):
    """The value that the engine computes, as a float."""
    result = f(*map(Value, point))
    return result.data if isinstance(result, Value) else float(result)


# --- What comes in and what goes out ------------------------------------------------------------------


def weighted(p, scale=1.0):
    return {"sum": p["a"] + p["b"][0] * scale, "both": (p["a"], [p["b"][1] * 2])}


@pytest.mark.parametrize("one", [1.0, 1, True, numpy.float32(1), numpy.int64(1), Fraction(1)], ids=repr)
def test_a_number_of_any_kind_is_the_double_that_it_is(one):
    assert jit(lambda x: x + 0.5)(one) == 1.5


def test_arguments_and_results_are_nested_containers():
    compiled = jit(weighted)
    assert compiled({"a": 1.0, "b": [2.0, 3.0]}, scale=10.0) == {"sum": 21.0, "both": (1.0, [6.0])}
    assert compiled({"a": 2.0, "b": [2.0, 4.0]}, scale=0.5) == {"sum": 3.0, "both": (2.0, [8.0])}
    assert compiled.stats.traces == 1


def test_arrays_come_back_as_float64_arrays():
    compiled = jit(lambda v: (v * v, v.sum()))
    squares, total = compiled(numpy.array([1, 2, 3], dtype=numpy.int32))
    assert squares.dtype == numpy.float64
    assert squares.tolist() == [1.0, 4.0, 9.0]
    assert total == 6.0
    assert compiled(numpy.array([2.0, 0.0, 1.0]))[1] == 3.0
    assert compiled.stats.traces == 1


def test_another_shape_or_container_is_traced_again():
    compiled = jit(lambda v: sum(v[1:], v[0]))
    assert compiled([1.0, 2.0]) == 3.0
    assert compiled([1.0, 2.0, 3.0]) == 6.0
    assert compiled((1.0, 2.0)) == 3.0
    assert compiled(numpy.array([1.0, 2.0])) == 3.0
    assert compiled.stats.traces == 4


def test_a_list_of_two_numbers_and_a_flag_are_not_two_numbers():
    compiled = jit(lambda x, y: x + y if y else x[0] - x[1])
    assert compiled([5.0, 3.0], None) == compiled([5.0, 3.0], False) == 2.0
    assert compiled(5.0, 3.0) == compiled(5, 3.0) == 8.0
    assert compiled([6.0, 3.0], None) == 3.0


def test_a_number_that_does_not_depend_on_the_arguments_is_returned_as_it_is():
    assert jit(lambda x: [x, 2, -0.0])(1.0) == [1.0, 2.0, 0.0]


def test_a_function_without_arguments_computes_with_what_it_captures():
    weight = Value(2.0)
    compiled = jit(lambda: weight * 3)
    assert compiled() == 6.0
    weight.data = 5.0
    assert compiled() == 15.0


@pytest.mark.parametrize(
    "result",
    [None, "text", ["text", 1.0], (1.0, object()), {"a": {"b": b"text"}}, 1j, numpy.array(["text"])],
    ids=["None", "str", "list", "object", "dict", "complex", "texts"],
)
def test_a_function_that_returns_no_numbers_is_refused(result):
    compiled = jit(lambda x: result if x > 0 else x)
    for _ in range(2):
        with pytest.raises(TypeError, match="returns numbers"):
            compiled(1.0)
        assert compiled(-1.0) == -1.0  # which is another path


def test_none_inside_a_container_is_a_part_of_the_result():
    compiled = jit(lambda x: [x * 2, {"nothing": None}])
    assert compiled(1.0) == [2.0, {"nothing": None}]
    assert compiled(2.0) == [4.0, {"nothing": None}]


@pytest.mark.parametrize(
    "argument", [1j, b"x", object(), print], ids=lambda argument: type(argument).__name__
)
def test_an_argument_that_is_no_number_is_refused_with_the_remedy(argument):
    with pytest.raises(TypeError, match="static_argnames"):
        jit(lambda x, y: x)(1.0, argument)


def test_only_functions_are_compiled():
    with pytest.raises(TypeError, match="compiles a function, not float"):
        jit(2.0)


# --- Static arguments ---------------------------------------------------------------------------------


def scaled(x, mode, n=2):
    return sum([x * 10 if mode == "ten" else x] * n) if mode else x


@pytest.mark.parametrize(
    ("mode", "expected"), [("ten", 20.0), ("one", 2.0), (True, 2.0), (False, 1.0), (None, 1.0)]
)
def test_strs_bools_and_none_are_part_of_the_program(mode, expected):
    compiled = jit(scaled, static_argnames="n")
    assert compiled(5.0, "other") == 10.0
    assert compiled(1.0, mode) == expected
    assert compiled.stats.traces == 2
    assert compiled(1.0, mode) == expected
    assert compiled.stats.traces == 2


def test_a_static_argument_is_given_by_position_or_by_name():
    compiled = jit(scaled, static_argnames=["n"])
    assert compiled(1.0, "one", 3) == compiled(1.0, "one", n=3) == compiled(1.0, mode="one", n=3) == 3.0
    assert compiled(1.0, "one", 4) == 4.0
    assert compiled(1.0, "one") == 2.0


def test_a_static_argument_between_others_stays_in_its_place():
    def power(x, n, y):
        return x**n + y

    compiled = jit(power, static_argnames="n")
    assert compiled(2.0, 3, 1.0) == 9.0
    assert compiled(3.0, 2, y=0.5) == 9.5
    assert [node.label for node in compiled.graphs[0].inputs] == ["x", "y"]


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (lambda x, n: x[n], 3.0),
        (lambda x, n: sum([x[0]] * n), 2.0),
        (lambda x, n: sum(x[i] for i in range(n)), 3.0),
        (lambda x, n: sum(x[:n]), 3.0),
        (lambda x, n: x[0] * math.factorial(n), 2.0),
        (lambda x, n: x[0] * float(n), 2.0),
    ],
    ids=["index", "repeat", "range", "slice", "factorial", "float"],
)
def test_a_number_that_python_needs_is_static_and_the_error_says_so(function, expected):
    x = [1.0, 2.0, 3.0]
    assert function(x, 2) == jit(function, static_argnames="n")(x, 2) == expected
    by_rows = vmap(function, in_axes=(None, 0))
    for compiled, n in ((jit(function), 2), (jit(grad(function)), 2), (by_rows, [2]), (jit(by_rows), [2])):
        with pytest.raises(TypeError, match=r"jit\(f, static_argnames=\.\.\.\)"):
            compiled(x, n)


def test_static_arguments_that_are_equal_but_of_other_types_are_told_apart():
    compiled = jit(lambda x, unit: x * 2 if isinstance(unit, bool) else x, static_argnames="unit")
    assert (compiled(1.0, 1), compiled(1.0, True), compiled(1.0, 1.0)) == (1.0, 2.0, 1.0)


def test_static_arguments_are_hashable_parameters_of_the_function():
    with pytest.raises(TypeError, match="hashable"):
        jit(scaled, static_argnames="n")(1.0, "one", n=[2])
    with pytest.raises(ValueError, match="no parameter 'm'"):
        jit(scaled, static_argnames="m")


# --- Arrays of shapes that were seen before --------------------------------------------------------------


@pytest.fixture
def refuse_taking_apart(monkeypatch):
    """Makes a call raise that looks at its arguments number by number."""

    def refuse():
        monkeypatch.setattr(jitting, "Arguments", None)

    return refuse


def mixed(scale, points, shift):
    return {"first": points[0] * scale, "total": points.sum() - shift[1], "size": 2.0}


@pytest.mark.parametrize(
    ("f", "first", "second"),
    [
        (lambda v: v[0] / v[1], ([1.0, 2.0],), ([-0.0, 5.0],)),
        (lambda v: (v.sum(), v * v), ([1.0, 2.0],), ([math.nan, -math.inf],)),
        (lambda v: v.T, ([[1.0, 2.0, 3.0]],), ([[4.0, 5.0, 6.0]],)),
        (lambda v, x: v * x, ([1.0, 2.0], 3.0), ([4.0, 5e-324], 0.5)),
        (mixed, (1.0, [[1.0, 2.0], [3.0, 4.0]], [5.0, 6.0]), (2.0, [[0.5, 2.5], [3.5, 4.5]], [-1.0, 0.25])),
        (lambda v: [v[0], {}], ([1.0],), ([2.0],)),
        (lambda v: (), ([1.0],), ([2.0],)),
        (lambda v: (v.sum(), v), ([[], []],), ([[], []],)),
    ],
    ids=["number", "number and array", "matrix", "array and number", "dict", "list", "nothing", "empty"],
)
def test_numbers_of_arrays_seen_before_go_as_they_lie_in_memory(f, first, second, refuse_taking_apart):
    def arrays(arguments):
        return [numpy.array(part) if isinstance(part, list) else part for part in arguments]

    compiled, expected = jit(f), jit(f)(*arrays(second))
    compiled(*arrays(first))
    refuse_taking_apart()
    assert repr(compiled(*arrays(second))) == repr(expected)
    assert compiled.stats.traces == 1


@pytest.mark.parametrize(
    "matrix",
    [
        numpy.array([[1.0, 2.0], [3.0, 4.0]]),
        numpy.asfortranarray([[1.0, 2.0], [3.0, 4.0]]),
        numpy.array([[1.0, 0.0, 2.0, 0.0], [3.0, 0.0, 4.0, 0.0]])[:, ::2],
        numpy.array([[1, 2], [3, 4]]),
        numpy.array([[1.0, 2.0], [3.0, 4.0]], dtype=">f8"),
        numpy.frombuffer(b"x" + numpy.array([1.0, 2.0, 3.0, 4.0]).tobytes(), offset=1).reshape(2, 2),
        numpy.array([[1.0, 2.0], [3.0, 4.0]]).view(type("Named", (numpy.ndarray,), {})),
        pickle.loads(pickle.dumps(numpy.array([[1.0, 2.0], [3.0, 4.0]]))),
    ],
    ids=["plain", "Fortran", "strided", "integers", "big-endian", "read-only and odd", "subclass", "pickled"],
)
def test_an_array_of_any_layout_may_follow_another(matrix):
    compiled = jit(lambda v: v[0, 0] + 10 * v[0, 1] + 100 * v[1, 0] + 1000 * v[1, 1])
    compiled(numpy.zeros((2, 2)))
    assert compiled(matrix) == 4321.0


def test_a_result_is_the_callers_to_keep_and_to_change():
    compiled = jit(lambda v: (v * 2, v + 1))
    given = numpy.array([1.0, 2.0])
    compiled(given)
    doubled, more = compiled(given)
    doubled[:] = 0.0
    assert more.tolist() == [2.0, 3.0]
    assert compiled(given)[0].tolist() == [2.0, 4.0]
    assert doubled.tolist() == [0.0, 0.0]
    assert given.tolist() == [1.0, 2.0]


def test_arrays_seen_before_take_every_path_and_renew_captured_leaves(refuse_taking_apart):
    weight = Value(2.0)
    compiled = jit(lambda v: v[0] * weight if v[0] > v[1] else -v[1])
    assert [compiled(numpy.array(v)) for v in ([3.0, 1.0], [1.0, 3.0])] == [6.0, -3.0]
    weight.data = 10.0
    refuse_taking_apart()
    assert [compiled(numpy.array(v)) for v in ([3.0, 1.0], [1.0, 4.0], [2.0, 0.0])] == [30.0, -4.0, 20.0]
    assert compiled.stats.traces == 2


def test_an_error_of_a_row_reaches_the_caller_with_arrays_seen_before(refuse_taking_apart):
    compiled = jit(lambda v: unlucky(v[0]) if v[1] > 0 else v[0])
    assert compiled(numpy.array([1.0, 1.0])) == 1.0
    assert compiled(numpy.array([13.0, -1.0])) == 13.0
    refuse_taking_apart()
    assert compiled(numpy.array([13.0, -1.0])) == 13.0
    with pytest.raises(LookupError, match="unlucky"):
        compiled(numpy.array([13.0, 1.0]))
    assert compiled(numpy.array([12.0, 1.0])) == 12.0


def refuse_thirteen(x):
    if x == 13:
        raise LookupError("an unlucky number")
    return x


unlucky = autograd.primitive("jit_unlucky", refuse_thirteen, (1.0,))


def test_a_module_that_is_returned_holds_values_also_for_arrays_seen_before(model):
    def shifted(point):
        neuron = copy.copy(model.layers[0].neurons[0])
        neuron.b = point.sum()
        return neuron

    compiled = jit(shifted)
    compiled(numpy.array([1.0, 2.0]))
    found = compiled(numpy.array([1.0, 3.0])).b
    assert isinstance(found, Value)
    assert found.data == 4.0


# --- Captured leaves and modules ----------------------------------------------------------------------


def test_a_captured_leaf_is_read_at_every_call_and_a_captured_float_is_a_constant():
    weight, factor = Value(2.0), 10.0
    compiled = jit(lambda x: weight * x * factor)
    assert compiled(1.0) == 20.0
    weight.data, factor = 5.0, 0.0
    assert compiled(1.0) == 50.0
    assert compiled.stats.traces == 1


def squared_error(model, point, target):
    return (model(point) - target) ** 2


@pytest.fixture
def model():
    network = MLP(2, [3, 1])
    for place, parameter in enumerate(network.parameters()):
        parameter.data = math.sin(place + 1)
    return network


def test_the_gradient_by_a_module_is_the_dict_that_it_is_without_compiling(model):
    step = value_and_grad(squared_error)
    compiled = jit(step)
    for point in ([1.0, -2.0], [0.5, 0.25], [-3.0, 1.0]):
        assert compiled(model, point, 1.0) == step(model, point, 1.0)


def test_a_model_that_a_compiled_loss_closes_over_trains(model):
    loss = jit(lambda x: squared_error(model, x, 1.0))
    before = loss([1.0, 2.0])
    for parameter in model.parameters():
        parameter.data *= 0.5
    assert loss([1.0, 2.0]) == squared_error(model, [1.0, 2.0], 1.0).data != before


def test_a_module_that_computes_otherwise_is_another_program():
    compiled = jit(lambda neuron, x: neuron([x]))
    neuron = Neuron(1)
    neuron.w[0].data, neuron.b.data = 2.0, 0.0
    assert compiled(neuron, -1.0) == 0.0
    neuron.nonlin = False
    assert compiled(neuron, -1.0) == -2.0
    neuron.nonlin = True
    assert compiled(neuron, -1.0) == 0.0
    assert compiled.stats.traces == 2


class Shifted(Module):
    """A module without parameters."""

    def __init__(self, offset, function=None):
        self.offset = offset
        self.function = function

    def __call__(self, x):
        return (self.function or abs)(x) + self.offset


def test_what_a_module_holds_besides_parameters_is_part_of_the_program():
    compiled = jit(lambda module, x: module(x))
    assert compiled(Shifted(1.0), -2.0) == 3.0
    assert compiled(Shifted(2.0), -2.0) == 4.0
    assert compiled(Shifted(2.0, lambda x: 10 * x), -2.0) == -18.0
    with pytest.raises(TypeError, match="does not pickle"):
        compiled(Shifted(threading.Lock()), 1.0)


def test_a_module_that_is_returned_holds_values(model):
    def moved(network):
        for parameter in network.w:
            assert isinstance(parameter, Value)
        network.b = network.b - 1
        return network

    neuron = Neuron(1)
    result = jit(moved)(neuron)
    assert isinstance(result, Neuron)
    assert (result.b.data, neuron.b.data) == (-1.0, 0.0)


# --- Branches -----------------------------------------------------------------------------------------


def early(x, y):
    if x > y:
        return x
    return y * 2


def collatz(x, y):
    steps = y
    while x > 1:
        x = x / 2 if x % 2 == 0 else 3 * x + 1
        steps += 1
    return steps


def first_power_above(x, y):
    for _ in range(10):
        if y > x:
            break
        y = y * y + 1
    return y


@pytest.mark.parametrize(
    ("f", "points", "paths_taken"),
    [
        (early, [(1.0, 2.0), (2.0, 1.0), (1.0, 1.0), (3.0, 0.0), (math.nan, 1.0)], 2),
        (lambda x, y: max(x, y), [(1.0, 2.0), (2.0, 1.0), (1.0, 1.0)], 2),
        (lambda x, y: x and y, [(0.0, 2.0), (-0.0, 2.0), (2.0, 3.0), (math.nan, 1.0)], 2),
        (lambda x, y: abs(x) * y, [(-1.0, 2.0), (1.0, 2.0)], 1),
        (lambda x, y: where(x > y, x, -y), [(-1.0, 2.0), (3.0, 2.0)], 1),
        (collatz, [(6.0, 0.0), (7.0, 0.0), (12.0, 5.0), (6.0, 1.0), (1.0, 0.0)], 4),
        (first_power_above, [(100.0, 0.0), (3.0, 1.0), (4.0, 1.0), (0.0, 2.0)], 3),
        (lambda x, y: 1 / x if x else y, [(0.0, 2.0), (4.0, 2.0)], 2),
    ],
    ids=["early return", "max", "and", "abs", "where", "while", "for with break", "guarded division"],
)
def test_there_is_one_trace_for_each_path(f, points, paths_taken):
    compiled = jit(f)
    for point in [*points, *reversed(points)]:
        assert same(compiled(*point), eager(f, *point))
    assert compiled.stats.traces == len(compiled.graphs) == paths_taken


@pytest.mark.parametrize("f", [early, collatz, first_power_above])
def test_gradients_take_the_branches_of_the_function(f):
    compiled = jit(grad(f, (0, 1)))
    for point in [(6.0, 1.0), (1.0, 6.0), (3.0, 3.0), (12.0, 0.5)]:
        assert all(map(equal, compiled(*point), grad(f, (0, 1))(*point)))


def test_an_untaken_branch_leaves_no_nan_behind():
    f = jit(grad(lambda x: where(x > 0, autograd.sqrt(x), 0.0) + x * autograd.sqrt(x * x)))
    assert f(4.0) == 8.25
    assert f(0.0) == 0.0
    assert f(-4.0) == 8.0


def test_beyond_a_limit_paths_are_evaluated_without_compiling_and_it_is_said_once(monkeypatch):
    monkeypatch.setattr(paths, "MOST_PATHS", 5)

    def steps(x):
        count = 0
        while x > count:
            count += 1
        return x * count

    compiled = jit(steps)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for n in range(5):
            assert compiled(float(n)) == n * n
    with pytest.warns(RuntimeWarning, match="more than 5 paths") as found:
        assert compiled(5.0) == 25.0
    assert found[0].filename == __file__  # the line that calls, and not one of the package
    assert compiled(6.0) == 36.0
    assert compiled(3.0) == 9.0
    assert len(compiled.graphs) == 5


# --- Transforms ---------------------------------------------------------------------------------------


def wave(x, y):
    return autograd.sin(x * y) * x if x > 0 else y * y


def test_transforms_go_through_a_compiled_function():
    compiled = jit(wave)
    assert grad(compiled)(2.0, 3.0) == grad(wave)(2.0, 3.0)
    assert grad(grad(compiled))(2.0, 3.0) == grad(grad(wave))(2.0, 3.0)
    assert jit(compiled)(2.0, 3.0) == jit(jit(jit(wave)))(2.0, 3.0) == eager(wave, 2.0, 3.0)
    assert jvp(compiled, (2.0, 3.0), (1.0, 0.0)) == jvp(wave, (2.0, 3.0), (1.0, 0.0))
    assert len(trace(compiled)(2.0, 3.0).branches) == 1


def test_a_compiled_function_of_values_records_them():
    x = Value(2.0)
    y = jit(lambda v: v[0] * v[1])([x, 3.0])
    y.backward()
    assert x.grad == 3.0


def test_a_compiled_function_inside_a_transform_sees_the_variables_it_captures():
    assert grad(lambda x: jit(lambda y: x * y)(3.0) * x)(2.0) == 12.0


@pytest.mark.parametrize(
    "transformed",
    [
        grad(wave),
        value_and_grad(wave, (0, 1)),
        hessian(wave, (0, 1)),
        grad(grad(wave, 1)),
        jacobian(lambda x, y: [x * y, wave(x, y)]),
        lambda x, y: hvp(wave, (x, y), (1.0, 2.0)),
        lambda x, y: jvp(wave, (x, y), (y, 1.0)),
    ],
    ids=["grad", "value_and_grad", "hessian", "grad of grad", "jacobian", "hvp", "jvp"],
)
@pytest.mark.parametrize("point", [(2.0, 3.0), (-2.0, 3.0)])
def test_transforms_are_compiled(transformed, point):
    assert jit(transformed)(*point) == transformed(*point)


# --- What a trace refuses -----------------------------------------------------------------------------


def test_what_would_freeze_a_number_is_refused():
    with pytest.raises(RuntimeError, match=r"reading \.data"):
        jit(lambda x: x.data * 2)(1.0)
    with pytest.raises(RuntimeError, match=r"backward\(\) inside a trace"):
        jit(lambda x: (x * x).backward())(1.0)


def test_a_value_kept_from_an_earlier_trace_is_refused_with_its_place():
    kept = []

    def accumulating(state):
        kept.append(state * 2)
        return sum(kept) if state > 0 else sum(kept) * -1

    compiled = jit(accumulating)
    assert compiled(1.0) == 2.0
    with pytest.raises(RuntimeError, match=r"argument state of accumulating at .*test_jit\.py:\d+ was kept"):
        compiled(-1.0)
    with pytest.raises(RuntimeError, match="was kept"):
        jit(lambda x: x * kept[0])(1.0)


def test_an_error_of_the_function_is_the_callers_and_leaves_nothing_behind():
    def failing(x):
        if x > 0:
            raise LookupError("no such thing")
        return x

    compiled = jit(failing)
    for _ in range(2):
        with pytest.raises(LookupError, match="no such thing"):
            compiled(1.0)
        assert compiled(-1.0) == -1.0
    assert compiled.stats.traces == 1


def test_inside_detect_anomaly_the_first_number_that_is_not_finite_raises():
    compiled = jit(lambda x: autograd.log(x) * 0)
    assert math.isnan(compiled(0.0))
    with autograd.detect_anomaly(), pytest.raises(ArithmeticError, match=r"log\(x = 0.0\) is -inf"):
        compiled(0.0)


# --- The compiled function ----------------------------------------------------------------------------


@jit
def module_level(x, y):
    """What it computes."""
    return x * y if x > 0 else y


def test_it_bears_the_name_and_the_words_of_the_function():
    assert module_level.__name__ == "module_level"
    assert module_level.__doc__ == "What it computes."
    assert repr(module_level) == "<compiled module_level>"


def test_a_decorated_function_pickles_by_its_name():
    assert pickle.loads(pickle.dumps(module_level)) is module_level
    assert copy.deepcopy(module_level) is module_level


def test_a_compiled_function_pickles_and_is_compiled_anew():
    compiled = jit(wave, fastmath=False)
    assert compiled(2.0, 3.0) == eager(wave, 2.0, 3.0)
    restored = pickle.loads(pickle.dumps(compiled))
    assert restored.stats.traces == 0
    assert restored(2.0, 3.0) == compiled(2.0, 3.0)
    static = pickle.loads(pickle.dumps(jit(scaled, static_argnames="n")))
    assert static(1.0, "one", 3) == 3.0


def test_a_method_is_compiled_with_its_object_as_an_argument():
    class Line(Module):
        def __init__(self, slope):
            self.slope = Value(slope)

        @jit
        def at(self, x):
            return self.slope * x

    first, second = Line(2.0), Line(3.0)
    assert (first.at(5.0), second.at(5.0)) == (10.0, 15.0)
    assert Line.at.stats.traces == 1


def test_it_tells_what_it_has_traced():
    compiled = jit(early)
    assert compiled.stats == (0, 0, 0.0)
    compiled(1.0, 2.0)
    compiled(2.0, 1.0)
    compiled(3.0, 1.0)
    assert (compiled.stats.traces, compiled.stats.misses) == (2, 1)
    assert compiled.stats.seconds > 0
    assert [graph.branches[0][1] for graph in compiled.graphs] == [True, False]


def test_what_it_compiled_is_freed_with_it():
    gc.collect()
    gc.disable()
    try:
        compiled = jit(lambda x: x * x if x > 0 else x)
        compiled(1.0)
        compiled(-1.0)
        kernels = [weakref.ref(path.kernel) for path in compiled._all_paths()]
        leaves = [weakref.ref(leaf) for graph in compiled.graphs for leaf in graph.inputs]
        del compiled
        assert [reference() for reference in kernels + leaves] == [None] * 4
    finally:
        gc.enable()


def test_threads_share_the_paths():
    compiled, results = jit(collatz), {}

    def run(start):
        results[start] = [compiled(float(n), 0.0) for n in range(start, 14)]

    threads = [threading.Thread(target=run, args=(start,)) for start in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for start, found in results.items():
        assert found == [eager(collatz, float(n), 0.0) for n in range(start, 14)]
    assert compiled.stats.traces == len(compiled.graphs) == 13


COMPILED = [
    (lambda f: jit(f), 3.0, 4.0),
    (lambda f: jit(grad(f)), 3.0, 1.0),
    (lambda f: vmap(f, reduce="sum"), [3.0, 1.0], 6.0),
    (lambda f: jit(vmap(f, reduce="sum")), [3.0, 1.0], 6.0),
]


@pytest.mark.parametrize(("make", "argument", "expected"), COMPILED, ids=["jit", "grad", "vmap", "both"])
def test_a_function_may_wait_for_a_thread_that_calls_it_too(make, argument, expected):
    waits = [True]

    def f(x):
        if waits:
            waits.clear()
            other = threading.Thread(target=lambda: found.append(compiled(argument)), daemon=True)
            other.start()
            other.join(timeout=60)
            assert not other.is_alive()
        return x + 1

    compiled, found = make(f), []
    assert [compiled(argument), *found] == [expected] * 2


@pytest.mark.parametrize(
    ("make", "argument", "expected"), COMPILED[:2] + COMPILED[3:], ids=["jit", "grad", "rows"]
)
def test_threads_that_trace_the_same_path_at_once_keep_one_trace(make, argument, expected):
    together, recorded, found = threading.Barrier(8, timeout=60), [], []

    def f(x):
        if len(recorded) < 8:
            recorded.append(None)
            together.wait()  # until every thread is tracing
        return x + 1

    compiled = make(f)
    threads = [threading.Thread(target=lambda: found.append(compiled(argument))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [expected] * 8
    assert len(recorded) == 8
    assert compiled.stats.traces == len(compiled.graphs) == 1


def test_without_llvmlite_only_compiling_fails_and_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "llvmlite", None)
    monkeypatch.setattr(machine, "_llvm", machine._llvm.__wrapped__)  # without what it has loaded before
    compiled = jit(lambda x: x * x)
    with pytest.raises(ImportError, match=r"python -m pip install 'scalar-autograd\[compile\]'"):
        compiled(3.0)
    assert grad(compiled)(3.0) == 6.0
    assert autograd.vmap(compiled)([1.0, 3.0]).tolist() == [1.0, 9.0]


# --- What tells two calls apart -----------------------------------------------------------------------


def chained(numbers):
    total = 1.0
    for number in numbers.values():
        total = total * number + 1
    return total


def test_dicts_in_another_order_are_another_program():
    compiled = jit(chained)
    for numbers in ({"a": 1.0, "b": 2.0}, {"b": 2.0, "a": 1.0}, {"a": 1.0, "b": 2.0}):
        assert compiled(numbers) == chained(numbers)
    by_name = jit(lambda **numbers: chained(numbers))
    assert (by_name(a=1.0, b=2.0), by_name(b=2.0, a=1.0)) == (5.0, 4.0)
    rows = numpy.arange(3.0)
    over_rows = jit(vmap(chained))
    for columns in ({"a": rows, "b": 2 * rows + 1}, {"b": 2 * rows + 1, "a": rows}):
        assert over_rows(columns).tolist() == vmap(chained)(columns).tolist()


def test_keys_of_another_type_are_another_program():
    compiled = jit(lambda numbers: {key: 2 * number for key, number in numbers.items()})
    assert [repr(compiled({key: 1.0})) for key in (1, 1.0, True)] == ["{1: 2.0}", "{1.0: 2.0}", "{True: 2.0}"]


def test_static_arguments_that_only_compare_equal_are_different():
    scaled = jit(lambda x, by: x * by, static_argnames="by")
    assert [repr(scaled(1.0, by)) for by in (0.0, -0.0)] == ["0.0", "-0.0"]
    chosen = jit(lambda x, s: x * 2 if s[0] is True else x * 3, static_argnames="s")
    assert [chosen(1.0, s) for s in ((1,), (True,), (1.0,))] == [3.0, 2.0, 3.0]


@dataclasses.dataclass(frozen=True)
class Scale:
    factor: object


class Pair(NamedTuple):
    factor: object
    name: str = "pair"


STATIC_KINDS = [
    lambda thing: thing,
    lambda thing: (1, (thing,)),
    lambda thing: frozenset([(thing,)]),
    Scale,
    Pair,
    lambda thing: Scale((thing,)),
]


@pytest.mark.parametrize("kind", STATIC_KINDS, ids=["bare", "tuples", "set", "data class", "named", "nested"])
@pytest.mark.parametrize(
    ("one", "other"),
    [
        (0.0, -0.0),
        (complex(0, 0), complex(0, -0.0)),
        (numpy.float32(0), numpy.float32(-0.0)),
        (Decimal("0"), Decimal("-0")),
        (1, True),
    ],
    ids=repr,
)
def test_static_arguments_are_told_apart_wherever_they_are(kind, one, other):
    compiled = jit(lambda x, static: x * 2, static_argnames="static")
    for static in (one, other, one, other):
        assert compiled(3.0, kind(static)) == 6.0
    assert compiled.stats.traces == 2


@pytest.mark.parametrize("kind", STATIC_KINDS, ids=["bare", "tuples", "set", "data class", "named", "nested"])
@pytest.mark.parametrize(
    "make",
    [
        lambda: float("nan"),
        lambda: complex("nan"),
        lambda: numpy.float32("nan"),
        lambda: Decimal("nan"),
        lambda: numpy.datetime64("NaT"),
    ],
    ids=["float", "complex", "float32", "Decimal", "NaT"],
)
def test_nan_is_one_static_argument_though_it_never_equals_itself(kind, make):
    compiled = jit(lambda x, static: x * 2, static_argnames="static")
    for _ in range(3):
        assert compiled(3.0, kind(make())) == 6.0
    assert compiled.stats.traces == 1


def test_a_class_may_be_static():
    compiled = jit(lambda x, kind: kind(x).factor * 2, static_argnames="kind")
    assert [compiled(3.0, kind) for kind in (Scale, Pair, Scale)] == [6.0] * 3
    assert compiled.stats.traces == 2


def test_empty_ranges_from_different_numbers_are_different():
    compiled = jit(lambda x, r: x * r.start, static_argnames="r")
    assert [compiled(2.0, r) for r in (range(0), range(3, 3))] == [0.0, 6.0]


def test_static_arguments_of_an_enumeration_are_different():
    level = enum.IntEnum("level", ["LOW", "HIGH"])
    compiled = jit(lambda x, n: x * n, static_argnames="n")
    assert [compiled(3.0, n) for n in (level.LOW, level.HIGH, 1, level.LOW)] == [3.0, 6.0, 3.0, 3.0]
    assert compiled.stats.traces == 3


class Tagged:
    """A container of one number, with something besides."""

    def __init__(self, number, tag):
        self.number, self.tag = number, tag


autograd.register_container(
    Tagged, lambda thing: ((thing.number,), thing.tag), lambda tag, children: Tagged(children[0], tag)
)


def by_tag(thing):
    """What tells tags apart: the type, the sign and the size."""
    tag = thing.tag[0] if isinstance(thing.tag, list) else thing.tag
    factor = 7.0 if isinstance(tag, bool) else math.copysign(1, tag) if tag == tag else 5.0
    return thing.number * factor


@pytest.mark.parametrize("wrapped", [lambda tag: tag, lambda tag: [tag]], ids=["bare", "in a list"])
def test_what_a_container_holds_besides_its_children_is_part_of_the_program(wrapped):
    compiled, traces = jit(by_tag), []
    for tag in (0.0, -0.0, 1, True, numpy.float32(-0.0), float("nan"), float("nan"), -0.0):
        assert compiled(Tagged(3.0, wrapped(tag))) == by_tag(Tagged(3.0, wrapped(tag)))
        traces.append(compiled.stats.traces)
    assert traces == [1, 2, 3, 4, 5, 6, 6, 6]


def test_an_array_may_be_what_a_container_holds_besides_its_children():
    compiled = jit(lambda thing: thing.number * thing.tag.sum())
    for tag in ([1.0, 2.0], [1.0, 3.0], [1.0, 2.0]):
        assert compiled(Tagged(2.0, numpy.array(tag))) == 2 * sum(tag)
    assert compiled.stats.traces == 2


def test_dicts_in_another_order_are_another_program_in_any_container():
    compiled = jit(lambda thing: chained(thing.number))
    numbers = {"a": 1.0, "b": 2.0}, {"b": 2.0, "a": 1.0}
    assert [compiled(Tagged(some, "")) for some in numbers] == [5.0, 4.0]


@pytest.mark.parametrize("compiled", [lambda mapped: mapped, jit], ids=["vmap", "jit of vmap"])
def test_rows_of_other_programs_are_refused(compiled):
    orders = {"a": 1.0, "b": 2.0}, {"b": 2.0, "a": 1.0}
    with pytest.raises(TypeError, match="all dicts their keys in one order"):
        compiled(vmap(chained))([*orders])
    with pytest.raises(TypeError, match="all modules the same but for their parameters"):
        compiled(vmap(lambda neuron: neuron([1.0])))([Neuron(1), Neuron(1, nonlin=False)])
    with pytest.raises(TypeError, match="differ in structure"):
        compiled(vmap(by_tag))([Tagged(1.0, 0.0), Tagged(1.0, -0.0)])
    assert compiled(vmap(chained))([orders[0], {"a": 3.0, "b": 2.0}]).tolist() == [5.0, 9.0]


# --- Words ---


def test_options_alone_make_a_decorator():
    @jit(static_argnames="n")
    def power(x, n):
        return x**n

    assert power(3.0, 2) == 9.0
    with pytest.raises(TypeError, match="static_argnames are names of parameters, such as 'n', not 3"):
        jit(power, static_argnames=3)


def test_numbers_are_not_assigned_inside_a_trace():
    weight = Value(1.0)

    def overwriting(x):
        x.data = 3.0
        return x * 2

    def descending(x):
        weight.data -= 0.1
        return weight * x

    for function in (overwriting, descending):
        with pytest.raises(RuntimeError, match=r"assigning \.data inside a trace would be done in"):
            jit(function)(5.0)
    assert weight.data == 1.0


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda v: pickle.loads(pickle.dumps(v))])
def test_leaves_are_not_copied_inside_a_trace(copied):
    weight = Value(1.0)
    for function in (lambda x: copied(x) * x, lambda x: copied(weight) * x):
        with pytest.raises(RuntimeError, match="copying a leaf inside a trace would freeze the number"):
            jit(function)(3.0)
    assert jit(lambda x: copy.copy(x * 2) * x)(3.0) == 18.0


def test_a_function_of_floats_is_told_its_counterpart_inside_a_trace_as_well():
    with pytest.raises(TypeError, match=r"autograd\.math\.sin\(v\) goes for math\.sin; inside a trace"):
        jit(math.sin)(1.0)
