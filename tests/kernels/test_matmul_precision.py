"""Matrix products on tensor cores: what `set_matmul_precision` chooses, how exact it is, how it moves its numbers."""

import threading

import numpy as np
import pytest

from kernelwright import kernels
from kernelwright.kernels import simulator
from kernelwright.kernels.matmul import gpu, precision
from kernelwright.kernels.matmul.ladder import gpu as ladder
from kernelwright.kernels.matmul.ladder import tensor, wide
from kernelwright.kernels.operation import tolerance_of_rung
from kernelwright.kernels.simulator.resources import multiprocessor

from .devices import OlderDevice

RUNGS = ("10_tf32", "11_tf32x3", "12_bf16", "13_rounded_first", "14_scaled_half", "15_wide_tiles")
NARROW_IN_MEMORY = ("13_rounded_first", "14_scaled_half", "15_wide_tiles")
WIDE = "15_wide_tiles"
TWICE = ("10_tf32", "13_rounded_first", "14_scaled_half")  # two blocks at a time on a multiprocessor


def drawn(*shapes, seed=0) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [rng.standard_normal(shape).astype(np.float32) for shape in shapes]


def simulated(a, b, *others, rung=""):
    """The product, and the report of its last launch."""
    rungs = {"matmul": rung} if rung else {}
    with kernels.using("simulator"), kernels.rung(**rungs), simulator.record() as reports:
        y = kernels.matmul(a, b, *others)
    for report in reports:
        assert report.findings == [], str(report)
    return y, reports[-1]


def test_the_choice():
    assert kernels.get_matmul_precision() == "highest"
    kernels.set_matmul_precision("medium")
    seen = []
    thread = threading.Thread(target=lambda: seen.append(kernels.get_matmul_precision()))
    thread.start()
    thread.join()
    assert seen == ["medium"] == [kernels.get_matmul_precision()]
    with pytest.raises(ValueError, match="precision is 'low', it must be one of 'highest', 'high', 'medium'"):
        kernels.set_matmul_precision("low")
    assert kernels.get_matmul_precision() == "medium"


def test_the_cpu_knows_one_precision():
    a, b = drawn((40, 50), (50, 60))
    with kernels.using("numba"):
        right = kernels.matmul(a, b)
        for word in precision.PRECISIONS:
            kernels.set_matmul_precision(word)
            assert (kernels.matmul(a, b) == right).all()


# The errors' mean size, by that of a sum of k products, √k: two steps of float32, or one of 8 bits.
@pytest.mark.cuda
@pytest.mark.parametrize(
    ("word", "file", "most"),
    [
        ("highest", "gpu.cu", 2**-22),
        ("high", "gpu_11_tf32x3.cu", 2**-22),
        ("medium", "gpu_12_bf16.cu", 2**-8),
        ("medium", "gpu_15_wide_tiles.cu", 2**-8),
    ],
)
def test_what_a_word_means(word, file, most, monkeypatch):
    if file == "gpu_15_wide_tiles.cu":
        monkeypatch.setattr(precision, "LARGE", 40)
    a, b, bias = drawn((40, 90), (90, 50), (50,))
    kernels.set_matmul_precision(word)
    y, report = simulated(a, b, bias)
    assert report.path.endswith(f"/{file}")
    error = np.sqrt(((y - (a.astype(np.float64) @ b + bias)) ** 2).mean() / 90)
    assert most / 16 < error < most
    with kernels.using("simulator"):
        small, double = kernels.matmul(a, b[:, :31]), kernels.matmul(a.astype(np.float64), b.astype(np.float64))
    np.testing.assert_allclose(small, a @ b[:, :31], rtol=1e-4, atol=1e-4)  # a result too narrow for tensor cores
    np.testing.assert_allclose(double, a.astype(np.float64) @ b, rtol=1e-12, atol=1e-12)


@pytest.mark.cuda
def test_the_way_back_through_gelu():
    """Its slope is found where the product is made, here on tensor cores."""
    x, weight, bias, grad = drawn((40, 50), (36, 50), (36,), (40, 36))
    kernels.set_matmul_precision("high")
    with kernels.using("simulator"), simulator.record() as reports:
        found = kernels.linear_backward(grad, x, weight, bias, "gelu_tanh")
    assert reports[0].path.endswith("/gpu_11_tf32x3.cu")
    with kernels.using("reference"):
        exact = kernels.linear_backward(grad, x, weight, bias, "gelu_tanh")
    for one, other in zip(found, exact, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-4)


def test_where_tensor_cores_are_too_old():
    a, b = drawn((1, 40, 40), (1, 40, 40))
    nothing, device = np.empty(0, np.float32), OlderDevice()
    kernels.set_matmul_precision("high")
    gpu.matmul(device, a, b, nothing, nothing, 0, np.empty_like(a))
    assert device.launched == "gpu.cu"


def scaled(kind: str, rng) -> list[np.ndarray]:
    a, b = rng.standard_normal((48, 300)), rng.standard_normal((300, 40))
    if kind == "rows of all sizes":
        a *= 2.0 ** rng.integers(-40, 40, (48, 1))
        b *= 2.0 ** rng.integers(-40, 40, (1, 40))
    elif kind == "terms of all sizes":
        size = 2.0 ** rng.integers(-30, 30, 300)
        a, b = a * size, b / size[:, None]
    elif kind == "no signs":
        a, b = np.abs(a), np.abs(b)
    elif kind == "large ones that cancel":
        a[:, 150:], b[150:] = a[:, :150], -b[:150] * (1 + 1e-3 * rng.standard_normal((150, 40)))
    return [a.astype(np.float32), b.astype(np.float32)]


@pytest.mark.cuda
@pytest.mark.parametrize(
    "kind", ["numbers of order 1", "no signs", "rows of all sizes", "terms of all sizes", "large ones that cancel"]
)
def test_three_products_of_tf32_are_float32(kind):
    """Beside a kernel that works in float32: the errors' mean size, each measured by the size of its sum's terms."""
    a, b = scaled(kind, np.random.default_rng(3))
    exact, size = a.astype(np.float64) @ b.astype(np.float64), np.abs(a).astype(np.float64) @ np.abs(b)
    split, plain = (np.abs(simulated(a, b, rung=rung)[0] - exact) / size for rung in ("11_tf32x3", "9_async"))
    assert np.sqrt((split**2).mean()) <= 1.5 * np.sqrt((plain**2).mean())
    assert split.max() <= 1.5 * plain.max()


@pytest.mark.cuda
@pytest.mark.parametrize(
    ("kind", "layout"), [("rows of all sizes", "C"), ("rows of all sizes", "F"), ("terms of all sizes", "C")]
)
def test_scaled_halves_are_as_good_as_tf32(kind, layout):
    """Whatever the sizes of rows and columns, and however they lie; unless terms are tiny numbers times huge ones."""
    a, b = scaled(kind, np.random.default_rng(3))
    exact, size = a.astype(np.float64) @ b.astype(np.float64), np.abs(a).astype(np.float64) @ np.abs(b)
    a, b = np.asarray(a, order=layout), np.asarray(b, order=layout)
    half, tf32 = (np.abs(simulated(a, b, rung=rung)[0] - exact) / size for rung in ("14_scaled_half", "10_tf32"))
    ratio = np.sqrt((half**2).mean() / (tf32**2).mean())
    assert ratio < 1.1 if kind == "rows of all sizes" else ratio > 10


@pytest.mark.cuda
def test_halves_where_tensor_cores_know_nothing_else():
    a, b, bias = drawn((40, 50), (50, 60), (60,))
    results = []
    for arch in (75, 80):
        device, y = simulator.Device(), np.empty((1, 40, 60), np.float32)
        device.arch = arch
        with simulator.record() as reports:
            ladder.matmul_14_scaled_half(device, a[None], b[None], bias, np.empty(0, np.float32), 1, y)
        assert [report.findings for report in reports] == [[], [], []]
        results.append(y)
    np.testing.assert_allclose(results[0], results[1], rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(results[0][0], np.maximum(a @ b + bias, 0), rtol=2e-3, atol=2e-2)


def truncated(x):
    """float32 towards zero, as tensor cores round what they add."""
    y = x.astype(np.float32)
    return np.where(np.abs(y) > np.abs(x), np.nextafter(y, np.float32(0)), y).astype(np.float64)


def tf32(x):
    return ((x.astype(np.float32).view(np.uint32) + np.uint32(0x1000)) & np.uint32(0xFFFFE000)).view(np.float32)


def test_sums_outside_tensor_cores_are_what_keeps_them_exact():
    """A model of tensor cores that round sums towards zero, which the simulator doesn't: with 8 terms at a time summed
    there and the rest in float32 the product is as exact as float32; summed there throughout it isn't."""
    rng = np.random.default_rng(0)
    a, b = (np.abs(rng.standard_normal(shape)).astype(np.float32) for shape in ((16, 1024), (1024, 16)))
    parts = [(tf32(x), tf32(x - tf32(x))) for x in (a, b)]
    (big_a, small_a), (big_b, small_b) = parts
    outside, inside, plain = np.zeros((16, 16), np.float32), np.zeros((16, 16)), np.zeros((16, 16), np.float32)
    for k in range(0, 1024, 8):
        part = np.zeros((16, 16))
        for one, other in ((small_a, big_b), (big_a, small_b), (big_a, big_b)):
            product = one[:, k : k + 8].astype(np.float64) @ other[k : k + 8]
            part, inside = truncated(part + product), truncated(inside + product)
        outside += part.astype(np.float32)
        for i in range(k, k + 8):
            plain += a[:, i : i + 1] * b[i]
    exact = a.astype(np.float64) @ b
    error, without, float32 = (np.sqrt(((x - exact) ** 2).mean()) for x in (outside, inside, plain))
    assert error <= 1.5 * float32 < 5 * float32 < without


@pytest.mark.cuda
@pytest.mark.parametrize("rung", RUNGS)
def test_infinities_and_the_largest_numbers(rung):
    largest = np.finfo(np.float32).max
    a, b = drawn((40, 20), (20, 33))
    a[3, 5], a[4, 6], a[5, 7], a[6, :], a[6, 8] = np.inf, -np.inf, np.nan, 0, largest
    b[8, 1], b[5, 2], b[9, 3] = 1, 0, np.inf
    with np.errstate(invalid="ignore"), kernels.using("reference"):
        exact = kernels.matmul(a.astype(np.float64), b.astype(np.float64)).astype(np.float32)
    y, _ = simulated(a, b, rung=rung)
    assert exact[6, 1] == largest == y[6, 1]
    assert (np.isnan(y) == np.isnan(exact)).all()
    infinite = np.isinf(exact)
    assert (y[infinite] == exact[infinite]).all()
    assert np.isfinite(y[np.isfinite(exact)]).all()


@pytest.mark.cuda
@pytest.mark.parametrize("rung", RUNGS)
@pytest.mark.parametrize("turned", [(False, True), (True, False)], ids=["a turned", "b turned"])
def test_every_byte_is_asked_for_once(rung, turned):
    """Whole sectors, no bank conflict, neither in copies nor ldmatrix nor what is written; no register spilled."""
    a, b = drawn((128, 64), (64, 128))
    a, b = (np.asfortranarray(x) if flip else x for x, flip in zip((a, b), turned))
    y, report = simulated(a, b, rung=rung)
    assert report.global_efficiency == report.shared_efficiency == 1
    factors = (a.nbytes + b.nbytes) // (2 if rung in NARROW_IN_MEMORY else 1)
    scales = (
        4 * (128 + 128) if rung == "14_scaled_half" else 0
    )  # of lines; 2 or 4 warps need each, columns' come in twos
    assert report.read_bytes == factors + scales
    assert report.total.sectors * 32 == factors + y.nbytes + 4 * scales
    assert report.resources.stack == 0
    assert report.occupancy.blocks == (2 if rung in TWICE else 1)


@pytest.mark.cuda
@pytest.mark.parametrize("across", wide.ACROSS)
@pytest.mark.parametrize("a_along_terms", [True, False], ids=["a along terms", "a across"])
@pytest.mark.parametrize("b_along_terms", [True, False], ids=["b along terms", "b across"])
def test_tiles_of_every_width(across, a_along_terms, b_along_terms, monkeypatch):
    """Two tiles each way, the second ones narrow, and more steps along the terms than are on their way at once."""
    monkeypatch.setattr(wide, "widest", lambda *_: across)
    a, b, bias = drawn((wide.ROWS + 9, 165), (165, wide.columns(across) + 7), (wide.columns(across) + 7,))
    y, report = simulated(
        a if a_along_terms else np.asfortranarray(a), np.asfortranarray(b) if b_along_terms else b, bias, rung=WIDE
    )
    assert report.grid == (4, 1, 1)
    assert report.shared_efficiency == 1
    np.testing.assert_allclose(y, a @ b + bias, **tolerance_of_rung("matmul", WIDE))


def test_the_width_that_keeps_multiprocessors_busy():
    """Of an H100: 4096 columns in 3 waves of blocks instead of 4; where waves are many, the tile that reads least."""
    assert [wide.columns(wide.widest(90, (1, n, n))) for n in (4096, 16384)] == [176, 192]


@pytest.mark.cuda
def test_stages_are_as_many_as_shared_memory_has_room_for():
    for arch in (80, 86, 89, 90, 100, 120):
        limit = multiprocessor(arch).shared_block
        each, count = wide.shared(arch, max(wide.ACROSS)) // wide.stages(arch), wide.stages(arch)
        assert count * each <= limit
        assert (count == 4) is (4 * each <= limit)
        device, y = simulator.Device(), np.empty((1, 40, 60), np.float32)
        device.arch = arch
        a, b = drawn((1, 40, 150), (1, 150, 60))
        nothing = np.empty(0, np.float32)
        with simulator.record() as reports:
            ladder.matmul_15_wide_tiles(device, a, b, nothing, nothing, 0, y)
        assert [report.findings for report in reports] == [[], [], []]
        np.testing.assert_allclose(y, a @ b, **tolerance_of_rung("matmul", WIDE))


@pytest.mark.cuda
@pytest.mark.parametrize("rung", ["11_tf32x3", *NARROW_IN_MEMORY])
def test_a_stack_larger_than_a_grid(rung, monkeypatch):
    monkeypatch.setattr(tensor, "MOST", 2)
    a, b, bias, residual = drawn((5, 3, 4), (5, 4, 6), (6,), (5, 3, 6))
    with kernels.using("simulator"), kernels.rung(matmul=rung), simulator.record() as reports:
        y = kernels.matmul(a, b, bias, "relu", residual)
    assert [report.grid[1] for report in reports if report.kernel == "matmul"] == [2, 2, 1]
    np.testing.assert_allclose(y, np.maximum(a @ b + bias + residual, 0), **tolerance_of_rung("matmul", rung))
