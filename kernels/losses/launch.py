"""Launch geometry that the losses share: those of elements (sums.cuh), then one block that sums them (total.cu)."""

import numpy as np

from .. import cuda

TOTAL = cuda.Source(__file__, "total.cu")
THREADS = 256
# In which one block takes a small input alone: some 0.3 µs each, predicted; a launch costs 2 µs, in a CUDA graph, too.
TURNS = 4


def sum_threads(n: int) -> int:
    """Threads of the one block that sums n numbers: many where there are many, for nobody else does anything."""
    return 1024 if n > 1024 else THREADS


def total(device, values, scale, divisor, out):
    """out = scale · Σ values, divided by the array `divisor` if there is one."""
    real, none = out.dtype.type, divisor is None
    arguments = (values, real(scale), out if none else divisor, out, np.int32(not none), np.int64(values.size))
    device.launch(TOTAL, "total", out.dtype, 1, sum_threads(values.size), arguments)


def elementwise(device, source, name, arrays, parameters, scale, wanted, out, has=()):
    """A kernel LOSS(name, …) or LOSS_OF_THREE; `wanted` are the arrays to fill, `has` those that may be empty."""
    size, real = arrays[0].size, out.dtype.type
    grid = min(cuda.blocks(size, THREADS * 16 // out.itemsize), 1024)  # a thread takes 16 bytes at a time
    alone = grid <= TURNS
    grid, sums = (1, out) if alone else (grid, device.empty((grid,), out.dtype))
    flags = (np.int32(x.size > 0) for x in (*has, *wanted))
    last = (np.int64(size), *(real(x) for x in parameters))
    device.launch(source, name, out.dtype, grid, THREADS, (*arrays, real(scale), *wanted, sums, *flags, *last))
    if not alone:
        total(device, sums, scale, None, out)


def of_two(source, name):
    """The launch of a loss of input and target: its parameters, a scale, then loss, gradient and total to fill."""

    def launch(device, input, target, *rest):
        *parameters, scale, loss, gradient, out = rest
        elementwise(device, source, name, (input, target), parameters, scale, (loss, gradient), out)

    return launch


def of_three(source, name):
    """The same of three arrays, with two gradients."""

    def launch(device, a, b, c, *rest):
        *parameters, scale, loss, gradient, second, out = rest
        elementwise(device, source, name, (a, b, c), parameters, scale, (loss, gradient, second), out, (c,))

    return launch


def row_threads(n: int) -> int:
    """Threads of a block that takes a row of n: a power of two, for its sums."""
    return min(THREADS, max(32, 1 << max(n - 1, 0).bit_length()))
