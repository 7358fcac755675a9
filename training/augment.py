"""Changes to a batch on its way to the network, such as small ones that leave an image's class as it is, so that a
network never sees quite the same twice.

Each is a function of a batch, a tuple of arrays with the images first, and of the generator to draw from; it returns a
batch and leaves its input as it was. Images are (n, height, width) or (n, channels, height, width). Names and
arguments are torchvision's; here every image of a batch has draws of its own.
"""

from collections.abc import Callable, Sequence

import numpy as np

from ..kernels import check

Batch = tuple[np.ndarray, ...]
Transform = Callable[[Batch, np.random.Generator], Batch]


class _OfImages:
    """Changes the images alone."""

    def __call__(self, batch: Batch, rng: np.random.Generator) -> Batch:
        return self.images(batch[0], rng), *batch[1:]

    def images(self, images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        raise NotImplementedError


class RandomCrop(_OfImages):
    """A window of `size`, one number or (height, width), anywhere in the image with `padding` zeros on every side.

    `p` is the probability of that; other images keep their middle. With padding and the image's own size,
    an image moves by up to so many pixels.
    """

    def __init__(self, size: int | tuple[int, int], padding: int = 0, p: float = 1.0):
        self.size = (size, size) if isinstance(size, int) else tuple(size)
        if min(self.size) < 1 or padding < 0:
            raise ValueError(f"RandomCrop: size is {size} and padding {padding}, they must be at least 1 and 0")
        self.padding, self.p = padding, check.number("RandomCrop", "p", p, 0, 1)

    def images(self, images, rng):
        if images.ndim not in (3, 4):
            raise ValueError(f"RandomCrop: the images are {images.shape}, they must be (n, height, width) or (n, c, …)")
        sides = [(0, 0)] * (images.ndim - 2) + [(self.padding, self.padding)] * 2
        padded = np.pad(images, sides)
        if padded.shape[-2] < self.size[0] or padded.shape[-1] < self.size[1]:
            raise ValueError(f"RandomCrop: the padded images are {padded.shape[-2:]}, less than size, {self.size}")
        windows = np.lib.stride_tricks.sliding_window_view(padded, self.size, axis=(-2, -1))
        n, free = len(images), windows.shape[-4:-2]  # how many places a window has along each axis
        middle = [(count - 1) // 2 for count in free]
        moved = rng.random(n) < self.p
        top, left = (np.where(moved, rng.integers(0, count, n), at) for count, at in zip(free, middle))
        return windows[np.arange(n), ..., top, left, :, :]


class RandomHorizontalFlip(_OfImages):
    """Left and right change places, with the probability `p`."""

    def __init__(self, p: float = 0.5):
        self.p = check.number("RandomHorizontalFlip", "p", p, 0, 1)

    def images(self, images, rng):
        flipped = rng.random(len(images)) < self.p
        images = images.copy()
        images[flipped] = images[flipped, ..., ::-1]
        return images


class GaussianNoise(_OfImages):
    """Adds to every pixel a draw from N(mean, sigma²)."""

    def __init__(self, mean: float = 0.0, sigma: float = 0.1):
        self.mean = check.number("GaussianNoise", "mean", mean)
        self.sigma = check.number("GaussianNoise", "sigma", sigma, 0)

    def images(self, images, rng):
        kind = images.dtype.type
        return images + (kind(self.mean) + kind(self.sigma) * rng.standard_normal(images.shape, images.dtype))


class Normalize(_OfImages):
    """(x − mean) / std: one number for all, or one for each channel."""

    def __init__(self, mean: float | Sequence[float], std: float | Sequence[float]):
        self.mean, self.std = np.asarray(mean, float), np.asarray(std, float)
        if self.mean.ndim > 1 or self.std.ndim > 1 or not (self.std > 0).all():
            raise ValueError(f"Normalize: std is {std}, it must be above 0; both one number, or one for each channel")

    def images(self, images, rng):
        mean, std = (x.astype(images.dtype).reshape(x.shape + (1, 1) * x.ndim) for x in (self.mean, self.std))
        return (images - mean) / std


class Flatten(_OfImages):
    """(n, height, width) becomes (n, height · width), for networks that know no rows and columns."""

    def images(self, images, rng):
        return images.reshape(len(images), -1)


class MixUp:
    """Each image is laid over the one before it in the batch, λ : 1 − λ, and so are their labels, which become
    probabilities of the classes (n, num_classes); λ is drawn from Beta(alpha, alpha) once for each batch.

    Source: Zhang et al., mixup: beyond empirical risk minimization, arXiv:1710.09412.
    """

    def __init__(self, *, alpha: float = 1.0, num_classes: int):
        self.alpha, self.num_classes = check.number("MixUp", "alpha", alpha, np.nextafter(0, 1)), num_classes

    def __call__(self, batch: Batch, rng: np.random.Generator) -> Batch:
        images, labels = batch
        share = images.dtype.type(rng.beta(self.alpha, self.alpha))
        sure = np.zeros((len(labels), self.num_classes), images.dtype)
        sure[np.arange(len(labels)), labels] = 1
        mixed_images, mixed_labels = (share * x + (1 - share) * np.roll(x, 1, axis=0) for x in (images, sure))
        return mixed_images, mixed_labels
