"""Data sets: images of one size with a class each, and batches of them."""

import gzip
import hashlib
import urllib.request
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from .. import kernels
from .optional import optional
from .progress import progress
from .whole import whole


class Part(NamedTuple):
    """Images (n, height · width) of float32 from 0 to 1, and labels (n,) of int64."""

    images: np.ndarray
    labels: np.ndarray


class Dataset(NamedTuple):
    train: Part
    test: Part
    shape: tuple[int, int]  # of an image: height, width
    classes: tuple[str, ...]


def load(name: str) -> Dataset:
    """The data set of that name.

    "digits": 1,437 + 360 handwritten digits of 8 × 8 pixels, which come with scikit-learn. They are shuffled before
    they are split, always alike, for the last ones were written by other people than the rest.

    "fashion-mnist": 60,000 + 10,000 pictures of clothes of 28 × 28 pixels, from the Debian package
    dataset-fashion-mnist, or downloaded once. Source: Xiao, Rasul and Vollgraf, arXiv:1708.07747.

    Raises
    ------
    ValueError
        There is no data set of that name, or a file of it is damaged.
    FileNotFoundError
        Its files are not here and can't be downloaded; the message says where to put them.
    """
    if name not in DATASETS:
        raise ValueError(f"unknown data set {name!r}: it must be one of {', '.join(DATASETS)}")
    return DATASETS[name]()


def batches(size: int, batch_size: int, seed: int | np.random.Generator | None = None) -> Iterator[np.ndarray]:
    """The indices 0 … size − 1, `batch_size` at a time; the last batch has what is left.

    With a seed, or a generator that is used up a little with each call, they are shuffled. `images[batch]` and
    `labels[batch]` are then the samples.
    """
    if batch_size < 1:
        raise ValueError(f"batches: batch_size is {batch_size}, it must be at least 1")
    if seed is not None and not isinstance(seed, np.random.Generator):
        seed = np.random.Generator(np.random.Philox(seed))
    order = np.arange(size) if seed is None else seed.permutation(size)
    for start in range(0, size, batch_size):
        yield order[start : start + batch_size]


def digits() -> Dataset:
    bunch = optional("sklearn.datasets").load_digits()
    order = np.random.Generator(np.random.Philox(0)).permutation(len(bunch.target))
    images = (bunch.data[order] / 16).astype(np.float32)
    labels = bunch.target[order].astype(np.int64)
    train, test = (Part(images[part], labels[part]) for part in (slice(None, -360), slice(-360, None)))
    return Dataset(train, test, (8, 8), tuple("0123456789"))


# Debian's package puts the files here.
SYSTEM = Path("/usr/share/datasets/fashion-mnist")
URL = "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/"
# Of the content, since every archive compresses it in its own way.
SHA256 = {
    "train-images-idx3-ubyte": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    "train-labels-idx1-ubyte": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    "t10k-images-idx3-ubyte": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    "t10k-labels-idx1-ubyte": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
}
CLOTHES = ("T-shirt", "trousers", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot")


def fashion_mnist() -> Dataset:
    parts = []
    for prefix, count in (("train", 60_000), ("t10k", 10_000)):
        # The header of an images file is 4 numbers of 4 bytes, that of a labels file 2; the digest vouches for them.
        images = _content(f"{prefix}-images-idx3-ubyte", 16 + count * 784)[16:].reshape(count, 784)
        labels = _content(f"{prefix}-labels-idx1-ubyte", 8 + count)[8:]
        parts.append(Part(images.astype(np.float32) / 255, labels.astype(np.int64)))
    return Dataset(parts[0], parts[1], (28, 28), CLOTHES)


DATASETS = {"digits": digits, "fashion-mnist": fashion_mnist}


def cache_directory() -> Path:
    """Where downloads are kept: beside the compiled kernels."""
    return kernels.cache_location() / "fashion-mnist"


def _content(name: str, size: int) -> np.ndarray:
    """The bytes of one file of Fashion-MNIST, checked."""
    places = [SYSTEM / f"{name}.gz", cache_directory() / f"{name}.gz"]
    path = next((place for place in places if place.is_file()), None) or _download(places[1])
    try:
        with gzip.open(path) as file:
            content = file.read(size + 1)  # no more than that, however much a hostile file would unpack to
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise ValueError(f"{path} is damaged ({error}): remove it, or put a good copy there") from None
    if hashlib.sha256(content).hexdigest() != SHA256[name]:
        raise ValueError(f"{path} is not what it should be (its SHA-256 differs): remove it, or put a good copy there")
    return np.frombuffer(content, np.uint8)


def _download(path: Path) -> Path:
    """Fetch a file into the cache."""
    try:
        with whole(path) as draft, urllib.request.urlopen(URL + path.name, timeout=20) as response:
            size = int(response.headers.get("Content-Length") or 0)
            with open(draft, "wb") as file, progress(path.name, size or None, "bytes") as bar:
                while block := response.read(1 << 16):
                    file.write(block)
                    bar.advance(len(block))
    except OSError as error:  # URLError is one
        raise FileNotFoundError(
            f"Fashion-MNIST is not on this machine and can't be downloaded ({error}): install the Debian package "
            f"dataset-fashion-mnist, or put its four .gz files into {path.parent}"
        ) from None
    return path
