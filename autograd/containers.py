"""Nested arguments as a flat list of numbers, and back: lists, tuples, dicts, arrays, registered types.

optree walks the containers; a NumPy array is taken apart into its elements.  Dicts go by sorted keys.
"""

from __future__ import annotations

import functools
import itertools
import numbers
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any, NamedTuple, TypeVar

__all__ = ["register_container", "told_apart"]

_NAMESPACE = "autograd"
_T = TypeVar("_T")
_with_names: set[type] = set()  # the registered types that turned out to name their children


def register_container(
    kind: type[_T],
    flatten: Callable[[_T], tuple[Any, ...]],
    unflatten: Callable[[Any, Sequence[Any]], Any],
) -> None:
    """Lets the transforms take objects of type `kind` as arguments and results.

    `flatten(thing)` returns its children and whatever else rebuilds it; `unflatten(rest, children)`
    rebuilds it.  If `flatten` returns names as a third item, one per child, a gradient by the thing is a
    dict by these names, and Values among the children count as the numbers they hold.  Two things differ in
    structure where what rebuilds them differs, 0.0 from -0.0 and 1 from True.  Raises ValueError if the type
    is registered already.

    >>> class Point:
    ...     def __init__(self, x, y):
    ...         self.x, self.y = x, y
    >>> register_container(Point, lambda p: ((p.x, p.y), None), lambda rest, children: Point(*children))
    >>> from autograd.transforms import grad
    >>> grad(lambda p: p.x * p.y)(Point(2.0, 3.0)).x
    3.0
    """
    import optree

    def flattened(thing: _T) -> tuple[Any, ...]:
        children, rest, *names = flatten(thing)
        if not names:
            return tuple(children), _Rest(rest)
        _with_names.add(kind)
        return tuple(map(_Held, children)), _Named(rest, tuple(names[0])), tuple(names[0])

    def rebuilt(rest: Any, children: Sequence[Any]) -> Any:
        if isinstance(rest, _Named) and any(isinstance(child, _Derivative) for child in children):
            return dict(zip(rest.names, children, strict=True))
        return unflatten(rest.rest, children)

    register: Any = optree.register_pytree_node  # typed for collections only
    register(kind, flattened, rebuilt, namespace=_NAMESPACE)


class _Rest:
    """What rebuilds a container besides its children."""

    def __init__(self, rest: Any) -> None:
        self.rest = rest

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Rest) and told_apart(self.rest) == told_apart(other.rest)

    def __hash__(self) -> int:
        return hash(type(self.rest))  # the rest itself need not be hashable


class _Named:
    """What rebuilds a container with named children; two are equal if their names are."""

    def __init__(self, rest: Any, names: tuple[Any, ...]) -> None:
        self.rest = rest
        self.names = names

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Named) and self.names == other.names

    def __hash__(self) -> int:
        return hash(self.names)


class _Box:
    def __init__(self, content: Any) -> None:
        self.content = content


class _Held(_Box):
    """A child of a container with names."""


class _Derivative(_Box):
    """A number that takes the place of the argument it is the derivative by."""


class Structure:
    """How a nested argument is put together: everything about it but its numbers."""

    def __init__(self, spec: Any, shapes: list[tuple[int, ...] | None], held: list[bool]) -> None:
        self._spec = spec
        self.shapes = shapes  # of each entry: None for a number, an array's shape otherwise
        self.held = held  # of each leaf: whether it is what a container with names holds
        self.holds_any = True in held
        self._has_arrays = shapes.count(None) < len(shapes)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Structure) and (self._spec, self.shapes) == (other._spec, other.shapes)

    def __hash__(self) -> int:
        return hash(tuple(self.shapes))  # what rebuilds a registered container need not be hashable

    def __repr__(self) -> str:
        return repr(self._spec.unflatten(_Place(shape) for shape in self.shapes))

    @property
    def is_bare(self) -> bool:
        """Whether there is nothing but one number or one array."""
        return bool(self._spec.is_leaf())

    @property
    def is_number(self) -> bool:
        """Whether there is nothing but one number."""
        return self.is_bare and self.shapes == [None]

    def has_parts_alike(self) -> bool:
        """Whether the things that the outermost container holds have one structure."""
        specs = self._spec.children()
        period = len(self.shapes) // max(1, len(specs))
        return all(spec == specs[0] for spec in specs) and self.shapes == self.shapes[:period] * len(specs)

    def leaves(self, tree: Any) -> list[Any]:
        """The numbers of another nested argument of this structure; any one thing counts as a number.

        Raises TypeError if the containers or the arrays' shapes differ.
        """
        leaves: list[Any] = []
        try:
            entries = self._spec.flatten_up_to(tree)
        except ValueError as error:
            raise TypeError(str(error)) from None
        for entry, shape in zip(entries, self.shapes, strict=True):
            if shape is None:
                leaves.append(entry.content if isinstance(entry, _Held) else entry)
            elif is_array(entry) and as_array(entry).shape == shape:
                leaves.extend(as_array(entry).ravel().tolist())
            else:
                raise TypeError(f"in place of an array of shape {shape} there is {entry!r}")
        return leaves

    def rebuild(self, leaves: Sequence[Any]) -> Any:
        """The nested argument with these numbers; arrays of floats are float64, of Values object arrays."""
        return self._spec.unflatten(self._entries(leaves))

    def rebuild_from(self, numbers: Any) -> Any:
        """The nested argument with the numbers of a float64 array, of which its own arrays are parts."""
        if not self._has_arrays:
            return self.rebuild(numbers.tolist())
        entries = []
        for shape, place in zip(self.shapes, self._places, strict=True):
            if shape is None:
                entries.append(numbers.item(place.start))
            else:
                entries.append(numbers[place] if len(shape) == 1 else numbers[place].reshape(shape))
        return self._spec.unflatten(entries)

    def pieces(self) -> list[Any] | None:
        """What puts it together on a stack, first to last; None if it holds what neither tuple nor list does.

        None pushes a number, a shape an array, and `(tuple, n)` or `(list, n)` takes the n topmost things.

        >>> flatten([1.0, (2.0, 3.0)])[1].pieces()
        [None, None, None, (<class 'tuple'>, 2), (<class 'list'>, 2)]
        """
        shapes = iter(self.shapes)
        pieces: list[Any] = []
        waiting = [(self._spec, False)]
        while waiting:
            spec, is_walked = waiting.pop()
            if spec.is_leaf():
                pieces.append(next(shapes))
            elif spec.type not in (tuple, list):
                return None
            elif is_walked:
                pieces.append((spec.type, spec.num_children))
            else:
                waiting.append((spec, True))
                waiting.extend((child, False) for child in reversed(spec.children()))
        return pieces

    @functools.cached_property
    def _places(self) -> list[slice]:
        """Where the numbers of each entry stand among the leaves."""
        bounds = itertools.accumulate(map(_size, self.shapes), initial=0)
        return [slice(first, last) for first, last in itertools.pairwise(bounds)]

    def rebuild_derivatives(self, leaves: Sequence[Any]) -> Any:
        """The same with derivatives in place of the numbers: a container with names becomes a dict."""
        return self.replace(self._entries(leaves))

    def stacked(self, columns: Sequence[Any], count: int) -> Any:
        """So many nested arguments of this structure in one, from a column of numbers for each leaf.

        With an array of shape (count,) in place of a number, and of shape (count, ...) in place of an array.
        """
        import numpy

        arrays = [_array(column, (count,)) if isinstance(column, list) else column for column in columns]
        entries, start = [], 0
        for shape in self.shapes:
            block = arrays[start : start + _size(shape)]
            if shape is None:
                entries.append(block[0])
            else:
                together = numpy.stack(block, axis=-1) if block else numpy.empty(0)
                entries.append(together.reshape(count, *shape))
            start += len(block)
        return self.replace(entries)

    def replace(self, entries: Iterable[Any]) -> Any:
        """The nested argument with each number and each array replaced by what belongs to it."""
        import optree

        boxed = self._spec.unflatten(map(_Derivative, entries))
        return optree.tree_map(
            lambda box: box.content,
            boxed,
            is_leaf=lambda thing: isinstance(thing, _Derivative),
            namespace=_NAMESPACE,
        )

    def _entries(self, leaves: Sequence[Any]) -> Sequence[Any]:
        if not self._has_arrays:
            return leaves
        entries, start = [], 0
        for shape in self.shapes:
            size = _size(shape)
            entries.append(leaves[start] if shape is None else _array(leaves[start : start + size], shape))
            start += size
        return entries

    def names(self) -> list[str]:
        """Where each number stands: `[0]['w'][2]`; "" where there is nothing but the number."""
        names = []
        for path, shape in zip(self._spec.paths(), self.shapes, strict=True):
            prefix = "".join(f"[{key!r}]" for key in path)
            names.extend(
                [prefix] if shape is None else [f"{prefix}{list(index)}" for index in _indices(shape)]
            )
        return names


class _Place:
    """A number or an array in the text of a structure."""

    def __init__(self, shape: tuple[int, ...] | None) -> None:
        self._shape = shape

    def __repr__(self) -> str:
        return "number" if self._shape is None else f"array of shape {self._shape}"


def flatten(tree: Any, *, foreign: bool = False) -> tuple[list[Any], Structure]:
    """The numbers (or other leaves) of a nested argument, and its structure.

    Raises TypeError for an array that `as_array` refuses, or, if `foreign`, takes it for a leaf.
    """
    import optree

    entries, spec = optree.tree_flatten(tree, namespace=_NAMESPACE)
    leaves: list[Any] = []
    shapes: list[tuple[int, ...] | None] = []
    held: list[bool] = []
    for entry in entries:
        if isinstance(entry, _Held):
            leaves.append(entry.content)
            shapes.append(None)
            held.append(True)
            continue
        if is_array(entry) and not (foreign and _refusal(entry)):
            array = as_array(entry)
            shapes.append(array.shape)
            leaves.extend(array.ravel().tolist())
        else:
            shapes.append(None)
            leaves.append(entry)
        held.extend([False] * (len(leaves) - len(held)))
    return leaves, Structure(spec, shapes, held)


def is_array(thing: Any) -> bool:
    """Whether a thing is an array, or what NumPy makes one of, and no number."""
    return hasattr(thing, "__array__") and not isinstance(thing, numbers.Number)


def as_array(thing: Any) -> Any:
    """The NumPy array that holds the numbers of a thing for which `is_array` is true.

    Raises TypeError for what an array of numbers cannot stand for: masked arrays, matrices, complex numbers,
    dates, records.
    """
    import numpy

    refusal = _refusal(thing)
    if refusal:
        raise TypeError(refusal)
    return numpy.asarray(thing)


def _refusal(thing: Any) -> str:
    """What is wrong with an array, and what to do; "" for one of numbers, or of objects, bools or texts."""
    import numpy

    if isinstance(thing, numpy.ma.MaskedArray):
        return "a masked array has no number where it is masked: fill the gaps first, array.filled(0.0)"
    if isinstance(thing, numpy.matrix):
        return (
            "a numpy.matrix multiplies otherwise than an array does, and its rows are matrices: "
            "numpy.asarray(matrix) makes it an array"
        )
    array = numpy.asarray(thing)
    kind = array.dtype
    if kind.kind in _REMEDIES:
        return f"an array is one of real numbers, not of {kind}: {_REMEDIES[kind.kind]}"
    if kind.hasobject:
        for item in array.flat:
            if item is None or isinstance(item, list | tuple | dict) or is_array(item):
                return (
                    f"expected a real number in every place of an array of objects, not {item!r}: fill the "
                    "gaps, or give nested lists"
                )
    return ""


_REMEDIES = {
    "c": "give array.real and array.imag by themselves",
    "M": "array.astype(float) makes them numbers of their unit",
    "m": "array.astype(float) makes them numbers of their unit",
    "V": "give its fields by themselves, array['name']",
}  # by the kind of the elements


def parts(tree: Any, is_part: Callable[[Any], bool]) -> tuple[list[Any], Callable[[Iterable[Any]], Any]]:
    """What `is_part` picks of a nested argument, or has no parts; and what rebuilds it of other parts."""
    import optree

    entries, spec = optree.tree_flatten(tree, is_leaf=is_part, namespace=_NAMESPACE)
    return entries, spec.unflatten


def contents(tree: Any) -> tuple[list[Any], list[dict[Any, Any]]]:
    """The outermost containers with named children of a nested argument, and the dicts outside of them.

    The argument is one that `flatten` has taken apart before.
    """
    dicts: list[dict[Any, Any]] = []

    def is_named(thing: Any) -> bool:
        if isinstance(thing, dict):
            dicts.append(thing)
        return _has_names(thing)

    return [thing for thing in parts(tree, is_named)[0] if _has_names(thing)], dicts


def _has_names(thing: Any) -> bool:
    return type(thing) in _with_names


def told_apart(thing: Any) -> Hashable:
    """What stands for a thing where programs are compared: 0.0 and -0.0 differ, and 1 and True.

    Equal if a program cannot tell two things apart, nan from nan among them.  Numbers, tuples, lists, sets,
    dicts in their order, ranges, slices, data classes and what NumPy holds are compared by what is in them,
    anything else by its type and `==`.  Hashable if the thing is.

    >>> told_apart((1, 0.0)) == told_apart((True, 0.0)), told_apart(float("nan")) == told_apart(float("nan"))
    (False, True)
    """
    kind = type(thing)
    if kind in _TOLD_BY_EQUALITY:
        return kind, thing
    return _Mutable(kind, _compared(thing)) if kind.__hash__ is None else (kind, _compared(thing))


_TOLD_BY_EQUALITY = frozenset([str, int, bool, bytes, type, type(None)])  # the usual ones, at once


class _Mutable(NamedTuple):
    """What stands for a thing that is not hashable."""

    kind: type
    compared: Any

    def __hash__(self) -> int:
        raise TypeError(f"unhashable type: {self.kind.__name__!r}")


def _compared(thing: Any) -> Any:
    if isinstance(thing, float):
        return float.__repr__(thing)
    if isinstance(thing, complex):
        return complex.__repr__(thing)
    if isinstance(thing, tuple | list):
        return tuple(map(told_apart, thing))
    if isinstance(thing, frozenset | set):
        return frozenset(map(told_apart, thing))
    if isinstance(thing, dict):
        return tuple((told_apart(key), told_apart(item)) for key, item in thing.items())
    if isinstance(thing, range | slice):
        return tuple(map(told_apart, (thing.start, thing.stop, thing.step)))
    if isinstance(thing, numbers.Number) and hasattr(thing, "as_tuple"):  # a Decimal, which has zeros too
        return thing.as_tuple()
    if hasattr(type(thing), "__dataclass_fields__") and thing.__dataclass_params__.eq:
        import dataclasses

        return tuple(told_apart(getattr(thing, f.name)) for f in dataclasses.fields(thing) if f.compare)
    if type(thing).__module__ == "numpy" and hasattr(thing, "tobytes"):
        return (
            thing.dtype,
            thing.shape,
            told_apart(thing.tolist() if thing.dtype.hasobject else thing.tobytes()),
        )
    return thing


def outer(rows: Structure, columns: Structure, matrix: Sequence[Sequence[Any]]) -> Any:
    """A matrix of numbers as a tree of `rows` of trees of `columns`: how a jacobian is returned.

    Where a row entry or a column entry is an array, the block is an array of both shapes joined.
    """
    tree, row = [], 0
    for row_shape in rows.shapes:
        entries, column = [], 0
        for column_shape in columns.shapes:
            block = [
                matrix[i][j]
                for i in range(row, row + _size(row_shape))
                for j in range(column, column + _size(column_shape))
            ]
            is_number = row_shape is None and column_shape is None
            entries.append(block[0] if is_number else _array(block, (row_shape or ()) + (column_shape or ())))
            column += _size(column_shape)
        tree.append(columns.replace(entries))
        row += _size(row_shape)
    return rows.replace(tree)


def _size(shape: tuple[int, ...] | None) -> int:
    size = 1
    for length in shape or ():
        size *= length
    return size


def _indices(shape: tuple[int, ...]) -> list[tuple[int, ...]]:
    return list(itertools.product(*map(range, shape)))


def _array(leaves: Sequence[Any], shape: tuple[int, ...]) -> Any:
    import numpy

    if set(map(type, leaves)) <= {float}:
        return numpy.array(leaves, dtype=numpy.float64).reshape(shape)
    array = numpy.empty(len(leaves), dtype=object)
    array[:] = leaves
    return array.reshape(shape)
