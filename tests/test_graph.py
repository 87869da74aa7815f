"""A Graph is the recorded program: it lists its nodes, and replays them over any kind of number."""

import copy
import fractions
import math
import pickle

import mpmath
import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd
from autograd import Graph, Value, scope, trace, where


def test_nodes_come_after_their_arguments_and_inputs_default_to_the_leaves():
    x, y = Value(2.0, label="x"), Value(3.0, label="y")
    output = (x * y + x).tanh()
    graph = Graph(output)
    assert graph.inputs == (x, y)
    assert [node.label for node in graph.inputs] == ["x", "y"]
    position = {node: place for place, node in enumerate(graph.nodes)}
    for node in graph:
        assert all(position[a] < position[node] for a in node.arguments if isinstance(a, Value))
    assert len(graph) == 5
    assert graph.outputs[0] is output


def test_the_listing_of_one_path_says_so():
    x = Value(2.0, label="x")
    assert "one path" in str(Graph(x * 2))
    assert "one path" not in str(trace(lambda x: x * 2)(2.0))


def test_the_listing_names_scopes_branches_and_outputs():
    def f(x):
        with autograd.scope("layer"):
            return x * 2 if x > 0 else x

    text = str(trace(f)(3.0))
    assert "%1 = mul(%0, 2.0)  [layer]" in text
    assert "branch greater was True" in text
    assert text.splitlines()[-1] == "output %1"


def test_a_long_listing_is_shortened():
    total = Value(0.0)
    for _ in range(10_000):
        total = total + 1
    text = str(Graph(total))
    assert "more nodes" in text
    assert len(text.splitlines()) < 250


def test_replaying_does_not_need_the_function_again():
    calls = []

    def f(x, y):
        calls.append(None)
        return x * y + autograd.sin(x)

    graph = trace(f)(1.0, 2.0)
    assert graph.evaluate(0.5, 4.0) == 0.5 * 4.0 + math.sin(0.5)
    assert len(calls) == 1


def test_inputs_are_named_after_the_parameters():
    graph = trace(lambda x, weights, *, scale: x * weights[1] * scale["a"])(1.0, [2.0, 5.0], scale={"a": 2.0})
    assert [node.label for node in graph.inputs] == ["x", "weights[0]", "weights[1]", "scale['a']"]


def test_evaluate_takes_and_returns_the_containers_of_the_function():
    graph = trace(lambda p, scale: {"sum": p["a"] + p["b"], "both": [p["a"] * scale, scale]})(
        {"a": 1.0, "b": 2.0}, scale=3.0
    )
    assert graph.evaluate({"a": 10.0, "b": 20.0}, scale=2.0) == {"sum": 30.0, "both": [20.0, 2.0]}
    with pytest.raises(TypeError, match="evaluate takes"):
        graph.evaluate({"a": 10.0}, scale=2.0)
    with pytest.raises(TypeError):
        graph.evaluate({"a": 10.0, "b": 20.0})


def test_an_untraced_graph_takes_one_number_per_input():
    x, y = Value(1.0), Value(2.0)
    assert Graph(x + y, x * y).evaluate(3.0, 4.0) == (7.0, 12.0)
    with pytest.raises(TypeError, match="takes 2 numbers"):
        Graph(x + y).evaluate(1.0)


def test_where_and_comparisons_are_replayed_not_frozen():
    graph = trace(lambda x: where(x > 0, x * x, -x))(2.0)
    assert graph.evaluate(3.0) == 9.0
    assert graph.evaluate(-3.0) == 3.0
    assert graph.branches == ()


def test_where_and_comparisons_are_replayed_in_the_gradient_too():
    gradient = trace(lambda x: autograd.relu(x) + autograd.maximum(x, 2.0) + abs(x))(3.0).gradient()
    assert gradient.evaluate(1.0) == 1 + 0 + 1
    assert gradient.evaluate(3.0) == 1 + 1 + 1
    assert gradient.evaluate(-3.0) == 0 + 0 - 1


@pytest.mark.parametrize(
    "branch", [lambda x: x if x > 1 else -x, lambda x: max(x, 1.0), lambda x: x and x * 2]
)
def test_a_branch_of_python_is_recorded_and_never_answered_with_the_wrong_side(branch):
    graph = trace(branch)(3.0)
    assert len(graph.branches) == 1
    assert graph.evaluate(4.0) == branch(4.0)
    with pytest.raises(ValueError, match="another branch"):
        graph.evaluate(0.0)


def test_a_branch_is_checked_before_anything_beyond_it_is_computed():
    graph = trace(lambda x: 1 / x if x > 0 else x)(2.0)
    with pytest.raises(ValueError, match="another branch"):
        graph.evaluate(fractions.Fraction(0))


def test_a_captured_leaf_is_read_anew_and_a_captured_float_is_a_constant():
    weight, factor = Value(2.0), 10.0
    graph = trace(lambda x: weight * x * factor)(1.0)
    weight.data, factor = 5.0, 0.0
    assert graph.evaluate(1.0) == 50.0


def test_fixed_arguments_must_be_those_of_the_trace():
    graph = trace(lambda x, mode: x if mode == "plain" else -x)(1.0, "plain")
    assert graph.evaluate(2.0, "plain") == 2.0
    with pytest.raises(TypeError, match="trace the function again"):
        graph.evaluate(2.0, "other")


def test_reading_data_or_sweeping_inside_a_trace_raises():
    with pytest.raises(RuntimeError, match=r"autograd\.where"):
        trace(lambda x: x.data)(1.0)
    with pytest.raises(RuntimeError, match=r"autograd\.where"):
        trace(lambda x: (x * 2).data)(1.0)
    with pytest.raises(RuntimeError, match="gradient"):
        trace(lambda x: (x * 2).backward())(1.0)
    assert "Value(data=2.0" in repr(trace(lambda x: (repr(x), x)[1])(2.0).outputs[0])


def test_the_mode_ends_with_an_exception_inside_a_trace():
    with pytest.raises(ZeroDivisionError):
        trace(lambda x: 1 // 0)(1.0)
    assert (Value(1.0) > 0) is True


def test_a_traced_function_must_return_numbers():
    with pytest.raises(TypeError, match="returns numbers"):
        trace(lambda x: "text")(1.0)


@given(st.floats(-3, 3), st.floats(-3, 3))
def test_floats_arrays_mpmath_and_values_agree(x, y):
    def f(x, y):
        return autograd.tanh(x * y) + autograd.exp(-x * x) * autograd.softplus(y) / (1 + x * x)

    graph = trace(f)(0.3, 0.7)
    expected = graph.evaluate(x, y)
    assert expected == f(Value(x), Value(y)).data
    assert graph.evaluate(Value(x), y).data == expected
    with mpmath.workdps(40):
        precise = graph.evaluate(mpmath.mpf(x), mpmath.mpf(y))
    assert isinstance(precise, mpmath.mpf)
    assert expected == pytest.approx(float(precise), rel=1e-14, abs=1e-300)
    batch = graph.evaluate(numpy.array([x, x]), numpy.array([y, 0.0]))
    assert batch.shape == (2,)
    assert batch[0] == pytest.approx(expected, rel=1e-13, abs=1e-300)


def test_sympy_symbols_go_through_a_graph():
    import sympy

    x = sympy.Symbol("x", real=True)
    assert (
        sympy.simplify(
            trace(lambda x: autograd.sin(x) * x)(1.0).gradient().evaluate(x)
            - (x * sympy.cos(x) + sympy.sin(x))
        )
        == 0
    )


def test_values_gives_one_number_per_node():
    x = Value(2.0)
    graph = Graph((x + 1) * x)
    assert graph.values() == [2.0, 3.0, 6.0]
    assert graph.values(3.0) == [3.0, 4.0, 12.0]


def test_the_gradient_is_a_graph_of_the_same_inputs():
    graph = trace(lambda x, y: x * x * y)(2.0, 3.0)
    gradient = graph.gradient()
    assert gradient.inputs == graph.inputs
    assert gradient.evaluate(5.0, 7.0) == (70.0, 25.0)
    assert graph.gradient(graph.inputs[0]).evaluate(5.0, 7.0) == 70.0
    assert graph.gradient(graph.inputs[0]).gradient(graph.inputs[0]).evaluate(5.0, 7.0) == 14.0


def test_an_unused_input_has_gradient_zero():
    assert trace(lambda x, y: x * x)(2.0, 3.0).gradient().evaluate(4.0, 5.0) == (8.0, 0.0)


def test_a_gradient_is_that_of_one_output():
    with pytest.raises(ValueError, match="one output"):
        trace(lambda x: [x, x])(1.0).gradient()


@given(st.floats(-2, 2), st.floats(0.1, 4))
def test_the_gradient_graph_has_the_bits_of_backward(x, y):
    def f(x, y):
        a = x * y + autograd.tanh(x)
        return a * a / y + autograd.relu(a) - autograd.log(y) ** 3 + abs(x) ** y

    gradient = trace(f)(0.5, 1.5).gradient().evaluate(x, y)
    leaves = Value(x), Value(y)
    f(*leaves).backward()
    for got, leaf in zip(gradient, leaves, strict=True):
        assert got == leaf.grad or (math.isnan(got) and math.isnan(leaf.grad))


def test_the_strong_zero_is_decided_anew_at_every_replay():
    gradient = trace(lambda x: x * autograd.sqrt(x))(4.0).gradient()
    assert gradient.evaluate(4.0) == 3.0
    assert gradient.evaluate(0.0) == 0.0


def test_hostile_arguments_of_a_graph_are_refused():
    with pytest.raises(TypeError, match="real number"):
        Graph("x")
    with pytest.raises(TypeError, match="inputs are Values"):
        Graph(Value(1.0), inputs=[1.0])
    x = Value(1.0)
    with pytest.raises(ValueError, match="given twice"):
        Graph(x, inputs=[x, x])


def test_an_empty_graph_and_a_constant_one():
    assert len(Graph()) == 0
    assert trace(lambda x: 5)(1.0).evaluate(2.0) == 5.0


def test_the_same_program_gives_the_same_listing():
    def f(x, y):
        return autograd.hypot(x, y) + x * y

    assert str(trace(f)(1.0, 2.0)) == str(trace(f)(1.0, 2.0))


def test_numpy_numbers_of_any_type_are_traced_and_replayed_as_doubles():
    graph = trace(lambda x: autograd.sin(x * 0.5))(numpy.float32(1.0))
    assert graph.evaluate(numpy.int64(3)) == math.sin(1.5)
    assert trace(lambda x: x * x * x)(1.0).evaluate(numpy.array([10**10])).tolist() == [1e30]


def test_a_power_without_an_exact_value_is_refused_over_fractions():
    with pytest.raises(TypeError, match="exact"):
        trace(lambda x: x**0.5)(2.0).evaluate(fractions.Fraction(-7, 2))


def test_a_block_without_gradients_inside_a_trace_is_replayed():
    def f(x):
        with autograd.no_grad():
            condition, factor = x > 0, x * 3
        return where(condition, x * factor, -2 * x)

    graph = trace(f)(2.0)
    assert graph.evaluate(-3.0) == 6.0
    assert graph.evaluate(4.0) == 48.0
    assert graph.gradient().evaluate(4.0) == 12.0


def test_an_inner_trace_guards_the_inputs_of_the_outer_one():
    with pytest.raises(RuntimeError, match="freeze"):
        trace(lambda x: trace(lambda y: y * x.data)(2.0).evaluate(3.0))(1.0)


def test_a_traced_graph_survives_pickle_and_deepcopy():
    graph = trace(lambda p: p["a"] * p["b"])({"a": 2.0, "b": 3.0})
    for copied in (copy.deepcopy(graph), pickle.loads(pickle.dumps(graph))):
        assert copied.evaluate({"a": 4.0, "b": 5.0}) == 20.0


def test_labels_do_not_break_the_lines_of_a_listing():
    text = str(Graph(Value(1.0, label="a\nb\ud800") * 2))
    assert len(text.splitlines()) == 4
    text.encode()


@given(st.floats(-3, 3))
def test_a_recorded_condition_does_not_change_the_order_of_summation(x):
    def f(x):
        s, t, u = x * 0.1, autograd.sin(x) * 0.7, autograd.exp(x) * 1.3
        return where(t * u > s, s + t, t - s) * u + autograd.maximum(u, s * t)

    leaf = Value(x)
    f(leaf).backward()
    assert trace(f)(0.5).gradient().evaluate(x) == leaf.grad


def test_a_tree_shows_a_shared_node_once_and_what_is_too_deep_further_down():
    x = Value(1.0, "x")
    y = x
    for _ in range(40):
        y = y.sin()
    lines = Graph(y, 2.0).tree().split("\n")
    assert lines[0] == "2.0"
    assert lines[31].endswith("(further down)")
    assert lines[32].startswith("%10 = sin(%9)")
    shared = Graph(x * x + x).tree().split("\n")
    assert [line.endswith("(shared)") for line in shared] == [False, False, False, True]


def test_the_tree_of_a_large_graph_ends_with_a_count():
    y = Value(1.0, "x")
    for _ in range(100_000):
        y = y + 1
    lines = Graph(y).tree().split("\n")
    assert len(lines) == 201
    assert lines[-1] == "... 99,807 more nodes ..."


def test_an_input_is_independent_of_what_it_was_computed_from():
    v = Value(2.0)
    w = v * v
    graph = Graph(autograd.sin(w) * v, inputs=[w, v])
    expected = (2.0 * math.cos(4.0), math.sin(4.0))
    assert graph.gradient().evaluate(4.0, 2.0) == pytest.approx(expected, rel=1e-15)


def test_a_cut_tree_counts_the_nodes_that_it_would_go_on_with():
    def climbing(x):
        y = x
        for _ in range(400):
            if y * 3 > -100:  # branches, whose nodes no output depends on
                y = y + 1
        return y

    graph = trace(climbing)(1.0)
    tree = graph.tree().splitlines()
    shown = {line.split("%")[1].split()[0] for line in tree if "%" in line and "further down" not in line}
    assert tree[-1] == f"... {len(graph) - len(shown)} more nodes ..."


def test_a_scope_that_cannot_be_printed_is_listed_as_python_writes_it():
    with scope("a\nb\x1b[31m"):
        graph = Graph(Value(1.0, "q") * 2)
    for text in (str(graph), graph.tree()):
        assert r"[a\nb\x1b[31m]" in text


def test_the_numbers_of_a_listing_stand_below_each_other():
    with scope("a scope with a name"):
        graph = Graph(Value(1.0, "q") * 2 + 1)
    lines = str(graph).splitlines()[1:4]
    assert len({line.rindex("  ") for line in lines}) == 1


@pytest.mark.parametrize(
    ("fixed", "given"), [(True, 1), (True, False), ("a", "b"), ("1", 1), (True, numpy.ones(2))]
)
def test_a_graph_is_evaluated_for_what_its_trace_was_made_for(fixed, given):
    graph = trace(lambda x, flag: x * 2 if flag else x)(1.0, fixed)
    assert graph.evaluate(3.0, fixed) == 6.0
    with pytest.raises(TypeError, match=r"the trace was made for|evaluate takes what"):
        graph.evaluate(3.0, given)
