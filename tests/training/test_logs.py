"""Logs: what is in the files, read by other means than they were written."""

import csv
import struct
import sys

import pytest

from kernelwright import kernels, training

from .test_trainer import TEST, figures, loader, make


def test_csv(tmp_path):
    path = tmp_path / "new" / "log.csv"
    history = make(callbacks=[training.CSVLogger(path)]).fit(loader(), TEST, epochs=2, report=False)
    with open(path, newline="") as file:
        rows = list(csv.DictReader(file))
    assert [{name: float(value) for name, value in row.items()} for row in rows] == history


def test_csv_goes_on(tmp_path):
    for epochs in (1, 3):
        trainer = make(callbacks=[training.CSVLogger(tmp_path / "log.csv")])
        trainer.fit(loader(), epochs=epochs, directory=tmp_path, resume=epochs > 1, report=False)
    with open(tmp_path / "log.csv", newline="") as file:
        assert [row["epoch"] for row in csv.DictReader(file)] == ["1", "2", "3"]


def events(directory):
    """The scalars of event files: records of a length, its checksum, a protocol buffer and its checksum."""
    proto = pytest.importorskip("tensorboardX.proto.event_pb2")
    found, purged = [], []
    for path in sorted(directory.iterdir()):
        content = path.read_bytes()
        while content:
            (length,) = struct.unpack("<Q", content[:8])
            event = proto.Event.FromString(content[12 : 12 + length])
            content = content[16 + length :]
            found += [(event.step, value.tag, value.simple_value) for value in event.summary.value]
            if event.HasField("session_log"):
                purged.append(event.step)
    return found, purged


def test_tensorboard(tmp_path):
    trainers = [make(callbacks=[training.TensorBoard(tmp_path / "log", update_freq=8)]) for _ in range(2)]
    trainers[0].fit(loader(), TEST, epochs=1, directory=tmp_path, report=False)
    trainers[1].fit(loader(), TEST, epochs=2, directory=tmp_path, resume=True, report=False)
    found, purged = events(tmp_path / "log" / "epochs")
    expected = [(row["epoch"], name, value) for row in figures(trainers[1].history) for name, value in row.items()]
    seen = {(step, name): value for step, name, value in found}
    for step, name, value in expected:
        if name != "epoch":
            assert seen[step, name] == pytest.approx(value, rel=1e-6)
    assert len(found) == len(expected)  # "seconds" for "epoch"
    assert purged == [2]
    steps, purged = events(tmp_path / "log" / "batches")
    assert [step for step, _, _ in steps] == [8, 16, 24, 32, 40, 48, 56, 64]
    assert {name for _, name, _ in steps} == {"batch_loss"}
    assert purged == [33]


def test_without_tensorboardx(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    with pytest.raises(kernels.Unavailable, match=r"tensorboardX can't be imported .*kernelwright\[train\]"):
        make(callbacks=[training.TensorBoard(tmp_path)]).fit(loader(), epochs=1)
