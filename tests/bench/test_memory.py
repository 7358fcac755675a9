"""The peak of memory in a process of its own."""

import subprocess

import numpy as np
import pytest

from kernelwright.bench import fair, memory, versus
from kernelwright.bench.rivals import OURS, TORCH

MEGABYTE = 1 << 20
known = pytest.mark.skipif(not memory.is_known(), reason="this system doesn't tell")


def filling(torch, count):
    """A step that fills so many megabytes, half of them kept from step to step."""
    kept = np.ones(count * MEGABYTE // 2, np.int8)
    return lambda: kept.sum() + np.ones(count * MEGABYTE // 2, np.int8).sum()


@known
def test_a_peak():
    assert 60 * MEGABYTE < memory.peak(filling, None, 64) < 80 * MEGABYTE


@known
@pytest.mark.parametrize("operation", memory.WORK)
def test_our_side(operation, monkeypatch, capsys):
    make, batch = memory.WORK[operation]
    monkeypatch.setitem(memory.WORK, operation, (make, min(batch, 64)))
    with fair.as_they_were():
        memory.main(operation, OURS, "1")
    assert MEGABYTE < int(capsys.readouterr().out) < 500 * MEGABYTE


@known
@pytest.mark.compare
@pytest.mark.parametrize("operation", memory.WORK)
def test_pytorchs_side(operation, monkeypatch, capsys):
    torch = pytest.importorskip("torch")
    make, batch = memory.WORK[operation]
    monkeypatch.setitem(memory.WORK, operation, (make, min(batch, 64)))
    before = torch.get_num_threads()
    memory.main(operation, TORCH, "1")
    torch.set_num_threads(before)
    assert MEGABYTE < int(capsys.readouterr().out) < 500 * MEGABYTE


def test_it_is_measured_in_processes_of_their_own(monkeypatch):
    ran = []

    class Ended:
        def __init__(self, size):
            self.stdout = f"{size}\n"

    def run(command, env, **_):
        ran.append((*command[-3:], env["KERNELWRIGHT_BACKEND"]))
        return Ended(100 - len(ran))

    monkeypatch.setattr(memory.subprocess, "run", run)
    monkeypatch.setitem(memory.WORK, "it", (lambda torch, batch: lambda: None, 1))
    assert memory.peaks("it", (OURS, TORCH), 2) == {OURS: 98, TORCH: 96}
    assert ran == [("it", name, "2", "numba") for name in (OURS, OURS, TORCH, TORCH)]


def test_rows(monkeypatch):
    monkeypatch.setattr(memory, "peaks", lambda operation, names, threads: dict.fromkeys(names, threads))
    monkeypatch.setattr(memory, "is_known", lambda: True)
    found = versus.memory_rows(3, object())
    assert [row.operation for row in found] == list(memory.WORK)
    assert found[0].bytes == {OURS: 3, TORCH: 3}
    assert found[0].threads == 3
    assert versus.memory_rows(3, None) == []
    monkeypatch.setattr(memory, "is_known", lambda: False)
    assert versus.memory_rows(3, object()) == []


def test_a_process_that_fails_is_a_failed_row(monkeypatch):
    def fails(*_):
        raise subprocess.CalledProcessError(1, "python")

    monkeypatch.setattr(memory, "peaks", fails)
    monkeypatch.setattr(memory, "is_known", lambda: True)
    assert "CalledProcessError" in versus.memory_rows(1, object())[0].errors[OURS]
