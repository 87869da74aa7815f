"""A recorded program: its inputs, its nodes in topological order, its outputs and the branches it took.

A Graph does not know how numbers are multiplied: `evaluate` applies each row to whatever kind of number
it is given.  It does not know a derivative either: its gradient is a sweep that gives Values, and so a
graph again.
"""

from __future__ import annotations

import collections
import functools
import numbers
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from autograd import containers, modes
from autograd.engine import Value, topological_order
from autograd.node import check_finite
from autograd.rows import real
from autograd.sweeps import adjoints

__all__ = ["Graph", "argument_names", "function_name", "trace", "varies"]

_LISTED_AT_EACH_END = 100
_WIDEST_STATEMENT = 60  # characters before the numbers of a listing, which stand below each other
_LONGEST_TREE, _DEEPEST_TREE = 200, 30  # lines, and levels to the right


class _Signature(NamedTuple):
    """What a traced function took and returned."""

    arguments: containers.Structure
    fixed: list[Any]  # for each leaf of the arguments the one that it must be, or _VARIES for an input
    results: containers.Structure | None  # None for a flat tuple, or one number


class Graph:
    """The program that computed `outputs`, Values or numbers, from `inputs`.

    Inputs default to the leaves in topological order.  Other leaves are captured: replaying reads their
    data anew.  Without a `trace` the graph is the one path that was taken: comparisons were plain bools.

    `inputs`, `nodes` and `outputs` are tuples of Values, arguments before results; `branches` holds each
    Condition that Python asked for its truth, with the answer; `program` lists what is replayed, each
    branch as early as possible.  `len` and iteration go over the nodes.

    >>> from autograd import Value
    >>> x, y = Value(2.0, label="x"), Value(3.0, label="y")
    >>> graph = Graph(x * y + x)
    >>> print(graph)
    Graph of 2 inputs, 4 nodes, 1 output (one path: without a trace no branch was recorded)
    %0 = x                  2.0
    %1 = y                  3.0
    %2 = mul(%0, %1)        6.0
    %3 = add(%2, %0)        8.0
    output %3
    >>> graph.evaluate(10, 20)
    210.0
    """

    inputs: tuple[Value, ...]
    nodes: tuple[Value, ...]
    outputs: tuple[Any, ...]
    branches: tuple[tuple[Value, bool], ...]
    program: tuple[Value, ...]

    def __init__(self, *outputs: Any, inputs: Iterable[Value] | None = None) -> None:
        self.outputs = tuple(output if isinstance(output, Value) else real(output) for output in outputs)
        order = topological_order(*self._recorded_outputs())
        if inputs is None:
            self.inputs = tuple(node for node in order if node.primitive is None)
        else:
            self.inputs = tuple(inputs)
            for given in self.inputs:
                if not isinstance(given, Value):
                    raise TypeError(f"a graph's inputs are Values, not {type(given).__name__}")
            if len(set(self.inputs)) < len(self.inputs):
                raise ValueError("a graph's inputs are different Values, but one was given twice")
        present = set(order)
        self.nodes = (*(given for given in self.inputs if given not in present), *order)
        self.program = tuple(order)
        self.branches = ()
        self._signature: _Signature | None = None

    def _traced(self, branches: Iterable[tuple[Value, bool]], signature: _Signature | None) -> Graph:
        """This graph, with what a trace recorded besides the nodes."""
        self.branches = tuple(branches)
        self._signature = signature
        if self.branches:
            # A branch is checked as early as possible: beyond it the program may not be defined.
            conditions = [condition for condition, _ in self.branches]
            self.program = tuple(topological_order(*conditions, *self._recorded_outputs()))
        return self

    def _recorded_outputs(self) -> list[Value]:
        return [output for output in self.outputs if isinstance(output, Value)]

    def __len__(self) -> int:
        return len(self.nodes)

    def __iter__(self) -> Iterator[Value]:
        return iter(self.nodes)

    # --- Replaying ---

    def evaluate(self, *arguments: Any, **keywords: Any) -> Any:
        """The outputs for other arguments, without the Python function.

        A graph of a trace takes and returns the containers of the traced function; any other takes one
        number per input and returns one number, or a tuple for several outputs.  The numbers may be
        floats, ints, `fractions.Fraction`, NumPy arrays, mpmath or SymPy numbers, or Values.  Raises
        TypeError if the arguments do not match, and ValueError if they take another branch than the trace.

        >>> from fractions import Fraction
        >>> trace(lambda x: (x + 1) / x)(2.0).evaluate(Fraction(3))
        Fraction(4, 3)
        """
        values = self._replay(self._matched(arguments, keywords))
        results = [values[output] if isinstance(output, Value) else output for output in self.outputs]
        if self._signature is not None and self._signature.results is not None:
            return self._signature.results.rebuild(results)
        return results[0] if len(results) == 1 else tuple(results)

    def values(self, *arguments: Any, **keywords: Any) -> list[Any]:
        """One number for each of the nodes, for the given arguments; without any, for the recorded ones."""
        recorded = not arguments and not keywords
        values = self._replay(
            [given._data for given in self.inputs] if recorded else self._matched(arguments, keywords)
        )
        return [values[node] for node in self.nodes]

    def _matched(self, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> list[Any]:
        """The arguments as one number per input."""
        signature = self._signature
        if signature is None:
            if keywords or len(arguments) != len(self.inputs):
                raise TypeError(
                    f"this graph takes {len(self.inputs)} numbers, one per input, but {len(arguments)} "
                    f"positional and {len(keywords)} keyword arguments were given"
                )
            return list(arguments)
        try:
            leaves = signature.arguments.leaves((arguments, keywords))
        except TypeError as error:
            raise TypeError(
                f"evaluate takes what the traced function took, {signature.arguments!r} as (arguments, "
                f"keywords): {error}"
            ) from None
        for fixed, leaf in zip(signature.fixed, leaves, strict=True):
            if fixed is not _VARIES and containers.told_apart(fixed) != containers.told_apart(leaf):
                raise TypeError(
                    f"the trace was made for {fixed!r}, not for {leaf!r}: trace the function again"
                )
        return [leaf for fixed, leaf in zip(signature.fixed, leaves, strict=True) if fixed is _VARIES]

    def _replay(self, given: list[Any]) -> dict[Value, Any]:
        """Every node's number, computed from one number per input."""
        given = [_as_number(number) for number in given]
        lift = _exactly if any(_is_rational(number) for number in given) else _as_it_is
        # Inside a transform or a trace a captured leaf may be a variable of it.
        over_values = any(isinstance(number, Value) for number in given) or (
            modes.current.trace is not None or bool(modes.current.variables)
        )
        values: dict[Value, Any] = dict(zip(self.inputs, given, strict=True))
        outcomes = dict(self.branches)
        for node in self.program:
            if node in values:
                continue
            primitive = node.primitive
            if primitive is None:
                values[node] = node if over_values else lift(node._data)
                continue
            operands = [lift(a) if isinstance(a, float) else values[a] for a in node.arguments]
            values[node] = primitive(*operands)
            if modes.current.watched and isinstance(values[node], float):
                check_finite("", node, values[node])
            if node in outcomes:
                _check_branch(node, outcomes[node], values[node])
        return values

    # --- Differentiating ---

    def gradient(self, wrt: Value | Sequence[Value] | None = None) -> Graph:
        """The graph, over the same inputs, of the derivatives of the one output.

        `wrt` is one node or a sequence of nodes, by default the inputs; a node on which the output does
        not depend gets 0.0.  Replays like this graph.  Raises ValueError unless there is one output.

        >>> graph = trace(lambda x: x * x * x)(2.0)
        >>> graph.gradient().evaluate(3.0), graph.gradient().gradient().evaluate(3.0)
        (27.0, 18.0)
        """
        if len(self.outputs) != 1:
            raise ValueError(f"a gradient is that of one output, and this graph has {len(self.outputs)}")
        nodes = list(self.inputs) if wrt is None else [wrt] if isinstance(wrt, Value) else list(wrt)
        recording = modes.Trace(self.inputs)
        with modes.entered(trace=recording, paused=0, scope=()):
            derivatives = adjoints(self.outputs, [1.0], nodes, as_values=True, inputs=self.inputs)
        signature = self._signature and self._signature._replace(results=None)
        branches = (*self.branches, *recording.branches)
        return Graph(*derivatives, inputs=self.inputs)._traced(branches, signature)

    # --- Text ---

    def __repr__(self) -> str:
        sizes = ((self.inputs, "input"), (self.nodes, "node"), (self.outputs, "output"))
        return f"<Graph of {', '.join(_count(things, noun) for things, noun in sizes)}>"

    def __str__(self) -> str:
        return "\n".join(self._lines(_LISTED_AT_EACH_END))

    def tree(self) -> str:
        """The outputs as text, each node with the nodes below it that it is computed from.

        A node that was shown already is marked as shared.  What is too far to the right goes on further down
        as a tree of its own; of a large graph the first lines are shown.

        >>> from autograd import Value
        >>> x, y = Value(2.0, label="x"), Value(3.0, label="y")
        >>> print(Graph(x * y + x).tree())
        %3 = add(%2, %0)  8.0
        ├─ %2 = mul(%0, %1)  6.0
        │  ├─ %0 = x  2.0
        │  └─ %1 = y  3.0
        └─ %0 = x  2.0  (shared)
        """
        numbers = {node: f"%{number}" for number, node in enumerate(self.nodes)}
        lines = [repr(output) for output in self.outputs if not isinstance(output, Value)]
        shown: set[Value] = set()
        trees = collections.deque(self._recorded_outputs())
        waiting: list[tuple[Value, str, str]] = []  # nodes, what stands before each, and before those below
        while (waiting or trees) and len(lines) < _LONGEST_TREE:
            if not waiting:
                root = trees.popleft()
                waiting += [(root, "", "")] * (root not in shown)
                continue
            node, before, below = waiting.pop()
            arguments = [a for a in dict.fromkeys(node.arguments) if isinstance(a, Value)]
            mark = ""
            if node in shown:
                mark, arguments = "  (shared)", []
            elif arguments and len(below) >= 3 * _DEEPEST_TREE:
                mark, arguments = "  (further down)", []
                trees.append(node)
            else:
                shown.add(node)
            lines.append(f"{before}{_statement(node, numbers)}  {node._data!r}{mark}")
            for argument in reversed(arguments):
                corner, side = ("└─ ", "   ") if argument is arguments[-1] else ("├─ ", "│  ")
                waiting.append((argument, below + corner, below + side))
        if waiting or any(root not in shown for root in trees):
            order = topological_order(*self._recorded_outputs())
            lines.append(f"... {sum(node not in shown for node in order):,} more nodes ...")
        return "\n".join(lines)

    def _lines(self, at_each_end: int) -> Iterator[str]:
        note = "" if self._signature else " (one path: without a trace no branch was recorded)"
        yield repr(self)[1:-1] + note
        numbers = {node: f"%{number}" for number, node in enumerate(self.nodes)}
        omitted = range(at_each_end, len(self.nodes) - at_each_end)
        listed = [node for number, node in enumerate(self.nodes) if number not in omitted]
        statements = [_statement(node, numbers) for node in listed]
        width = min(max([22, *map(len, statements)]), _WIDEST_STATEMENT)
        for number, (node, statement) in enumerate(zip(listed, statements, strict=True)):
            if omitted and number == omitted.start:
                yield f"... {len(omitted):,} more nodes ..."
            yield f"{statement:<{width}}  {node._data!r}"
        for condition, outcome in self.branches:
            yield f"branch {numbers.get(condition, condition.primitive.name)} was {outcome}"  # type: ignore[union-attr]
        for output in self.outputs:
            yield f"output {numbers[output] if isinstance(output, Value) else output}"


def _is_rational(number: Any) -> bool:
    return isinstance(number, numbers.Rational) and not isinstance(number, numbers.Integral)


def _as_number(number: Any) -> Any:
    """Ints and NumPy's scalars as floats, integer arrays as arrays of floats, the rest as it is."""
    dtype = getattr(number, "dtype", None)
    if dtype is not None and number.shape != ():
        return number.astype(float) if dtype.kind in "biu" else number
    return real(number) if dtype is not None or isinstance(number, int) else number


def _as_it_is(constant: float) -> Any:
    return constant


def _exactly(constant: float) -> Any:
    from fractions import Fraction

    return Fraction(constant)


def _statement(node: Value, numbers: dict[Value, str]) -> str:
    label = f" {_printable(node.label)}" if node.label else ""
    scope = f"  [{_printable('/'.join(node.scope))}]" if node.scope else ""
    if node.primitive is None:
        return f"{numbers[node]} ={label or ' leaf'}{scope}"
    operands = ", ".join(repr(a) if isinstance(a, float) else numbers[a] for a in node.arguments)
    return f"{numbers[node]} ={label and label + ' ='} {node.primitive.name}({operands}){scope}"


def _printable(text: str) -> str:
    """Text as it is if it can be printed in a line, else as Python writes it."""
    return text if text.isprintable() else ascii(text)[1:-1]


def _count(things: Sequence[Any], noun: str) -> str:
    return f"{len(things):,} {noun}{'' if len(things) == 1 else 's'}"


def _check_branch(condition: Value, expected: bool, value: Any) -> None:
    agrees = value == expected
    if not (agrees.all() if hasattr(agrees, "all") else agrees):
        raise ValueError(
            f"these arguments take another branch than the trace: {condition.primitive.name} "  # type: ignore[union-attr]
            f"was {expected} then and is {value} now; trace the function again for them"
        )


# --- Tracing -----------------------------------------------------------------------------------------

_VARIES = ...  # stands for an argument that is an input, among those that are fixed


def trace(function: Callable[..., Any]) -> Callable[..., Graph]:
    """A function of the same arguments that returns the Graph of one call.

    Floats, ints, Values and the elements of NumPy arrays, nested in lists, tuples, dicts and registered
    containers, become inputs; bools, strs and anything else are fixed.  The graph knows the containers
    of arguments and results.  Comparisons are recorded, so that `where` is replayed; a truth value asked
    by Python (`if`, `while`, `max`) is recorded as a branch.  Reading `.data` of a traced Value raises
    RuntimeError, and so does `backward()`.  Raises TypeError if the function returns anything but numbers.

    >>> from autograd import where
    >>> graph = trace(lambda x: where(x > 0, x, -2 * x))(1.0)
    >>> graph.evaluate(-3.0)
    6.0
    """

    @functools.wraps(function)
    def traced(*arguments: Any, **keywords: Any) -> Graph:
        leaves, structure = containers.flatten((arguments, keywords))
        if all(isinstance(leaf, Value) and leaf.label for leaf in leaves if varies(leaf)):
            names = [""] * len(leaves)
        else:
            names = argument_names(function, arguments, keywords, structure)
        fixed = [_VARIES if varies(leaf) else leaf for leaf in leaves]
        placed = [
            leaf
            if fix is not _VARIES
            else Value(leaf._data if isinstance(leaf, Value) else leaf, _label(leaf, name))
            for fix, leaf, name in zip(fixed, leaves, names, strict=True)
        ]
        inputs = [leaf for fix, leaf in zip(fixed, placed, strict=True) if fix is _VARIES]
        positional, named = structure.rebuild(placed)
        recording = modes.Trace(inputs)
        with modes.entered(trace=recording, paused=0):
            result = function(*positional, **named)
        outputs, results = containers.flatten(result)
        for output in outputs:
            if not isinstance(output, Value | numbers.Real):
                raise TypeError(
                    f"a traced function returns numbers, but {function_name(function)} returned {output!r}"
                )
        signature = _Signature(structure, fixed, results)
        return Graph(*outputs, inputs=inputs)._traced(recording.branches, signature)

    return traced


def function_name(function: Callable[..., Any]) -> str:
    """What to call a function in a message."""
    return getattr(function, "__name__", repr(function))


def varies(leaf: Any) -> bool:
    """Whether a trace takes this leaf of the arguments as an input."""
    return isinstance(leaf, Value) or (isinstance(leaf, numbers.Real) and not isinstance(leaf, bool))


def _label(leaf: Any, name: str) -> str:
    return leaf.label or name if isinstance(leaf, Value) else name


def argument_names(
    function: Callable[..., Any],
    arguments: tuple[Any, ...],
    keywords: dict[str, Any],
    structure: containers.Structure,
) -> list[str]:
    """A name for each leaf of the arguments, from the function's parameters: `x`, `w[0]`."""
    import inspect

    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        parameters = []
    positional = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    positional += [f"argument{position}" for position in range(len(positional), len(arguments))]
    renamed = {f"[0][{position}]": name for position, name in enumerate(positional)}
    renamed |= {f"[1][{name!r}]": name for name in keywords}
    names = []
    for place in structure.names():
        end = place.index("]", place.index("]") + 1) + 1
        names.append(renamed[place[:end]] + place[end:])
    return names
