"""The activations of straight pieces on the CPU: each is its formula, run over the elements."""

from ...elementwise import one, pieces, two
from ...jit import kernel
from ...share import enough, share
from . import formulas as f


@kernel("in real[::1], real, out real[::1]")
def hardshrink(x, limit, y, threads):
    share(one, pieces(x), enough(threads, x.size), f.hardshrink, x, y, (limit,))


@kernel("in real[::1], in real[::1], real, out real[::1]")
def hardshrink_backward(grad, x, limit, grad_x, threads):
    share(two, pieces(x), enough(threads, x.size), f.hardshrink_backward, grad, x, grad_x, (limit,))


@kernel("in real[::1], real, out real[::1]")
def softshrink(x, limit, y, threads):
    share(one, pieces(x), enough(threads, x.size), f.softshrink, x, y, (limit,))


@kernel("in real[::1], in real[::1], real, out real[::1]")
def softshrink_backward(grad, x, limit, grad_x, threads):
    share(two, pieces(x), enough(threads, x.size), f.hardshrink_backward, grad, x, grad_x, (limit,))


@kernel("in real[::1], out real[::1]")
def hardsigmoid(x, y, threads):
    share(one, pieces(x), enough(threads, x.size), f.hardsigmoid, x, y, ())


@kernel("in real[::1], in real[::1], out real[::1]")
def hardsigmoid_backward(grad, x, grad_x, threads):
    share(two, pieces(x), enough(threads, x.size), f.hardsigmoid_backward, grad, x, grad_x, ())


@kernel("in real[::1], out real[::1]")
def hardswish(x, y, threads):
    share(one, pieces(x), enough(threads, x.size), f.hardswish, x, y, ())


@kernel("in real[::1], in real[::1], out real[::1]")
def hardswish_backward(grad, x, grad_x, threads):
    share(two, pieces(x), enough(threads, x.size), f.hardswish_backward, grad, x, grad_x, ())


@kernel("in real[::1], real, real, out real[::1]")
def hardtanh(x, low, high, y, threads):
    share(one, pieces(x), enough(threads, x.size), f.clamp, x, y, (low, high))


@kernel("in real[::1], in real[::1], real, real, out real[::1]")
def hardtanh_backward(grad, x, low, high, grad_x, threads):
    share(two, pieces(x), enough(threads, x.size), f.hardtanh_backward, grad, x, grad_x, (low, high))


@kernel("in real[::1], real, real, out real[::1]")
def threshold(x, limit, value, y, threads):
    share(one, pieces(x), enough(threads, x.size), f.threshold, x, y, (limit, value))


@kernel("in real[::1], in real[::1], real, out real[::1]")
def threshold_backward(grad, x, limit, grad_x, threads):
    share(two, pieces(x), enough(threads, x.size), f.threshold_backward, grad, x, grad_x, (limit,))


@kernel("in real[::1], out real[::1]")
def relu_squared(x, y, threads):
    share(one, pieces(x), enough(threads, x.size), f.relu_squared, x, y, ())


@kernel("in real[::1], in real[::1], out real[::1]")
def relu_squared_backward(grad, x, grad_x, threads):
    share(two, pieces(x), enough(threads, x.size), f.relu_squared_backward, grad, x, grad_x, ())


@kernel("in real[::1], out real[::1]")
def sparse_plus(x, y, threads):
    share(one, pieces(x), enough(threads, x.size), f.sparse_plus, x, y, ())


@kernel("in real[::1], in real[::1], out real[::1]")
def sparse_plus_backward(grad, x, grad_x, threads):
    share(two, pieces(x), enough(threads, x.size), f.sparse_plus_backward, grad, x, grad_x, ())


@kernel("in real[::1], out real[::1]")
def sparse_sigmoid(x, y, threads):
    share(one, pieces(x), enough(threads, x.size), f.sparse_sigmoid, x, y, ())


@kernel("in real[::1], in real[::1], out real[::1]")
def sparse_sigmoid_backward(grad, x, grad_x, threads):
    share(two, pieces(x), enough(threads, x.size), f.sparse_sigmoid_backward, grad, x, grad_x, ())
