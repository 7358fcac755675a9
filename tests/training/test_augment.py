"""Augmentations move and blur images, and do no more."""

import numpy as np

from kernelwright.training import augment


def test_shift():
    rng = np.random.default_rng(0)
    images = np.zeros((2000, 5, 4), np.float32)
    images[:, 2, 1] = 1
    moved = augment.shift(images, rng)
    assert moved.shape == images.shape
    assert moved.dtype == np.float32
    assert (moved.sum((1, 2)) == 1).all()
    counts = moved.sum(0)
    assert counts[1:4, :3].sum() == 2000
    assert 0.5 < counts[2, 1] / 2000 < 0.61  # one half, and a ninth of the other
    assert counts[1:4, :3].min() > 60
    assert images[:, 2, 1].all()


def test_what_comes_in_is_zero():
    moved = augment.shift(np.ones((500, 3, 3), np.float32), np.random.default_rng(0), share=1.0)
    assert {float(x) for x in moved.sum((1, 2))} == {4, 6, 9}


def test_noise():
    images = np.full((100, 8, 8), 0.5, np.float32)
    noisy = augment.noise(images, np.random.default_rng(0), 0.05)
    assert noisy.dtype == np.float32
    assert abs((noisy - images).std() - 0.05) < 0.002
    assert (images == 0.5).all()
