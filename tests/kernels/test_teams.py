"""How rows are shared out on the GPU: each number is read once and written once, by whole sectors, from registers."""

import numpy as np
import pytest

from kernelwright import kernels
from kernelwright.kernels import cuda, simulator
from kernelwright.kernels.simulator.resources import resources
from kernelwright.kernels.softmax import gpu
from kernelwright.kernels.teams import Plan, plan

from ..catalog import DTYPES, running

pytestmark = pytest.mark.cuda


def array(*shape, dtype=np.float32):
    return np.random.default_rng(0).standard_normal(shape).astype(dtype)


def sectors(call) -> int:
    """Sectors of global memory that a call of the library reads or writes, on the simulator."""
    with kernels.using("simulator"), simulator.record(races=False) as reports:
        call()
    assert all(report.findings == [] for report in reports)
    return sum(report.total.sectors for report in reports)


# Rows for a few threads, a warp, a block; and columns.
@pytest.mark.parametrize("shape", [(64, 32), (8, 1024), (2, 8192), (3, 8, 256)])
def test_softmax_moves_each_number_once(shape):
    x = array(*shape)
    axis, ideal = len(shape) - 1 if len(shape) == 2 else 1, x.nbytes // 32
    assert sectors(lambda: kernels.softmax(x, axis)) == 2 * ideal
    assert sectors(lambda: kernels.sparsemax(x, axis)) == 2 * ideal
    assert sectors(lambda: kernels.softmax_backward(x, x, axis)) == 3 * ideal


@pytest.mark.parametrize("shape", [(64, 32), (8, 1024), (2, 8192)])
def test_norms_move_each_number_once(shape):
    x, n = array(*shape), shape[1]
    ideal = x.nbytes // 32
    assert sectors(lambda: kernels.layer_norm(x, n)) == 2 * ideal
    assert sectors(lambda: kernels.rms_norm(x, n)) == 2 * ideal
    _, statistics = kernels.backend("numba").layer_norm_with_statistics(x, n)
    given = {"statistics": statistics}
    moved = sectors(lambda: kernels.layer_norm_backward(x, x, n, **given))
    assert 3 * ideal <= moved <= 3.3 * ideal  # each warp reads what is known of its row
    assert sectors(lambda: kernels.rms_norm_backward(x, x, n)) == 3 * ideal


@pytest.mark.parametrize("classes", [32, 1024, 8192])
def test_cross_entropy_moves_each_number_once(classes):
    x, target = array(16, classes), np.arange(16) % classes
    moved = sectors(lambda: kernels.cross_entropy_with_gradient(x, target, reduction="sum"))
    ideal = 2 * x.nbytes // 32
    assert ideal <= moved <= 1.03 * ideal + 3 * len(x)  # each label, its logit and its loss


@pytest.mark.parametrize(("shape", "axis"), [((64, 1024), 1), ((16, 4096), 1), ((1024, 128), 0), ((1, 1 << 16), 1)])
def test_sums_read_each_number_once(shape, axis):
    x = array(*shape)
    ideal = x.nbytes // 32
    assert ideal <= sectors(lambda: kernels.sum(x, axis)) <= 1.05 * ideal  # and the sums of blocks


def test_long_rows_are_read_twice(monkeypatch):
    x = array(2, 40000)
    ideal = 3 * x.nbytes // 32
    assert ideal <= sectors(lambda: kernels.softmax(x)) <= 1.02 * ideal  # split among blocks: and what these found
    monkeypatch.setattr(gpu, "FEW", 0)
    assert sectors(lambda: kernels.softmax(x)) == ideal


@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_one_block_goes_through_a_long_row(name, monkeypatch):
    """Which it does where there are many such rows."""
    monkeypatch.setattr(gpu, "FEW", 0)
    x = array(3, 33000)
    x[0, :17000] -= 100  # larger numbers come late
    x[1, 7], x[2] = np.nan, -np.inf
    with running("simulator", "reverse"):
        found = getattr(kernels, name)(x)
    with kernels.using("reference"), np.errstate(invalid="ignore"):
        wanted = getattr(kernels, name)(x.astype(np.float64))
    np.testing.assert_allclose(found, wanted, rtol=2e-5, atol=5e-6)


@pytest.mark.parametrize("dtype", DTYPES)
def test_plans_hold_rows(dtype):
    for held in (1, 2, 4):
        for n in (1, 8, 31, 32, 33, 256, 1000, 1025, 4096, 8192, 16384, 32768, 40000):
            chosen = plan(n, 1, (array(1, dtype=dtype),), held)
            assert chosen.whole == (n <= chosen.threads * chosen.each) or n > 8192 // held
            assert chosen.threads * chosen.each >= n or not chosen.whole


def test_packs_only_where_all_rows_begin_at_16_bytes():
    x = array(1025)
    assert plan(1024, 1, (x[:1024],)).wide == 4
    assert plan(1024, 1, (x[1:],)).wide == 1
    assert plan(1023, 1, (x[:1023],)).wide == 1
    assert plan(1024, 7, (x[:1024],)).wide == 1


@pytest.mark.parametrize(
    ("family", "file", "threads", "each", "name"),
    [
        ("softmax", "gpu.cu", 1024, 32, "softmax"),
        ("softmax", "gpu.cu", 1024, 16, "softmax_backward"),
        ("normalization", "gpu.cu", 512, 32, "layer_norm"),
        ("normalization", "backward.cu", 1024, 8, "layer_norm_backward"),
        ("losses/classification", "gpu.cu", 512, 16, "cross_entropy_indices"),
    ],
)
def test_registers_suffice(family, file, threads, each, name):
    """The largest plans on an H100: nothing is spilled, and 1024 threads find room on a multiprocessor."""
    source = Plan(threads, each, 4, True, False).source(str(cuda.KERNELS / family / "gpu.py"), file)
    found = resources(source.compile(90, np.float32).read_bytes(), name, 90)
    assert found.stack == 0
    assert found.occupancy(threads).warps >= 32
