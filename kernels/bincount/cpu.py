"""Histograms on the CPU: each thread counts a part of the numbers by itself, and the parts are added up.

Two equal numbers in a row would wait for each other: the second counter is read when the first has just been written.
So neighbours are counted in two rows.
"""

import numpy as np

from ..jit import kernel, task
from ..share import enough, share


@kernel("in int64[::1], int64, out int64[::1]")
def counts(indices, bins, out, threads):
    threads = enough(threads, indices.size)
    parts = np.zeros((threads, 2, bins), np.int64)
    share(_count, threads, threads, indices, parts)
    for b in range(bins):
        total = 0
        for part in range(threads):
            total += parts[part, 0, b] + parts[part, 1, b]
        out[b] = total


@task
def _count(first, last, indices, parts):
    for part in range(first, last):
        begin, end = indices.size * part // len(parts), indices.size * (part + 1) // len(parts)
        for k in range(begin, end - 1, 2):
            parts[part, 0, indices[k]] += 1
            parts[part, 1, indices[k + 1]] += 1
        if (end - begin) % 2:
            parts[part, 0, indices[end - 1]] += 1


@kernel("in real[::1], in int64[::1], int64, out real[::1]")
def sums(weights, indices, bins, out, threads):
    """On one thread: sums in the order of the items."""
    for b in range(bins):
        out[b] = 0
    for k in range(indices.size):
        out[indices[k]] += weights[k]
