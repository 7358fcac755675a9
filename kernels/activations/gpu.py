"""Launch geometry of gpu.cu: a thread an element, up to a grid that fills the largest GPU, then a stride."""

import numpy as np

from .. import cuda

SOURCE = cuda.Source(__file__)


def _elementwise(device, name, *args):
    """Launch over the elements of the last argument."""
    out = args[-1]
    grid = min(cuda.blocks(out.size, 256), 132 * 16)
    device.launch(SOURCE, name, out.dtype, grid, 256, (*args, np.int64(out.size)))


def relu(device, x, y):
    _elementwise(device, "relu", x, y)


def relu_backward(device, grad, x, grad_x):
    _elementwise(device, "relu_backward", grad, x, grad_x)


def leaky_relu(device, x, slope, y):
    _elementwise(device, "leaky_relu", x, x.dtype.type(slope), y)


def leaky_relu_backward(device, grad, x, slope, grad_x):
    _elementwise(device, "leaky_relu_backward", grad, x, grad.dtype.type(slope), grad_x)


def sigmoid(device, x, y):
    _elementwise(device, "sigmoid", x, y)


def sigmoid_backward(device, grad, y, grad_x):
    _elementwise(device, "sigmoid_backward", grad, y, grad_x)


def tanh(device, x, y):
    _elementwise(device, "tanh", x, y)


def tanh_backward(device, grad, y, grad_x):
    _elementwise(device, "tanh_backward", grad, y, grad_x)


def gelu(device, x, y):
    _elementwise(device, "gelu", x, y)


def gelu_backward(device, grad, x, grad_x):
    _elementwise(device, "gelu_backward", grad, x, grad_x)


def gelu_tanh(device, x, y):
    _elementwise(device, "gelu_tanh", x, y)


def gelu_tanh_backward(device, grad, x, grad_x):
    _elementwise(device, "gelu_tanh_backward", grad, x, grad_x)
