"""The backend `cupy` on the stand-in, for one test."""

import importlib
import sys
from pathlib import Path

import pytest

from kernelwright import kernels
from kernelwright.kernels import cuda
from kernelwright.kernels.backend import CuPy

HERE = Path(__file__).parent


@pytest.fixture
def standin(monkeypatch):
    """The backend, in use; nothing of it is left behind."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "cupy"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.syspath_prepend(str(HERE))
    monkeypatch.setattr(cuda, "compile", cuda.compile)  # which the stand-in replaces
    monkeypatch.setitem(importlib.import_module(CuPy.__module__)._BACKENDS, "cupy", CuPy())
    cuda.missing.cache_clear()
    with kernels.using("cupy") as backend:
        yield backend
    cuda.missing.cache_clear()
    for name in [name for name in sys.modules if name.partition(".")[0] == "cupy"]:
        del sys.modules[name]
