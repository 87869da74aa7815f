"""`Module`: anything that has parameters, found by walking its attributes.

A parameter is a `Value` that a module holds, directly or inside lists, tuples, dicts and other modules.
The walk follows the order of assignment, so that the same program names the same parameters in the same
order in every process.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from autograd import Value, register_container

__all__ = ["Module"]


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

        A parameter that is reachable by several paths (shared weights) bears the first of them.

        >>> from nn import Layer
        >>> [name for name, _ in Layer(2, 1).named_parameters()]
        ['neurons.0.w.0', 'neurons.0.w.1', 'neurons.0.b']
        """
        return _named_values("", self, set())

    def zero_grad(self) -> None:
        """Clears the gradient of every parameter, which `backward` would otherwise add to."""
        for parameter in self.parameters():
            parameter.zero_grad()


def _flattened(module: Module) -> tuple[list[Value], Module, list[str]]:
    named = list(module.named_parameters())
    return [parameter for _, parameter in named], module, [name for name, _ in named]


def _rebuilt(module: Module, parameters: Sequence[Any]) -> Module:
    """A copy of the module with other Values in place of its parameters."""
    replaced = zip(module.parameters(), parameters, strict=True)
    return copy.deepcopy(module, {id(parameter): value for parameter, value in replaced})


def _named_values(path: str, thing: Any, visited: set[int]) -> Iterator[tuple[str, Value]]:
    if id(thing) in visited:
        return
    if isinstance(thing, Value):
        visited.add(id(thing))
        yield path, thing
    elif isinstance(thing, Module | dict | list | tuple):
        visited.add(id(thing))
        for name, part in _parts(thing):
            yield from _named_values(f"{path}.{name}" if path else f"{name}", part, visited)


def _parts(container: Any) -> Iterable[tuple[Any, Any]]:
    if isinstance(container, Module):
        return vars(container).items()
    return container.items() if isinstance(container, dict) else enumerate(container)
