"""Launches of gpu.cu."""

from .. import launch

SOURCES = launch.Sources(__file__)


def gru(device, gates, weight, bias, h0, lengths, reverse, y, h_n, saved, inner):
    arrays = gates, bias, h0, lengths, y, h_n, saved, inner
    launch.forward(device, SOURCES, "gru", weight, y.shape, arrays, (bias.size, h0.size, saved.size, reverse))


def gru_backward(
    device, grad, grad_h, weight, h0, lengths, reverse, wanted, y, saved, inner, grad_gates, grad_inner, grad_h0
):
    del wanted
    arrays = grad, grad_h, h0, lengths, y, saved, inner, grad_gates, grad_inner, grad_h0
    flags = grad.size, grad_h.size, h0.size, reverse
    launch.backward(device, SOURCES, "gru_backward", weight, y.shape, arrays, flags)
