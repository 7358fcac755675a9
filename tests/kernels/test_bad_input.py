"""Bad arguments are refused before any kernel runs, with one clear sentence."""

import numpy as np
import pytest

from kernelwright import kernels

X = np.ones((3, 4), np.float32)
V = np.ones(5, np.float32)
S, W = np.ones((2, 1, 3), np.float32), np.ones((3, 1), np.float32)  # a sequence of two steps, and a weight for it
attend = kernels.scaled_dot_product_attention
STATE = {"exp_avg": V.copy(), "exp_avg_sq": V.copy(), "step": 1, "lr": 0.1}


def unaligned(like):
    """Contiguous, but from the second byte of its memory on."""
    return np.zeros(like.nbytes + 1, np.uint8)[1:].view(like.dtype).reshape(like.shape)


def read_only():
    x = X.copy()
    x.flags.writeable = False
    return x


class Foreign:
    """Stands for another library's array."""

    shape, dtype = (2,), np.dtype(np.float32)


def bag(input, *more):
    return kernels.embedding_bag(input, X, *more)


MISTAKES = [
    (lambda: kernels.relu([1.0]), TypeError, "relu: x must be a numpy array on the backend numba, not list"),
    (lambda: kernels.relu(Foreign()), TypeError, "relu: x must be a numpy array"),
    (lambda: kernels.relu(np.ones(3, int)), TypeError, "relu: x must be float32 or float64, not int64"),
    (lambda: kernels.relu(np.ones(3, bool)), TypeError, "relu: x must be float32 or float64, not bool"),
    (
        lambda: kernels.tanh(np.ones(3, complex)),
        TypeError,
        "tanh: x must be float32 or float64, not complex128",
    ),
    (lambda: kernels.relu(np.ones(3, np.float16)), TypeError, "not float16"),
    (lambda: kernels.relu(np.ones(3, ">f4")), TypeError, "not >f4"),
    (lambda: kernels.relu(X, out=X[:, :2]), ValueError, "relu: out has the shape (3, 2), it must be (3, 4)"),
    (
        lambda: kernels.relu(X, out=X.astype(np.float64)),
        TypeError,
        "relu: out is float64, it must be float32",
    ),
    (lambda: kernels.relu(X, out=np.ones((4, 3), np.float32).T), ValueError, "out must be contiguous"),
    (lambda: kernels.relu(X, out=read_only()), ValueError, "relu: out is read-only"),
    (lambda: kernels.relu(X, out=unaligned(X)), ValueError, "relu: out isn't aligned"),
    (lambda: kernels.relu_backward(V, X), ValueError, "grad has the shape (5,), it must be (3, 4) as x"),
    (
        lambda: kernels.sigmoid_backward(X.astype(np.float64), X),
        TypeError,
        "grad is float64 but y is float32",
    ),
    (
        lambda: kernels.gelu(X, "exact"),
        ValueError,
        "approximate is 'exact', it must be one of 'none', 'tanh'",
    ),
    (lambda: kernels.leaky_relu(X, "0.1x"), TypeError, "negative_slope must be a number"),
    (lambda: kernels.hardtanh(X, 1, 0), ValueError, "hardtanh: min_val is 1, it must be at most max_val, which is 0"),
    (lambda: kernels.softshrink(X, -1), ValueError, "softshrink: lambd is -1, it must be at least 0"),
    (lambda: kernels.celu(X, 0), ValueError, "celu: alpha is 0, it must be another number"),
    (lambda: kernels.softplus_backward(X, X, 0), ValueError, "softplus_backward: beta is 0"),
    (lambda: kernels.squareplus(X, 0), ValueError, "squareplus: b is 0, it must be at least"),
    (lambda: kernels.relu6(X, out=V), ValueError, "relu6: out has the shape (5,), it must be (3, 4)"),
    (lambda: kernels.glu(X, 0), ValueError, "glu: x has the shape (3, 4), its axis 0 must be of an even size"),
    (lambda: kernels.glu_backward(X, X), ValueError, "grad has the shape (3, 4), it must be (3, 2) as the result"),
    (lambda: kernels.prelu(X, V), ValueError, "weight has 5 elements, it must have 1, or one for each of axis 1"),
    (lambda: kernels.prelu(X, X), ValueError, "prelu: weight has 2 axes, it must have one"),
    (lambda: kernels.rrelu(X, V), ValueError, "slope has the shape (5,), it must be (3, 4) as x"),
    (lambda: kernels.sparsemax(X, 2), ValueError, "sparsemax: axis is 2"),
    (lambda: kernels.softmin(X, 2), ValueError, "softmin: axis is 2"),
    (lambda: kernels.matmul(X, X), ValueError, "matmul: a has 4 columns but b has 3 rows"),
    (lambda: kernels.bincount(V), TypeError, "bincount: input must hold integers, not float32"),
    (lambda: kernels.bincount(np.ones((2, 2), int)), ValueError, "bincount: input has 2 axes, it must have one"),
    (lambda: kernels.bincount(np.array([2, -3])), ValueError, "bincount: input holds -3, it must hold none below 0"),
    (lambda: kernels.bincount(np.ones(3, int), V), ValueError, "weights has the shape (5,), it must be (3,) as input"),
    (lambda: kernels.bincount(np.ones(3, int), None, -1), ValueError, "bincount: minlength is -1, it must be"),
    (lambda: kernels.transpose(X[0]), ValueError, "transpose: x has the shape (4,), it must have at least two axes"),
    (lambda: kernels.transpose(X, out=X), ValueError, "transpose: out has the shape (3, 4), it must be (4, 3)"),
    (lambda: kernels.matmul(X, X.T.astype(np.float64)), TypeError, "b is float64 but a is float32"),
    (
        lambda: kernels.matmul(X, np.float32(2) * np.ones((), np.float32)),
        TypeError,
        "matmul: b must be a numpy",
    ),
    (lambda: kernels.matmul(X, np.array(2, np.float32)), ValueError, "b is 0-dimensional"),
    (lambda: kernels.matmul(X, X.T, V), ValueError, "bias has the shape (5,), it must be (3,)"),
    (lambda: kernels.matmul(X, X.T, activation="relu6"), ValueError, "activation is 'relu6'"),
    (lambda: kernels.matmul(np.ones((2, 3, 4)), np.ones((3, 4, 2))), ValueError, "don't broadcast"),
    (
        lambda: kernels.matmul(np.ones((4, 4)), (o := np.ones((4, 4))), out=o),
        ValueError,
        "out overlaps an input",
    ),
    (lambda: kernels.matmul_backward(X, X, X.T), ValueError, "grad has the shape (3, 4), it must be (3, 3)"),
    (lambda: kernels.matmul_backward(X[:, :3], X, X.T, None, "tanh"), TypeError, "y, the output, is needed"),
    (
        lambda: kernels.linear_backward(X[:, :3], X, X, X[0, :3], "tanh", X),
        ValueError,
        "linear_backward: y has the shape (3, 4), it must be (3, 3) as grad",
    ),
    (lambda: kernels.linear_backward(X[:, :3], X, X, activation="relu6"), ValueError, "activation is 'relu6'"),
    (
        lambda: kernels.linear_backward(X[:, :3], X, X, input_activation="gelu"),
        ValueError,
        "linear_backward: input_activation is 'gelu'",
    ),
    (lambda: kernels.linear(X, np.ones((2, 3), np.float32)), ValueError, "its last axis must be 3"),
    (lambda: kernels.linear(X, V), ValueError, "weight has 1 axes, it must be (outputs, inputs)"),
    (lambda: kernels.column_sum(V), ValueError, "x has 1 axes, it must have 2"),
    (lambda: kernels.squared_distances(X, V), ValueError, "squared_distances: x2 has 1 axes, it must have 2"),
    (lambda: kernels.squared_distances(X, X.T), ValueError, "its last axis must be 3, the features of x2 (4, 3)"),
    (
        lambda: kernels.squared_distances_backward(X, X, X),
        ValueError,
        "grad has the shape (3, 4), it must be (3, 3) as",
    ),
    (lambda: kernels.radial_basis(X, X, V), ValueError, "widths has the shape (5,), it must be (3,) for the centres"),
    (
        lambda: kernels.radial_basis(X, X, None, "cubic"),
        ValueError,
        "function is 'cubic', it must be one of 'gauss",
    ),
    (lambda: kernels.radial_basis_backward(X[:, :3], X, X, distances=X), ValueError, "it must be (3, 3) as grad"),
    (lambda: kernels.softmax(X, 2), ValueError, "axis is 2, it must be from -2 to 1"),
    (lambda: kernels.softmax(X, "1"), TypeError, "axis must be an integer"),
    (lambda: attend(V, X, X), ValueError, "query has the shape (5,), it must be (…, heads, rows, width)"),
    (lambda: attend(X, X[:, :2], X), ValueError, "key has the shape (3, 2), it must be (3, 4) for query (3, 4)"),
    (lambda: attend(X, X, X[:2]), ValueError, "value has the shape (2, 4), it must be (3, 4) as key"),
    (lambda: attend(X, X, X.astype(np.float64)), TypeError, "value is float64 but query is float32"),
    (lambda: attend(X, X, X, X), ValueError, "attn_mask has the shape (3, 4), it must broadcast to (3, 3)"),
    (lambda: attend(X, X, X, np.ones((3, 3), int)), TypeError, "attn_mask is int64, it must be bool or float32"),
    (lambda: attend(X, X, X, X[:, :3], is_causal=True), ValueError, "attn_mask is given and is_causal is True"),
    (lambda: attend(X, X, X, dropout_p=2, seed=0), ValueError, "dropout_p is 2, it must be from 0 to 1"),
    (lambda: attend(X, X, X, dropout_p=0.5), ValueError, "seed is None, it must be an integer from 0 to 2⁶³ − 1"),
    (lambda: attend(X, X, X, dropout_p=0.5, seed=0, offset=-1), ValueError, "offset is -1, it must be an integer from"),
    (lambda: attend(X, X, X, scale=np.inf), ValueError, "scale is inf, it must be finite"),
    (lambda: attend(X, X, X, out=X), ValueError, "out overlaps an input"),
    (lambda: attend(X, X, X, out=X.T), ValueError, "out has the shape (4, 3), it must be (3, 4)"),
    (
        lambda: attend(*(np.ones((1, heads, 3, 4)) for heads in (4, 3, 3)), enable_gqa=True),
        ValueError,
        "key has the shape (1, 3, 3, 4), it must be (1, 4, 3, 4) for query (1, 4, 3, 4), where its heads may be fewer",
    ),
    (
        lambda: kernels.scaled_dot_product_attention_backward(X, X, X, X, y=X, logsumexp=X),
        ValueError,
        "logsumexp has the shape (3, 4), it must be (3,)",
    ),
    (lambda: kernels.layer_norm(X, 3), ValueError, "normalized_shape is (3,), it must be the sizes of the last axes"),
    (lambda: kernels.layer_norm(X, (2, 3, 4)), ValueError, "of x, which has the shape (3, 4)"),
    (lambda: kernels.layer_norm(X, ()), ValueError, "normalized_shape is ()"),
    (lambda: kernels.layer_norm(X, 4.0), TypeError, "normalized_shape must be an integer or a tuple of them, not 4.0"),
    (lambda: kernels.layer_norm(X, 4, X), ValueError, "weight has the shape (3, 4), it must be (4,)"),
    (lambda: kernels.layer_norm(X, 4, bias=np.ones(4)), TypeError, "bias is float64 but x is float32"),
    (lambda: kernels.layer_norm(X, 4, eps=-1), ValueError, "eps is -1, it must be at least 0"),
    (
        lambda: kernels.layer_norm_backward(X, X, 4, statistics=X),
        ValueError,
        "statistics has the shape (3, 4), it must be (3, 3) for the rows of x",
    ),
    (lambda: kernels.matmul(X, X.T, residual=X), ValueError, "residual has the shape (3, 4), it must be (3, 3) as the"),
    (lambda: kernels.matmul(X, X.T, residual=(r := X @ X.T), out=r), ValueError, "out overlaps an input"),
    (lambda: kernels.rms_norm(X[0], 4, (w := X[0].copy()), out=w), ValueError, "out overlaps an input"),
    (lambda: kernels.rms_norm_backward(V, X, 4), ValueError, "grad has the shape (5,), it must be (3, 4) as x"),
    (lambda: kernels.sum(X, 2), ValueError, "sum: axis is 2, it must be from -2 to 1"),
    (lambda: kernels.mean(X, (0, 0.5)), TypeError, "mean: axis must be an integer, not 0.5"),
    (lambda: kernels.sum(X, (1, -1)), ValueError, "axis is (1, -1), it must not name an axis twice"),
    (lambda: kernels.sum(X, ()), ValueError, "axis is empty"),
    (lambda: kernels.sum(X, 0, out=V), ValueError, "sum: out has the shape (5,), it must be (4,)"),
    (lambda: kernels.amax(X[:0], 0), ValueError, "amax: x has the shape (0, 4), so over axis 0 there is nothing"),
    (lambda: kernels.amin(X[:, :0]), ValueError, "over axis None there is nothing to choose from"),
    (lambda: kernels.mean_backward(V, X, 0), ValueError, "grad has the shape (5,), it must be (4,) as the result"),
    (lambda: kernels.amax_backward(X[0], X, V, 0), ValueError, "y has the shape (5,), it must be (4,) as the result"),
    (lambda: kernels.mse_loss(X, V), ValueError, "target"),
    (lambda: kernels.mse_loss(X, X, "average"), ValueError, "reduction is 'average'"),
    (lambda: kernels.cross_entropy(X, np.array([0, 4, 1])), ValueError, "from 0 to 3"),
    (lambda: kernels.cross_entropy(X, np.array([0, -1, 1])), ValueError, "target holds -1"),
    (lambda: kernels.cross_entropy(X, np.array([0, 1])), ValueError, "target"),
    (lambda: kernels.cross_entropy(X, np.ones((3, 5), np.float32)), ValueError, "target"),
    (lambda: kernels.cross_entropy(X, np.array([0, 1, 2]), V), ValueError, "weight"),
    (lambda: kernels.cross_entropy(X, np.array([0, 1, 2]), label_smoothing=2), ValueError, "label_smoothing"),
    (lambda: kernels.cross_entropy(X[:, :0], np.array([0, 0, 0])), ValueError, "at least one class on axis 1"),
    (lambda: kernels.cross_entropy(X, np.array([True, False, True])), TypeError, "not bool"),
    (
        lambda: kernels.embedding(np.array([0, 3]), X),
        ValueError,
        "embedding: input holds 3, it must be a row of weight",
    ),
    (
        lambda: kernels.embedding(np.array([-1]), X),
        ValueError,
        "input holds -1, it must be a row of weight, from 0 to 2",
    ),
    (lambda: kernels.embedding(X, X), TypeError, "embedding: input must hold integers, not float32"),
    (lambda: kernels.embedding(np.array([0]), V), ValueError, "weight has 1 axes, it must be (rows, columns)"),
    (lambda: kernels.embedding(np.array([0]), X, 3), ValueError, "padding_idx is 3, it must be from -3 to 2"),
    (lambda: kernels.embedding(np.array([0]), X, 1.5), TypeError, "padding_idx must be an integer or None, not 1.5"),
    (
        lambda: kernels.embedding_backward(X, np.array([0]), X),
        ValueError,
        "grad has the shape (3, 4), it must be (1, 4)",
    ),
    (lambda: bag(np.array([0]), None), ValueError, "offsets must be given, for input has one axis"),
    (lambda: bag(np.array([[0]]), np.array([0])), ValueError, "offsets are for an input of one axis"),
    (lambda: bag(np.array([[[0]]]), None), ValueError, "input has 3 axes, it must be (bags, terms), or have one"),
    (lambda: bag(np.array([0, 1]), np.array([1])), ValueError, "offsets are [1], they must begin with 0 and not fall"),
    (
        lambda: bag(np.array([0, 1]), np.array([0, 2, 1])),
        ValueError,
        "they must begin with 0 and not fall, to 2 at most",
    ),
    (lambda: bag(np.array([0, 1]), np.array([[0]])), ValueError, "offsets has the shape (1, 1), it must be (bags,)"),
    (lambda: bag(np.array([0]), np.zeros(0)), TypeError, "offsets must hold integers, not float64"),
    (
        lambda: bag(np.array([0, 1]), np.array([0, 1]), "sum", None, True),
        ValueError,
        "the last one 2, the size of input",
    ),
    (lambda: bag(np.array([[0]]), None, "min"), ValueError, "mode is 'min', it must be one of 'sum', 'mean', 'max'"),
    (lambda: bag(np.array([[0]]), None, "max", X), ValueError, "are for the mode 'sum', but mode is 'max'"),
    (
        lambda: bag(np.array([[0]]), None, "sum", X),
        ValueError,
        "per_sample_weights has the shape (3, 4), it must be (1, 1)",
    ),
    (lambda: kernels.l1_loss(X, X.astype(np.float64)), TypeError, "target is float64 but input is float32"),
    (lambda: kernels.huber_loss(X, X, delta=0), ValueError, "huber_loss: delta is 0, it must be above 0"),
    (lambda: kernels.smooth_l1_loss(X, X, beta=-1), ValueError, "smooth_l1_loss: beta is -1, it must be at least 0"),
    (lambda: kernels.poisson_nll_loss(X, X, eps="a"), TypeError, "poisson_nll_loss: eps must be a number"),
    (lambda: kernels.gaussian_nll_loss(X, X, X[0]), ValueError, "gaussian_nll_loss: var has the shape (4,)"),
    (lambda: kernels.gaussian_nll_loss(X, X, X, eps=0), ValueError, "eps is 0, it must be above 0"),
    (lambda: kernels.kl_div(X, X, "batch"), ValueError, "one of 'none', 'mean', 'sum', 'batchmean'"),
    (lambda: kernels.l1_loss(X, X, "batchmean"), ValueError, "reduction is 'batchmean', it must be one of 'none'"),
    (lambda: kernels.binary_cross_entropy(X, X, V), ValueError, "weight has the shape (5,), it must broadcast to"),
    (lambda: kernels.binary_focal_crossentropy(X, X, alpha=2), ValueError, "alpha is 2, it must be from 0 to 1"),
    (lambda: kernels.binary_focal_crossentropy(X, X, gamma=-1), ValueError, "gamma is -1, it must be at least 0"),
    (lambda: kernels.margin_ranking_loss(X, X[0], X), ValueError, "input2 has the shape (4,), it must be (3, 4)"),
    (lambda: kernels.cosine_embedding_loss(X, X, X), ValueError, "target has the shape (3, 4), it must be (3,)"),
    (lambda: kernels.cosine_similarity_loss(X, X, 2), ValueError, "axis is 2, it must be from -2 to 1"),
    (lambda: kernels.triplet_margin_loss(X, X, X, p=0.5), ValueError, "p is 0.5, it must be at least 1"),
    (lambda: kernels.triplet_margin_loss(X, X, X[:2]), ValueError, "negative has the shape (2, 4)"),
    (lambda: kernels.nll_loss(X, np.array([0, 4, 1])), ValueError, "nll_loss: target holds 4, it must be a class from"),
    (lambda: kernels.nll_loss(X, X), TypeError, "target must hold class numbers (integers), not float32"),
    (lambda: kernels.nll_loss(X[:, :0], np.array([0, 0, 0])), ValueError, "of at least one class"),
    (lambda: kernels.multi_margin_loss(X, np.array([0, 1, 2]), p=3), ValueError, "p is 3, it must be one of 1, 2"),
    (lambda: kernels.multi_margin_loss(X, np.array([0, -1, 2])), ValueError, "target holds -1, it must be a class"),
    (lambda: kernels.multi_margin_loss(X[None], np.array([0])), ValueError, "it must be (C,) or (N, C)"),
    (lambda: kernels.multilabel_margin_loss(X, np.full((3, 4), 4)), ValueError, "target holds 4, it must be a class"),
    (lambda: kernels.multilabel_margin_loss(X, X), TypeError, "multilabel_margin_loss: target must hold class numbers"),
    (lambda: kernels.multilabel_soft_margin_loss(X[:, :0], X[:, :0]), ValueError, "at least one class on its last"),
    (lambda: kernels.categorical_hinge_loss(X, V), ValueError, "target has the shape (5,)"),
    (lambda: kernels.categorical_focal_crossentropy(X, X, axis=3), ValueError, "axis is 3, it must be from -2 to 1"),
    (lambda: kernels.categorical_focal_crossentropy(X[:, :0], X[:, :0]), ValueError, "at least one class on axis 1"),
    (
        lambda: kernels.categorical_generalized_cross_entropy(X, np.array([0, 1, 2]), 1),
        ValueError,
        "q is 1.0, it must be between 0 and 1",
    ),
    (lambda: kernels.linear_cross_entropy(X, X.T, np.array([0, 1, 2])), ValueError, "it must be (classes, 4)"),
    (lambda: kernels.linear_cross_entropy(X, X, np.array([0, 1, 3])), ValueError, "target holds 3, it must be a class"),
    (
        lambda: kernels.linear_cross_entropy(X, X, np.array([0, 1, 2]), linear_bias=V),
        ValueError,
        "linear_bias has the shape (5,), it must be (3,)",
    ),
    (
        lambda: kernels.linear_cross_entropy(X, X, np.array([0, 1, 2]), chunk_size=0),
        ValueError,
        "chunk_size is 0, it must be an integer from 1 on",
    ),
    (lambda: kernels.ctc_loss(X, np.array([1, 2]), 3, 2, blank=4), ValueError, "blank is 4, it must be a class from"),
    (
        lambda: kernels.ctc_loss(X, np.array([1, 0]), 3, 2),
        ValueError,
        "targets holds 0, it must be a class from 0 to 3",
    ),
    (lambda: kernels.ctc_loss(X, np.array([1, 2]), 4, 2), ValueError, "input_lengths holds 4, it must be from 0 to 3"),
    (lambda: kernels.ctc_loss(X, np.array([1, 2]), 3, 2.0), TypeError, "target_lengths must hold integers"),
    (lambda: kernels.ctc_loss(X, X, 3, 2), TypeError, "targets must hold class numbers (integers), not float32"),
    (
        lambda: kernels.ctc_loss(X[:, None], np.array([[1], [2]]), (3,), (1,)),
        ValueError,
        "targets has the shape (2, 1), it must be (1, S)",
    ),
    (lambda: kernels.ctc_loss(X[:, None], np.array([[1]]), (3, 3), (1,)), ValueError, "one for each sequence"),
    (lambda: kernels.dice_loss(X, X, axis=(0, -2)), ValueError, "axis is (0, -2), it must not name an axis twice"),
    (lambda: kernels.tversky_loss(X, X, alpha=-1), ValueError, "alpha is -1, it must be at least 0"),
    (lambda: kernels.circle_loss(X, X[:, 0]), TypeError, "target must hold labels (integers), not float32"),
    (lambda: kernels.circle_loss(X, np.arange(3), np.arange(3)), ValueError, "must be given together, or neither"),
    (lambda: kernels.circle_loss(V, np.arange(5)), ValueError, "input has the shape (5,), it must be (N, D)"),
    (
        lambda: kernels.max_pool2d(X, 2),
        ValueError,
        "max_pool2d: x has the shape (3, 4), it must be (N, C, H, W) or",
    ),
    (lambda: kernels.lstm(X, X), ValueError, "lstm: weight_hh has the shape (3, 4), it must be (4·H, H)"),
    (lambda: kernels.rnn(X, X[:, :3]), ValueError, "rnn: gates has the shape (3, 4), it must be (T, B, 3)"),
    (lambda: kernels.gru(S, W, h0=X), ValueError, "gru: h0 has the shape (3, 4), it must be (1, 1)"),
    (lambda: kernels.gru(S, W, lengths=[3]), ValueError, "gru: lengths holds 3, it must be from 0 to 2"),
    (lambda: kernels.gru(S, W, lengths=[1.0]), TypeError, "gru: lengths must hold integers, not float64"),
    (lambda: kernels.gru(S, W, lengths=[1, 1]), ValueError, "lengths has the shape (2,), it must be (1,) one for each"),
    (lambda: kernels.rnn(S, np.eye(3, dtype=np.float32), nonlinearity="selu"), ValueError, "nonlinearity is 'selu'"),
    (lambda: kernels.gru_backward(S, S, W), ValueError, "gru_backward: grad has the shape (2, 1, 3), it must be"),
    (lambda: kernels.gru_backward(None, S, W, y=S[..., :1], saved=(X, X)), ValueError, "saved[0] has the shape (3, 4)"),
    (lambda: kernels.max_pool1d(X, 5), ValueError, "x has the shape (3, 4), too small for windows of 5 numbers"),
    (lambda: kernels.max_pool1d(X[:, :1], 2, 1, 2, 4), ValueError, "too small for windows of 5 numbers"),
    (lambda: kernels.max_pool1d(X, 2, padding=2), ValueError, "padding is 2, it must be at most half of the window's"),
    (lambda: kernels.max_pool1d(X, 0), ValueError, "kernel_size is 0, it must be an integer of at least 1"),
    (
        lambda: kernels.avg_pool2d(X[None], (2, 2, 2)),
        ValueError,
        "kernel_size is (2, 2, 2), it must be an integer",
    ),
    (
        lambda: kernels.avg_pool2d(X[None], 2.0),
        TypeError,
        "kernel_size is 2.0, it must be an integer of at",
    ),
    (lambda: kernels.avg_pool2d(X[None], 2, divisor_override=0), ValueError, "divisor_override is 0"),
    (lambda: kernels.adaptive_avg_pool1d(X[:, :0], 2), ValueError, "its axes L must not be empty"),
    (
        lambda: kernels.adaptive_max_pool1d(X, -1),
        ValueError,
        "output_size is -1, it must be an integer",
    ),
    (lambda: kernels.avg_pool1d_backward(X, X, 2), ValueError, "grad has the shape (3, 4), it must be (3, 2)"),
    (lambda: kernels.max_pool1d_backward(X, X, 1, indices=X), TypeError, "indices is float32, it must be int64"),
    (lambda: kernels.adam_update(V, V[:3], **STATE), ValueError, "grad has the shape (3,), it must be (5,)"),
    (
        lambda: kernels.adam_update(V, V, **{**STATE, "step": 0}),
        ValueError,
        "step is 0, it must be at least 1",
    ),
    (lambda: kernels.adam_update(V, V, **{**STATE, "lr": -1}), ValueError, "lr is -1, it must be at least 0"),
    (lambda: kernels.adam_update(V, V, **{**STATE, "lr": float("nan")}), ValueError, "lr is nan"),
    (lambda: kernels.adam_update(V, V, **{**STATE, "betas": (0.9, 1.0)}), ValueError, "betas is 1.0"),
    (lambda: kernels.adam_update(X[:, :2], X[:, :2], X, X, step=1, lr=1), ValueError, "must be contiguous"),
    (lambda: kernels.sgd_update(V, V, lr=1, momentum=0.9), TypeError, "momentum_buffer is needed"),
    (lambda: kernels.sgd_update(V, V, lr=1, nesterov=True), ValueError, "nesterov needs a momentum"),
    (lambda: kernels.sgd_update(read_only(), X, lr=1), ValueError, "parameter is read-only"),
    (lambda: kernels.vector_norm(X, 3), ValueError, "vector_norm: ord is 3, it must be one of 1, 2, inf"),
    (lambda: kernels.vector_norm(X[:0], np.inf), ValueError, "x has the shape (0, 4), so there is nothing"),
    (lambda: kernels.adam_update(V, V, **STATE, amsgrad=True), TypeError, "max_exp_avg_sq is needed with amsgrad"),
    (lambda: kernels.adagrad_update(V, V, V[:3], step=1, lr=1), ValueError, "sum has the shape (3,), it must be (5,)"),
    (lambda: kernels.adadelta_update(V, V, V, V, rho=2), ValueError, "rho is 2, it must be from 0 to 1"),
    (lambda: kernels.adamax_update(V, V, V, V, step=0, lr=1), ValueError, "step is 0, it must be at least 1"),
    (lambda: kernels.nadam_update(V, V, V, V, step=1, lr=1, mu_product=1), ValueError, "mu_product is 1, it must be"),
    (lambda: kernels.radam_update(V, V, V, V, step=1, lr=1, betas=(0, 1)), ValueError, "betas is 1, it must be from 0"),
    (lambda: kernels.ftrl_update(V, V, V, V, learning_rate=0), ValueError, "learning_rate is 0, it must be above 0"),
    (lambda: kernels.rprop_update(V, V, V, V, etas=(0.5, 0.5)), ValueError, "etas is 0.5, it must be at least 1"),
    (lambda: kernels.lion_update(V, V, V, beta_1=1), ValueError, "beta_1 is 1, it must be from 0 to 1"),
    (lambda: kernels.asgd_update(V, V, V, eta=1, mu=2), ValueError, "mu is 2, it must be from 0 to 1"),
    (lambda: kernels.schedule_free_update(V, V, V, V, step=1, lr=1, weight=2), ValueError, "weight is 2, it must be"),
    (
        lambda: kernels.use("cuda"),
        ValueError,
        "unknown backend 'cuda': it must be one of reference, numba, cupy",
    ),
    (lambda: kernels.rung(matmul="9_magic").__enter__(), ValueError, "matmul has no rung '9_magic'"),
    (lambda: kernels.rung(matmull="1_naive").__enter__(), ValueError, "there is no operation 'matmull'"),
    (lambda: kernels.backend("numba").matmull(X, X), AttributeError, "has no 'matmull'"),
]


@pytest.mark.parametrize(("call", "kind", "message"), MISTAKES, ids=range(len(MISTAKES)))
def test_refused(call, kind, message):
    with pytest.raises(kind) as caught:
        call()
    text = str(caught.value)
    assert message in text
    assert "\n" not in text
    assert len(text) < 250


def test_nothing_was_changed_by_refused_calls():
    parameter, before = V.copy(), V.copy()
    with pytest.raises(TypeError):
        kernels.adam_update(parameter, V, V.copy(), V.astype(np.float64), step=1, lr=0.1)
    np.testing.assert_array_equal(parameter, before)


def test_out_may_be_the_input_of_an_activation_but_not_a_shifted_view():
    x = np.linspace(-1, 1, 9, dtype=np.float32)
    expected = kernels.relu(x)
    assert kernels.relu(x, out=x) is x
    np.testing.assert_array_equal(x, expected)
    with pytest.raises(ValueError, match="out overlaps an input"):
        kernels.relu(x[1:], out=x[:-1])
