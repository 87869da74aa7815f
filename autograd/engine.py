"""The engine in use: the reference engine in Python."""

from autograd.value import Condition, Value, topological_order

__all__ = ["Condition", "Value", "engine_name", "topological_order"]

engine_name = "python"
