"""What all losses share: made once with their options, then called with an input and a target."""

from typing import Any

from ... import kernels

REDUCTIONS = ("none", "mean", "sum")


class Loss:
    """The base of all losses; a subclass names its kernel and its options."""

    reductions = REDUCTIONS
    apart = True  # whether each loss has a gradient of its own: else "none" has no way back

    def __init__(self, kernel: str, **options: Any):
        self._kernel, self._with_gradient = getattr(kernels, kernel), getattr(kernels, f"{kernel}_with_gradient")
        self._options = options
        if options["reduction"] not in self.reductions:
            raise ValueError(
                f"{type(self).__name__}: reduction is {options['reduction']!r}, "
                f"it must be one of {', '.join(map(repr, self.reductions))}"
            )

    def __call__(self, *inputs: Any) -> Any:
        """The loss alone."""
        return self._kernel(*inputs, **self._options)

    def forward(self, *inputs: Any) -> tuple[Any, Any]:
        """The loss and its way back: `backward(grad=None)` returns the input's gradient.

        A loss of several predictions has a gradient for each, a tuple. They are computed together with the loss, in
        one kernel. `grad` is the gradient of the loss, 1 if there is none; reduction="none" needs one, of the shape
        of the losses.
        """
        loss, *gradients = self._with_gradient(*inputs, **self._options)

        def backward(grad: Any = None) -> Any:
            name, none = type(self).__name__, self._options["reduction"] == "none"
            if none and not self.apart:
                raise ValueError(f"{name}: with reduction='none' there is no way back: an input is in several losses")
            if grad is None:
                if none:
                    raise ValueError(f"{name}: with reduction='none', backward needs the gradient of each loss")
                found = gradients
            else:
                found = [times(gradient, self._spread(grad, gradient)) for gradient in gradients]
            return found[0] if len(found) == 1 else tuple(found)

        return loss, backward

    def _spread(self, grad: Any, gradient: Any) -> Any:
        """The gradients of the losses, so that they broadcast to that of the input: a loss of each sample counts for
        all its classes, which are on axis 1."""
        return grad[:, None] if getattr(grad, "ndim", 0) and grad.ndim < gradient.ndim else grad

    def __repr__(self) -> str:
        shown = (f"{name}={value!r}" for name, value in self._options.items() if value is not None)
        return f"{type(self).__name__}({', '.join(shown)})"


class RowLoss(Loss):
    """A loss of what lies along one axis."""

    axis = -1

    def _spread(self, grad, gradient):
        if not getattr(grad, "ndim", 0):
            return grad
        place = [slice(None)] * grad.ndim
        place.insert(self.axis if self.axis >= 0 else gradient.ndim + self.axis, None)
        return grad[tuple(place)]


def times(gradient: Any, grad: Any) -> Any:
    return (gradient * grad).astype(gradient.dtype, copy=False)
