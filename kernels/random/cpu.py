"""Random masks on the CPU. x is (rows, n): a row is kept or dropped as a whole.

The loops here are plain ones that LLVM turns into vectors by itself: Philox is arithmetic of integers without a branch.
"""

import numpy as np

from ..jit import inline, kernel, task
from ..share import enough, share
from .philox import philox

PIECE = 1024  # rows whose words are drawn at once


@kernel("in real[:, ::1], int64, int64, int64, real, real, real, out real[:, ::1]")
def drop(x, seed, offset, limit, scale, kept, dropped, y, threads):
    pieces = (x.shape[0] + PIECE - 1) // PIECE
    share(_drop, pieces, enough(threads, 8 * x.shape[0] + x.size), x, seed, offset, limit, scale, kept, dropped, y)


@task
def _drop(first, last, x, seed, offset, limit, scale, kept, dropped, y):
    rows, n = x.shape
    zero = x.dtype.type(0)
    words, keep = np.empty(PIECE, np.uint32), np.uint64(limit)
    for piece in range(first, last):
        start = piece * PIECE
        count = min(PIECE, rows - start)
        _draw(np.uint64(offset) + np.uint64(start // 4), np.uint64(seed), words)
        if n == 1:
            source, target = x[start : start + count, 0], y[start : start + count, 0]
            for i in range(count):
                kept_it = words[i] < keep
                target[i] = source[i] * (scale if kept_it else zero) + (kept if kept_it else dropped)
            continue
        for i in range(count):
            factor, shift = (scale, kept) if words[i] < keep else (zero, dropped)
            source, target = x[start + i], y[start + i]
            for j in range(n):
                target[j] = source[j] * factor + shift


@inline
def _draw(counter, seed, words):
    """Fill `words`: 16 counters give 64 of them, first words first."""
    for block in range(PIECE // 64):
        part = words[block * 64 : block * 64 + 64]
        for i in range(16):
            a, b, c, d = philox(counter + np.uint64(block * 16 + i), seed)
            part[i], part[16 + i], part[32 + i], part[48 + i] = a, b, c, d
