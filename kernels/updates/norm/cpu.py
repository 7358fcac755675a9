"""The norm on the CPU: a number for each fixed piece, and these together in their order, whatever the threads."""

import math

import numpy as np

from ...elementwise import PIECE, pieces
from ...jit import kernel, task
from ...share import enough, share
from ...simd import absolute, add_lanes, any_lane, full, lanes, largest_lane, load_first, maximum


@kernel("in real[::1], real, out real[::1]")
def vector_norm(x, ord, out, threads):
    parts, total = np.zeros(pieces(x)), 0.0
    share(_part, pieces(x), enough(threads, x.size), x, ord, parts)
    for part in parts:
        total = (total if part < total else part) if ord == np.inf and total == total else total + part
    out[0] = math.sqrt(total) if ord == 2 else total


@task
def _part(first, last, x, ord, parts):
    w = lanes(x)
    for piece in range(first, last):
        total, end = full(x, 0), min((piece + 1) * PIECE, x.size)
        for i in range(piece * PIECE, end, w):
            v = load_first(x, i, min(w, end - i), 0)
            if ord == 2:
                total += v * v
            elif ord == 1:
                total += absolute(v)
            else:
                total = maximum(total, absolute(v))
        if ord == np.inf:
            parts[piece] = np.nan if any_lane(total != total) else largest_lane(total)
        else:
            parts[piece] = add_lanes(total)
