"""Losses as objects: made once with their options, then called with an input and a target.

loss, backward = criterion.forward(logits, labels)      grad_logits = backward()
"""

from typing import Any

from .. import kernels


class Loss:
    """The base of all losses; a subclass names its kernels and their options."""

    def __init__(self, kernel: Any, with_gradient: Any, **options: Any):
        self._kernel, self._with_gradient, self._options = kernel, with_gradient, options
        if options["reduction"] not in ("none", "mean", "sum"):
            raise ValueError(
                f"{type(self).__name__}: reduction is {options['reduction']!r}, it must be one of 'none', 'mean', 'sum'"
            )

    def __call__(self, input: Any, target: Any) -> Any:
        """The loss alone."""
        return self._kernel(input, target, **self._options)

    def forward(self, input: Any, target: Any) -> tuple[Any, Any]:
        """The loss and its way back: `backward(grad=None)` returns the input's gradient.

        The gradient is computed together with the loss, in one kernel. `grad` is the gradient of the loss, 1 if
        there is none; reduction="none" needs one, of the shape of the losses.
        """
        loss, gradient = self._with_gradient(input, target, **self._options)

        def backward(grad: Any = None) -> Any:
            if grad is None:
                if self._options["reduction"] == "none":
                    name = type(self).__name__
                    raise ValueError(f"{name}: with reduction='none', backward needs the gradient of each loss")
                return gradient
            if getattr(grad, "ndim", 0) and grad.ndim < gradient.ndim:
                grad = grad[:, None]  # a loss of each sample, the same for all its classes
            return (gradient * grad).astype(gradient.dtype, copy=False)

        return loss, backward

    def __repr__(self) -> str:
        shown = (f"{name}={value!r}" for name, value in self._options.items() if value is not None)
        return f"{type(self).__name__}({', '.join(shown)})"


class MSELoss(Loss):
    """(input − target)²."""

    def __init__(self, reduction: str = "mean"):
        super().__init__(kernels.mse_loss, kernels.mse_loss_with_gradient, reduction=reduction)


class BCEWithLogitsLoss(Loss):
    """−w (p t log σ(x) + (1 − t) log(1 − σ(x))), for the target t from 0 to 1 of the logit x.

    `weight` w and `pos_weight` p are arrays that broadcast to the input.
    """

    def __init__(self, weight: Any = None, *, reduction: str = "mean", pos_weight: Any = None):
        super().__init__(
            kernels.binary_cross_entropy_with_logits,
            kernels.binary_cross_entropy_with_logits_with_gradient,
            weight=weight,
            reduction=reduction,
            pos_weight=pos_weight,
        )


class CrossEntropyLoss(Loss):
    """−log softmax(x)ₜ for the class t, or −Σ tᵢ log softmax(x)ᵢ for probabilities t; classes are on axis 1.

    `weight` has one number a class; samples of the class `ignore_index` count for nothing; `label_smoothing` ε mixes
    ε of the even distribution into the target.
    """

    def __init__(
        self,
        weight: Any = None,
        *,
        ignore_index: int = -100,
        reduction: str = "mean",
        label_smoothing: float = 0.0,
    ):
        super().__init__(
            kernels.cross_entropy,
            kernels.cross_entropy_with_gradient,
            weight=weight,
            ignore_index=ignore_index,
            reduction=reduction,
            label_smoothing=label_smoothing,
        )
