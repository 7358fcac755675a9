"""Launches of gpu.cu; sums of weights are those of embeddings' gradients."""

import numpy as np

from .. import cuda
from ..embedding.gpu import sums_by_key
from ..embedding.sort import sorted_by_index

SOURCE = cuda.Source(__file__)
ANY = np.dtype(np.float32)  # no kernel here has a real number
BINS = 12288  # counters of 4 bytes in the 48 KiB of shared memory that a block of any GPU has


def counts(device, indices, bins, out):
    out[...] = 0
    n = indices.size
    if not n:
        return
    if bins <= BINS:
        arguments = indices, out, np.int64(bins), np.int64(n)
        device.launch(SOURCE, "count_in_shared_memory", ANY, blocks(n, bins), 256, arguments, 4 * bins)
    else:
        device.launch(SOURCE, "count_in_global_memory", ANY, cuda.elements(n), 256, (indices, out, np.int64(n)))


def blocks(n, bins):
    """Few enough that a block counts more numbers than it has counters to add up, and 8 for a thread."""
    return min(cuda.blocks(n, max(256 * 8, bins)), 132 * 8)


def sums(device, weights, indices, bins, out):
    keys, order = sorted_by_index(device, indices, bins, -1)
    sums_by_key(device, weights[:, None], keys, order, None, None, None, out[:, None])
