"""What a forward call has found out about its rows serves the way back."""

import numpy as np
import pytest

from kernelwright import kernels
from kernelwright.kernels import simulator

from ..catalog import BACKENDS, DTYPES, orders, running


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", BACKENDS)
@pytest.mark.parametrize("shape", [(0, 4), (4, 0), (3, 1), (5, 33), (37, 300)])
def test_statistics_change_no_bit_of_the_gradient(name, shape, dtype):
    rng = np.random.default_rng(0)
    backend = kernels.backend(name)
    grad, x = (backend.from_numpy((rng.standard_normal(shape) + 3).astype(dtype)) for _ in range(2))
    weight, bias = (backend.from_numpy(rng.standard_normal(shape[1]).astype(dtype)) for _ in range(2))
    with running(name, orders(name)[-1]):
        y, statistics = kernels.layer_norm_with_statistics(x, shape[1], weight, bias)
        alone = kernels.layer_norm(x, shape[1], weight, bias)
        given = kernels.layer_norm_backward(grad, x, shape[1], weight, bias, statistics=statistics)
        found = kernels.layer_norm_backward(grad, x, shape[1], weight, bias)
    for one, other in zip((y, *given), (alone, *found), strict=True):
        np.testing.assert_array_equal(backend.to_numpy(one), backend.to_numpy(other))
    mean, rest, scale = backend.to_numpy(statistics).T
    if shape[1]:
        exact = backend.to_numpy(x).astype(np.float64)
        np.testing.assert_allclose(mean + rest, exact.mean(axis=1), rtol=1e-6)
        np.testing.assert_allclose(scale, 1 / np.sqrt(exact.var(axis=1) + 1e-5), rtol=1e-4)


@pytest.mark.cuda
@pytest.mark.parametrize("n", [5, 33, 300])
def test_few_blocks_walk_over_all_rows(n, monkeypatch):
    """Their sums for weight and bias run over many rounds."""
    from kernelwright.kernels.normalization import gpu

    monkeypatch.setattr(gpu, "BLOCKS", 2)
    rng = np.random.default_rng(0)
    grad, x = (rng.standard_normal((603, n)) for _ in range(2))
    weight, bias = (rng.standard_normal(n) for _ in range(2))
    with running("simulator", "reverse"):
        found = kernels.layer_norm_backward(grad, x, n, weight, bias)
        alone = kernels.rms_norm_backward(grad, x, n, weight)
    with kernels.using("reference"):
        wanted = kernels.layer_norm_backward(grad, x, n, weight, bias)
        wanted_alone = kernels.rms_norm_backward(grad, x, n, weight)
    for one, other in zip((*found, *alone), (*wanted, *wanted_alone), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-10, atol=1e-10)


@pytest.mark.cuda
@pytest.mark.parametrize("shape", [(128, 3, 8, 8), (1024, 24)])
def test_batch_norm_moves_nothing_for_its_relu(shape):
    """Twice each array that is read, once what is written, in few requests."""
    x, weight = np.random.default_rng(0).standard_normal(shape).astype(np.float32), np.ones(shape[1], np.float32)
    ideal = x.nbytes // 32
    with kernels.using("simulator"):
        for activation in (None, "relu"):
            options = {"training": True, "activation": activation}
            with simulator.record(races=False) as reports:
                _, statistics = kernels.batch_norm_with_statistics(x, None, None, weight, weight, **options)
                given = {"statistics": statistics, **options}
                kernels.batch_norm_backward(x, x, None, None, weight, weight, **given)
            for report, arrays in zip(reports, (3, 5), strict=True):
                total = report.total
                assert arrays * ideal <= total.sectors <= 1.05 * arrays * ideal  # each thread reads parameters
                assert total.requests < arrays * ideal / (8 if len(shape) > 2 else 3)  # sectors in each


@pytest.mark.cuda
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(37, 2, 16, 16), (3, 2, 3001), (2, 2, 128, 32), (2, 3, 16, 32), (4200, 2)])
def test_a_block_walks_over_a_channel_in_several_rounds(shape, dtype):
    """In packs and without, the last round full or not."""
    rng = np.random.default_rng(0)
    grad, x = (rng.standard_normal(shape).astype(dtype) for _ in range(2))
    weight, bias = (rng.standard_normal(shape[1]).astype(dtype) for _ in range(2))
    options = {"training": True, "activation": "relu"}

    def both(name, *arrays):
        with running(name, "reverse"):
            grad, x, *parameters = arrays
            y, statistics = kernels.batch_norm_with_statistics(x, None, None, *parameters, **options)
            given = {"statistics": statistics, **options}
            return y, *kernels.batch_norm_backward(grad, x, None, None, *parameters, **given)

    arrays = grad, x, weight, bias
    wanted = both("reference", *(a.astype(np.float64) for a in arrays))
    near = 1e-4 if dtype == np.float32 else 1e-10
    for one, other in zip(both("simulator", *arrays), wanted, strict=True):
        np.testing.assert_allclose(one, other, rtol=near, atol=near)
