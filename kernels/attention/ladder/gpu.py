"""Launch geometry of the GPU's ladder: a function a rung, named attention_RUNG."""

import numpy as np

from ... import cuda
from ..gpu import arguments, rows_of

NAIVE = cuda.Source(__file__, "gpu_1_naive.cu")


def attention_1_naive(device, q, k, v, mask, scale, causal, seed, offset, limit, factor, y, sums):
    n = q.shape[0] * q.shape[1] * q.shape[2]
    weights = device.empty((n, k.shape[2]), q.dtype)
    given = arguments(q, k, v, mask, scale, causal, seed, offset, limit, factor)
    given = (*given, *rows_of(y), sums, np.int32(sums.size > 0), weights, np.int64(n))
    device.launch(NAIVE, "attention", q.dtype, cuda.elements(n), 256, given)
