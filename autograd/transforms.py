"""grad, value_and_grad, vjp, jvp, jacobian, hessian, hvp: small compositions over the sweeps of a graph.

Each call makes a fresh identity node per number of its arguments, so transforms nest freely.  Arguments
and results may be floats, ints, Values, NumPy arrays, and lists, tuples, dicts and registered containers
of these.  A derivative comes back in the argument's structure, as floats or float64 arrays; as Values
where the argument is a Value or the derivative depends on the variable of a transform or trace around it.
`.grad` is never touched.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

from autograd import containers, modes
from autograd.engine import Value, topological_order
from autograd.graph import function_name
from autograd.primitives import identity
from autograd.rows import real
from autograd.sweeps import adjoints, depending, tangents

__all__ = ["grad", "hessian", "hvp", "jacobian", "jvp", "value_and_grad", "vjp"]

Argnums = int | tuple[int, ...]


class _Evaluation:
    """One call of a function with fresh variables in place of the numbers of some arguments."""

    def __init__(
        self,
        function: Callable[..., Any],
        arguments: tuple[Any, ...],
        keywords: dict[str, Any],
        argnums: Argnums,
    ) -> None:
        positions = _positions(function, argnums, len(arguments))
        chosen = tuple(arguments[position] for position in positions)
        leaves, self.structure = containers.flatten(chosen[0] if isinstance(argnums, int) else chosen)
        with modes.entered(paused=0, scope=()):
            self.variables = [_variable(leaf) for leaf in leaves]
        self.takes_values = [
            isinstance(leaf, Value) and not held
            for leaf, held in zip(leaves, self.structure.held, strict=True)
        ]
        rebuilt = self.structure.rebuild(self.variables)
        replaced = dict(zip(positions, (rebuilt,) if isinstance(argnums, int) else rebuilt, strict=True))
        full = [replaced.get(position, argument) for position, argument in enumerate(arguments)]
        with modes.entered(paused=0, variables=(*modes.current.variables, *self.variables)):
            self.result = function(*full, **keywords)

    @property
    def as_values(self) -> bool:
        """Whether derivatives may be differentiated again, by what is around the place of the call."""
        return any(self.takes_values) or bool(modes.current.variables) or modes.current.trace is not None

    def numbers(self, results: Sequence[Any], *, keep: Sequence[bool] | None = None) -> list[Any]:
        """The results as floats, but for those that vary with something outside, or that `keep` marks.

        What varies outside: the variables of enclosing transforms, and in a trace every leaf.
        """
        recorded = [result for result in results if isinstance(result, Value)]
        order = topological_order(*recorded)
        if modes.current.trace is not None:
            varying = set(order)
        else:
            given = zip(self.variables, self.takes_values, strict=True)
            values = [variable for variable, is_value in given if is_value]
            varying = depending(order, [*modes.current.variables, *values])
        kept = keep or [False] * len(results)
        return [
            _as_value(result)
            if must
            else result._data
            if isinstance(result, Value) and result not in varying
            else result
            for result, must in zip(results, kept, strict=True)
        ]

    def tree(self, result: Any) -> Any:
        """A nested result with its Values as `numbers` gives them."""
        leaves, structure = containers.flatten(result, foreign=True)
        if not any(isinstance(leaf, Value) for leaf in leaves):
            return result
        return structure.rebuild(self.numbers(leaves))

    def adjoints(self, outputs: Sequence[Any], seeds: Sequence[Any]) -> list[Any]:
        """The derivatives by each variable of the sum of outputs times seeds."""
        over_values = any(isinstance(seed, Value) for seed in seeds)
        with modes.entered(paused=0, scope=()):
            derivatives = adjoints(outputs, seeds, self.variables, as_values=self.as_values or over_values)
        return self.numbers(derivatives, keep=[over_values or takes for takes in self.takes_values])


def _positions(function: Callable[..., Any], argnums: Argnums, count: int) -> tuple[int, ...]:
    positions = (argnums,) if isinstance(argnums, int) else argnums
    if not isinstance(positions, tuple) or not all(type(position) is int for position in positions):
        raise TypeError(f"argnums is an int or a tuple of ints, not {argnums!r}")
    for position in positions:
        if not -count <= position < count:
            raise ValueError(
                f"argnums asks for argument {position}, but {function_name(function)} was called with "
                f"{count} positional arguments (keyword arguments are not differentiated)"
            )
    found = tuple(position % count for position in positions)
    if len(set(found)) < len(found):
        raise ValueError(f"argnums names an argument twice: {argnums}")
    return found


def _variable(leaf: Any) -> Value:
    return identity(leaf) if isinstance(leaf, Value) else Value(leaf)


def _as_value(number: Any) -> Value:
    return number if isinstance(number, Value) else Value(number)


def _scalar(function: Callable[..., Any], result: Any) -> Any:
    """The result if it is one number; TypeError otherwise."""
    if isinstance(result, Value):
        return result
    try:
        return real(result)
    except TypeError:
        raise TypeError(
            f"a gradient is that of one number, but {function_name(function)} returned "
            f"{type(result).__name__}: return one Value, or use jacobian"
        ) from None


def _numbers(function: Callable[..., Any], result: Any) -> tuple[list[Any], containers.Structure]:
    """The numbers of a nested result, and its structure."""
    leaves, structure = containers.flatten(result)
    return [_scalar(function, leaf) for leaf in leaves], structure


def value_and_grad(
    function: Callable[..., Any], argnums: Argnums = 0, has_aux: bool = False
) -> Callable[..., tuple[Any, Any]]:
    """A function that returns the value of `function`, which is one number, and its gradient.

    `argnums` names the positional argument to differentiate by, or a tuple of them, and then the
    gradient is a tuple.  With `has_aux` the function returns `(value, aux)` and so does the first result.
    Raises TypeError if the value is not one number.

    >>> value_and_grad(lambda x: x * x)(3.0)
    (9.0, 6.0)
    >>> value_and_grad(lambda p: p["a"] * p["b"])({"a": 2.0, "b": 5.0})
    (10.0, {'a': 5.0, 'b': 2.0})
    """

    @functools.wraps(function)
    def transformed(*arguments: Any, **keywords: Any) -> tuple[Any, Any]:
        evaluation = _Evaluation(function, arguments, keywords, argnums)
        result, aux = evaluation.result if has_aux else (evaluation.result, None)
        output = _scalar(function, result)
        gradient = evaluation.structure.rebuild_derivatives(evaluation.adjoints([output], [1.0]))
        (value,) = evaluation.numbers([output])
        return ((value, evaluation.tree(aux)) if has_aux else value), gradient

    return transformed


def grad(function: Callable[..., Any], argnums: Argnums = 0, has_aux: bool = False) -> Callable[..., Any]:
    """A function that returns the gradient of `function`, which returns one number.

    By the first argument; `argnums` chooses another, or a tuple of them.  As `value_and_grad`, without
    the value; with `has_aux` it returns `(gradient, aux)`.

    >>> grad(lambda x: x * x * x)(2.0), grad(grad(lambda x: x * x * x))(2.0)
    (12.0, 12.0)
    """
    with_value = value_and_grad(function, argnums, has_aux)

    @functools.wraps(function)
    def transformed(*arguments: Any, **keywords: Any) -> Any:
        value, gradient = with_value(*arguments, **keywords)
        return (gradient, value[1]) if has_aux else gradient

    return transformed


def vjp(function: Callable[..., Any], *arguments: Any) -> tuple[Any, Callable[[Any], tuple[Any, ...]]]:
    """The result of `function(*arguments)`, and the function that pulls adjoints of it back to the arguments.

    The second takes one number per number of the result, in its structure, and returns a tuple with one
    derivative per argument.  Raises TypeError if the structures differ.

    >>> result, pull_back = vjp(lambda x, y: [x * y, x + y], 2.0, 5.0)
    >>> result, pull_back([1.0, 0.0]), pull_back([1.0, 10.0])
    ([10.0, 7.0], (5.0, 2.0), (15.0, 12.0))
    """
    evaluation = _Evaluation(function, arguments, {}, tuple(range(len(arguments))))
    outputs, structure = _numbers(function, evaluation.result)

    def pull_back(seeds: Any) -> tuple[Any, ...]:
        factors = _matching(seeds, structure, "adjoints", "result")
        return evaluation.structure.rebuild_derivatives(evaluation.adjoints(outputs, factors))  # type: ignore[no-any-return]

    return structure.rebuild(evaluation.numbers(outputs)), pull_back


def jvp(
    function: Callable[..., Any], primals: tuple[Any, ...], tangents_in: tuple[Any, ...]
) -> tuple[Any, Any]:
    """The result of `function(*primals)`, and its derivative in the direction of the tangents.

    `tangents_in` has the structure of `primals`, both tuples with one entry per argument; otherwise
    TypeError.  A tangent of exactly 0 contributes 0.

    >>> jvp(lambda x, y: x * y, (2.0, 5.0), (1.0, 10.0))
    (10.0, 25.0)
    """
    _check_tuples("jvp", primals, tangents_in)
    evaluation = _Evaluation(function, primals, {}, tuple(range(len(primals))))
    seeds = _matching(tangents_in, evaluation.structure, "tangents", "arguments")
    outputs, structure = _numbers(function, evaluation.result)
    as_values = evaluation.as_values or any(isinstance(seed, Value) for seed in seeds)
    with modes.entered(paused=0, scope=()):
        derivatives = tangents(outputs, evaluation.variables, seeds, as_values=as_values)
    values = structure.rebuild(evaluation.numbers(outputs))
    keep = [
        isinstance(derivative, Value) and any(isinstance(seed, Value) for seed in seeds)
        for derivative in derivatives
    ]
    return values, structure.rebuild(evaluation.numbers(derivatives, keep=keep))


def _check_tuples(name: str, primals: Any, tangents_in: Any) -> None:
    if not isinstance(primals, tuple) or not isinstance(tangents_in, tuple):
        raise TypeError(
            f"{name} takes a tuple of arguments and a tuple of tangents, one entry per argument: "
            f"{name}(f, (x,), (v,))"
        )


def _matching(tree: Any, structure: containers.Structure, what: str, other: str) -> list[Any]:
    leaves, own = containers.flatten(tree)
    if own != structure:
        raise TypeError(f"the {what} have the structure of the {other}, {structure}, but {own} was given")
    return [leaf if isinstance(leaf, Value) else real(leaf) for leaf in leaves]


def jacobian(function: Callable[..., Any], argnums: Argnums = 0) -> Callable[..., Any]:
    """A function that returns the derivative of every number of the result by every number of the argument.

    By the first argument, or by those that `argnums` names.  In the structure of the result, with that of
    the argument in place of each number; where either is an array, one array of both shapes joined: (m,)
    by (n,) gives (m, n).

    >>> jacobian(lambda v: [v[0] * v[1], v[0]])([2.0, 5.0])
    [[5.0, 2.0], [1.0, 0.0]]
    """

    @functools.wraps(function)
    def transformed(*arguments: Any, **keywords: Any) -> Any:
        evaluation = _Evaluation(function, arguments, keywords, argnums)
        outputs, structure = _numbers(function, evaluation.result)
        matrix = [evaluation.adjoints([output], [1.0]) for output in outputs]
        return containers.outer(structure, evaluation.structure, matrix)

    return transformed


def hessian(function: Callable[..., Any], argnums: Argnums = 0) -> Callable[..., Any]:
    """A function that returns the second derivatives of `function`, which returns one number.

    By the first argument, or by those that `argnums` names: the jacobian of its gradient, for an array of
    shape (n,) an array of shape (n, n).

    >>> hessian(lambda v: v[0] * v[0] * v[1])([3.0, 5.0])
    [[10.0, 6.0], [6.0, 0.0]]
    """
    return jacobian(grad(function, argnums), argnums)


def hvp(
    function: Callable[..., Any], primals: tuple[Any, ...], tangents_in: tuple[Any, ...]
) -> tuple[Any, ...]:
    """The product of the Hessian of `function` at `primals` with the tangents, never forming the matrix.

    A tuple with one entry per argument, in the structure of the argument.

    >>> hvp(lambda x, y: x * x * y, (3.0, 5.0), (1.0, 0.0))
    (10.0, 6.0)
    """
    _check_tuples("hvp", primals, tangents_in)
    gradient = grad(function, tuple(range(len(primals))))
    return jvp(gradient, primals, tangents_in)[1]  # type: ignore[no-any-return]
