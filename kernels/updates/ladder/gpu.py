"""Launch geometry of the GPU's ladder: a function a rung, named adam_RUNG."""

import numpy as np

from ... import cuda

SCALAR = cuda.Source(__file__, "gpu_1_scalar.cu")
VECTORS = cuda.Source(__file__, "gpu_2_vectors.cu")


def _launch(device, source, per_thread, parameter, grad, exp_avg, exp_avg_sq, largest, numbers):
    numbers = (*map(parameter.dtype.type, numbers), np.int32(largest.size > 0), np.int64(parameter.size))
    arrays = parameter, grad, exp_avg, exp_avg_sq, largest
    threads = cuda.blocks(parameter.size, per_thread)
    device.launch(source, "adam", parameter.dtype, cuda.blocks(threads, 256), 256, (*arrays, *numbers))


def adam_1_scalar(device, parameter, grad, exp_avg, exp_avg_sq, largest, *numbers):
    _launch(device, SCALAR, 1, parameter, grad, exp_avg, exp_avg_sq, largest, numbers)


def adam_2_vectors(device, parameter, grad, exp_avg, exp_avg_sq, largest, *numbers):
    _launch(device, VECTORS, 16 // parameter.itemsize, parameter, grad, exp_avg, exp_avg_sq, largest, numbers)
