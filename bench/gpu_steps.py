"""Whole training steps on the GPU: as they are, as a CUDA graph (training.capture), and by PyTorch in three ways.

Two small networks of steps.py, a perceptron and the recipe's convolutional one. By the CPU's clock, over many steps and
a wait at their end: what a graph saves is the CPU's time, and where that is longer than the GPU's, the step's.
"""

import functools
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from .. import kernels, layers, training
from ..training.recipes import cnn
from . import steps
from .gpu_rivals import COMPILED, GRAPH, TORCH, recorded
from .timing import Contender, Timing, race

OURS, CAPTURED = "kernelwright", "kernelwright captured"


class Network(NamedTuple):
    """What both sides train."""

    batch: int
    shape: tuple[int, ...]  # of a sample
    ours: Callable[[], layers.Module]
    in_torch: Callable[[Any], Any]
    optimizer: str  # its name, here and there
    options: dict[str, Any]


NETWORKS = {
    "MLP": Network(64, steps.WIDTHS[:1], steps.mlp, lambda torch: steps.mlp(torch.nn), "Adam", {"lr": 1e-3}),
    "CNN": Network(
        128,
        (1, steps.SIDE, steps.SIDE),
        functools.partial(cnn.network, steps.SIDE, steps.CLASSES),
        steps.torch_cnn,
        "AdamW",
        steps.CNN_OPTIONS,
    ),
}


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


def measure(device: Any, torch: Any, budget: float) -> Iterator[tuple[str, Timing]]:
    """Everyone's seconds a step, by turns; torch.compile, which takes its time to compile, after all else."""
    for compiled in (False, True) if torch else (False,):
        for name, network in NETWORKS.items():
            calls = ours(network)
            if compiled:
                beside = f"{CAPTURED}, beside {COMPILED}"
                calls = {beside: calls[CAPTURED], COMPILED: of_torch(torch, network, compiled=True)}
            elif torch:
                calls[TORCH] = of_torch(torch, network)
                graph = recorded(torch, functools.partial(of_torch, torch, network, capturable=True))
                calls |= {GRAPH: graph} if graph else {}
            context = functools.partial(kernels.using, "cupy")
            entrants = {way: Steps(call, context, cupy=device.cupy) for way, call in calls.items()}
            for entrant in entrants.values():
                for _ in range(3):  # the second call records
                    entrant.first()
            for way, timing in race(entrants, budget, settle=0).items():
                yield f"{name}: {way}", timing


def ours(network: Network) -> dict[str, Callable[[], Any]]:
    """Each with parameters of its own."""
    with kernels.using("cupy") as backend:
        given = [backend.from_numpy(array) for array in steps.classification(network.batch, *network.shape)]
        found = {}
        for name, change in ((OURS, lambda step: step), (CAPTURED, training.capture)):
            net = network.ours()
            optimizer = getattr(training, network.optimizer)(net.parameters(), **network.options)
            found[name] = functools.partial(change(steps.step_of(net, optimizer)), *given)
    return found


def of_torch(
    torch: Any, network: Network, compiled: bool = False, capturable: bool = False, device: str = "cuda"
) -> Callable[[], Any]:
    net = network.in_torch(torch).to(device)
    make = getattr(torch.optim, network.optimizer)
    optimizer = make(net.parameters(), **network.options, fused=True, capturable=capturable)
    return steps.in_torch(torch, net, optimizer, *steps.classification(network.batch, *network.shape), compiled)
