"""The activations on the CPU: one loop each over the elements, shared out among the threads."""

from numba import prange

from ..jit import kernel
from . import formulas as f


@kernel("in real[::1], out real[::1]")
def relu(x, y):
    for i in prange(x.size):
        y[i] = f.relu(x[i])


@kernel("in real[::1], in real[::1], out real[::1]")
def relu_backward(grad, x, grad_x):
    for i in prange(x.size):
        grad_x[i] = f.relu_backward(grad[i], x[i])


@kernel("in real[::1], real, out real[::1]")
def leaky_relu(x, slope, y):
    for i in prange(x.size):
        y[i] = f.leaky_relu(x[i], slope)


@kernel("in real[::1], in real[::1], real, out real[::1]")
def leaky_relu_backward(grad, x, slope, grad_x):
    for i in prange(x.size):
        grad_x[i] = f.leaky_relu_backward(grad[i], x[i], slope)


@kernel("in real[::1], out real[::1]")
def sigmoid(x, y):
    for i in prange(x.size):
        y[i] = f.sigmoid(x[i])


@kernel("in real[::1], in real[::1], out real[::1]")
def sigmoid_backward(grad, y, grad_x):
    for i in prange(y.size):
        grad_x[i] = f.sigmoid_backward(grad[i], y[i])


@kernel("in real[::1], out real[::1]")
def tanh(x, y):
    for i in prange(x.size):
        y[i] = f.tanh(x[i])


@kernel("in real[::1], in real[::1], out real[::1]")
def tanh_backward(grad, y, grad_x):
    for i in prange(y.size):
        grad_x[i] = f.tanh_backward(grad[i], y[i])


@kernel("in real[::1], out real[::1]")
def gelu(x, y):
    for i in prange(x.size):
        y[i] = f.gelu(x[i])


@kernel("in real[::1], in real[::1], out real[::1]")
def gelu_backward(grad, x, grad_x):
    for i in prange(x.size):
        grad_x[i] = f.gelu_backward(grad[i], x[i])


@kernel("in real[::1], out real[::1]")
def gelu_tanh(x, y):
    for i in prange(x.size):
        y[i] = f.gelu_tanh(x[i])


@kernel("in real[::1], in real[::1], out real[::1]")
def gelu_tanh_backward(grad, x, grad_x):
    for i in prange(x.size):
        grad_x[i] = f.gelu_tanh_backward(grad[i], x[i])
