"""Rung 1: the definition, three loops. Every element of b is read with a stride, and the sum is a chain of
additions that each wait for the one before."""

from numba import prange

from ...jit import kernel
from ..cpu import _finish


@kernel("in real[:, :, :], in real[:, :, :], in real[::1], int64, out real[:, :, ::1]")
def matmul(a, b, bias, activation, out):
    for s in range(out.shape[0]):
        for i in prange(out.shape[1]):
            for j in range(out.shape[2]):
                total = bias[j] if bias.size else out.dtype.type(0)
                for k in range(a.shape[2]):
                    total += a[s, i, k] * b[s, k, j]
                out[s, i, j] = total
            _finish(out[s, i], activation)
