"""Launch geometry of the GPU's ladder: a function a rung, named matmul_RUNG."""

from ... import cuda
from .. import gpu
from ..gpu import arguments
from . import tensor

NAIVE = cuda.Source(__file__, "gpu_1_naive.cu")


def matmul_1_naive(device, a, b, bias, residual, activation, out):
    if out.size:
        stack, rows, columns = out.shape
        grid = (cuda.blocks(rows, 16) * cuda.blocks(columns, 16), min(stack, 65535))
        device.launch(NAIVE, "matmul", out.dtype, grid, (16, 16), arguments(a, b, bias, residual, activation, out))


def matmul_10_tf32(device, *args):
    _on_tensor_cores(tensor.launch, device, "gpu_10_tf32.cu", args)


def matmul_11_tf32x3(device, *args):
    _on_tensor_cores(tensor.launch, device, "gpu_11_tf32x3.cu", args)


def matmul_12_bf16(device, *args):
    _on_tensor_cores(tensor.launch, device, "gpu_12_bf16.cu", args)


def matmul_13_rounded_first(device, *args):
    _on_tensor_cores(tensor.launch_rounded, device, "gpu_13_rounded_first.cu", args)


def _on_tensor_cores(launch, device, file: str, args: tuple) -> None:
    """Or by the plain kernel, where they don't know the numbers."""
    if tensor.knows(device, args[-1]):
        launch(device, file, *args)
    else:
        gpu.matmul(device, *args)
