"""Launch geometry of the GPU's ladder: a function a rung, named matmul_RUNG."""

from ... import cuda
from ..gpu import arguments
from . import tensor, wide


def _rung(file: str, tile: tuple[int, int], block):
    """A rung whose blocks of so many threads take a tile of y each, of each matrix of the stack."""
    source = cuda.Source(__file__, file)

    def launch(device, a, b, bias, residual, activation, out):
        if out.size:
            stack, rows, columns = out.shape
            grid = (cuda.blocks(rows, tile[0]) * cuda.blocks(columns, tile[1]), min(stack, 65535))
            device.launch(source, "matmul", out.dtype, grid, block, arguments(a, b, bias, residual, activation, out))

    return launch


matmul_1_naive = _rung("gpu_1_naive.cu", (32, 8), (32, 8))
matmul_2_coalesced = _rung("gpu_2_coalesced.cu", (8, 32), (32, 8))
matmul_3_shared = _rung("gpu_3_shared.cu", (32, 32), (32, 32))
matmul_4_registers = _rung("gpu_4_registers.cu", (64, 64), 512)
matmul_5_square = _rung("gpu_5_square.cu", (128, 128), 256)
matmul_6_vectors = _rung("gpu_6_vectors.cu", (128, 128), 256)
matmul_7_conflicts = _rung("gpu_7_conflicts.cu", (128, 128), 256)
matmul_8_warps = _rung("gpu_8_warps.cu", (128, 128), 256)
matmul_9_async = _rung("gpu_9_async.cu", (128, 128), 256)
matmul_10_tf32 = tensor.rung("gpu_10_tf32.cu")
matmul_11_tf32x3 = tensor.rung("gpu_11_tf32x3.cu")
matmul_12_bf16 = tensor.rung("gpu_12_bf16.cu")
matmul_13_rounded_first = tensor.rung("gpu_13_rounded_first.cu", tensor.launch_rounded)
matmul_14_scaled_half = tensor.rung("gpu_14_scaled_half.cu", tensor.launch_scaled, tensor.HALF_FROM)
matmul_15_wide_tiles = tensor.rung("gpu_15_wide_tiles.cu", wide.launch)
