"""Loss scaling: gradients too small for a narrow type are computed many times as large."""

import math
from collections.abc import Mapping
from typing import Any

from .. import kernels
from ..kernels import check
from .optimizers import Optimizer


class GradScaler:
    """PyTorch's names, arguments and rules; Keras calls it LossScaleOptimizer.

        backward(scaler.scale(loss_backward()))     the gradients are `scale` times as large
        scaler.step(optimizer)                      divides them by it; no step if one isn't finite
        scaler.update()                             then · backoff_factor; after growth_interval others · growth_factor

    To clip, call `unscale_(optimizer)` before.
    Source: Micikevicius et al., Mixed precision training, arXiv:1710.03740.
    """

    def __init__(
        self,
        init_scale: float = 65536.0,
        growth_factor: float = 2.0,
        backoff_factor: float = 0.5,
        growth_interval: int = 2000,
        enabled: bool = True,
    ):
        number = check.number
        self._scale = number("GradScaler", "init_scale", init_scale, math.nextafter(0, 1))
        self.growth_factor = number("GradScaler", "growth_factor", growth_factor, math.nextafter(1, 2))
        self.backoff_factor = number("GradScaler", "backoff_factor", backoff_factor, 0, math.nextafter(1, 0))
        self.growth_interval = int(number("GradScaler", "growth_interval", growth_interval, 1))
        self.enabled = enabled
        self._good_steps = 0
        self._finite: dict[int, bool] = {}  # of the optimizers whose gradients are unscaled: are all finite?

    def get_scale(self) -> float:
        return self._scale if self.enabled else 1.0

    def scale(self, x: Any) -> Any:
        """A loss, or the gradient that the way back begins with, times the scale."""
        return x * self._scale if self.enabled else x

    def unscale_(self, optimizer: Optimizer) -> None:
        """Divide the optimizer's gradients by the scale, once between two updates."""
        if not self.enabled:
            return
        if id(optimizer) in self._finite:
            raise RuntimeError("GradScaler: unscale_ was called already for this optimizer since the last update")
        finite = True
        for group in optimizer.param_groups:
            grad = group.flat.grad
            grad *= 1 / self._scale
            finite = finite and (not grad.size or math.isfinite(float(kernels.vector_norm(grad, math.inf))))
        self._finite[id(optimizer)] = finite

    def step(self, optimizer: Optimizer) -> None:
        """Let the optimizer make its step, unless a gradient is infinite or NaN."""
        if self.enabled and id(optimizer) not in self._finite:
            self.unscale_(optimizer)
        if not self.enabled or self._finite[id(optimizer)]:
            optimizer.step()

    def update(self) -> None:
        """Change the scale after the step of all optimizers."""
        if not self.enabled:
            return
        if not self._finite:
            raise RuntimeError("GradScaler: update was called before any step")
        if all(self._finite.values()):
            self._good_steps += 1
            if self._good_steps == self.growth_interval:
                self._scale, self._good_steps = self._scale * self.growth_factor, 0
        else:
            self._scale, self._good_steps = self._scale * self.backoff_factor, 0
        self._finite.clear()

    def state_dict(self) -> dict[str, Any]:
        return {"scale": self._scale, "good_steps": self._good_steps}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        if set(state_dict) != {"scale", "good_steps"}:
            raise ValueError("load_state_dict: this isn't the state of a GradScaler")
        self._scale, self._good_steps = state_dict["scale"], state_dict["good_steps"]
