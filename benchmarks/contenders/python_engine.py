"""This library's reference engine, in Python, whichever engine `autograd` itself has chosen."""

from autograd.value import Value
from benchmarks.contenders.engine import Engine

contender = Engine("scalar-autograd, Python", Value)
