"""Launch geometry of the GPU's ladder: a function a rung, named embedding_backward_RUNG. The way there is the top's."""

import numpy as np

from ... import cuda
from ..gpu import embedding
from ..sort import sorted_by_index

ATOMICS = cuda.Source(__file__, "gpu_1_atomics.cu")
SORTED = cuda.Source(__file__, "gpu_2_sorted.cu")

embedding_1_atomics = embedding_2_sorted = embedding


def embedding_backward_1_atomics(device, grad, indices, rows, padding, by_frequency, grad_weight):
    grad_weight[...] = 0
    columns = np.int64(grad.shape[1])
    if not grad.size:
        return
    sizes = np.int64(padding), np.int64(rows), columns
    cuda.elementwise(device, ATOMICS, "scatter", grad.size, grad, indices, grad_weight, *sizes)
    if by_frequency:
        counts = device.empty((rows,), np.int64)
        counts[...] = 0
        dtype, n = grad.dtype, indices.size
        arguments = indices, counts, np.int64(rows), np.int64(n)
        device.launch(ATOMICS, "count", dtype, cuda.elements(n), 256, arguments)
        cuda.elementwise(device, ATOMICS, "divide", grad_weight.size, grad_weight, counts, columns)


def embedding_backward_2_sorted(device, grad, indices, rows, padding, by_frequency, grad_weight):
    if grad_weight.size:
        keys, order = sorted_by_index(device, indices, rows, padding)
        sizes = (np.int64(size) for size in (indices.size, *grad_weight.shape))
        arguments = grad, keys, order, grad_weight, np.int32(by_frequency), *sizes
        device.launch(SORTED, "sum_rows", grad.dtype, min(rows, 1 << 20), min(256, max(32, grad.shape[1])), arguments)
