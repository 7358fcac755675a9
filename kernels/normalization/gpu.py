"""Launch geometry of gpu.cu and backward.cu: a team of threads a row, many blocks a row for few long ones (teams.py).

For the gradients few blocks walk over many rows each, and keep the sums for weight and bias in registers; rows that no
block holds are split there.
"""

import numpy as np

from .. import cuda
from ..teams import launch, plan, split

BLOCK = 512  # threads, for the gradients
BLOCKS = 264  # of them: two for each multiprocessor of an H100. Not asked of the GPU, for sums depend on it
MOMENTS, SQUARES, SUMS = 4, 1, 2  # numbers that are found of a row (statistics.cuh, backward.cu)


def layer_norm(device, x, weight, bias, eps, y, statistics):
    flags = np.int32(weight.size > 0), np.int32(bias.size > 0), np.int32(statistics.size > 0)
    _forward(device, "layer_norm", x, (weight, bias), eps, y, (statistics, *flags), MOMENTS)


def rms_norm(device, x, weight, eps, y):
    _forward(device, "rms_norm", x, (weight,), eps, y, (np.int32(weight.size > 0),), SQUARES)


def _forward(device, name, x, parameters, eps, y, more, found):
    arrays = (x, y, *(p for p in parameters if p.size))
    arguments = (x, *parameters, x.dtype.type(eps), y, *more)
    launch(device, __file__, name, (*x.shape, 1), arrays, arguments, found)


def layer_norm_backward(device, grad, x, weight, eps, statistics, grad_x, grad_weight, grad_bias):
    if not statistics.size:  # as the forward call finds them, in the same order
        statistics = device.empty((len(x), 3), x.dtype)
        arguments = (x, x.dtype.type(eps), statistics)
        launch(device, __file__, "layer_norm_statistics", (*x.shape, 1), (x,), arguments, MOMENTS)
    _backward(device, "layer_norm_backward", grad, x, weight, statistics, grad_x, [grad_weight, grad_bias])


def rms_norm_backward(device, grad, x, weight, eps, grad_x, grad_weight):
    _backward(device, "rms_norm_backward", grad, x, weight, x.dtype.type(eps), grad_x, [grad_weight])


def _backward(device, name, grad, x, weight, normal, grad_x, wanted):
    """`normal` says how each row was normalised, or how to find that."""
    (rows, n), dtype, wants = x.shape, x.dtype, [out.size > 0 for out in wanted]
    if not (x.size or any(wants)):
        return
    arrays = (grad, x, grad_x, *([weight] if weight.size else []))
    chosen = plan(n, 1, arrays, held=4)
    block = max(BLOCK, chosen.threads)
    count = min(cuda.blocks(rows, block // chosen.threads), BLOCKS * BLOCK // block)  # rows of partial sums
    grid, stages, kept = (count,), (0,), None
    if not chosen.whole:
        parts, chosen = split(n, arrays, 4, BLOCK, n)
        count = max(1, min(rows // 4, BLOCKS // parts))  # with fewer rows a block, partial sums would be as many as x
        grid, stages, kept = (parts, count), (1, 2), device.empty((rows, parts, SUMS), dtype)
    sums = [device.empty((count, n), dtype) if wants_it and count > 1 else out for wants_it, out in zip(wants, wanted)]
    flags = [np.int32(flag) for flag in (weight.size > 0, *wants)]
    arguments = (grad, x, weight, normal, grad_x, *sums, *flags, kept, np.int64(rows), np.int64(n))
    for stage in stages:
        source = chosen._replace(stage=stage).source(__file__, "backward.cu")
        device.launch(source, name, dtype, grid, block if not stage else BLOCK, arguments)
    if any(wants) and count > 1:
        _add(device, chosen, sums, wanted)


def _add(device, chosen, parts, wanted):
    """The parameters' gradients, from rows of partial sums."""
    given = [part for part, out in zip(parts, wanted) if out.size]
    n = given[0].shape[1]
    flags = (np.int32(wanted[0].size > 0), np.int64(len(given[0])), np.int64(n))
    arguments = (*_two(parts, parts[0]), *_two(wanted, wanted[0]), *flags)
    grid = (cuda.blocks(n, 32), len(given))
    device.launch(chosen.source(__file__, "backward.cu"), "add_parts", given[0].dtype, grid, (32, 32), arguments)


def _two(given: list, otherwise) -> list:
    return [*given, otherwise][:2]
