"""Launch geometry of the GPU's ladder: a function a rung, named counts_RUNG."""

import numpy as np

from ... import cuda
from ..gpu import ANY, BINS, blocks

ATOMICS, SHARED = (cuda.Source(__file__, f"gpu_{rung}.cu") for rung in ("1_atomics", "2_shared"))


def counts_1_atomics(device, indices, bins, out):
    out[...] = 0
    if indices.size:
        arguments = indices, out, np.int64(indices.size)
        device.launch(ATOMICS, "count", ANY, cuda.elements(indices.size), 256, arguments)


def counts_2_shared(device, indices, bins, out):
    if bins > BINS:  # too many for shared memory
        counts_1_atomics(device, indices, bins, out)
        return
    out[...] = 0
    n = indices.size
    if n:
        arguments = indices, out, np.int64(bins), np.int64(n)
        device.launch(SHARED, "count_in_shared_memory", ANY, blocks(n, bins), 256, arguments, 4 * bins)
