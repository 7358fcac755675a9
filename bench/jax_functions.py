"""The catalog's operations in JAX, as its users write them with jax.nn, jax.numpy and jax.lax.

Importing this imports JAX. Each takes our function's arguments; of its options those that the benchmark's sizes use.
Not here: what JAX does otherwise (dropout's masks, maxima's places) or has no function for (sorting tokens to experts).
"""

from collections.abc import Callable
from typing import Any

import jax
from jax import lax, nn
from jax import numpy as jnp


def along_channels(parameter: Any, x: Any) -> Any:
    """Of shape (C,), to go with (N, C, …)."""
    return parameter.reshape(-1, *(1,) * (x.ndim - 2))


def halves(gate: Callable[[Any], Any]) -> Callable[..., Any]:
    def function(x: Any, axis: int = -1) -> Any:
        a, b = jnp.split(x, 2, axis)
        return a * gate(b)

    return function


def softplus(x: Any, beta: float = 1.0, threshold: float = 20.0) -> Any:
    return jnp.where(beta * x > threshold, x, nn.softplus(beta * x) / beta)


ACTIVATIONS = {
    "relu": nn.relu,
    "leaky_relu": nn.leaky_relu,
    "sigmoid": nn.sigmoid,
    "tanh": jnp.tanh,
    "gelu": lambda x, approximate="none": nn.gelu(x, approximate == "tanh"),
    "glu": nn.glu,
    "swiglu": halves(nn.silu),
    "geglu": halves(lambda b: nn.gelu(b, False)),
    "reglu": halves(nn.relu),
    "hardshrink": lambda x, lambd=0.5: jnp.where(jnp.abs(x) > lambd, x, 0),
    "softshrink": lambda x, lambd=0.5: jnp.sign(x) * nn.relu(jnp.abs(x) - lambd),
    "hardsigmoid": nn.hard_sigmoid,
    "hardswish": nn.hard_swish,
    "hardtanh": lambda x, min_val=-1.0, max_val=1.0: jnp.clip(x, min_val, max_val),
    "relu6": nn.relu6,
    "threshold": lambda x, threshold, value: jnp.where(x > threshold, x, value),
    "relu_squared": lambda x: jnp.square(nn.relu(x)),
    "sparse_plus": nn.sparse_plus,
    "sparse_sigmoid": nn.sparse_sigmoid,
    "prelu": lambda x, weight: jnp.where(x > 0, x, along_channels(weight, x) * x),
    "rrelu": lambda x, slope: jnp.where(x > 0, x, slope * x),
    "elu": nn.elu,
    "celu": nn.celu,
    "selu": nn.selu,
    "silu": nn.silu,
    "mish": nn.mish,
    "softplus": softplus,
    "logsigmoid": nn.log_sigmoid,
    "softsign": nn.soft_sign,
    "tanhshrink": lambda x: x - jnp.tanh(x),
    "exponential": jnp.exp,
    "squareplus": nn.squareplus,
}


def normalized(x: Any, axes: tuple[int, ...], eps: float) -> Any:
    mean = x.mean(axes, keepdims=True)
    variance = jnp.square(x - mean).mean(axes, keepdims=True)
    return (x - mean) * lax.rsqrt(variance + eps)


def rms_norm(x: Any, normalized_shape: int, weight: Any, eps: float | None = None) -> Any:
    added = float(jnp.finfo(x.dtype).eps) if eps is None else eps
    return x * lax.rsqrt(jnp.square(x).mean(-1, keepdims=True) + added) * weight


def batch_norm(x: Any, mean: None, variance: None, weight: Any, bias: Any, training: bool) -> Any:
    y = normalized(x, (0, *range(2, x.ndim)), 1e-5)
    return y * along_channels(weight, x) + along_channels(bias, x)


def group_norm(x: Any, num_groups: int, weight: Any, bias: Any) -> Any:
    y = normalized(x.reshape(len(x), num_groups, -1), (2,), 1e-5).reshape(x.shape)
    return y * along_channels(weight, x) + along_channels(bias, x)


ROWS = {
    "sum": jnp.sum,
    "mean": jnp.mean,
    "amax": jnp.max,
    "amin": jnp.min,
    "softmax": nn.softmax,
    "log_softmax": nn.log_softmax,
    "softmin": lambda x, axis=-1: nn.softmax(-x, axis),
    "layer_norm": lambda x, normalized_shape, weight, bias: normalized(x, (-1,), 1e-5) * weight + bias,
    "rms_norm": rms_norm,
    "batch_norm": batch_norm,
    "group_norm": group_norm,
    "instance_norm": lambda x, mean, variance, weight, bias: group_norm(x, x.shape[1], weight, bias),
    "vector_norm": lambda x, ord=2.0: jnp.linalg.norm(x.ravel(), ord),
}


def convolution(x: Any, weight: Any, stride: int = 1, padding: int = 0, groups: int = 1) -> Any:
    spatial = x.ndim - 2
    around = [(padding, padding)] * spatial
    return lax.conv_general_dilated(x, weight, (stride,) * spatial, around, feature_group_count=groups)


def transposed(x: Any, weight: Any, stride: int = 1, padding: int = 0, groups: int = 1) -> Any:
    """A convolution of x with zeros between its elements; weight is (C_in, C_out, …)."""
    assert groups == 1
    spatial = x.ndim - 2
    turned = jnp.flip(weight, range(2, weight.ndim)).swapaxes(0, 1)
    around = [(size - 1 - padding,) * 2 for size in weight.shape[2:]]
    return lax.conv_general_dilated(x, turned, (1,) * spatial, around, lhs_dilation=(stride,) * spatial)


def avg_pool(x: Any, kernel_size: int) -> Any:
    window = (1, 1, *(kernel_size,) * (x.ndim - 2))
    return lax.reduce_window(x, 0.0, lax.add, window, window, "VALID") / kernel_size ** (x.ndim - 2)


def global_avg_pool(x: Any, output_size: int) -> Any:
    assert output_size == 1
    return x.mean(range(2, x.ndim), keepdims=True)


def pad(x: Any, pad: tuple[int, ...]) -> Any:
    """The last axis's widths first, as in PyTorch."""
    of_axes = [(0, 0)] * (x.ndim - len(pad) // 2) + list(zip(pad[::2], pad[1::2]))[::-1]
    return jnp.pad(x, of_axes)


def interpolate(x: Any, size: None, scale_factor: int, mode: str) -> Any:
    shape = (*x.shape[:2], *(n * scale_factor for n in x.shape[2:]))
    return jax.image.resize(x, shape, mode)


IMAGES = {
    **{f"conv{n}d": convolution for n in (1, 2, 3)},
    **{f"conv_transpose{n}d": transposed for n in (1, 2, 3)},
    **{f"avg_pool{n}d": avg_pool for n in (1, 2, 3)},
    **{f"adaptive_avg_pool{n}d": global_avg_pool for n in (1, 2, 3)},
    "pad": pad,
    "interpolate": interpolate,
}


def attention(query: Any, key: Any, value: Any, is_causal: bool = False) -> Any:
    """jax.nn's has its arrays as (batch, positions, heads, width)."""
    q, k, v = (x.swapaxes(1, 2) for x in (query, key, value))
    return nn.dot_product_attention(q, k, v, is_causal=is_causal).swapaxes(1, 2)


def squared_distances(x1: Any, x2: Any) -> Any:
    one, other = jnp.square(x1).sum(1), jnp.square(x2).sum(1)
    return nn.relu(one[:, None] + other - 2 * x1 @ x2.T)


def rnn(gates: Any, weight_hh: Any, bias_hh: Any, h0: Any) -> Any:
    def step(h: Any, gates: Any) -> tuple[Any, Any]:
        h = jnp.tanh(gates + h @ weight_hh.T + bias_hh)
        return h, h

    return lax.scan(step, h0, gates)[1]


def lstm(gates: Any, weight_hh: Any, bias_hh: Any, h0: Any, c0: Any) -> Any:
    def step(state: tuple[Any, Any], gates: Any) -> tuple[tuple[Any, Any], Any]:
        h, c = state
        i, f, g, o = jnp.split(gates + h @ weight_hh.T + bias_hh, 4, 1)
        c = nn.sigmoid(f) * c + nn.sigmoid(i) * jnp.tanh(g)
        h = nn.sigmoid(o) * jnp.tanh(c)
        return (h, c), h

    return lax.scan(step, (h0, c0), gates)[1]


def gru(gates: Any, weight_hh: Any, bias_hh: Any, h0: Any) -> Any:
    def step(h: Any, gates: Any) -> tuple[Any, Any]:
        (r, z, n), (from_r, from_z, from_h) = jnp.split(gates, 3, 1), jnp.split(h @ weight_hh.T + bias_hh, 3, 1)
        z = nn.sigmoid(z + from_z)
        h = (1 - z) * jnp.tanh(n + nn.sigmoid(r + from_r) * from_h) + z * h
        return h, h

    return lax.scan(step, h0, gates)[1]


PRODUCTS = {
    "matmul": jnp.matmul,
    "linear": lambda x, weight, bias: x @ weight.T + bias,
    "column_sum": lambda x: x.sum(0),
    "transpose": lambda x: x.swapaxes(-1, -2),
    "embedding": lambda input, weight: weight[input],
    "squared_distances": squared_distances,
    "radial_basis": lambda x, centres, widths: jnp.exp(-squared_distances(x, centres) / jnp.square(widths)),
    "scaled_dot_product_attention": attention,
    "rnn": rnn,
    "lstm": lstm,
    "gru": gru,
}


def of_label(x: Any, target: Any) -> Any:
    return jnp.take_along_axis(x, target[:, None], 1)[:, 0]


def huber(input: Any, target: Any) -> Any:
    d = jnp.abs(input - target)
    return jnp.where(d < 1, 0.5 * jnp.square(d), d - 0.5).mean()


def bce(input: Any, target: Any) -> Any:
    logs = jnp.maximum(jnp.log(input), -100), jnp.maximum(jnp.log1p(-input), -100)
    return -(target * logs[0] + (1 - target) * logs[1]).mean()


def with_logits(x: Any, target: Any) -> Any:
    return nn.relu(x) - x * target + jnp.log1p(jnp.exp(-jnp.abs(x)))


def gaussian_nll(input: Any, target: Any, var: Any) -> Any:
    # As in PyTorch, the clamp doesn't show in the gradient.
    clamped = var + lax.stop_gradient(jnp.maximum(var, 1e-6) - var)
    return 0.5 * (jnp.log(clamped) + jnp.square(input - target) / clamped).mean()


LOSSES = {
    "cross_entropy": lambda x, target: -of_label(nn.log_softmax(x), target).mean(),
    "nll_loss": lambda x, target: -of_label(x, target).mean(),
    "binary_cross_entropy": bce,
    "binary_cross_entropy_with_logits": lambda x, target: with_logits(x, target).mean(),
    "multilabel_soft_margin_loss": lambda x, target: with_logits(x, target).mean(),
    "soft_margin_loss": lambda x, target: nn.softplus(-target * x).mean(),
    "hinge_embedding_loss": lambda x, target: jnp.where(target == 1, x, nn.relu(1 - x)).mean(),
    "margin_ranking_loss": lambda input1, input2, target: nn.relu(-target * (input1 - input2)).mean(),
    "l1_loss": lambda input, target: jnp.abs(input - target).mean(),
    "mse_loss": lambda input, target: jnp.square(input - target).mean(),
    "huber_loss": huber,
    "smooth_l1_loss": huber,
    "kl_div": lambda input, target: (jax.scipy.special.xlogy(target, target) - target * input).mean(),
    "poisson_nll_loss": lambda input, target: (jnp.exp(input) - target * input).mean(),
    "gaussian_nll_loss": gaussian_nll,
}

FUNCTIONS: dict[str, Callable[..., Any]] = {**ACTIVATIONS, **ROWS, **IMAGES, **PRODUCTS, **LOSSES}
