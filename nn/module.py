"""`Module`: anything that has parameters, found by walking its attributes.

A parameter is a `Value` that a module holds, directly or inside lists, tuples, dicts and other modules, and
that is computed from no others.
The walk follows the order of assignment, so that the same program names the same parameters in the same
order in every process.
"""

from __future__ import annotations

import copy
import math
import reprlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from autograd import Value, identity, real, register_container

__all__ = ["Module"]

_T = TypeVar("_T")


class Module:
    """The base of neurons, layers and networks, and of any class of yours that holds parameters.

    Assign Values, modules, and lists, tuples or dicts of them as attributes; there is nothing to
    declare.  A module copies with `copy.deepcopy` and pickles if its attributes do: a lambda does not pickle.
    The transforms take modules as arguments; the gradient by a module is a dict by parameter name.

    >>> class Line(Module):
    ...     def __init__(self):
    ...         self.slope, self.offset = Value(2.0), Value(1.0)
    ...     def __call__(self, x):
    ...         return self.slope * x + self.offset
    >>> line = Line()
    >>> line(3.0).backward()
    >>> [(name, parameter.grad) for name, parameter in line.named_parameters()]
    [('slope', 3.0), ('offset', 1.0)]
    """

    def __init_subclass__(cls, **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        register_container(cls, _flattened, _rebuilt)

    if TYPE_CHECKING:  # modules are called; with what, each says for itself
        __call__: Callable[..., Any]

    def parameters(self) -> list[Value]:
        """The parameters, each once, in the order of `named_parameters`."""
        return [parameter for _, parameter in self.named_parameters()]

    def named_parameters(self) -> Iterator[tuple[str, Value]]:
        """Every parameter once, with the path that leads to it, in the order of assignment.

        A parameter that is reachable by several paths (shared weights) bears the first of them.  Raises
        ValueError if two have the same path, such as keys 1 and "1" of a dict.

        >>> from nn import Layer
        >>> [name for name, _ in Layer(2, 1).named_parameters()]
        ['neurons.0.w.0', 'neurons.0.w.1', 'neurons.0.b']
        """
        for name, value in _named_values(self):
            if value.primitive in (None, identity):  # a transform's variable is a parameter's identity
                yield name, value

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """The modules that this one holds, though not those within them, with the paths that lead to them.

        >>> from nn import MLP
        >>> [name for name, _ in MLP(2, [3, 1]).named_children()]
        ['layers.0', 'layers.1']
        """
        return _named(Module, "", dict(_parts(self)), set())

    def modules(self) -> Iterator[Module]:
        """This module, and all those within it, each once.

        >>> from nn import MLP
        >>> [type(module).__name__ for module in MLP(2, [1]).modules()]
        ['MLP', 'Layer', 'Neuron']
        """
        visited: dict[int, Module] = {}
        waiting = [self]
        while waiting:
            module = waiting.pop()
            if id(module) not in visited:
                visited[id(module)] = module
                yield module
                waiting.extend(reversed([child for _, child in module.named_children()]))

    def zero_grad(self) -> None:
        """Clears the gradient of every parameter, which `backward` would otherwise add to."""
        for parameter in self.parameters():
            parameter.zero_grad()

    def state_dict(self) -> dict[str, float]:
        """The numbers of the parameters by name, which `load_state_dict` takes.

        >>> from nn import Neuron
        >>> neuron = Neuron(2, initialiser="zeros")
        >>> neuron.load_state_dict({"w.0": 0.5, "w.1": -1.0, "b": 0.25})
        >>> neuron.state_dict()
        {'w.0': 0.5, 'w.1': -1.0, 'b': 0.25}
        """
        return {name: parameter.data for name, parameter in self.named_parameters()}

    def load_state_dict(self, state: Mapping[str, float]) -> None:
        """Sets every parameter to its number in `state`; gradients stay as they are.

        Raises ValueError, and changes nothing, if a name is missing or unknown or a number is not finite;
        TypeError for what is no number.
        """
        parameters = dict(self.named_parameters())
        for names, other, complaint in (
            (parameters, state, "misses"),
            (state, parameters, "has"),
        ):
            wrong = [name for name in names if name not in other]
            if wrong:
                raise ValueError(
                    f"the state {complaint} {_listed(wrong)}, and the {type(self).__name__} "
                    f"{'has' if complaint == 'misses' else 'does not'}: is it another architecture's?"
                )
        for name in parameters:
            number = state[name]
            if isinstance(number, bool) or not isinstance(number, int | float):
                raise TypeError(f"parameter {name} is a number, not {reprlib.repr(number)}")
            if not math.isfinite(real(number)):
                raise ValueError(f"parameter {name} is a finite number, not {reprlib.repr(number)}")
        for name, parameter in parameters.items():
            parameter.data = float(state[name])

    def summary(self) -> str:
        """A table of the modules that this one holds directly, with the number of parameters of each.

        >>> from nn import MLP
        >>> print(MLP(2, [16, 16, 1]).summary())
        layers.0  16 ReLUNeuron(2)    48
        layers.1  16 ReLUNeuron(16)  272
        layers.2  LinearNeuron(16)    17
        total                        337
        """
        rows = [(name, part.title(), len(part.parameters())) for name, part in self.named_children()]
        rows.append(("total", "", len(self.parameters())))
        names, titles, numbers = (
            max(len(str(cell)) for cell in column) for column in zip(*rows, strict=True)
        )
        return "\n".join(
            f"{name:{names}}  {title:{titles}}  {number:{numbers}}" for name, title, number in rows
        )

    def title(self) -> str:
        """What `summary` calls this module, in a few words: by default the name of its class."""
        return type(self).__name__


def _listed(names: Sequence[str]) -> str:
    """The first names, and how many more there are."""
    shown = ", ".join(names[:3])
    return shown if len(names) <= 3 else f"{shown} and {len(names) - 3} more"


def _flattened(module: Module) -> tuple[list[Value], Module, list[str]]:
    """All Values that a module holds, computed ones too: a function of modules may return one."""
    named = list(_named_values(module))
    return [value for _, value in named], module, [name for name, _ in named]


def _rebuilt(module: Module, values: Sequence[Any]) -> Module:
    """A copy of the module with others in place of its Values."""
    replaced = zip(_named_values(module), values, strict=True)
    return copy.deepcopy(module, {id(value): other for (_, value), other in replaced})


def _named_values(module: Module) -> Iterator[tuple[str, Value]]:
    """Every Value that a module holds, once, with its path."""
    names: set[str] = set()
    for name, value in _named(Value, "", module, set()):
        if name in names:
            raise ValueError(f"two parameters are named {name}: rename an attribute or a key")
        names.add(name)
        yield name, value


def _named(kind: type[_T], path: str, thing: Any, visited: set[int]) -> Iterator[tuple[str, _T]]:
    """What is of a kind within modules and containers, each once, with the path that leads to it."""
    if id(thing) in visited:
        return
    if isinstance(thing, kind):
        visited.add(id(thing))
        yield path, thing
    elif isinstance(thing, Module | dict | list | tuple):
        visited.add(id(thing))
        for name, part in _parts(thing):
            yield from _named(kind, f"{path}.{name}" if path else f"{name}", part, visited)


def _parts(container: Any) -> Iterable[tuple[Any, Any]]:
    if isinstance(container, Module):
        return vars(container).items()
    return container.items() if isinstance(container, dict) else enumerate(container)
