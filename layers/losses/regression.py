"""Losses of real predictions."""

from .base import REDUCTIONS, Loss


class L1Loss(Loss):
    """|input − target|."""

    def __init__(self, reduction: str = "mean"):
        super().__init__("l1_loss", reduction=reduction)


class MSELoss(Loss):
    """(input − target)²."""

    def __init__(self, reduction: str = "mean"):
        super().__init__("mse_loss", reduction=reduction)


class HuberLoss(Loss):
    """½d² where |d| ≤ delta, else delta (|d| − ½ delta), for d = input − target."""

    def __init__(self, reduction: str = "mean", delta: float = 1.0):
        super().__init__("huber_loss", reduction=reduction, delta=delta)


class SmoothL1Loss(Loss):
    """½d²/beta where |d| < beta, else |d| − ½ beta, for d = input − target."""

    def __init__(self, reduction: str = "mean", beta: float = 1.0):
        super().__init__("smooth_l1_loss", reduction=reduction, beta=beta)


class PoissonNLLLoss(Loss):
    """eˣ − t x for the input x (the logarithm of a mean) and the count t; without `log_input` x − t log(x + eps)."""

    def __init__(self, log_input: bool = True, full: bool = False, eps: float = 1e-8, reduction: str = "mean"):
        super().__init__("poisson_nll_loss", log_input=log_input, full=full, eps=eps, reduction=reduction)


class GaussianNLLLoss(Loss):
    """½ (log v + (input − target)²/v): criterion(input, target, var), with gradients by the input and by the
    variance v, which counts as `eps` at least."""

    def __init__(self, *, full: bool = False, eps: float = 1e-6, reduction: str = "mean"):
        super().__init__("gaussian_nll_loss", full=full, eps=eps, reduction=reduction)


class KLDivLoss(Loss):
    """t (log t − input), the input being logarithms of probabilities; reduction "batchmean" divides the sum by the
    number of samples."""

    reductions = (*REDUCTIONS, "batchmean")

    def __init__(self, reduction: str = "mean", log_target: bool = False):
        super().__init__("kl_div", reduction=reduction, log_target=log_target)


class LogCosh(Loss):
    """Keras's log cosh(input − target)."""

    def __init__(self, reduction: str = "mean"):
        super().__init__("log_cosh_loss", reduction=reduction)


class MeanAbsolutePercentageError(Loss):
    """Keras's 100 |input − target| / |target|."""

    def __init__(self, reduction: str = "mean"):
        super().__init__("mean_absolute_percentage_error", reduction=reduction)


class MeanSquaredLogarithmicError(Loss):
    """Keras's (log(1 + input) − log(1 + target))²."""

    def __init__(self, reduction: str = "mean"):
        super().__init__("mean_squared_logarithmic_error", reduction=reduction)


class Poisson(Loss):
    """Keras's input − target log(input), the input being a mean."""

    def __init__(self, reduction: str = "mean"):
        super().__init__("poisson_loss", reduction=reduction)
