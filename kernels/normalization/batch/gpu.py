"""Launch geometry of gpu.cu: a block a channel, or a sector's channels; the smallest that has all of them on their way
at once, if one has."""

import numpy as np

from ... import cuda
from ...teams import Plan, packs

SECTOR = 32  # bytes


def batch_norm(
    device, x, weight, bias, mean, variance, training, momentum, eps, relu, y, statistics, new_mean, new_variance
):
    real = x.dtype.type
    arrays = x, weight, bias, mean, variance, real(momentum), real(eps), y, statistics, new_mean, new_variance
    flags = weight.size > 0, bias.size > 0, training, new_mean.size > 0, relu
    _launch(device, "batch_norm", x, (y,), arrays, flags)


def batch_norm_backward(device, grad, x, weight, bias, statistics, training, relu, grad_x, grad_weight, grad_bias):
    arrays = grad, x, weight, bias, statistics, grad_x, grad_weight, grad_bias
    flags = weight.size > 0, bias.size > 0, training, grad_weight.size > 0, grad_bias.size > 0, relu
    _launch(device, "batch_norm_backward", x, (grad, grad_x), arrays, flags)


def _launch(device, name, x, others, arguments, flags):
    """The `others` are as large as x."""
    n, channels, spatial = x.shape
    wide, together = packs(spatial, (x, *others)), spatial == 1 < channels
    each = 4 if x.dtype.itemsize == 8 else 16 if wide > 1 else 8  # numbers of each array, in registers
    of_block = SECTOR // x.dtype.itemsize if together else 1
    threads = next((threads for threads in (32, 128) if of_block * n * spatial <= threads * each), 512)
    plan = Plan(threads, each, wide, False, together)
    arguments = *arguments, *map(np.int32, flags), *map(np.int64, x.shape)
    device.launch(plan.source(__file__), name, x.dtype, cuda.blocks(channels, of_block), threads, arguments)
