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
from .backend import Backend, Unavailable, backend, backends, current, rung, use, using
from .cache import location as cache_location
from .losses import (
    binary_cross_entropy_with_logits,
    binary_cross_entropy_with_logits_with_gradient,
    cross_entropy,
    cross_entropy_with_gradient,
    mse_loss,
    mse_loss_with_gradient,
)
from .matmul import column_sum, linear, linear_backward, matmul, matmul_backward
from .normalization import (
    layer_norm,
    layer_norm_backward,
    layer_norm_with_statistics,
    rms_norm,
    rms_norm_backward,
)
from .operation import CATALOG
from .reductions import amax, amax_backward, amin, amin_backward, mean, mean_backward, sum_backward
from .reductions import sum as sum  # not in __all__: `import *` shall not hide Python's own
from .softmax import log_softmax, log_softmax_backward, softmax, softmax_backward
from .threads import get_threads, set_threads
from .updates import adam_update, rmsprop_update, sgd_update
from .updates.adaptive import (
    adadelta_update,
    adagrad_update,
    adamax_update,
    ftrl_update,
    nadam_update,
    radam_update,
)
from .updates.averaging import asgd_update, schedule_free_update
from .updates.norm import vector_norm
from .updates.signs import lion_update, rprop_update

__all__ = [
    "CATALOG",
    "Backend",
    "Unavailable",
    "adadelta_update",
    "adagrad_update",
    "adam_update",
    "adamax_update",
    "amax",
    "amax_backward",
    "amin",
    "amin_backward",
    "asgd_update",
    "backend",
    "backends",
    "binary_cross_entropy_with_logits",
    "binary_cross_entropy_with_logits_with_gradient",
    "cache_location",
    "column_sum",
    "cross_entropy",
    "cross_entropy_with_gradient",
    "current",
    "ftrl_update",
    "gelu",
    "gelu_backward",
    "get_threads",
    "layer_norm",
    "layer_norm_backward",
    "layer_norm_with_statistics",
    "leaky_relu",
    "leaky_relu_backward",
    "linear",
    "linear_backward",
    "lion_update",
    "log_softmax",
    "log_softmax_backward",
    "matmul",
    "matmul_backward",
    "mean",
    "mean_backward",
    "mse_loss",
    "mse_loss_with_gradient",
    "nadam_update",
    "radam_update",
    "relu",
    "relu_backward",
    "rms_norm",
    "rms_norm_backward",
    "rmsprop_update",
    "rprop_update",
    "rung",
    "schedule_free_update",
    "set_threads",
    "sgd_update",
    "sigmoid",
    "sigmoid_backward",
    "softmax",
    "softmax_backward",
    "sum_backward",
    "tanh",
    "tanh_backward",
    "use",
    "using",
    "vector_norm",
]
