"""Launch geometry that element-wise activations share (launch.cuh): arrays, their size, then the parameters."""

import numpy as np

from .. import cuda


def forward(source, name):
    """The launch of a kernel FORWARD(name, …): x, parameters, the array to fill."""

    def launch(device, x, *rest):
        *parameters, y = rest
        _launch(device, source, f"{name}_forward", (x, y), parameters)

    return launch


def backward(source, name):
    """The launch of a kernel BACKWARD(name, …): the gradient, x, parameters, the array to fill."""

    def launch(device, grad, x, *rest):
        *parameters, grad_x = rest
        _launch(device, source, f"{name}_backward", (grad, x, grad_x), parameters)

    return launch


def _launch(device, source, name, arrays, parameters):
    size, real = arrays[-1].size, arrays[-1].dtype.type
    arguments = (*arrays, np.int64(size), *map(real, parameters))
    grid = cuda.elements(cuda.blocks(size, 16 // arrays[-1].itemsize))  # so many at a time: each.cuh
    device.launch(source, name, arrays[-1].dtype, grid, 256, arguments)
