from collections.abc import Callable, Iterable, Sequence
from typing import Any

from autograd.node import Node
from autograd.rows import Primitive

digest: str

class Value(Node):
    def __init__(self, data: Any, label: Any = "", _op: str = "", _children: tuple[()] = ()) -> None: ...
    def backward(self, seed: float = 1.0) -> None: ...
    def zero_grad(self) -> None: ...

def topological_order(*outputs: Value, without: Iterable[Value] = ()) -> list[Value]: ...
def declare(row: Primitive) -> None: ...
def method(row: Primitive) -> Callable[..., Any] | None: ...
def complete(
    condition: type,
    operators: dict[str, Primitive],
    init: Callable[..., Any],
    backward: Callable[..., Any],
    zero_grad: Callable[..., Any],
) -> None: ...
def split_columns(columns: Sequence[Any], /) -> tuple[bytes, bytearray, list[Any]]: ...
def call_point(address: int, inputs: Any, outputs: Any, releases: bool, /) -> int: ...
def call_rows(
    address: int,
    shared: bytearray,
    columns: list[Any],
    outputs: Any,
    count: int,
    missed: Any,
    first: int,
    last: int,
    /,
) -> int: ...
def empty_matrix(rows: int, columns: int, /) -> Any: ...
def caller(kind: type[Primitive]) -> Callable[..., Any]: ...

class Route:
    def __init__(
        self,
        code: tuple[Any, ...],
        captured: tuple[Any, ...],
        pieces: Sequence[Any] | None,
        rebuild: Callable[..., Any],
    ) -> None: ...

class Way:
    kinds: tuple[tuple[int, ...] | None, ...]
    def __init__(
        self,
        kinds: tuple[tuple[int, ...] | None, ...],
        paths: Any,
        key: Any,
        route_of: Callable[[Any], Route],
        reduce: str | None = None,
    ) -> None: ...
    def __call__(self, *arguments: Any) -> Any: ...

class Dispatcher:
    ways: tuple[Any, ...]
    def __call__(self, *arguments: Any, **keywords: Any) -> Any: ...
    def _at_length(self, *arguments: Any, **keywords: Any) -> Any: ...

class MachineFunction:
    def __init__(self, address: int, inputs: int, outputs: int, owner: object, releases: bool) -> None: ...
    def __call__(self, *numbers: float) -> float | tuple[float, ...] | None: ...
