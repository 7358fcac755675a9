"""Launch geometry of the GPU's ladder: a function a rung, named lstm_RUNG."""

import numpy as np

from .... import cuda

NAIVE = cuda.Source(__file__, "gpu_1_naive.cu")
TILES = cuda.Source(__file__, "gpu_2_tiles.cu")
ONE_LAUNCH = cuda.Source(__file__, "gpu_3_one_launch.cu")
TILE, ROWS = 16, 4  # as there


def lstm_1_naive(device, gates, weight, bias, h0, c0, lengths, reverse, y, h_n, c_n, saved, cells):
    _, rows, n = y.shape

    def launch(*arguments):
        cuda.elementwise(device, NAIVE, "lstm_step", rows * n, *arguments, np.int64(n))

    _a_launch_a_step(device, launch, gates, weight, bias, h0, c0, lengths, reverse, y, h_n, c_n, saved, cells)


def lstm_2_tiles(device, gates, weight, bias, h0, c0, lengths, reverse, y, h_n, c_n, saved, cells):
    _, rows, n = y.shape
    blocks = cuda.blocks(rows, TILE) * cuda.blocks(n, TILE)

    def launch(*arguments):
        sizes = np.int64(rows), np.int64(n)
        device.launch(TILES, "lstm_step", gates.dtype, blocks, (TILE, TILE), (*arguments, *sizes))

    _a_launch_a_step(device, launch, gates, weight, bias, h0, c0, lengths, reverse, y, h_n, c_n, saved, cells)


def _a_launch_a_step(device, launch, gates, weight, bias, h0, c0, lengths, reverse, y, h_n, c_n, saved, cells):
    _begin(h0, c0, h_n, c_n)
    flags = np.int32(bias.size > 0), np.int32(saved.size > 0)
    before, after = h_n, device.empty(h_n.shape, h_n.dtype)
    steps = len(y)
    for t in range(steps - 1, -1, -1) if reverse else range(steps):
        if h_n.size:
            launch(gates, weight, bias, lengths, before, after, c_n, y, saved, cells, *flags, np.int64(t))
        before, after = after, before
    h_n[...] = before


def lstm_3_one_launch(device, gates, weight, bias, h0, c0, lengths, reverse, y, h_n, c_n, saved, cells):
    _begin(h0, c0, h_n, c_n)
    if h_n.size:
        arrays = gates, weight.T.copy(order="C"), bias, lengths, y, h_n, c_n, saved, cells
        flags = (np.int32(flag) for flag in (bias.size > 0, saved.size > 0, reverse))
        sizes = (np.int64(size) for size in y.shape)
        blocks, threads = cuda.blocks(len(h_n), ROWS), min(256, -(-h_n.shape[1] // 32) * 32)
        device.launch(ONE_LAUNCH, "lstm", gates.dtype, blocks, threads, (*arrays, *flags, *sizes))


def _begin(h0, c0, h_n, c_n):
    for given, state in ((h0, h_n), (c0, c_n)):
        state[...] = given if given.size else 0
