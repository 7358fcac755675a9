"""Launch geometry of gpu.cu: a block a row, then one block that sums the losses."""

import numpy as np

from ... import cuda
from ..launch import of_three, row_threads, total

SOURCE = cuda.Source(__file__)

margin_ranking_loss = of_three(SOURCE, "margin_ranking_loss")


def _rows(device, name, arrays, parameters, scale, loss, gradients, out):
    (rows, n), real = arrays[0].shape, out.dtype.type
    if rows:
        wanted = np.int32(gradients[0].size > 0)
        arguments = (*arrays, *parameters, real(scale), loss, *gradients, wanted, np.int64(rows), np.int64(n))
        device.launch(SOURCE, name, out.dtype, min(rows, 1 << 20), row_threads(n), arguments)
    total(device, loss, scale, None, out)


def cosine_embedding_loss(device, a, b, target, margin, scale, loss, gradient_a, gradient_b, out):
    parameters, gradients = (out.dtype.type(margin),), (gradient_a, gradient_b)
    _rows(device, "cosine_embedding_loss", (a, b, target), parameters, scale, loss, gradients, out)


def cosine_similarity_loss(device, a, b, scale, loss, gradient, out):
    _rows(device, "cosine_similarity_loss", (a, b), (), scale, loss, (gradient,), out)


def triplet_margin_loss(device, a, b, c, margin, p, eps, swap, scale, loss, by_a, by_b, by_c, out):
    real = out.dtype.type
    parameters = real(margin), real(p), real(eps), np.int32(swap)
    _rows(device, "triplet_margin_loss", (a, b, c), parameters, scale, loss, (by_a, by_b, by_c), out)
