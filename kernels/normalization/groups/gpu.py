"""Launch geometry of gpu.cu: a block a row; for sums over the images, a block a channel."""

import numpy as np

from ... import cuda

SOURCE = cuda.Source(__file__)


def group_norm(device, x, weight, bias, groups, eps, y, statistics):
    arguments = x, weight, bias, x.dtype.type(eps), y, statistics, np.int32(weight.size > 0), np.int32(bias.size > 0)
    _launch(device, "group_norm", x.dtype, x.shape[0], x[0].size, *arguments, np.int64(groups), *_sizes(x.shape))


def group_norm_backward(device, grad, x, weight, statistics, groups, grad_x, grad_weight, grad_bias):
    rows, channels, spatial = x.shape
    arguments = grad, x, weight, statistics, grad_x, np.int32(weight.size > 0), np.int64(groups), *_sizes(x.shape)
    _launch(device, "group_norm_backward", x.dtype, rows, channels * spatial, *arguments)
    if grad_weight.size or grad_bias.size:
        shape = rows // groups, channels * groups, spatial
        flags = np.int32(grad_weight.size > 0), np.int32(grad_bias.size > 0)
        arguments = grad, x, statistics, grad_weight, grad_bias, *flags, np.int64(groups), *_sizes(shape)
        _launch(device, "parameter_sums", x.dtype, shape[1], shape[0] * spatial, *arguments)


def _sizes(shape):
    return (np.int64(size) for size in shape)


def _launch(device, name, dtype, blocks, elements, *arguments):
    threads = min(512, max(32, 1 << (elements - 1).bit_length()))  # a power of two, no more than there is to do
    device.launch(SOURCE, name, dtype, min(blocks, 1 << 20), threads, arguments)
