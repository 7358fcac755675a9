"""The activations on the CPU: each is its formula, run over the elements."""

from ..elementwise import one, pieces, two
from ..jit import kernel
from ..share import enough, share
from . import formulas as f


@kernel("in real[::1], out real[::1]")
def relu(x, y, threads):
    share(one, pieces(x), enough(threads, x.size), f.relu, x, y, ())


@kernel("in real[::1], in real[::1], out real[::1]")
def relu_backward(grad, x, grad_x, threads):
    share(two, pieces(x), enough(threads, x.size), f.relu_backward, grad, x, grad_x, ())


@kernel("in real[::1], real, out real[::1]")
def leaky_relu(x, slope, y, threads):
    share(one, pieces(x), enough(threads, x.size), f.leaky_relu, x, y, (slope,))


@kernel("in real[::1], in real[::1], real, out real[::1]")
def leaky_relu_backward(grad, x, slope, grad_x, threads):
    share(two, pieces(x), enough(threads, x.size), f.leaky_relu_backward, grad, x, grad_x, (slope,))


@kernel("in real[::1], out real[::1]")
def sigmoid(x, y, threads):
    share(one, pieces(x), enough(threads, x.size * 4), f.sigmoid, x, y, ())


@kernel("in real[::1], in real[::1], out real[::1]")
def sigmoid_backward(grad, y, grad_x, threads):
    share(two, pieces(y), enough(threads, y.size), f.sigmoid_backward, grad, y, grad_x, ())


@kernel("in real[::1], out real[::1]")
def tanh(x, y, threads):
    share(one, pieces(x), enough(threads, x.size * 4), f.tanh, x, y, ())


@kernel("in real[::1], in real[::1], out real[::1]")
def tanh_backward(grad, y, grad_x, threads):
    share(two, pieces(y), enough(threads, y.size), f.tanh_backward, grad, y, grad_x, ())


@kernel("in real[::1], out real[::1]")
def gelu(x, y, threads):
    share(one, pieces(x), enough(threads, x.size * 4), f.gelu, x, y, ())


@kernel("in real[::1], in real[::1], out real[::1]")
def gelu_backward(grad, x, grad_x, threads):
    share(two, pieces(x), enough(threads, x.size * 4), f.gelu_backward, grad, x, grad_x, ())


@kernel("in real[::1], out real[::1]")
def gelu_tanh(x, y, threads):
    share(one, pieces(x), enough(threads, x.size * 4), f.gelu_tanh, x, y, ())


@kernel("in real[::1], in real[::1], out real[::1]")
def gelu_tanh_backward(grad, x, grad_x, threads):
    share(two, pieces(x), enough(threads, x.size * 4), f.gelu_tanh_backward, grad, x, grad_x, ())
