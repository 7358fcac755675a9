"""Activations on the GPU move each number once, 16 bytes at a time where arrays let them."""

import numpy as np
import pytest

from kernelwright import kernels
from kernelwright.kernels import simulator

pytestmark = pytest.mark.cuda


def array(*shape):
    return np.random.default_rng(0).standard_normal(shape).astype(np.float32)


def moved(call) -> tuple[int, int]:
    """Bytes of global memory that a call moves, by sectors, and how many a lane moves at once."""
    with kernels.using("simulator"), simulator.record() as reports:
        call()
    (report,) = reports
    assert report.findings == []
    total = report.total
    return total.sectors * 32, total.global_bytes // total.requests // 32


@pytest.mark.parametrize(
    ("call", "arrays"),
    [
        (lambda x: kernels.relu(x), 2),
        (lambda x: kernels.relu_backward(x, x), 3),
        (lambda x: kernels.swiglu(x), 1.5),
        (lambda x: kernels.swiglu_backward(x[:, :512], x), 2.5),
    ],
    ids=["relu", "its gradient", "swiglu", "its gradient "],
)
def test_each_number_once_and_16_bytes_at_a_time(call, arrays):
    x = array(4, 1024)
    assert moved(lambda: call(x)) == (arrays * x.nbytes, 16)


def test_one_by_one_where_an_array_begins_elsewhere():
    x = array(1025)[1:]
    bytes, at_once = moved(lambda: kernels.relu(x))
    assert at_once == 4
    assert bytes >= 2 * x.nbytes
    with kernels.using("simulator"):
        np.testing.assert_array_equal(kernels.relu(x), np.maximum(x, 0))
