"""A whole training step on the GPU: as it is, as a CUDA graph (training.capture), and by PyTorch in the same two ways.

A perceptron with dropout, and Adam. By the CPU's clock, over many steps and a wait at their end: what a graph saves is
the CPU's time, and where that is longer than the GPU's, the step's.
"""

import functools
import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import kernels, layers, training
from .gpu_rivals import recorded
from .steps import step_of
from .timing import Contender, Timing, race

BATCH, SIZES = 256, (784, 512, 512, 10)
OURS, OUR_GRAPH, TORCH, TORCH_GRAPH = "kernelwright", "kernelwright captured", "torch", "torch graph"


@dataclass
class Steps(Contender):
    """So many calls, and a wait for the GPU."""

    cupy: Any = None

    def sample(self, repeat: int) -> float:
        with self.context():
            self.wait()
            started = time.perf_counter()
            for _ in range(repeat):
                self.call()
            self.wait()
            return (time.perf_counter() - started) / repeat

    def wait(self) -> None:
        self.cupy.cuda.Device().synchronize()


def measure(device: Any, torch: Any, budget: float) -> dict[str, Timing]:
    """Everyone's seconds a step, by turns."""
    rng = np.random.default_rng(0)
    x, labels = rng.standard_normal((BATCH, SIZES[0]), np.float32), rng.integers(0, SIZES[-1], BATCH)
    calls = ours(x, labels, SIZES)
    if torch is not None:
        calls |= of_torch(torch, x, labels, SIZES)
    context = functools.partial(kernels.using, "cupy")
    entrants = {name: Steps(call, context, cupy=device.cupy) for name, call in calls.items()}
    for entrant in entrants.values():
        for _ in range(3):  # the second call records
            entrant.first()
    return race(entrants, budget, settle=0)


def ours(x: np.ndarray, labels: np.ndarray, sizes: tuple[int, ...]) -> dict[str, Callable[[], Any]]:
    """Each with a network of its own."""
    found = {}
    with kernels.using("cupy") as backend:
        given = [backend.from_numpy(array) for array in (x, labels)]
        for name, change in ((OURS, lambda step: step), (OUR_GRAPH, training.capture)):
            found[name] = functools.partial(change(_step(sizes)), *given)
    return found


def _step(sizes: tuple[int, ...]) -> Callable[[Any, Any], Any]:
    parts: list[Any] = []
    for inputs, outputs in itertools.pairwise(sizes):
        parts += [layers.Linear(inputs, outputs), layers.ReLU(), layers.Dropout(0.1)]
    net = layers.Sequential(*parts[:-2])
    return step_of(net, training.Adam(net.parameters(), lr=1e-3))


def of_torch(
    torch: Any, x: np.ndarray, labels: np.ndarray, sizes: tuple[int, ...], device: str = "cuda"
) -> dict[str, Callable[[], Any]]:
    given = [torch.from_numpy(array).to(device) for array in (x, labels)]

    def theirs(capturable: bool) -> Callable[[], Any]:
        parts: list[Any] = []
        for inputs, outputs in itertools.pairwise(sizes):
            parts += [torch.nn.Linear(inputs, outputs), torch.nn.ReLU(), torch.nn.Dropout(0.1)]
        net = torch.nn.Sequential(*parts[:-2]).to(device)
        optimizer = torch.optim.Adam(net.parameters(), lr=1e-3, fused=True, capturable=capturable)

        def step() -> Any:
            optimizer.zero_grad(set_to_none=True)
            loss = torch.nn.functional.cross_entropy(net(given[0]), given[1])
            loss.backward()
            optimizer.step()
            return loss

        return step

    found = {TORCH: theirs(False)}
    graph = recorded(torch, functools.partial(theirs, True)) if device == "cuda" else None
    if graph:
        found[TORCH_GRAPH] = graph
    return found
