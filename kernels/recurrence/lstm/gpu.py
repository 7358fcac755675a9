"""Launches of gpu.cu."""

from .. import launch

SOURCES = launch.Sources(__file__)


def lstm(device, gates, weight, bias, h0, c0, lengths, reverse, y, h_n, c_n, saved, cells):
    launch.begin(c_n, c0)
    arrays, flags = (gates, bias, c_n, saved, cells), (bias.size, saved.size)
    launch.forward(device, SOURCES, "lstm", weight, lengths, reverse, h0, y, h_n, arrays, flags)


def lstm_backward(
    device, grad, grad_h, grad_c, weight, c0, lengths, reverse, wanted, saved, cells, grad_gates, grad_h0, grad_c0
):
    del wanted  # whether h0 has a gradient, which is given in any case
    launch.begin(grad_c0, grad_c)
    arrays, shape = (c0, saved, cells, grad_gates, grad_c0), cells.shape
    launch.backward(
        device, SOURCES, "lstm_backward", weight, lengths, reverse, grad, grad_h, grad_h0, shape, arrays, (c0.size,)
    )
