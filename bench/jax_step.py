"""The MLP's training step in JAX: the same arithmetic, compiled as one function.

JAX's number of threads is one a CPU, for the whole process: where others are to use fewer it isn't measured.
"""

import importlib.metadata
from collections.abc import Callable
from typing import Any


def version() -> str | None:
    """JAX's version, or None where it isn't installed."""
    try:
        return importlib.metadata.version("jax")
    except importlib.metadata.PackageNotFoundError:
        return None


def training_step(starts: list, x: Any, labels: Any, lr: float) -> Callable[[], Any]:
    """A step with Adam from these parameters, weight and bias of each layer in turn; it returns the loss.

    The arrays of the last step are given up (donated) for those of the next: nothing is copied.
    """
    import jax
    from jax import numpy as jnp

    def scores(parameters: list, x: Any) -> Any:
        for weight, bias in zip(parameters[0:-2:2], parameters[1:-2:2]):
            x = jax.nn.relu(x @ weight.T + bias)
        return x @ parameters[-2].T + parameters[-1]

    def loss_of(parameters: list, x: Any, labels: Any) -> Any:
        logs = jax.nn.log_softmax(scores(parameters, x))
        return -jnp.take_along_axis(logs, labels[:, None], axis=1).mean()

    def adam(parameter: Any, grad: Any, first: Any, second: Any, t: Any) -> tuple[Any, Any, Any]:
        first = first + 0.1 * (grad - first)
        second = 0.999 * second + 0.001 * grad * grad
        root = jnp.sqrt(second / (1 - 0.999**t)) + 1e-8
        return parameter - lr * first / (1 - 0.9**t) / root, first, second

    def step(state: tuple, x: Any, labels: Any) -> tuple[tuple, Any]:
        parameters, firsts, seconds, t = state
        loss, grads = jax.value_and_grad(loss_of)(parameters, x, labels)
        t = t + 1
        changed = [adam(*each, t) for each in zip(parameters, grads, firsts, seconds)]
        parameters, firsts, seconds = map(list, zip(*changed))
        return (parameters, firsts, seconds, t), loss

    compiled = jax.jit(step, donate_argnums=0)
    parameters = [jnp.array(start) for start in starts]
    state = parameters, [jnp.zeros_like(p) for p in parameters], [jnp.zeros_like(p) for p in parameters], jnp.zeros(())
    x, labels = jnp.array(x), jnp.array(labels)

    def run() -> Any:
        nonlocal state
        state, loss = compiled(state, x, labels)
        return loss.block_until_ready()

    return run
