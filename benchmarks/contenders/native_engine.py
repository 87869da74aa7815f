"""This library's engine in C, whichever engine `autograd` itself has chosen."""

from autograd._core import Value
from benchmarks.contenders.engine import Engine

contender = Engine("scalar-autograd, native", Value)
