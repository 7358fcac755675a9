"""Matrix products: y = act(a b + bias + residual), the layer `linear` made of it, and their gradients.

Transposes are views: `matmul(a.T, b)` reads `a` through its strides, nothing is copied. Where NumPy's
`np.matmul` allows an argument, so does `matmul`: vectors, stacks of matrices, broadcasting between stacks.
"""

import math
from typing import Any

import numpy as np

from .. import activations, check
from ..backend import current, kernel
from ..operation import Cost, Sample, operation
from . import samples
from .fused import ACTIVATIONS, TORCH_ACTIVATIONS


def _cost(a, b, bias=None, *_, **__):
    """A multiplication and an addition for each term of each element."""
    n = b.shape[-1] if b.ndim > 1 else 1
    rows, size = max(a.size // max(a.shape[-1], 1), 1), a.dtype.itemsize
    return Cost(2 * rows * a.shape[-1] * n, size * (a.size + b.size + rows * n))


def _backward_cost(a, b, bias=None, *_, **__):
    """Two products of the same number of terms."""
    forward = _cost(a, b)
    return Cost(2 * forward.flops, forward.bytes + a.nbytes + b.nbytes)


@operation(
    formula="y = act(a b + bias + residual)",
    samples=samples.matmul,
    cost=_cost,
    backward_cost=_backward_cost,
    example=lambda draw, m, k, n: Sample((draw.normal(m, k), draw.normal(k, n))),
    workloads={f"{n}³": (n, n, n) for n in (512, 64, 256, 1024)}
    | {"128×784×256": (128, 784, 256), "64×256×10": (64, 256, 10)},
    outputs=("y",),
    differentiable=("a", "b", "bias", "residual"),
    torch=lambda torch, a, b, bias=None, activation=None, residual=None: TORCH_ACTIVATIONS[activation](
        torch, sum((x for x in (bias, residual) if x is not None), torch.matmul(a, b))
    ),
    rtol=1e-4,
    atol=1e-4,
    why="sums of up to 784 products of numbers of order 1, each step rounded to float32: √784 · 28 · 6e-8",
)
def matmul(a, b, bias=None, activation=None, residual=None, *, out=None):
    """The matrix product act(a b + bias + residual): yᵢⱼ = act(Σₖ aᵢₖ bₖⱼ + biasⱼ + residualᵢⱼ).

    Parameters
    ----------
    a : array (..., m, k) or (k,)
    b : array (..., k, n) or (k,), of the dtype of `a`
    bias : array (n,), optional
    activation : None, "relu", "sigmoid", "tanh", "gelu" or "gelu_tanh"
        Applied, as are the bias and the residual, while the product is at hand, in registers or in the nearest cache.
    residual : array (..., m, n), optional
        Of the result's shape: what a layer adds to its product, as the way around it in a residual network.
    out : array (..., m, n), optional
        Filled and returned; contiguous, and apart from all that is read.

    Leading axes are stacks of matrices and broadcast. A vector `a` is one row, a vector `b` one column, and that
    axis is missing from the result. An empty sum (k = 0) is 0. Cost: 2 m k n operations a matrix.
    """
    _check("matmul", a, b, bias, activation)
    return _matmul(a, b, bias, activation, residual, out)


def _matmul(a, b, bias=None, activation=None, residual=None, out=None, grad=None):
    """The product of arguments that `_check` has seen; with `grad`, an array of its shape, grad · act′ in its stead."""
    flat = a.ndim == 2 == b.ndim  # most often
    if flat:
        rows, columns, stack = a, b, ()
        m, n = shape = a.shape[0], b.shape[1]
    else:
        rows, columns = a if a.ndim > 1 else a[None, :], b if b.ndim > 1 else b[:, None]
        stack = _stack_shape(rows.shape[:-2], columns.shape[:-2], a, b)
        m, n = rows.shape[-2], columns.shape[-1]
        shape = stack + (m,) * (a.ndim > 1) + (n,) * (b.ndim > 1)
    _check_residual("matmul", residual, shape, a)
    out = check.output("matmul", out, shape, a.dtype, a, b, bias, residual)
    if flat:
        _multiply(rows[None], columns[None], bias, residual, activation, out[None], grad)
        return out
    if columns.ndim == 2 and rows.ndim > 2 and rows.flags.c_contiguous:
        stack, m = (), math.prod(stack) * m  # a stack times one matrix is one tall product
        rows = rows.reshape(m, rows.shape[-1])
    result = out.reshape(math.prod(stack), m, n)
    _multiply(_stacked(rows, stack), _stacked(columns, stack), bias, residual, activation, result, grad)
    return out


def _multiply(a: Any, b: Any, bias: Any, residual: Any, activation: Any, out: Any, grad: Any = None) -> None:
    """out = act(a b + bias + residual), of checked arguments: stacks of matrices; with `grad`, grad · act′."""
    nothing = current().nothing(a.dtype)
    arguments = (
        check.aligned(a),
        check.aligned(b),
        nothing if bias is None else check.contiguous(bias),
        nothing if residual is None else check.contiguous(residual),
        ACTIVATIONS.index(activation),
    )
    if grad is None:
        kernel("matmul.matmul")(*arguments, out)
    else:
        kernel("matmul.through_product")(*arguments, check.contiguous(grad), out)


def matmul_backward(grad, a, b, bias=None, activation=None, residual=None, y=None):
    """The gradients of `matmul` by a, b, bias and residual (None where there is none).

    With g = grad · act′: ∂a = g bᵀ, ∂b = aᵀ g, summed over the axes that were broadcast, ∂bias = the sum of g over all
    rows, ∂residual = g. `y` is the output of `matmul`, needed where there is an activation; for "gelu" and "gelu_tanh",
    whose derivative needs what went in, the product is computed again, and g with it.
    """
    _check("matmul_backward", a, b, bias, activation)
    rows, columns = a if a.ndim > 1 else a[None, :], b if b.ndim > 1 else b[:, None]
    stack = _stack_shape(rows.shape[:-2], columns.shape[:-2], a, b)
    m, n = rows.shape[-2], columns.shape[-1]
    check.same_dtype("matmul_backward", "grad", grad, "a", a)
    expected = stack + (m,) * (a.ndim > 1) + (n,) * (b.ndim > 1)
    check.shape("matmul_backward", "grad", grad, expected, "as the product")
    _check_residual("matmul_backward", residual, expected, a)
    height = math.prod(stack) * m
    arguments = a, b, bias, activation, residual, y
    g, grad_bias = _through_activation("matmul_backward", grad, (height, n), arguments)
    grad_residual = None if residual is None else g
    g = g.reshape(*stack, m, n)
    grad_a = _sum_to(matmul(g, columns.swapaxes(-1, -2)), rows.shape)
    if columns.ndim == 2 and rows.ndim > 2:  # one matrix met by all rows of the stack: one product again
        tall = check.contiguous(rows).reshape(height, rows.shape[-1])
        grad_b = matmul(tall.T, g.reshape(height, n))
    else:
        grad_b = _sum_to(matmul(rows.swapaxes(-1, -2), g), columns.shape)
    return grad_a.reshape(a.shape), grad_b.reshape(b.shape), grad_bias, grad_residual


# Activations whose slope the output tells.
_BY_OUTPUT = {
    "relu": activations.relu_backward,
    "sigmoid": activations.sigmoid_backward,
    "tanh": activations.tanh_backward,
}


def _through_activation(function: str, grad: Any, matrix: tuple[int, int], arguments: tuple, out_bias: Any = None):
    """The gradient before the activation, and its sum over all rows, the bias's (None where there is none).

    `arguments` are those of the product and its output; seen as one `matrix`, grad has these rows and columns.
    """
    a, b, bias, activation, residual, y = arguments
    if activation in _BY_OUTPUT:
        if y is None:
            raise TypeError(f"{function}: y, the output, is needed for the activation {activation!r}")
        check.like(function, "y", y, "grad", grad)
        if bias is not None:  # both at once
            g = current().empty(grad.shape, grad.dtype)
            out_bias = check.output(function, out_bias, matrix[1:], grad.dtype, grad, y)
            known = (check.contiguous(x).reshape(matrix) for x in (grad, y))
            kernel("matmul.through_output")(*known, ACTIVATIONS.index(activation), g.reshape(matrix), out_bias)
            return g, out_bias
        g = _BY_OUTPUT[activation](grad, y)
    elif activation is not None:
        g = _matmul(a, b, bias, activation, residual, grad=grad)
    else:
        g = grad
    g = check.contiguous(g)
    return g, None if bias is None else column_sum(g.reshape(matrix), out=out_bias)


def _check(function: str, a: Any, b: Any, bias: Any, activation: Any) -> None:
    check.real(function, "a", a)
    check.same_dtype(function, "b", b, "a", a)
    if activation is not None:
        check.choice(function, "activation", activation, ACTIVATIONS)
    if not (a.ndim and b.ndim):
        raise ValueError(f"{function}: {'b' if a.ndim else 'a'} is 0-dimensional, it must have at least one axis")
    terms = b.shape[-2] if b.ndim > 1 else b.shape[0]
    if a.shape[-1] != terms:
        raise ValueError(
            f"{function}: a has {a.shape[-1]} columns but b has {terms} rows (shapes {a.shape} and {b.shape})"
        )
    if bias is not None:
        check.same_dtype(function, "bias", bias, "a", a)
        columns = b.shape[-1] if b.ndim > 1 else 1
        check.shape(function, "bias", bias, (columns,), "for the columns of b")


def _check_residual(function: str, residual: Any, shape: tuple[int, ...], a: Any) -> None:
    if residual is not None:
        check.same_dtype(function, "residual", residual, "a", a)
        check.shape(function, "residual", residual, shape, "as the product")


def _stack_shape(one: tuple[int, ...], other: tuple[int, ...], a: Any, b: Any) -> tuple[int, ...]:
    """Leading axes, broadcast together."""
    if one == other:
        return one
    width = max(len(one), len(other))
    pairs = list(zip((1,) * (width - len(one)) + one, (1,) * (width - len(other)) + other))
    if any(x != y and 1 not in (x, y) for x, y in pairs):
        raise ValueError(f"matmul: the stacks of a {a.shape} and b {b.shape} don't broadcast")
    return tuple(y if x == 1 else x for x, y in pairs)


def _stacked(x: Any, stack: tuple[int, ...]) -> Any:
    """Matrices (..., r, c) as (stack, r, c): a view, but for stacks that broadcast along some axes only.

    NumPy's broadcast_to hands an array of CuPy's to CuPy.
    """
    if x.ndim == 3 and x.shape[:-2] == stack:
        return x
    target = stack + x.shape[-2:]
    if x.ndim == 2:  # one matrix for all: a stack of stride 0
        count = math.prod(stack)
        return x[None] if count == 1 else np.broadcast_to(x, (count, *x.shape))
    return (x if x.shape == target else np.broadcast_to(x, target)).reshape(math.prod(stack), *x.shape[-2:])


def _sum_to(x: Any, shape: tuple[int, ...]) -> Any:
    """Sum over the axes along which an argument of that shape was broadcast."""
    extra = x.ndim - len(shape)
    axes = [i for i in range(x.ndim) if i < extra or (shape[i - extra] == 1 and x.shape[i] != 1)]
    if not axes:
        return x
    kept = [i for i in range(x.ndim) if i not in axes]
    rows = math.prod(x.shape[i] for i in axes)
    flat = check.contiguous(x.transpose(*axes, *kept)).reshape(rows, math.prod(x.shape[i] for i in kept))
    return column_sum(flat).reshape(shape)


@operation(
    formula="yⱼ = Σᵢ xᵢⱼ",
    samples=samples.column_sum,
    cost=lambda x, **_: Cost(x.size, x.nbytes),
    example=lambda draw, m, n: Sample((draw.normal(m, n),)),
    workloads={"8192×1024": (8192, 1024), "128×256": (128, 256)},
    torch=lambda torch, x: x.sum(0),
    rtol=1e-4,
    atol=1e-5,
    why="sums of up to 1000 numbers of order 1 that cancel",
)
def column_sum(x, *, out=None):
    """The sum over the rows of a matrix (m, n): an array (n,). It is the gradient of a bias.

    The order of summation is fixed: the result doesn't depend on the number of threads.
    """
    check.real("column_sum", "x", x)
    if x.ndim != 2:
        raise ValueError(f"column_sum: x has {x.ndim} axes, it must have 2")
    out = check.output("column_sum", out, (x.shape[1],), x.dtype, x)
    kernel("matmul.column_sum")(check.contiguous(x), out)
    return out


@operation(
    formula="y = act(x weightᵀ + bias)",
    samples=samples.linear,
    cost=lambda x, weight, bias=None, *_, **__: _cost(x, weight.T),
    backward_cost=lambda x, weight, bias=None, *_, **__: _backward_cost(x, weight.T),
    example=lambda draw, rows, inputs, outputs: Sample(
        (draw.normal(rows, inputs), draw.normal(outputs, inputs), draw.normal(outputs))
    ),
    workloads={"128×784→256": (128, 784, 256), "1024×784→256": (1024, 784, 256)},
    outputs=("y",),
    differentiable=("x", "weight", "bias"),
    torch=lambda torch, x, weight, bias=None, activation=None: TORCH_ACTIVATIONS[activation](
        torch, torch.nn.functional.linear(x, weight, bias)
    ),
    rtol=1e-4,
    atol=1e-5,
    why="sums of up to 784 products of numbers of order 1",
)
def linear(x, weight, bias=None, activation=None, *, out=None):
    """A fully connected layer: y = act(x weightᵀ + bias).

    Parameters
    ----------
    x : array (..., inputs)
    weight : array (outputs, inputs)
    bias : array (outputs,), optional
    activation : as for `matmul`

    On the GPU all of it is one launch; two, where blocks share the terms of a product of few tiles.
    """
    _check_linear("linear", x, weight, bias)
    if out is not None or not x.flags.c_contiguous:
        return matmul(x, weight.T, bias, activation, out=out)
    if activation is not None:
        check.choice("linear", "activation", activation, ACTIVATIONS)
    outputs, inputs = weight.shape
    rows = math.prod(x.shape[:-1])  # of one tall matrix
    y = current().empty((*x.shape[:-1], outputs), x.dtype)
    _multiply(x.reshape(1, rows, inputs), weight.T[None], bias, None, activation, y.reshape(1, rows, outputs))
    return y


def linear_backward(
    grad, x, weight, bias=None, activation=None, y=None, *, input_gradient=True, input_activation=None, out=None
):
    """The gradients of `linear` by x, weight and bias: (..., inputs), (outputs, inputs), (outputs,).

    Without `input_gradient` the first is None and its product is not computed: a network's first layer has no use
    for it. With an `input_activation`, "relu", "sigmoid" or "tanh", whose output x is, the first is the gradient by
    what went into that. `y` as for `matmul_backward`. `out` may hold arrays to fill: three, each of them may be None.

    On the GPU the gradient before the activation is made in one pass with the bias's; for GELU, where the product is
    made again. Without an activation, the bias's is made by the weight's product. The way through the input's
    activation is part of the first product.
    """
    out_x, out_weight, out_bias = out or (None, None, None)
    _check_linear("linear_backward", x, weight, bias)
    check.same_dtype("linear_backward", "grad", grad, "x", x)
    check.shape("linear_backward", "grad", grad, (*x.shape[:-1], weight.shape[0]), "as the output")
    if activation is not None:
        check.choice("linear_backward", "activation", activation, ACTIVATIONS)
    if input_activation is not None:
        check.choice("linear_backward", "input_activation", input_activation, (None, *_BY_OUTPUT))
    rows = check.contiguous(x).reshape(math.prod(x.shape[:-1]), x.shape[-1])
    matrix = rows.shape[0], weight.shape[0]
    summed = activation is not None  # the bias's gradient is made on the way through it
    arguments = x, weight.T, bias if summed else None, activation, None, y
    g, grad_bias = _through_activation("linear_backward", grad, matrix, arguments, out_bias)
    g = g.reshape(matrix)
    grad_x = None
    if input_gradient:
        grad_x = check.output("linear_backward", out_x, x.shape, x.dtype, g, weight)
        factors, result = (g[None], check.aligned(weight)[None]), grad_x.reshape(1, *rows.shape)
        if input_activation is None:
            _multiply(*factors, None, None, None, result)
        else:
            kind = ACTIVATIONS.index(input_activation)
            kernel("matmul.product_through")(*factors, kind, rows[None], result)
    if bias is None or summed:
        return grad_x, matmul(g.T, rows, out=out_weight), grad_bias
    grad_weight = check.output("linear_backward", out_weight, weight.shape, x.dtype, g, x)
    grad_bias = check.output("linear_backward", out_bias, bias.shape, x.dtype, g, x)
    kernel("matmul.parameter_gradients")(g, rows, grad_weight, grad_bias)
    return grad_x, grad_weight, grad_bias


def _check_linear(function: str, x: Any, weight: Any, bias: Any) -> None:
    check.real(function, "x", x)
    check.same_dtype(function, "weight", weight, "x", x)
    if weight.ndim != 2:
        raise ValueError(f"{function}: weight has {weight.ndim} axes, it must be (outputs, inputs)")
    if x.ndim == 0 or x.shape[-1] != weight.shape[1]:
        raise ValueError(
            f"{function}: x has the shape {x.shape}, its last axis must be {weight.shape[1]}, "
            f"the inputs of weight {weight.shape}"
        )
    if bias is not None:
        check.same_dtype(function, "bias", bias, "x", x)
        check.shape(function, "bias", bias, weight.shape[:1], "for the outputs of weight")
