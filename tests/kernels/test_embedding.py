"""What the catalog's samples of embeddings don't show: sums come out alike in any order of summands."""

import numpy as np
import pytest

from kernelwright import kernels
from kernelwright.kernels import simulator
from kernelwright.kernels.embedding import sort

pytestmark = pytest.mark.cuda


# Items: none, one, a block's and one more, several blocks. Rows: of one digit, two and three.
@pytest.mark.parametrize(("n", "rows"), [(0, 5), (1, 1), (1025, 3), (2500, 300), (1100, 70000)])
@pytest.mark.parametrize("order", simulator.ORDERS)
def test_positions_are_sorted_and_equal_ones_stay_in_their_order(n, rows, order):
    indices = np.random.default_rng(0).integers(-1, rows + 1, n)
    padding = rows // 2
    left_out = (indices < 0) | (indices >= rows) | (indices == padding)
    expected = np.where(left_out, rows, indices)
    with kernels.using("simulator"), simulator.record(order) as reports:
        keys, positions = sort.sorted_by_index(kernels.current().device, indices, rows, padding)
        starts = sort.starts_of(kernels.current().device, keys, rows)
    assert [report.findings for report in reports] == [[]] * len(reports)
    np.testing.assert_array_equal(positions, np.argsort(expected, kind="stable"))
    np.testing.assert_array_equal(keys, np.sort(expected))
    np.testing.assert_array_equal(starts, np.searchsorted(keys, np.arange(rows + 1)))


@pytest.mark.parametrize("order", simulator.ORDERS[1:])
def test_a_gradient_has_the_same_bits_whatever_the_order_of_blocks(order):
    rng = np.random.default_rng(0)
    indices, grad = rng.integers(0, 3, 300), rng.standard_normal((300, 5), np.float32)
    weight, results = np.empty((3, 5), np.float32), []
    for one in (simulator.ORDERS[0], order):
        with kernels.using("simulator"), simulator.record(one):
            results.append(kernels.embedding_backward(grad, indices, weight))
    np.testing.assert_array_equal(*results)
