"""Losses of small inputs on the GPU cost what their launches cost: how many those are, and values around the bounds."""

from typing import Any

import numpy as np
import pytest

from kernelwright import kernels
from kernelwright.kernels import simulator

from ..catalog import DTYPES, running

pytestmark = pytest.mark.cuda


def drawn(*shape, classes=None) -> Any:
    rng = np.random.default_rng(0)
    return rng.standard_normal(shape).astype(np.float32) if classes is None else rng.integers(0, classes, shape)


def launched(call) -> list[str]:
    with kernels.using("simulator"), simulator.record(races=False) as reports:
        call()
    return [report.kernel for report in reports]


# Beside the kernel of the rows: for 8,192 places in registers, for more, for more labels than a block sums by itself.
@pytest.mark.parametrize(
    ("rows", "classes", "before", "after"),
    [
        (64, 10, [], []),
        (256, 10, [], []),
        (257, 10, [], ["total"]),
        (4, 1000, [], []),
        (128, 1000, [], ["total"]),
        (1025, 3, ["label_weights"], ["total"]),
        (0, 10, [], []),
    ],
)
def test_launches_of_cross_entropy(rows, classes, before, after):
    x, labels = drawn(rows, classes), drawn(rows, classes=classes)
    found = launched(lambda: kernels.cross_entropy_with_gradient(x, labels))
    assert found == [*before, "cross_entropy_indices", *after]
    found = launched(lambda: kernels.cross_entropy_with_gradient(x, np.abs(x)))
    assert found == ["cross_entropy_probabilities", *after]


@pytest.mark.parametrize(("size", "after"), [(0, []), (640, []), (4096, []), (4097, ["total"])])
def test_launches_of_a_loss_of_elements(size, after):
    x, t = drawn(size), np.ones(size, np.float32)
    assert launched(lambda: kernels.mse_loss_with_gradient(x, t)) == ["mse_loss", *after]
    found = launched(lambda: kernels.binary_cross_entropy_with_logits(x, t))
    assert found == ["binary_cross_entropy_with_logits", *after]
    assert launched(lambda: kernels.gaussian_nll_loss(x, t, t)) == ["gaussian_nll_loss", *after]


def test_one_block_takes_half_as_many_of_float64():
    x = drawn(2049).astype(np.float64)
    assert launched(lambda: kernels.mse_loss(x[:-1], x[:-1])) == ["mse_loss"]
    assert launched(lambda: kernels.mse_loss(x, x)) == ["mse_loss", "total"]


@pytest.mark.parametrize(
    ("rows", "expected"), [(204, ["nll_alone"]), (205, ["label_weights", "nll_loss", "nll_gradient", "total"])]
)
def test_launches_of_nll_loss(rows, expected):
    x, labels = drawn(rows, 10), drawn(rows, classes=10)
    assert launched(lambda: kernels.nll_loss_with_gradient(x, labels)) == expected


def agree(call, dtype, order):
    with running("simulator", order):
        found = call(dtype)
    with kernels.using("reference"):
        wanted = call(np.float64)
    for x, y in zip(found, wanted, strict=True):
        np.testing.assert_allclose(x, y, rtol=2e-5, atol=5e-6)


# In one block and in several: teams of 4, 32 and 256 threads, some without a row; a thread a column.
SHAPES = [
    (255, 10),
    (256, 10),
    (257, 10),
    (31, 200),
    (33, 200),
    (3, 1500),
    (5, 1500),
    (1, 8191),
    (2, 7, 70),
    (2, 17, 9),
]


@pytest.mark.parametrize("order", ["forward", "reverse", "shuffled"])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_cross_entropy_on_both_sides_of_the_bound(shape, dtype, order):
    x, labels = drawn(*shape), drawn(shape[0], *shape[2:], classes=shape[1])
    labels.ravel()[::5] = -100 if labels.size > 1 else 3
    weight, p = np.abs(drawn(shape[1])) + 0.1, np.abs(drawn(*shape)) / shape[1]

    def call(dtype):
        logits, more = x.astype(dtype), {"weight": weight.astype(dtype), "label_smoothing": 0.1}
        found = []
        for reduction in ("none", "mean", "sum"):
            found += kernels.cross_entropy_with_gradient(logits, labels, reduction=reduction, **more)
            found += kernels.cross_entropy_with_gradient(logits, p.astype(dtype), reduction=reduction, **more)
            found += kernels.nll_loss_with_gradient(logits, labels, more["weight"], reduction=reduction)
        return found

    agree(call, dtype, order)


@pytest.mark.parametrize("order", ["forward", "reverse", "shuffled"])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("size", [1, 255, 1025, 2048, 2049, 4095, 4096, 4097])
def test_losses_of_elements_on_both_sides_of_the_bound(size, dtype, order):
    x, t = drawn(2, size + 1)[:, 1:]  # which aren't at multiples of 16 bytes; their copies are

    def call(dtype):
        found = []
        for first, second in ((x, t), (x.copy(), t.copy())):
            pair = first.astype(dtype, copy=False), second.astype(dtype, copy=False)
            for reduction in ("none", "mean", "sum"):
                found += kernels.huber_loss_with_gradient(*pair, reduction=reduction)
        return found

    agree(call, dtype, order)
