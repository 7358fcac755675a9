"""Philox's published answers, and what the masks of dropout promise."""

import numpy as np
import pytest

from kernelwright import kernels
from kernelwright.kernels.random import counters
from kernelwright.kernels.random.reference import philox

# Of the authors' own tests (Random123, kat_vectors): counter and key all zeros.
ANSWER = (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)


def test_philox_gives_its_published_answer():
    assert philox(0, 0).tolist() == list(ANSWER)


def test_masks_of_numba_are_made_of_these_words():
    """An element is kept if its word is below (1 − p) · 2³²: probabilities around a word show which one it is."""
    for index, word in zip((0, 16, 32, 48), ANSWER):
        for above, kept in ((1, True), (0, False)):
            p = 1 - (word + above) / 2**32
            assert bool(kernels.dropout(np.ones(64), p, 0, 0)[index]) is kept


@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
def test_shares_and_moments(p):
    x = np.random.default_rng(0).standard_normal(1 << 18)
    y = kernels.dropout(x, p, 7, 0)
    np.testing.assert_allclose(np.mean(y == 0), p, atol=0.005)
    np.testing.assert_array_equal(y[y != 0], (x * (1 / (1 - p)))[y != 0])
    y = kernels.alpha_dropout(x, p, 7, 0)
    np.testing.assert_allclose((y.mean(), y.std()), (0, 1), atol=0.02)


def test_a_mask_is_a_function_of_seed_offset_and_index():
    def mask(size, seed, offset, dtype=np.float32):
        return kernels.dropout(np.ones(size, dtype), 0.5, seed, offset) > 0

    long = mask(3000, 5, 160)
    np.testing.assert_array_equal(mask(3000, 5, 160, np.float64), long)
    np.testing.assert_array_equal(mask(100, 5, 160), long[:100])
    np.testing.assert_array_equal(mask(1000, 5, 160 + counters(128)), long[128:1128])
    assert 0.4 < np.mean(mask(3000, 6, 160) == long) < 0.6
    features = kernels.feature_dropout(np.ones((30, 100, 3), np.float32), 0.5, 5, 160) > 0
    np.testing.assert_array_equal(features, np.repeat(long.reshape(30, 100, 1), 3, axis=2))
    assert (counters(0), counters(1), counters(64), counters(65)) == (0, 16, 16, 32)


def test_what_is_dropped_keeps_its_nan_as_in_pytorch():
    x = np.array([np.nan, np.inf, -0.0, 2], np.float32)
    for p in (1, 0.5):
        y = kernels.dropout(np.tile(x, 50), p, 1, 0).reshape(50, 4)
        assert np.isnan(y[:, 0]).all()
        assert not np.isfinite(y[:, 1]).any()
        assert np.signbit(y[:, 2]).all()


X = np.ones((2, 3), np.float32)
MISTAKES = [
    (lambda: kernels.dropout(X, 1.5, 0, 0), "dropout: p is 1.5, it must be from 0 to 1"),
    (lambda: kernels.dropout(X, 0.5, -1, 0), "dropout: seed is -1, it must be an integer from 0 to 2⁶³ − 1"),
    (lambda: kernels.dropout_backward(X, 0.5, 0, 0.5), "dropout_backward: offset is 0.5, it must be an integer"),
    (lambda: kernels.feature_dropout(X[0], 0.5, 0, 0), "x has the shape (3,), it must be (n, features, …)"),
]


@pytest.mark.parametrize(("call", "message"), MISTAKES, ids=range(len(MISTAKES)))
def test_refused(call, message):
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        call()
    assert message in str(caught.value)
