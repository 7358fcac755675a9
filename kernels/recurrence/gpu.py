"""Launch geometry of gpu.cu: a block for each ROWS rows, a thread a hidden unit, or several."""

import numpy as np

from .. import cuda

SOURCE = cuda.Source(__file__)
ROWS = 4  # as in steps.cuh


def _launch(device, name, shape, arrays, flags):
    _, rows, n = shape
    if rows and n:
        threads = min(256, -(-n // 32) * 32)
        sizes = (np.int64(size) for size in shape)
        arguments = (*arrays, *(np.int32(bool(flag)) for flag in flags), *sizes)
        device.launch(SOURCE, name, arrays[0].dtype, cuda.blocks(rows, ROWS), threads, arguments)


def lstm(device, gates, weight, bias, h0, c0, lengths, reverse, y, h_n, c_n, saved, cells):
    arrays = gates, weight.T.copy(order="C"), bias, h0, c0, lengths, y, h_n, c_n, saved, cells
    _launch(device, "lstm", y.shape, arrays, (bias.size, h0.size, c0.size, saved.size, reverse))


def lstm_backward(
    device, grad, grad_h, grad_c, weight, c0, lengths, reverse, wanted, saved, cells, grad_gates, grad_h0, grad_c0
):
    del wanted  # whether h0 has a gradient, which is given in any case
    arrays = grad, grad_h, grad_c, weight, c0, lengths, saved, cells, grad_gates, grad_h0, grad_c0
    flags = grad.size, grad_h.size, grad_c.size, c0.size, reverse
    _launch(device, "lstm_backward", cells.shape, arrays, flags)


def gru(device, gates, weight, bias, h0, lengths, reverse, y, h_n, saved, inner):
    arrays = gates, weight.T.copy(order="C"), bias, h0, lengths, y, h_n, saved, inner
    _launch(device, "gru", y.shape, arrays, (bias.size, h0.size, saved.size, reverse))


def gru_backward(
    device, grad, grad_h, weight, h0, lengths, reverse, wanted, y, saved, inner, grad_gates, grad_inner, grad_h0
):
    del wanted
    through = device.empty((y.shape[1], weight.shape[0]), y.dtype)  # the gradients of a step that meet the weight
    arrays = grad, grad_h, weight, h0, lengths, y, saved, inner, through, grad_gates, grad_inner, grad_h0
    _launch(device, "gru_backward", y.shape, arrays, (grad.size, grad_h.size, h0.size, reverse))


def rnn(device, gates, weight, bias, h0, lengths, reverse, is_relu, y, h_n):
    arrays = gates, weight.T.copy(order="C"), bias, h0, lengths, y, h_n
    _launch(device, "rnn", y.shape, arrays, (bias.size, h0.size, is_relu, reverse))


def rnn_backward(device, grad, grad_h, weight, lengths, reverse, wanted, is_relu, y, grad_gates, grad_h0):
    del wanted
    arrays = grad, grad_h, weight, lengths, y, grad_gates, grad_h0
    _launch(device, "rnn_backward", y.shape, arrays, (grad.size, grad_h.size, is_relu, reverse))
