"""Neurons, layers and networks as in micrograd, with any activation; modules."""

import copy
import math
import pickle
import random

import numpy as np
import pytest

import autograd
from autograd import Value
from nn import MLP, Layer, Module, Neuron

# --- micrograd's surface ---


def test_a_seeded_neuron_gives_micrograds_numbers():
    random.seed(1337)
    neuron = Neuron(2)
    assert [w.data for w in neuron.w] == [0.23550571390294128, 0.06653114721000164]
    assert neuron.b.data == 0.0
    assert neuron([1.0, -2.0]).data == 0.102443419482938


def test_weights_are_drawn_from_pythons_generator_in_the_order_of_the_parameters():
    random.seed(5)
    model = MLP(3, [2, 1])
    random.seed(5)
    for name, parameter in model.named_parameters():
        assert parameter.data == (0.0 if name.endswith("b") else random.uniform(-1, 1))


def test_reprs_are_micrograds():
    assert repr(Neuron(2)) == "ReLUNeuron(2)"
    assert repr(Neuron(3, nonlin=False)) == "LinearNeuron(3)"
    assert repr(Layer(2, 2)) == "Layer of [ReLUNeuron(2), ReLUNeuron(2)]"
    assert repr(MLP(2, [2, 1])) == (
        "MLP of [Layer of [ReLUNeuron(2), ReLUNeuron(2)], Layer of [LinearNeuron(2)]]"
    )


def test_the_network_of_the_demo_has_337_parameters():
    assert len(MLP(2, [16, 16, 1]).parameters()) == 337


def test_a_layer_gives_a_list_and_one_neuron_a_bare_value():
    assert [type(output) for output in Layer(2, 3)([1.0, 2.0])] == [Value] * 3
    assert isinstance(Layer(2, 1)([1.0, 2.0]), Value)


def test_a_layer_passes_nonlin_on():
    assert not any(neuron.nonlin for neuron in Layer(2, 3, nonlin=False).neurons)


def test_the_sizes_of_a_network_may_be_a_tuple():
    assert [len(layer.neurons) for layer in MLP(2, (4, 1)).layers] == [4, 1]


def test_a_hidden_layer_of_one_neuron_feeds_the_next():
    model = MLP(2, [16, 1, 1])
    model([1.0, -1.0]).backward()
    assert model.layers[-1].neurons[0].b.grad == 1.0


# --- Inputs ---


@pytest.mark.parametrize(
    "point", [[0.5, -2.0], (0.5, -2.0), np.array([0.5, -2.0]), [Value(0.5), Value(-2.0)]]
)
def test_a_point_may_be_a_list_a_tuple_an_array_or_values(point):
    random.seed(7)
    neuron = Neuron(2, activation="tanh")
    w0, w1 = (w.data for w in neuron.w)
    assert neuron(point).data == math.tanh(w0 * 0.5 + w1 * -2.0)


@pytest.mark.parametrize("point", [0.5, 1, Value(0.5), np.float64(0.5), np.array(0.5)])
@pytest.mark.parametrize("model", [Neuron(1), Layer(1, 1), MLP(1, [2, 1])], ids=["Neuron", "Layer", "MLP"])
def test_one_input_may_be_a_bare_number_or_value(model, point):
    assert model(point).data == model([point]).data


@pytest.mark.parametrize("model", [Neuron(2), Layer(2, 3), MLP(2, [3, 1])], ids=["Neuron", "Layer", "MLP"])
@pytest.mark.parametrize(("point", "given"), [([1.0, 2.0, 3.0], 3), ([1.0], 1), ([], 0), (1.0, 1)])
def test_a_wrong_number_of_inputs_is_an_error_with_both_numbers(model, point, given):
    with pytest.raises(ValueError, match=f"^{type(model).__name__} takes 2 inputs, not {given}$"):
        model(point)


def test_an_array_of_points_is_refused_even_if_its_length_fits():
    with pytest.raises(ValueError, match="one point at a time"):
        Neuron(2)(np.ones((2, 2)))


@pytest.mark.parametrize(
    "points",
    [[[1.0, 2.0]] * 2, [[1.0, 2.0]] * 3, [(1.0, 2.0)], [1.0, [2.0]], list(np.ones((2, 2)))],
)
@pytest.mark.parametrize("model", [Neuron(2), Layer(2, 3), MLP(2, [3, 1])], ids=["Neuron", "Layer", "MLP"])
def test_a_list_of_points_is_refused_with_the_way_to_take_them_all(model, points):
    with pytest.raises(ValueError, match=r"one point at a time: \[model\(x\) for x in xs\]$"):
        model(points)


@pytest.mark.parametrize("model", [Neuron(1), Layer(2, 3), MLP(2, [3, 1])], ids=["Neuron", "Layer", "MLP"])
def test_none_is_no_point(model):
    with pytest.raises(TypeError, match="takes a point, a list of numbers or Values, not None"):
        model(None)


def test_arrays_without_axes_are_numbers_of_a_point():
    neuron = Neuron(2)
    assert neuron([np.array(0.5), np.float64(1.0)]).data == neuron([0.5, 1.0]).data


@pytest.mark.parametrize(
    "make", [lambda: Neuron(0), lambda: Layer(2, 0), lambda: MLP(2, []), lambda: MLP(2, [-1])]
)
def test_a_network_of_nothing_is_refused(make):
    with pytest.raises(ValueError, match="is at least 1, not"):
        make()


@pytest.mark.parametrize("sizes", [(2, [3, -1]), (2, [3, 0, 1]), (2, [3, 1.5])])
def test_no_weight_is_drawn_for_a_network_with_a_wrong_size(sizes):
    drawn = []
    with pytest.raises((TypeError, ValueError), match="the number of a layer's neurons is"):
        MLP(*sizes, initialiser=lambda *arguments: drawn.append(arguments) or 0.0)
    assert drawn == []


@pytest.mark.parametrize(
    ("make", "given"),
    [
        (lambda: MLP("3", [1]), "'3'"),
        (lambda: MLP(3.0, [1]), r"3\.0"),
        (lambda: MLP(True, [1]), "True"),
        (lambda: MLP(3, [4.0]), r"4\.0"),
        (lambda: Layer(3, None), "None"),
        (lambda: Neuron([3]), r"\[3\]"),
    ],
)
def test_a_size_that_is_no_whole_number_is_refused(make, given):
    with pytest.raises(TypeError, match=f"the number of a .* is a whole number, not {given}$"):
        make()


def test_one_size_in_place_of_the_list_of_sizes_is_refused():
    with pytest.raises(TypeError, match=r"nouts is a list of layer sizes such as \[4, 4, 1\], not 4$"):
        MLP(3, 4)


def test_sizes_may_be_numpys_whole_numbers():
    assert repr(MLP(np.int64(1), [np.int64(1)])) == repr(MLP(1, [1]))


# --- Activations ---


@pytest.mark.parametrize(
    ("name", "function", "title"),
    [
        ("relu", lambda s: max(s, 0.0), "ReLUNeuron(2)"),
        ("tanh", math.tanh, "TanhNeuron(2)"),
        ("sigmoid", lambda s: 1 / (1 + math.exp(-s)), "SigmoidNeuron(2)"),
        ("leaky_relu", lambda s: s if s > 0 else 0.01 * s, "LeakyReluNeuron(2)"),
        ("sin", math.sin, "SinNeuron(2)"),
        ("square", lambda s: s * s, "SquareNeuron(2)"),
    ],
)
@pytest.mark.parametrize("point", [[0.3, -1.5], [1.5, 0.7], [-2.0, -0.1]])
def test_an_activation_is_chosen_by_name(name, function, title, point):
    random.seed(3)
    neuron = Neuron(2, activation=name)
    weighted = sum(w.data * x for w, x in zip(neuron.w, point, strict=True))
    assert neuron(point).data == pytest.approx(function(weighted), rel=1e-15)
    assert repr(neuron) == title


def test_an_activation_may_be_any_function_of_a_value():
    def shifted(total):
        return total + 10

    neuron = Neuron(1, activation=shifted)
    assert neuron(2.0).data == neuron.w[0].data * 2.0 + 10
    assert repr(neuron) == "ShiftedNeuron(1)"


def test_a_row_of_the_table_is_an_activation_like_its_name():
    assert repr(Neuron(1, activation=autograd.tanh)) == repr(Neuron(1, activation="tanh"))


def test_a_primitive_declared_by_the_user_is_an_activation_by_name():
    autograd.primitive("test_nn_cube", lambda x: x * x * x, (lambda x, out: 3 * x * x,))
    neuron = Neuron(1, activation="test_nn_cube")
    neuron.w[0].data = 2.0
    output = neuron(1.0)
    output.backward()
    assert (output.data, neuron.b.grad) == (8.0, 12.0)


@pytest.mark.parametrize("name", ["rleu", "add", "where", "fsum", "logical_not", "sech2", "Value", "", None])
def test_an_unknown_activation_is_an_error_that_says_what_to_give(name):
    with pytest.raises(
        ValueError, match=f"no activation named {name!r}: give relu, .* function of one Value"
    ):
        Neuron(2, activation=name)


@pytest.mark.parametrize("name", ["rleu", "ReLU"])
def test_an_unknown_activation_is_an_error_that_names_the_closest_one(name):
    with pytest.raises(ValueError, match=r"is it relu\?$"):
        Neuron(2, activation=name)


def test_the_activation_of_a_network_is_that_of_all_layers_but_the_last():
    assert repr(MLP(1, [1, 1, 1], activation="tanh")) == (
        "MLP of [Layer of [TanhNeuron(1)], Layer of [TanhNeuron(1)], Layer of [LinearNeuron(1)]]"
    )


def test_the_gradients_of_a_network_are_the_chain_rules_written_out():
    random.seed(11)
    model = MLP(2, [2, 1], activation="tanh")
    x = (0.4, -1.2)
    hidden, (last,) = model.layers[0].neurons, model.layers[1].neurons
    h = [math.tanh(n.b.data + n.w[0].data * x[0] + n.w[1].data * x[1]) for n in hidden]
    model(x).backward()
    assert last.b.grad == 1.0
    for neuron, output, weight in zip(hidden, h, last.w, strict=True):
        delta = weight.data * (1 - output**2)
        assert weight.grad == pytest.approx(output, rel=1e-14)
        assert neuron.b.grad == pytest.approx(delta, rel=1e-14)
        assert [w.grad for w in neuron.w] == pytest.approx([delta * x[0], delta * x[1]], rel=1e-14)


# --- Biases, initialisers, activations by layer ---


def test_without_a_bias_a_neuron_is_its_weighted_sum():
    neuron = Neuron(2, nonlin=False, bias=False)
    neuron.load_state_dict({"w.0": 2.0, "w.1": -3.0})
    assert neuron([1.0, 0.5]).data == 0.5
    assert neuron.b is None


def test_each_layer_may_have_an_activation_and_a_bias_of_its_own():
    model = MLP(2, [3, 2, 1], activation=["tanh", None, "sigmoid"], bias=[True, False, True])
    assert repr(model.layers[1]) == "Layer of [LinearNeuron(3), LinearNeuron(3)]"
    assert [layer.neurons[0].b is not None for layer in model.layers] == [True, False, True]
    assert 0 < model([1.0, 2.0]).data < 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"activation": ["tanh"]}, "one activation for each of its 2 layers, not 1"),
        ({"bias": [True, True, False]}, "one bias for each of its 2 layers, not 3"),
        ({"initialiser": "xaver"}, "is it xavier?"),
    ],
)
def test_lists_of_another_length_and_unknown_initialisers_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        MLP(2, [3, 1], **arguments)


def test_weights_are_drawn_for_the_sizes_of_their_layer_from_the_generator_given():
    drawn = []

    def recording(nin, nout, generator):
        drawn.append((nin, nout))
        return generator.random()

    state = random.getstate()
    model = MLP(2, [3, 1], initialiser=recording, generator=random.Random(8))
    assert drawn == [(2, 3)] * 6 + [(3, 1)] * 3
    generator = random.Random(8)
    weights = [p.data for name, p in model.named_parameters() if not name.endswith("b")]
    assert weights == [generator.random() for _ in range(9)]
    assert random.getstate() == state


# --- State ---


def test_a_state_brings_another_model_to_the_same_numbers():
    model, other = MLP(2, [3, 1]), MLP(2, [3, 1])
    other.load_state_dict(model.state_dict())
    assert other.state_dict() == model.state_dict()
    assert other([0.5, -1.0]).data == model([0.5, -1.0]).data


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (lambda state: state.pop("b"), ValueError, "the state misses b, and the Neuron has"),
        (lambda state: state.update(c=1.0), ValueError, "the state has c, and the Neuron does not"),
        (lambda state: state.update(b=math.nan), ValueError, "parameter b is a finite number, not nan"),
        (lambda state: state.update(b="1"), TypeError, "parameter b is a number, not '1'"),
        (lambda state: state.update(b=True), TypeError, "parameter b is a number, not True"),
        (lambda state: state.update(dict.fromkeys("cdefg", 1.0)), ValueError, "has c, d, e and 2 more"),
    ],
)
def test_a_wrong_state_is_refused_and_changes_nothing(change, error, message):
    neuron = Neuron(2)
    before, state = neuron.state_dict(), {"w.0": 9.0, "w.1": 9.0, "b": 9.0}
    change(state)
    with pytest.raises(error, match=message):
        neuron.load_state_dict(state)
    assert neuron.state_dict() == before


def test_a_summary_names_the_parts_of_any_module():
    class Pair(Module):
        def __init__(self):
            self.shift = Value(0.0)
            self.networks = {"left": MLP(2, [1]), "right": Neuron(3)}

    assert Pair().summary() == (
        "networks.left   MLP     3\nnetworks.right  Neuron  4\ntotal                   8"
    )


# --- Modules ---


def test_parameters_are_named_by_the_path_that_leads_to_them():
    names = [name for name, _ in MLP(2, [2, 1]).named_parameters()]
    assert names == [
        *("layers.0.neurons.0.w.0", "layers.0.neurons.0.w.1", "layers.0.neurons.0.b"),
        *("layers.0.neurons.1.w.0", "layers.0.neurons.1.w.1", "layers.0.neurons.1.b"),
        *("layers.1.neurons.0.w.0", "layers.1.neurons.0.w.1", "layers.1.neurons.0.b"),
    ]


class Everything(Module):
    """A module with parameters in each kind of container, one of them twice, and a way back to itself."""

    def __init__(self):
        self.gain = Value(1.0)
        self.name = "not a parameter"
        self.rate = 0.5
        self.table = {"offset": Value(2.0), 3: (Value(3.0), [Value(4.0)])}
        self.child = Neuron(1)
        self.shared = self.gain
        self.itself = self


def test_parameters_are_found_in_lists_tuples_dicts_and_modules_each_once_in_the_order_of_assignment():
    module = Everything()
    names = ["gain", "table.offset", "table.3.0", "table.3.1.0", "child.w.0", "child.b"]
    assert [name for name, _ in module.named_parameters()] == names
    assert list(map(id, module.parameters())) == [id(parameter) for _, parameter in module.named_parameters()]


def test_what_is_computed_from_parameters_is_none():
    module = Everything()
    module.remembered = [module.gain * 2]
    assert "remembered.0" not in module.state_dict()
    module.load_state_dict(dict.fromkeys(module.state_dict(), 1.5))


def test_a_transforms_variables_are_parameters_of_the_module_it_calls():
    def squares(module):
        return sum(parameter**2 for parameter in module.parameters())

    gradient = autograd.grad(squares)(Everything())
    assert gradient["table.3.0"] == 6.0
    assert len(gradient) == 6


@pytest.mark.parametrize(
    "table", [{1: Value(1.0), "1": Value(2.0)}, {"a.b": Value(1.0), "a": {"b": Value(2.0)}}]
)
def test_two_parameters_of_one_name_are_refused(table):
    module = Module()
    module.table = table
    with pytest.raises(ValueError, match=r"two parameters are named table\.(1|a\.b): rename"):
        module.parameters()


def test_a_module_without_parameters_has_none():
    assert Module().parameters() == []


def test_zero_grad_clears_what_backward_adds_to():
    model = MLP(2, [3, 1])
    model([1.0, 2.0]).backward()
    once = [parameter.grad for parameter in model.parameters()]
    model.zero_grad()
    assert {parameter.grad for parameter in model.parameters()} == {0.0}
    model([1.0, 2.0]).backward()
    assert [parameter.grad for parameter in model.parameters()] == once


def test_a_modules_own_list_of_parameters_is_the_one_that_zero_grad_clears():
    class Frozen(Module):
        def __init__(self):
            self.trained, self.frozen = Value(1.0), Value(2.0)

        def parameters(self):
            return [self.trained]

    module = Frozen()
    (module.trained * module.frozen).backward()
    module.zero_grad()
    assert (module.trained.grad, module.frozen.grad) == (0.0, 1.0)


@pytest.mark.parametrize(
    "duplicate",
    [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))],
    ids=["deepcopy", "pickle"],
)
def test_a_copy_of_a_model_is_a_model_of_its_own(duplicate):
    random.seed(2)
    model = MLP(2, [3, 1], activation="tanh")
    duplicated = duplicate(model)
    assert repr(duplicated) == repr(model)
    assert duplicated([0.5, 1.0]).data == model([0.5, 1.0]).data
    duplicated([0.5, 1.0]).backward()
    assert all(parameter.grad == 0.0 for parameter in model.parameters())
    assert all(parameter.grad != 0.0 for parameter in duplicated.parameters())
    duplicated.parameters()[0].data = 100.0
    assert model.parameters()[0].data != 100.0


def test_a_copy_keeps_shared_parameters_shared():
    duplicated = pickle.loads(pickle.dumps(copy.deepcopy(Everything())))
    assert duplicated.shared is duplicated.gain
    assert len(duplicated.parameters()) == 6


def test_parameters_and_results_belong_to_the_scope_of_their_layer_and_neuron():
    model = MLP(2, [3, 1])
    assert model.layers[0].neurons[2].w[1].scope == ("layer0", "neuron2")
    assert model.layers[1].neurons[0].b.label == "b"
    output = model([1.0, 2.0])
    assert output.scope == ("layer1", "neuron0")
    scopes = {node.scope for node in autograd.topological_order(output) if node.primitive is not None}
    assert scopes == {
        ("layer0", "neuron0"),
        ("layer0", "neuron1"),
        ("layer0", "neuron2"),
        ("layer1", "neuron0"),
    }


def test_an_error_inside_a_layer_leaves_no_scope_open():
    def failing(total):
        raise RuntimeError("inside the neuron")

    with pytest.raises(RuntimeError, match="inside the neuron") as caught:
        MLP(2, [1, 1], activation=failing)([1.0, 2.0])
    assert caught.tb is not None  # the frames are alive, and yet:
    assert Value(0.0).scope == ()


# --- Modules under the transforms ---


def test_the_gradient_by_a_module_is_a_dict_by_parameter_name():
    random.seed(3)
    model = MLP(2, [2, 1], activation="tanh")

    def loss(model, x):
        return (model(x) - 1) ** 2

    value, gradient = autograd.value_and_grad(loss)(model, [0.5, -1.0])
    loss(model, [0.5, -1.0]).backward()
    assert type(value) is float
    assert gradient == {name: parameter.grad for name, parameter in model.named_parameters()}
    assert autograd.grad(lambda pair: loss(pair["model"], pair["x"]))({"model": model, "x": [0.5, -1.0]})[
        "model"
    ] == pytest.approx(gradient)


def test_a_module_as_argument_of_a_trace_is_replayed_with_other_parameters():
    random.seed(4)
    model, other = MLP(2, [2, 1]), MLP(2, [2, 1])
    graph = autograd.trace(lambda model, x: model(x))(model, [0.5, -1.0])
    assert graph.evaluate(other, [0.25, 1.0]) == other([0.25, 1.0]).data
    gradient = autograd.trace(lambda model, x: autograd.grad(lambda m: m(x))(model))(model, [0.5, -1.0])
    expected = autograd.grad(lambda m: m([0.25, 1.0]))(other)
    assert gradient.evaluate(other, [0.25, 1.0]) == expected


def test_hessian_vector_products_of_a_network():
    random.seed(5)
    model = MLP(1, [2, 1], activation="tanh")
    direction = {name: 1.0 for name, _ in model.named_parameters()}

    def slope(model):
        gradient = autograd.grad(lambda m: m([0.7]) ** 2)(model)
        return sum(gradient[name] * direction[name] for name in direction)

    product = autograd.grad(slope)(model)
    step = 1e-5
    for parameter in model.parameters():
        parameter.data += step
    ahead = autograd.grad(lambda m: m([0.7]) ** 2)(model)
    for parameter in model.parameters():
        parameter.data -= 2 * step
    behind = autograd.grad(lambda m: m([0.7]) ** 2)(model)
    for name in direction:
        assert product[name] == pytest.approx((ahead[name] - behind[name]) / (2 * step), rel=1e-6, abs=1e-8)
