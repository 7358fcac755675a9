"""Distances between rows, and functions of them: the layer of a radial basis network.

A row x and a centre c are ‖x − c‖² = Σₖ (xₖ − cₖ)² apart. Kernels give the squares, for a root would have to be squared
again by nearly everything that follows; a radial function is applied while they are at hand.
"""

import math
from typing import Any

from .. import check
from ..backend import current, kernel
from ..matmul import column_sum, matmul
from ..operation import Cost, Draw, Sample, operation
from ..reductions import sum as total

# φ(r) of radial_basis. A kernel gets the place in this tuple; the first is r² itself.
FUNCTIONS = ("squared", "gaussian", "multiquadric", "inverse_multiquadric", "thin_plate")
_TORCH = {
    "gaussian": lambda torch, u: torch.exp(-u),
    "multiquadric": lambda torch, u: torch.sqrt(1 + u),
    "inverse_multiquadric": lambda torch, u: torch.rsqrt(1 + u),
    "thin_plate": lambda torch, u: 0.5 * torch.xlogy(u, u),
}

# Rows, features, centres: one, nothing, a prime, around a tile of the GPU's, few features and many.
SHAPES = ((1, 1, 1), (0, 3, 4), (3, 0, 4), (3, 4, 0), (13, 2, 37), (66, 17, 65))


def _near(draw: Draw, rows: int, features: int, centres: int):
    """Rows close to centres and far from 0, where ‖x‖² − 2 x·c + ‖c‖² would have lost most of its digits."""
    c = draw.normal(centres, features) + 300
    return c[draw.rng.integers(0, centres, rows)] + draw.normal(rows, features, scale=0.1), c


def _pairs(draw: Draw):
    """(note, x, centres, whether it is smooth)."""
    for rows, features, centres in SHAPES:
        note = f"{rows}×{features}, {centres} centres"
        yield note, draw.normal(rows, features), draw.normal(centres, features), True
    yield "one row", draw.normal(5), draw.normal(3, 5), True
    yield "leading axes", draw.normal(2, 3, 5), draw.normal(4, 5), True
    yield "strided", draw.normal(6, 40, layout="strided"), draw.normal(7, 40, layout="transposed"), True
    yield "near each other, far from 0", *_near(draw, 9, 40, 5), True
    x = draw.normal(5, 40)
    x[2, 3] = math.nan
    yield "NaN", x, draw.normal(18, 40), False


def _samples(draw: Draw):
    for rows, features, other in ((0, 3, 4), (3, 0, 4), (5, 3, 18), (4, 40, 5)):
        yield Sample((draw.normal(rows, features), draw.normal(other, features)), note=f"{rows}×{features}, {other}")
    yield Sample((draw.normal(5), draw.normal(3, 5)), note="one row")
    x = draw.normal(3, 40)
    yield Sample((x, x), smooth=False, note="distances of 0")


def _radial_samples(draw: Draw):
    for number, (note, x, centres, smooth) in enumerate(_pairs(draw)):
        widths = draw.uniform(centres.shape[0], low=0.5, high=1.5) * draw.dtype.type(math.sqrt(centres.shape[1] + 1))
        function = FUNCTIONS[1:][number % 4]
        yield Sample((x, centres, widths, function), smooth=smooth, note=f"{function}, {note}")
    x, centres = draw.normal(7, 3), draw.normal(5, 3)
    for function in FUNCTIONS[1:]:
        yield Sample((centres, centres, None, function), smooth=False, note=f"{function}, distances of 0")
    yield Sample((x, centres), note="no widths")


def _cost(x, centres, *_, **__):
    """A difference, its square and a sum for each feature of each pair."""
    pairs = x.size // max(x.shape[-1], 1) * centres.shape[0]
    return Cost(3 * pairs * x.shape[-1], x.nbytes + centres.nbytes + pairs * x.dtype.itemsize)


def _backward_cost(x, centres, *_, **__):
    """Two products, and an element of three matrices for each pair."""
    pairs = x.size // max(x.shape[-1], 1) * centres.shape[0]
    size = 2 * (x.nbytes + centres.nbytes) + 3 * pairs * x.dtype.itemsize
    return Cost(4 * pairs * x.shape[-1], size)


WORKLOADS = {"1024×64, 300": (1024, 64, 300), "4096×2, 100": (4096, 2, 100), "1024×784, 512": (1024, 784, 512)}


def _operation(**more: Any):
    return operation(
        cost=_cost,
        backward_cost=_backward_cost,
        workloads=WORKLOADS,
        kernel="distance",
        rtol=2e-5,
        atol=2e-5,
        why="sums of up to 40 squares, of which a product may have lost 3 bits; gradients are sums of up to 66 terms "
        "of either sign",
        **more,
    )


@_operation(
    formula="yᵢⱼ = φ(‖xᵢ − cⱼ‖ / wⱼ)",
    samples=_radial_samples,
    example=lambda draw, rows, features, centres: Sample(
        (
            draw.normal(rows, features),
            draw.normal(centres, features),
            draw.uniform(centres, low=0.5, high=1.5) * draw.dtype.type(math.sqrt(max(features, 1))),
        )
    ),
    differentiable=("x", "centres", "widths"),
    torch=lambda torch, x, centres, widths=None, function="gaussian": _TORCH[function](
        torch, _torch_squares(torch, x, centres) / (1 if widths is None else widths.square())
    ),
)
def radial_basis(x, centres, widths=None, function="gaussian", *, out=None):
    """Functions of the distance from centres: yᵢⱼ = φ(r), r = ‖xᵢ − cⱼ‖ / wⱼ.

    Parameters
    ----------
    x : array (..., features)
    centres : array (centres, features), of the dtype of `x`
    widths : array (centres,), optional
        Only its square counts; 1 without one. One that is 0 makes NaN where x is the centre, and r infinite elsewhere.
    function : "gaussian", "multiquadric", "inverse_multiquadric" or "thin_plate"
        φ(r) = exp(−r²), √(1 + r²), 1 / √(1 + r²), r² log r (0 at 0).
    out : array (..., centres), optional

    The squared distance is Σₖ (xₖ − cₖ)², or, where there are many features, on the CPU ‖x‖² + ‖c‖² − 2 x·c, a product
    of matrices, but not for pairs where that is less than an eighth of ‖x‖² + ‖c‖²: for those the squares are summed
    after all. So no more than 3 bits are lost, however near x is to a centre and however far both are from 0: of up to
    784 features float32 was right to 5e-6 of the distance.

    Sources: Broomhead and Lowe, Multivariable Functional Interpolation and Adaptive Networks, 1988; Duchon, Splines
    minimizing rotation-invariant semi-norms in Sobolev spaces, 1977, of the thin plate.
    """
    return _radial("radial_basis", x, centres, widths, function, out, False)[0]


def radial_basis_with_distances(x, centres, widths=None, function="gaussian", *, out=None):
    """`radial_basis`, and the squared distances (..., centres), which spare `radial_basis_backward` a product."""
    return _radial("radial_basis_with_distances", x, centres, widths, function, out, True)


def radial_basis_backward(grad, x, centres, widths=None, function="gaussian", distances=None, *, input_gradient=True):
    """The gradients of `radial_basis` by x, centres and widths (None without any).

    With u = r² and hᵢⱼ = gradᵢⱼ · 2 φ′(u) / wⱼ²: ∂xᵢ = Σⱼ hᵢⱼ (xᵢ − cⱼ), ∂cⱼ = Σᵢ hᵢⱼ (cⱼ − xᵢ) and
    ∂wⱼ = −wⱼ Σᵢ hᵢⱼ u. The first two are products with h, of rows counted from the middle of the centres: what all
    share takes nothing from their accuracy. At a centre the thin plate's gradient is 0.

    `distances` are those of `radial_basis_with_distances`; without them they are computed again. Without
    `input_gradient` the first is None and its product is not computed.
    """
    name = "radial_basis_backward"
    shape = _check(name, x, centres, widths, function)
    check.same_dtype(name, "grad", grad, "x", x)
    check.shape(name, "grad", grad, shape, "as the output")
    if distances is None:
        distances = squared_distances(x, centres)
    check.like(name, "distances", distances, "grad", grad)
    pairs, count = (math.prod(shape[:-1]), shape[-1]), shape[-1]
    new = current().empty
    pull, pulls = new(pairs, x.dtype), new((count,), x.dtype)
    grad_widths = new((0 if widths is None else count,), x.dtype)
    given = (check.contiguous(array).reshape(pairs) for array in (grad, distances))
    kernel("distance.slopes")(*given, _or_nothing(widths, x), FUNCTIONS.index(function), pull, pulls, grad_widths)
    grad_x, grad_centres = _pulled(pull, pulls, x, centres, input_gradient)
    return grad_x, grad_centres, None if widths is None else grad_widths


@_operation(
    formula="yᵢⱼ = ‖aᵢ − bⱼ‖²",
    samples=_samples,
    example=lambda draw, rows, features, centres: Sample((draw.normal(rows, features), draw.normal(centres, features))),
    differentiable=("x1", "x2"),
    torch=lambda torch, x1, x2: _torch_squares(torch, x1, x2),
)
def squared_distances(x1, x2, *, out=None):
    """The squared distance of each row of x1 from each of x2: yᵢⱼ = Σₖ (aᵢₖ − bⱼₖ)², PyTorch's cdist(x1, x2)².

    Parameters
    ----------
    x1 : array (..., features)
    x2 : array (rows, features), of the dtype of `x1`
    out : array (..., rows), optional

    Its accuracy is that of `radial_basis`; that of a row from itself is exactly 0.
    """
    name = "squared_distances"
    shape = _check_rows(name, "x1", x1, "x2", x2)
    out = check.output(name, out, shape, x1.dtype, x1, x2)
    _run(x1, x2, None, 0, current().empty((0, 0), x1.dtype), out)
    return out


def squared_distances_backward(grad, x1, x2):
    """The gradients of `squared_distances` by x1 and x2: 2 Σⱼ gradᵢⱼ (aᵢ − bⱼ), and 2 Σᵢ gradᵢⱼ (bⱼ − aᵢ)."""
    name = "squared_distances_backward"
    shape = _check_rows(name, "x1", x1, "x2", x2)
    check.same_dtype(name, "grad", grad, "x1", x1)
    check.shape(name, "grad", grad, shape, "as the output")
    pull = check.contiguous(2 * grad).reshape(math.prod(shape[:-1]), shape[-1])
    return _pulled(pull, column_sum(pull), x1, x2)


def _radial(name: str, x, centres, widths, function, out, keep: bool) -> tuple[Any, Any]:
    shape = _check(name, x, centres, widths, function)
    out = check.output(name, out, shape, x.dtype, x, centres, widths)
    distances = current().empty(shape if keep else (0, 0), x.dtype)
    _run(x, centres, widths, FUNCTIONS.index(function), distances, out)
    return out, distances


def _run(x, centres, widths, function: int, distances, out) -> None:
    pairs = math.prod(out.shape[:-1]), out.shape[-1]
    kept = distances.reshape(pairs) if distances.size else current().empty((0, 0), x.dtype)
    rows = _rows(x), check.contiguous(centres)
    kernel("distance.distance")(*rows, _or_nothing(widths, x), function, kept, out.reshape(pairs))


def _pulled(pull, pulls, x, centres, input_gradient: bool = True) -> tuple[Any, Any]:
    """Σⱼ hᵢⱼ (xᵢ − cⱼ) and Σᵢ hᵢⱼ (cⱼ − xᵢ), where pull is h and pulls are the sums of its columns."""
    if not centres.size:
        grad_x = current().empty(x.shape, x.dtype)
        grad_x[...] = 0
        return grad_x, current().empty(centres.shape, x.dtype)
    middle = column_sum(centres) / centres.shape[0]
    rows, centred = _rows(x) - middle, centres - middle
    grad_x = None
    if input_gradient:
        grad_x = matmul(pull, -centred, residual=rows * total(pull, 1)[:, None]).reshape(x.shape)
    return grad_x, matmul(pull.T, -rows, residual=centred * pulls[:, None])


def _rows(x: Any) -> Any:
    return check.contiguous(x).reshape(math.prod(x.shape[:-1]), x.shape[-1])


def _or_nothing(widths: Any, x: Any) -> Any:
    return current().nothing(x.dtype) if widths is None else check.contiguous(widths)


def _check(name: str, x: Any, centres: Any, widths: Any, function: Any) -> tuple[int, ...]:
    """The result's shape."""
    shape = _check_rows(name, "x", x, "centres", centres)
    if widths is not None:
        check.same_dtype(name, "widths", widths, "x", x)
        check.shape(name, "widths", widths, centres.shape[:1], "for the centres")
    check.choice(name, "function", function, FUNCTIONS[1:])
    return shape


def _check_rows(name: str, x_name: str, x: Any, other_name: str, other: Any) -> tuple[int, ...]:
    check.real(name, x_name, x)
    check.same_dtype(name, other_name, other, x_name, x)
    if other.ndim != 2:
        raise ValueError(f"{name}: {other_name} has {other.ndim} axes, it must have 2")
    if x.ndim == 0 or x.shape[-1] != other.shape[1]:
        wanted = f"its last axis must be {other.shape[1]}, the features of {other_name} {other.shape}"
        raise ValueError(f"{name}: {x_name} has the shape {x.shape}, {wanted}")
    return *x.shape[:-1], other.shape[0]


def _torch_squares(torch: Any, x: Any, centres: Any) -> Any:
    shape = (*x.shape[:-1], centres.shape[0])
    return torch.cdist(x.reshape(math.prod(x.shape[:-1]), x.shape[-1]), centres).square().reshape(shape)
