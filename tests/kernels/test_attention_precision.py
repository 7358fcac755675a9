"""Attention on tensor cores: what `set_matmul_precision` chooses, how exact it is, how it moves its numbers."""

from pathlib import Path

import numpy as np
import pytest

from kernelwright import kernels
from kernelwright.kernels import simulator
from kernelwright.kernels.attention import gpu
from kernelwright.kernels.attention.ladder import tensor

from .devices import OlderDevice

pytestmark = pytest.mark.cuda

attend = kernels.scaled_dot_product_attention_with_logsumexp
FILES = {"highest": "gpu.cu", "high": "gpu_4_tf32x3.cu", "medium": "gpu_5_bf16.cu"}
RUNGS = ("4_tf32x3", "5_bf16")


def drawn(queries=40, keys=70, width=64) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [rng.standard_normal((1, 2, rows, width)).astype(np.float32) for rows in (queries, keys, keys)]


def simulated(word: str, *arrays, **options):
    """What attention gives with that setting, and the files of its launches."""
    kernels.set_matmul_precision(word)
    with kernels.using("simulator"), simulator.record() as reports:
        found = attend(*arrays, **options)
    for report in reports:
        assert report.findings == [], str(report)
    return found, [Path(report.path).name for report in reports if report.kernel == "attention"]


def exact(*arrays, **options):
    with kernels.using("reference"):
        return attend(*(x.astype(np.float64) for x in arrays), **options)


@pytest.mark.parametrize("word", FILES)
def test_what_a_word_means(word):
    x = drawn()
    found, files = simulated(word, *x, is_causal=True)
    assert files == ["gpu.cu"] if word == "highest" else [FILES[word], "gpu.cu"]
    for one, right in zip(found, exact(*x, is_causal=True), strict=True):
        error = np.abs(one - right).max()
        assert error < 2e-6 if word != "medium" else 1e-4 < error < 2e-2
    for others in (drawn(31, 70), drawn(40, 31), drawn(width=129), [one.astype(np.float64) for one in x]):
        assert simulated(word, *others)[1] == ["gpu.cu"]


def test_where_tensor_cores_are_too_old():
    q, k, v = drawn()
    nothing, device = np.empty((0, 0, 0, 0), np.float32), OlderDevice()
    kernels.set_matmul_precision("high")
    gpu.attention(device, q, k, v, nothing, 1, 0, 0, 0, 1 << 32, 1, np.empty_like(q), nothing)
    assert device.launched == "gpu.cu"


@pytest.mark.parametrize("kind", ["numbers of order 1", "one key outweighs", "no signs", "one term"])
def test_three_products_of_tf32_are_float32(kind):
    """Beside the kernel that works in float32: the mean size of the result's errors, and of log Σ exp's."""
    q, k, v = drawn(width=1 if kind == "one term" else 64)
    if kind == "one key outweighs":
        q *= 8
    elif kind == "no signs":
        v = np.abs(v)
    right = exact(q, k, v)
    (split, _), (plain, _) = simulated("high", q, k, v), simulated("highest", q, k, v)
    for ours, theirs, wanted in zip(split, plain, right, strict=True):
        assert np.sqrt(((ours - wanted) ** 2).mean()) <= 1.5 * np.sqrt(((theirs - wanted) ** 2).mean())


@pytest.mark.parametrize("word", ["high", "medium"])
def test_what_is_not_finite_is_as_in_float32(word):
    """Blocks that find any are made again by the plain kernel, bit for bit; the others are left alone."""
    q, k, v = drawn(queries=70)
    q[0, 0, 3, 5], q[0, 0, 4, 6], k[0, 0, 69, :2], v[0, 0, 50, 7] = np.inf, np.nan, 3.4e38, -np.inf
    found, wanted = simulated(word, q, k, v)[0], simulated("highest", q, k, v)[0]
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_array_equal(one[0, 0], other[0, 0])
        assert np.isfinite(one[0, 1]).all()
        assert (one[0, 1] != other[0, 1]).any()


@pytest.mark.parametrize("word", ["high", "medium"])
def test_a_mask_of_the_lowest_numbers_hides_as_in_float32(word):
    """A row of them alone weighs all keys alike."""
    q, k, v = drawn()
    mask = np.zeros((40, 70), np.float32)
    mask[3], mask[5, 1:], mask[6, :9] = (np.finfo(np.float32).min,) * 3
    y = simulated(word, q, k, v, mask)[0][0]
    np.testing.assert_allclose(y, exact(q, k, v, mask)[0], rtol=0, atol=2e-2 if word == "medium" else 2e-6)
    np.testing.assert_allclose(y[..., 3, :], v.mean(-2), atol=1e-5)


def test_the_way_back_takes_what_bfloat16_found():
    x, grad = drawn(), drawn()[0]
    y, logsumexp = simulated("medium", *x)[0]
    with kernels.using("simulator"):
        found = kernels.scaled_dot_product_attention_backward(grad, *x, y=y, logsumexp=logsumexp)
    with kernels.using("reference"):
        wanted = kernels.scaled_dot_product_attention_backward(*(one.astype(np.float64) for one in (grad, *x)))
    for one, right in zip(found, wanted, strict=True):
        np.testing.assert_allclose(one, right, rtol=1e-2, atol=2e-2)


@pytest.mark.parametrize("rung", RUNGS)
def test_every_byte_is_asked_for_once(rung):
    """Whole sectors, no bank conflict, neither in copies nor in what the products read."""
    x = drawn(128, 128)
    with kernels.using("simulator"), kernels.rung(scaled_dot_product_attention=rung), simulator.record() as reports:
        kernels.scaled_dot_product_attention(*x)
    blocks, row = 4, 64 * 4 // 32  # a row of float32 in sectors
    of_keys = row if rung == "4_tf32x3" else row // 2
    report = reports[-2]
    assert report.total.sectors == blocks * ((64 + 64) * row + 2 * 128 * of_keys + 1)
    for report in reports:
        assert report.findings == []
        assert report.global_efficiency == report.shared_efficiency == 1


@pytest.mark.parametrize("width", tensor.WIDTHS)
@pytest.mark.parametrize("rung", RUNGS)
def test_nothing_is_spilled(rung, width):
    x = drawn(width=width)
    with kernels.using("simulator"), kernels.rung(scaled_dot_product_attention=rung), simulator.record() as reports:
        kernels.scaled_dot_product_attention(*x)
    assert reports[-2].resources.stack == 0
    assert reports[-2].occupancy.blocks == (3 if width == 64 else 2)
