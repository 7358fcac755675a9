"""Launch geometry of gpu.cu."""

from .. import cuda
from .launch import backward, forward

SOURCE = cuda.Source(__file__)

relu, relu_backward = forward(SOURCE, "relu"), backward(SOURCE, "relu")
leaky_relu, leaky_relu_backward = forward(SOURCE, "leaky_relu"), backward(SOURCE, "leaky_relu")
sigmoid, sigmoid_backward = forward(SOURCE, "sigmoid"), backward(SOURCE, "sigmoid")
tanh, tanh_backward = forward(SOURCE, "tanh"), backward(SOURCE, "tanh")
gelu, gelu_backward = forward(SOURCE, "gelu"), backward(SOURCE, "gelu")
gelu_tanh, gelu_tanh_backward = forward(SOURCE, "gelu_tanh"), backward(SOURCE, "gelu_tanh")
