"""Kernels: the public functions, on the backend in use."""

from .activations import (
    gelu,
    gelu_backward,
    leaky_relu,
    leaky_relu_backward,
    relu,
    relu_backward,
    sigmoid,
    sigmoid_backward,
    tanh,
    tanh_backward,
)
from .backend import Unavailable, backend, backends, current, rung, use, using
from .matmul import column_sum, linear, linear_backward, matmul, matmul_backward
from .operation import CATALOG
from .updates import adam_update, rmsprop_update, sgd_update

__all__ = [
    "CATALOG",
    "Unavailable",
    "adam_update",
    "backend",
    "backends",
    "column_sum",
    "current",
    "gelu",
    "gelu_backward",
    "leaky_relu",
    "leaky_relu_backward",
    "linear",
    "linear_backward",
    "matmul",
    "matmul_backward",
    "relu",
    "relu_backward",
    "rmsprop_update",
    "rung",
    "sgd_update",
    "sigmoid",
    "sigmoid_backward",
    "tanh",
    "tanh_backward",
    "use",
    "using",
]
