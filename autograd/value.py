"""`Value`: a number that remembers how it was computed, and the reverse sweep over what it remembers.

This is the reference engine, and the definition of every other: a node records its primitive, its
arguments and its local derivatives during the forward pass; `backward` sorts the nodes topologically
and applies the chain rule once, in reverse.  It knows no primitive but the ones that Python's operators
are; everything else about them stands in the table.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, SupportsIndex

from autograd import copying, modes, primitives, rows
from autograd.rows import Primitive, real

__all__ = ["Condition", "Value", "topological_order"]

_NUMERIC_ERRORS = (ValueError, ArithmeticError)
_new: Callable[[type[Value]], Value] = object.__new__


class _Rare:
    """What few nodes carry: a label, and the line of the user's program that made the node."""

    __slots__ = ("label", "origin")

    def __init__(self, label: str = "", origin: str | None = None) -> None:
        self.label = label
        self.origin = origin


def _node(
    primitive: Primitive, arguments: tuple[Any, ...], data: float, partials: tuple[float, ...]
) -> Value:
    node = _new(Value)
    node._primitive = primitive
    node._arguments = arguments
    node._data = data if data.__class__ is float else real(data)
    node._partials = partials
    node._grad = None
    node._rare = None
    node._scope = ()
    if modes.active:
        _apply_modes(node)
    return node


def _apply_modes(node: Value) -> None:
    current = modes.current
    node._scope = current.scope
    if current.detects_anomaly:
        origin = modes.origin()
        if not math.isfinite(node._data):
            raise ArithmeticError(f"{_described(node)} is {node._data}, at {origin}")
        node._rare = _Rare(origin=origin)
    if not current.records:
        node._primitive = None
        node._arguments = node._partials = ()


def _described(node: Value) -> str:
    """The node's operation with its operands' labels and data: `log(x = 0.0)`."""
    if node._primitive is None:
        return f"leaf {node.label}".rstrip()
    operands = [
        " = ".join(filter(None, (operand.label, repr(operand._data))))
        if isinstance(operand, Value)
        else repr(operand)
        for operand in node._arguments
    ]
    return f"{node._primitive.name}({', '.join(operands)})"


def _operand(thing: Any) -> Any:
    """The other operand of an operator: a Value as it is, a number as a float, else NotImplemented."""
    if isinstance(thing, Value):
        return thing
    try:
        return real(thing)
    except TypeError:
        return NotImplemented


def _constants(primitive: Primitive) -> tuple[float, ...] | None:
    """The partials, where they do not depend on the arguments."""
    values = tuple(partial for partial in primitive.partials if isinstance(partial, float))
    return values if len(values) == len(primitive.partials) else None


def _as_function(partial: rows.Partial) -> Callable[..., float]:
    """A partial as a function, also where it is a constant."""
    return partial if callable(partial) else lambda *_: partial or 0.0


def _unary(primitive: Primitive) -> Callable[[Value], Value]:
    """The method that records a primitive of one argument."""
    function, partial, constants = primitive.function, primitive.partials[0], _constants(primitive)

    def method(self: Value) -> Value:
        x = self._data
        try:
            out = function(x)
            partials = constants or (partial(x, out),)  # type: ignore[operator,misc]
        except _NUMERIC_ERRORS:
            out = primitive.value(x)
            partials = primitive.local_derivatives((x,), out)
        return _node(primitive, (self,), out, partials)

    return method


def _binary(primitive: Primitive) -> tuple[Callable[[Value, Any], Any], Callable[[Value, Any], Any]]:
    """The two methods that record a primitive of two arguments: in order, and reflected."""
    function, constants = primitive.function, _constants(primitive)
    by_x, by_y = map(_as_function, primitive.partials)

    def forward(self: Value, other: Any) -> Any:
        x = self._data
        if isinstance(other, Value):
            y = other._data
            try:
                out = function(x, y)
                partials = constants or (by_x(x, y, out), by_y(x, y, out))
            except _NUMERIC_ERRORS:
                out = primitive.value(x, y)
                partials = primitive.local_derivatives((x, y), out)
            return _node(primitive, (self, other), out, partials)
        y = other if other.__class__ is float else _operand(other)
        if y is NotImplemented:
            return y
        try:
            out = function(x, y)
            slope = by_x(x, y, out)
        except _NUMERIC_ERRORS:
            out = primitive.value(x, y)
            slope = primitive.local_derivative(0, (x, y), out)
        return _node(primitive, (self, y), out, (slope, 0.0))

    def reflected(self: Value, other: Any) -> Any:
        x = other if other.__class__ is float else _operand(other)
        if x is NotImplemented:
            return x
        y = self._data
        try:
            out = function(x, y)
            slope = by_y(x, y, out)
        except _NUMERIC_ERRORS:
            out = primitive.value(x, y)
            slope = primitive.local_derivative(1, (x, y), out)
        return _node(primitive, (x, self), out, (0.0, slope))

    return forward, reflected


def _comparison(primitive: Primitive) -> Callable[[Value, object], Any]:
    """The method that compares by value: a bool, or inside a trace a Condition."""
    function = primitive.function

    def compare(self: Value, other: object) -> Any:
        y = _operand(other)
        if y is NotImplemented:
            return y
        if modes.active and modes.current.trace is not None:
            return _apply(primitive, (self, y))
        return function(self._data, y._data if isinstance(y, Value) else y)

    return compare


def _apply(primitive: Primitive, arguments: tuple[Any, ...]) -> Any:
    """Records any primitive on any mixture of Values and numbers."""
    operands = tuple(argument if isinstance(argument, Value) else real(argument) for argument in arguments)
    data = tuple(operand._data if isinstance(operand, Value) else operand for operand in operands)
    out = primitive.value(*data)
    if primitive.comparison:
        if not (modes.active and modes.current.trace is not None):
            return out
        node = _node(primitive, operands, float(out), (0.0,) * len(operands))
        node.__class__ = Condition
        return node
    partials = tuple(
        primitive.local_derivative(position, data, out) if isinstance(operand, Value) else 0.0
        for position, operand in enumerate(operands)
    )
    return _node(primitive, operands, out, partials)


class Value:
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

    __slots__ = ("__weakref__", "_arguments", "_data", "_grad", "_partials", "_primitive", "_rare", "_scope")

    _data: float
    _grad: float | None  # None until anything sets it
    _primitive: Primitive | None
    _arguments: tuple[Any, ...]
    _partials: tuple[float, ...]
    _rare: _Rare | None
    _scope: tuple[str, ...]

    def __init__(self, data: Any, label: Any = "", _op: str = "", _children: tuple[()] = ()) -> None:
        self._data = data if data.__class__ is float else real(data)
        self._grad = None
        self._primitive = None
        self._arguments = self._partials = ()
        self._rare = None
        if _op or _children or (label and not isinstance(label, str)):
            raise TypeError(
                "Value(data, label) makes a leaf: a node with an operation or children comes from an operator"
            )
        self._scope = modes.current.scope if modes.active else ()
        if label:
            self._rare = _Rare(label)

    # --- What a node knows ---

    @property
    def data(self) -> float:
        """The number.  Only a leaf's may be assigned; inside a trace it cannot be read."""
        if modes.active and modes.current.trace is not None:
            modes.current.trace.refuse_reading(self)
        return self._data

    @data.setter
    def data(self, number: Any) -> None:
        if self._primitive is not None:
            raise AttributeError(
                f"only a leaf's data can be assigned, and this Value is the result of "
                f"{self._primitive.name}: assign the leaves' data and compute it again"
            )
        self._data = real(number)

    @property
    def grad(self) -> float:
        """The derivative of the last output(s) swept by this node; 0.0 until then."""
        return 0.0 if self._grad is None else self._grad

    @grad.setter
    def grad(self, number: Any) -> None:
        self._grad = real(number)

    @property
    def _has_grad(self) -> bool:
        return self._grad is not None

    @property
    def label(self) -> str:
        """The name shown in pictures and listings; "" for none."""
        return "" if self._rare is None else self._rare.label

    @label.setter
    def label(self, label: str) -> None:
        if not isinstance(label, str):
            raise TypeError(f"a label is a str, not {type(label).__name__}")
        if self._rare is None:
            self._rare = _Rare()
        self._rare.label = label

    @property
    def scope(self) -> tuple[str, ...]:
        """The names of the scopes around the node's creation, outermost first."""
        return self._scope

    @property
    def _origin(self) -> str | None:
        return None if self._rare is None else self._rare.origin

    @property
    def primitive(self) -> Primitive | None:
        """The row of the table that computed this node; None for a leaf."""
        return self._primitive

    @property
    def arguments(self) -> tuple[Any, ...]:
        """The primitive's arguments in order: a Value as itself, a number as a float; () for a leaf."""
        return self._arguments

    @property
    def partials(self) -> tuple[float, ...]:
        """The local derivatives, one per argument, as of the forward pass; 0.0 by a number."""
        return self._partials

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
            raise RuntimeError(
                "backward() inside a trace: use autograd.grad or graph.gradient() around it instead"
            )
        order = topological_order(self)
        leaves = [(node, node._grad) for node in order if node._primitive is None]
        try:
            for node in order:
                node._grad = 0.0
            self._grad = real(seed)
            _sweep(order)
            if modes.active and modes.current.detects_anomaly:
                _check_adjoints(order)
        except BaseException:
            for leaf, before in leaves:
                leaf._grad = before
            raise
        for leaf, before in leaves:
            if before:
                leaf._grad = before + leaf._grad  # type: ignore[operator]

    def zero_grad(self) -> None:
        """Clears the gradient of this node and of all it depends on."""
        for node in topological_order(self):
            node._grad = None

    # --- Copies ---

    def detach(self) -> Value:
        """A new leaf with the same data."""
        return Value(self.data)

    def __copy__(self) -> Value:
        return type(self)._restored(copying.record(self))

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        return copying.deepcopied(topological_order(self), memo)

    def __reduce__(self) -> tuple[Any, ...]:
        return copying.reduced(self, topological_order)

    @classmethod
    def _restored(cls, record: copying.Record) -> Value:
        node = _new(cls)
        node._primitive, node._arguments, node._partials, node._data, node._grad, label, node._scope = record
        node._rare = _Rare(label) if label else None
        return node

    # --- micrograd's names ---

    @property
    def _op(self) -> str:
        if self._primitive is None:
            return ""
        if self._primitive is primitives.pow and isinstance(self._arguments[1], float):
            return f"**{self._arguments[1]:g}"
        return self._primitive.symbol

    @property
    def _prev(self) -> tuple[Value, ...]:
        operands = self._arguments
        if self._primitive is primitives.pow and isinstance(operands[1], float):
            operands = operands[:1]
        return tuple(operand if isinstance(operand, Value) else Value(operand) for operand in operands)

    def _backward(self) -> None:
        for argument, partial in zip(self._arguments, self._partials, strict=True):
            if isinstance(argument, Value) and self.grad != 0:
                argument.grad += partial * self.grad

    # --- Python's operators ---

    __add__, __radd__ = _binary(primitives.add)
    __sub__, __rsub__ = _binary(primitives.sub)
    __mul__, __rmul__ = _binary(primitives.mul)
    __truediv__, __rtruediv__ = _binary(primitives.div)
    __floordiv__, __rfloordiv__ = _binary(primitives.floor_divide)
    __mod__, __rmod__ = _binary(primitives.mod)
    _power, __rpow__ = _binary(primitives.pow)
    __neg__ = _unary(primitives.neg)
    __abs__ = _unary(primitives.abs)
    __floor__ = _unary(primitives.floor)
    __ceil__ = _unary(primitives.ceil)
    __trunc__ = _unary(primitives.trunc)
    __lt__ = _comparison(primitives.less)
    __le__ = _comparison(primitives.less_equal)
    __gt__ = _comparison(primitives.greater)
    __ge__ = _comparison(primitives.greater_equal)
    __eq__ = _comparison(primitives.equal)
    __ne__ = _comparison(primitives.not_equal)
    __hash__ = object.__hash__
    _apply_primitive = staticmethod(_apply)

    def __pow__(self, exponent: Any) -> Any:
        if not isinstance(exponent, Value) and exponent == 2:
            return primitives.square(self)
        return self._power(exponent)

    def __pos__(self) -> Value:
        return self

    def __divmod__(self, other: Any) -> tuple[Any, Any]:
        return self // other, self % other

    def __rdivmod__(self, other: Any) -> tuple[Any, Any]:
        return other // self, other % self

    def __round__(self, ndigits: SupportsIndex | None = None) -> Any:
        return primitives.round(self) if ndigits is None else primitives.round_to(self, ndigits)

    def __bool__(self) -> bool:
        if modes.active and modes.current.trace is not None:
            return bool(self != 0)
        return self._data != 0

    def __float__(self) -> float:
        raise TypeError(
            "a Value does not become a float by itself, which would lose its gradient: use v.data for the "
            "number, and autograd.math instead of math (autograd.math.sin(v))"
        )

    def __int__(self) -> int:
        raise TypeError(
            "a Value does not become an int by itself, which would lose its gradient: use int(v.data), "
            "or autograd.trunc(v) for a Value"
        )

    def __format__(self, specification: str) -> str:
        return format(self._data, specification) if specification else repr(self)

    def __repr__(self) -> str:
        label = f", label={self.label!r}" if self.label else ""
        return f"{type(self).__name__}(data={self._data!r}, grad={self.grad!r}{label})"

    if TYPE_CHECKING:  # the methods that the table of primitives adds

        def __getattr__(self, name: str) -> Callable[..., Any]: ...


class Condition(Value):
    """A comparison recorded inside a trace: `where` takes it, and its truth value records a branch."""

    __slots__ = ()

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


def _add_methods(primitive: Primitive) -> None:
    """Gives Values the methods of a row: its name if it needs one argument only, and NumPy's names."""
    if primitive.comparison or primitive.variadic:
        return
    is_unary = primitive.arity - len(primitive.defaults) == 1
    is_plain = primitive.arity == 1 and primitive.partials[0] is not None
    method: Any = _unary(primitive) if is_plain else functools.partialmethod(_method, primitive)
    for name in (primitive.name, *primitive.methods) if is_unary else primitive.methods:
        setattr(Value, name, method)


def _method(self: Value, primitive: Primitive, *others: Any) -> Any:
    return primitive(self, *others)


rows.for_each_primitive(_add_methods)


def topological_order(*outputs: Value) -> list[Value]:
    """Every node that the outputs depend on, leaves included, each after all of its arguments.

    The order is what makes one sweep enough.  With b = 2*a; c = b + a; d = b + c, handing b's adjoint
    on at the first visit gives a 7 or 9, by the order of visits, instead of 5.  It depends on the
    expression alone (depth first, first argument first).  The walk keeps its own stack: graphs are
    often deeper than Python's.

    >>> a = Value(1.0, label="a")
    >>> b = 2 * a
    >>> [node.data for node in topological_order(b * b + a)]
    [1.0, 2.0, 4.0, 5.0]
    """
    order: list[Value] = []
    visited: set[Value] = set()
    stack: list[Value | None] = list(reversed(outputs))
    while stack:
        node = stack.pop()
        if node is None:  # the node below has all of its arguments in the order
            order.append(stack.pop())  # type: ignore[arg-type]
        elif node not in visited:
            visited.add(node)
            if node._arguments:
                stack.append(node)
                stack.append(None)
                for argument in reversed(node._arguments):
                    if argument.__class__ is not float:
                        stack.append(argument)
            else:
                order.append(node)
    return order


def _sweep(order: list[Value]) -> None:
    """Hands every adjoint on to the arguments, from the last node to the first."""
    for node in reversed(order):
        adjoint: Any = node._grad
        if adjoint == 0:  # the strong zero: it contributes 0, whatever the partial
            continue
        for argument, partial in zip(node._arguments, node._partials):  # noqa: B905 (equal by construction)
            if argument.__class__ is not float and (partial or not node._primitive.selects):  # type: ignore[union-attr]
                argument._grad += adjoint * partial


def _check_adjoints(order: list[Value]) -> None:
    for node in reversed(order):
        if not math.isfinite(node._grad):  # type: ignore[arg-type]
            place = (
                f", at {node._origin}"
                if node._origin
                else ": build it inside detect_anomaly() to see its line"
            )
            raise ArithmeticError(f"the adjoint of {_described(node)} is {node._grad}{place}")
