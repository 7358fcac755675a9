"""Layers that drop some of their input at random in training, and let all of it pass in inference.

Masks aren't kept: the way back draws them again. `manual_seed` makes them repeatable, on every backend.
"""

from typing import Any, ClassVar

from .. import kernels
from .affine import axes
from .initial import mask_stream
from .module import Module


class _Dropout(Module):
    function: ClassVar[str] = "dropout"
    ndim: ClassVar[tuple[int, ...]] = ()  # that an input may have; any, if empty
    unbatched: ClassVar[int] = 0  # axes of an input without a batch

    def __init__(self, p: float = 0.5, inplace: bool = False):
        if not 0 <= p <= 1:
            raise ValueError(f"{type(self).__name__}: p is {p}, it must be from 0 to 1")
        self.p, self.inplace = p, inplace

    def __call__(self, x):
        return x

    def forward(self, x):
        if self.ndim:
            axes(self, x, self.ndim)
        view = x.reshape(1, *x.shape) if x.ndim == self.unbatched else x
        drawn = self.p, *mask_stream(x.size)
        y = getattr(kernels, self.function)(view, *drawn, out=view if self.inplace else None)

        def backward(grad, input_gradient=True):
            if not input_gradient:
                return None
            found: Any = getattr(kernels, f"{self.function}_backward")(grad.reshape(view.shape), *drawn)
            return found.reshape(grad.shape)

        return y.reshape(x.shape), backward

    def extra_repr(self) -> str:
        return f"p={self.p}, inplace={self.inplace}"


class Dropout(_Dropout):
    """x / (1 − p) with probability 1 − p, else 0, each element by itself.

    Parameters
    ----------
    p : number from 0 to 1
        The probability to be dropped.
    inplace : bool
        Write into x.

    Source: Srivastava et al., Dropout, JMLR 15, 2014.
    """


class Dropout1d(_Dropout):
    """As Dropout, but whole channels of x, (N, C, L) or (C, L)."""

    function, ndim, unbatched = "feature_dropout", (2, 3), 2


class Dropout2d(_Dropout):
    """As Dropout, but whole channels of x, (N, C, H, W); as in PyTorch, three axes are (N, C, L)."""

    function, ndim = "feature_dropout", (3, 4)


class Dropout3d(_Dropout):
    """As Dropout, but whole channels of x, (N, C, D, H, W) or (C, D, H, W)."""

    function, ndim, unbatched = "feature_dropout", (4, 5), 4


class AlphaDropout(_Dropout):
    """Dropout beside SELU: what is dropped becomes SELU(−∞), then all is scaled and shifted to keep mean and variance.

    Source: Klambauer et al., Self-Normalizing Neural Networks, arXiv:1706.02515.
    """

    function = "alpha_dropout"


class FeatureAlphaDropout(_Dropout):
    """As AlphaDropout, but whole channels x[n, c, …]."""

    function = "feature_alpha_dropout"
