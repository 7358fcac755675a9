"""The layer of a radial basis network: how near an input is to each of some learned centres."""

from typing import Any, Self

import numpy as np

from .. import kernels
from ..kernels import check
from ..kernels.distance import FUNCTIONS
from .initial import generator
from .module import Module
from .parameter import Parameter


class RadialBasis(Module):
    """yⱼ = φ(‖x − cⱼ‖ / wⱼ), over the last axis of x.

    Parameters
    ----------
    in_features, out_features : int
        The number of features, and that of centres.
    function : "gaussian", "multiquadric", "inverse_multiquadric" or "thin_plate"
        φ(r) = exp(−r²), √(1 + r²), 1 / √(1 + r²), r² log r.
    dtype : float32 or float64

    `centres` is (out_features, in_features), and begins as standard normal draws; `log_widths` is (out_features,),
    log wⱼ, so that no step makes a width negative, and begins as 0. `from_centres` begins with what the data say. An
    input (..., in_features) becomes (..., out_features); a Linear behind it makes a radial basis network.

    Source: Moody and Darken, Fast Learning in Networks of Locally-Tuned Processing Units, 1989.
    """

    def __init__(self, in_features: int, out_features: int, function: str = "gaussian", *, dtype: Any = np.float32):
        for name, value in (("in_features", in_features), ("out_features", out_features)):
            if not isinstance(value, (int, np.integer)) or value < 0:
                raise ValueError(f"RadialBasis: {name} is {value!r}, it must be an integer of at least 0")
        check.choice("RadialBasis", "function", function, FUNCTIONS[1:])
        self.in_features, self.out_features, self.function = int(in_features), int(out_features), function
        self.centres = Parameter(generator().standard_normal((out_features, in_features)).astype(dtype), "centres")
        self.log_widths = Parameter(np.zeros(out_features, dtype), "log_widths")

    @classmethod
    def from_centres(
        cls, centres: np.ndarray, function: str = "gaussian", neighbours: int = 2, scale: float = 1.0
    ) -> Self:
        """A layer with these centres, NumPy's (out_features, in_features), such as those of `training.k_means`.

        Each width is `scale` times the mean distance to the nearest `neighbours` other centres; that of one alone,
        or whose neighbours all lie where it does, is `scale`.
        """
        if centres.ndim != 2:
            raise ValueError(f"RadialBasis.from_centres: centres has {centres.ndim} axes, it must have 2")
        if neighbours < 1:
            raise ValueError(f"RadialBasis.from_centres: neighbours is {neighbours}, it must be at least 1")
        if not check.number("RadialBasis.from_centres", "scale", scale) > 0:
            raise ValueError(f"RadialBasis.from_centres: scale is {scale}, it must be above 0")
        count, features = centres.shape
        layer = cls(features, count, function, dtype=centres.dtype)
        layer.centres.data = centres
        here = kernels.current()
        own = here.from_numpy(centres)
        squares = np.sort(here.to_numpy(kernels.squared_distances(own, own)), axis=1)
        nearest = np.sqrt(squares[:, 1 : 1 + neighbours])  # the first is the centre itself
        widths = nearest.mean(axis=1) if nearest.size else np.zeros(count, centres.dtype)
        layer.log_widths.data = np.log(scale * np.where(widths > 0, widths, 1))
        return layer

    def __call__(self, x):
        return kernels.radial_basis(x, self.centres.data, self._widths(), self.function)

    def forward(self, x):
        centres, widths = self.centres.data, self._widths()
        y, distances = kernels.radial_basis_with_distances(x, centres, widths, self.function)

        def backward(grad, input_gradient=True):
            given = grad, x, centres, widths, self.function, distances
            grad_x, grad_centres, grad_widths = kernels.radial_basis_backward(*given, input_gradient=input_gradient)
            self.centres.add_grad(grad_centres)
            self.log_widths.add_grad(grad_widths * widths)  # w = exp(log w) is its own derivative
            return grad_x

        return y, backward

    def _widths(self) -> Any:
        return kernels.exponential(self.log_widths.data)

    def extra_repr(self) -> str:
        return f"in_features={self.in_features}, out_features={self.out_features}, function={self.function!r}"
