"""Launches of gpu.cu."""

from .. import launch

SOURCES = launch.Sources(__file__)


def lstm(device, gates, weight, bias, h0, c0, lengths, reverse, y, h_n, c_n, saved, cells):
    arrays = gates, bias, h0, c0, lengths, y, h_n, c_n, saved, cells
    flags = bias.size, h0.size, c0.size, saved.size, reverse
    launch.forward(device, SOURCES, "lstm", weight, y.shape, arrays, flags)


def lstm_backward(
    device, grad, grad_h, grad_c, weight, c0, lengths, reverse, wanted, saved, cells, grad_gates, grad_h0, grad_c0
):
    del wanted  # whether h0 has a gradient, which is given in any case
    arrays = grad, grad_h, grad_c, c0, lengths, saved, cells, grad_gates, grad_h0, grad_c0
    flags = grad.size, grad_h.size, grad_c.size, c0.size, reverse
    launch.backward(device, SOURCES, "lstm_backward", weight, cells.shape, arrays, flags)
