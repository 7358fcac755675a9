"""Gradient clipping: PyTorch's names, arguments and results."""

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from ..kernels import capture, check
from ..layers import Parameter
from .flat import Flat


def gradients(parameters: Iterable[Parameter]) -> list[tuple[Any, Any]]:
    """(backend, gradients), each parameter's in one of them: a flat storage's as a whole if all of it is there."""
    unique = {id(parameter): parameter for parameter in parameters}
    found: list[tuple[Any, Any]] = []
    while unique:
        parameter = next(iter(unique.values()))
        storage = parameter.storage
        whole = isinstance(storage, Flat) and all(id(other) in unique for other in storage.parameters)
        if whole and not storage.strays():
            for other in storage.parameters:
                del unique[id(other)]
            found.append((parameter.backend, storage.grad))
        else:
            del unique[id(parameter)]
            found.append((parameter.backend, parameter.grad))
    return found


def _parameters(function: str, parameters: Any) -> list[tuple[Any, Any]]:
    parameters = [parameters] if isinstance(parameters, Parameter) else list(parameters)
    for parameter in parameters:
        if not isinstance(parameter, Parameter):
            raise TypeError(f"{function}: parameters must be as from network.parameters(), not {parameter!r}")
    return gradients(parameters)


def clip_grad_norm_(
    parameters: Iterable[Parameter] | Parameter,
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
) -> Any:
    """Shorten all gradients together, as one vector g, to the norm `max_norm`: g ← g min(1, max_norm / (‖g‖ + 10⁻⁶)).

    `norm_type` is 1, 2 or infinity. Returns ‖g‖ as it was before; in a captured step as an array without axes, for the
    CPU doesn't learn it there. The sum's order is fixed.
    Source: Pascanu et al., On the difficulty of training recurrent neural networks, arXiv:1211.5063.

    Raises
    ------
    RuntimeError
        The norm isn't finite, and `error_if_nonfinite`. Nothing has been changed.
    """
    max_norm = check.number("clip_grad_norm_", "max_norm", max_norm, low=0)
    check.choice("clip_grad_norm_", "norm_type", norm_type, (1, 2, math.inf))
    found = _parameters("clip_grad_norm_", parameters)
    if capture.now() and not error_if_nonfinite:
        return _clip_on_device(found, max_norm, norm_type)
    norms = [float(b.to_numpy(b.vector_norm(grad, norm_type))) for b, grad in found if grad.size]
    if any(math.isnan(norm) for norm in norms):
        total = math.nan
    elif norm_type == math.inf:
        total = max(norms, default=0.0)
    else:
        total = math.fsum(norm**norm_type for norm in norms) ** (1 / norm_type)
    if error_if_nonfinite and not math.isfinite(total):
        raise RuntimeError(f"clip_grad_norm_: the norm of the gradients is {total}")
    # As PyTorch's: min(NaN, 1) is NaN there, so that gradients of unknown length become NaN.
    factor = max_norm / (total + 1e-6)
    if not factor >= 1:
        for _, grad in found:
            grad *= factor
    return total


def _clip_on_device(found: list[tuple[Any, Any]], max_norm: float, norm_type: float) -> Any:
    """The same, in float64 as well, with nothing that the CPU would have to wait for."""
    total: Any = 0.0
    for backend, grad in found:
        if not grad.size:
            continue
        norm = backend.vector_norm(grad, norm_type).astype(np.float64)
        total = np.maximum(total, norm) if norm_type == math.inf else total + norm**norm_type
    total = total if norm_type == math.inf else total ** (1 / norm_type)
    factor = max_norm / (total + 1e-6)
    factor = np.where(factor >= 1, 1.0, factor)  # NaN stays
    for _, grad in found:
        grad *= factor.astype(grad.dtype)
    return total


def clip_grad_value_(parameters: Iterable[Parameter] | Parameter, clip_value: float) -> None:
    """Let no element of a gradient be beyond ±`clip_value`; NaN stays."""
    clip_value = check.number("clip_grad_value_", "clip_value", clip_value, low=0)
    for _, grad in _parameters("clip_grad_value_", parameters):
        grad.clip(-clip_value, clip_value, out=grad)
