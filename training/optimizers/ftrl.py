"""Follow the regularized leader."""

from collections.abc import Iterable
from typing import Any

from ... import kernels
from .base import Optimizer


class Ftrl(Optimizer):
    """FTRL: weights that an ℓ₁ penalty holds at exactly 0 (kernels.ftrl_update has the formulas).

    Keras's, and so are the arguments' names and defaults; in groups and schedules `learning_rate` is called `lr`.
    Unlike Keras's, it demands an `initial_accumulator_value` above 0: with 0 a first gradient of 0 makes NaN.
    Source: McMahan et al., Ad click prediction: a view from the trenches, KDD 2013.
    """

    capturable = True
    signed = ("learning_rate_power",)

    def __init__(
        self,
        params: Iterable[Any],
        learning_rate: float = 1e-3,
        learning_rate_power: float = -0.5,
        initial_accumulator_value: float = 0.1,
        l1_regularization_strength: float = 0.0,
        l2_regularization_strength: float = 0.0,
        l2_shrinkage_regularization_strength: float = 0.0,
        beta: float = 0.0,
    ):
        super().__init__(
            params,
            lr=learning_rate,
            learning_rate_power=learning_rate_power,
            initial_accumulator_value=initial_accumulator_value,
            l1_regularization_strength=l1_regularization_strength,
            l2_regularization_strength=l2_regularization_strength,
            l2_shrinkage_regularization_strength=l2_shrinkage_regularization_strength,
            beta=beta,
        )

    def check(self, *, lr, learning_rate_power, initial_accumulator_value, **_):
        if not lr > 0:
            raise ValueError(f"Ftrl: learning_rate is {lr}, it must be above 0")
        if learning_rate_power > 0:
            raise ValueError(f"Ftrl: learning_rate_power is {learning_rate_power}, it must be at most 0")
        if not initial_accumulator_value:
            raise ValueError("Ftrl: initial_accumulator_value is 0, it must be above 0")

    def update(self, group, parameter, grad):
        kernels.ftrl_update(
            parameter,
            grad,
            group.zeros("accumulator", group["initial_accumulator_value"]),
            group.zeros("linear"),
            learning_rate=group["lr"],
            learning_rate_power=group["learning_rate_power"],
            l1=group["l1_regularization_strength"],
            l2=group["l2_regularization_strength"],
            l2_shrinkage=group["l2_shrinkage_regularization_strength"],
            beta=group["beta"],
        )
