"""Every activation, loss and optimizer that PyTorch has, too, as the catalog and `training` name them.

The activations and optimizers work on 16 million numbers, so that memory sets their pace, and a copy of as many bytes
stands beside them. Both sides make the arrays for their results. PyTorch's losses run forward and backward, by
autograd; so does the gradient of an activation, whose forward call isn't counted.
"""

import functools
from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

from .. import layers, training
from ..kernels.operation import CATALOG, Draw, Operation, Sample
from . import copying, in_torch
from .plots import options_of_one_number
from .rivals import COPY, LARGE, OURS, TORCH, Calls, Work

# Where a class of `training` is not the name of its kernel.
KERNELS = {"AdamW": "adam"}


def activations(quick: bool) -> Iterator[Work]:
    pairs = ((operation, options_of_one_number(operation)) for operation in CATALOG.values() if operation.torch)
    found = [(operation, options) for operation, options in pairs if options is not None]
    for operation, options in found[: 1 if quick else None]:
        for backward in (False, True):
            yield activation(operation, options, backward)


@functools.cache
def _numbers(seed: int) -> np.ndarray:
    return Draw(seed, np.float32).normal(LARGE, scale=2)


def activation(operation: Operation, options: dict[str, Any], backward: bool) -> Work:
    def calls(torch: Any, threads: int) -> Calls:
        assert operation.backward
        x, grad = _numbers(0), _numbers(1)
        sample = Sample((x,), options)
        if backward:
            y = operation.function(x, **options)
            arguments = operation.backward_arguments(sample, (y,), grad)
            found: Calls = {OURS: partial(operation.backward, **arguments)}
            if torch:
                found[TORCH] = in_torch.backward(torch, operation, sample, lambda shape: grad)
        else:
            found = {OURS: partial(operation.function, x, **options)}
            if torch:
                found[TORCH] = in_torch.forward(torch, operation, sample)
        return {**found, COPY: copying.moving((3 if backward else 2) * x.nbytes, threads)}

    return Work(f"{operation.name} backward" if backward else operation.name, "16M", calls, autograd=backward)


def losses(quick: bool) -> Iterator[Work]:
    found = [operation for operation in CATALOG.values() if operation.with_gradient and operation.torch]
    for operation in found[: 1 if quick else None]:
        yield loss(operation)


def loss(operation: Operation) -> Work:
    """The loss and its gradients, of the operation's first workload."""
    size, sizes = next(iter(operation.workloads.items()))

    def calls(torch: Any, threads: int) -> Calls:
        sample = operation.sized(sizes)
        found: Calls = {OURS: partial(operation.gradient, *sample.args, **sample.options)}
        if torch:
            found[TORCH] = in_torch.with_gradient(torch, operation, sample)
        return found

    return Work(f"{operation.name} with gradient", size, calls, autograd=True)


def optimizers(quick: bool) -> Iterator[Work]:
    for name in training.optimizers.__all__:
        kernel = CATALOG.get(f"{KERNELS.get(name, name.lower())}_update")
        if kernel:
            yield step(name, kernel)
            if quick:
                return


def step(name: str, kernel: Operation) -> Work:
    """A step over one parameter; PyTorch's is fused where it can be. The copy is of the bytes that a step must move."""

    def calls(torch: Any, threads: int) -> Calls:
        own = layers.Parameter(_numbers(0))
        own.grad = _numbers(1)
        optimizer = getattr(training, name)([own])
        optimizer.step()
        found: Calls = {OURS: optimizer.step}
        theirs = torch and getattr(torch.optim, name, None)
        if theirs:
            parameter = torch.nn.Parameter(torch.from_numpy(_numbers(0).copy()))
            parameter.grad = torch.from_numpy(_numbers(1))
            try:
                found[TORCH] = theirs([parameter], fused=True).step
            except (TypeError, RuntimeError):
                found[TORCH] = theirs([parameter]).step
        moved = kernel.cost(*kernel.sized((1,)).args).bytes * LARGE
        return {**found, COPY: copying.moving(int(moved), threads)}

    return Work(f"{name} step", "16M", calls, autograd=True)


WORK = {"every activation": activations, "every loss": losses, "every optimizer": optimizers}
