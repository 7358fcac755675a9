"""Rotary positions on the CPU: a row's halves are read side by side; all heads of a row, which often lie together."""

from ...jit import kernel, task
from ...share import enough, share
from ...simd import lanes, load_first, store_first
from ..tiles import begin_of


@kernel("in real[:, :, :, :], in real[:, ::1], in real[:, ::1], real, out real[:, :, :, :]")
def rotate(x, cosines, sines, direction, y, threads):
    share(_rotate, x.shape[0] * x.shape[2], enough(threads, x.size), x, cosines, sines, direction, y)


@task
def _rotate(first, last, x, cosines, sines, direction, y):
    w, n = lanes(x), x.shape[3] // 2
    for piece in range(first, last):
        batch, row = piece // x.shape[2], piece % x.shape[2]
        for i in range(0, n, w):
            c, s = load_first(cosines, row * n + i, n - i, 0), direction * load_first(sines, row * n + i, n - i, 0)
            for head in range(x.shape[1]):
                x0, y0 = begin_of(x, batch, head, row) + i, begin_of(y, batch, head, row) + i
                a, b = load_first(x, x0, n - i, 0), load_first(x, x0 + n, n - i, 0)
                store_first(y, y0, n - i, a * c - b * s)
                store_first(y, y0 + n, n - i, b * c + a * s)
