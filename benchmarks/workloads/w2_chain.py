"""W2: a chain as deep as it is long, where a graph's memory and the sort's own stack are what counts."""

from typing import Any

from benchmarks.workloads import Workload

SIZE = 100_000


def workload(size: int = SIZE) -> Workload:
    """A chain of `size` operations, rounded down to an even number: a term follows each factor."""
    pairs = size // 2

    def chain(math: Any, inputs: list[Any]) -> Any:
        (x,) = inputs
        for _ in range(pairs):
            x = x * 1.0000001
            x = x + 1e-9
        return x

    return Workload(f"W2 chain of {2 * pairs:,}", chain, point=[1.0], operations=2 * pairs)
