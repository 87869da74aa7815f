"""The chain rule from an output to an input, written out: symbols and numbers side by side.

The derivatives come from the rows' partials, applied to the nodes; their numbers are those of the forward
pass.  A node on several paths gets an adjoint with a line of its own, so that the text stays linear in the
graph however many paths there are.
"""

from __future__ import annotations

import collections
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, NamedTuple

from autograd import modes
from autograd.engine import Value, topological_order
from autograd.notation import infix, tex
from autograd.notation.written import LOOSEST, MINUS, POWER, Notation, lines, numbering, text
from autograd.primitives import div, mul, neg, where
from autograd.rows import Primitive
from autograd.sweeps import adjoints

__all__ = ["Derivation", "derivation"]

_LARGEST = 300  # nodes that a notebook or a console shows unasked


class _Product(NamedTuple):
    """A number times an expression; None stands for 1."""

    coefficient: float
    factor: Value | None


_ONE = _Product(1.0, None)


class Link(NamedTuple):
    """The derivative of a node by one that it depends on without another named node between."""

    expression: Any
    number: float


class Factor(NamedTuple):
    """A derivative in a product; without an expression it is an adjoint that has a line of its own."""

    above: Value
    below: Value
    is_partial: bool  # of one path among several
    link: Link


class Equation(NamedTuple):
    """The derivative of the output by `node`: a sum of products, and its number."""

    node: Value
    terms: list[list[Factor]]
    number: float


def derivation(output: Value, wrt: Value, names: Mapping[Value, str] | None = None) -> Derivation:
    """The derivative of `output` by `wrt` as a chain of local derivatives: symbols, formulas, numbers.

    The chain goes by the nodes that have labels, or `names`; where no node between has one, by the
    operations that are not linear.  Several paths give a sum, where `∂` marks the derivative along one of
    them.  A node on several paths is named, and its adjoint gets a line before.  A path that was not taken
    (`where`, `maximum`, `relu`) does not appear.  Labels, data and partials are those of this moment.

    It prints as text; `latex()` is LaTeX, which notebooks show.  Raises TypeError unless both are Values.

    >>> x, w, b = Value(2.0, "x"), Value(-3.0, "w"), Value(6.8813735870195432, "b")
    >>> n = x * w + b
    >>> n.label = "n"
    >>> o = n.tanh()
    >>> o.label = "o"
    >>> print(derivation(o, w))
    do/dw = do/dn · dn/dw = tanh'(n) · x = 0.5 · 2 = 1
    >>> print(derivation(x * o + x, x))
    df/dx = ∂f/∂x + df/do · do/dn · ∂n/∂x = (1 + o) + x · tanh'(n) · w = 1.70711 + 2 · 0.5 · (-3) = -1.29289
    """
    for given in (output, wrt):
        if not isinstance(given, Value):
            raise TypeError(f"a derivation goes from a Value to a Value, not {type(given).__name__}")
    return Derivation(output, wrt, dict(names or {}))


class Derivation:
    """The chain rule from `output` to `wrt`; `value` is the derivative, as a float."""

    output: Value
    wrt: Value
    value: float

    def __init__(self, output: Value, wrt: Value, names: Mapping[Value, str]) -> None:
        self.output, self.wrt = output, wrt
        order = topological_order(output)
        self._wanted = wanted_names([*order, wrt], names, {output: "f"} | {wrt: "x"})
        self._numbered = numbering(order, self._wanted)
        self._size = len(order)
        self._equations = equations(output, [wrt], set(self._wanted))
        self.value = self._equations[-1].number

    def __str__(self) -> str:
        parts, sides = self._written(infix.READING, text_of_derivative, " · ")
        written = [f"{name} = {part}" for name, part in parts]
        for left, *right in sides:
            whole = " = ".join([left, *right])
            if len(whole) > 110:
                whole = f"{left} = " + f"\n{' ' * len(left)} = ".join(right)
            written.append(whole)
        return "\n".join(written)

    def latex(self) -> tex.LaTeX:
        """The same in LaTeX, the equations below each other."""
        parts, sides = self._written(tex.READING, _latex_of_derivative, r" \cdot ")
        return tex.aligned([*([name, part] for name, part in parts), *sides])

    def __repr__(self) -> str:
        if self._size > _LARGEST:
            return f"<derivation over {self._size:,} nodes: print it to read it>"
        return str(self)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        if self._size > _LARGEST:
            return {"text/plain": repr(self)}
        return {**self.latex()._repr_mimebundle_(), "text/plain": repr(self)}

    def _written(
        self, notation: Notation, derivative: Callable[[str, str, bool], str], dot: str
    ) -> tuple[list[tuple[str, str]], list[list[str]]]:
        """The lines of parts, as `lines` gives them, and the sides of each equation."""
        parts, names = named_parts(notation, self._equations, self._wanted, self._numbered)
        return parts, [
            sides(equation, self.output, notation, names, derivative, dot) for equation in self._equations
        ]


def text_of_derivative(above: str, below: str, is_partial: bool) -> str:
    """A derivative as text: dy/dx, or along one path of several with a curled d."""
    d = "∂" if is_partial else "d"
    return f"{d}{above}/{d}{below}"


def _latex_of_derivative(above: str, below: str, is_partial: bool) -> str:
    d = r"\partial " if is_partial else "d"
    return rf"\frac{{{d}{above}}}{{{d}{below}}}"


# --- Writing ---------------------------------------------------------------------------------------------


def wanted_names(
    order: Iterable[Value], names: Mapping[Value, str], ends: Mapping[Value, str]
) -> dict[Value, str]:
    """What nodes should be called: by `names`, by their labels, and the `ends` in any case."""
    named = {node: name for node in order if (name := names.get(node, node.label))}
    return named | {node: name for node, name in ends.items() if node not in named}


def named_parts(
    notation: Notation,
    found: Sequence[Equation],
    wanted: Mapping[Value, str],
    numbered: Mapping[Value, str],
) -> tuple[list[tuple[str, str]], dict[Value, str]]:
    """What the nodes without a label that the equations speak of are made of, and the names of all."""
    factors = [factor for equation in found for term in equation.terms for factor in term]
    spoken_of = dict.fromkeys(node for factor in factors for node in (factor.above, factor.below))
    spoken_of |= dict.fromkeys(equation.node for equation in found)
    expressions = [factor.link.expression for factor in factors if isinstance(factor.link.expression, Value)]
    kept = {node for node in spoken_of if node not in wanted}
    order = topological_order(*expressions, *kept, without=[*wanted])
    order = [node for node in order if node not in wanted]
    taken = symbols([*order, *numbered])
    return lines(
        notation, order, expressions, list(wanted), wanted, taken=taken, kept=kept, numbered=numbered
    )


def symbols(order: Iterable[Value]) -> set[str]:
    """The names of functions in a text about these nodes, which no node may have."""
    return {node.primitive.symbol.rstrip("'") for node in order if node.primitive is not None}


def sides(
    equation: Equation,
    output: Value,
    notation: Notation,
    names: Mapping[Value, str],
    derivative: Callable[[str, str, bool], str],
    dot: str,
) -> list[str]:
    """The derivative; the chain; its formulas; its numbers; the result: each that is not as the last."""
    is_alone = len(equation.terms) == 1 and len(equation.terms[0]) == 1

    def written(entries: Callable[[Factor], Any]) -> str:
        terms: list[str] = []
        for term in equation.terms:
            factors: list[str] = []
            for factor in term:
                entry = entries(factor)
                least = LOOSEST if is_alone else POWER if terms or factors else MINUS
                factors.append(entry if isinstance(entry, str) else text(notation, entry, names, least))
            terms.append(dot.join(factors))
        return " + ".join(terms)

    def symbol(factor: Factor) -> str:
        return derivative(names[factor.above], names[factor.below], factor.is_partial)

    def formula(factor: Factor) -> Any:
        return symbol(factor) if factor.link.expression is None else factor.link.expression

    left = derivative(names[output], names[equation.node], False)
    right = [written(symbol), written(formula), written(lambda factor: factor.link.number)]
    result = text(notation, equation.number, names)
    chosen = [left]
    for side in [*(right if equation.terms else []), result]:
        if side != chosen[-1]:
            chosen.append(side)
    return chosen


# --- Differentiating -------------------------------------------------------------------------------------


def equations(
    output: Value, wrt: Sequence[Value], named: AbstractSet[Value], *, each: bool = False
) -> list[Equation]:
    """The adjoints that need a line, from the output's side on; those of `wrt` in any case, or `each`."""
    ends = set(wrt)
    links = _links(output, ends, named, each=each)
    above = collections.Counter(owner for owners in links.values() for owner in owners)
    alone = {
        node
        for node in links
        if each or node in ends or len(links[node]) > 1 or (above[node] > 1 and node is not output)
    }
    ordered = [node for node in links if node in alone] + [node for node in wrt if node not in links]
    numbers = dict(zip(ordered, adjoints([output], [1.0], ordered, as_values=False), strict=True))
    found = []
    for node in ordered:
        terms = []
        for owner in links.get(node, {}):
            term = [Factor(owner, node, len(links[node]) > 1, links[node][owner])]
            while owner is not output and owner not in alone:
                ((further, link),) = links[owner].items()
                term.append(Factor(further, owner, False, link))
                owner = further
            if owner is not output:
                term.append(Factor(output, owner, False, Link(None, numbers[owner])))
            terms.append(term[::-1])
        found.append(Equation(node, terms, numbers[node]))
    return found


def _links(
    output: Value, wrt: AbstractSet[Value], named: AbstractSet[Value], *, each: bool
) -> dict[Value, dict[Value, Link]]:
    """For each named node the nodes whose derivatives its own is made of, with these, from the output on.

    A node without a name is passed by, its partials becoming a factor, unless several nodes need it, or a
    product would be told more than once.
    """
    order = topological_order(output)
    ways = _ways(order, wrt)
    reached, uses = {output}, collections.Counter[Value]()
    for node in reversed(order):
        if node in reached:
            arguments = {node.arguments[position] for position in ways.get(node, ())}
            reached |= arguments
            uses.update(arguments)
    inner = [node for node in order if node in reached and node is not output and node not in wrt]
    finely = not any(node in named for node in inner)
    found: dict[Value, dict[Value, Link]] = {}
    totals: dict[Value, dict[Value, _Sum]] = collections.defaultdict(dict)
    passed: dict[Value, tuple[Value, _Product, float]] = {}

    def link(node: Value, owner: Value, part: _Sum) -> None:
        totals[node].setdefault(owner, _Sum()).join(part)

    with modes.entered(trace=None, paused=0, watched=0, scope=()):
        for node in reversed(order):
            if node not in reached:
                continue
            owner, product, number = passed.pop(node, (node, _ONE, 1.0))
            parts = _parts(node, ways.get(node, ()))
            if owner is not node and product.factor is not None and (finely or len(parts) > 1):
                link(node, owner, _Sum().plus(product, number))
                owner, product, number = node, _ONE, 1.0
            if node in totals:
                found[node] = {above: total.link() for above, total in totals.pop(node).items()}
            for argument, part in parts.items():
                total = part.times(product, number)
                if each or argument in named or argument in wrt or uses[argument] > 1:
                    link(argument, owner, total)
                else:
                    passed[argument] = (owner, total.product(), total.number)
    return found


def _ways(order: Iterable[Value], wrt: Iterable[Value]) -> dict[Value, list[int]]:
    """For each node that depends on `wrt` the positions of the arguments by which it does.

    As in a sweep, an argument that was not selected, or that has no derivative, is none of them.
    """
    varying = set(wrt)
    ways = {}
    for node in order:
        if node.primitive is None:
            continue
        row: Primitive = node.primitive
        positions = [
            position
            for position, argument in enumerate(node.arguments)
            if isinstance(argument, Value)
            and argument in varying
            and row.partial(position) is not None
            and not (row.skips(position) and node.partials[position] == 0)
        ]
        if positions:
            ways[node] = positions
            varying.add(node)
    return ways


def _parts(node: Value, positions: Iterable[int]) -> dict[Value, _Sum]:
    """The local derivatives of a node by its arguments, each argument once."""
    parts: dict[Value, _Sum] = {}
    for position in positions:
        row: Primitive = node.primitive  # type: ignore[assignment]
        partial = _readable(row.derivative(position, node.arguments, node), [node, *node.arguments])
        part = parts.setdefault(node.arguments[position], _Sum())
        part.plus(_as_product(partial), node.partials[position])
    return parts


def _readable(partial: Any, given: Iterable[Any]) -> Any:
    """A partial without what only guards a domain, and with plain formulas for rows that no symbol names.

    What is `given` stays as it is.
    """
    if not isinstance(partial, Value):
        return partial
    known = {thing for thing in given if isinstance(thing, Value)}
    read: dict[Value, Any] = {}
    for part in topological_order(partial, without=known):
        row: Primitive | None = part.primitive
        if row is None or part in known:
            continue
        operands = [read.get(a, a) if isinstance(a, Value) else a for a in part.arguments]
        if row.auxiliary and row.partials == (1.0,):
            read[part] = operands[0]
        elif row is where and not isinstance(operands[0], Value):
            read[part] = row.function(*operands)
        elif row.auxiliary and row._plain is not None and row.symbol == row.name:
            read[part] = _readable(row._plain(*operands), [*known, *operands])
        else:
            read[part] = row(*operands)
    return read.get(partial, partial)


def _as_product(partial: Any) -> _Product:
    """A partial with the number in front of it apart."""
    coefficient = 1.0
    while isinstance(partial, Value):
        if partial.primitive is neg:
            coefficient, partial = -coefficient, partial.arguments[0]
        elif partial.primitive is mul and isinstance(partial.arguments[0], float):
            coefficient, partial = coefficient * partial.arguments[0], partial.arguments[1]
        else:
            return _Product(coefficient, partial)
    return _Product(coefficient * partial, None)


def _product(x: Value | None, y: Value | None) -> Value | None:
    if x is None or y is None:
        return y if x is None else x
    if y.primitive is div and isinstance(y.arguments[0], float) and y.arguments[0] == 1:
        quotient: Value = x / y.arguments[1]
        return quotient
    product: Value = x * y
    return product


class _Sum:
    """A sum of products that counts equal ones together, and the number that it comes to."""

    def __init__(self) -> None:
        self._coefficients: dict[Value | None, float] = {}
        self.number = 0.0

    def plus(self, product: _Product, number: float) -> _Sum:
        before = self._coefficients.get(product.factor, 0.0)
        self._coefficients[product.factor] = before + product.coefficient
        self.number += number
        return self

    def join(self, other: _Sum) -> None:
        for product in other._products():
            self.plus(product, 0.0)
        self.number += other.number

    def times(self, product: _Product, number: float) -> _Sum:
        """The sum times a product that comes to a number, and to nothing where that is 0, as in a sweep."""
        result = _Sum()
        for own in self._products():
            factor = _product(product.factor, own.factor)
            result.plus(_Product(product.coefficient * own.coefficient, factor), 0.0)
        result.number = self.number * number if number else 0.0
        return result

    def product(self) -> _Product:
        if len(self._coefficients) == 1:
            return next(self._products())
        return _Product(1.0, self.link().expression)

    def link(self) -> Link:
        total: Any = None
        for coefficient, factor in self._products():
            size = coefficient if total is None else abs(coefficient)
            term: Any = size
            if factor is not None:
                term = factor if size == 1 else -factor if size == -1 else size * factor
            total = term if total is None else total + term if coefficient > 0 else total - term
        return Link(total, self.number)

    def _products(self) -> Iterator[_Product]:
        return (_Product(coefficient, factor) for factor, coefficient in self._coefficients.items())
