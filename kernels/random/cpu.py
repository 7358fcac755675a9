"""Random masks on the CPU. x is (rows, n): a row is kept or dropped as a whole.

The loops here are plain ones that LLVM turns into vectors by itself: Philox is arithmetic of integers without a branch.
Words are 32 bits in 64, for their products need as many.
"""

import numpy as np

from ..jit import inline, kernel, task
from ..share import enough, share

PIECE = 1024  # rows whose words are drawn at once
LOW, HIGH = np.uint64(0xFFFFFFFF), np.uint64(32)
FACTORS = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
STEPS = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)


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
            at = counter + np.uint64(block * 16 + i)
            a, b, c, d = at & LOW, at >> HIGH, np.uint64(0), np.uint64(0)
            k, m = seed & LOW, seed >> HIGH
            for _ in range(10):
                one, two = FACTORS[0] * a, FACTORS[1] * c
                a, b, c, d = (two >> HIGH) ^ b ^ k, two & LOW, (one >> HIGH) ^ d ^ m, one & LOW
                k, m = (k + STEPS[0]) & LOW, (m + STEPS[1]) & LOW
            part[i], part[16 + i], part[32 + i], part[48 + i] = a, b, c, d
