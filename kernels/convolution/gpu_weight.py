"""How the gradient by a weight is shared out among blocks: launch geometry of gpu.cu's part of it, and of few.cu."""

import math
from typing import NamedTuple

import numpy as np

from .. import cuda
from ..teams import MULTIPROCESSORS


class Kernel(NamedTuple):
    """What blocks of `rows` × `columns` of the result need to know of the kernel that sums them."""

    source: cuda.Source
    name: str
    rows: int
    columns: int
    threads: int
    at_a_time: int  # blocks on a multiprocessor
    terms: int  # fewer aren't worth a block of their own
    step: int  # a block's terms are a multiple of it

    def tiles(self, rows: int, columns: int) -> int:
        return cuda.blocks(rows, self.rows) * cuda.blocks(columns, self.columns)


TILED = Kernel(cuda.Source(__file__), "weight_gradient", 64, 128, 128, 3, 128, 8)
FEW = {
    size: Kernel(cuda.Source(__file__, "few.cu"), "weight_gradient_few", 32 // size, 9, 384, 1, 1536, 384)
    for size in (4, 8)
}
# Tiles of few.cu that cost less than one of gpu.cu: by their instructions twice as many do, but each reads grad anew.
CHEAPER = 32
LARGEST = 1 << 30  # places in an image, and terms: they are 32-bit numbers in few.cu
GROUPS = 65535  # that a grid can have


def weight_gradient(device, grad, x, groups: int, out, sizes):
    """Parts of it, (1, parts, out.size): their sum is all of it. With one part it is `out` itself."""
    rows, columns, terms = len(out) // groups, math.prod(out.shape[1:]), len(grad) * math.prod(grad.shape[2:])
    kernel, few = TILED, FEW[out.dtype.itemsize]
    if few.tiles(rows, columns) <= CHEAPER * TILED.tiles(rows, columns):
        kernel = few if max(x[:1].size, terms) < LARGEST and groups <= GROUPS else TILED
    grid = kernel.tiles(rows, columns), min(groups, GROUPS)
    # How many share the terms of a tile follows from the sizes alone, and so does the order of the sum.
    most = cuda.blocks(terms, kernel.terms)
    wanted = _parts(max(1, math.prod(grid)), MULTIPROCESSORS * kernel.at_a_time, most)
    share = cuda.blocks(cuda.blocks(terms, wanted), kernel.step) * kernel.step
    parts = cuda.blocks(terms, share)
    target = out if parts == 1 else device.empty((1, parts, out.size), out.dtype)
    given = (grad, x, target, np.int64(share), *sizes)
    device.launch(kernel.source, kernel.name, out.dtype, (*grid, parts), kernel.threads, given)
    return target


def _parts(own: int, at_a_time: int, most: int) -> int:
    """So many, of so many blocks each, fill the multiprocessors once; or twice, where that leaves far fewer idle."""
    once, twice = (min(most, max(1, waves * at_a_time // own)) for waves in (1, 2))

    def time(parts: int) -> float:
        return cuda.blocks(own * parts, at_a_time) / parts

    return twice if time(twice) < 0.9 * time(once) else once
