"""Optimizers: PyTorch's names, arguments and defaults; a step is one kernel over all parameters.

Unlike in PyTorch, a parameter that got no gradient has a gradient of zero: momentum and weight decay still move it.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from .. import kernels
from ..layers import Parameter
from .flat import gather


class Optimizer:
    """The base of all optimizers.

    Its options (`lr`, …) are attributes and may be changed between steps. Its state are flat arrays, made when the
    first step needs them.
    """

    options: tuple[str, ...] = ()
    lr: float

    def __init__(self, parameters: Iterable[Parameter], **options: Any):
        for name, value in options.items():
            setattr(self, name, value)
            for number in np.ravel(value):
                if not 0 <= number < np.inf:
                    kind = type(self).__name__
                    raise ValueError(f"{kind}: {name} is {value}, it must be at least 0 and finite")
        self.options = tuple(options)
        self.flat = gather(parameters)
        self.steps = 0
        self.state: dict[str, Any] = {}

    def zero_grad(self) -> None:
        """Let all gradients count as zero. A view of one that you keep shows its old values until somebody reads
        `parameter.grad`, or the way back writes it."""
        for parameter in self.flat.parameters:
            parameter.drop_grad()

    def step(self) -> None:
        """Change all parameters by their gradients.

        Raises
        ------
        RuntimeError
            A parameter was moved to other memory after this optimizer was made.
        """
        self.flat.check()
        self.steps += 1
        self.update(self.flat.data, self.flat.grad)

    def update(self, parameter: Any, grad: Any) -> None:
        """Run the kernel over the flat arrays."""
        raise NotImplementedError

    def zeros(self, name: str) -> Any:
        """The state of that name: zero at first."""
        if name not in self.state:
            self.state[name] = self.flat.zeros()
        return self.state[name]

    def state_dict(self) -> dict[str, Any]:
        """All that is needed to go on exactly from here, beside the parameters."""
        state = {name: np.array(self.flat.backend.to_numpy(x)) for name, x in self.state.items()}
        options = {name: getattr(self, name) for name in self.options}
        return {"steps": self.steps, "options": options, "state": state}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Go on from what `state_dict` returned.

        Raises
        ------
        ValueError
            It is of another optimizer or of other parameters. Nothing has been changed.
        """
        kind = type(self).__name__
        if set(state_dict) != {"steps", "options", "state"} or set(state_dict["options"]) != set(self.options):
            raise ValueError(f"load_state_dict: this isn't the state of an optimizer {kind}")
        for name, x in state_dict["state"].items():
            if x.shape != (self.flat.size,) or x.dtype != self.flat.dtype:
                raise ValueError(
                    f"load_state_dict: {name} is {x.dtype} {x.shape}, but the parameters of this {kind} "
                    f"are {self.flat.dtype} {(self.flat.size,)}"
                )
        self.steps = state_dict["steps"]
        for name, value in state_dict["options"].items():
            setattr(self, name, value)
        self.state = {name: self.flat.backend.from_numpy(x.copy()) for name, x in state_dict["state"].items()}

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={getattr(self, name)}' for name in self.options)})"


class SGD(Optimizer):
    """g = grad + λ p;  b ← μ b + (1 − τ) g, at first g;  p ← p − γ b, or with Nesterov p − γ (g + μ b).

    γ is `lr`, λ `weight_decay`, μ `momentum`, τ `dampening`.
    """

    momentum: float
    dampening: float
    weight_decay: float
    nesterov: bool

    def __init__(
        self,
        params: Iterable[Parameter],
        lr: float = 1e-3,
        momentum: float = 0.0,
        dampening: float = 0.0,
        weight_decay: float = 0.0,
        nesterov: bool = False,
    ):
        if nesterov and (not momentum or dampening):
            raise ValueError("SGD: nesterov needs a momentum and no dampening")
        super().__init__(
            params, lr=lr, momentum=momentum, dampening=dampening, weight_decay=weight_decay, nesterov=nesterov
        )

    def update(self, parameter, grad):
        first = "momentum_buffer" not in self.state
        kernels.sgd_update(
            parameter,
            grad,
            self.zeros("momentum_buffer") if self.momentum else None,
            lr=self.lr,
            momentum=self.momentum,
            dampening=self.dampening,
            weight_decay=self.weight_decay,
            nesterov=self.nesterov,
            step=1 if first else self.steps,
        )


class Adam(Optimizer):
    """m ← β₁ m + (1 − β₁) g;  v ← β₂ v + (1 − β₂) g²;  p ← p − γ m̂ / (√v̂ + ε), with g = grad + λ p.

    m̂ = m / (1 − β₁ᵗ) and v̂ = v / (1 − β₂ᵗ) at step t. γ is `lr`, λ `weight_decay`.
    Source: Kingma and Ba, Adam, arXiv:1412.6980.
    """

    betas: tuple[float, float]
    eps: float
    weight_decay: float
    decoupled = False

    def __init__(
        self,
        params: Iterable[Parameter],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ):
        if not all(0 <= beta < 1 for beta in betas):
            raise ValueError(f"{type(self).__name__}: betas are {betas}, they must be from 0 to below 1")
        super().__init__(params, lr=lr, betas=tuple(betas), eps=eps, weight_decay=weight_decay)

    def update(self, parameter, grad):
        kernels.adam_update(
            parameter,
            grad,
            self.zeros("exp_avg"),
            self.zeros("exp_avg_sq"),
            step=self.steps,
            lr=self.lr,
            betas=self.betas,
            eps=self.eps,
            weight_decay=self.weight_decay,
            decoupled=self.decoupled,
        )


class AdamW(Adam):
    """Adam with the weight decay apart from the gradient: p ← (1 − γ λ) p first, and g = grad.

    Source: Loshchilov and Hutter, Decoupled weight decay regularization, arXiv:1711.05101.
    """

    decoupled = True

    def __init__(
        self,
        params: Iterable[Parameter],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
    ):
        super().__init__(params, lr, betas, eps, weight_decay)


class RMSprop(Optimizer):
    """v ← α v + (1 − α) g²;  d = g / (√v + ε);  b ← μ b + d;  p ← p − γ b, with g = grad + λ p.

    `centered` takes the variance v − ḡ² instead of v, ḡ being the running mean of g.
    γ is `lr`, α `alpha`, λ `weight_decay`, μ `momentum`.
    """

    alpha: float
    eps: float
    weight_decay: float
    momentum: float
    centered: bool

    def __init__(
        self,
        params: Iterable[Parameter],
        lr: float = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        momentum: float = 0.0,
        centered: bool = False,
    ):
        super().__init__(
            params, lr=lr, alpha=alpha, eps=eps, weight_decay=weight_decay, momentum=momentum, centered=centered
        )

    def update(self, parameter, grad):
        kernels.rmsprop_update(
            parameter,
            grad,
            self.zeros("square_avg"),
            self.zeros("momentum_buffer") if self.momentum else None,
            self.zeros("grad_avg") if self.centered else None,
            lr=self.lr,
            alpha=self.alpha,
            eps=self.eps,
            weight_decay=self.weight_decay,
            momentum=self.momentum,
        )
