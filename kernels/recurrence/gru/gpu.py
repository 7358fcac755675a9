"""Launches of gpu.cu."""

from .. import launch

SOURCES = launch.Sources(__file__)


def gru(device, gates, weight, bias, h0, lengths, reverse, y, h_n, saved, inner):
    arrays, flags = (gates, bias, saved, inner), (bias.size, saved.size)
    launch.forward(device, SOURCES, "gru", weight, lengths, reverse, h0, y, h_n, arrays, flags)


def gru_backward(
    device, grad, grad_h, weight, h0, lengths, reverse, wanted, y, saved, inner, grad_gates, grad_inner, grad_h0
):
    del wanted
    arrays = h0, y, saved, inner, grad_gates, grad_inner
    launch.backward(
        device, SOURCES, "gru_backward", weight, lengths, reverse, grad, grad_h, grad_h0, y.shape, arrays, (h0.size,)
    )
