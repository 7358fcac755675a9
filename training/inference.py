"""What a network says of a data set, and how good that is."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from .. import kernels
from ..layers import Module
from .data import batches
from .loader import DataLoader

Metric = Callable[[Any, Any], Any]


def predict(network: Module, images: np.ndarray, batch_size: int = 1000) -> np.ndarray:
    """The outputs for all images, such as scores (n, classes), as a NumPy array."""
    backend = kernels.current()
    parts = batches(len(images), batch_size)
    return np.concatenate([backend.to_numpy(network(backend.from_numpy(images[part]))) for part in parts])


def evaluate(
    network: Module,
    criterion: Any,
    data: DataLoader | Sequence[np.ndarray],
    metrics: Mapping[str, Metric] | None = None,
) -> dict[str, float]:
    """The mean loss of all samples, as {"loss": …}, and the metrics of all outputs and targets together.

    `data` is a loader, or the images and their targets.
    """
    loader, backend = data if isinstance(data, DataLoader) else DataLoader(data, 1000), kernels.current()
    if not len(loader):
        raise ValueError("evaluate: there are no samples")
    total, samples, kept = 0.0, 0, []
    for batch in loader.batches(0):
        x, target = (backend.from_numpy(array) for array in batch)
        output = network(x)
        total += float(criterion(output, target)) * len(x)
        samples += len(x)
        if metrics:
            kept.append((backend.to_numpy(output), batch[1]))
    found = {"loss": total / samples}
    if metrics:
        outputs, targets = (np.concatenate(arrays) for arrays in zip(*kept))
        # On the CPU: a metric looks at each number once.
        found |= {name: float(metric(outputs, targets)) for name, metric in metrics.items()}
    return found
