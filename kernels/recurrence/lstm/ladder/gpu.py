"""Launch geometry of the GPU's ladder: a function a rung, named lstm_RUNG."""

import numpy as np

from .... import cuda

NAIVE = cuda.Source(__file__, "gpu_1_naive.cu")


def lstm_1_naive(device, gates, weight, bias, h0, c0, lengths, reverse, y, h_n, c_n, saved, cells):
    for given, state in ((h0, h_n), (c0, c_n)):
        state[...] = given if given.size else 0
    before, after = h_n, device.empty(h_n.shape, h_n.dtype)
    steps, _, n = y.shape
    for t in range(steps - 1, -1, -1) if reverse else range(steps):
        if h_n.size:
            flags = np.int32(bias.size > 0), np.int32(saved.size > 0)
            arrays = gates, weight, bias, lengths, before, after, c_n, y, saved, cells
            cuda.elementwise(device, NAIVE, "lstm_step", h_n.size, *arrays, *flags, np.int64(t), np.int64(n))
        before, after = after, before
    h_n[...] = before
