"""Rung 1: the definition, three loops. Every element of b is read with a stride, and the sum is a chain of
additions that each wait for the one before. Measured: 0.9 GFLOP/s of 117 (see
__init__.py)."""

from ...jit import kernel, task
from ...share import share
from ..finish import finish


@kernel("in real[:, :, :], in real[:, :, :], in real[::1], in real[::1], int64, out real[:, :, ::1]")
def matmul(a, b, bias, residual, activation, out, threads):
    after = bias, residual, activation
    share(_rows, out.shape[0] * out.shape[1], threads, a, b, after, out)


@task
def _rows(first, last, a, b, after, out):
    _, rows, columns = out.shape
    for row in range(first, last):
        s, i = row // rows, row % rows
        for j in range(columns):
            total = out.dtype.type(0)
            for k in range(a.shape[2]):
                total += a[s, i, k] * b[s, k, j]
            out[s, i, j] = total
        finish(out, row * columns, columns, 1, columns, 0, after)
