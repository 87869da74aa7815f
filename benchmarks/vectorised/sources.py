"""The workloads as functions of whole arrays, as people write them for the peers here.

Each is written once, over whatever array type it is called with.  Its value is one number, or one a row.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from benchmarks.workloads import w1_expression, w3_moons

Function = Callable[..., Any]
"""`function(math, *inputs)`."""


class Source(NamedTuple):
    """A function of inputs, and by how many of these it is differentiated."""

    function: Function
    differentiated: int


def expression(math: Any, x: Any, y: Any, z: Any) -> Any:
    return w1_expression.expression(math, [x, y, z])


def moons(math: Any, parameters: Any, points: Any, sides: Any) -> Any:
    """The loss of a batch: points come one after another, parameters neuron by neuron."""
    activations = points.reshape(-1, 2).T
    start = 0
    for inputs, neurons in w3_moons.LAYERS:
        end = start + neurons * (inputs + 1)
        layer = parameters[start:end].reshape(neurons, inputs + 1)
        activations = layer[:, :-1] @ activations + layer[:, -1:]
        if neurons > 1:
            activations = math.relu(activations)
        start = end
    return math.relu(1 - sides * activations[0]).mean() + 1e-4 * (parameters * parameters).sum()


def rosenbrock(math: Any, x: Any) -> Any:
    return (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()


def black_scholes(math: Any, spot: Any, strike: Any, rate: Any, volatility: Any, years: Any) -> Any:
    """The price of a European call."""
    spread = volatility * math.sqrt(years)
    d1 = (math.log(spot / strike) + (rate + 0.5 * volatility * volatility) * years) / spread

    def normal(x: Any) -> Any:
        return 0.5 * math.erfc(-x * 0.5**0.5)

    return spot * normal(d1) - strike * math.exp(-rate * years) * normal(d1 - spread)


SOURCES = {
    "w1": Source(expression, 3),
    "w3": Source(moons, 1),
    "w4": Source(rosenbrock, 1),
    "w5": Source(black_scholes, 5),
}
