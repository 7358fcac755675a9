"""Launch geometry of rung 15, and how wide its tiles are: as it keeps the multiprocessors and L2 busy least long."""

import functools

import numpy as np

from ... import cuda
from ..table import multiprocessors
from . import tensor

ROWS, DEPTH, PANEL = 256, 32, 64  # of a tile: rows; terms; columns that are kept in shared memory together
ACROSS = (8, 10, 11, 12)  # products that a warp may have side by side
RATE = 1229  # multiply-adds that tensor cores do in a cycle, on a multiprocessor of an H100: 60 % of the most
BYTES = 3000  # that its L2 gives in a cycle, to all multiprocessors together
ROOMY = (80, 87, 90, 100, 103, 110)  # architectures where a block may have 112 KB of shared memory: others, 99 KB


def columns(across: int) -> int:
    """Of a tile: two warps lie side by side."""
    return 2 * 8 * across


def stages(arch: int) -> int:
    return 4 if arch in ROOMY else 3


def shared(arch: int, across: int) -> int:
    """Bytes of shared memory: both factors' tiles, each in whole panels."""
    return stages(arch) * (ROWS + cuda.blocks(columns(across), PANEL) * PANEL) * DEPTH * 2


def grid(across: int, shape: tuple[int, int, int]) -> tuple[int, int]:
    stack, rows, wide = shape
    return cuda.blocks(rows, ROWS) * cuda.blocks(wide, columns(across)), stack


def cycles(arch: int, across: int, shape: tuple[int, int, int]) -> float:
    """For each term of the sums, by what takes longer: the last wave of blocks is as long as any, of tensor cores."""
    blocks = np.prod(grid(across, shape))
    waves = -(-blocks // multiprocessors(arch))
    return max(waves * ROWS * columns(across) / RATE, blocks * (ROWS + columns(across)) * 2 / BYTES)


@functools.lru_cache(4096)
def widest(arch: int, shape: tuple[int, int, int]) -> int:
    """How many products a warp should have across, for a result of that shape: of equals the most, which read least."""
    return min(reversed(ACROSS), key=lambda across: cycles(arch, across, shape))


@functools.cache
def source(file: str, across: int, stages: int, a_along_terms: bool, b_along_terms: bool) -> cuda.Source:
    along = {"A_ALONG_TERMS": int(a_along_terms), "B_ALONG_TERMS": int(b_along_terms)}
    return cuda.Source(__file__, file, ACROSS=across, STAGES=stages, **along)


def launch(device, file: str, a, b, bias, residual, activation, out) -> None:
    """Round both factors to bfloat16 as rung 13 does, then multiply."""
    along, arch = tensor.along_terms(a, b), device.arch
    rounding = tensor.source("gpu_13_rounded_first.cu", *along)
    for part in tensor.parts(a, b, residual, out):
        across = widest(arch, part.out.shape)
        kernel = source(file, across, stages(arch), *along)
        args = tensor.narrow_arguments(tensor.rounded, device, rounding, part, bias, activation)
        blocks = grid(across, part.out.shape)
        device.launch(kernel, "matmul", out.dtype, blocks, tensor.THREADS, args, shared(arch, across))
