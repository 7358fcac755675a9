"""Pixels from channels, and channels from pixels: the same numbers in another order. Each is the other's gradient.

Source: Shi et al., Real-Time Single Image and Video Super-Resolution, arXiv:1609.05158.
"""

from typing import Any

from .. import check


def pixel_shuffle(x: Any, upscale_factor: int) -> Any:
    """(…, C · r², H, W) becomes (…, C, H · r, W · r), r being upscale_factor.

    y[…, c, h · r + i, w · r + j] = x[…, c · r² + i · r + j, h, w]
    """
    r = _factor("pixel_shuffle", "upscale_factor", x, upscale_factor)
    *batch, channels, height, width = x.shape
    if channels % (r * r):
        raise ValueError(f"pixel_shuffle: x has {channels} channels, it must have a multiple of {r}² = {r * r}")
    x = x.reshape(-1 if x.size else 0, channels // (r * r), r, r, height, width).transpose(0, 1, 4, 2, 5, 3)
    return check.contiguous(x).reshape(*batch, channels // (r * r), height * r, width * r)


def pixel_unshuffle(x: Any, downscale_factor: int) -> Any:
    """(…, C, H · r, W · r) becomes (…, C · r², H, W), r being downscale_factor: what `pixel_shuffle` undoes."""
    r = _factor("pixel_unshuffle", "downscale_factor", x, downscale_factor)
    *batch, channels, height, width = x.shape
    if height % r or width % r:
        raise ValueError(f"pixel_unshuffle: x has the shape {x.shape}, its last two axes must be multiples of {r}")
    x = x.reshape(-1 if x.size else 0, channels, height // r, r, width // r, r).transpose(0, 1, 3, 5, 2, 4)
    return check.contiguous(x).reshape(*batch, channels * r * r, height // r, width // r)


def _factor(function: str, name: str, x: Any, value: Any) -> int:
    check.real(function, "x", x)
    if x.ndim < 3:
        raise ValueError(f"{function}: x has the shape {x.shape}, it must be (…, C, H, W)")
    if type(value) is not int or value < 1:
        raise ValueError(f"{function}: {name} is {value!r}, it must be an integer of at least 1")
    return value
