"""Launch geometry of the rungs on tensor cores (tensor.cuh)."""

import functools
from typing import Any, NamedTuple

import numpy as np

from ... import cuda
from .. import gpu
from ..gpu import arguments

TILE, THREADS = 128, 256  # rows and columns of y a block; its threads
EACH = 4  # rows that a thread of round_factor takes
MOST = 65535  # matrices of a stack in one launch
TF32_FROM, HALF_FROM = 80, 75  # the first architectures whose tensor cores know tf32 and bfloat16, and half


class Part(NamedTuple):
    """What goes into one launch."""

    a: Any
    b: Any
    residual: Any
    out: Any


def knows(device, out, oldest: int = TF32_FROM) -> bool:
    """Whether these tensor cores multiply such numbers: float32, rounded or split."""
    return device.arch >= oldest and out.dtype == np.float32


def launch(device, file: str, a, b, bias, residual, activation, out) -> None:
    kernel = source(file, *along_terms(a, b))
    for part in parts(a, b, residual, out):
        args = arguments(part.a, part.b, bias, part.residual, activation, part.out)
        device.launch(kernel, "matmul", out.dtype, grid(part.out), THREADS, args)


def launch_rounded(device, file: str, a, b, bias, residual, activation, out) -> None:
    """Round both factors to bfloat16 in memory of their own, then multiply."""
    _launch_narrow(rounded, device, file, a, b, bias, residual, activation, out)


def launch_scaled(device, file: str, a, b, bias, residual, activation, out) -> None:
    """Scale the rows of a and the columns of b, round them to half in memory of their own, then multiply."""
    _launch_narrow(halved, device, file, a, b, bias, residual, activation, out)


def _launch_narrow(narrowed, device, file: str, a, b, bias, residual, activation, out) -> None:
    kernel = source(file, *along_terms(a, b))
    for part in parts(a, b, residual, out):
        args = narrow_arguments(narrowed, device, kernel, part, bias, activation)
        device.launch(kernel, "matmul", out.dtype, grid(part.out), THREADS, args)


def narrow_arguments(narrowed, device, kernel: cuda.Source, part: Part, bias, activation) -> tuple:
    """Both factors made `narrowed` by what is in `kernel`, and then all else that a product is told."""
    a_along, b_along = along_terms(part.a, part.b)
    narrow_a = narrowed(device, kernel, part.a, a_along)
    narrow_b = narrowed(device, kernel, part.b.swapaxes(1, 2), b_along)
    return *narrow_a, *narrow_b, *arguments(part.a, part.b, bias, part.residual, activation, part.out)


def rung(file: str, launch=launch, oldest: int = TF32_FROM):
    """A rung as the ladder has it: by the library's kernel where tensor cores don't know the numbers."""

    def run(device, *args):
        if knows(device, args[-1], oldest):
            launch(device, file, *args)
        else:
            gpu.matmul(device, *args)

    return run


@functools.cache
def source(file: str, a_along_terms: bool, b_along_terms: bool) -> cuda.Source:
    """A rung for factors whose neighbours in memory are those along the sum, or those across."""
    return cuda.Source(__file__, file, A_ALONG_TERMS=int(a_along_terms), B_ALONG_TERMS=int(b_along_terms))


def along_terms(a, b) -> tuple[bool, bool]:
    """Whether neighbouring terms of a row of a, of a column of b, are nearer in memory than those of the next one."""
    return abs(a.strides[2]) <= abs(a.strides[1]), abs(b.strides[1]) <= abs(b.strides[2])


def grid(out) -> tuple[int, int]:
    stack, rows, columns = out.shape
    return cuda.blocks(rows, TILE) * cuda.blocks(columns, TILE), stack


def parts(a, b, residual, out):
    """A stack of any size by as many matrices as a grid has."""
    residual = residual.reshape(out.shape) if residual.size else residual
    for first in range(0, out.shape[0] if out.size else 0, MOST):
        part = slice(first, first + MOST)
        yield Part(a[part], b[part], residual[part], out[part])


class Narrow(NamedTuple):
    """A factor of 16-bit numbers in memory of its own: rows padded to whole pieces of 16 bytes.

    Arrays of a device are float32 here: each number of one is two. Of a stack of stride 0 there is one matrix.
    """

    x: Any  # what is to be rounded, neighbours in memory along its rows if at all
    memory: Any
    pitch: int

    @classmethod
    def of(cls, device, x) -> "Narrow":
        x = x[:1] if x.strides[0] == 0 else x
        stack, rows, columns = x.shape
        pitch = -(-columns // 8) * 8
        return cls(x, device.empty((max(stack * rows * pitch // 2, 4),), x.dtype), pitch)

    def fill(self, device, kernel: cuda.Source, name: str, blocks: int, block, *others) -> None:
        _, rows, columns = self.x.shape
        sizes = (rows, columns, *(stride // self.x.itemsize for stride in self.x.strides), self.pitch)
        args = (self.x, self.memory, *(np.int64(n) for n in sizes), *others)
        device.launch(kernel, name, self.x.dtype, (blocks, self.x.shape[0]), block, args)

    @property
    def arguments(self) -> tuple:
        """Its memory, and the strides of its stack and of its rows, in numbers."""
        return self.memory, self.stack_stride(self.x.shape[1] * self.pitch), np.int64(self.pitch)

    def stack_stride(self, size: int) -> np.int64:
        return np.int64(0 if self.x.shape[0] == 1 else size)


def rounded(device, kernel: cuda.Source, x, along_terms: bool) -> tuple:
    """A factor, its lines in rows, as bfloat16: what the kernel of rung 13 is told of it."""
    narrow = Narrow.of(device, x if along_terms else x.swapaxes(1, 2))
    if x.size:
        fours = narrow.pitch // 4
        wide = min(32, 1 << (fours - 1).bit_length())
        blocks = cuda.blocks(fours, wide) * cuda.blocks(narrow.x.shape[1], 256 // wide * EACH)
        narrow.fill(device, kernel, "round_factor", blocks, (wide, 256 // wide))
    return narrow.arguments


def halved(device, kernel: cuda.Source, x, along_terms: bool) -> tuple:
    """A factor, its lines in rows, as scaled halves and what scales its lines back: for the kernel of rung 14."""
    narrow = Narrow.of(device, x if along_terms else x.swapaxes(1, 2))
    lines = x.shape[1]
    scales = device.empty((narrow.x.shape[0] * lines,), x.dtype)
    if along_terms:
        narrow.fill(device, kernel, "halve_rows", cuda.blocks(lines, 8), 256, scales)
    else:
        narrow.fill(device, kernel, "halve_columns", cuda.blocks(narrow.pitch, 32), 1024, scales)
    return *narrow.arguments, scales, narrow.stack_stride(lines)
