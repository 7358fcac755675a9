"""How vectors walk over x (n, channels, spatial) on the CPU, to sum up channels and to compute what follows from that.

Both directions are the same two walks, with a gradient and without (it is empty then):

    the sums of u and of u · (x − pivot)                 u being x − pivot, or grad
    y = (x − pivot) · slope + shift                      coefficients has a row each: pivot, slope, shift,
    grad_x = grad · factor + (x − pivot) · tilt + level                               factor, tilt, level

With `relu`, y is what that makes of it, and grad counts only where y isn't 0: y is made again, for that costs less than
to fetch it. Where the gradient is `flat`, x doesn't count: it may be infinite.

`…_rows` go along the rows of spatial elements of a channel; `…_columns` along the channels, where spatial is 1.

The variance is of x − pivot, less rest², where the pivot is the channel's first element: beside a large mean x − pivot
is exact. Should that be far from the mean, the sums are taken again, from the mean.
"""

from ..activations import formulas as f
from ..elementwise import STREAMED
from ..jit import inline, task
from ..rows import sum_rows
from ..simd import (
    add_lanes,
    fence,
    fma,
    full,
    lanes,
    load,
    load_all,
    load_first,
    misaligned,
    store,
    store_first,
    stream,
)

GROUP = 32  # rows, where sums go along the channels
FAR = 16  # variances


@task
def sums_of_rows(grad, x, channel, pivot, relu=False, slope=0, shift=0):
    """Both sums of a channel."""
    _, channels, spatial = x.shape
    w = lanes(x)
    a, b = full(x, 0), full(x, 0)  # two of each, so that neither waits for the other
    aa, bb = a, b
    for start in range(channel * spatial, x.size, channels * spatial):
        end = start + spatial
        whole = end - spatial % (2 * w)
        for i in range(start, whole, 2 * w):
            d, e = load(x, i) - pivot, load(x, i + w) - pivot
            u, v = d, e
            if grad.size:
                u, v = load(grad, i), load(grad, i + w)
                if relu:
                    u, v = f.relu_backward(u, fma(d, slope, shift)), f.relu_backward(v, fma(e, slope, shift))
            a, aa, b, bb = a + u, fma(u, d, aa), b + v, fma(v, e, bb)
        for i in range(whole, end, w):
            d = load_first(x, i, end - i, pivot) - pivot
            u = load_first(grad, i, end - i, 0) if grad.size else d
            if relu:
                u = f.relu_backward(u, fma(d, slope, shift))
            a, aa = a + u, fma(u, d, aa)
    return add_lanes(a + b), add_lanes(aa + bb)


@inline
def spread(total, squares, size):
    """(rest, variance) from the sums of x − pivot and its square."""
    rest = total / size
    variance = squares / size - rest * rest
    return rest, variance if not variance < 0 else variance * 0  # by rounding, where all are equal


@task
def moments_of_rows(none, x, channel, size):
    """(pivot, rest, variance) of a channel of so many elements; its mean is pivot + rest."""
    pivot, rest = x[0, channel, 0], x.dtype.type(0)
    variance = rest
    for _ in range(2):
        pivot += rest
        total, squares = sums_of_rows(none, x, channel, pivot)
        rest, variance = spread(total, squares, size)
        if not rest * rest > FAR * variance:
            break
    return pivot, rest, variance


@inline
def _through(g, d, v, relu, flat, factor, tilt, level):
    """The gradient by x, from that by y, d = x − pivot and v = y before its activation."""
    if relu:
        g = f.relu_backward(g, v)
    return fma(g, factor, level if flat else fma(d, tilt, level))


@task
def apply_rows(first, last, step, grad, x, coefficients, y, relu=False, flat=False):
    """y, or with a gradient that by x, in the rows first, first + step, … of n · channels."""
    channels, spatial, w = x.shape[1], x.shape[2], lanes(x)
    for row in range(first, last, step):
        channel, start = row % channels, row * spatial
        pivot, slope = load_all(coefficients, channel), load_all(coefficients, channels + channel)
        shift, factor = load_all(coefficients, 2 * channels + channel), load_all(coefficients, 3 * channels + channel)
        tilt, level = load_all(coefficients, 4 * channels + channel), load_all(coefficients, 5 * channels + channel)
        end = start + spatial
        head = min((misaligned(y) - start) % w, spatial)  # up to a vector's own place in memory
        whole = end - (spatial - head) % w
        if head:
            d = load_first(x, start, head, 0) - pivot
            v = fma(d, slope, shift)
            if grad.size:
                v = _through(load_first(grad, start, head, 0), d, v, relu, flat, factor, tilt, level)
            elif relu:
                v = f.relu(v)
            store_first(y, start, head, v)
        for i in range(start + head, whole, w):
            d = load(x, i) - pivot
            v = fma(d, slope, shift)
            if grad.size:
                v = _through(load(grad, i), d, v, relu, flat, factor, tilt, level)
            elif relu:
                v = f.relu(v)
            if y.size < STREAMED:
                store(y, i, v)
            else:
                stream(y, i, v)
        if whole < end:
            m = end - whole
            d = load_first(x, whole, m, 0) - pivot
            v = fma(d, slope, shift)
            if grad.size:
                v = _through(load_first(grad, whole, m, 0), d, v, relu, flat, factor, tilt, level)
            elif relu:
                v = f.relu(v)
            store_first(y, whole, m, v)
    if y.size >= STREAMED:
        fence(y)


@task
def sums_of_columns(first, last, grad, x, coefficients, sums, relu=False):
    """Both sums, one after the other, of each group of GROUP images: a row of `sums` (groups, 2 · channels)."""
    n, channels, w = x.shape[0], x.shape[1], lanes(x)
    for group in range(first, last):
        for row in range(group * GROUP, min((group + 1) * GROUP, n)):
            for j in range(0, channels, w):
                m, i, o = channels - j, row * channels + j, group * 2 * channels + j
                d = load_first(x, i, m, 0) - load_first(coefficients, j, m, 0)
                u = load_first(grad, i, m, 0) if grad.size else d
                if relu:
                    slope = load_first(coefficients, channels + j, m, 0)
                    u = f.relu_backward(u, fma(d, slope, load_first(coefficients, 2 * channels + j, m, 0)))
                store_first(sums, o, m, u + load_first(sums, o, m, 0))
                store_first(sums, o + channels, m, fma(u, d, load_first(sums, o + channels, m, 0)))


@task
def sum_groups(parts, sums):
    """The sums of the rows of `parts`, in their order: not pasted into each kernel that needs them."""
    sum_rows(parts, 0, parts.shape[0], sums, 0)


@task
def apply_columns(first, last, grad, x, coefficients, y, relu=False, flat=False):
    """y, or with a gradient grad_x, in the images first … last − 1."""
    channels = x.shape[1]
    for row in range(first, last):
        for j in range(0, channels, lanes(x)):
            m, i = channels - j, row * channels + j
            d = load_first(x, i, m, 0) - load_first(coefficients, j, m, 0)
            slope, shift = (
                load_first(coefficients, channels + j, m, 0),
                load_first(coefficients, 2 * channels + j, m, 0),
            )
            v = fma(d, slope, shift)
            if grad.size:
                g = load_first(grad, i, m, 0)
                if relu:
                    g = f.relu_backward(g, v)
                tilt = load_first(coefficients, 4 * channels + j, m, 0)
                level = load_first(coefficients, 5 * channels + j, m, 0)
                v = fma(g, load_first(coefficients, 3 * channels + j, m, 0), level if flat else fma(d, tilt, level))
            elif relu:
                v = f.relu(v)
            store_first(y, i, m, v)
