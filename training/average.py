"""Averages of a network's weights over training, which often generalize better than the last ones."""

import copy
from collections.abc import Mapping
from typing import Any

from ..kernels import capture, check
from ..layers import Module
from .flat import gather, storage_of
from .optimizers.base import lerp


class AveragedModel:
    """A copy of a network, `module`, that holds the average of its weights as of each `update_parameters(model)`.

    With `decay` β it is an exponential moving average, a ← β a + (1 − β) p, PyTorch's get_ema_multi_avg_fn(β); without,
    all updates weigh the same (stochastic weight averaging). The first update takes the weights as they are.
    Buffers, such as running statistics, are copied at each update.
    Source: Polyak and Juditsky, 1992; Izmailov et al., Averaging weights leads to wider optima, arXiv:1803.05407.
    """

    def __init__(self, model: Module, decay: float | None = None):
        if decay is not None:
            decay = check.number("AveragedModel", "decay", decay, 0, 1)
        self.decay, self.n_averaged = decay, 0
        self.module = copy.deepcopy(model)
        self.flat = gather(self.module.parameters())

    def __call__(self, x: Any) -> Any:
        return self.module(x)

    def update_parameters(self, model: Module) -> None:
        """Take the model's weights into the average: one kernel, if they lie in one optimizer's storage."""
        capture.refuse("update_parameters", "call it outside, after it")
        theirs = model.parameters()
        if [p.shape for p in theirs] != [p.shape for p in self.flat.parameters]:
            raise ValueError("AveragedModel: update_parameters was given another network")
        weight = 1.0
        if self.n_averaged:
            weight = 1 / (self.n_averaged + 1) if self.decay is None else 1 - self.decay
        storage = storage_of(theirs)
        if storage:
            pairs = [(self.flat.data, storage.data)]
        else:
            pairs = [(own, parameter.data) for own, parameter in zip(self.flat.views(self.flat.data), theirs)]
        for average, data in pairs:
            if weight == 1:
                average[...] = data
            else:
                lerp(average, data, weight)
        for own, buffer in zip(self.module.buffers(), model.buffers(), strict=True):
            own.data = buffer.data
        self.n_averaged += 1

    def state_dict(self) -> dict[str, Any]:
        return {"n_averaged": self.n_averaged, "module": self.module.state_dict()}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        if set(state_dict) != {"n_averaged", "module"}:
            raise ValueError("load_state_dict: this isn't the state of an AveragedModel")
        self.module.load_state_dict(state_dict["module"])
        self.n_averaged = state_dict["n_averaged"]
