"""Launches of gpu.cu."""

from ... import cuda
from ..launch import launch

SOURCE = cuda.Source(__file__)


def rnn(device, gates, weight, bias, h0, lengths, reverse, is_relu, y, h_n):
    arrays = gates, weight.T.copy(order="C"), bias, h0, lengths, y, h_n
    launch(device, SOURCE, "rnn", y.shape, arrays, (bias.size, h0.size, is_relu, reverse))


def rnn_backward(device, grad, grad_h, weight, lengths, reverse, wanted, is_relu, y, grad_gates, grad_h0):
    del wanted
    arrays = grad, grad_h, weight, lengths, y, grad_gates, grad_h0
    launch(device, SOURCE, "rnn_backward", y.shape, arrays, (grad.size, grad_h.size, is_relu, reverse))
