"""Launch geometry of gpu.cu."""

import numpy as np

from .. import cuda
from ..embedding.gpu import sorted_by_index, sums
from ..matmul.gpu import THREADS, TILE

SOURCE = cuda.Source(__file__)


def _sizes(*numbers):
    return (np.int64(number) for number in numbers)


def top_k_gates(device, x, k, over_all, gates, chosen):
    if gates.size:
        _each(device, "top_k_gates", x.shape[0], x.dtype, x, gates, chosen, np.int32(over_all), *_sizes(k, x.shape[1]))


def top_k_gates_backward(device, grad, x, y, chosen, over_all, out):
    if out.size:
        arguments = grad, x, y, chosen, out, np.int32(over_all), *_sizes(y.shape[1], x.shape[1])
        _each(device, "top_k_gates_backward", x.shape[0], x.dtype, *arguments)


def expert_routing(device, chosen, experts, capacity, order, starts, places, offsets, counts):
    dtype = np.dtype(np.float32)  # the integers' kernels have one, and it doesn't matter
    by_expert, begins = sorted_by_index(device, chosen, experts, -1, dtype)
    arguments = begins, offsets, counts, *_sizes(capacity, experts)
    _each(device, "count_rows", experts + 1, dtype, *arguments)
    arguments = chosen, by_expert, begins, offsets, order, starts, places, *_sizes(capacity, experts, chosen.size)
    _each(device, "place", starts.size, dtype, *arguments)


def expert_dispatch(device, x, factors, order, starts, owners, rows):
    sums(device, x, starts, order, owners, factors if factors.size else None, None, -1, False, rows)


def expert_combine(device, rows, factors, places, begins, out):
    sums(device, rows, begins, None, places, factors if factors.size else None, None, -1, False, out)


def grouped_matmul(device, x, weight, bias, offsets, out):
    _products(device, x, weight, bias, offsets, False, out)


def grouped_weight_gradient(device, x, grad, offsets, grad_weight):
    _products(device, x.T, grad[None], x, offsets, True, grad_weight)


def _each(device, name, size, dtype, *arguments):
    device.launch(SOURCE, name, dtype, cuda.elements(size), 256, (*arguments, np.int64(size)))


def _products(device, a, b, bias, offsets, by_terms, out):
    if not out.size:
        return
    experts, (rows, columns) = offsets.size - 1, out.shape[-2:]
    strides = (_sizes(*(stride // x.itemsize for stride in x.strides)) for x in (a, b))
    (of_a, of_b), sizes = strides, _sizes(experts, rows, a.shape[1], columns)
    flags = np.int32(bias.size > 0 and not by_terms), np.int32(by_terms)
    grid = cuda.blocks(rows, TILE) * cuda.blocks(columns, TILE), min(experts + 1, 65535)
    arguments = a, *of_a, b, *of_b, bias, offsets, out, *sizes, *flags
    device.launch(SOURCE, "products", out.dtype, grid, THREADS, arguments)
