"""The gallery: `python docs/gallery.py` (or `make gallery`) writes docs/gallery/ anew, always the same bytes.

Each picture is a function without arguments; its docstring is the caption, its body what a reader would
type.  The embedded engine lays all of them out, so that no other program decides how they look.
"""

from __future__ import annotations

import os
import random
import textwrap
from collections.abc import Callable
from pathlib import Path

from autograd import Value, draw, log, scope, trace
from autograd.drawing import Picture
from nn import MLP

FOLDER = Path(__file__).with_suffix("")
FORMATS = ("svg", "png", "dot")


def neuron() -> Picture:
    """The lecture's neuron: values, adjoints, and the local derivative on every edge."""
    x1, x2, w1, w2 = Value(2.0, "x1"), Value(0.0, "x2"), Value(-3.0, "w1"), Value(1.0, "w2")
    o = (x1 * w1 + x2 * w2 + Value(6.8813735870195432, "b")).tanh()
    o.label = "o"
    o.backward()
    return draw(o)


def neuron_as_micrograd() -> Picture:
    """The same in micrograd's style, with operations as boxes of their own."""
    x1, x2, w1, w2 = Value(2.0, "x1"), Value(0.0, "x2"), Value(-3.0, "w1"), Value(1.0, "w2")
    o = (x1 * w1 + x2 * w2 + Value(6.8813735870195432, "b")).tanh()
    o.label = "o"
    o.backward()
    return draw(o, style="micrograd")


def neuron_backward() -> Picture:
    """Backward: arrows from results to operands, each with what it hands back."""
    x1, x2, w1, w2 = Value(2.0, "x1"), Value(0.0, "x2"), Value(-3.0, "w1"), Value(1.0, "w2")
    o = (x1 * w1 + x2 * w2 + Value(6.8813735870195432, "b")).tanh()
    o.label = "o"
    return draw(o, view="backward")


def readme() -> Picture:
    """The expression of micrograd's README."""
    a, b = Value(-4.0, "a"), Value(2.0, "b")
    c = a + b
    d = a * b + b**3
    c += c + 1
    c += 1 + c + (-a)
    d += d * 2 + (b + a).relu()
    d += 3 * d + (b - a).relu()
    e = c - d
    f = e**2
    g = f / 2.0
    g += 10.0 / f
    g.label = "g"
    g.backward()
    return draw(g)


def readme_highlighted() -> Picture:
    """What carries a gradient from g to a, with the share of it that passes through each edge."""
    a, b = Value(-4.0, "a"), Value(2.0, "b")
    c = a + b
    d = a * b + b**3
    c += c + 1
    c += 1 + c + (-a)
    d += d * 2 + (b + a).relu()
    d += 3 * d + (b - a).relu()
    g = (c - d) ** 2 / 2.0
    g.label = "g"
    g.backward()
    return draw(g, highlight=a)


def square() -> Picture:
    """x*x has two edges, and x receives both contributions."""
    x = Value(3.0, "x")
    y = x * x
    y.label = "y"
    y.backward()
    return draw(y)


def inputs_17() -> Picture:
    """A neuron of 17 inputs, every node."""
    return draw(_wide_neuron(), fold="none")


def inputs_17_folded() -> Picture:
    """The same folded: a Σ for the sum of products, a box for each series of leaves."""
    return draw(_wide_neuron(), fold="sums")


def mlp() -> Picture:
    """micrograd's network, MLP(2, [16, 16, 1]), whole: 979 nodes, folded by themselves."""
    score = _network()
    score.backward()
    return draw(score)


def mlp_repeats() -> Picture:
    """The same with all that computes the same of the same in one box."""
    score = _network()
    score.backward()
    return draw(score, fold="repeats")


def mlp_layers() -> Picture:
    """The same by layer."""
    score = _network()
    loss = (1 - score).relu()
    loss.label = "loss"
    loss.backward()
    return draw(loss, fold="layers")


def not_a_number() -> Picture:
    """Where a nan comes from: the path in red begins at the logarithm of a negative number."""
    x, y = Value(-1.0, "x"), Value(2.0, "y")
    with scope("loss"):
        loss = log(x) * y + y**3
    loss.label = "loss"
    loss.backward()
    return draw(loss)


def gradient() -> Picture:
    """A gradient is a graph: the derivatives of tanh(x*w) by x and w."""
    return draw(trace(lambda x, w: (x * w).tanh())(0.5, -2.0), view="gradient")


def gradient_of_gradient() -> Picture:
    """And so it has a gradient itself: the second derivative of x * sin(x)."""
    first = trace(lambda x: x * x.sin())(0.5).gradient()
    first.outputs[0].label = "f'"
    return draw(first, view="gradient")


def _wide_neuron() -> Value:
    random.seed(17)
    xs = [Value(random.uniform(-1, 1), f"x{i}") for i in range(17)]
    ws = [Value(random.uniform(-1, 1), f"w{i}") for i in range(17)]
    total = Value(0.5, "b")
    for w, x in zip(ws, xs, strict=True):
        total = total + w * x
    o: Value = total.tanh()
    o.label = "o"
    o.backward()
    return o


def _network() -> Value:
    random.seed(1337)
    score: Value = MLP(2, [16, 16, 1])([Value(0.5, "x0"), Value(-1.0, "x1")])
    score.label = "score"
    return score


PICTURES: tuple[Callable[[], Picture], ...] = (
    neuron,
    neuron_as_micrograd,
    neuron_backward,
    readme,
    readme_highlighted,
    square,
    inputs_17,
    inputs_17_folded,
    mlp,
    mlp_repeats,
    mlp_layers,
    not_a_number,
    gradient,
    gradient_of_gradient,
)


def main() -> None:
    """Writes every picture in every format, and the page that shows them."""
    os.environ["AUTOGRAD_GRAPHVIZ"] = "graphviz-pure"
    FOLDER.mkdir(exist_ok=True)
    page = ["# Gallery", "", "Made by `make gallery`; the programs are in [gallery.py](../gallery.py).", ""]
    for make in PICTURES:
        picture = make()
        for format in FORMATS:
            print(picture.write(FOLDER / f"{make.__name__}.{format}"))
        caption = textwrap.dedent(make.__doc__ or "").strip()
        page += [
            f"## {make.__name__.replace('_', ' ')}",
            "",
            caption,
            "",
            f"![{caption}]({make.__name__}.svg)",
            "",
        ]
    (FOLDER / "README.md").write_text("\n".join(page), encoding="utf-8")


if __name__ == "__main__":
    main()
