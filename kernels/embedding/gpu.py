"""Launch geometry of gpu.cu: a thread an element, or a block a row."""

import numpy as np

from .. import cuda

SOURCE = cuda.Source(__file__)
SPAN, DIGIT = 16, 4  # as in gpu.cu: positions that a thread sorts, and the bits of a digit


def embedding(device, weight, indices, out):
    _each(device, "embedding", out.size, weight, indices, out, *_sizes(*weight.shape))


def embedding_backward(device, grad, indices, rows, padding, by_frequency, grad_weight):
    order, starts = sorted_by_index(device, indices, rows, padding, grad.dtype)
    sums(device, grad, starts, order, None, None, None, -1, by_frequency, grad_weight)


def bag(device, weight, indices, starts, factors, padding, mean, out):
    sums(device, weight, starts, None, indices, factors, None, padding, mean, out)


def bag_backward(device, grad, indices, starts, factors, rows, padding, mean, grad_weight):
    shares = device.empty((indices.size if mean else 0,), grad.dtype)
    bags = _bags(device, indices, starts, padding, shares)
    order, row_starts = sorted_by_index(device, indices, rows, padding, grad.dtype)
    sums(device, grad, row_starts, order, bags, shares if mean else factors, None, -1, False, grad_weight)


def bag_factors_backward(device, grad, weight, indices, starts, padding, out):
    bags = _bags(device, indices, starts, padding, device.empty((0,), grad.dtype))
    arguments = (grad, weight, indices, bags, out, *_sizes(padding, weight.shape[0], out.size, grad.shape[1]))
    if out.size:
        device.launch(SOURCE, "dots", grad.dtype, min(out.size, 1 << 20), _threads(grad), arguments)


def bag_max(device, weight, indices, starts, padding, out, chosen):
    _each(device, "bag_max", out.size, weight, indices, starts, out, chosen, *_sizes(padding, *weight.shape))


def bag_max_backward(device, grad, indices, starts, chosen, rows, grad_weight):
    bags = _bags(device, indices, starts, -1, device.empty((0,), grad.dtype))
    order, row_starts = sorted_by_index(device, indices, rows, -1, grad.dtype)
    sums(device, grad, row_starts, order, bags, None, chosen, -1, False, grad_weight)


def _sizes(*numbers):
    return (np.int64(number) for number in numbers)


def _threads(x):
    return min(256, max(32, 1 << max(x.shape[1] - 1, 0).bit_length()))


def _each(device, name, size, *arguments, dtype=None):
    """Launch a kernel that walks over so many elements."""
    if size:
        dtype = arguments[0].dtype if dtype is None else dtype
        device.launch(SOURCE, name, dtype, cuda.elements(size), 256, (*arguments, np.int64(size)))


def sorted_by_index(device, indices, rows, padding, dtype):
    """The positions by index, in their own order where indices are equal; and where those of each row begin."""
    n = indices.size
    spans = cuda.blocks(n, SPAN)
    counts, starts = device.empty((spans << DIGIT,), np.int64), device.empty((rows + 1,), np.int64)
    order, moved = device.empty((n,), np.int64), device.empty((n,), np.int64)
    for shift in range(0, int(rows).bit_length(), DIGIT):
        flags = np.int32(shift), np.int32(shift > 0)
        sizes = tuple(_sizes(padding, rows, n))
        _each(device, "count_digits", spans, indices, order, counts, *flags, *sizes, dtype=dtype)
        device.launch(SOURCE, "place_counts", dtype, 1, 256, (counts, np.int64(counts.size)))
        _each(device, "move", spans, indices, order, counts, moved, *flags, *sizes, dtype=dtype)
        order, moved = moved, order
    _each(device, "find_starts", rows + 1, indices, order, starts, *_sizes(padding, rows, n), dtype=dtype)
    return order, starts


def _bags(device, indices, starts, padding, shares):
    """The bag of each position; `shares` are to be filled with 1 / the number of terms in it, unless there are none."""
    bags = device.empty((indices.size,), np.int64)
    flag = np.int32(shares.size > 0)
    size = starts.size - 1
    _each(device, "name_bags", size, indices, starts, bags, shares, flag, np.int64(padding), dtype=shares.dtype)
    return bags


def sums(device, source, starts, order, places, factors, chosen, padding, mean, out):
    if not out.size:
        return
    # What isn't there is announced by its flag, and its pointer never followed.
    arrays = [starts if x is None or not x.size else x for x in (order, places)]
    factor = source if factors is None else factors
    flags = (np.int32(x is not None and x.size > 0) for x in (order, places, factors, chosen))
    sizes = _sizes(padding, source.shape[0], *out.shape)
    arguments = (source, starts, *arrays, factor, starts if chosen is None else chosen, out, *flags, np.int32(mean))
    device.launch(SOURCE, "sums", out.dtype, min(out.shape[0], 1 << 20), _threads(out), (*arguments, *sizes))
