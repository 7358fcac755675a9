"""Launch geometry of gpu.cu; then one block sums the losses."""

import numpy as np

from ... import cuda
from ..launch import THREADS, row_threads, total

SOURCE = cuda.Source(__file__)
PART = 1 << 14  # elements of a set that a block sums


def overlap(device, x, t, factor, both, of_x, of_t, eps, scale, loss, gradient, out):
    (rows, n), dtype, real = x.shape, out.dtype, out.dtype.type
    parts = max(1, -(-n // PART))
    sums, slopes = device.empty((rows, parts, 3), dtype), device.empty((rows, 2), dtype)
    if rows:
        sizes = (np.int64(size) for size in (PART, parts, rows, n))
        device.launch(SOURCE, "overlap_sums", dtype, min(rows * parts, 1 << 20), THREADS, (x, t, sums, *sizes))
        numbers = (real(number) for number in (factor, both, of_x, of_t, eps, scale))
        arguments = (sums, *numbers, loss, slopes, np.int64(parts), np.int64(rows))
        device.launch(SOURCE, "overlap", dtype, min(rows, 1 << 20), row_threads(parts), arguments)
    if gradient.size:
        cuda.elementwise(device, SOURCE, "overlap_gradient", gradient.size, t, slopes, gradient, np.int64(n))
    total(device, loss, scale, None, out)


def circle(device, similarity, labels, of_columns, itself, gamma, margin, scale, loss, gradient, out):
    (rows, n), real = similarity.shape, out.dtype.type
    if rows:
        numbers = (real(number) for number in (gamma, margin, scale))
        arguments = (similarity, labels, of_columns, np.int32(itself), *numbers, loss, gradient)
        arguments += (np.int32(gradient.size > 0), np.int64(rows), np.int64(n))
        device.launch(SOURCE, "circle", out.dtype, min(rows, 1 << 20), row_threads(n), arguments)
    total(device, loss, scale, None, out)
