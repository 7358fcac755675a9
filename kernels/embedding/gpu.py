"""Launch geometry of gpu.cu: a thread an element, or a block a row."""

import numpy as np

from .. import cuda
from .sort import sorted_by_index, starts_of

SOURCE = cuda.Source(__file__)
PIECE = 32  # as in gpu.cu: positions that a block sums up


def embedding(device, weight, indices, out):
    _each(device, "embedding", out.size, weight, indices, out, *_sizes(*weight.shape))


def embedding_backward(device, grad, indices, rows, padding, by_frequency, grad_weight):
    keys, order = sorted_by_index(device, indices, rows, padding)
    sums_by_key(device, grad, keys, order, None, None, None, grad_weight)
    if by_frequency and grad_weight.size:
        arguments = grad_weight, starts_of(device, keys, rows), *_sizes(*grad_weight.shape)
        device.launch(SOURCE, "divide_by_count", grad.dtype, min(rows, 1 << 20), _threads(grad_weight), arguments)


def bag(device, weight, indices, starts, factors, padding, mean, out):
    sums(device, weight, starts, None, indices, factors, padding, mean, out)


def bag_backward(device, grad, indices, starts, factors, rows, padding, mean, grad_weight):
    shares = device.empty((indices.size if mean else 0,), grad.dtype)
    bags = _bags(device, indices, starts, padding, shares)
    keys, order = sorted_by_index(device, indices, rows, padding)
    sums_by_key(device, grad, keys, order, bags, shares if mean else factors, None, grad_weight)


def bag_factors_backward(device, grad, weight, indices, starts, padding, out):
    bags = _bags(device, indices, starts, padding, device.empty((0,), grad.dtype))
    arguments = (grad, weight, indices, bags, out, *_sizes(padding, weight.shape[0], out.size, grad.shape[1]))
    if out.size:
        device.launch(SOURCE, "dots", grad.dtype, min(out.size, 1 << 20), _threads(grad), arguments)


def bag_max(device, weight, indices, starts, padding, out, chosen):
    _each(device, "bag_max", out.size, weight, indices, starts, out, chosen, *_sizes(padding, *weight.shape))


def bag_max_backward(device, grad, indices, starts, chosen, rows, grad_weight):
    bags = _bags(device, indices, starts, -1, device.empty((0,), grad.dtype))
    keys, order = sorted_by_index(device, indices, rows, -1)
    sums_by_key(device, grad, keys, order, bags, None, chosen, grad_weight)


def _sizes(*numbers):
    return (np.int64(number) for number in numbers)


def _threads(x):
    return min(256, max(32, 1 << max(x.shape[1] - 1, 0).bit_length()))


def _each(device, name, size, *arguments, dtype=None):
    """Launch a kernel that walks over so many elements."""
    if size:
        dtype = arguments[0].dtype if dtype is None else dtype
        device.launch(SOURCE, name, dtype, cuda.elements(size), 256, (*arguments, np.int64(size)))


def _bags(device, indices, starts, padding, shares):
    """The bag of each position; `shares` are to be filled with 1 / the number of terms in it, unless there are none."""
    bags = device.empty((indices.size,), np.int64)
    flag = np.int32(shares.size > 0)
    size = starts.size - 1
    _each(device, "name_bags", size, indices, starts, bags, shares, flag, np.int64(padding), dtype=shares.dtype)
    return bags


def sums(device, source, starts, order, places, factors, padding, mean, out):
    """Row by row: see gpu.cu."""
    if out.size:
        arrays, flags = _optional(starts, source, order, places, factors)
        sizes = _sizes(padding, source.shape[0], *out.shape)
        arguments = source, starts, *arrays, out, *flags, np.int32(mean), *sizes
        device.launch(SOURCE, "sums", out.dtype, min(out.shape[0], 1 << 20), _threads(out), arguments)


def sums_by_key(device, source, keys, order, places, factors, chosen, out):
    """The same by sorted keys, piece by piece; what pieces add to rows that began before them follows, likewise."""
    out[...] = 0
    rows, columns = out.shape
    size = keys.size if columns else 0
    while size:
        pieces = cuda.blocks(size, PIECE)
        parts, part_keys = device.empty((pieces, columns), out.dtype), device.empty((pieces,), np.int64)
        (*arrays, factor), flags = _optional(keys, source, order, places, factors)
        arrays = *arrays, factor, keys if chosen is None else chosen, out, parts, part_keys
        sizes = _sizes(rows, columns, size, pieces)
        arguments = source, keys, *arrays, *flags, np.int32(chosen is not None), *sizes
        device.launch(SOURCE, "sum_pieces", out.dtype, min(pieces, 1 << 20), _threads(out), arguments)
        source, keys, order, places, factors, chosen = parts, part_keys, None, None, None, None
        size = pieces if pieces > 1 else 0


def _optional(integers, reals, order, places, factors):
    """As a kernel takes them: what isn't there is announced by its flag, and its pointer never followed."""
    is_there = [x is not None and x.size > 0 for x in (order, places, factors)]
    arrays = [
        x if there else other
        for x, there, other in zip((order, places, factors), is_there, (integers, integers, reals))
    ]
    return arrays, [np.int32(there) for there in is_there]
