"""The engine in use: the reference engine in Python."""

from autograd.value import Condition, Value, check_finite, topological_order

__all__ = ["Condition", "Value", "check_finite", "engine_name", "topological_order"]

engine_name = "python"
