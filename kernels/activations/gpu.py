"""Launch geometry of gpu.cu."""

from .. import cuda

SOURCE = cuda.Source(__file__)


def relu(device, x, y):
    cuda.elementwise(device, SOURCE, "relu_forward", y.size, x, y)


def relu_backward(device, grad, x, grad_x):
    cuda.elementwise(device, SOURCE, "relu_backward", grad_x.size, grad, x, grad_x)


def leaky_relu(device, x, slope, y):
    cuda.elementwise(device, SOURCE, "leaky_relu_forward", y.size, x, x.dtype.type(slope), y)


def leaky_relu_backward(device, grad, x, slope, grad_x):
    cuda.elementwise(device, SOURCE, "leaky_relu_backward", grad_x.size, grad, x, grad.dtype.type(slope), grad_x)


def sigmoid(device, x, y):
    cuda.elementwise(device, SOURCE, "sigmoid_forward", y.size, x, y)


def sigmoid_backward(device, grad, y, grad_x):
    cuda.elementwise(device, SOURCE, "sigmoid_backward", grad_x.size, grad, y, grad_x)


def tanh(device, x, y):
    cuda.elementwise(device, SOURCE, "tanh_forward", y.size, x, y)


def tanh_backward(device, grad, y, grad_x):
    cuda.elementwise(device, SOURCE, "tanh_backward", grad_x.size, grad, y, grad_x)


def gelu(device, x, y):
    cuda.elementwise(device, SOURCE, "gelu_forward", y.size, x, y)


def gelu_backward(device, grad, x, grad_x):
    cuda.elementwise(device, SOURCE, "gelu_backward", grad_x.size, grad, x, grad_x)


def gelu_tanh(device, x, y):
    cuda.elementwise(device, SOURCE, "gelu_tanh_forward", y.size, x, y)


def gelu_tanh_backward(device, grad, x, grad_x):
    cuda.elementwise(device, SOURCE, "gelu_tanh_backward", grad_x.size, grad, x, grad_x)
