"""Whole training steps, ours and PyTorch's: from the gradients' reset to the changed parameters; they return the loss.

PyTorch's networks begin with our parameters, and its optimizers are its fused ones.
"""

import functools
import itertools
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from .. import layers, training
from ..kernels.operation import Draw
from ..training.recipes import cnn
from . import in_jax, jax_step
from .rivals import COMPILED, JAX, OURS, TORCH, Calls, Work

WIDTHS = (784, 256, 128, 10)
SIDE, CLASSES = 28, 10
CNN_OPTIONS: dict[str, Any] = {"lr": 2e-3, "weight_decay": 0.05}  # the recipe's


def classification(batch: int, *shape: int) -> tuple[np.ndarray, np.ndarray]:
    """Random samples of that shape, and random labels."""
    draw = Draw(0, np.float32)
    return draw.normal(batch, *shape), np.asarray(draw.rng.integers(0, CLASSES, batch))


def ours(net: layers.Module, optimizer: training.Optimizer, x: Any, labels: Any) -> Callable[[], Any]:
    return partial(step_of(net, optimizer), x, labels)


def step_of(net: layers.Module, optimizer: training.Optimizer) -> Callable[[Any, Any], Any]:
    """A step of training a classifier on such samples and labels."""
    criterion = layers.CrossEntropyLoss()

    def step(x: Any, labels: Any) -> Any:
        optimizer.zero_grad()
        scores, backward = net.forward(x)
        loss, loss_backward = criterion.forward(scores, labels)
        backward(loss_backward(), input_gradient=False)
        optimizer.step()
        return loss

    return step


def in_torch(torch: Any, net: Any, optimizer: Any, x: Any, labels: Any, compiled: bool = False) -> Callable[[], Any]:
    """`compiled` covers network, loss and their gradients; the optimizer is PyTorch's fused one either way."""
    criterion, device = torch.nn.CrossEntropyLoss(), next(net.parameters()).device
    x, labels = (torch.from_numpy(array).to(device) for array in (x, labels))

    def loss_of(x: Any, labels: Any) -> Any:
        return criterion(net(x), labels)

    if compiled:
        torch.compiler.reset()  # what it compiled for another batch, or another number of threads
        loss_of = torch.compile(loss_of, dynamic=False)

    def step() -> Any:
        optimizer.zero_grad()
        loss = loss_of(x, labels)
        loss.backward()
        optimizer.step()
        return loss

    return step


def _take_over(torch: Any, net: Any, state: dict[str, np.ndarray]) -> Any:
    net.load_state_dict({key: torch.from_numpy(value.copy()) for key, value in state.items()})
    return net


def mlp(module: Any = layers) -> Any:
    """Of our layers, or of torch.nn's."""
    pairs = list(itertools.pairwise(WIDTHS))
    linear = [module.Linear(*pair) for pair in pairs]
    return module.Sequential(*(part for layer in linear[:-1] for part in (layer, module.ReLU())), linear[-1])


def mlp_step(batch: int) -> Work:
    def calls(torch: Any, threads: int) -> Calls:
        x, labels = classification(batch, WIDTHS[0])
        net = mlp()
        state, starts = net.state_dict(), [parameter.numpy() for parameter in net.parameters()]
        found: Calls = {OURS: ours(net, training.Adam(net.parameters(), lr=1e-3), x, labels)}

        def make(compiled: bool) -> Callable[[], Any]:
            net = _take_over(torch, mlp(torch.nn), state)
            return in_torch(torch, net, torch.optim.Adam(net.parameters(), lr=1e-3, fused=True), x, labels, compiled)

        if torch:
            compiled = functools.cache(partial(make, compiled=True))
            found[TORCH] = make(compiled=False)
            found[COMPILED] = lambda: compiled()()  # made by the first call, which fails where there is no compiler
        if jax_step.version() and threads == in_jax.threads():
            in_one = functools.cache(partial(jax_step.training_step, starts, x, labels, 1e-3))
            found[JAX] = lambda: in_one()()
        return found

    return Work("MLP step with Adam", f"batch {batch}", calls, autograd=True)


def cnn_ours(batch: int) -> tuple[layers.Module, Callable[[], Any]]:
    """The network of the recipe, and its step."""
    net = cnn.network(SIDE, CLASSES)
    optimizer = training.AdamW(net.parameters(), **CNN_OPTIONS)
    return net, ours(net, optimizer, *classification(batch, 1, SIDE, SIDE))


def torch_cnn(torch: Any) -> Any:
    """The same network of PyTorch's."""
    nn, widths = torch.nn, (1, 32, 64, 128)
    blocks = [
        (nn.Conv2d(*pair, 3, padding=1, bias=False), nn.MaxPool2d(2), nn.BatchNorm2d(pair[1]), nn.ReLU())
        for pair in itertools.pairwise(widths)
    ]
    end = nn.Flatten(), nn.Dropout(0.25), nn.Linear(widths[-1] * (SIDE // 8) ** 2, CLASSES)
    return nn.Sequential(*itertools.chain(*blocks), *end)


def cnn_in_torch(torch: Any, batch: int, state: dict[str, np.ndarray] | None = None) -> Callable[[], Any]:
    """Its step, from that `state_dict` on."""
    net = torch_cnn(torch)
    if state:
        _take_over(torch, net, state)
    optimizer = torch.optim.AdamW(net.parameters(), **CNN_OPTIONS, fused=True)
    return in_torch(torch, net, optimizer, *classification(batch, 1, SIDE, SIDE))


def cnn_step(batch: int) -> Work:
    """The recipe's network, loss and optimizer; each side's Dropout draws by its own generator."""

    def calls(torch: Any, threads: int) -> Calls:
        net, step = cnn_ours(batch)
        found: Calls = {OURS: step}
        if torch:
            found[TORCH] = cnn_in_torch(torch, batch, net.state_dict())
        return found

    return Work("CNN step with AdamW", f"batch {batch}", calls, autograd=True)


def trainings(quick: bool) -> Iterator[Work]:
    yield mlp_step(64)
    if not quick:
        yield mlp_step(1024)
        yield cnn_step(128)


WORK = {"training": trainings}
