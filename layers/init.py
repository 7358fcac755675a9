"""Initial values: PyTorch's torch.nn.init, with its names, arguments, defaults and rules.

    layers.init.kaiming_normal_(layer.weight, nonlinearity="relu")

Each function fills a parameter (or a NumPy array) in place and returns it. Numbers come from the Philox generator that
`manual_seed` sets, or from the NumPy generator given, and are drawn in double precision.
"""

import math
from typing import Any

import numpy as np

from ..kernels import check
from .initial import generator as current_generator
from .parameter import Buffer

__all__ = [
    "calculate_gain",
    "constant_",
    "dirac_",
    "eye_",
    "kaiming_normal_",
    "kaiming_uniform_",
    "normal_",
    "ones_",
    "orthogonal_",
    "sparse_",
    "trunc_normal_",
    "uniform_",
    "xavier_normal_",
    "xavier_uniform_",
    "zeros_",
]

Generator = np.random.Generator | None
LINEAR = ("linear", *(f"conv{kind}{n}d" for kind in ("", "_transpose") for n in (1, 2, 3)), "sigmoid")
GAINS = {**dict.fromkeys(LINEAR, 1.0), "tanh": 5 / 3, "relu": math.sqrt(2), "selu": 3 / 4}


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """By what factor weights before that nonlinearity are to be larger, so that variance is kept.

    1 for linear ones, convolutions and sigmoid, 5/3 for tanh, √2 for relu, √(2 / (1 + param²)) for leaky_relu
    (param = 0.01 if not given), 3/4 for selu.
    """
    check.choice("calculate_gain", "nonlinearity", nonlinearity, (*GAINS, "leaky_relu"))
    if nonlinearity == "leaky_relu":
        slope = 0.01 if param is None else check.number("calculate_gain", "param", param)
        return math.sqrt(2 / (1 + slope**2))
    return GAINS[nonlinearity]


def uniform_(tensor: Any, a: float = 0.0, b: float = 1.0, generator: Generator = None) -> Any:
    """Even draws from a to b."""
    return _fill(tensor, _drawing(generator).uniform(a, b, tensor.shape))


def normal_(tensor: Any, mean: float = 0.0, std: float = 1.0, generator: Generator = None) -> Any:
    """Draws from the normal distribution of that mean and standard deviation."""
    std = check.number("normal_", "std", std, 0)
    return _fill(tensor, mean + std * _drawing(generator).standard_normal(tensor.shape))


def trunc_normal_(
    tensor: Any, mean: float = 0.0, std: float = 1.0, a: float = -2.0, b: float = 2.0, generator: Generator = None
) -> Any:
    """Draws from the normal distribution, of those only that lie from a to b (not in units of std)."""
    std = check.number("trunc_normal_", "std", std, 0)
    if not (a < b and std > 0):
        raise ValueError(f"trunc_normal_: std is {std}, a is {a}, b is {b}: std must be above 0 and a below b")
    low, high = (a - mean) / std, (b - mean) / std
    drawing = _drawing(generator)
    found, wanted = np.empty(0), math.prod(tensor.shape)
    nearest = min(max(low, 0.0), high)
    likely = math.erf(high / math.sqrt(2)) - math.erf(low / math.sqrt(2)) > 0.5
    if not likely:  # beyond √(nearest² + 80) there is e⁻⁴⁰ of the density
        reach = math.sqrt(nearest**2 + 80)
        low, high = max(low, -reach), min(high, reach)
    while found.size < wanted:
        size = 2 * (wanted - found.size) + 16
        if likely:
            z = drawing.standard_normal(size)
            z = z[(z >= low) & (z <= high)]
        else:  # even draws, kept with the probability that their density is of the largest one
            z = drawing.uniform(low, high, size)
            z = z[drawing.uniform(size=size) < np.exp((nearest**2 - z * z) / 2)]
        found = np.concatenate([found, z])
    return _fill(tensor, np.clip(mean + std * found[:wanted], a, b).reshape(tensor.shape))


def constant_(tensor: Any, val: float) -> Any:
    """val everywhere."""
    return _fill(tensor, np.full(tensor.shape, val))


def ones_(tensor: Any) -> Any:
    """1 everywhere."""
    return constant_(tensor, 1.0)


def zeros_(tensor: Any) -> Any:
    """0 everywhere."""
    return constant_(tensor, 0.0)


def eye_(tensor: Any) -> Any:
    """The unit matrix: a Linear of this weight passes its input on, as far as it goes."""
    _axes("eye_", tensor, (2,))
    return _fill(tensor, np.eye(*tensor.shape))


def dirac_(tensor: Any, groups: int = 1) -> Any:
    """1 in the middle of the kernel from channel i to channel i, of each group, else 0: a convolution of this weight
    (out, in, …) passes its input on, as far as it goes."""
    _axes("dirac_", tensor, (3, 4, 5))
    if groups < 1 or tensor.shape[0] % groups:
        raise ValueError(f"dirac_: groups is {groups}, it must divide the first axis, {tensor.shape[0]}")
    values, outputs = np.zeros(tensor.shape), tensor.shape[0] // groups
    middle = tuple(size // 2 for size in tensor.shape[2:])
    for group in range(groups):
        for channel in range(min(outputs, tensor.shape[1])):
            values[(group * outputs + channel, channel, *middle)] = 1
    return _fill(tensor, values)


def xavier_uniform_(tensor: Any, gain: float = 1.0, generator: Generator = None) -> Any:
    """Even draws from −bound to bound = gain · √(6 / (fan_in + fan_out)).

    Source: Glorot and Bengio, Understanding the difficulty of training deep feedforward neural networks, 2010.
    """
    bound = gain * math.sqrt(6 / sum(_fans("xavier_uniform_", tensor)))
    return uniform_(tensor, -bound, bound, generator)


def xavier_normal_(tensor: Any, gain: float = 1.0, generator: Generator = None) -> Any:
    """Draws from the normal distribution of the standard deviation gain · √(2 / (fan_in + fan_out)).

    Source: Glorot and Bengio, Understanding the difficulty of training deep feedforward neural networks, 2010.
    """
    return normal_(tensor, 0, gain * math.sqrt(2 / sum(_fans("xavier_normal_", tensor))), generator)


def kaiming_uniform_(
    tensor: Any, a: float = 0, mode: str = "fan_in", nonlinearity: str = "leaky_relu", generator: Generator = None
) -> Any:
    """Even draws from −bound to bound = gain · √(3 / fan), with the gain of the nonlinearity (`a` is leaky_relu's
    slope) and fan the number of inputs ("fan_in") or outputs ("fan_out").

    Source: He et al., Delving Deep into Rectifiers, arXiv:1502.01852.
    """
    bound = math.sqrt(3) * _kaiming("kaiming_uniform_", tensor, a, mode, nonlinearity)
    return uniform_(tensor, -bound, bound, generator)


def kaiming_normal_(
    tensor: Any, a: float = 0, mode: str = "fan_in", nonlinearity: str = "leaky_relu", generator: Generator = None
) -> Any:
    """Draws from the normal distribution of the standard deviation gain / √fan, as for `kaiming_uniform_`.

    Source: He et al., Delving Deep into Rectifiers, arXiv:1502.01852.
    """
    return normal_(tensor, 0, _kaiming("kaiming_normal_", tensor, a, mode, nonlinearity), generator)


def orthogonal_(tensor: Any, gain: float = 1, generator: Generator = None) -> Any:
    """gain times a random matrix, (first axis, all others), of orthonormal rows or columns, whichever are fewer.

    Source: Saxe et al., Exact solutions to the nonlinear dynamics of learning in deep linear networks, arXiv:1312.6120.
    """
    if len(tensor.shape) < 2:
        raise ValueError(f"orthogonal_: tensor has the shape {tensor.shape}, it must have at least 2 axes")
    if not math.prod(tensor.shape):
        return tensor
    rows, columns = tensor.shape[0], math.prod(tensor.shape[1:])
    tall = _drawing(generator).standard_normal((max(rows, columns), min(rows, columns)))
    q, r = np.linalg.qr(tall)
    q = q * np.where(np.diag(r) < 0, -1, 1)  # makes every orthogonal matrix equally likely
    return _fill(tensor, gain * (q if rows >= columns else q.T).reshape(tensor.shape))


def sparse_(tensor: Any, sparsity: float, std: float = 0.01, generator: Generator = None) -> Any:
    """Draws from the normal distribution, and a share of each column, `sparsity`, rounded up, is 0.

    Source: Martens, Deep learning via Hessian-free optimization, 2010.
    """
    _axes("sparse_", tensor, (2,))
    sparsity, std = check.number("sparse_", "sparsity", sparsity, 0, 1), check.number("sparse_", "std", std, 0)
    drawing, (rows, columns) = _drawing(generator), tensor.shape
    values = std * drawing.standard_normal((rows, columns))
    for column in range(columns):
        values[drawing.permutation(rows)[: math.ceil(sparsity * rows)], column] = 0
    return _fill(tensor, values)


def _drawing(generator: Generator) -> np.random.Generator:
    return current_generator() if generator is None else generator


def _fill(tensor: Any, values: np.ndarray) -> Any:
    if isinstance(tensor, Buffer):
        tensor.data = values
    else:
        tensor[...] = values
    return tensor


def _axes(function: str, tensor: Any, allowed: tuple[int, ...]) -> None:
    if len(tensor.shape) not in allowed:
        numbers = ", ".join(map(str, allowed))
        raise ValueError(f"{function}: tensor has the shape {tensor.shape}, its axes must be {numbers}")


def _fans(function: str, tensor: Any) -> tuple[int, int]:
    """How many numbers an output is made from, and how many outputs an input takes part in."""
    shape = tensor.shape
    if len(shape) < 2:
        raise ValueError(f"{function}: tensor has the shape {shape}, it must have at least 2 axes")
    size = math.prod(shape[2:])
    return max(shape[1] * size, 1), max(shape[0] * size, 1)  # of an empty one, whatever


def _kaiming(function: str, tensor: Any, a: float, mode: str, nonlinearity: str) -> float:
    """The standard deviation."""
    check.choice(function, "mode", mode, ("fan_in", "fan_out"))
    fan = _fans(function, tensor)[mode == "fan_out"]
    return calculate_gain(nonlinearity, a) / math.sqrt(fan)
