"""Max pooling's places: the same on every backend, and PyTorch's."""

import numpy as np
import pytest

from kernelwright import kernels
from kernelwright.kernels import simulator
from kernelwright.kernels.operation import CATALOG

from ..catalog import BACKENDS, DTYPES, by_name, in_float64, moved_to, orders, running, samples

MAXIMA = [CATALOG["max_pool2d"], CATALOG["adaptive_max_pool2d"]]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", BACKENDS)
@pytest.mark.parametrize("operation", MAXIMA, ids=by_name)
def test_indices(operation, name, dtype):
    backend = kernels.backend(name)
    for sample in samples(operation, dtype):
        exact = in_float64(sample)
        with kernels.using("reference"):
            _, expected = operation.function(*exact.args, **exact.options, return_indices=True)
        moved = moved_to(backend, sample)
        with running(name, orders(name)[0]):
            y, indices = operation.function(*moved.args, **moved.options, return_indices=True)
            grad = backend.from_numpy(np.ones(y.shape, dtype))
            given = operation.backward(grad, *moved.args, **moved.options, indices=indices)
            found = operation.backward(grad, *moved.args, **moved.options)
        assert indices.dtype == np.int64
        np.testing.assert_array_equal(backend.to_numpy(indices), expected, err_msg=sample.note)
        np.testing.assert_array_equal(backend.to_numpy(given), backend.to_numpy(found), err_msg=sample.note)


@pytest.mark.compare
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("operation", MAXIMA, ids=by_name)
def test_indices_are_pytorchs(operation, dtype):
    torch = pytest.importorskip("torch")
    for sample in samples(operation, dtype):
        x, *args = sample.args
        _, indices = operation.function(x, *args, return_indices=True)
        _, theirs = getattr(torch.nn.functional, operation.name)(torch.from_numpy(x.copy()), *args, return_indices=True)
        np.testing.assert_array_equal(indices, theirs, err_msg=sample.note)


def test_places_outside_are_passed_over():
    x = np.ones((1, 2, 2), np.float32)
    grad_x = kernels.max_pool2d_backward(x, x, 1, indices=np.array([[[-1, 4], [1 << 40, 2]]]))
    np.testing.assert_array_equal(grad_x, [[[0, 0], [1, 0]]])


@pytest.mark.cuda
def test_what_the_gpu_does():
    """A thread finds its place and reads the tables once for four planes."""
    x = np.random.default_rng(0).standard_normal((2, 4, 32, 32), dtype=np.float32)
    with kernels.using("simulator"), simulator.record(races=False) as reports:
        y, indices = kernels.max_pool2d(x, 2, return_indices=True)
        kernels.max_pool2d_backward(y, x, 2, indices=indices)
    for report, most, results in zip(reports, (120, 75), (y, x)):
        assert report.total.sectors * 32 < 3 * (report.read_bytes + report.written_bytes), str(report)
        assert report.instructions < most * results.size / 32, str(report)
        assert report.resources.stack == 0
