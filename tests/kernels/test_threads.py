"""Threads: how many, the same results from any number, several callers at once, after a fork, and without OpenMP."""

import multiprocessing
import os
import subprocess
import sys
import warnings
from concurrent.futures import ThreadPoolExecutor
from unittest import mock

import numba
import numpy as np
import pytest

from kernelwright import kernels
from kernelwright.bench.contenders import cases, public_call
from kernelwright.kernels import threads
from kernelwright.kernels.jit import kernel, task
from kernelwright.kernels.operation import CATALOG
from kernelwright.kernels.share import enough, share

from ..catalog import as_tuple, by_name

MOST = numba.config.NUMBA_NUM_THREADS


@pytest.fixture
def _not_kept():
    with mock.patch("kernelwright.kernels.cache.directory", return_value=None):
        yield


own_kernels = pytest.mark.usefixtures("_not_kept")  # one on disk wouldn't be compiled again when this file changes


@pytest.fixture(autouse=True)
def _as_many_threads_as_before():
    before = kernels.get_threads()
    yield
    kernels.set_threads(before)


@task
def add_piece(first, last, x, y, factors):
    for i in range(first, last):
        y[i] += factors[0] * x[i] + factors[1]


@kernel("in real[::1], out real[::1], int64")
def add_pieces(x, y, count, threads):
    share(add_piece, count, threads, x, y, (3, 1))


@kernel("in real[::1], out real[::1]")
def add_if_worth_it(x, y, threads):
    share(add_piece, x.size, enough(threads, x.size), x, y, (3, 1))


@pytest.mark.parametrize("n", [1.0, "2", None, True, np.float64(1)])
def test_a_number_of_threads_is_an_integer(n):
    with pytest.raises(TypeError, match="set_threads: n must be an integer"):
        kernels.set_threads(n)


@pytest.mark.parametrize("n", [0, -1, MOST + 1])
def test_a_number_of_threads_that_there_cannot_be(n):
    before = kernels.get_threads()
    with pytest.raises(ValueError, match=rf"set_threads: n is {n}, it must be from 1 to {MOST}"):
        kernels.set_threads(n)
    assert kernels.get_threads() == before


def test_the_number_of_threads_is_what_was_set():
    for n in (1, MOST):
        kernels.set_threads(n)
        assert kernels.get_threads() == n


@own_kernels
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_every_piece_is_done_once(dtype):
    for n in {1, min(2, MOST), MOST}:
        kernels.set_threads(n)
        for count in (0, 1, 2, 3, 5, 64, 1001):
            x, y = np.arange(1001).astype(dtype), np.zeros(1001, dtype)
            add_pieces(x, y, count)
            np.testing.assert_array_equal(y[:count], 3 * x[:count] + 1)
            assert not y[count:].any()


@own_kernels
@task
def too_much(first, last, x):
    for _ in range(first, last):
        np.empty(1 << 60, np.float64)[0] = x[0]


@kernel("in real[::1]")
def out_of_memory(x, threads):
    share(too_much, 4, threads, x)


@pytest.mark.parametrize("n", range(1, MOST + 1))
def test_a_thread_without_memory(n):
    kernels.set_threads(n)
    with pytest.raises(MemoryError, match="no room"):
        out_of_memory(np.zeros(1, np.float32))


def test_small_and_large_work():
    for size in (0, 1, 1000, 1_000_000):
        x, y = np.arange(size, dtype=np.float64), np.zeros(size)
        add_if_worth_it(x, y)
        np.testing.assert_array_equal(y, 3 * x + 1)


@pytest.mark.parametrize("operation", CATALOG.values(), ids=by_name)
def test_results_do_not_depend_on_the_number_of_threads(operation):
    """Of a case large enough to be shared out."""
    quick = next(iter(operation.workloads))
    for case in cases(operation, quick=False):
        if case.workload != quick:
            continue
        found = []
        for n in (1, 2):
            kernels.set_threads(n)
            call = public_call(case, kernels.backend("numba"))
            results = call()
            found.append([*as_tuple(results), *(call.keywords[name] for name in operation.in_place)])
        for one, two in zip(*found, strict=True):
            np.testing.assert_array_equal(one, two)


def repeat(seed):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal(200_000)
    for _ in range(20):
        y = np.zeros_like(x)
        add_if_worth_it(x, y)
        if not np.array_equal(y, 3 * x + 1):
            return False
    return True


@own_kernels
def test_several_callers_at_once():
    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(repeat, range(16)))


def in_a_child(connection):
    try:
        right, number, refusal = repeat(0), kernels.get_threads(), None
        try:
            kernels.set_threads(2)
        except ValueError as error:
            refusal = str(error)
        connection.send((right, number, refusal))
    except BaseException as error:
        connection.send(error)


@own_kernels
@pytest.mark.skipif(MOST < 2 or not hasattr(os, "fork"), reason="needs fork and two threads")
def test_after_a_fork():
    kernels.set_threads(2)
    assert repeat(1)
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe()
    child = context.Process(target=in_a_child, args=(theirs,))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12: a process with threads was forked
        child.start()
    theirs.close()
    assert ours.poll(120), "the child hangs"
    answer = ours.recv()
    child.join()
    assert child.exitcode == 0
    right, number, refusal = answer
    assert right
    if threads.layer() == "omp" and sys.platform == "linux":
        assert number == 1
        assert "was forked from one that used OpenMP's threads" in refusal
    assert kernels.get_threads() == 2
    assert repeat(2)


WORKQUEUE = """
import warnings
from concurrent.futures import ThreadPoolExecutor
import numpy as np
from kernelwright import kernels
from kernelwright.kernels import threads

x = np.random.default_rng(0).standard_normal((300, 1000))
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    expected = kernels.softmax(x)
print(threads.layer(), len(caught), caught[0].message)
with ThreadPoolExecutor(4) as pool:
    print(all(np.array_equal(y, expected) for y in pool.map(kernels.softmax, [x] * 200)))
"""


@pytest.mark.skipif(MOST < 2, reason="needs two threads")
def test_numbas_own_threads(tmp_path):
    environment = {"NUMBA_THREADING_LAYER": "workqueue", "KERNELWRIGHT_CACHE_DIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", WORKQUEUE],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    warned, right = done.stdout.splitlines()
    assert warned.startswith("workqueue 1 neither TBB nor OpenMP is found")
    assert warned.endswith("pip install tbb")
    assert right == "True"
