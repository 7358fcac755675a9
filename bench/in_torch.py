"""An operation's counterpart in PyTorch (Operation.torch), as a call to be timed.

Its tensors are views of NumPy's arrays, so nobody's memory lies better than another's. Forward without autograd. A
gradient is autograd's: the forward call is made once, outside, and isn't counted. A loss with its gradient is both.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from ..kernels.operation import Operation, Sample

# Whose counterpart does more than the work, so that a time of it would say nothing of PyTorch's.
UNLIKE = {
    **dict.fromkeys(("rnn", "lstm", "gru"), "the counterpart in PyTorch makes a layer anew at every call"),
    **dict.fromkeys(
        ("top_k_gates", "expert_dispatch", "expert_combine", "grouped_matmul"),
        "PyTorch has no kernel for it: the counterpart sorts, or goes expert by expert",
    ),
    "ctc_loss": "PyTorch's gradient is another: the counterpart corrects it",
}
# With several threads.
STALLS = {
    "scaled_dot_product_attention": "PyTorch's threads wait for each other where another library has loaded OpenMP "
    "before: --threads 1 has a ratio",
}


def forward(torch: Any, operation: Operation, sample: Sample) -> Callable[[], Any]:
    args, options = _tensors(torch, sample)
    assert operation.torch
    return partial(operation.torch, torch, *args, **options)


def backward(
    torch: Any, operation: Operation, sample: Sample, grad: Callable[[tuple[int, ...]], np.ndarray]
) -> Callable[[], Any]:
    """The gradients by `differentiable`; `grad`, given the output's shape, is what flows in."""
    args, options = _tensors(torch, sample)
    named = {**dict(zip(operation.bind(sample), args)), **options}
    wanted = [named[name].requires_grad_() for name in operation.differentiable if named.get(name) is not None]
    assert operation.torch
    y = operation.torch(torch, *args, **options)
    y = y[0] if isinstance(y, tuple) else y
    return partial(torch.autograd.grad, y, wanted, torch.from_numpy(grad(tuple(y.shape))), retain_graph=True)


def with_gradient(torch: Any, operation: Operation, sample: Sample) -> Callable[[], Any]:
    """A loss and its gradients by `operation.by`."""
    args, options = _tensors(torch, sample)
    named = {**dict(zip(operation.bind(sample), args)), **options}
    wanted = [named[name].requires_grad_() for name in operation.by if named.get(name) is not None]

    def both() -> list[Any]:
        assert operation.torch
        value = operation.torch(torch, *args, **options)
        return [value, *torch.autograd.grad(value, wanted)]

    return both


def _tensors(torch: Any, sample: Sample) -> tuple[list[Any], dict[str, Any]]:
    def tensor(x: Any) -> Any:
        return torch.from_numpy(x) if isinstance(x, np.ndarray) else x

    return [tensor(x) for x in sample.args], {name: tensor(x) for name, x in sample.options.items()}
