"""Launches of gpu.cu."""

from .. import launch

SOURCES = launch.Sources(__file__)


def rnn(device, gates, weight, bias, h0, lengths, reverse, is_relu, y, h_n):
    flags = bias.size, is_relu
    launch.forward(device, SOURCES, "rnn", weight, lengths, reverse, h0, y, h_n, (gates, bias), flags)


def rnn_backward(device, grad, grad_h, weight, lengths, reverse, wanted, is_relu, y, grad_gates, grad_h0):
    del wanted
    arrays, flags = (y, grad_gates), (is_relu,)
    launch.backward(
        device, SOURCES, "rnn_backward", weight, lengths, reverse, grad, grad_h, grad_h0, y.shape, arrays, flags
    )
