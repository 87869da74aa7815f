"""Optimizers: they move parameters against their gradients.

`Optimizer` keeps the parameters, the learning rate, the count of steps and what is remembered of each
parameter; it saves and restores them.  An optimizer itself only says how one parameter moves, in the
letters of its paper where they are words.
"""

from __future__ import annotations

import abc
import inspect
import math
import reprlib
import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, ClassVar

from autograd import Value, sqrt
from nn.ranges import check_nonnegative, check_positive, check_share

__all__ = ["OPTIMIZERS", "SGD", "Adam", "AdamW", "Optimizer", "RMSprop"]

_MOST_STEPS = 2**53  # up to here whole numbers are doubles
_MANY = 32  # parameters, from which on arrays are faster


class Optimizer(abc.ABC):
    """The base of optimizers, and of any of yours: `moved` says how one parameter moves.

    The `parameters` are different Values without arguments, at least one.  The constructor's further
    arguments, `learning_rate` among them, are attributes of the same names: they are the hyperparameters of
    a saved state.  `memory_bounds` names the numbers that are remembered of each parameter, with the least
    that each may be; they start at 0.  `steps` counts the steps taken.  A class may say that it is
    `elementwise`, not for those that inherit from it: its `moved` takes arrays as well, of the numbers of all
    parameters, with the same bits, as +, -, *, / and `autograd.sqrt` do.

    Raises TypeError for a parameter that is no Value, ValueError for none, for one given twice or computed
    from others, or for a learning rate that is not positive and finite.

    >>> class SignSGD(Optimizer):
    ...     def moved(self, data, grad):
    ...         return (data - math.copysign(self.learning_rate, grad),)
    >>> x = Value(3.0)
    >>> x.grad = -10.0
    >>> SignSGD([x], learning_rate=0.5).step()
    >>> x.data
    3.5
    """

    memory_bounds: ClassVar[Mapping[str, float]] = {}
    elementwise: ClassVar[bool] = False

    def __init__(self, parameters: Iterable[Value], learning_rate: float) -> None:
        self.parameters = _checked_parameters(type(self).__name__, parameters)
        self.learning_rate = learning_rate
        self.steps = 0
        self._memory = [[0.0] * len(self.parameters) for _ in self.memory_bounds]

    @abc.abstractmethod
    def moved(self, *arguments: Any, **keywords: Any) -> tuple[float, ...]:
        """Where a parameter goes, and what is remembered of it then.

        The arguments are its data, its gradient, and what is remembered of it, in the order of
        `memory_bounds`; `steps` counts the step being taken already.
        """

    @property
    def learning_rate(self) -> float:
        """The factor of a step's length, positive and finite; may be assigned between steps."""
        return self._learning_rate

    @learning_rate.setter
    def learning_rate(self, learning_rate: float) -> None:
        check_positive("a learning rate", learning_rate)
        self._learning_rate = float(learning_rate)

    def zero_grad(self) -> None:
        """Clears the gradient of every parameter, which `backward` would otherwise add to."""
        for parameter in self.parameters:
            parameter.zero_grad()

    def step(self) -> None:
        """Moves every parameter by the gradient that it holds."""
        self.steps += 1
        columns = [[parameter.data for parameter in self.parameters]]
        columns.append([parameter.grad for parameter in self.parameters])
        data, *self._memory = self._moved([*columns, *self._memory])
        for parameter, number in zip(self.parameters, data, strict=True):
            parameter.data = number

    def _moved(self, columns: list[list[float]]) -> list[list[float]]:
        """The results of `moved`, each a column; at once where NumPy is loaded anyway, to the same bits."""
        numpy = sys.modules.get("numpy")
        if numpy is None or len(self.parameters) < _MANY or not self._is_elementwise():
            return [list(column) for column in zip(*map(self.moved, *columns), strict=True)]
        with numpy.errstate(all="ignore"):  # as floats do, numbers become inf and nan without a word
            moved = self.moved(*map(numpy.array, columns))
        return [numpy.broadcast_to(column, len(self.parameters)).tolist() for column in moved]

    def _is_elementwise(self) -> bool:
        """Whether its own class says so: one that inherits may compute otherwise."""
        return bool(vars(type(self)).get("elementwise")) and "moved" not in vars(self)

    def state_dict(self) -> dict[str, Any]:
        """What a later run needs to go on with the same bits, in plain data that JSON keeps exactly.

        The parameters' own data are not in it: they belong to the model.

        >>> SGD([Value(3.0)], learning_rate=0.25, momentum=0.5).state_dict()["hyperparameters"]
        {'learning_rate': 0.25, 'momentum': 0.5, 'nesterov': False, 'weight_decay': 0.0}
        """
        hyperparameters = {name: getattr(self, name) for name in self._hyperparameters()}
        return {
            "kind": type(self).__name__,
            "parameters": len(self.parameters),
            "steps": self.steps,
            "hyperparameters": {
                name: list(value) if isinstance(value, tuple) else value
                for name, value in hyperparameters.items()
            },
            "memory": {
                name: list(column) for name, column in zip(self.memory_bounds, self._memory, strict=True)
            },
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Takes up what `state_dict` gave, hyperparameters included.

        Raises ValueError, and leaves the optimizer as it was, for the state of another kind of optimizer or
        of another number of parameters, with keys missing or unknown, or with numbers that are not finite
        or out of their range.

        >>> x = Value(3.0)
        >>> adam = Adam([x])
        >>> adam.load_state_dict(SGD([x], learning_rate=0.25).state_dict())
        Traceback (most recent call last):
            ...
        ValueError: this is the state of 'SGD', not of 'Adam': make that optimizer, and load it there
        """
        _check_keys("the state", state, ("kind", "parameters", "steps", "hyperparameters", "memory"))
        kind, steps = type(self).__name__, state["steps"]
        if state["kind"] != kind:
            raise ValueError(
                f"this is the state of {reprlib.repr(state['kind'])}, not of {kind!r}: "
                "make that optimizer, and load it there"
            )
        if state["parameters"] != len(self.parameters):
            raise ValueError(
                f"this state is that of {reprlib.repr(state['parameters'])} parameters, not of "
                f"{len(self.parameters)}: load it beside the model that it was saved with"
            )
        if type(steps) is not int or not 0 <= steps <= _MOST_STEPS:
            raise ValueError(
                f"the number of steps taken is a whole number, at least 0, not {reprlib.repr(steps)}"
            )
        restored = self._remade(state["hyperparameters"])
        restored.steps = steps
        restored._memory = self._checked_memory(state["memory"])
        vars(self).update(vars(restored))

    def __repr__(self) -> str:
        count = len(self.parameters)
        return (
            f"{type(self).__name__}({count} parameter{'' if count == 1 else 's'}, "
            f"learning_rate={self.learning_rate})"
        )

    @classmethod
    def _hyperparameters(cls) -> list[str]:
        _parameters, *names = inspect.signature(cls).parameters
        return names

    def _remade(self, hyperparameters: Any) -> Optimizer:
        """An optimizer of the same kind and parameters, checked by the constructor."""
        _check_keys("the state's hyperparameters", hyperparameters, self._hyperparameters())
        try:
            return type(self)(self.parameters, **hyperparameters)
        except TypeError as error:
            raise ValueError(f"the state's hyperparameters: {error}") from error

    def _checked_memory(self, memory: Any) -> list[list[float]]:
        _check_keys("the state's memory", memory, self.memory_bounds)
        for name, least in self.memory_bounds.items():
            _check_column(name, memory[name], len(self.parameters), least)
        return [list(memory[name]) for name in self.memory_bounds]


class SGD(Optimizer):
    """Gradient descent: a step subtracts `learning_rate * parameter.grad` from every parameter.

    Stochastic when the loss is that of a part of the data.  With `momentum`, at least 0 and less than 1, it
    moves by a velocity v that becomes momentum * v - learning_rate * grad (Sutskever, Martens, Dahl and
    Hinton 2013, "On the importance of initialization and momentum in deep learning"); with `nesterov` by
    momentum * v - learning_rate * grad of the new v (Bengio, Boulanger-Lewandowski and Pascanu 2013,
    "Advances in optimizing recurrent networks", equation 7).  `weight_decay` times the parameter is added
    to its gradient.

    Raises as `Optimizer` does, ValueError also for a momentum or weight decay out of range, or `nesterov`
    without a momentum.

    >>> x = Value(3.0)
    >>> optimizer = SGD([x], learning_rate=0.25)
    >>> for _ in range(3):
    ...     optimizer.zero_grad()
    ...     ((x - 1) ** 2).backward()
    ...     optimizer.step()
    >>> x.data
    1.25
    """

    memory_bounds: ClassVar[Mapping[str, float]] = {"velocity": -math.inf}
    elementwise: ClassVar[bool] = True

    def __init__(
        self,
        parameters: Iterable[Value],
        learning_rate: float,
        *,
        momentum: float = 0.0,
        nesterov: bool = False,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(parameters, learning_rate)
        check_share("momentum", momentum)
        if not isinstance(nesterov, bool):
            raise TypeError(f"nesterov is True or False, not {nesterov!r}")
        if nesterov and not momentum:
            raise ValueError("nesterov looks ahead along the velocity: give a momentum, such as 0.9")
        check_nonnegative("weight decay", weight_decay)
        self.momentum = float(momentum)
        self.nesterov = nesterov
        self.weight_decay = float(weight_decay)

    def moved(self, data: float, grad: float, velocity: float) -> tuple[float, float]:
        """See `Optimizer.moved`."""
        grad = _decayed(grad, data, self.weight_decay)
        if not self.momentum:  # no velocity either: adding one of 0.0 would turn a -0.0 into 0.0
            return data - self.learning_rate * grad, 0.0
        velocity = self.momentum * velocity - self.learning_rate * grad
        if self.nesterov:
            return data + self.momentum * velocity - self.learning_rate * grad, velocity
        return data + velocity, velocity


class Adam(Optimizer):
    """Adam: each parameter moves by its gradient's mean over the root of its square's mean.

    Both means fade, by the `betas` (of the gradient, of its square), each at least 0 and less than 1; as they
    start from 0, a step t divides them by 1 - beta**t.  So the first steps are about `learning_rate` long,
    whatever the loss is scaled by.  `epsilon`, positive, is added to the root.  `weight_decay` times the
    parameter is added to its gradient; see `AdamW`.  Kingma and Ba 2015, "Adam: a method for stochastic
    optimization", algorithm 1.

    Raises as `Optimizer` does, ValueError also for betas, an epsilon or a weight decay out of range.

    >>> x = Value(3.0)
    >>> x.grad = 1000.0
    >>> Adam([x], learning_rate=0.5).step()
    >>> round(x.data, 9)
    2.5
    """

    memory_bounds: ClassVar[Mapping[str, float]] = {"first_moment": -math.inf, "second_moment": 0.0}
    elementwise: ClassVar[bool] = True

    def __init__(
        self,
        parameters: Iterable[Value],
        learning_rate: float = 0.001,
        *,
        betas: Sequence[float] = (0.9, 0.999),
        epsilon: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(parameters, learning_rate)
        if not isinstance(betas, Sequence) or len(betas) != 2:
            raise ValueError(f"betas are two numbers, such as (0.9, 0.999), not {betas!r}")
        for beta in betas:
            check_share("each of the betas", beta)
        check_positive("epsilon", epsilon)
        check_nonnegative("weight decay", weight_decay)
        self.betas = (float(betas[0]), float(betas[1]))
        self.epsilon = float(epsilon)
        self.weight_decay = float(weight_decay)

    def moved(self, data: float, grad: float, first: float, second: float) -> tuple[float, float, float]:
        """See `Optimizer.moved`."""
        grad = _decayed(grad, data, self.weight_decay)
        direction, first, second = self._direction(grad, first, second)
        return data - self.learning_rate * direction, first, second

    def _direction(self, grad: float, first: float, second: float) -> tuple[float, float, float]:
        """The mean gradient over the root of the mean square, and the two moments."""
        beta1, beta2 = self.betas
        first = beta1 * first + (1 - beta1) * grad
        second = beta2 * second + (1 - beta2) * (grad * grad)
        mean = first / (1 - beta1**self.steps)
        mean_square = second / (1 - beta2**self.steps)
        return mean / (sqrt(mean_square) + self.epsilon), first, second


class AdamW(Adam):
    """Adam whose weight decay is a pull towards 0 of its own, which the moments do not see.

    A step subtracts learning_rate * (Adam's direction + weight_decay * parameter): divided by the root of
    the gradients' square, as in Adam, the decay would be least where gradients are large.  Loshchilov and
    Hutter 2019, "Decoupled weight decay regularization", algorithm 2, with the learning rate as its schedule
    multiplier.  Arguments and errors are those of `Adam`.

    >>> x = Value(3.0)
    >>> AdamW([x], learning_rate=0.5, weight_decay=0.1).step()
    >>> x.data
    2.85
    """

    elementwise: ClassVar[bool] = True

    def __init__(
        self,
        parameters: Iterable[Value],
        learning_rate: float = 0.001,
        *,
        betas: Sequence[float] = (0.9, 0.999),
        epsilon: float = 1e-8,
        weight_decay: float = 0.01,
    ) -> None:
        super().__init__(parameters, learning_rate, betas=betas, epsilon=epsilon, weight_decay=weight_decay)

    def moved(self, data: float, grad: float, first: float, second: float) -> tuple[float, float, float]:
        """See `Optimizer.moved`."""
        direction, first, second = self._direction(grad, first, second)
        return data - self.learning_rate * (direction + self.weight_decay * data), first, second


class RMSprop(Optimizer):
    """RMSprop: each parameter moves by its gradient over the root of its square's fading mean.

    The mean keeps the share `decay`, at least 0 and less than 1, at each step, and starts from 0: early
    steps are long.  `epsilon`, positive, is added to the root.  Hinton, Srivastava and Swersky 2012,
    "Neural networks for machine learning", lecture 6e.

    Raises as `Optimizer` does, ValueError also for a decay or an epsilon out of range.

    >>> x = Value(3.0)
    >>> x.grad = 1000.0
    >>> RMSprop([x], learning_rate=0.5, decay=0.75).step()
    >>> round(x.data, 9)
    2.0
    """

    memory_bounds: ClassVar[Mapping[str, float]] = {"mean_square": 0.0}
    elementwise: ClassVar[bool] = True

    def __init__(
        self,
        parameters: Iterable[Value],
        learning_rate: float = 0.01,
        *,
        decay: float = 0.9,
        epsilon: float = 1e-8,
    ) -> None:
        super().__init__(parameters, learning_rate)
        check_share("decay", decay)
        check_positive("epsilon", epsilon)
        self.decay = float(decay)
        self.epsilon = float(epsilon)

    def moved(self, data: float, grad: float, mean_square: float) -> tuple[float, float]:
        """See `Optimizer.moved`."""
        mean_square = self.decay * mean_square + (1 - self.decay) * (grad * grad)
        return data - self.learning_rate * grad / (sqrt(mean_square) + self.epsilon), mean_square


OPTIMIZERS: dict[str, type[Optimizer]] = {"sgd": SGD, "adam": Adam, "adamw": AdamW, "rmsprop": RMSprop}
"""Every optimizer by the name that a command line gives it."""


def _decayed(grad: float, data: float, weight_decay: float) -> float:
    """The gradient of the loss plus half of `weight_decay` times the parameter's square."""
    return grad + weight_decay * data if weight_decay else grad


def _checked_parameters(kind: str, parameters: Iterable[Value]) -> list[Value]:
    if not isinstance(parameters, Iterable):
        raise TypeError(f"{kind} takes the parameters: pass model.parameters(), not {parameters!r}")
    checked = list(parameters)
    if not checked:
        raise ValueError(f"{kind} was given no parameters: pass model.parameters()")
    for parameter in checked:
        if not isinstance(parameter, Value):
            raise TypeError(f"{kind} moves Values: pass model.parameters(), not {parameter!r} in them")
        if parameter.primitive is not None:
            raise ValueError(f"{kind} moves parameters, not what is computed from them: {parameter!r}")
    if len(set(map(id, checked))) < len(checked):
        raise ValueError(f"{kind} was given a parameter twice, and would move it twice in a step")
    return checked


def _check_keys(what: str, given: Any, expected: Collection[str]) -> None:
    if not isinstance(given, dict):
        raise ValueError(f"{what} is a dict, as state_dict() gave it, not {reprlib.repr(given)}")
    if set(given) != set(expected):
        keys = ", ".join(expected) or "no keys"
        raise ValueError(f"{what} has {keys}, not {reprlib.repr(list(given))}")


def _check_column(name: str, numbers: Any, count: int, least: float) -> None:
    """Raises unless there is a finite number, `least` or more, for each parameter."""
    if not isinstance(numbers, list) or len(numbers) != count:
        raise ValueError(f"the state's {name} is a list of {count} numbers, one per parameter")
    for number in numbers:
        if type(number) is not float or not least <= number or not math.isfinite(number):
            raise ValueError(
                f"the state's {name} has finite floats of at least {least}, not {reprlib.repr(number)}"
            )
