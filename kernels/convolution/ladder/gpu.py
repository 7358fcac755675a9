"""Launch geometry of the GPU's ladder: a function a rung, named convolution_RUNG."""

import numpy as np

from ... import cuda
from ..gpu import arguments

NAIVE = cuda.Source(__file__, "gpu_1_naive.cu")


def convolution_1_naive(device, x, weight, bias, geometry, out):
    if out.size:
        numbers = arguments(x, out.shape[2:], weight.shape, geometry)
        given = (x, weight, bias, out, np.int32(bias.size > 0), *numbers)
        device.launch(NAIVE, "convolution", out.dtype, cuda.blocks(out.size, 256), 256, given)
