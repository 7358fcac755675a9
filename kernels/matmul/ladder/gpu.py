"""Launch geometry of the GPU's ladder: a function a rung, named matmul_RUNG."""

from ... import cuda
from ..gpu import arguments
from . import tensor

NAIVE = cuda.Source(__file__, "gpu_1_naive.cu")


def matmul_1_naive(device, a, b, bias, residual, activation, out):
    if out.size:
        stack, rows, columns = out.shape
        grid = (cuda.blocks(rows, 16) * cuda.blocks(columns, 16), min(stack, 65535))
        device.launch(NAIVE, "matmul", out.dtype, grid, (16, 16), arguments(a, b, bias, residual, activation, out))


matmul_10_tf32 = tensor.rung("gpu_10_tf32.cu")
matmul_11_tf32x3 = tensor.rung("gpu_11_tf32x3.cu")
matmul_12_bf16 = tensor.rung("gpu_12_bf16.cu")
matmul_13_rounded_first = tensor.rung("gpu_13_rounded_first.cu", tensor.launch_rounded)
