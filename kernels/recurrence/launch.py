"""Launch geometry of the recurrent kernels: a block for each ROWS rows, a thread a hidden unit, or several."""

import numpy as np

from .. import cuda

ROWS = 4  # as in steps.cuh


def launch(device, source, name, shape, arrays, flags):
    _, rows, n = shape
    if rows and n:
        threads = min(256, -(-n // 32) * 32)
        sizes = (np.int64(size) for size in shape)
        arguments = (*arrays, *(np.int32(bool(flag)) for flag in flags), *sizes)
        device.launch(source, name, arrays[0].dtype, cuda.blocks(rows, ROWS), threads, arguments)
