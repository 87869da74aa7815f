"""PyTorch as an engine of scalars: tensors without axes, in double precision, on one thread of the CPU."""

import torch  # type: ignore[import-not-found, unused-ignore]

from benchmarks.workloads import Function

torch.set_num_threads(1)


class Torch:
    name = f"torch {torch.__version__}, scalars"
    tanh = staticmethod(torch.tanh)
    exp = staticmethod(torch.exp)
    log = staticmethod(torch.log)
    relu = staticmethod(torch.relu)

    @staticmethod
    def number(x: float) -> torch.Tensor:
        return torch.tensor(x, dtype=torch.float64)

    def value_and_gradient(self, function: Function, point: list[float]) -> tuple[float, list[float]]:
        inputs = [self.number(x).requires_grad_() for x in point]
        output = function(self, inputs)
        output.backward()
        return output.item(), [x.grad.item() for x in inputs]


contender = Torch()
