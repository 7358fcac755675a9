"""The activations in numexpr: an expression, forward and backward, as a call to be timed.

numexpr (https://numexpr.readthedocs.io) compiles an expression into a program for a machine of its own, which takes
the arrays a few thousand numbers at a time, by several threads. It has neither erf nor, here, anything that sums. A
number with a point would be a double to it, and make all of float32's arithmetic double: numbers that aren't whole
have names and the arrays' type.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ..kernels.operation import Operation, Sample

TANH = "tanh(root * (x + cubic * x * x * x))"  # of GELU
SIGMOID = "(1 / (1 + exp(-x)))"
MISH = "tanh(log1p(exp(x)))"
NAMED = {
    "root": math.sqrt(2 / math.pi),
    "cubic": 0.044715,
    "selu_alpha": 1.6732632423543772848170429916717,
    "selu_scale": 1.0507009873554804934193349852946,
}
# The other names are those of the arguments of the operation and of its gradient.
EXPRESSIONS = {
    "relu": ("where(x <= 0, 0, x)", "where(x <= 0, 0, grad)"),
    "leaky_relu": ("where(x > 0, x, negative_slope * x)", "where(x > 0, grad, negative_slope * grad)"),
    "rrelu": ("where(x > 0, x, slope * x)", "where(x > 0, grad, slope * grad)"),
    "relu6": ("where(x <= 0, 0, where(x > 6, 6, x))", "where((x <= 0) | (x >= 6), 0, grad)"),
    "relu_squared": ("where(x <= 0, 0, x * x)", "where(x <= 0, 0, 2 * grad * x)"),
    "threshold": ("where(x <= threshold, value, x)", "where(x <= threshold, 0, grad)"),
    "hardtanh": (
        "where(x < min_val, min_val, where(x > max_val, max_val, x))",
        "where((x <= min_val) | (x >= max_val), 0, grad)",
    ),
    "hardshrink": ("where(abs(x) <= lambd, 0, x)", "where(abs(x) <= lambd, 0, grad)"),
    "softshrink": ("where(x > lambd, x - lambd, where(x < -lambd, x + lambd, 0))", "where(abs(x) <= lambd, 0, grad)"),
    "hardsigmoid": ("where(x <= -3, 0, where(x >= 3, 1, (x + 3) / 6))", "where(abs(x) < 3, grad / 6, 0)"),
    "hardswish": (
        "where(x <= -3, 0, where(x >= 3, x, x * (x + 3) / 6))",
        "where(x <= -3, 0, where(x >= 3, grad, grad * (2 * x + 3) / 6))",
    ),
    "sparse_plus": (
        "where(x <= -1, 0, where(x >= 1, x, (x + 1) * (x + 1) / 4))",
        "where(x <= -1, 0, where(x >= 1, grad, grad * (x + 1) / 2))",
    ),
    "sparse_sigmoid": ("where(x <= -1, 0, where(x >= 1, 1, (x + 1) / 2))", "where(abs(x) < 1, grad / 2, 0)"),
    "sigmoid": ("1 / (1 + exp(-x))", "grad * y * (1 - y)"),
    "tanh": ("tanh(x)", "grad * (1 - y * y)"),
    "gelu": (
        f"x / 2 * (1 + {TANH})",
        f"grad / 2 * (1 + {TANH} + x * (1 - {TANH} * {TANH}) * root * (1 + 3 * cubic * x * x))",
    ),
    "elu": ("where(x > 0, x, alpha * expm1(x))", "where(x > 0, grad, grad * alpha * exp(x))"),
    "celu": ("where(x > 0, x, alpha * expm1(x / alpha))", "where(x > 0, grad, grad * exp(x / alpha))"),
    "selu": (
        "selu_scale * where(x > 0, x, selu_alpha * expm1(x))",
        "selu_scale * where(x > 0, grad, grad * selu_alpha * exp(x))",
    ),
    "silu": ("x / (1 + exp(-x))", f"grad * {SIGMOID} * (1 + x * (1 - {SIGMOID}))"),
    "mish": (f"x * {MISH}", f"grad * ({MISH} + x * (1 - {MISH} * {MISH}) * {SIGMOID})"),
    "softplus": (
        "where(beta * x > threshold, x, log1p(exp(beta * x)) / beta)",
        "where(beta * x > threshold, grad, grad / (1 + exp(-beta * x)))",
    ),
    "logsigmoid": ("where(x < 0, x, 0) - log1p(exp(-abs(x)))", "grad / (1 + exp(x))"),
    "softsign": ("x / (1 + abs(x))", "grad / ((1 + abs(x)) * (1 + abs(x)))"),
    "tanhshrink": ("x - tanh(x)", "grad * tanh(x) * tanh(x)"),
    "exponential": ("exp(x)", "grad * y"),
    "squareplus": ("(x + sqrt(x * x + b)) / 2", "grad * (1 + x / sqrt(x * x + b)) / 2"),
}


def knows(operation: Operation, sample: Sample) -> bool:
    """GELU by tanh alone: there is no erf."""
    by_erf = operation.bind(sample).get("approximate") == "none"
    return operation.name in EXPRESSIONS and not by_erf


def call(operation: Operation, direction: str, arguments: Mapping[str, Any], dtype: str) -> Callable[[], Any]:
    """numexpr.evaluate, which keeps the programs of expressions that it has met."""
    import numexpr

    expression = EXPRESSIONS[operation.name][direction == "backward"]
    numbers = {name: x for name, x in {**NAMED, **arguments}.items() if isinstance(x, float)}
    arrays = {name: x for name, x in arguments.items() if isinstance(x, np.ndarray)}
    values = {**arrays, **{name: np.dtype(dtype).type(x) for name, x in numbers.items()}}
    return lambda: numexpr.evaluate(expression, values, {})
