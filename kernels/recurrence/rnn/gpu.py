"""Launches of gpu.cu."""

from .. import launch

SOURCES = launch.Sources(__file__)


def rnn(device, gates, weight, bias, h0, lengths, reverse, is_relu, y, h_n):
    arrays = gates, bias, h0, lengths, y, h_n
    launch.forward(device, SOURCES, "rnn", weight, y.shape, arrays, (bias.size, h0.size, is_relu, reverse))


def rnn_backward(device, grad, grad_h, weight, lengths, reverse, wanted, is_relu, y, grad_gates, grad_h0):
    del wanted
    arrays = grad, grad_h, lengths, y, grad_gates, grad_h0
    flags = grad.size, grad_h.size, is_relu, reverse
    launch.backward(device, SOURCES, "rnn_backward", weight, y.shape, arrays, flags)
