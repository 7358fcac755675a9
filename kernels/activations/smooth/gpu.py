"""Launch geometry of gpu.cu."""

from ... import cuda
from ..launch import backward, forward

SOURCE = cuda.Source(__file__)

elu, elu_backward = forward(SOURCE, "elu"), backward(SOURCE, "elu")
celu, celu_backward = forward(SOURCE, "celu"), backward(SOURCE, "celu")
selu, selu_backward = forward(SOURCE, "selu"), backward(SOURCE, "selu")
silu, silu_backward = forward(SOURCE, "silu"), backward(SOURCE, "silu")
mish, mish_backward = forward(SOURCE, "mish"), backward(SOURCE, "mish")
softplus, softplus_backward = forward(SOURCE, "softplus"), backward(SOURCE, "softplus")
logsigmoid, logsigmoid_backward = forward(SOURCE, "logsigmoid"), backward(SOURCE, "logsigmoid")
softsign, softsign_backward = forward(SOURCE, "softsign"), backward(SOURCE, "softsign")
tanhshrink, tanhshrink_backward = forward(SOURCE, "tanhshrink"), backward(SOURCE, "tanhshrink")
exponential, exponential_backward = forward(SOURCE, "exponential"), backward(SOURCE, "exponential")
squareplus, squareplus_backward = forward(SOURCE, "squareplus"), backward(SOURCE, "squareplus")
