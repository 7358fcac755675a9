"""The adaptive softmax: classes by falling frequency, the frequent ones at full width, the rare ones in clusters."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from .. import kernels
from .linear import Linear
from .module import Module
from .sequential import Sequential


class Output(NamedTuple):
    """The logarithm of each target's probability, and the loss: the mean of their negatives."""

    output: Any
    loss: Any


class AdaptiveLogSoftmaxWithLoss(Module):
    """log p(target), where class 0 is the most frequent and n_classes − 1 the rarest.

    The head tells the classes below cutoffs[0] apart, and the clusters cutoffs[i] … cutoffs[i + 1] − 1, each as one
    class of its own. Cluster i tells its classes apart from fewer features, in_features // div_value^(i + 1), and is
    computed only for the samples whose target lies in it:

        log p(c) = log head(c)                                      of a frequent class
        log p(c) = log head(cluster of c) + log tail(c | cluster)   of another

    `layer(x, target)` is `Output(output, loss)`; `layer.forward(x, target)` that and the way back, `backward(grad)`
    with the gradient of the loss, 1 if there is none. x is (N, in_features), target (N,) integers.

    Source: Grave et al., Efficient softmax approximation for GPUs, arXiv:1609.04309.
    """

    def __init__(
        self,
        in_features: int,
        n_classes: int,
        cutoffs: Sequence[int],
        div_value: float = 4.0,
        head_bias: bool = False,
        *,
        dtype: Any = np.float32,
    ):
        edges = [0, *cutoffs, n_classes]
        if len(edges) < 3 or any(int(a) != a or not a < b for a, b in pairwise(edges)):
            raise ValueError(
                f"AdaptiveLogSoftmaxWithLoss: cutoffs is {cutoffs!r}, "
                f"it must be rising integers from 1 to {n_classes - 1}"
            )
        self.n_classes, self.cutoffs = n_classes, edges[1:]
        self.head = Linear(in_features, edges[1] + len(edges) - 2, head_bias, dtype=dtype)
        widths = (int(in_features // div_value ** (i + 1)) for i in range(len(edges) - 2))
        self.tail = Sequential(
            *(
                Sequential(
                    Linear(in_features, width, False, dtype=dtype), Linear(width, high - low, False, dtype=dtype)
                )
                for width, (low, high) in zip(widths, pairwise(self.cutoffs))
            )
        )

    def __call__(self, x: Any, target: Any) -> Output:  # type: ignore[override]
        return self.forward(x, target)[0]

    def forward(self, x: Any, target: Any) -> tuple[Output, Any]:  # type: ignore[override]
        backend = kernels.current()
        labels = self._labels(x, target)
        inside = [(labels >= low) & (labels < high) for low, high in pairwise(self.cutoffs)]
        head_labels = labels.copy()
        parts = []
        for i, mask in enumerate(inside):
            head_labels[mask] = self.cutoffs[0] + i
            rows = np.flatnonzero(mask)
            if rows.size:
                parts.append((backend.from_numpy(rows), self.tail[i], labels[rows] - self.cutoffs[i]))
        output, backs = backend.empty(labels.shape, x.dtype), []
        output.fill(0)
        for rows, layer, wanted in [(slice(None), self.head, head_labels), *parts]:
            chosen = x[rows]
            logits, through = layer.forward(chosen)
            losses, gradient = kernels.cross_entropy_with_gradient(logits, backend.from_numpy(wanted), reduction="none")
            output[rows] -= losses
            backs.append((rows, through, gradient))

        def backward(grad: Any = 1.0, input_gradient: bool = True) -> Any:
            scale = x.dtype.type(grad) / x.dtype.type(max(len(labels), 1))
            total = None
            for rows, through, gradient in backs:
                part = through(gradient * scale, input_gradient=input_gradient)
                if total is None:
                    total = part
                elif input_gradient:
                    total[rows] += part
            return total

        return Output(output, -kernels.mean(output)), backward

    def log_prob(self, x: Any) -> Any:
        """log p of every class: (N, n_classes)."""
        head = kernels.log_softmax(self.head(x), 1)
        out = kernels.current().empty((x.shape[0], self.n_classes), x.dtype)
        first = self.cutoffs[0]
        out[:, :first] = head[:, :first]
        for i, (low, high) in enumerate(pairwise(self.cutoffs)):
            out[:, low:high] = kernels.log_softmax(self.tail[i](x), 1) + head[:, first + i, None]
        return out

    def predict(self, x: Any) -> Any:
        """The most probable class of each sample: (N,)."""
        return self.log_prob(x).argmax(1)

    def _labels(self, x: Any, target: Any) -> np.ndarray:
        name = type(self).__name__
        labels = kernels.current().to_numpy(target)
        if labels.dtype.kind not in "iu":
            raise TypeError(f"{name}: target must be integers, not {labels.dtype}")
        if x.ndim != 2 or labels.shape != x.shape[:1]:
            shapes = f"x has the shape {x.shape} and target {labels.shape}"
            raise ValueError(f"{name}: {shapes}: they must be (N, in_features) and (N,)")
        if labels.size and not (labels.min() >= 0 and labels.max() < self.n_classes):
            wrong = labels[(labels < 0) | (labels >= self.n_classes)][0]
            raise ValueError(f"{name}: target holds {wrong}, it must be from 0 to {self.n_classes - 1}")
        return labels.astype(np.int64)
