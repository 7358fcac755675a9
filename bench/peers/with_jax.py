"""JAX (https://docs.jax.dev): the whole step compiled by jit, its parameters given up to it."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

PACKAGE, MODULE = "jax", "jax"


def make(network: str, parameters: list[np.ndarray], lr: float) -> tuple[Callable, Callable]:
    import jax
    from jax import lax, nn
    from jax import numpy as jnp

    def mlp(own: list[Any], x: Any) -> Any:
        weight, bias, weight2, bias2 = own
        return nn.relu(x @ weight.T + bias) @ weight2.T + bias2

    def block(x: Any, weight: Any, bias: Any) -> Any:
        x = nn.relu(lax.conv(x, weight, (1, 1), "SAME") + bias[:, None, None])
        return lax.reduce_window(x, -jnp.inf, lax.max, (1, 1, 2, 2), (1, 1, 2, 2), "VALID")

    def cnn(own: list[Any], x: Any) -> Any:
        x = block(block(x, *own[:2]), *own[2:4])
        return x.reshape(len(x), -1) @ own[4].T + own[5]

    net = jax.jit({"mlp": mlp, "cnn": cnn}[network])

    def loss_of(own: list[Any], images: Any, labels: Any) -> Any:
        return -jnp.take_along_axis(nn.log_softmax(net(own, images)), labels[:, None], 1).mean()

    @partial(jax.jit, donate_argnums=0)
    def update(own: list[Any], images: Any, labels: Any) -> Any:
        loss, gradients = jax.value_and_grad(loss_of)(own, images, labels)
        return loss, [parameter - lr * gradient for parameter, gradient in zip(own, gradients)]

    own = [jnp.asarray(parameter) for parameter in parameters]

    def step(images: np.ndarray, labels: np.ndarray) -> float:
        nonlocal own
        loss, own = update(own, images, labels)
        return float(loss)

    return step, lambda images: np.asarray(net(own, images))
