"""Choosing a backend, and what a call costs."""

import importlib.util
import os
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from kernelwright import kernels
from kernelwright.kernels.backend import kernel

X = np.array([[-1.0, 2.0]], np.float32)


def python(code: str, **environment: str) -> subprocess.CompletedProcess:
    """Run code in a new process."""
    return subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_use_using_and_explicit():
    assert kernels.current().name == "numba"
    kernels.use("reference")
    assert kernels.current().name == "reference"
    with kernels.using("numba"):
        assert kernels.current().name == "numba"
        with kernels.using("reference"):
            assert kernels.current().name == "reference"
        assert kernels.current().name == "numba"
    assert kernels.current().name == "reference"
    np.testing.assert_array_equal(kernels.backend("numba").relu(X), [[0, 2]])
    assert kernels.current().name == "reference"


def test_using_is_of_one_thread():
    seen = []
    with kernels.using("reference"):
        thread = threading.Thread(target=lambda: seen.append(kernels.current().name))
        thread.start()
        thread.join()
    assert seen == ["numba"]


def test_using_ends_with_an_exception():
    with pytest.raises(RuntimeError), kernels.using("reference"):
        raise RuntimeError
    assert kernels.current().name == "numba"


def test_the_environment_variable():
    code = "from kernelwright import kernels; print(kernels.current().name)"
    assert python(code, KERNELWRIGHT_BACKEND="reference").stdout == "reference\n"
    failed = python(code, KERNELWRIGHT_BACKEND="tpu")
    assert "unknown backend 'tpu'" in failed.stderr.splitlines()[-1]


def test_backends_say_what_is_missing():
    state = kernels.backends()
    assert list(state) == ["reference", "numba", "cupy", "simulator"]
    assert state["reference"] is None
    assert state["numba"] is None
    if state["cupy"] is not None:
        assert "install" in state["cupy"] or "driver" in state["cupy"]
        with pytest.raises(kernels.Unavailable, match="the backend cupy can't run here"):
            kernels.use("cupy")
        assert kernels.current().name == "numba"


def test_rungs():
    rng = np.random.default_rng(0)
    a, b, bias = rng.standard_normal((65, 33)), rng.standard_normal((33, 9)), rng.standard_normal(9)
    expected = np.tanh(a @ b + bias)
    assert kernels.current().rungs("matmul")[0] == "1_naive"
    for rung in kernels.current().rungs("matmul"):
        with kernels.rung(matmul=rung):
            assert kernel("matmul.matmul") is not kernels.current().table.get("matmul.matmul")
            np.testing.assert_allclose(kernels.matmul(a, b, bias, "tanh"), expected, rtol=1e-10)
    np.testing.assert_allclose(kernels.matmul(a, b, bias, "tanh"), expected, rtol=1e-10)


def test_choosing_a_kernel_is_quick():
    """The promise is 2 µs; measured about 0.1. The best of several rounds, for the machine may be busy."""
    kernels.relu(X)
    best = float("inf")
    for _ in range(20):
        started = time.perf_counter()
        for _ in range(1000):
            kernel("activations.relu")
        best = min(best, (time.perf_counter() - started) / 1000)
    assert best < 2e-6


def test_import_is_light():
    code = (
        "import sys, time; t = time.perf_counter(); import kernelwright.kernels; t = time.perf_counter() - t;"
        "print(t); print([m for m in ('cupy', 'torch', 'matplotlib', 'sklearn', 'rich') if m in sys.modules])"
    )
    results = [python(code).stdout.split("\n") for _ in range(3)]
    assert all(result[1] == "[]" for result in results)
    assert min(float(result[0]) for result in results) < 0.6


def test_several_threads_may_call_at_once():
    x = np.random.default_rng(0).standard_normal((64, 64)).astype(np.float32)
    expected = kernels.matmul(x, x)
    wrong = []

    def work():
        results = [kernels.matmul(x, x) for _ in range(50)]
        wrong.extend(result for result in results if not np.array_equal(result, expected))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_results_do_not_depend_on_the_number_of_threads():
    code = (
        "import numpy as np; from kernelwright import kernels\n"
        "rng = np.random.default_rng(0); x = rng.standard_normal((301, 77)).astype('f'); t = np.arange(301) % 77\n"
        "loss, gradient = kernels.cross_entropy_with_gradient(x, t)\n"
        "parts = [kernels.matmul(x, x.T), kernels.column_sum(x), kernels.softmax(x), loss, gradient]\n"
        "print(hash(b''.join(p.tobytes() for p in parts)))"
    )
    runs = [python(code, PYTHONHASHSEED="0", NUMBA_NUM_THREADS=n).stdout for n in ("1", "2")]
    assert runs[0] == runs[1]
    assert runs[0]


@pytest.mark.skipif(importlib.util.find_spec("cupy") is not None, reason="CuPy is installed here")
def test_without_cupy_the_reason_names_a_package_or_the_driver():
    assert "kernelwright[gpu]" in str(kernels.backends()["cupy"])
