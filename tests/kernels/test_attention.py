"""Attention beyond the catalog: what the way back may be given, views to fill, and memory that grows with the rows."""

import re
import sys
from pathlib import Path

import numba
import numpy as np
import pytest

from kernelwright import kernels
from kernelwright.kernels import simulator
from kernelwright.kernels.attention import attention_counters, gpu
from kernelwright.kernels.backend import Simulator

DRAW = np.random.default_rng(0)
ARRAYS = [DRAW.standard_normal((2, 2, 5, 4)) for _ in range(4)]
backward = kernels.scaled_dot_product_attention_backward


def test_the_way_back_needs_not_be_given_what_forward_found():
    grad, *given = ARRAYS
    y, logsumexp = kernels.scaled_dot_product_attention_with_logsumexp(*given, is_causal=True)
    scores = given[0] @ given[1].swapaxes(-1, -2) / 2
    powers = np.exp(scores) * np.tri(5)
    np.testing.assert_allclose(logsumexp, np.log(powers.sum(-1)))
    found = backward(grad, *given, is_causal=True, y=y, logsumexp=logsumexp)
    for one, other in zip(found, backward(grad, *given, is_causal=True), strict=True):
        np.testing.assert_array_equal(one, other)


def test_views_are_filled():
    grad, *given = ARRAYS
    joined = np.full((2, 5, 3, 2, 4), np.nan)
    views = tuple(joined[:, :, i].swapaxes(1, 2) for i in range(3))
    assert kernels.scaled_dot_product_attention(*given, out=views[0]) is views[0]
    np.testing.assert_array_equal(views[0], kernels.scaled_dot_product_attention(*given))
    assert np.isnan(joined[:, :, 1:]).all()
    for one, other in zip(backward(grad, *given, out=views), backward(grad, *given), strict=True):
        np.testing.assert_array_equal(one, other)
    assert not np.isnan(joined).any()


def test_a_nan_stays_in_its_row():
    """PyTorch's kernel for the CPU makes a row of zeros of it, its others NaN."""
    _, q, k, v = (x.copy() for x in ARRAYS)
    q[0, 0, 1, 2] = np.nan
    y = kernels.scaled_dot_product_attention(q, k, v)
    assert np.isnan(y[0, 0, 1]).all()
    assert np.isnan(y).sum() == 4


def test_dropout_of_all_weights():
    """The weights show in the result where the values are rows of one."""
    q, k = DRAW.standard_normal((2, 1, 3, 200, 4))
    v = np.broadcast_to(np.eye(200), (1, 3, 200, 200))
    attend = kernels.scaled_dot_product_attention
    weights, dropped = attend(q, k, v), attend(q, k, v, dropout_p=0.25, seed=3)
    kept = dropped != 0
    np.testing.assert_allclose(dropped[kept], weights[kept] / 0.75, rtol=1e-10)
    assert abs(kept.mean() - 0.75) < 4 * np.sqrt(0.25 * 0.75 / kept.size)
    counters = attention_counters(q.shape, 200)
    for seed, offset in ((4, 0), (3, counters)):  # others: as many places are alike as are by chance
        alike = kept == (attend(q, k, v, dropout_p=0.25, seed=seed, offset=offset) != 0)
        assert abs(alike.mean() - 0.625) < 0.01
    np.testing.assert_array_equal(attend(q, k, v, None, 0.25, seed=3), dropped)
    np.testing.assert_array_equal(attend(q, k, v, None, 0.0, seed=3), weights)


def test_dropout_does_not_depend_on_the_number_of_threads():
    x = [DRAW.standard_normal((2, 4, 130, 8)) for _ in range(4)]
    before, found = kernels.get_threads(), []
    for n in {1, min(2, numba.config.NUMBA_NUM_THREADS)}:
        kernels.set_threads(n)
        y = kernels.scaled_dot_product_attention(*x[1:], dropout_p=0.5, seed=1)
        found.append((y, *backward(*x, dropout_p=0.5, seed=1)))
    kernels.set_threads(before)
    for one, other in zip(found[0], found[-1]):
        np.testing.assert_array_equal(one, other)


@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux")
def test_the_matrix_of_weights_is_never_stored():
    rows = 1 << 13
    x = np.zeros((1, 1, rows, 1), np.float32)
    for used in (x[:, :, :2], x):  # the first time, kernels are loaded
        Path("/proc/self/clear_refs").write_text("5")  # the peak is forgotten
        before = peak()
        y, logsumexp = kernels.scaled_dot_product_attention_with_logsumexp(used, used, used, is_causal=True)
        backward(y, used, used, used, is_causal=True, y=y, logsumexp=logsumexp)
    assert peak() - before < rows * rows * 4 // 8


@pytest.mark.cuda
def test_what_the_gpu_moves():
    """Each block of 64 queries reads its own rows, and each key and value, once: whole sectors, no conflicts."""
    heads, rows, width = 2, 128, 64
    x = [DRAW.standard_normal((1, heads, rows, width), dtype=np.float32) for _ in range(4)]
    with kernels.using("simulator"), simulator.record(races=False) as reports:
        kernels.scaled_dot_product_attention(*x[1:])
        backward(*x)
    row, blocks = width // 8, heads * rows // 64  # a row in sectors
    assert reports[0].total.sectors == blocks * (64 + 64 + rows + rows) * row
    for report in reports:
        assert report.global_efficiency == 1, str(report)
        for line in report.lines.values():
            assert line.bank_wavefronts <= 4 * line.shared_requests  # one of 16 bytes a thread goes in four passes
        assert report.resources.stack == 0


@pytest.mark.cuda
def test_few_queries_share_a_heads_keys_among_blocks():
    """Whatever the order of blocks: the same bits, and whole sectors of keys and values, each read once."""
    q = DRAW.standard_normal((1, 2, 3, 64), dtype=np.float32)
    k, v = DRAW.standard_normal((2, 1, 2, 300, 64), dtype=np.float32)
    found = []
    for order in ("forward", "shuffled"):
        with kernels.using("simulator"), simulator.record(order) as reports:
            found.append(kernels.scaled_dot_product_attention_with_logsumexp(q, k, v))
        assert [report.kernel for report in reports] == ["attention", "merge_parts"]
        assert all(report.findings == [] and report.resources.stack == 0 for report in reports)
        assert reports[0].grid[2] == 5
        assert reports[0].global_efficiency > 0.99
    for one, other, right in zip(*found, _in_float64(q, k, v), strict=True):
        np.testing.assert_array_equal(one, other)
        np.testing.assert_allclose(one, right, rtol=1e-5, atol=1e-6)


@pytest.mark.cuda
def test_enough_queries_of_few_do_not_share(monkeypatch):
    monkeypatch.setattr(gpu, "FULL", 3)
    q, k = (DRAW.standard_normal((1, 2, rows, 4), dtype=np.float32) for rows in (1, 150))
    with kernels.using("simulator"), simulator.record() as reports:
        y = kernels.scaled_dot_product_attention(q, k, k)
    assert [report.grid for report in reports] == [(2, 1, 1)]
    np.testing.assert_allclose(y, _in_float64(q, k, k)[0], rtol=1e-5, atol=1e-6)


@pytest.mark.cuda
def test_a_gpu_without_asynchronous_copies():
    """Below sm_80 tiles are copied by plain loads and stores."""
    x = [DRAW.standard_normal((1, 2, 37, 6), dtype=np.float32) for _ in range(4)]
    older = Simulator()
    older.device.arch = 75
    with kernels.using(older), simulator.record() as reports:
        found = kernels.scaled_dot_product_attention(*x[1:]), *backward(*x, is_causal=True)
    assert all(report.findings == [] and report.arch == 75 for report in reports)
    with kernels.using("reference"):
        x = [one.astype(np.float64) for one in x]
        wanted = kernels.scaled_dot_product_attention(*x[1:]), *backward(*x, is_causal=True)
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)


def _in_float64(*arrays):
    with kernels.using("reference"):
        return kernels.scaled_dot_product_attention_with_logsumexp(*(x.astype(np.float64) for x in arrays))


def peak() -> int:
    """The most memory that this process has held, in bytes."""
    return int(re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())[1]) * 1024
