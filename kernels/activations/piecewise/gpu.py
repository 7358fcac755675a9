"""Launch geometry of gpu.cu."""

from ... import cuda
from ..launch import backward, forward

SOURCE = cuda.Source(__file__)

hardshrink, hardshrink_backward = forward(SOURCE, "hardshrink"), backward(SOURCE, "hardshrink")
softshrink, softshrink_backward = forward(SOURCE, "softshrink"), backward(SOURCE, "softshrink")
hardsigmoid, hardsigmoid_backward = forward(SOURCE, "hardsigmoid"), backward(SOURCE, "hardsigmoid")
hardswish, hardswish_backward = forward(SOURCE, "hardswish"), backward(SOURCE, "hardswish")
hardtanh, hardtanh_backward = forward(SOURCE, "hardtanh"), backward(SOURCE, "hardtanh")
threshold, threshold_backward = forward(SOURCE, "threshold"), backward(SOURCE, "threshold")
relu_squared, relu_squared_backward = forward(SOURCE, "relu_squared"), backward(SOURCE, "relu_squared")
sparse_plus, sparse_plus_backward = forward(SOURCE, "sparse_plus"), backward(SOURCE, "sparse_plus")
sparse_sigmoid, sparse_sigmoid_backward = forward(SOURCE, "sparse_sigmoid"), backward(SOURCE, "sparse_sigmoid")
