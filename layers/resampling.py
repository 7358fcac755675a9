"""Resizing and pixel shuffling as layers."""

from typing import Any

from .. import kernels
from .module import Module


class Upsample(Module):
    """Signals (N, C, L), images (N, C, H, W) or volumes (N, C, D, H, W), resized: kernels.interpolate's arguments."""

    def __init__(
        self,
        size: Any = None,
        scale_factor: Any = None,
        mode: str = "nearest",
        align_corners: bool | None = None,
        recompute_scale_factor: bool | None = None,
    ):
        self.size, self.mode, self.align_corners = size, mode, align_corners
        many = isinstance(scale_factor, (tuple, list))
        self.scale_factor = tuple(map(float, scale_factor)) if many else scale_factor and float(scale_factor)
        self.recompute_scale_factor = recompute_scale_factor

    def _arguments(self) -> tuple:
        return self.size, self.scale_factor, self.mode, self.align_corners, self.recompute_scale_factor

    def __call__(self, x):
        return kernels.interpolate(x, *self._arguments())

    def forward(self, x):
        def backward(grad, input_gradient=True):
            return kernels.interpolate_backward(grad, x, *self._arguments()) if input_gradient else None

        return self(x), backward

    def extra_repr(self) -> str:
        what = "size" if self.scale_factor is None else "scale_factor"
        return f"{what}={getattr(self, what)!r}, mode={self.mode!r}"


class PixelShuffle(Module):
    """Pixels from channels: (…, C · r², H, W) becomes (…, C, H · r, W · r), r being upscale_factor."""

    def __init__(self, upscale_factor: int):
        self.upscale_factor = upscale_factor

    def forward(self, x):
        def backward(grad, input_gradient=True):
            return kernels.pixel_unshuffle(grad, self.upscale_factor) if input_gradient else None

        return kernels.pixel_shuffle(x, self.upscale_factor), backward

    def extra_repr(self) -> str:
        return f"upscale_factor={self.upscale_factor}"


class PixelUnshuffle(Module):
    """Channels from pixels: (…, C, H · r, W · r) becomes (…, C · r², H, W), r being downscale_factor."""

    def __init__(self, downscale_factor: int):
        self.downscale_factor = downscale_factor

    def forward(self, x):
        def backward(grad, input_gradient=True):
            return kernels.pixel_shuffle(grad, self.downscale_factor) if input_gradient else None

        return kernels.pixel_unshuffle(x, self.downscale_factor), backward

    def extra_repr(self) -> str:
        return f"downscale_factor={self.downscale_factor}"
