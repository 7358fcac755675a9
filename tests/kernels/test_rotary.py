"""Rotary positions beyond the catalog: against complex numbers, in place, and what they are for."""

import numpy as np
import pytest

from kernelwright import kernels

DRAW = np.random.default_rng(0)


@pytest.mark.parametrize(("offset", "base"), [(0, 10000.0), (100_000, 500.0)])
def test_the_papers_formula(offset, base):
    """Pairs as complex numbers, times exp(i · position · θ)."""
    x = DRAW.standard_normal((2, 3, 5, 12))
    pairs = x[..., :6] + 1j * x[..., 6:]
    for row in range(5):
        for i in range(6):
            pairs[:, :, row, i] *= np.exp(1j * (offset + row) * base ** (-2 * i / 12))
    wanted = np.concatenate([pairs.real, pairs.imag], axis=-1)
    np.testing.assert_allclose(kernels.rotary_embedding(x, offset, base), wanted, rtol=1e-9, atol=1e-10)


def test_only_the_distance_counts():
    q, k = DRAW.standard_normal((2, 1, 8))
    products = [
        kernels.rotary_embedding(q, row) @ kernels.rotary_embedding(k, row + 3).T for row in (0, 1, 50, 1_000_000)
    ]
    np.testing.assert_allclose(products, products[:1] * 4, rtol=1e-8)


def test_in_place_in_a_view():
    buffer = DRAW.standard_normal((2, 5, 2, 3, 8))  # batch, rows, query or key, heads, width
    before = buffer.copy()
    x = buffer[:, :, 0].swapaxes(1, 2)
    wanted = kernels.rotary_embedding(x, 4)
    assert kernels.rotary_embedding(x, 4, out=x) is x
    np.testing.assert_array_equal(x, wanted)
    np.testing.assert_array_equal(buffer[:, :, 1], before[:, :, 1])
    kernels.rotary_embedding_backward(x, 4, out=x)
    np.testing.assert_allclose(buffer, before, rtol=1e-12, atol=1e-14)
    with pytest.raises(ValueError, match="out overlaps an input"):
        kernels.rotary_embedding(buffer[0, 1:, 0], out=buffer[0, :-1, 0])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((np.ones((3, 5)),), "x has the shape (3, 5), it must be (…, rows, width), the width even"),
        ((np.ones(4),), "x has the shape (4,), it must be (…, rows, width)"),
        ((np.ones((3, 4)), -1), "offset is -1, it must be an integer of at least 0"),
        ((np.ones((3, 4)), 1.0), "offset is 1.0, it must be an integer of at least 0"),
        ((np.ones((3, 4)), 0, 0), "base is 0, it must be above 0"),
        ((np.ones((3, 4)), 0, -2), "base is -2, it must be at least 0"),
    ],
)
def test_refused(arguments, message):
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        kernels.rotary_embedding(*arguments)
    assert message in str(caught.value)
