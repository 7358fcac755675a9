"""The smooth activations on the CPU: each is its formula, run over the elements."""

from ...elementwise import one, pieces, two
from ...jit import kernel
from ...share import enough, share
from . import formulas as f


@kernel("in real[::1], real, out real[::1]")
def elu(x, alpha, y, threads):
    share(one, pieces(x), enough(threads, x.size * 8), f.elu, x, y, (alpha,))


@kernel("in real[::1], in real[::1], real, out real[::1]")
def elu_backward(grad, x, alpha, grad_x, threads):
    share(two, pieces(x), enough(threads, x.size * 8), f.elu_backward, grad, x, grad_x, (alpha,))


@kernel("in real[::1], real, out real[::1]")
def celu(x, alpha, y, threads):
    share(one, pieces(x), enough(threads, x.size * 8), f.celu, x, y, (alpha,))


@kernel("in real[::1], in real[::1], real, out real[::1]")
def celu_backward(grad, x, alpha, grad_x, threads):
    share(two, pieces(x), enough(threads, x.size * 8), f.celu_backward, grad, x, grad_x, (alpha,))


@kernel("in real[::1], out real[::1]")
def selu(x, y, threads):
    share(one, pieces(x), enough(threads, x.size * 8), f.selu, x, y, ())


@kernel("in real[::1], in real[::1], out real[::1]")
def selu_backward(grad, x, grad_x, threads):
    share(two, pieces(x), enough(threads, x.size * 8), f.selu_backward, grad, x, grad_x, ())


@kernel("in real[::1], out real[::1]")
def silu(x, y, threads):
    share(one, pieces(x), enough(threads, x.size * 4), f.silu, x, y, ())


@kernel("in real[::1], in real[::1], out real[::1]")
def silu_backward(grad, x, grad_x, threads):
    share(two, pieces(x), enough(threads, x.size * 4), f.silu_backward, grad, x, grad_x, ())


@kernel("in real[::1], out real[::1]")
def mish(x, y, threads):
    share(one, pieces(x), enough(threads, x.size * 4), f.mish, x, y, ())


@kernel("in real[::1], in real[::1], out real[::1]")
def mish_backward(grad, x, grad_x, threads):
    share(two, pieces(x), enough(threads, x.size * 4), f.mish_backward, grad, x, grad_x, ())


@kernel("in real[::1], real, real, out real[::1]")
def softplus(x, beta, threshold, y, threads):
    share(one, pieces(x), enough(threads, x.size * 8), f.softplus, x, y, (beta, threshold))


@kernel("in real[::1], in real[::1], real, real, out real[::1]")
def softplus_backward(grad, x, beta, threshold, grad_x, threads):
    share(two, pieces(x), enough(threads, x.size * 8), f.softplus_backward, grad, x, grad_x, (beta, threshold))


@kernel("in real[::1], out real[::1]")
def logsigmoid(x, y, threads):
    share(one, pieces(x), enough(threads, x.size * 8), f.logsigmoid, x, y, ())


@kernel("in real[::1], in real[::1], out real[::1]")
def logsigmoid_backward(grad, x, grad_x, threads):
    share(two, pieces(x), enough(threads, x.size * 8), f.logsigmoid_backward, grad, x, grad_x, ())


@kernel("in real[::1], out real[::1]")
def softsign(x, y, threads):
    share(one, pieces(x), enough(threads, x.size), f.softsign, x, y, ())


@kernel("in real[::1], in real[::1], out real[::1]")
def softsign_backward(grad, x, grad_x, threads):
    share(two, pieces(x), enough(threads, x.size), f.softsign_backward, grad, x, grad_x, ())


@kernel("in real[::1], out real[::1]")
def tanhshrink(x, y, threads):
    share(one, pieces(x), enough(threads, x.size * 4), f.tanhshrink, x, y, ())


@kernel("in real[::1], in real[::1], out real[::1]")
def tanhshrink_backward(grad, x, grad_x, threads):
    share(two, pieces(x), enough(threads, x.size * 4), f.tanhshrink_backward, grad, x, grad_x, ())


@kernel("in real[::1], out real[::1]")
def exponential(x, y, threads):
    share(one, pieces(x), enough(threads, x.size * 4), f.exponential, x, y, ())


@kernel("in real[::1], in real[::1], out real[::1]")
def exponential_backward(grad, y, grad_x, threads):
    share(two, pieces(y), enough(threads, y.size), f.exponential_backward, grad, y, grad_x, ())


@kernel("in real[::1], real, out real[::1]")
def squareplus(x, b, y, threads):
    share(one, pieces(x), enough(threads, x.size * 2), f.squareplus, x, y, (b,))


@kernel("in real[::1], in real[::1], real, out real[::1]")
def squareplus_backward(grad, x, b, grad_x, threads):
    share(two, pieces(x), enough(threads, x.size * 2), f.squareplus_backward, grad, x, grad_x, (b,))
