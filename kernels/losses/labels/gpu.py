"""Launch geometry of gpu.cu; then one block sums the losses."""

import numpy as np

from ... import cuda
from ..classification.gpu import label_weights
from ..launch import row_threads, total

SOURCE = cuda.Source(__file__)
ALONE = 2048  # numbers that one block takes in 8 turns of some 350 instructions: 3 µs, predicted, for four launches' 8


def nll_loss(device, x, target, weight, ignore_index, mean, loss, gradient, out):
    _, classes, inner = x.shape
    ignored, has_weight, sizes = np.int64(ignore_index), np.int32(weight.size > 0), (np.int64(classes), np.int64(inner))
    if x.size <= ALONE:
        flags = has_weight, np.int32(mean), np.int32(gradient.size > 0)
        arguments = (x, target, weight, ignored, loss, gradient, out, *flags, *sizes, np.int64(loss.size))
        device.launch(SOURCE, "nll_alone", out.dtype, 1, 256, arguments)
        return
    divisor = label_weights(device, target, weight, ignore_index, classes, out.dtype) if mean else None
    if loss.size:
        arguments = (x, target, weight, ignored, loss, has_weight, *sizes)
        cuda.elementwise(device, SOURCE, "nll_loss", loss.size, *arguments)
    if gradient.size:
        known = (target, weight, divisor if mean else out, ignored, gradient)
        sizes = (has_weight, np.int32(mean), *sizes, np.int64(gradient.size))
        device.launch(SOURCE, "nll_gradient", out.dtype, min(cuda.blocks(gradient.size, 256), 2112), 256, known + sizes)
    total(device, loss, 1, divisor, out)


def categorical_generalized_cross_entropy(device, x, target, q, scale, loss, gradient, out):
    real, classes = out.dtype.type, np.int64(x.shape[1])
    if loss.size:
        cuda.elementwise(device, SOURCE, "generalized", loss.size, x, target, real(q), loss, classes)
    if gradient.size:
        arguments = (x, target, real(q), real(scale), gradient, classes)
        cuda.elementwise(device, SOURCE, "generalized_gradient", gradient.size, *arguments)
    total(device, loss, scale, None, out)


def _rows(device, name, arguments, scale, loss, gradient, out, rows, n, *inner):
    """A block a row of n, `inner` apart, if that is given."""
    if rows:
        sizes = (np.int64(size) for size in (rows, n, *inner))
        arguments = (*arguments[0], out.dtype.type(scale), *arguments[1], loss, gradient, *arguments[2], *sizes)
        device.launch(SOURCE, name, out.dtype, min(rows, 1 << 20), row_threads(n), arguments)
    total(device, loss, scale, None, out)


def multi_margin_loss(device, x, target, weight, p, margin, scale, loss, gradient, out):
    flags = (np.int32(weight.size > 0), np.int32(gradient.size > 0))
    arguments = (x, target, weight, np.int32(p), out.dtype.type(margin)), (), flags
    _rows(device, "multi_margin_loss", arguments, scale, loss, gradient, out, *x.shape)


def multilabel_margin_loss(device, x, target, scale, loss, gradient, out):
    times = device.empty(x.shape, x.dtype)
    arguments = (x, target), (times,), (np.int32(gradient.size > 0),)
    _rows(device, "multilabel_margin_loss", arguments, scale, loss, gradient, out, *x.shape)


def categorical_hinge_loss(device, x, target, scale, loss, gradient, out):
    arguments = (x, target), (), (np.int32(gradient.size > 0),)
    _rows(device, "categorical_hinge_loss", arguments, scale, loss, gradient, out, *x.shape)


def categorical_focal_crossentropy(device, x, target, alpha, gamma, logits, smoothing, scale, loss, gradient, out):
    real, (outer, n, inner) = out.dtype.type, x.shape
    parameters = (x, target, real(alpha), real(gamma), np.int32(logits), real(smoothing))
    arguments = parameters, (), (np.int32(gradient.size > 0),)
    _rows(device, "categorical_focal_crossentropy", arguments, scale, loss, gradient, out, outer * inner, n, inner)
