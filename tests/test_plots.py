"""Pictures of a training: what they show, and what they do without matplotlib."""

import sys

import numpy as np
import pytest
from matplotlib import image

from autograd import Value
from nn import MLP, History, Neuron, plot_decision_boundary, plot_gradient_flow, plot_history

SEPARABLE = [(-1.0, 0.0), (-2.0, 1.0), (1.0, 0.5), (2.0, -1.0)], [0, 0, 1, 1]


def lines(plot):
    (axes,) = plot.figure.axes
    return {line.get_label(): (list(line.get_xdata()), list(line.get_ydata())) for line in axes.lines}


def test_a_plot_is_a_file_and_shows_itself_in_a_notebook(tmp_path):
    plot = plot_history([1.0, 0.1, 0.01])
    assert plot.write(tmp_path / "history.png") == tmp_path / "history.png"
    assert image.imread(tmp_path / "history.png").shape == (600, 960, 4)
    assert plot._repr_png_().startswith(b"\x89PNG")


def test_a_plot_of_a_training_says_in_a_console_what_it_is():
    assert repr(plot_history([1.0])) == (
        '<Plot "Loss by step of training": .write("plot.png") writes it to a file>'
    )


def test_a_training_on_all_rows_at_once_is_one_line():
    history = History(loss=[4.0, 3.0], rows=20)
    assert lines(plot_history(history)) == {"training": ([0, 1], [4.0, 3.0])}


def test_batches_are_pale_and_an_epochs_mean_and_its_rows_held_out_stand_at_its_last_step():
    history = History(loss=[4.0, 3.0, 2.0, 1.0, 0.5], validation_loss=[3.25, 1.25], rows=20, batch_size=10)
    plot = plot_history(history)
    assert lines(plot) == {
        "each batch": ([0, 1, 2, 3, 4], [4.0, 3.0, 2.0, 1.0, 0.5]),
        "training": ([1, 3], [3.5, 1.5]),
        "held out": ([1, 3], [3.25, 1.25]),
    }
    (axes,) = plot.figure.axes
    assert [line.get_alpha() for line in axes.lines] == [0.25, None, None]
    assert len(axes.get_legend().texts) == 3


@pytest.mark.parametrize(("losses", "scale"), [([2.0, 1.0], "log"), ([1.0, 0.0], "linear"), ([], "log")])
def test_losses_that_have_no_logarithm_are_drawn_on_a_linear_scale(losses, scale):
    assert plot_history(losses).figure.axes[0].get_yscale() == scale


def test_the_boundary_colours_each_side_as_its_points(tmp_path):
    """A model whose score is x: the left of the picture is blue, the right is not."""
    plot = plot_decision_boundary(lambda point: Value(point[0]), *SEPARABLE)
    pixels = image.imread(plot.write(tmp_path / "boundary.png"))
    height, width, _ = pixels.shape
    (left_red, _, left_blue, _), (right_red, _, right_blue, _) = (
        pixels[height // 4, int(width * share)] for share in (0.25, 0.85)
    )
    assert left_blue > left_red
    assert right_blue < right_red


@pytest.mark.parametrize("threshold", [0.0, 0.5])
@pytest.mark.parametrize("score", [-0.5, 0.0, 0.5, 3.0])
def test_a_model_without_a_boundary_is_drawn_too(score, threshold):
    plot = plot_decision_boundary(lambda point: Value(score), *SEPARABLE, threshold=threshold)
    assert plot._repr_png_()


@pytest.mark.parametrize(
    ("points", "labels", "message"),
    [
        ([(0.0, 1.0)], [0, 1], "2 labels for 1 points"),
        ([(0.0, 1.0), (1.0, 0.0)], [1, -1], "labels 0 and 1, not -1"),
        ([], [], "at least one point"),
        ([(0.0, 1.0, 2.0), (1.0, 0.0, 2.0)], [0, 1], r"points of two numbers, not \(0\.0, 1\.0, 2\.0\)"),
        ([0.0, 1.0], [0, 1], r"points of two numbers, not 0\.0"),
    ],
)
def test_points_without_a_label_each_have_no_boundary(points, labels, message):
    with pytest.raises(ValueError, match=message):
        plot_decision_boundary(Neuron(2), points, labels)


def test_several_scores_have_no_boundary():
    with pytest.raises(ValueError, match="that of one score, and the model gives 3"):
        plot_decision_boundary(MLP(2, [3]), *SEPARABLE)


@pytest.mark.parametrize(
    ("x_scale", "y_scale", "aspect"),
    [(1.0, 1.0, 1.0), (1e-6, 1e-6, 1.0), (1e6, 1e6, 1.0), (1.0, 1e6, "auto"), (1e6, 1.0, "auto")],
)
def test_the_points_fill_the_picture_at_every_scale(x_scale, y_scale, aspect):
    points = [(x * x_scale, y * y_scale) for x, y in SEPARABLE[0]]
    (axes,) = plot_decision_boundary(lambda point: point[0] / x_scale, points, SEPARABLE[1]).figure.axes
    assert axes.get_aspect() == aspect
    assert axes.get_xlim() == pytest.approx((-2.6 * x_scale, 2.6 * x_scale), rel=1e-9)
    assert axes.get_ylim() == pytest.approx((-1.3 * y_scale, 1.3 * y_scale), rel=1e-9)


def test_equal_coordinates_have_a_picture_too():
    points = [(2.0, 0.0), (2.0, 0.0)]
    (axes,) = plot_decision_boundary(lambda point: point[0] - 2, np.array(points), [0, 1]).figure.axes
    assert axes.get_xlim() == pytest.approx((1.7, 2.3))
    assert axes.get_ylim() == pytest.approx((-0.15, 0.15))


def test_the_gradients_of_each_layer_have_a_box():
    model = MLP(2, [3, 1], activation="tanh")
    model([0.5, -1.0]).backward()
    (axes,) = plot_gradient_flow(model).figure.axes
    assert [text.get_text() for text in axes.get_xticklabels()] == [
        "layers.0\n0 of 9 are 0",
        "layers.1\n0 of 4 are 0",
    ]
    sizes = sorted(abs(parameter.grad) for parameter in model.layers[1].parameters())
    whiskers = sorted(y for line in axes.lines for x, y in zip(*line.get_data(), strict=True) if x == 2)
    assert (whiskers[0], whiskers[-1]) == (sizes[0], sizes[-1])


def test_gradients_of_zero_are_counted_and_not_drawn():
    (axes,) = plot_gradient_flow(MLP(2, [3, 1])).figure.axes
    assert axes.get_xticklabels()[0].get_text() == "layers.0\n9 of 9 are 0"


def test_a_model_without_layers_has_no_gradient_flow():
    with pytest.raises(ValueError, match="Neuron holds no modules with parameters, such as layers"):
        plot_gradient_flow(Neuron(2))


def test_without_matplotlib_the_command_to_install_it_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ModuleNotFoundError, match=r'pip install "scalar-autograd\[plot\]"'):
        plot_history([1.0])


def test_a_format_that_is_not_known_leaves_no_file(tmp_path):
    with pytest.raises(ValueError, match="nope"):
        plot_history([1.0]).write(tmp_path / "history.nope")
    assert list(tmp_path.iterdir()) == []
