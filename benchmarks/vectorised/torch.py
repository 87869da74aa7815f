"""PyTorch, eager: tensors in double precision, on one thread of the CPU."""

from collections.abc import Callable, Sequence
from typing import Any

import torch  # type: ignore[import-not-found, unused-ignore]

torch.set_num_threads(1)


class Torch:
    name = f"torch {torch.__version__}"
    math = torch

    def array(self, numbers: Sequence[float]) -> Any:
        tensor = torch.tensor(list(numbers), dtype=torch.float64)
        return tensor.squeeze() if len(numbers) == 1 else tensor

    def with_gradient(
        self, function: Callable[..., Any], differentiated: int
    ) -> Callable[..., tuple[Any, ...]]:
        def both(*inputs: Any) -> tuple[Any, ...]:
            variables = [tensor.detach().requires_grad_() for tensor in inputs[:differentiated]]
            value = function(*variables, *inputs[differentiated:])
            return value.detach(), *torch.autograd.grad(value, variables, torch.ones_like(value))

        return both


peer = Torch()
