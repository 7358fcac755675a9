"""Launch geometry of gpu.cu."""

import numpy as np

from .. import capture, cuda

SOURCE = cuda.Source(__file__)


def _launch(device, name, arrays, numbers, flags):
    parameter = arrays[0]
    given = (*map(parameter.dtype.type, numbers), *map(np.int32, flags))
    held = capture.held(device, given, arrays)
    width = 16 // parameter.itemsize  # as in each.cuh
    cuda.elementwise(device, SOURCE, name, parameter.size, *arrays, *given, held, at_once=width)


def sgd(device, parameter, grad, buffer, lr, momentum, kept, weight_decay, sign, nesterov, first):
    numbers = lr, momentum, kept, weight_decay, sign
    _launch(device, "sgd", (parameter, grad, buffer), numbers, (nesterov, first, buffer.size > 0))


def adam(device, parameter, grad, exp_avg, exp_avg_sq, largest, *numbers):
    _launch(device, "adam", (parameter, grad, exp_avg, exp_avg_sq, largest), numbers, (largest.size > 0,))


def rmsprop(device, parameter, grad, square_avg, buffer, grad_avg, *numbers):
    flags = buffer.size > 0, grad_avg.size > 0
    _launch(device, "rmsprop", (parameter, grad, square_avg, buffer, grad_avg), numbers, flags)
