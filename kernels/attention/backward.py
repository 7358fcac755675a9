"""The way back through attention on the CPU: tile by tile, the weights are made again from the sums' logarithms.

One thread takes all queries that share a head of the keys, block after block: what the keys and values get is
summed in one order, and each weight is computed once for all three gradients.
"""

import numpy as np

from ..jit import inline, kernel, task
from ..matmul.tile import MR, multiply_rows, multiply_tile, tile_columns, up
from ..share import enough, share
from ..simd import add_lanes, address, fma, full, lanes, load, load_first, misaligned, store, store_first
from ..vector_math import exp
from .dropout import ALL, draw, multiply
from .tiles import KEYS, QUERIES, begin_of, keys_before, make_scores, to_columns


@kernel(
    "in real[:, :, :, :], in real[:, :, :, :], in real[:, :, :, :], in real[:, :, :, :], in real[:, :, :, :], "
    "in real[:, :, :, :], in real[:, :, ::1], real, int64, int64, int64, int64, real, "
    "out real[:, :, :, :], out real[:, :, :, :], out real[:, :, :, :]"
)
def attention_backward(
    grad, q, k, v, mask, y, sums, scale, causal, seed, offset, limit, factor, grad_q, grad_k, grad_v, threads
):
    threads = enough(threads, q.size * k.shape[2])
    share(_go_back, k.shape[0] * k.shape[1], threads,
          grad, q, k, v, mask, y, sums, scale, causal, seed, offset, limit, factor,
          grad_q, grad_k, grad_v)  # fmt: skip


@task
def _go_back(
    first, last, grad, q, k, v, mask, y, sums, scale, causal, seed, offset, limit, factor, grad_q, grad_k, grad_v
):
    """Pieces first … last − 1: heads of the keys."""
    w, nr = lanes(q), tile_columns(q)
    rows, keys, group = q.shape[2], k.shape[2], q.shape[1] // k.shape[1]
    columns, given = np.empty(QUERIES * q.shape[3] + w, q.dtype), np.empty(QUERIES * v.shape[3] + w, q.dtype)
    weights, slopes = np.empty(QUERIES * (KEYS + 1) + w, q.dtype), np.empty(QUERIES * (KEYS + 1) + w, q.dtype)
    o_columns, o_given, o, s = misaligned(columns), misaligned(given), misaligned(weights), misaligned(slopes)
    factors = np.empty(weights.size if limit < ALL else 0, q.dtype)
    f = misaligned(factors)
    about = np.zeros(2 * QUERIES, q.dtype)  # of each query: the logarithm of its sum, and Σ grad · y
    for piece in range(first, last):
        b, own = piece // k.shape[1], piece % k.shape[1]
        _clear(grad_k, begin_of(grad_k, b, own, 0))
        _clear(grad_v, begin_of(grad_v, b, own, 0))
        for h in range(own * group, (own + 1) * group):
            _clear(grad_q, begin_of(grad_q, b, h, 0))
            for start in range(0, rows, QUERIES):
                count = min(QUERIES, rows - start)
                q0, g0 = begin_of(q, b, h, start), begin_of(grad, b, h, start)
                q_row, g_row = q.strides[2] // q.itemsize, grad.strides[2] // grad.itemsize
                to_columns(q, q0, q_row, count, q.shape[3], scale, columns, o_columns)
                to_columns(grad, g0, g_row, count, v.shape[3], 1, given, o_given)
                _look(grad, g0, y, begin_of(y, b, h, start), count, about)
                for i in range(0, count, w):
                    place = (b * q.shape[1] + h) * rows + start + i
                    store(about, i, load_first(sums, place, count - i, 0))
                for key in range(0, min(keys, start + count) if causal else keys, KEYS):
                    n = min(KEYS, keys - key)
                    k0, v0 = begin_of(k, b, own, key), begin_of(v, b, own, key)
                    m0 = begin_of(mask, b, h, start) + key
                    make_scores(k, k0, columns, o_columns, mask, m0, start, count, key, n, causal, weights, o)
                    for c in range(0, count, nr):
                        v_row, across = v.strides[2] // v.itemsize, min(nr, up(count, w) - c)
                        for p in range(0, n, MR):
                            if not causal or key + p < start + c + nr + MR:  # all that _find_slopes reads
                                a, terms = address(v, v0 + v_row * p), address(given, o_given + c)
                                multiply_rows(slopes, s + QUERIES * p + c, QUERIES, min(MR, n - p), across,
                                              a, v_row, terms, QUERIES, v.shape[3], 0)  # fmt: skip
                    if factors.size:
                        head = b * q.shape[1] + h
                        draw(factors, f, seed, offset, limit, factor, head, rows, keys, start, count, key, n)
                        multiply(slopes, s, factors, f, count, n)
                    _find_slopes(weights, o, slopes, s, start, count, key, n, causal, scale, about)
                    if factors.size:
                        multiply(weights, o, factors, f, count, n)
                    for turn in range(2):  # its long code is wanted once
                        x, at = (slopes, s) if turn else (weights, o)
                        terms, t0, out = (q, q0, grad_k) if turn else (grad, g0, grad_v)
                        out0 = begin_of(out, b, own, key)
                        _add_to_keys(x, at, terms, t0, start, count, key, n, causal, out, out0)
                    line, k_row = grad_q.strides[2] // q.itemsize, k.strides[2] // k.itemsize
                    for r in range(0, count, MR):
                        depth = keys_before(start + r, MR, key, n, causal)
                        if depth:
                            for e in range(0, q.shape[3], nr):
                                corner = begin_of(grad_q, b, h, start + r) + e
                                height, across = min(MR, count - r), min(nr, q.shape[3] - e)
                                a, terms = address(slopes, s + r), address(k, k0 + e)
                                multiply_tile(grad_q, corner, line, height, across, a, QUERIES, terms, k_row, depth, 1)


@inline
def _clear(x, x0):
    """A head of x = 0."""
    w, row, width = lanes(x), x.strides[2] // x.itemsize, x.shape[3]
    for r in range(x.shape[2]):
        for e in range(0, width, w):
            store_first(x, x0 + row * r + e, width - e, full(x, 0))


@inline
def _look(grad, g0, y, y0, count, about):
    """about[QUERIES + r] = Σ grad · y over row r."""
    w, width = lanes(y), y.shape[3]
    g_row, y_row = grad.strides[2] // grad.itemsize, y.strides[2] // y.itemsize
    for r in range(count):
        total = full(y, 0)
        for e in range(0, width, w):
            one = load_first(grad, g0 + g_row * r + e, width - e, 0)
            total = fma(one, load_first(y, y0 + y_row * r + e, width - e, 0), total)
        about[QUERIES + r] = add_lanes(total)


@inline
def _find_slopes(weights, o, slopes, s, start, count, key, n, causal, scale, about):
    """weights = exp(scores − the logarithm of their sum), slopes = scale · weights · (slopes − Σ grad · y)."""
    w = lanes(weights)
    for i in range(0, count, w):
        seen = keys_before(start + i, w + MR - 1, key, n, causal)
        lost, mean = load(about, i), load(about, QUERIES + i)
        for j in range(0, QUERIES * seen, QUERIES):
            p = exp(load(weights, o + i + j) - lost)
            store(weights, o + i + j, p)
            store(slopes, s + i + j, scale * p * (load(slopes, s + i + j) - mean))


@inline
def _add_to_keys(x, o, terms, t0, start, count, key, n, causal, out, out0):
    """Rows of out += the tile x, a row for each key, times rows of `terms`, one for each query."""
    nr, row, line = tile_columns(x), out.strides[2] // out.itemsize, terms.strides[2] // terms.itemsize
    for p in range(0, n, MR):
        least = max(0, key + p - start) if causal else 0  # no query before sees the keys of this panel
        if least < count:
            for e in range(0, out.shape[3], nr):
                a, where_terms = address(x, o + QUERIES * p + least), address(terms, t0 + line * least + e)
                multiply_rows(out, out0 + row * p + e, row, min(MR, n - p), min(nr, out.shape[3] - e),
                              a, QUERIES, where_terms, line, count - least, 1)  # fmt: skip
