"""How kernels of pooling are launched on the GPU: a thread takes its place in several planes (windows.cuh)."""

import math

import numpy as np

from .. import cuda

AT_ONCE = 4  # planes of a thread


def launch(device, source, name, result, *args):
    """A kernel that fills `result` (planes, depth, height, width); its last argument is the number of planes."""
    grid, block = cuda.planes(math.prod(result.shape[1:]), len(result), AT_ONCE)
    device.launch(source, name, result.dtype, grid, block, (*args, np.int64(len(result))))
