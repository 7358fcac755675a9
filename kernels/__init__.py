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
from .operation import CATALOG
