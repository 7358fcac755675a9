"""Launch geometry of gpu.cu and backward.cu: a team of threads a row (teams.py).

For the gradients few blocks walk over many rows each, and keep the sums for weight and bias in registers.
"""

import numpy as np

from .. import cuda
from ..teams import Plan, plan

BLOCK = 512  # threads, for the gradients
BLOCKS = 264  # of them: two for each multiprocessor of an H100. Not asked of the GPU, for sums depend on it


def layer_norm(device, x, weight, bias, eps, y, statistics):
    flags = np.int32(weight.size > 0), np.int32(bias.size > 0), np.int32(statistics.size > 0)
    _forward(device, "layer_norm", x, (weight, bias), eps, y, (statistics, *flags))


def rms_norm(device, x, weight, eps, y):
    _forward(device, "rms_norm", x, (weight,), eps, y, (np.int32(weight.size > 0),))


def _forward(device, name, x, parameters, eps, y, more):
    rows, n = x.shape
    if x.size:
        chosen = plan(n, 1, (x, y, *(p for p in parameters if p.size)))
        arguments = (x, *parameters, x.dtype.type(eps), y, *more, np.int64(rows), np.int64(n))
        device.launch(chosen.source(__file__), name, x.dtype, *chosen.blocks(rows), arguments)


def layer_norm_backward(device, grad, x, weight, eps, statistics, grad_x, grad_weight, grad_bias):
    if not statistics.size:  # as the forward call finds them, in the same order
        (rows, n), statistics = x.shape, device.empty((x.shape[0], 3), x.dtype)
        if x.size:
            chosen = plan(n, 1, (x,))
            arguments = (x, x.dtype.type(eps), statistics, np.int64(rows), np.int64(n))
            device.launch(chosen.source(__file__), "layer_norm_statistics", x.dtype, *chosen.blocks(rows), arguments)
    _backward(device, "layer_norm_backward", grad, x, weight, (statistics,), grad_x, [grad_weight, grad_bias])


def rms_norm_backward(device, grad, x, weight, eps, grad_x, grad_weight):
    found = (x.dtype.type(eps), device.empty((x.shape[0], 3), x.dtype))
    _backward(device, "rms_norm_backward", grad, x, weight, found, grad_x, [grad_weight])


def _backward(device, name, grad, x, weight, normal, grad_x, wanted):
    """`normal` says how each row was normalised, or how to find that."""
    rows, n = x.shape
    chosen = plan(n, 1, (grad, x, grad_x, *([weight] if weight.size else [])), held=4)
    block = max(BLOCK, chosen.threads)
    grid = min(cuda.blocks(rows, block // chosen.threads), BLOCKS * BLOCK // block)
    wants = [out.size > 0 for out in wanted]
    parts = [device.empty((grid if wants_it and chosen.whole else 0, n), x.dtype) for wants_it in wants]
    flags = [np.int32(flag) for flag in (weight.size > 0, *wants)]
    if x.size or any(wants):
        arguments = (grad, x, weight, *normal, grad_x, *parts, *flags, np.int64(rows), np.int64(n))
        device.launch(chosen.source(__file__, "backward.cu"), name, x.dtype, grid, block, arguments)
    if any(wants):
        if not chosen.whole:
            parts = _parameter_sums(device, chosen, grad, x, normal[-1], wants)
        _add(device, chosen, parts, wanted)


def _parameter_sums(device, chosen: Plan, grad, x, kept, wants):
    """Rows of partial sums, for rows of x that aren't whole."""
    rows, n = x.shape
    count = min(64, cuda.blocks(rows, 32))
    parts = [device.empty((count if wants_it else 0, n), x.dtype) for wants_it in wants]
    both, flags = _two(parts, parts[0]), _two([np.int32(wants_it) for wants_it in wants], np.int32(0))
    arguments = (grad, x, kept, *both, *flags, np.int64(rows), np.int64(n))
    source, grid = chosen.source(__file__, "backward.cu"), (cuda.blocks(n, 32), count)
    device.launch(source, "parameter_sums", x.dtype, grid, (32, 8), arguments)
    return parts


def _add(device, chosen: Plan, parts, wanted):
    """The parameters' gradients, from rows of partial sums."""
    given = [part for part, out in zip(parts, wanted) if out.size]
    n = given[0].shape[1]
    flags = (np.int32(wanted[0].size > 0), np.int64(len(given[0])), np.int64(n))
    arguments = (*_two(parts, parts[0]), *_two(wanted, wanted[0]), *flags)
    grid = (cuda.blocks(n, 32), len(given))
    device.launch(chosen.source(__file__, "backward.cu"), "add_parts", given[0].dtype, grid, (32, 32), arguments)


def _two(given: list, otherwise) -> list:
    return [*given, otherwise][:2]
