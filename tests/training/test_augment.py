"""Augmentations move, mirror, blur and mix images, and do no more."""

import numpy as np
import pytest

from kernelwright.training import augment


def on(images, transform, seed=0):
    before = images.copy()
    changed, labels = transform((images, np.arange(len(images))), np.random.default_rng(seed))
    np.testing.assert_array_equal(images, before)
    assert changed.dtype == images.dtype
    assert labels.tolist() == list(range(len(images)))
    return changed


def test_a_crop_of_the_same_size_moves_the_image():
    images = np.zeros((2000, 5, 4), np.float32)
    images[:, 2, 1] = 1
    moved = on(images, augment.RandomCrop((5, 4), padding=1, p=0.5))
    assert moved.shape == images.shape
    assert (moved.sum((1, 2)) == 1).all()
    counts = moved.sum(0)
    assert counts[1:4, :3].sum() == 2000
    assert 0.5 < counts[2, 1] / 2000 < 0.61  # one half, and a ninth of the other
    assert counts[1:4, :3].min() > 60


def test_what_comes_in_is_zero():
    moved = on(np.ones((500, 3, 3), np.float32), augment.RandomCrop(3, padding=1))
    assert {float(x) for x in moved.sum((1, 2))} == {4, 6, 9}


def test_a_smaller_crop_of_all_channels():
    images = np.arange(200 * 3 * 6 * 5).reshape(200, 3, 6, 5).astype(np.float64)
    cut = on(images, augment.RandomCrop((4, 3)))
    assert cut.shape == (200, 3, 4, 3)
    corners = set()
    for image, part in zip(images, cut):
        row, column = divmod(int(part[0, 0, 0] - image[0, 0, 0]), 5)
        np.testing.assert_array_equal(part, image[:, row : row + 4, column : column + 3])
        corners.add((row, column))
    assert len(corners) == 9
    middle = on(images, augment.RandomCrop((4, 3), p=0))
    np.testing.assert_array_equal(middle, images[:, :, 1:5, 1:4])


def test_flip():
    images = np.random.default_rng(1).random((1000, 2, 3, 4))
    flipped = on(images, augment.RandomHorizontalFlip())
    mirrored = (flipped == images[..., ::-1]).all((1, 2, 3))
    assert 440 < mirrored.sum() < 560
    np.testing.assert_array_equal(flipped[~mirrored], images[~mirrored])


def test_noise():
    images = np.full((100, 8, 8), 0.5, np.float32)
    noisy = on(images, augment.GaussianNoise(0.25, 0.05))
    assert abs((noisy - images).mean() - 0.25) < 0.002
    assert abs((noisy - images).std() - 0.05) < 0.002


def test_normalize_and_flatten():
    images = np.random.default_rng(1).random((7, 2, 3, 4)).astype(np.float32)
    found = on(images, augment.Normalize([0.5, 0.25], [2, 4]))
    np.testing.assert_allclose(found[:, 1], (images[:, 1] - 0.25) / 4, rtol=1e-6)
    np.testing.assert_allclose(on(images, augment.Normalize(0.5, 2)), (images - 0.5) / 2, rtol=1e-6)
    assert on(images, augment.Flatten()).shape == (7, 24)


def test_mixup():
    images, labels = np.eye(4, dtype=np.float32).reshape(4, 2, 2), np.array([0, 1, 2, 0])
    x, t = augment.MixUp(alpha=0.5, num_classes=3)((images, labels), np.random.default_rng(3))
    share = x[0, 0, 0]
    assert 0 < share < 1
    np.testing.assert_allclose(x.reshape(4, 4), share * np.eye(4) + (1 - share) * np.roll(np.eye(4), 1, 0), rtol=1e-6)
    rest = 1 - share
    np.testing.assert_allclose(t, [[1, 0, 0], [rest, share, 0], [0, rest, share], [share, 0, rest]], rtol=1e-6)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: augment.RandomCrop(0), "RandomCrop: size is 0 and padding 0, they must be at least 1 and 0"),
        (lambda: augment.RandomCrop(3, p=2), "RandomCrop: p is 2, it must be from 0 to 1"),
        (lambda: augment.RandomHorizontalFlip(-1), "RandomHorizontalFlip: p is -1, it must be from 0 to 1"),
        (lambda: augment.GaussianNoise(sigma=-1), "GaussianNoise: sigma is -1, it must be at least 0"),
        (lambda: augment.Normalize(0, 0), "Normalize: std is 0, it must be above 0"),
        (lambda: augment.MixUp(alpha=0, num_classes=2), "MixUp: alpha is 0, it must be at least"),
        (lambda: on(np.zeros((2, 4)), augment.RandomCrop(2)), r"the images are \(2, 4\), they must be"),
        (lambda: on(np.zeros((2, 4, 4)), augment.RandomCrop(7, 1)), r"the padded images are \(6, 6\), less than size"),
    ],
)
def test_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
