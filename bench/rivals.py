"""Work that we, NumPy and PyTorch can all do, and the call by which each does it.

All read and write the same arrays, which are NumPy's: PyTorch's tensors are views of them, so nobody's memory lies
better than another's. Only what changes its arguments, an optimizer's step, has arrays of its own. Where PyTorch writes
into `out`, so do we and NumPy; where it can't without a copy (the norms, the loss), all allocate.

PyTorch's side is the kernel itself wherever it can be called: autograd's bookkeeping is not counted. Most gradients are
reached through torch.ops, which takes a microsecond longer to get to the kernel than PyTorch's other functions.
"""

import functools
import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from .. import kernels, layers, training
from ..kernels.operation import Draw
from . import copying

OURS, NUMPY, TORCH, DEFAULT, COMPILED, COPY = "kernelwright", "numpy", "torch", "default", "compiled", "copy"
JAX = "jax"
LARGE = 1 << 24  # elements: 64 MB, more than the caches hold
Calls = dict[str, Callable[[], Any]]


@dataclass(frozen=True)
class Work:
    """One piece of work."""

    operation: str
    size: str
    calls: Callable[[Any, int], Calls]  # given PyTorch, if it is installed, and the number of threads: everyone's call
    autograd: bool = False  # PyTorch records what it does, for its way back
    exact: Callable[[], Sequence[np.ndarray]] | None = None  # the first results in float64, to show errors
    # Measured with one thread alone. PyTorch's attention with more waits for itself where another library has loaded
    # its OpenMP before: 133 ms instead of 6, of which a ratio would say nothing.
    one_thread: bool = False


def product(sizes: tuple[int, int, int], transposed: str = "") -> Work:
    """A matrix product; a transposed matrix is a view of one that lies in memory the other way."""
    m, k, n = sizes

    def calls(torch: Any, threads: int) -> Calls:
        draw = Draw(0, np.float32)
        a = draw.normal(k, m).T if "a" in transposed else draw.normal(m, k)
        b = draw.normal(n, k).T if "b" in transposed else draw.normal(k, n)
        out = np.empty((m, n), np.float32)
        found: Calls = {OURS: partial(kernels.matmul, a, b, out=out), NUMPY: partial(np.matmul, a, b, out=out)}
        if torch:
            a, b, out = map(torch.from_numpy, (a, b, out))
            found[TORCH] = partial(torch.matmul, a, b, out=out)
        return found

    operation = " ".join(["matmul", *(f"{name}ᵀ" for name in transposed)])
    return Work(operation, f"{m}³" if m == k == n else f"{m}×{k}×{n}", calls)


def products(quick: bool) -> Iterator[Work]:
    sizes = [(n, n, n) for n in (16, 32, 64, 128, 256, 512, 1024, 2048)]
    sizes += [(128, 784, 256), (64, 512, 2048), (64, 256, 10), (1024, 1024, 64)]
    chosen = ((64, 64, 64), (512, 512, 512), (64, 256, 10)) if quick else sizes
    return itertools.starmap(product, itertools.product(chosen, ("", "a", "b", "ab")))


def ladder(quick: bool) -> Iterator[Work]:
    """Every rung of the matrix product: what each step of the climb brings."""
    size = 512

    def calls(rung: str, torch: Any, threads: int) -> Calls:
        found = product((size, size, size)).calls(torch, threads)
        top = found[OURS]

        def lower() -> Any:
            with kernels.rung(matmul=rung):
                return top()

        return {**found, OURS: lower}

    rungs = kernels.backend("numba").rungs("matmul")
    for rung in rungs[-1:] if quick else rungs:
        yield Work(f"matmul rung {rung}", f"{size}³", partial(calls, rung))


def vectors(quick: bool) -> Iterator[Work]:
    """One row times a matrix: what a network does with a single sample, its weights transposed or not."""
    sizes = ((1, 256, 512), (1, 4096, 4096))
    return itertools.starmap(product, itertools.product(sizes[: 1 if quick else 2], ("", "b")))


# PyTorch's activations and their gradients: calls of (torch, arrays, out). relu's own `out` is a copy, clamp_min's
# isn't; functions of torch.nn that have no `out` are called where they are kept.
TORCH_ACTIVATIONS: dict[str, tuple[Callable[..., Callable], Callable[..., Callable]]] = {
    "relu": (
        lambda torch, x, y: partial(torch.clamp_min, x, 0, out=y),
        lambda torch, g, x, y: partial(torch.ops.aten.threshold_backward.grad_input, g, x, 0, grad_input=y),
    ),
    "leaky_relu": (
        lambda torch, x, y: partial(torch._C._nn.leaky_relu, x, 0.01, out=y),
        lambda torch, g, x, y: partial(torch.ops.aten.leaky_relu_backward.grad_input, g, x, 0.01, False, grad_input=y),
    ),
    "sigmoid": (
        lambda torch, x, y: partial(torch.sigmoid, x, out=y),
        lambda torch, g, x, y: partial(torch.ops.aten.sigmoid_backward.grad_input, g, x, grad_input=y),
    ),
    "tanh": (
        lambda torch, x, y: partial(torch.tanh, x, out=y),
        lambda torch, g, x, y: partial(torch.ops.aten.tanh_backward.grad_input, g, x, grad_input=y),
    ),
    "gelu": (
        lambda torch, x, y, **form: partial(torch._C._nn.gelu, x, out=y, **form),
        lambda torch, g, x, y, **form: partial(torch.ops.aten.gelu_backward.grad_input, g, x, grad_input=y, **form),
    ),
}


def activation(name: str, backward: bool, size: int, **options: Any) -> Work:
    def calls(torch: Any, threads: int) -> Calls:
        draw = Draw(0, np.float32)
        x, out = draw.normal(size, scale=2), np.empty(size, np.float32)
        if name in ("sigmoid", "tanh") and backward:  # whose gradients are computed from their outputs
            x = _function(name)(x)
        arrays = (draw.normal(size), x) if backward else (x,)
        found: Calls = {OURS: partial(_function(name, backward), *arrays, out=out, **options)}
        if size == LARGE:
            found[COPY] = copying.moving(sum(array.nbytes for array in (*arrays, out)), threads)
        if torch:
            call = TORCH_ACTIVATIONS[name][backward]
            found[TORCH] = call(torch, *map(torch.from_numpy, (*arrays, out)), **options)
        return found

    form = " (tanh)" if options.get("approximate") == "tanh" else ""
    return Work(_title(name + form, backward), "16M" if size == LARGE else f"{size >> 10}K", calls)


def activations(quick: bool) -> Iterator[Work]:
    forms = [(name, {}) for name in TORCH_ACTIVATIONS] + [("gelu", {"approximate": "tanh"})]
    for (name, form), backward in itertools.product(forms, (False, True)):
        for size in (1 << 16,) if quick else (1 << 16, LARGE):
            yield activation(name, backward, size, **form)


def softmax(name: str, backward: bool, rows: int, width: int) -> Work:
    def calls(torch: Any, threads: int) -> Calls:
        draw = Draw(0, np.float32)
        x, out = draw.normal(rows, width, scale=3), np.empty((rows, width), np.float32)
        arrays = (draw.normal(rows, width), _function(name)(x)) if backward else (x,)
        found: Calls = {OURS: partial(_function(name, backward), *arrays, out=out)}
        if torch:
            *tensors, y = map(torch.from_numpy, (*arrays, out))
            if backward:
                into = {"grad_input" if name == "softmax" else "out": y}
                found[TORCH] = partial(getattr(torch, f"_{name}_backward_data"), *tensors, -1, y.dtype, **into)
            else:
                found[TORCH] = partial(getattr(torch, name), *tensors, -1, out=y)
        return found

    return Work(_title(name, backward), f"{rows}×{width}", calls)


def normalization(name: str, backward: bool, rows: int, width: int) -> Work:
    """A norm with weight (and bias). Of RMS norm's gradient PyTorch has no kernel for the CPU: it is autograd's."""

    def calls(torch: Any, threads: int) -> Calls:
        draw = Draw(0, np.float32)
        x, grad = draw.normal(rows, width), draw.normal(rows, width)
        parameters = [draw.normal(width) for _ in range(2 if name == "layer_norm" else 1)]
        found: Calls = {OURS: _our_norm(name, backward, grad, x, parameters)}
        if torch:
            x, grad, *parameters = map(torch.from_numpy, (x, grad, *parameters))
            found[TORCH] = _torch_norm(torch, name, backward, grad, x, parameters)
        return found

    return Work(_title(name, backward), f"{rows}×{width}", calls, autograd=name == "rms_norm" and backward)


def _our_norm(name: str, backward: bool, grad: Any, x: Any, parameters: list) -> Callable[[], Any]:
    """As in PyTorch, layer norm's forward call returns how it normalised each row, and its gradient is given it."""
    width = x.shape[-1]
    if name == "rms_norm":
        function, arrays = (kernels.rms_norm_backward, (grad, x)) if backward else (kernels.rms_norm, (x,))
        return partial(function, *arrays, width, *parameters, eps=1e-5)
    forward = partial(kernels.layer_norm_with_statistics, x, width, *parameters)
    if not backward:
        return forward
    _, statistics = forward()
    return partial(kernels.layer_norm_backward, grad, x, width, *parameters, statistics=statistics)


def _torch_norm(torch: Any, name: str, backward: bool, grad: Any, x: Any, parameters: list) -> Callable[[], Any]:
    axes = x.shape[-1:]
    if name == "layer_norm":
        if not backward:
            return partial(torch.native_layer_norm, x, axes, *parameters, 1e-5)
        _, mean, scale = torch.native_layer_norm(x, axes, *parameters, 1e-5)
        wanted = [True, True, True]
        return partial(torch.ops.aten.native_layer_norm_backward, grad, x, axes, mean, scale, *parameters, wanted)
    if not backward:
        return partial(torch.rms_norm, x, axes, *parameters, 1e-5)
    inputs = [tensor.requires_grad_() for tensor in (x, *parameters)]
    return partial(torch.autograd.grad, torch.rms_norm(*inputs[:1], axes, *inputs[1:], 1e-5), inputs, grad, True)


def rowwise(work: Callable[..., Work], names: tuple[str, ...], quick: bool) -> Iterator[Work]:
    """Rows of these widths, about four million elements; and few short ones."""
    shapes = [((1 << 22) // width, width) for width in (64, 256, 1000, 2048, 8192)]
    for name, backward in itertools.product(names, (False, True)):
        for shape in ((128, 64), (1024, 256)) if quick else ((128, 64), *shapes):
            yield work(name, backward, *shape)


def cross_entropy(rows: int, classes: int) -> Work:
    """The loss and its gradient: one call of ours, four kernels of PyTorch's."""

    def calls(torch: Any, threads: int) -> Calls:
        draw = Draw(0, np.float32)
        x, labels = draw.normal(rows, classes), np.asarray(draw.rng.integers(0, classes, rows))
        found: Calls = {OURS: partial(kernels.cross_entropy_with_gradient, x, labels)}
        if torch:
            aten, x, labels, one = torch.ops.aten, torch.from_numpy(x), torch.from_numpy(labels), torch.ones(())
            mean, ignored = 1, -100

            def both() -> tuple[Any, Any]:
                logs = torch.log_softmax(x, 1)
                loss, weight = aten.nll_loss_forward(logs, labels, None, mean, ignored)
                grad = aten.nll_loss_backward(one, logs, labels, None, mean, ignored, weight)
                return loss, torch._log_softmax_backward_data(grad, logs, 1, x.dtype)

            found[TORCH] = both
        return found

    return Work("cross-entropy with gradient", f"{rows}×{classes}", calls)


def losses(quick: bool) -> Iterator[Work]:
    return itertools.starmap(cross_entropy, ((64, 10),) if quick else ((64, 10), (1024, 10), (4096, 1000)))


# Options that PyTorch's and our optimizers of that name share.
OPTIMIZERS = {"Adam": {"lr": 1e-3}, "SGD": {"lr": 1e-3, "momentum": 0.9}}


def step(name: str, count: int, size: int) -> Work:
    """An optimizer's step over so many parameters of that size, by objects: PyTorch's has no flat buffers."""

    def calls(torch: Any, threads: int) -> Calls:
        draw, options = Draw(0, np.float32), OPTIMIZERS[name]
        values, grads = ([draw.normal(size) for _ in range(count)] for _ in range(2))
        own = [layers.Parameter(value) for value in values]
        optimizer = getattr(training, name)(own, **options)
        for parameter, grad in zip(own, grads):
            parameter.grad = grad
        found: Calls = {OURS: partial(_stepped, optimizer.step, [parameter.data for parameter in own])}
        for kind, fused in ((TORCH, True), (DEFAULT, None)) if torch else ():
            theirs = [torch.nn.Parameter(torch.from_numpy(value.copy())) for value in values]
            for parameter, grad in zip(theirs, grads):
                parameter.grad = torch.from_numpy(grad)
            optimizer = getattr(torch.optim, name)(theirs, fused=fused, **options)
            found[kind] = partial(_stepped, optimizer.step, [parameter.detach() for parameter in theirs])
        return found

    return Work(f"{name} step", "16M" if count == 1 else f"{count} of {size}", calls, autograd=True)


def _stepped(step: Callable[[], Any], parameters: list) -> list:
    step()
    return parameters


def optimizers(quick: bool) -> Iterator[Work]:
    for name in OPTIMIZERS:
        yield step(name, 100, 1000)
        if not quick:
            yield step(name, 1, LARGE)


def _function(name: str, backward: bool = False) -> Callable[..., Any]:
    return getattr(kernels, f"{name}_backward" if backward else name)


def _title(name: str, backward: bool) -> str:
    return f"{name} backward" if backward else name


# By the name of a group: its work, given whether it is to be quick.
WORK: dict[str, Callable[[bool], Iterator[Work]]] = {
    "matmul": products,
    "ladder": ladder,
    "vectors": vectors,
    "activations": activations,
    "softmax": functools.partial(rowwise, softmax, ("softmax", "log_softmax")),
    "normalization": functools.partial(rowwise, normalization, ("layer_norm", "rms_norm")),
    "losses": losses,
    "optimizers": optimizers,
}
