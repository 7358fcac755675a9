"""Steps that go by the gradient's sign alone."""

import math

from ... import check
from ...backend import kernel
from ..common import arrays, flat, numbers_of, sign, update


@update(
    "η ← clip(η · (η₊ if g g' > 0, η₋ if g g' < 0, else 1));  p ← p − η sign g",
    2,
    {},
    {"etas": (0.3, 3.0), "step_sizes": (0.04, 0.2), "maximize": True},
    in_place=("parameter", "prev", "step_size"),
)
def rprop_update(parameter, grad, prev, step_size, *, etas=(0.5, 1.2), step_sizes=(1e-6, 50.0), maximize=False):
    """Rprop, in place: each number has a step size η, which grows while its gradient keeps its sign.

    Where g g' > 0 (g' is `prev`, the gradient before) η ← min(η η₊, η_max); where g g' < 0 η ← max(η η₋, η_min) and
    g ← 0; then p ← p − η sign g and g' ← g. `etas` are (η₋, η₊), `step_sizes` (η_min, η_max). The sign of NaN is 0.
    Source: Riedmiller and Braun, A direct adaptive method for faster backpropagation learning, ICNN 1993.
    """
    arrays("rprop_update", parameter, grad, prev=prev, step_size=step_size)
    lower = check.number("rprop_update", "etas", etas[0], 0, 1)
    upper = check.number("rprop_update", "etas", etas[1], 1)
    least, most = (check.number("rprop_update", "step_sizes", size, 0) for size in step_sizes)
    views = flat(parameter, grad, prev, step_size)
    kernel("updates.signs.rprop")(*views, lower, upper, least, most, sign(maximize))


@update(
    "p ← p − γ sign(β₁ m + (1 − β₁) g);  m ← β₂ m + (1 − β₂) g",
    1,
    {"learning_rate": 1e-3},
    {"learning_rate": 0.1, "beta_1": 0.5, "beta_2": 0.8, "weight_decay": 0.1, "maximize": True},
    in_place=("parameter", "momentum"),
)
def lion_update(
    parameter, grad, momentum, *, learning_rate=1e-3, beta_1=0.9, beta_2=0.99, weight_decay=0.0, maximize=False
):
    """Lion, in place: p ← (1 − γ λ) p − γ sign(β₁ m + (1 − β₁) g), then m ← β₂ m + (1 − β₂) g; arguments are Keras's.

    The sign of NaN is 0.
    Source: Chen et al., Symbolic discovery of optimization algorithms, arXiv:2302.06675.
    """
    arrays("lion_update", parameter, grad, momentum=momentum)
    lr, decay = numbers_of("lion_update", learning_rate=learning_rate, weight_decay=weight_decay)
    beta1 = check.number("lion_update", "beta_1", beta_1, 0, math.nextafter(1, 0))
    beta2 = check.number("lion_update", "beta_2", beta_2, 0, math.nextafter(1, 0))
    views = flat(parameter, grad, momentum)
    numbers = lr, beta1, 1 - beta1, beta2, 1 - beta2, 1 - lr * decay, sign(maximize)
    kernel("updates.signs.lion")(*views, *numbers)
