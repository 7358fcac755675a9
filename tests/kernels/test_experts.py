"""Mixtures of experts: the integers, which the catalog's tests don't look at, and what is refused."""

import numpy as np
import pytest

from kernelwright import kernels
from kernelwright.kernels.experts.samples import ROUTES

from ..catalog import BACKENDS, orders, running


@pytest.mark.parametrize("name", BACKENDS)
def test_the_largest_and_of_equals_the_first(name):
    x = np.zeros((5, 20), np.float32)
    x[1, [3, 7, 17]], x[2, 18], x[3, :19], x[4] = [2, 3, 2], np.nan, -np.inf, -np.inf
    expected = [[0, 1, 2], [7, 3, 17], [18, 0, 1], [19, 0, 1], [0, 1, 2]]
    backend = kernels.backend(name)
    with running(name, orders(name)[0]):
        _, indices = kernels.top_k_gates(backend.from_numpy(x), 3, return_indices=True)
    assert indices.dtype == np.int64
    np.testing.assert_array_equal(backend.to_numpy(indices), expected)


def test_routing():
    chosen = np.array([[2, 0], [2, 1], [0, 2], [2, 0]])
    routing = kernels.expert_routing(chosen, 4)
    assert routing.order.tolist() == [1, 4, 7, 3, 0, 2, 5, 6]
    assert routing.places.tolist() == [[4, 0], [5, 3], [1, 6], [7, 2]]
    assert routing.offsets.tolist() == [0, 3, 4, 8, 8]
    assert routing.starts.tolist() == list(range(9))
    routing = kernels.expert_routing(chosen, 4, 2)
    assert routing.order.tolist() == [1, 4, 3, 0, 2, -1, -1, -1]
    assert routing.places.tolist() == [[3, 0], [4, 2], [1, -1], [-1, -1]]
    assert routing.offsets.tolist() == [0, 2, 3, 5, 5]
    assert routing.starts.tolist() == [0, 1, 2, 3, 4, 5, 5, 5, 5]
    assert routing.counts.tolist() == [3, 1, 4, 0]


@pytest.mark.parametrize("name", BACKENDS)
def test_routing_is_the_same_everywhere(name):
    backend, rng = kernels.backend(name), np.random.default_rng(0)
    for tokens, _, k, experts, capacity in (*ROUTES, (300, 1, 2, 17, 20)):
        chosen = np.argsort(rng.random((tokens, experts)), axis=1)[:, :k].astype(np.int32)
        with kernels.using("reference"):
            expected = kernels.expert_routing(chosen, experts, capacity)
        with running(name, orders(name)[-1]):
            found = kernels.expert_routing(backend.from_numpy(chosen), experts, capacity)
        for which, one, other in zip(expected._fields, found, expected):
            assert one.dtype == np.int64
            np.testing.assert_array_equal(backend.to_numpy(one), other, err_msg=f"{which} of {tokens}, {experts}")


def test_a_routing_that_is_known_is_not_made_again():
    x, chosen = np.ones((3, 2)), np.array([[1], [0], [1]])
    other = kernels.expert_routing(chosen, 2, 1)
    rows = kernels.expert_dispatch(x, chosen, 2, routing=other)
    np.testing.assert_array_equal(rows, [[1, 1], [1, 1], [0, 0]])
    y = kernels.expert_combine(rows, np.full((3, 1), 2.0), chosen, 2, routing=other)
    np.testing.assert_array_equal(y, [[2, 2], [2, 2], [0, 0]])


X, W, OFFSETS, CHOSEN = np.ones((3, 4)), np.ones((2, 4, 5)), np.array([0, 1, 3]), np.array([[0], [1], [1]])
MISTAKES = [
    (lambda: kernels.top_k_gates(X, 5), ValueError, "top_k_gates: k is 5, it must be from 1 to 4"),
    (lambda: kernels.top_k_gates(X, 1.0), TypeError, "top_k_gates: k must be an integer, not 1.0"),
    (lambda: kernels.top_k_gates(X, 1, "none"), ValueError, "over is 'none', it must be one of 'chosen', 'all'"),
    (lambda: kernels.top_k_gates(X[0], 1), ValueError, "x has the shape (4,), it must be (tokens, experts)"),
    (lambda: kernels.top_k_gates_backward(X, X, 2), ValueError, "grad has the shape (3, 4), it must be (3, 2)"),
    (lambda: kernels.expert_routing(X, 2), TypeError, "chosen must hold integers, not float64"),
    (lambda: kernels.expert_routing(CHOSEN, 1), ValueError, "chosen holds 1, it must be an expert, from 0 to 0"),
    (lambda: kernels.expert_routing(CHOSEN - 1, 2), ValueError, "chosen holds -1, it must be an expert"),
    (lambda: kernels.expert_routing(CHOSEN, 2, -1), ValueError, "capacity is -1, it must be at least 0"),
    (lambda: kernels.expert_routing(CHOSEN[0], 2), ValueError, "chosen has the shape (1,), it must be (tokens, k)"),
    (lambda: kernels.expert_dispatch(X[:2], CHOSEN, 2), ValueError, "chosen has the shape (3, 1), it must be (2, 1)"),
    (lambda: kernels.expert_combine(X, X, CHOSEN, 2), ValueError, "gates has the shape (3, 4), it must be (3, 1)"),
    (
        lambda: kernels.expert_combine(X[:2], X[:, :1], CHOSEN, 2),
        ValueError,
        "rows has the shape (2, 4), it must be (3",
    ),
    (
        lambda: kernels.grouped_matmul(X, W[0], OFFSETS),
        ValueError,
        "weight has the shape (4, 5), it must be (experts, 4",
    ),
    (lambda: kernels.grouped_matmul(X, W, OFFSETS[:2]), ValueError, "offsets has the shape (2,), it must be (3,)"),
    (lambda: kernels.grouped_matmul(X, W, OFFSETS + 1), ValueError, "offsets are [1 2 4], they must begin with 0"),
    (lambda: kernels.grouped_matmul(X, W, np.array([0, 2, 1])), ValueError, "and not fall, to 3 at most"),
    (lambda: kernels.grouped_matmul(X, W, OFFSETS, X), ValueError, "bias has the shape (3, 4), it must be (2, 5)"),
]


@pytest.mark.parametrize(("call", "kind", "message"), MISTAKES, ids=range(len(MISTAKES)))
def test_refused(call, kind, message):
    with pytest.raises(kind) as caught:
        call()
    assert message in str(caught.value)
