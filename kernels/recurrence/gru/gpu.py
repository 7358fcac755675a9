"""Launches of gpu.cu."""

from ... import cuda
from ..launch import launch

SOURCE = cuda.Source(__file__)


def gru(device, gates, weight, bias, h0, lengths, reverse, y, h_n, saved, inner):
    arrays = gates, weight.T.copy(order="C"), bias, h0, lengths, y, h_n, saved, inner
    launch(device, SOURCE, "gru", y.shape, arrays, (bias.size, h0.size, saved.size, reverse))


def gru_backward(
    device, grad, grad_h, weight, h0, lengths, reverse, wanted, y, saved, inner, grad_gates, grad_inner, grad_h0
):
    del wanted
    through = device.empty((y.shape[1], weight.shape[0]), y.dtype)  # the gradients of a step that meet the weight
    arrays = grad, grad_h, weight, h0, lengths, y, saved, inner, through, grad_gates, grad_inner, grad_h0
    launch(device, SOURCE, "gru_backward", y.shape, arrays, (grad.size, grad_h.size, h0.size, reverse))
