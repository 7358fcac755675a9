"""Checkpoints: written whole, read with suspicion."""

import json
import os
import struct
import sys

import numpy as np
import pytest

from kernelwright import kernels, layers, training


def make(seed=0):
    layers.manual_seed(seed)
    return layers.Sequential(layers.Linear(5, 3), layers.ReLU(), layers.Linear(3, 2))


@pytest.fixture
def path(tmp_path):
    training.save_checkpoint(tmp_path / "model.safetensors", make(1), recipe="mlp", epoch=3)
    return tmp_path / "model.safetensors"


def test_round_trip(path):
    net = make(2)
    assert training.load_checkpoint(path, net) == {"recipe": "mlp", "epoch": 3}
    for key, value in net.state_dict().items():
        np.testing.assert_array_equal(value, make(1).state_dict()[key])


def test_without_metadata_into_a_new_directory(tmp_path):
    training.save_checkpoint(tmp_path / "new" / "model.safetensors", make(1))
    assert training.load_checkpoint(tmp_path / "new" / "model.safetensors", make(2)) == {}


def refused(path, match, net=None):
    net = net or make(2)
    before = net.state_dict()
    with pytest.raises(ValueError, match=match) as caught:
        training.load_checkpoint(path, net)
    assert str(path) in str(caught.value)
    for key, value in net.state_dict().items():
        np.testing.assert_array_equal(value, before[key])


def header(content):
    text = content if isinstance(content, bytes) else json.dumps(content).encode()
    return struct.pack("<Q", len(text)) + text


def entry(shape, begin, end, dtype="F32"):
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


@pytest.mark.parametrize("keep", [0, 4, 8, 50, -1])
def test_truncated(path, keep):
    path.write_bytes(path.read_bytes()[:keep])
    refused(path, "is not a whole safetensors file")


@pytest.mark.parametrize(
    "content",
    [
        struct.pack("<Q", 1 << 62) + b"{}",
        header(b"\xff\xfe not json"),
        header(b"[" * 1000),
        header({"0.weight": entry([3, 5], 0, 1 << 40)}),
        header({"0.weight": entry([3, 5], 60, 0)}) + bytes(60),
        header({"0.weight": entry([1 << 40, 1 << 40], 0, 60)}) + bytes(60),
        header({"0.weight": entry([-3, 5], 0, 60)}) + bytes(60),
        header({"0.weight": entry([3, 5], 0, 60, "object")}) + bytes(60),
        header({"0.weight": entry([3, 5], 0, 60), "0.bias": entry([3], 48, 60)}) + bytes(60),
        header({"0.weight": entry([3, 5], 0, 30, "BF16")}) + bytes(30),
        header({"__metadata__": {"kernelwright": "{"}}),
        header({"__metadata__": {"kernelwright": "[1]"}}),
        b"\x80\x04\x95 a pickle, perhaps, which nobody will run",
    ],
    ids=[
        "a header of 2⁶² bytes", "no text", "nested", "beyond the end", "backwards", "overflowing shape",
        "negative shape", "unknown type", "overlapping", "bfloat16", "words that are no JSON",
        "words that are a list", "pickle",
    ],
)  # fmt: skip
def test_hostile(path, content):
    path.write_bytes(content)
    refused(path, "is not a whole safetensors file|doesn't fit")


def test_another_network(path):
    refused(path, r"unexpected keys: 2\.bias, 2\.weight$", layers.Sequential(layers.Linear(5, 3)))
    wide = layers.Sequential(layers.Linear(5, 3), layers.ReLU(), layers.Linear(3, 4))
    refused(path, r"2\.weight has the shape \(2, 3\), it must be \(4, 3\)", wide)


def test_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        training.load_checkpoint(tmp_path / "nowhere", make())
    with pytest.raises(OSError, match="Is a directory"):
        training.load_checkpoint(tmp_path, make())


def test_a_failed_write_leaves_the_old_file(path, monkeypatch):
    before = path.read_bytes()

    def full(*_):
        raise OSError("no space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="no space left"):
        training.save_checkpoint(path, make(5))
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_without_safetensors(path, monkeypatch):
    monkeypatch.setitem(sys.modules, "safetensors.numpy", None)
    with pytest.raises(
        kernels.Unavailable, match=r"safetensors can't be imported .*pip install 'kernelwright\[train\]'"
    ):
        training.save_checkpoint(path, make())
