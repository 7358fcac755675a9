"""A classifier and its loss in one."""

from typing import Any

import numpy as np

from ... import kernels
from ..linear import Linear
from ..module import Module
from .base import REDUCTIONS, times


class LinearCrossEntropyLoss(Module):
    """Cross-entropy of the logits x Wᵀ + b, of which only `chunk_size` rows are held at a time.

    `linear` is the classifier, without a bias unless `bias`; the other arguments are those of `CrossEntropyLoss`. With
    reduction="none" there is no way back, for the weights have one gradient, not one for each sample.
    """

    def __init__(
        self,
        in_features: int,
        num_classes: int,
        *,
        bias: bool = False,
        dtype: Any = np.float32,
        weight: Any = None,
        reduction: str = "mean",
        ignore_index: int | None = None,
        label_smoothing: float = 0.0,
        chunk_size: int | None = None,
    ):
        if reduction not in REDUCTIONS:
            name, allowed = type(self).__name__, ", ".join(map(repr, REDUCTIONS))
            raise ValueError(f"{name}: reduction is {reduction!r}, it must be one of {allowed}")
        self.linear = Linear(in_features, num_classes, bias, dtype=dtype)
        self._options = {
            "weight": weight,
            "reduction": reduction,
            "ignore_index": ignore_index,
            "label_smoothing": label_smoothing,
            "chunk_size": chunk_size,
        }

    def __call__(self, input: Any, target: Any) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        """The loss alone."""
        return self._run(kernels.linear_cross_entropy, input, target)

    def forward(self, input: Any, target: Any) -> tuple[Any, Any]:  # pyright: ignore[reportIncompatibleMethodOverride]
        """The loss and its way back: `backward(grad=None)` adds to the classifier's gradients and returns the input's.

        They are computed together with the loss; `grad` is the gradient of the loss, 1 if there is none.
        """
        if self._options["reduction"] == "none":
            return self(input, target), self._no_way_back
        loss, *gradients = self._run(kernels.linear_cross_entropy_with_gradient, input, target)

        def backward(grad: Any = None, input_gradient: bool = True) -> Any:
            by_input, by_weight, by_bias = (x if grad is None or x is None else times(x, grad) for x in gradients)
            self.linear.weight.add_grad(by_weight)
            if self.linear.bias:
                self.linear.bias.add_grad(by_bias)
            return by_input if input_gradient else None

        return loss, backward

    def _run(self, function: Any, input: Any, target: Any) -> Any:
        bias = self.linear.bias and self.linear.bias.data
        return function(input, self.linear.weight.data, target, linear_bias=bias, **self._options)

    def _no_way_back(self, grad: Any = None, input_gradient: bool = True) -> None:
        del grad, input_gradient
        raise ValueError(f"{type(self).__name__}: with reduction='none' there is no way back")
