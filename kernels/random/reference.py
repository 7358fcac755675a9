"""Random masks in NumPy: their definition. x is (rows, n): a row is kept or dropped as a whole."""

import numpy as np


def drop(x, seed, offset, limit, scale, kept, dropped):
    i = np.arange(len(x))
    words = philox(offset + i // 64 * 16 + i % 16, seed)
    keep, number = (words[i // 16 % 4, i] < limit)[:, None], x.dtype.type
    with np.errstate(invalid="ignore"):  # ∞ · 0
        return x * np.where(keep, number(scale), number(0)) + np.where(keep, number(kept), number(dropped))


def philox(counter, seed):
    """Philox-4x32-10: four words of 32 bits for each counter."""
    counter, low = np.asarray(counter, np.uint64), np.uint64(0xFFFFFFFF)
    a, b, c, d = counter & low, counter >> np.uint64(32), counter * np.uint64(0), counter * np.uint64(0)
    keys = seed & 0xFFFFFFFF, seed >> 32
    for turn in range(10):
        k, m = (np.uint64((key + turn * step) & 0xFFFFFFFF) for key, step in zip(keys, (0x9E3779B9, 0xBB67AE85)))
        one, two = np.uint64(0xD2511F53) * a, np.uint64(0xCD9E8D57) * c
        high = np.uint64(32)
        a, b, c, d = (two >> high) ^ b ^ k, two & low, (one >> high) ^ d ^ m, one & low
    return np.stack([a, b, c, d])
