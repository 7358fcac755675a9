"""Launch geometry of gpu.cu."""

import numpy as np

from .. import cuda

SOURCE = cuda.Source(__file__)


def _scalars(parameter, *values) -> tuple:
    return tuple(parameter.dtype.type(value) for value in values)


def sgd(device, parameter, grad, buffer, lr, momentum, kept, weight_decay, sign, nesterov, first):
    numbers = _scalars(parameter, lr, momentum, kept, weight_decay, sign)
    flags = (np.int32(nesterov), np.int32(first), np.int32(buffer.size > 0))
    arrays = (parameter, grad, buffer)
    cuda.elementwise(device, SOURCE, "sgd", parameter.size, *arrays, *numbers, *flags)


def adam(device, parameter, grad, exp_avg, exp_avg_sq, largest, *scalars):
    arrays = (parameter, grad, exp_avg, exp_avg_sq, largest)
    amsgrad = np.int32(largest.size > 0)
    cuda.elementwise(device, SOURCE, "adam", parameter.size, *arrays, *_scalars(parameter, *scalars), amsgrad)


def rmsprop(device, parameter, grad, square_avg, buffer, grad_avg, *scalars):
    arrays = (parameter, grad, square_avg, buffer, grad_avg)
    flags = (np.int32(buffer.size > 0), np.int32(grad_avg.size > 0))
    cuda.elementwise(device, SOURCE, "rmsprop", parameter.size, *arrays, *_scalars(parameter, *scalars), *flags)
