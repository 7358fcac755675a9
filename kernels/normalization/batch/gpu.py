"""Launch geometry of gpu.cu: a block a channel."""

import numpy as np

from ... import cuda

SOURCE = cuda.Source(__file__)


def batch_norm(
    device, x, weight, bias, mean, variance, training, momentum, eps, relu, y, statistics, new_mean, new_variance
):
    real = x.dtype.type
    arrays = x, weight, bias, mean, variance, real(momentum), real(eps), y, statistics, new_mean, new_variance
    flags = weight.size > 0, bias.size > 0, training, new_mean.size > 0, relu
    _launch(device, "batch_norm", x, arrays, flags)


def batch_norm_backward(device, grad, x, weight, bias, statistics, training, relu, grad_x, grad_weight, grad_bias):
    arrays = grad, x, weight, bias, statistics, grad_x, grad_weight, grad_bias
    flags = weight.size > 0, bias.size > 0, training, grad_weight.size > 0, grad_bias.size > 0, relu
    _launch(device, "batch_norm_backward", x, arrays, flags)


def _launch(device, name, x, arguments, flags):
    n, channels, spatial = x.shape
    threads = min(512, max(32, 1 << (n * spatial - 1).bit_length()))  # a power of two, no more than there is to do
    sizes = (np.int64(size) for size in x.shape)
    device.launch(SOURCE, name, x.dtype, min(channels, 1 << 20), threads, (*arguments, *map(np.int32, flags), *sizes))
