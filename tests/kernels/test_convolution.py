"""How exactly convolutions are summed: what `set_conv_precision` chooses on the GPU."""

import itertools

import numpy as np
import pytest

from kernelwright import kernels
from kernelwright.kernels import simulator
from kernelwright.kernels.convolution import PRECISIONS, gpu, gpu_weight, gpu_winograd, images
from kernelwright.kernels.convolution.geometry import Geometry


class Names(simulator.Device):
    """Notes which kernels are launched, and runs none."""

    def launch(self, source, name, *_):
        self.names = [*getattr(self, "names", ()), name]

    def taken(self) -> list[str]:
        names, self.names = self.names, []
        return names


def test_the_choice():
    assert kernels.conv_precision() == "medium"
    kernels.set_conv_precision("highest")
    assert kernels.conv_precision() == "highest"
    with pytest.raises(ValueError, match="precision is 'low', it must be one of 'highest', 'high', 'medium'"):
        kernels.set_conv_precision("low")
    assert kernels.conv_precision() == "highest"


def test_what_it_costs_on_the_cpu():
    """Three ways to the same sums, forward and back, each with an error of its own."""
    rng = np.random.default_rng(0)
    given = [rng.standard_normal(size).astype(np.float32) for size in ((16, 48, 7, 9), (32, 48, 3, 3), (32,))]
    with kernels.using("reference"):
        doubled = [array.astype(np.float64) for array in given]
        exact = kernels.conv2d(*doubled, padding=1)
        wanted = exact, *kernels.conv2d_backward(exact, *doubled, padding=1)[:2]
    seen = []
    # The error's mean size in steps of float32 at the result's.
    for precision, most in zip(PRECISIONS, (4, 5, 16)):
        kernels.set_conv_precision(precision)
        with kernels.using("numba"):
            found = (
                kernels.conv2d(*given, padding=1),
                *kernels.conv2d_backward(exact.astype(np.float32), *given, padding=1)[:2],
            )
        for one, right in zip(found, wanted):
            assert np.linalg.norm(one - right) <= most * 1.2e-7 * np.linalg.norm(right)
        seen.append(found)
    for first, second in itertools.combinations(seen, 2):
        assert all((one != other).any() for one, other in zip(first, second))


@pytest.mark.parametrize(
    ("name", "x", "weight", "options"),
    [
        ("conv2d", (17, 3, 18, 19), (31, 3, 3, 2), {}),
        ("conv_transpose2d", (17, 2, 12, 11), (2, 37, 3, 3), {"stride": 2, "padding": 1}),
        ("conv3d", (17, 1, 7, 7, 9), (29, 1, 2, 2, 2), {"padding": 1}),
    ],
)
def test_results_larger_than_a_cache(name, x, weight, options):
    """Where a vector holds one place of several images, results are turned a slab at a time."""
    rng = np.random.default_rng(0)
    given = [rng.standard_normal(size).astype(np.float32) for size in (x, weight)]
    with kernels.using("reference"):
        wanted = getattr(kernels, name)(*(array.astype(np.float64) for array in given), **options)
    assert 16 * wanted[0].size > images.NEAR
    with kernels.using("numba"):
        found = getattr(kernels, name)(*given, **options)
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-5)


@pytest.mark.cuda
def test_what_it_costs():
    """Another kernel each, and another error; here a tile has a rim on both axes."""
    rng = np.random.default_rng(0)
    x, weight, bias = (rng.standard_normal(size).astype(np.float32) for size in ((1, 80, 7, 11), (80, 80, 3, 3), (80,)))
    given = [x, weight, bias]
    with kernels.using("reference"):
        exact = kernels.conv2d(*(array.astype(np.float64) for array in given), padding=1)
        grad_x, *_ = kernels.conv2d_backward(exact, *(array.astype(np.float64) for array in given), padding=1)
    # The error's mean size in steps of float32 at the result's.
    for precision, most in zip(PRECISIONS, (4, 4, 16)):
        kernels.set_conv_precision(precision)
        with kernels.using("simulator"), simulator.record() as reports:
            y = kernels.conv2d(*given, padding=1)
            back, *_ = kernels.conv2d_backward(exact.astype(np.float32), *given, padding=1)
        assert all(report.findings == [] for report in reports)
        launched = [report.kernel for report in reports]
        assert launched.count("weight_to_points") == (2 if precision == "high" else 0)
        assert launched.count("to_points") == (2 if precision == "medium" else 0)
        for found, wanted in ((y, exact), (back, grad_x)):
            assert np.linalg.norm(found - wanted) <= most * 1.2e-7 * np.linalg.norm(wanted)


@pytest.mark.cuda
def test_winograds_points_meet_no_bank_conflict():
    """And take all registers that there are, but no more: 32 tiles, one block."""
    rng = np.random.default_rng(0)
    x, weight = (rng.standard_normal(size, dtype=np.float32) for size in ((1, 8, 8, 16), (64, 8, 3, 3)))
    with kernels.using("simulator"), kernels.rung(conv2d="5_winograd"), simulator.record(races=False) as reports:
        kernels.conv2d(x, weight, padding=1)
    report = reports[1]
    assert report.total.bank_wavefronts * 128 == report.total.shared_bytes > 0
    assert report.resources.stack == 0


@pytest.mark.cuda
def test_what_the_gpu_moves():
    """A block of 64 outputs × 128 positions reads each weight once and each number once for each place that sees it."""
    rng = np.random.default_rng(0)
    x, weight, grad = (
        rng.standard_normal(size, dtype=np.float32) for size in ((1, 8, 8, 32), (64, 8, 3, 3), (1, 64, 8, 32))
    )
    kernels.set_conv_precision("highest")
    with kernels.using("simulator"), simulator.record(races=False) as reports:
        kernels.conv2d(x, weight, padding=1)
        kernels.conv2d_backward(grad, x, weight, padding=1)
    forward = reports[0].total
    assert forward.sectors == forward.ideal_sectors
    assert forward.sectors * 8 <= 2 * (9 * x.size + weight.size) + grad.size
    for report in reports[:3]:
        assert report.global_efficiency > 0.85, str(report)
        # 16 bytes a thread count as four passes, whoever shares them; all reads of the inner loop are of that kind.
        assert report.shared_efficiency > 0.35, str(report)
        assert report.resources.stack == 0


@pytest.mark.cuda
def test_a_depthwise_gradient_fills_the_gpu():
    """Few weights of many positions are summed by many blocks, always in the same order."""
    rng = np.random.default_rng(0)
    x, grad = (rng.standard_normal((3, 2, 24, 24), dtype=np.float32) for _ in range(2))
    weight = np.zeros((2, 1, 3, 3), np.float32)
    found = []
    for order in simulator.ORDERS:
        with kernels.using("simulator"), simulator.record(order, races=False) as reports:
            _, grad_weight, _ = kernels.conv2d_backward(grad, x, weight, padding=1, groups=2, input_gradient=False)
        assert reports[0].kernel == "depthwise_weight"
        assert reports[0].grid[1] > 1
        assert reports[0].global_efficiency > 0.7
        found.append(grad_weight)
    assert all((one == found[0]).all() for one in found)
    with kernels.using("reference"):
        _, wanted, _ = kernels.conv2d_backward(*(z.astype(np.float64) for z in (grad, x, weight)), padding=1, groups=2)
    np.testing.assert_allclose(found[0], wanted, rtol=1e-4, atol=1e-4)


def test_where_tiles_serve():
    x, weight, out = (np.empty(z, np.float32) for z in ((2, 64, 1, 8, 8), (64, 64, 1, 3, 3), (2, 64, 1, 8, 8)))
    usual = Geometry((1, 1, 1), (0, 1, 1), (1, 1, 1), 1)
    way = gpu_winograd.way
    fused, tiled = gpu_winograd.fused.convolution, gpu_winograd.convolution
    assert [way(precision, usual, x, weight, out) for precision in range(3)] == [None, fused, tiled]
    assert not way(2, usual._replace(stride=(1, 2, 1)), x, weight, out)
    assert not way(2, usual._replace(dilation=(1, 1, 2)), x, weight, out)
    assert not way(2, usual._replace(groups=2), x, weight, out)
    assert not way(2, usual, x, weight[..., :2], out)
    many = (np.repeat(z, 128, 0) for z in (x, out))  # moving points of 4 × 4 costs more than it saves
    assert way(2, usual, next(many), weight, next(many)) is fused
    assert not way(2, usual, x[:, :4], weight[:, :4], out)  # few channels
    assert not way(2, usual, x, weight, np.empty((1 << 15, 64, 1, 1, 1), np.float32))  # tiles that are mostly rim
    assert not way(2, usual, np.repeat(x, 2, 2), weight, np.repeat(out, 2, 2))


@pytest.mark.cuda
@pytest.mark.parametrize(
    ("shape", "outputs", "forth", "back"),
    [
        ((1, 28, 28), 32, ["convolution"], []),
        ((32, 14, 14), 64, ["weight_to_points", "convolution"], ["weight_to_points", "convolution"]),
        ((64, 7, 7), 128, ["weight_to_points", "convolution"], ["to_points", "matmul", "points_to_result"]),
    ],
)
def test_launches_of_a_small_network(shape, outputs, forth, back):
    """Of training/recipes/cnn.py with 128 images. The weight's gradient takes two, for so many positions are split."""
    device, (channels, *size) = Names(), shape
    shapes = (128, channels, 1, *size), (outputs, channels, 1, 3, 3), (128, outputs, 1, *size)
    x, weight, y = (np.empty(shape, np.float32) for shape in shapes)
    geometry = Geometry((1, 1, 1), (0, 1, 1), (1, 1, 1), 1).array((1, *size))
    nothing = np.empty(0, np.float32)
    gpu.convolution(device, x, weight, nothing, geometry, 2, y)
    assert device.taken() == forth
    if back:
        gpu.transposed(device, y, weight, nothing, geometry, 2, x)
        assert device.taken() == back
    gpu.weight_gradient(device, y, x, geometry, 2, weight)
    assert device.taken() == ["weight_gradient_few" if channels == 1 else "weight_gradient", "sum_columns"]


@pytest.mark.parametrize(("own", "most", "parts"), [(3, 196, 132), (10, 49, 39), (300, 9, 1), (250, 9, 3), (5, 1, 1)])
def test_parts_fill_the_multiprocessors(own, most, parts):
    assert gpu_weight._parts(own, 396, most) == parts


def test_more_weights_than_one_sum_holds():
    """Of so many channels, each thread of the CPU takes a part of the outputs instead of a part of the images."""
    rng = np.random.default_rng(0)
    x, grad = (rng.standard_normal((16, 208, 4, 4)).astype(np.float32) for _ in range(2))
    weight = np.zeros((208, 208, 3, 3), np.float32)
    with kernels.using("numba"):
        _, found, _ = kernels.conv2d_backward(grad, x, weight, padding=1, input_gradient=False)
    padded = np.pad(x.astype(np.float64), ((0, 0), (0, 0), (1, 1), (1, 1)))
    for i, j in np.ndindex(3, 3):
        wanted = np.einsum("nohw,nchw->oc", grad.astype(np.float64), padded[:, :, i : i + 4, j : j + 4], optimize=True)
        assert np.abs(found[..., i, j] - wanted).max() < 2e-3  # of sums of 256 products of order 1
