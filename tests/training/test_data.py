"""Data sets: what they hold, and one clear sentence when they can't be had."""

import gzip
import hashlib
import re
import sys

import numpy as np
import pytest

from kernelwright import kernels, training
from kernelwright.training import data


def test_digits():
    digits = training.load("digits")
    for part, count in ((digits.train, 1437), (digits.test, 360)):
        images, labels = part
        assert images.shape == (count, 64)
        assert images.dtype == np.float32
        assert images.min() == 0
        assert images.max() == 1
        assert labels.shape == (count,)
        assert labels.dtype == np.int64
        assert np.bincount(labels).min() > 0.06 * count  # shuffled: all classes are in both
    assert digits.shape == (8, 8)
    assert digits.classes == tuple("0123456789")
    assert digits.test.labels[:8].tolist() == [1, 4, 7, 6, 8, 1, 6, 5]  # the split is fixed


@pytest.mark.skipif(not data.SYSTEM.is_dir(), reason="needs the Debian package dataset-fashion-mnist")
def test_fashion_mnist():
    clothes = training.load("fashion-mnist")
    assert clothes.train.images.shape == (60_000, 784)
    assert clothes.test.images.shape == (10_000, 784)
    assert clothes.train.images.dtype == np.float32
    assert (clothes.train.images.min(), clothes.train.images.max()) == (0, 1)
    assert np.bincount(clothes.train.labels).tolist() == [6000] * 10
    assert clothes.classes[clothes.test.labels[0]] == "ankle boot"
    assert clothes.shape == (28, 28)


def test_unknown():
    with pytest.raises(ValueError, match="unknown data set 'mnist': it must be one of digits, fashion-mnist"):
        training.load("mnist")


def test_without_scikit_learn(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(kernels.Unavailable, match=re.escape("scikit-learn can't be imported") + ".*kernelwright"):
        training.load("digits")


FIRST = "train-images-idx3-ubyte"


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """No system package, an empty cache, and no network."""
    monkeypatch.setattr(data, "SYSTEM", tmp_path / "system")
    monkeypatch.setattr(data, "URL", "http://127.0.0.1:9/")
    monkeypatch.setenv("KERNELWRIGHT_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path


def test_no_data_and_no_network(elsewhere):
    with pytest.raises(FileNotFoundError) as caught:
        training.load("fashion-mnist")
    text = str(caught.value)
    assert "install the Debian package dataset-fashion-mnist, or put its four .gz files into" in text
    assert str(elsewhere / "cache" / "fashion-mnist") in text
    assert "\n" not in text


def test_a_cache_that_cannot_be_made(elsewhere):
    (elsewhere / "cache").write_text("a file where the directory should be")
    with pytest.raises(FileNotFoundError, match="dataset-fashion-mnist"):
        training.load("fashion-mnist")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no gzip",
        gzip.compress(b"something else"),
        gzip.compress(bytes(100_000))[:60],
        gzip.compress(bytes(range(256)) * 50)[:-9] + bytes(9),
        gzip.compress(bytes(60_000_000), 1),  # unpacks to more than it should
    ],
    ids=["empty", "no gzip", "other content", "truncated", "wrong checksum", "too long"],
)
def test_damaged_file(elsewhere, content):
    path = elsewhere / "system" / f"{FIRST}.gz"
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(ValueError, match=f"{re.escape(str(path))} is .*: remove it, or put a good copy there"):
        training.load("fashion-mnist")


def test_download(elsewhere, monkeypatch):
    """Four files of the right size from a "server", kept for the next time."""
    server = elsewhere / "server"
    server.mkdir()
    for name in data.SHA256:
        count = 60_000 if name.startswith("train") else 10_000
        content = bytes(16) + b"\x33" * (784 * count) if "images" in name else bytes(8) + b"\x07" * count
        (server / f"{name}.gz").write_bytes(gzip.compress(content, 1))
        monkeypatch.setitem(data.SHA256, name, hashlib.sha256(content).hexdigest())
    monkeypatch.setattr(data, "URL", f"{server.as_uri()}/")
    training.load("fashion-mnist")
    assert len(list((elsewhere / "cache" / "fashion-mnist").iterdir())) == 4  # and no drafts
    monkeypatch.setattr(data, "URL", "http://127.0.0.1:9/")
    clothes = training.load("fashion-mnist")
    assert (clothes.train.images == np.float32(0.2)).all()
    assert (clothes.test.labels == 7).all()


def test_batches():
    parts = list(training.batches(10, 4))
    assert [part.tolist() for part in parts] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    shuffled = [part.tolist() for part in training.batches(10, 4, seed=1)]
    assert shuffled == [part.tolist() for part in training.batches(10, 4, seed=1)]
    assert shuffled != [part.tolist() for part in training.batches(10, 4, seed=2)]
    assert sorted(i for part in shuffled for i in part) == list(range(10))
    generator = np.random.default_rng(0)
    epochs = [np.concatenate(list(training.batches(100, 7, generator))).tolist() for _ in range(2)]
    assert epochs[0] != epochs[1]
    assert list(training.batches(0, 4)) == []
    with pytest.raises(ValueError, match="batch_size is 0, it must be at least 1"):
        next(training.batches(10, 0))
