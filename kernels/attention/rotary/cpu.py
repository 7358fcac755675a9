"""Rotary positions on the CPU: the halves of a row are read side by side, and written where they were."""

from ...jit import kernel, task
from ...share import enough, share
from ...simd import lanes, load_first, store_first
from ..tiles import begin_of


@kernel("in real[:, :, :, :], in real[:, ::1], in real[:, ::1], real, out real[:, :, :, :]")
def rotate(x, cosines, sines, direction, y, threads):
    rows = x.shape[0] * x.shape[1] * x.shape[2]
    share(_rotate, rows, enough(threads, x.size), x, cosines, sines, direction, y)


@task
def _rotate(first, last, x, cosines, sines, direction, y):
    w, n = lanes(x), x.shape[3] // 2
    heads, rows = x.shape[1:3]
    for piece in range(first, last):
        head, row = piece // rows, piece % rows
        x0 = begin_of(x, head // heads, head % heads, row)
        y0 = begin_of(y, head // heads, head % heads, row)
        for i in range(0, n, w):
            a, b = load_first(x, x0 + i, n - i, 0), load_first(x, x0 + n + i, n - i, 0)
            c, s = load_first(cosines, row * n + i, n - i, 0), direction * load_first(sines, row * n + i, n - i, 0)
            store_first(y, y0 + i, n - i, a * c - b * s)
            store_first(y, y0 + n + i, n - i, b * c + a * s)
