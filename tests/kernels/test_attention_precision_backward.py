"""Attention's way back on tensor cores: what chooses it, how exact it is, how it moves its numbers."""

from pathlib import Path

import numpy as np
import pytest

from kernelwright import kernels
from kernelwright.kernels import simulator
from kernelwright.kernels.attention.ladder import tensor

from .devices import OlderDevice

pytestmark = pytest.mark.cuda

FILES = {"highest": "backward.cu", "high": "backward_4_tf32x3.cu", "medium": "backward_5_bf16.cu"}
WORDS = ("high", "medium")


def drawn(queries=40, keys=70, width=64, values=None, heads=2) -> list[np.ndarray]:
    """The output's gradient, queries, keys and values."""
    rng = np.random.default_rng(0)
    values = values or width
    shapes = (2, queries, values), (2, queries, width), (heads, keys, width), (heads, keys, values)
    return [rng.standard_normal((1, *shape)).astype(np.float32) for shape in shapes]


def exact(*arrays, attn_mask=None, **options):
    """What attention gives, and the gradients, in float64."""
    grad, *arrays, mask = (x if x is None else x.astype(np.float64) for x in (*arrays, attn_mask))
    with kernels.using("reference"):
        forward = kernels.scaled_dot_product_attention_with_logsumexp(*arrays, mask, **options)
        return forward, kernels.scaled_dot_product_attention_backward(grad, *arrays, mask, **options)


def simulated(word: str, *arrays, order="forward", **options):
    """The gradients with that setting, and the reports of the launches that make them."""
    y, logsumexp = (x.astype(arrays[0].dtype) for x in exact(*arrays, **options)[0])
    kernels.set_matmul_precision(word)
    with kernels.using("simulator"), simulator.record(order=order) as reports:
        found = kernels.scaled_dot_product_attention_backward(*arrays, y=y, logsumexp=logsumexp, **options)
    for report in reports:
        assert report.findings == [], str(report)
    return found, [report for report in reports if report.kernel.startswith("attention_by")]


@pytest.mark.parametrize("word", FILES)
def test_what_a_word_means(word):
    x = drawn()
    found, reports = simulated(word, *x)
    plain = [FILES["highest"]] * 2
    files = [Path(report.path).name for report in reports]
    assert files == (plain if word == "highest" else [FILES[word]] * 2 + plain)
    for one, right in zip(found, exact(*x)[1], strict=True):
        error = np.abs(one - right).max()
        assert error < 2e-6 if word != "medium" else 1e-4 < error < 2e-2
    for others in (drawn(31, 70), drawn(40, 31), drawn(width=129), [one.astype(np.float64) for one in x]):
        assert len(simulated(word, *others)[1]) == 2


def test_where_tensor_cores_are_too_old():
    kernels.set_matmul_precision("high")
    for device, launch in ((OlderDevice(), None), (simulator.Device(), tensor.tf32x3_backward)):
        assert tensor.chosen(tensor.BACKWARD, device, *drawn()[1:]) is launch


@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize(
    "case", ["causal", "more queries, causal", "few numbers", "grouped", "masked", "dropout", "wide", "wide, dropout"]
)
def test_what_is_seen_and_what_is_kept(word, case):
    """Within what either is off by, and the same bits in any order of blocks."""
    drop = {"dropout_p": 0.3, "seed": 12345678901234567, "offset": (1 << 32) - 7}
    mask = np.where(np.random.default_rng(1).uniform(size=(66, 77)) < 0.7, 0.5, -np.inf).astype(np.float32)
    mask[3] = -np.inf
    x, options = {
        "causal": (drawn(97, 131), {"is_causal": True}),
        "more queries, causal": (drawn(150, 40), {"is_causal": True}),
        "few numbers": (drawn(33, 65, 3, 5), {}),
        "grouped": (drawn(70, 50, 17, 9, heads=1), {"enable_gqa": True, "is_causal": True, "scale": -0.3}),
        "masked": (drawn(66, 77), {"attn_mask": mask}),
        "dropout": (drawn(45, 101, heads=1), {"enable_gqa": True, **drop}),
        "wide": (drawn(66, 77, 128, 90), {"attn_mask": mask}),
        "wide, dropout": (drawn(70, 67, 100, 128), {"is_causal": True, **drop}),
    }[case]
    wanted = exact(*x, **options)[1]
    first, *others = (simulated(word, *x, order=order, **options)[0] for order in simulator.ORDERS)
    for i, right in enumerate(wanted):
        np.testing.assert_allclose(first[i], right, rtol=0, atol=5e-2 if word == "medium" else 4e-6)
        for other in others:
            np.testing.assert_array_equal(other[i], first[i])


@pytest.mark.parametrize("kind", ["numbers of order 1", "one key outweighs", "no signs", "one term"])
def test_three_products_of_tf32_are_float32(kind):
    """Beside the kernels that work in float32: the mean size of the gradients' errors. A product alone is exact to 2⁻²¹
    instead of 2⁻²⁴; of a few, that isn't seen any more."""
    grad, q, k, v = drawn(width=1 if kind == "one term" else 64)
    if kind == "one key outweighs":
        q *= 8
    elif kind == "no signs":
        grad, v = np.abs(grad), np.abs(v)
    right = exact(grad, q, k, v)[1]
    most = 3 if kind == "one term" else 1.5
    (split, _), (plain, _) = simulated("high", grad, q, k, v), simulated("highest", grad, q, k, v)
    for ours, theirs, wanted in zip(split, plain, right, strict=True):
        assert np.sqrt(((ours - wanted) ** 2).mean()) <= most * np.sqrt(((theirs - wanted) ** 2).mean())


@pytest.mark.parametrize("width", tensor.WIDTHS)
@pytest.mark.parametrize("word", WORDS)
def test_what_is_not_finite_is_as_in_float32(word, width):
    """Blocks that find any are made again by the plain kernel, bit for bit; the others are left alone."""
    grad, q, k, v = drawn(150, 70, width)
    q[0, 0, 3, 5], k[0, 0, 69, :2], grad[0, 0, 140, 7] = np.inf, 3.4e38, np.nan
    (found, _), (wanted, _) = simulated(word, grad, q, k, v), simulated("highest", grad, q, k, v)
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_array_equal(one[0, 0], other[0, 0])
        assert np.isfinite(one[0, 1]).all()
        assert (one[0, 1] != other[0, 1]).any()


@pytest.mark.parametrize("word", WORDS)
def test_one_block_is_made_again(word):
    """Of queries: those before and after it are left alone."""
    grad, q, k, v = drawn(150, 70)
    grad[0, :, 70, 3] = np.inf
    (found, *_), (wanted, *_) = (simulated(one, grad, q, k, v)[0] for one in (word, "highest"))
    np.testing.assert_array_equal(found[:, :, 64:128], wanted[:, :, 64:128])
    for alone in (slice(64), slice(128, None)):
        assert (found[:, :, alone] != wanted[:, :, alone]).any()


@pytest.mark.parametrize("word", WORDS)
def test_a_mask_of_the_lowest_numbers_hides_as_in_float32(word):
    grad, q, k, v = drawn()
    mask = np.zeros((40, 70), np.float32)
    mask[5, 1:], mask[6, :9] = np.finfo(np.float32).min, np.finfo(np.float32).min
    found = simulated(word, grad, q, k, v, attn_mask=mask)[0]
    wanted = exact(grad, q, k, v, attn_mask=mask)[1]
    for one, right in zip(found, wanted, strict=True):
        np.testing.assert_allclose(one, right, rtol=0, atol=3e-2 if word == "medium" else 2e-6)


@pytest.mark.parametrize("word", WORDS)
def test_every_byte_is_asked_for_once(word):
    """Whole sectors, no bank conflict, neither in copies nor in what the products read."""
    _, reports = simulated(word, *drawn(128, 128))
    row, blocks, of = 64 * 4 // 32, 4, 1 if word == "high" else 2  # a row of float32 in sectors
    statistics = 2 * 128 // 8
    own = 2 * 64 * row // of + 64 * row + 1  # both, read; one gradient, written; whether to make it again
    others = 2 * 128 * row // of
    by_queries, by_keys, *again = reports
    assert by_queries.total.sectors == blocks * (own + others + 2 * 64 // 8)
    assert by_keys.total.sectors >= blocks * (own + 64 * row + others + statistics)
    for report in again:
        assert report.total.sectors == report.grid[0] * 4  # each warp looks whether it is needed
    for report in reports:
        assert report.global_efficiency == report.shared_efficiency == 1


@pytest.mark.parametrize("width", tensor.WIDTHS)
@pytest.mark.parametrize("word", WORDS)
def test_nothing_is_spilled(word, width):
    for report in simulated(word, *drawn(width=width))[1][:2]:
        assert report.resources.stack == 0
        assert report.occupancy.warps >= (12 if width == 64 else 4 if word == "high" else 8)
