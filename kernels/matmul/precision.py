"""How exactly float32 matrices are multiplied on a GPU: a choice for the whole process, in PyTorch's words."""

from .. import check

PRECISIONS = ("highest", "high", "medium")
LEAST = 32  # rows and columns, below which most of a tile on tensor cores would be empty
LARGE = 2048  # from which rounding both factors first pays: else each number is rounded by 16 blocks or more

_precision = "highest"


def set_matmul_precision(precision: str) -> None:
    """How exactly float32 matrices are to be multiplied on a GPU, from now on in all threads.

    By `matmul`, and so `linear`, and by `scaled_dot_product_attention`, there and back:

    "highest", the default
        Products and sums in float32.
    "high"
        By tensor cores, each number split into two of tf32, three products of which are summed: as exact as float32.
        By PyTorch's word fewer bits would do; here none are lost. The way is that of Ootomo and Yokota, "Recovering
        single precision accuracy from Tensor Cores while surpassing the FP32 theoretical peak performance", 2022.
    "medium"
        By tensor cores, the factors rounded to bfloat16, the sums in float32: a product of two numbers is exact to
        about 2⁻⁸ of it.

    NaN and infinities are as in float32. Tensor cores are used from sm_80 on (NVIDIA's A100) where the result has 32
    rows and columns or more; of attention where there are 32 queries and keys or more, of 128 columns at most, whose
    softmax is always float32. On the CPU, and for float64, all three mean the same. The words are those of
    `torch.set_float32_matmul_precision`.

    Raises
    ------
    ValueError
        For another word.
    """
    global _precision
    check.choice("set_matmul_precision", "precision", precision, PRECISIONS)
    _precision = precision


def get_matmul_precision() -> str:
    """What `set_matmul_precision` has set."""
    return _precision


def on_tensor_cores(device, *args) -> bool:
    """Multiply by the rung that was chosen, if it takes such matrices; the arguments are those of gpu.py's `matmul`."""
    from .ladder import tensor, wide  # which imports gpu.py, which imports this file

    out = args[-1]
    if _precision == "highest" or min(out.shape[1:]) < LEAST or not tensor.knows(device, out):
        return False
    if _precision == "high":
        tensor.launch(device, "gpu_11_tf32x3.cu", *args)
    elif min(out.shape[1:]) < LARGE:
        tensor.launch(device, "gpu_12_bf16.cu", *args)
    else:
        wide.launch(device, "gpu_15_wide_tiles.cu", *args)
    return True
