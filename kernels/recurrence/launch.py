"""Launch geometry of the recurrent kernels: a block for each ROWS rows, a thread a hidden unit, or several."""

import numpy as np

from .. import cuda

ROWS, VECTOR = 4, 16  # as in steps.cuh: rows of a block, and bytes of a vector
SHARED = 48 << 10  # bytes of shared memory that a block of any GPU has


class Sources:
    """gpu.cu beside a Python file, with what a block keeps in shared memory, or, where that is too small, far away."""

    def __init__(self, beside: str):
        self.near, self.far = cuda.Source(beside), cuda.Source(beside, FAR=1)


def forward(device, sources, name, weight, shape, arrays, flags):
    """Launch the way there: the states before and after a step meet the transposed weight."""
    _launch(device, sources, name, weight.T, 2, shape, arrays, flags)


def backward(device, sources, name, weight, shape, arrays, flags):
    """Launch the way back: the gradients of a step's gates meet the weight as it lies."""
    _launch(device, sources, name, weight, 1, shape, arrays, flags)


def _launch(device, sources, name, matrix, copies, shape, arrays, flags):
    _, rows, n = shape
    if not (rows and n):
        return
    dtype, vector = matrix.dtype, VECTOR // matrix.dtype.itemsize
    depth, columns = matrix.shape
    pitch = -(-depth // vector) * vector
    packed = device.empty((pitch * columns,), dtype)
    down, across = (np.int64(stride // matrix.itemsize) for stride in matrix.strides)
    sizes = down, across, np.int64(depth), np.int64(columns)
    cuda.elementwise(device, sources.near, "pack", packed.size, matrix, packed, *sizes)
    blocks, threads = cuda.blocks(rows, ROWS), min(256, -(-n // 32) * 32)
    own = copies * ROWS * pitch
    fits = own * dtype.itemsize <= SHARED
    far = device.empty((0 if fits else blocks * own,), dtype)
    arguments = (packed, far, *arrays, *(np.int32(bool(flag)) for flag in flags), *(np.int64(size) for size in shape))
    source, shared = (sources.near, own * dtype.itemsize) if fits else (sources.far, 0)
    device.launch(source, name, dtype, blocks, threads, arguments, shared)
