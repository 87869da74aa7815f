"""Random expressions over the whole table: what engines, graphs and transforms have to agree about."""

import math
import operator
import random
from collections.abc import Callable, Sequence
from typing import Any

from autograd import Primitive, primitives, table

ROWS = [table[name] for name in primitives.__all__ if name in table]
"""The table as the package declares it: the rows that tests declare are not among them."""

SPECIAL = [0.0, -0.0, 1.0, -1.0, 2.0, 0.5, math.inf, -math.inf, math.nan, 5e-324, 1e308, -3.0, 1e-160]
OPERATORS: dict[str, Callable[..., Any]] = {
    "add": operator.add, "sub": operator.sub, "mul": operator.mul, "div": operator.truediv,
    "floor_divide": operator.floordiv, "mod": operator.mod, "pow": operator.pow, "neg": operator.neg,
    "abs": abs, "floor": math.floor, "ceil": math.ceil, "trunc": math.trunc, "round": round,
    "less": operator.lt, "less_equal": operator.le, "greater": operator.gt, "greater_equal": operator.ge,
    "equal": operator.eq, "not_equal": operator.ne,
}  # fmt: skip
"""What Python writes for the row of that name."""


def number(generator: random.Random) -> float:
    return generator.choice(SPECIAL) if generator.random() < 0.5 else generator.uniform(-3, 3)


def by_row(row: Primitive, operands: Sequence[Any]) -> Any:
    return row(*operands)


def by_operator(row: Primitive, operands: Sequence[Any]) -> Any:
    """The row applied as Python's operator, or as a method, where there is one for these operands."""
    operation = OPERATORS.get(row.name) or getattr(operands[0], row.name, None)
    if operation is None or not any(hasattr(operand, "primitive") for operand in operands):
        return row(*operands)  # Python's operators raise for numbers what the rows do not
    return operation(*operands) if row.name in OPERATORS else operation(*operands[1:])


def expression(
    generator: random.Random,
    rows: Sequence[Primitive],
    most: int = 5,
    ways: Sequence[Callable[..., Any]] = (by_row,),
) -> Callable[[Any, Any], list[Any]]:
    """A function of two numbers that gives them and up to `most` results, each a row of earlier ones.

    A quarter of the operands are numbers; a row is applied in one of the `ways`.
    """
    steps = []
    for count in range(2, generator.randrange(3, 3 + most)):
        row = generator.choice(rows)
        arity = 3 if row.variadic else row.arity
        places = [generator.randrange(count) if generator.random() < 0.75 else None for _ in range(arity)]
        constants = [number(generator) for _ in range(arity)]
        if row.name == "where":
            places[0] = generator.randrange(count)
        steps.append((generator.choice(ways), row, places, constants))

    def function(x: Any, y: Any) -> list[Any]:
        results = [x, y]
        for apply, row, places, constants in steps:
            operands = [
                c if place is None else results[place] for place, c in zip(places, constants, strict=True)
            ]
            if row.name == "where":
                operands[0] = operands[0] > constants[0]
            results.append(apply(row, operands))
        return results

    return function
