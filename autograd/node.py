"""What a Value is to its user, whatever engine computes it: its names, its messages, its copies.

An engine makes nodes that remember their primitive, arguments and partials, and sweeps over them; what
follows from that, and what is said where something is refused, stands here once for every engine.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn, Self, SupportsIndex

from autograd import copying, modes, primitives, rows
from autograd.rows import Primitive

__all__ = ["Node", "Outcome", "add_methods", "check_finite"]


class Node:
    """The part of `Value` that every engine shares."""

    __slots__ = ()

    _plain: ClassVar[Callable[..., Any]]  # the engine's Value, of which recorded results are
    _restored: ClassVar[Callable[..., Any]]  # makes a node of a record

    if TYPE_CHECKING:
        # An engine brings, besides operators and sweeps: data, _data (the same, inside a trace too), grad,
        # _has_grad (whether anything set it since it was cleared), label, scope, primitive, arguments,
        # partials, and _origin (the line of the user's program, where detect_anomaly saw it).
        def __getattr__(self, name: str) -> Any: ...

    # --- Copies ---

    def detach(self) -> Any:
        """A new leaf with the same data."""
        return self._plain(self.data)

    def __copy__(self) -> Self:
        copied: Self = type(self)._restored(copying.record(self))
        return copied

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        return copying.deepcopied(self, memo)

    # --- micrograd's names ---

    @property
    def _op(self) -> str:
        row: Primitive | None = self.primitive
        if row is primitives.pow and isinstance(self.arguments[1], float):
            return f"**{self.arguments[1]:g}"
        return "" if row is None else row.symbol

    @property
    def _prev(self) -> tuple[Any, ...]:
        operands = self.arguments
        if self.primitive is primitives.pow and isinstance(operands[1], float):
            operands = operands[:1]
        return tuple(operand if isinstance(operand, Node) else self._plain(operand) for operand in operands)

    def _backward(self) -> None:
        for argument, partial in zip(self.arguments, self.partials, strict=True):
            if self.grad != 0 and not isinstance(argument, float):
                argument.grad += partial * self.grad

    # --- Python's operators ---

    def __pos__(self) -> Self:
        return self

    def conjugate(self) -> Self:
        """The Value itself, which is real; `numpy.std` of an array of Values asks for it."""
        return self

    def __divmod__(self, other: Any) -> tuple[Any, Any]:
        return self // other, self % other

    def __rdivmod__(self, other: Any) -> tuple[Any, Any]:
        return other // self, other % self

    def __round__(self, ndigits: SupportsIndex | None = None) -> Any:
        return primitives.round(self) if ndigits is None else primitives.round_to(self, ndigits)

    def __float__(self) -> float:
        refuse_conversion(self, "a float", "v.data is the number, and autograd.math.sin(v) goes for math.sin")

    def __int__(self) -> int:
        refuse_conversion(self, "an int", "int(v.data) is the number, and autograd.trunc(v) a Value")

    def __index__(self) -> int:
        refuse_conversion(self, "an index or a count", "int(v.data) is the number")

    def __format__(self, specification: str) -> str:
        return format(self._data, specification) if specification else repr(self)

    def __repr__(self) -> str:
        label = f", label={self.label!r}" if self.label else ""
        return f"{type(self).__name__}(data={self._data!r}, grad={self.grad!r}{label})"


class Outcome:
    """What makes a node a Condition: a comparison whose truth value, inside a trace, records a branch."""

    __slots__ = ()

    if TYPE_CHECKING:
        _data: float

    def __bool__(self) -> bool:
        outcome = self._data != 0
        if modes.active and modes.current.trace is not None:
            modes.current.trace.branches.append((self, outcome))
        return outcome

    def __and__(self, other: Any) -> Any:
        return primitives.logical_and(self, other)

    def __or__(self, other: Any) -> Any:
        return primitives.logical_or(self, other)

    __rand__, __ror__ = __and__, __or__


def add_methods(kind: type[Node], unary: Callable[..., Any]) -> None:
    """Gives Values the methods of each row: its name if it needs one argument only, and NumPy's names.

    `unary(row, *names)` is the engine's method that records a row of one argument, under these names.
    """
    rows.reserved.update(dir(kind))

    def add(row: Primitive) -> None:
        if row.comparison or row.variadic or row.auxiliary:
            return
        needs_one = row.arity - len(row.defaults) == 1
        names = (row.name, *row.methods) if needs_one else row.methods
        method = unary(row, *names) if row.arity == 1 else calling(row)
        for name in names:
            setattr(kind, name, method)

    rows.for_each_primitive(add)


def calling(row: Primitive) -> Callable[..., Any]:
    """The row as a method: the node is its first argument."""

    def method(self: Node, *others: Any) -> Any:
        return row(self, *others)

    return method


# --- What is refused ----------------------------------------------------------------------------------


def refuse_operation() -> NoReturn:
    """For a constructor that is given micrograd's `_op` or `_children`."""
    raise TypeError(
        "Value(data, label) makes a leaf: a node with an operation or children comes from an operator"
    )


def exact_label(label: Any) -> str:
    """A label as a str and no subclass of it; TypeError for anything but a str or micrograd's ()."""
    if issubclass(type(label), str):
        return str.__str__(label)
    if type(label) is tuple and not label:
        return ""
    refuse_label(label)


def refuse_label(label: Any) -> NoReturn:
    """For a label that is no str."""
    raise TypeError(f"a label is a str, not {type(label).__name__}")


def refuse_conversion(node: Node, kind: str, remedy: str) -> NoReturn:
    """For a Value, or a Condition, where Python wants a number of its own."""
    if isinstance(node, Outcome):
        raise TypeError(
            f"inside a trace a comparison does not become {kind} by itself: bool(x > 0) is its truth, which "
            "is recorded as a branch, and autograd.where(x > 0, a, b) takes either side"
        )
    if modes.current.trace is not None:
        remedy = (
            "inside a trace, as by jit and vmap, all numbers in the arguments are Values; to make one a "
            "constant name its parameter in jit(f, static_argnames=...), or bind it by functools.partial"
        )
    raise TypeError(f"a Value does not become {kind} by itself, which would lose its gradient: {remedy}")


def refuse_assignment(node: Node) -> NoReturn:
    """For data assigned to a node that is no leaf."""
    raise AttributeError(
        f"only a leaf's data can be assigned, and this Value is the result of "
        f"{node.primitive.name}: assign the leaves' data and compute it again"
    )


def refuse_sweep() -> NoReturn:
    """For a backward pass inside a trace."""
    raise RuntimeError("backward() inside a trace: use autograd.grad or graph.gradient() around it instead")


def refuse_to_sort(thing: Any) -> NoReturn:
    """For a topological order of what is no Value."""
    raise TypeError(f"a topological order is that of Values, not of {type(thing).__name__}")


def check_finite(what: str, node: Node, number: float) -> None:
    """Raises ArithmeticError, naming the node and its place, if what belongs to a node is nan or infinite."""
    if not math.isfinite(number):
        place = f"at {node._origin}" if node._origin else "build it inside detect_anomaly() to see its line"
        raise ArithmeticError(f"{what}{_described(node)} is {number}, {place}")


def _described(node: Node) -> str:
    """The node's operation with its operands' labels and data: `log(x = 0.0)`."""
    if node.primitive is None:
        return f"leaf {node.label}".rstrip()
    operands = [
        " = ".join(filter(None, (operand.label, repr(operand._data))))
        if isinstance(operand, Node)
        else repr(operand)
        for operand in node.arguments
    ]
    return f"{node.primitive.name}({', '.join(operands)})"
