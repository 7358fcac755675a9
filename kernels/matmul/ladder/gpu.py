"""Launch geometry of the GPU's ladder: a function a rung, named matmul_RUNG."""

from ... import cuda
from ..gpu import arguments

NAIVE = cuda.Source(__file__, "gpu_1_naive.cu")


def matmul_1_naive(device, a, b, bias, residual, activation, out):
    if out.size:
        stack, rows, columns = out.shape
        grid = (cuda.blocks(rows, 16) * cuda.blocks(columns, 16), min(stack, 65535))
        device.launch(NAIVE, "matmul", out.dtype, grid, (16, 16), arguments(a, b, bias, residual, activation, out))
