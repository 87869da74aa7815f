"""`Value`: a number that remembers how it was computed, and the reverse sweep over what it remembers.

This is the reference engine, and the definition of every other: a node records its primitive, its
arguments and its local derivatives during the forward pass; `backward` sorts the nodes topologically
and applies the chain rule once, in reverse.  It knows no primitive but the ones that Python's operators
are; everything else about them stands in the table.
"""

from __future__ import annotations

import contextlib
import functools
import threading
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

from autograd import copying, modes, primitives, recording
from autograd.node import (
    Node,
    Outcome,
    add_methods,
    check_finite,
    exact_label,
    refuse_assignment,
    refuse_label,
    refuse_operation,
    refuse_sweep,
    refuse_to_sort,
    refuse_writing,
)
from autograd.rows import Primitive, real

__all__ = ["Condition", "Value", "topological_order"]

_new: Callable[[type[Value]], Value] = object.__new__
_sorting = threading.RLock()  # the marks of one sort at a time: threads may share nodes
_sweeping = threading.RLock()  # and the adjoints of one sweep: threads may share leaves


class _Note(NamedTuple):
    """What few nodes bear: a label, a scope, and the line of the user's program that made the node."""

    label: str = ""
    scope: tuple[str, ...] = ()
    origin: str | None = None


_NO_NOTE = _Note()


@functools.lru_cache(maxsize=1024)
def _scoped(scope: tuple[str, ...]) -> _Note:
    """The one note that all nodes of a scope share."""
    return _Note(scope=scope)


def _apply_modes(node: Value) -> None:
    current = modes.current
    if current.scope:
        node._note = _scoped(current.scope)
    if current.watched:
        node._note = _Note(scope=current.scope, origin=modes.origin())
        check_finite("", node, node._data)
    if current.paused and current.trace is not None:
        computed = node.__copy__()
        _forget_arguments(node)
        node._primitive = primitives.constant
        _place(node, (computed,), (0.0,))
    elif current.paused:
        _forget_arguments(node)
        node._grad = None


def _forget_arguments(node: Value) -> None:
    """Makes a leaf of a node."""
    node._primitive = node._x = node._y = None
    for field in ("_left", "_right", "_many"):
        with contextlib.suppress(AttributeError):
            delattr(node, field)


def _is_value(thing: Any) -> bool:
    """By type, because isinstance believes what a proxy says of itself."""
    return issubclass(type(thing), Value)


def _operand(thing: Any) -> Any:
    """The other operand of an operator: a Value as it is, a number as a float, else NotImplemented."""
    if _is_value(thing):
        return thing
    try:
        return real(thing)
    except TypeError:
        return NotImplemented


_Writer = Callable[[Primitive, dict[str, Any]], Callable[..., Any]]


@functools.cache
def _written(write: _Writer, row: Primitive) -> Callable[..., Any]:
    """The method that records a row, written out and compiled once."""
    names = {
        "Value": Value,
        "new": _new,
        "number": _operand,
        "apply": _apply,
        "modes": modes,
        "apply_modes": _apply_modes,
    }
    return write(row, names)


def _method(write: _Writer, row: Primitive, *names: str) -> Callable[..., Any]:
    """A method that records a row; its first call puts the compiled one in its place, under these names."""

    def method(self: Value, *others: Any) -> Any:
        for name in names:
            if Value.__dict__.get(name) is method:
                setattr(Value, name, _written(write, row))
        return _written(write, row)(self, *others)

    return method


def _operators(row: Primitive, name: str) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """The methods of Python's operator `name`, and of its reflection."""
    forward = _method(recording.binary, row, f"__{name}__")
    return forward, _method(recording.reflected, row, f"__r{name}__")


def _comparison(primitive: Primitive) -> Callable[[Value, object], Any]:
    """The method that compares by value: a bool, or inside a trace a Condition."""
    function = primitive.function

    def compare(self: Value, other: object) -> Any:
        y = _operand(other)
        if y is NotImplemented:
            return y
        if modes.active and modes.current.trace is not None:
            return _apply(primitive, (self, y))
        return function(self._data, y if type(y) is float else y._data)

    return compare


def _apply(primitive: Primitive, arguments: tuple[Any, ...]) -> Any:
    """Records any primitive on any mixture of Values and numbers."""
    if primitive.arity == len(arguments) == 1 and not primitive.comparison:
        return _written(recording.unary, primitive)(*arguments)
    operands = tuple([argument if _is_value(argument) else real(argument) for argument in arguments])
    if primitive.arity == len(arguments) == 2 and not primitive.comparison:
        if isinstance(operands[0], Value):
            return _written(recording.binary, primitive)(*operands)
        return _written(recording.reflected, primitive)(*reversed(operands))
    data = tuple(operand._data if isinstance(operand, Value) else operand for operand in operands)
    out = primitive.value(*data)
    if primitive.comparison and not (modes.active and modes.current.trace is not None):
        return out
    node = _new(Condition if primitive.comparison else Value)
    node._primitive = primitive
    node._data = out = real(out)
    node._mark = None
    partials = tuple(
        primitive.local_derivative(position, data, out) if isinstance(operand, Value) else 0.0
        for position, operand in enumerate(operands)
    )
    _place(node, operands, partials)
    if modes.active:
        _apply_modes(node)
    return node


def _place(node: Value, arguments: tuple[Any, ...], partials: tuple[float, ...]) -> None:
    """Gives a node its arguments and partials: those of one or two lie in the node itself."""
    node._x = node._y = None
    are_values = tuple(isinstance(argument, Value) for argument in arguments)
    if are_values == (True,):
        (node._x,), (node._dx,) = arguments, partials
    elif are_values == (True, True):
        (node._x, node._y), (node._dx, node._dy) = arguments, partials
    elif are_values == (True, False):
        (node._x, node._right), (node._dx, _) = arguments, partials
    elif are_values == (False, True):
        (node._left, node._x), (_, node._dx) = arguments, partials
    else:
        node._many = arguments, partials


class Value(Node):
    """A real number that is a leaf, or that remembers the primitive and the arguments it came from.

    `data` is converted to a double: bool, int, float, fractions and NumPy scalars are taken; str, lists,
    complex numbers, None and Values raise TypeError.  `label` names the node in pictures and listings.
    `_op` and `_children` are micrograd's constructor arguments: empty ones are accepted.

    Operators, comparisons and the functions of `autograd.math` work as for floats, with numbers on
    either side.  Comparisons, `in` and `list.index` go by value; `hash` goes by identity, so that sets
    and dicts hold nodes.

    >>> x, w = Value(2.0, label="x"), Value(-3.0, label="w")
    >>> y = (x * w + 7).tanh()
    >>> y.backward()
    >>> round(y.data, 4), round(x.grad, 4), round(w.grad, 4)
    (0.7616, -1.2599, 0.8399)
    """

    __module__ = "autograd.engine"  # where a pickle looks for it, whichever engine loads it
    __slots__ = (
        "__weakref__",
        "_data",
        "_dx",
        "_dy",
        "_grad",
        "_left",
        "_many",
        "_mark",
        "_note",
        "_primitive",
        "_right",
        "_x",
        "_y",
    )

    # Where the arguments lie:    _x   _y    _left  _right  _many
    #   f(v), f(v, w)             v    w
    #   f(v, 2.0), f(2.0, v)      v           2.0    2.0
    #   more, or otherwise                                  all of them
    _data: float
    _primitive: Primitive | None
    _mark: object  # of the last sort that met the node: each sort has new objects for marks
    _x: Value | None  # the first argument that is a Value, and
    _y: Value | None  # the second of two; None where there is none
    # What follows is not there where it says nothing, which makes nodes cheaper.
    _dx: float  # the partials by _x
    _dy: float  # and by _y
    _left: float  # the number among two arguments, before _x
    _right: float  # or after it
    _many: tuple[tuple[Any, ...], tuple[float, ...]]  # the arguments, and their partials
    _grad: float | None  # None if cleared: pictures show it as absent, `grad` as 0.0
    _note: _Note

    def __init__(self, data: Any, label: Any = "", _op: str = "", _children: tuple[()] = ()) -> None:
        number = data if type(data) is float else real(data)
        if _op or _children:
            refuse_operation()
        if type(label) is not str:
            label = exact_label(label)
        if getattr(self, "_primitive", None) is not None:  # called again, on what was a result
            _forget_arguments(self)
        self._data = number
        self._grad = self._mark = self._primitive = self._x = self._y = None
        self._note = _NO_NOTE
        if label or modes.active:
            origin = modes.origin() if modes.current.watched else None
            self._note = _Note(label, modes.current.scope, origin)

    # --- What a node knows ---

    @property
    def data(self) -> float:
        """The number.  Only a leaf's may be assigned; inside a trace it is neither read nor assigned."""
        if modes.active and modes.current.trace is not None:
            modes.current.trace.refuse_reading(self)
        return self._data

    @data.setter
    def data(self, number: Any) -> None:
        if modes.active and modes.current.trace is not None:
            refuse_writing()
        if self._primitive is not None:
            refuse_assignment(self)
        self._data = real(number)

    @property
    def grad(self) -> float:
        """The derivative of the last output(s) swept by this node; 0.0 until then."""
        grad: float | None = getattr(self, "_grad", None)
        return 0.0 if grad is None else grad

    @grad.setter
    def grad(self, number: Any) -> None:
        self._grad = real(number)

    @property
    def _has_grad(self) -> bool:
        return getattr(self, "_grad", None) is not None

    @property
    def label(self) -> str:
        """The name shown in pictures and listings; "" for none."""
        return self._noted.label

    @label.setter
    def label(self, label: str) -> None:
        if not issubclass(type(label), str):
            refuse_label(label)
        self._note = self._noted._replace(label=str.__str__(label))

    @property
    def scope(self) -> tuple[str, ...]:
        """The names of the scopes around the node's creation, outermost first."""
        return self._noted.scope

    @property
    def _origin(self) -> str | None:
        return self._noted.origin

    @property
    def _noted(self) -> _Note:
        return getattr(self, "_note", _NO_NOTE)

    @property
    def primitive(self) -> Primitive | None:
        """The row of the table that computed this node; None for a leaf."""
        return self._primitive

    @property
    def arguments(self) -> tuple[Any, ...]:
        """The primitive's arguments in order: a Value as itself, a number as a float; () for a leaf."""
        if self._primitive is None:
            return ()
        if self._x is None:
            return self._many[0]
        if self._y is not None:
            return self._x, self._y
        if hasattr(self, "_right"):
            return self._x, self._right
        return (self._left, self._x) if hasattr(self, "_left") else (self._x,)

    @property
    def partials(self) -> tuple[float, ...]:
        """The local derivatives, one per argument, as of the forward pass; 0.0 by a number."""
        if self._primitive is None:
            return ()
        if self._x is None:
            return self._many[1]
        if self._y is not None:
            return self._dx, self._dy
        if hasattr(self, "_right"):
            return self._dx, 0.0
        return (0.0, self._dx) if hasattr(self, "_left") else (self._dx,)

    # --- The backward pass ---

    def backward(self, seed: float = 1.0) -> None:
        """Applies the chain rule from this output to everything it depends on, times `seed`.

        Adds to the `grad` of leaves, so that several outputs accumulate until `zero_grad`; sets that of
        inner nodes, so that sweeping again is right.  The local derivatives are those of the forward
        pass, whatever has been assigned to leaves since.  Inside a trace it raises RuntimeError.

        >>> x = Value(3.0)
        >>> (x * x * x).backward()
        >>> x.grad
        27.0
        """
        if modes.active and modes.current.trace is not None:
            refuse_sweep()
        start = real(seed)
        with _sweeping:
            order = topological_order(self)
            leaves = []
            try:
                for node in order:
                    if node._primitive is None:
                        leaves.append((node, node._grad))
                    node._grad = 0.0
                self._grad = start
                _sweep(order)
                if modes.active and modes.current.watched:
                    _check_adjoints(order)
            except BaseException:
                for node in order:
                    node._grad = None
                for leaf, before in leaves:
                    leaf._grad = before
                raise
            for leaf, before in leaves:
                if before:
                    leaf._grad = before + leaf._grad  # type: ignore[operator]

    def zero_grad(self) -> None:
        """Clears the gradient of this node and of all it depends on."""
        with _sweeping:
            for node in topological_order(self):
                node._grad = None

    # --- Copies ---

    def __reduce__(self) -> tuple[Any, ...]:
        return copying.reduced(self, topological_order)

    @classmethod
    def _restored(cls, record: copying.Record) -> Value:
        node = _new(cls)
        node._primitive, arguments, partials, node._data, node._grad, label, scope = copying.checked(
            record, Value
        )
        node._mark = None
        _place(node, arguments, partials)
        if label or scope:
            node._note = _Note(label, scope)
        return node

    # --- Python's operators ---

    __add__, __radd__ = _operators(primitives.add, "add")
    __sub__, __rsub__ = _operators(primitives.sub, "sub")
    __mul__, __rmul__ = _operators(primitives.mul, "mul")
    __truediv__, __rtruediv__ = _operators(primitives.div, "truediv")
    __floordiv__, __rfloordiv__ = _operators(primitives.floor_divide, "floordiv")
    __mod__, __rmod__ = _operators(primitives.mod, "mod")
    _power = _method(recording.binary, primitives.pow, "_power")
    _square = _method(recording.unary, primitives.square, "_square")
    __rpow__ = _method(recording.reflected, primitives.pow, "__rpow__")
    __neg__ = _method(recording.unary, primitives.neg, "__neg__")
    __abs__ = _method(recording.unary, primitives.abs, "__abs__")
    __floor__ = _method(recording.unary, primitives.floor, "__floor__")
    __ceil__ = _method(recording.unary, primitives.ceil, "__ceil__")
    __trunc__ = _method(recording.unary, primitives.trunc, "__trunc__")
    __lt__ = _comparison(primitives.less)
    __le__ = _comparison(primitives.less_equal)
    __gt__ = _comparison(primitives.greater)
    __ge__ = _comparison(primitives.greater_equal)
    __eq__ = _comparison(primitives.equal)
    __ne__ = _comparison(primitives.not_equal)
    __hash__ = object.__hash__
    _apply_primitive = staticmethod(_apply)

    def __pow__(self, exponent: Any, modulo: Any = None) -> Any:
        exponent = _operand(exponent)
        if exponent is NotImplemented or modulo is not None:
            return NotImplemented
        if not isinstance(exponent, Value) and exponent == 2:
            return self._square()
        return self._power(exponent)

    def __bool__(self) -> bool:
        if modes.active and modes.current.trace is not None:
            return bool(self != 0)
        return self._data != 0

    if TYPE_CHECKING:  # the methods that the table of primitives adds

        def __getattr__(self, name: str) -> Callable[..., Any]: ...


class Condition(Outcome, Value):
    """A comparison recorded inside a trace: `where` takes it, and its truth value records a branch."""

    __module__ = "autograd.engine"
    __slots__ = ()


Value._plain = Value
add_methods(Value, functools.partial(_method, recording.unary))


def topological_order(*outputs: Value, without: Iterable[Value] = ()) -> list[Value]:
    """Every node that the outputs depend on, leaves included, each after all of its arguments.

    The order is what makes one sweep enough.  With b = 2*a; c = b + a; d = b + c, handing b's adjoint
    on at the first visit gives a 7 or 9, by the order of visits, instead of 5.  It depends on the
    expression alone (depth first, first argument first).  The walk keeps its own stack: graphs are
    often deeper than Python's.  It does not enter the nodes `without`.

    >>> a = Value(1.0, label="a")
    >>> b = 2 * a
    >>> [node.data for node in topological_order(b * b + a)]
    [1.0, 2.0, 4.0, 5.0]
    """
    without = tuple(without)
    for thing in (*outputs, *without):
        if not _is_value(thing):
            refuse_to_sort(thing)
    order: list[Value] = []
    stack: list[Any] = list(reversed(outputs))
    opened, closed = object(), object()  # marks: the arguments are being walked; the node is in the order
    with _sorting:
        for node in without:
            node._mark = closed
        while stack:
            node = stack.pop()
            if node._mark is opened:
                node._mark = closed
                order.append(node)
                continue
            while node._mark is not closed:  # down the first arguments, while the others wait
                x = node._x
                if x is None:
                    if node._primitive is None:
                        node._mark = closed
                        order.append(node)
                    else:
                        node._mark = opened
                        stack.append(node)
                        stack.extend(a for a in reversed(node._many[0]) if isinstance(a, Value))
                    break
                node._mark = opened
                stack.append(node)
                y = node._y
                if y is not None:
                    stack.append(y)
                node = x
    return order


def _sweep(order: list[Any]) -> None:
    """Hands every adjoint on to the arguments, from the last node to the first.

    The strong zero: an adjoint of 0 contributes 0, whatever the partial; so does a partial of 0 if the
    primitive selects, whatever the adjoint.
    """
    for node in reversed(order):
        adjoint = node._grad
        if not adjoint:
            continue
        x = node._x
        if x is not None:
            by_x = node._dx
            if by_x or not node._primitive.skips(1 if hasattr(node, "_left") else 0):
                x._grad += adjoint * by_x
            y = node._y
            if y is not None:
                by_y = node._dy
                if by_y or not node._primitive.skips(1):
                    y._grad += adjoint * by_y
        elif node._primitive is not None:
            for position, (argument, partial) in enumerate(zip(*node._many, strict=True)):
                if isinstance(argument, Value) and (partial or not node._primitive.skips(position)):
                    argument._grad += adjoint * partial


def _check_adjoints(order: list[Value]) -> None:
    for node in reversed(order):
        check_finite("the adjoint of ", node, node.grad)
