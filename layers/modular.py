"""Modular networks: modules that were trained apart, each for a task of its own, and something on top."""

from collections.abc import Sequence
from typing import Any

from .. import kernels
from ..kernels import check
from .module import Backward, Module
from .sequential import ModuleList


class Modular(Module):
    """A network of modules that are trained already and stay as they are, and of what is trained on top of them:

        y = combiner([module₁(x), module₂(x), …])         their outputs side by side, along the last axis
        y = Σᵢ pᵢ moduleᵢ(x), p = softmax(gate(x))        a mean whose weights depend on x

    Parameters
    ----------
    modules : several modules (n, in_features) → (n, out_features)
        They are frozen (`Module.freeze`), and run as in inference.
    combiner : Module, or
    gate : Module (n, in_features) → (n, number of modules)
        With a gate, all modules have the same out_features.

    It stands at the beginning of a network: there is no gradient by its input.

    Source: Jacobs et al., Adaptive Mixtures of Local Experts, Neural Computation 3, 1991, of gates; Auda and Kamel,
    Modular neural networks: a survey, 1999.
    """

    def __init__(self, modules: Sequence[Module], combiner: Module | None = None, *, gate: Module | None = None):
        self.modules = ModuleList(modules)
        if not len(self.modules):
            raise ValueError("Modular: there must be at least one module")
        if (combiner is None) == (gate is None):
            raise TypeError("Modular: either combiner or gate must be given")
        self.modules.freeze()
        self.combiner, self.gate = combiner, gate

    def __call__(self, x):
        return self._mean(x, self.gate(x))[0] if self.gate else self._top(self._joined(x))

    def forward(self, x):
        y, through = self._gated(x, self.gate) if self.gate else self._top.forward(self._joined(x))

        def backward(grad, input_gradient=True):
            if input_gradient:
                raise ValueError("Modular: there is no gradient by its input: walk back with input_gradient=False")
            through(grad, input_gradient=False)

        return y, backward

    @property
    def _top(self) -> Module:
        assert self.combiner is not None
        return self.combiner

    def _joined(self, x: Any) -> Any:
        """The modules' outputs side by side: (n, Σ out_features)."""
        outputs = [module(x) for module in self.modules]
        widths = [y.shape[-1] for y in outputs]
        joined, end = kernels.current().empty((len(x), sum(widths)), x.dtype), 0
        for y, width in zip(outputs, widths):
            joined[:, end : end + width] = y
            end += width
        return joined

    def _mean(self, x: Any, scores: Any) -> tuple[Any, Any, Any]:
        """The weighted mean of the modules' outputs, these (n, modules, out_features), and the weights."""
        outputs = [module(x) for module in self.modules]
        check.shape("Modular", "the gate's output", scores, (len(x), len(outputs)), "a score for each module")
        stacked = kernels.current().empty((len(x), len(outputs), outputs[0].shape[-1]), x.dtype)
        for i, y in enumerate(outputs):
            check.shape("Modular", f"the output of module {i}", y, outputs[0].shape, "as that of module 0")
            stacked[:, i] = y
        p = kernels.softmax(scores, 1)
        return kernels.matmul(p[:, None], stacked)[:, 0], stacked, p

    def _gated(self, x: Any, gate: Module) -> tuple[Any, Backward]:
        scores, gate_back = gate.forward(x)
        y, outputs, p = self._mean(x, scores)

        def backward(grad, input_gradient=True):
            slopes = kernels.matmul(outputs, grad[:, :, None])[:, :, 0]
            return gate_back(kernels.softmax_backward(slopes, p, 1), input_gradient)

        return y, backward
