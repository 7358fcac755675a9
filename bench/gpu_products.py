"""Matrix products on the GPU beside cuBLAS's of the same types, and a dense layer in one launch beside three.

Ours take float32 matrices, whatever they round them to on the way, and give float32: rounding is timed. cuBLAS's get
theirs rounded beforehand, in memory, which isn't timed, and give such numbers; but "bf16, rounded in the call" is from
float32 to float32, as ours are. Each is also asked how far off it is: the errors' mean size by that of the result,
against float64.
"""

import functools
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from .. import kernels
from .timing import OnGPU, Timing, race

SIZE = 4096
LAYER = 8192, 512, 2048  # rows, inputs, outputs: of so few terms that passes over the result weigh
FUSED, SEPARATE = "kernelwright, a layer", "kernelwright, product, bias and GELU apart"
PRECISIONS = {"float32": "highest", "3 × tf32": "high", "bf16": "medium"}
RUNGS = {"bf16 (rung 13)": "13_rounded_first", "f16 (rung 14)": "14_scaled_half"}  # that no word of a precision chooses


@dataclass(frozen=True)
class Call:
    """What is timed: a call, the context in which it is what its name says, and how many operations it is."""

    run: Callable[[], Any]
    context: Callable[[], AbstractContextManager]
    flops: int


class Found(NamedTuple):
    timing: Timing
    flops: float  # a second
    error: float


def measure(device: Any, torch: Any, budget: float) -> Iterator[tuple[str, Found]]:
    """Everyone's figures, of products first, then of layers; each group is timed by turns."""
    rng = np.random.default_rng(0)
    cupy = device.cupy

    def normal(*shape: int) -> Any:
        return cupy.asarray(rng.standard_normal(shape, np.float32))

    a, b = normal(SIZE, SIZE), normal(SIZE, SIZE)
    products = _ours(a, b) | _cublas(cupy, a, b) | (_torch(torch, a, b) if torch else {})
    yield from _timed(cupy, products, cupy.matmul(a.astype("float64"), b.astype("float64")), budget)
    rows, inputs, outputs = LAYER
    x, weight, bias = normal(rows, inputs), normal(outputs, inputs), normal(outputs)
    layers = _our_layers(x, weight, bias) | (_torch_layers(torch, x, weight, bias) if torch else {})
    with kernels.using("cupy"):
        wanted = kernels.linear(*(array.astype("float64") for array in (x, weight, bias)), "gelu")
    yield from _timed(cupy, layers, wanted, budget)


def _timed(cupy: Any, calls: dict[str, Call], wanted: Any, budget: float) -> Iterator[tuple[str, Found]]:
    entrants = {name: OnGPU(call.run, call.context, cupy=cupy) for name, call in calls.items()}
    errors = {}
    for name, entrant in entrants.items():
        with entrant.context():
            errors[name] = _error(cupy, entrant.call(), wanted)
    for name, timing in race(entrants, budget, settle=0).items():
        yield name, Found(timing, calls[name].flops / timing.median, errors[name])


def _error(cupy: Any, found: Any, wanted: Any) -> float:
    """The errors' root mean square, by that of what is wanted; of PyTorch's types CuPy knows all but bfloat16."""
    found = cupy.from_dlpack(found.float()) if hasattr(found, "float") else found
    return float(cupy.sqrt(((found.astype("float64") - wanted) ** 2).mean() / (wanted**2).mean()))


@contextmanager
def _precision(word: str, **rungs: str) -> Iterator[None]:
    before = kernels.get_matmul_precision()
    kernels.set_matmul_precision(word)
    try:
        with kernels.using("cupy"), kernels.rung(**rungs) if rungs else nullcontext():
            yield
    finally:
        kernels.set_matmul_precision(before)


def _flops(a: Any, columns: int) -> int:
    return 2 * a.size * columns


def _ours(a: Any, b: Any) -> dict[str, Call]:
    multiply, flops = functools.partial(kernels.matmul, a, b), _flops(a, b.shape[1])
    calls = {
        f"kernelwright, {name}": Call(multiply, functools.partial(_precision, word), flops)
        for name, word in PRECISIONS.items()
    }
    on_rungs = {
        f"kernelwright, {name}": Call(multiply, functools.partial(_precision, "highest", matmul=rung), flops)
        for name, rung in RUNGS.items()
    }
    return calls | on_rungs


def _cublas(cupy: Any, a: Any, b: Any) -> dict[str, Call]:
    flops = _flops(a, b.shape[1])
    halves = a.astype("float16"), b.astype("float16")
    return {
        "cublas, float32": Call(functools.partial(cupy.matmul, a, b), nullcontext, flops),
        "cublas, f16": Call(functools.partial(cupy.matmul, *halves), nullcontext, flops),
    }


@contextmanager
def _tf32(torch: Any) -> Iterator[None]:
    torch.backends.cuda.matmul.allow_tf32 = True
    try:
        yield
    finally:
        torch.backends.cuda.matmul.allow_tf32 = False


def _torch(torch: Any, a: Any, b: Any) -> dict[str, Call]:
    """cuBLAS's in types that CuPy doesn't reach."""
    flops = _flops(a, b.shape[1])
    one, other = (torch.from_dlpack(x) for x in (a, b))

    def rounded() -> Any:
        return torch.matmul(one.bfloat16(), other.bfloat16()).float()

    return {
        "cublas by torch, tf32": Call(
            functools.partial(torch.matmul, one, other), functools.partial(_tf32, torch), flops
        ),
        "cublas by torch, bf16": Call(
            functools.partial(torch.matmul, one.bfloat16(), other.bfloat16()), nullcontext, flops
        ),
        "cublas by torch, bf16, rounded in the call": Call(rounded, nullcontext, flops),
    }


def _our_layers(x: Any, weight: Any, bias: Any) -> dict[str, Call]:
    """In float32, and with the product on tensor cores, where it takes less of the time."""
    fused = functools.partial(kernels.linear, x, weight, bias, "gelu")

    def apart() -> Any:
        return kernels.gelu(kernels.linear(x, weight) + bias)

    flops = _flops(x, weight.shape[0])
    return {
        f"{way}, {name}": Call(call, functools.partial(_precision, word), flops)
        for name, word in PRECISIONS.items()
        for way, call in ((FUSED, fused), (SEPARATE, apart))
    }


def _torch_layers(torch: Any, x: Any, weight: Any, bias: Any) -> dict[str, Call]:
    """As anyone writes it: PyTorch adds the bias in cuBLAS's launch, and GELU is another."""
    f = torch.nn.functional
    tensors = [torch.from_dlpack(array) for array in (x, weight, bias)]

    def layer() -> Any:
        with torch.no_grad():
            return f.gelu(f.linear(*tensors))

    flops = _flops(x, weight.shape[0])
    return {
        "torch, a layer, float32": Call(layer, nullcontext, flops),
        "torch, a layer, tf32": Call(layer, functools.partial(_tf32, torch), flops),
    }
