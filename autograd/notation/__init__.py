"""Infix text, LaTeX, and the chain rule's derivation of a gradient in words.

How a row is written stands in the row: `infix`, `symbol`, `precedence`, `latex`.  `written` joins the pieces
of any notation, `infix` writes Python, `tex` LaTeX, `chain_rule` derivations and `passes` tables of them.
Nothing here recurses over a graph, and everything is linear in it.
"""

from autograd.notation.chain_rule import Derivation, derivation
from autograd.notation.infix import brief, definition, expression
from autograd.notation.passes import steps
from autograd.notation.tex import LaTeX, latex

__all__ = ["Derivation", "LaTeX", "brief", "definition", "derivation", "expression", "latex", "steps"]
