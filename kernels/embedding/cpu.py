"""Embeddings on the CPU. All but maxima are one kernel, `sums`: each row of the result is a weighted sum of rows.

    a bag          its positions lie together:  the rows of the table that they name
    the gradient   a counting sort lists each row's positions, the first one first:  the rows of the gradient there

        indices   2 0 2 1 0        order   1 4 │ 3 │ 0 2        starts   0 2 3 5
        position  0 1 2 3 4        of row   0    1    2

So each number is one thread's, and its sum has one order, whatever the number of threads.
"""

import numpy as np

from ..elementwise import STREAMED
from ..jit import inline, kernel, task
from ..share import enough, share
from ..simd import (
    add_lanes,
    fence,
    fma,
    full,
    lane_numbers,
    lanes,
    load_first,
    misaligned,
    store,
    store_first,
    store_integers,
    stream,
    where,
)

GRAIN = 64  # rows and terms of a piece of work
COLUMNS = 16  # that a thread takes together, where threads take columns


@kernel("in real[:, ::1], in int64[::1], out real[:, ::1]")
def embedding(weight, indices, out, threads):
    share(_gather, indices.size, enough(threads, out.size), weight, indices, out)


def embedding_backward(grad, indices, rows, padding, by_frequency, grad_weight):
    order, starts = sorted_by_index(indices, rows, padding)
    sums(grad, starts, order, _NONE, np.empty(0, grad.dtype), -1, by_frequency, grad_weight)


def bag(weight, indices, starts, factors, padding, mean, out):
    sums(weight, starts, _NONE, indices, factors, padding, mean, out)


def bag_backward(grad, indices, starts, factors, rows, padding, mean, grad_weight):
    bags = np.empty(indices.size, np.int64)
    shares = np.empty(indices.size if mean else 0, grad.dtype)
    name_bags(shares, indices, starts, padding, bags)
    order, row_starts = sorted_by_index(indices, rows, padding)
    sums(grad, row_starts, order, bags, shares if mean else factors, -1, False, grad_weight)


@kernel("in real[:, ::1], in real[:, ::1], in int64[::1], in int64[::1], int64, out real[::1]")
def bag_factors_backward(grad, weight, indices, starts, padding, out, threads):
    work = indices.size * grad.shape[1]
    share(_dots, starts.size - 1, enough(threads, work), grad, weight, indices, starts, padding, out)


@kernel("in real[:, ::1], in int64[::1], in int64[::1], int64, out real[:, ::1], out int64[:, ::1]")
def bag_max(weight, indices, starts, padding, out, chosen, threads):
    work = indices.size * out.shape[1]
    share(_largest, starts.size - 1, enough(threads, work), weight, indices, starts, padding, out, chosen)


@kernel("in real[:, ::1], in int64[::1], in int64[::1], in int64[:, ::1], int64, out real[:, ::1]")
def bag_max_backward(grad, indices, starts, chosen, rows, out, threads):
    parts = (out.shape[1] + COLUMNS - 1) // COLUMNS
    share(_to_chosen, parts, enough(threads, 2 * grad.size + out.size // 4), grad, indices, chosen, out)


_NONE = np.empty(0, np.int64)


def sorted_by_index(indices, rows, padding):
    """The positions by index, and where those of each row begin: arrays for `sums`."""
    order, starts = np.empty(indices.size, np.int64), np.empty(rows + 1, np.int64)
    sort(indices, padding, order, starts)
    return order, starts


@kernel("in int64[::1], int64, out int64[::1], out int64[::1]")
def sort(indices, padding, order, starts, threads):
    """A counting sort; positions that hold `padding` are left out."""
    for row in range(starts.size):
        starts[row] = 0
    for index in indices:
        if index != padding:
            starts[index + 1] += 1
    before = 0
    for row in range(1, starts.size):
        count = starts[row]
        starts[row] = before
        before += count
    for place in range(indices.size):
        index = indices[place]
        if index != padding:
            order[starts[index + 1]] = place  # what begins where its row does, and ends where the next one begins
            starts[index + 1] += 1


@kernel("out real[::1], in int64[::1], in int64[::1], int64, out int64[::1]")
def name_bags(shares, indices, starts, padding, bags, threads):
    """The bag of each position, and, if there is room for them, 1 / the number of terms in that bag."""
    for bag in range(starts.size - 1):
        count = 0
        for place in range(starts[bag], starts[bag + 1]):
            bags[place] = bag
            count += indices[place] != padding
        if shares.size:
            for place in range(starts[bag], starts[bag + 1]):
                shares[place] = 1 / max(count, 1)


@kernel("in real[:, ::1], in int64[::1], in int64[::1], in int64[::1], in real[::1], int64, bool, out real[:, ::1]")
def sums(source, starts, order, places, factors, padding, mean, out, threads):
    """Row r of the result is the sum, or the mean, of factors[e] · source[places[e]] over e = order[k], k being
    starts[r] … starts[r + 1] − 1. What is empty stands for e = k, for places[e] = e, for ones."""
    work = starts[out.shape[0]] + out.shape[0]
    threads = enough(threads, (work + out.shape[0]) * out.shape[1] // 2)
    share(_sums, (work + GRAIN - 1) // GRAIN, threads, source, starts, order, places, factors, padding, mean, out)


@inline
def _row_at(starts, work):
    """The first row with so many rows and terms before it: so that a frequent row isn't one piece of many."""
    low, high = 0, starts.size - 1
    while low < high:
        middle = (low + high) // 2
        if starts[middle] + middle < work:
            low = middle + 1
        else:
            high = middle
    return low


@task
def _sums(first, last, source, starts, order, places, factors, padding, mean, out):
    w, columns = lanes(out), out.shape[1]
    row, end = _row_at(starts, first * GRAIN), _row_at(starts, last * GRAIN)
    while row < end:
        if starts[row] == starts[row + 1]:
            empty = row
            while row < end and starts[row] == starts[row + 1]:
                row += 1
            _zeros(out, empty * columns, row * columns)
            continue
        for j in range(0, columns, 4 * w):
            n, count, a = columns - j, 0, full(out, 0)
            b, c, d = a, a, a
            for k in range(starts[row], starts[row + 1]):
                entry = order[k] if order.size else k
                place = places[entry] if places.size else entry
                if place != padding:
                    i, factor = place * columns + j, factors[entry] if factors.size else out.dtype.type(1)
                    count += 1
                    a = fma(factor, load_first(source, i, n, 0), a)
                    b = fma(factor, load_first(source, i + w, n - w, 0), b)
                    c = fma(factor, load_first(source, i + 2 * w, n - 2 * w, 0), c)
                    d = fma(factor, load_first(source, i + 3 * w, n - 3 * w, 0), d)
            if mean:
                many = out.dtype.type(max(count, 1))
                a, b, c, d = a / many, b / many, c / many, d / many
            i = row * columns + j
            store_first(out, i, n, a)
            store_first(out, i + w, n - w, b)
            store_first(out, i + 2 * w, n - 2 * w, c)
            store_first(out, i + 3 * w, n - 3 * w, d)
        row += 1
    fence(out)


@inline
def _zeros(out, i, end):
    w, zero = lanes(out), full(out, 0)
    if out.size >= STREAMED:
        head = min((misaligned(out) - i) % w, end - i)  # to the next place that a vector may be streamed to
        store_first(out, i, head, zero)
        i += head
        while i + w <= end:
            stream(out, i, zero)
            i += w
    while i < end:
        store_first(out, i, end - i, zero)
        i += w


@task
def _gather(first, last, weight, indices, out):
    w, columns = lanes(out), out.shape[1]
    for row in range(first, last):
        start, to = indices[row] * columns, row * columns
        for j in range(0, columns - columns % w, w):
            store(out, to + j, load_first(weight, start + j, w, 0))
        if columns % w:
            j, n = columns - columns % w, columns % w
            store_first(out, to + j, n, load_first(weight, start + j, n, 0))


@task
def _dots(first, last, grad, weight, indices, starts, padding, out):
    w, columns = lanes(grad), grad.shape[1]
    for bag in range(first, last):
        for place in range(starts[bag], starts[bag + 1]):
            total, start = full(grad, 0), indices[place] * columns
            if indices[place] != padding:
                for j in range(0, columns, w):
                    n = columns - j
                    total = fma(load_first(grad, bag * columns + j, n, 0), load_first(weight, start + j, n, 0), total)
            out[place] = add_lanes(total)


@task
def _largest(first, last, weight, indices, starts, padding, out, chosen):
    columns = out.shape[1]
    for bag in range(first, last):
        for j in range(0, columns, lanes(out)):
            best, places, n = full(out, 0), lane_numbers(out) * 0 - 1, columns - j
            for place in range(starts[bag], starts[bag + 1]):
                if indices[place] != padding:
                    v = load_first(weight, indices[place] * columns + j, n, 0)
                    taken = (v > best) | (places < 0)
                    best, places = where(taken, v, best), where(taken, place, places)
            store_first(out, bag * columns + j, n, best)
            store_integers(chosen, bag * columns + j, n, places)


@task
def _to_chosen(first, last, grad, indices, chosen, out):
    """A thread's columns of the gradient: what a number was chosen from gets its gradient."""
    begin, end, zero = first * COLUMNS, min(last * COLUMNS, out.shape[1]), full(out, 0)
    for row in range(out.shape[0]):
        for j in range(begin, end, lanes(out)):
            store_first(out, row * out.shape[1] + j, end - j, zero)
    for bag in range(grad.shape[0]):
        for j in range(begin, end):
            if chosen[bag, j] >= 0:
                out[indices[chosen[bag, j]], j] += grad[bag, j]
