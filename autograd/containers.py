"""Nested arguments as a flat list of numbers, and back: lists, tuples, dicts, arrays, registered types.

optree walks the containers; a NumPy array is taken apart into its elements.  Dicts go by sorted keys.
"""

from __future__ import annotations

import functools
import itertools
import numbers
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

__all__ = ["register_container"]

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
    dict by these names, and Values among the children count as the numbers they hold.  Raises ValueError
    if the type is registered already.

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
            return tuple(children), rest
        _with_names.add(kind)
        return tuple(map(_Held, children)), _Named(rest, tuple(names[0])), tuple(names[0])

    def rebuilt(rest: Any, children: Sequence[Any]) -> Any:
        if not isinstance(rest, _Named):
            return unflatten(rest, children)
        if any(isinstance(child, _Derivative) for child in children):
            return dict(zip(rest.names, children, strict=True))
        return unflatten(rest.rest, children)

    register: Any = optree.register_pytree_node  # typed for collections only
    register(kind, flattened, rebuilt, namespace=_NAMESPACE)


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
        return str(self._spec.unflatten("*" if shape is None else f"*{shape}" for shape in self.shapes))

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
            elif getattr(entry, "shape", None) == shape:
                leaves.extend(entry.ravel().tolist())
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


def flatten(tree: Any) -> tuple[list[Any], Structure]:
    """The numbers (or other leaves) of a nested argument, and its structure."""
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
        is_array = hasattr(entry, "__array__") and not isinstance(entry, numbers.Number)
        shapes.append(tuple(entry.shape) if is_array else None)
        if is_array:
            leaves.extend(entry.ravel().tolist())
        else:
            leaves.append(entry)
        held.extend([False] * (len(leaves) - len(held)))
    return leaves, Structure(spec, shapes, held)


def parts(tree: Any, is_part: Callable[[Any], bool]) -> tuple[list[Any], Callable[[Iterable[Any]], Any]]:
    """What `is_part` picks of a nested argument, or has no parts; and what rebuilds it of other parts."""
    import optree

    entries, spec = optree.tree_flatten(tree, is_leaf=is_part, namespace=_NAMESPACE)
    return entries, spec.unflatten


def named_containers(tree: Any) -> list[Any]:
    """The outermost containers with named children of an argument that `flatten` has taken apart before."""
    return [thing for thing in parts(tree, _has_names)[0] if _has_names(thing)]


def _has_names(thing: Any) -> bool:
    return type(thing) in _with_names


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
