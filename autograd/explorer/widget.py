"""The explorer as a widget of Jupyter: its leaves are a list in Python, in both directions.

This is the one module that needs anywidget, of the extra `notebook`; `Explorer.widget` imports it.
"""

from __future__ import annotations

from typing import Any

import anywidget
import traitlets


def _as_text(numbers: list[float], widget: Any) -> list[str]:
    return [repr(number) for number in numbers]


def _as_floats(texts: list[str], widget: Any) -> list[float]:
    return [float(text) for text in texts]


class ExplorerWidget(anywidget.AnyWidget):
    """An explorer whose `leaves`, one float per leaf, follow the sliders, and move them when assigned.

    They come in the order of `Graph.inputs`, then what the graph captured; `widget.observe(f, "leaves")`
    calls `f` at every move, and `graph.evaluate(*widget.leaves)` computes with them.
    """

    leaves = traitlets.List(traitlets.Float()).tag(sync=True, to_json=_as_text, from_json=_as_floats)

    def __init__(self, module: str, leaves: list[float]) -> None:
        self._count = len(leaves)
        self._esm = module
        super().__init__(leaves=leaves)

    def __repr__(self) -> str:
        return (
            f"<explorer of {self._count} {'leaf' if self._count == 1 else 'leaves'}: run the cell to see it>"
        )

    @traitlets.validate("leaves")
    def _check_count(self, proposal: Any) -> list[float]:
        numbers: list[float] = proposal["value"]
        if len(numbers) != self._count:
            raise traitlets.TraitError(
                f"this explorer has {self._count} leaves, one number for each, not {len(numbers)}"
            )
        return numbers
