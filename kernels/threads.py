"""The threads that kernels on the CPU run on: how many, and where they come from.

They are those of Numba's *threading layer*, one of three: TBB, OpenMP, or Numba's own workqueue, which is slow (a
hundred microseconds a call) and can serve one Python thread at a time.
"""

import functools
import os
import sys
import threading
import warnings
from typing import Any

count = 1  # how many threads a kernel may use; set when they are started
_started = False
_forked = False  # from a process whose OpenMP threads don't exist here
_one_at_a_time = threading.Lock()


def get_threads() -> int:
    """How many threads a kernel may use."""
    start()
    return count


@functools.cache
def _most() -> int:
    from numba.core import config

    found: Any = config
    return found.NUMBA_NUM_THREADS


def set_threads(n: int) -> None:
    """Let kernels on the CPU use n threads, from 1 to the number that Numba allows (NUMBA_NUM_THREADS, else one a CPU).

    It holds for the whole process. Results don't depend on it: every sum has an order of its own.
    """
    global count
    most = _most()
    if not isinstance(n, int) or isinstance(n, bool):
        raise TypeError(f"set_threads: n must be an integer, not {n!r}")
    if not 1 <= n <= most:
        raise ValueError(
            f"set_threads: n is {n}, it must be from 1 to {most} (more: set NUMBA_NUM_THREADS before the start)"
        )
    if _forked and n > 1:
        raise ValueError(
            "set_threads: this process was forked from one that used OpenMP's threads, which don't survive that: only "
            "1 thread can run here (start it with multiprocessing's 'spawn' or 'forkserver', or pip install tbb)"
        )
    start()
    count = n


def start() -> None:
    """Load the threading layer, before the first kernel is compiled or loaded."""
    global _started, count
    if _started:
        return
    from numba.np.ufunc import parallel

    # A thread of OpenMP that has nothing to do spins, by default so long that it takes a core from the threads of
    # NumPy's BLAS, or of PyTorch, and is then put to sleep by the system: the next kernel waits 5 to 8 ms. 2000
    # turns are some 10 µs. OpenMP reads this when it is loaded; once another package has, it is too late.
    ours = "GOMP_SPINCOUNT" not in os.environ and "OMP_WAIT_POLICY" not in os.environ
    if ours:
        os.environ["GOMP_SPINCOUNT"] = "2000"
    try:
        parallel._launch_threads()
    finally:
        if ours:
            del os.environ["GOMP_SPINCOUNT"]
    _started, count = True, _most()
    if layer() == "workqueue" and count > 1:
        warnings.warn(
            "neither TBB nor OpenMP is found: kernels are shared out by Numba's workqueue, which takes a hundred "
            "microseconds a call and lets one Python thread in at a time: pip install tbb",
            RuntimeWarning,
            stacklevel=2,
        )


def layer() -> str:
    """The name of the threading layer: "tbb", "omp" or "workqueue"."""
    from numba.np.ufunc import parallel

    return parallel.threading_layer()


def callable_by_all(compiled: Any) -> Any:
    """A compiled kernel that several Python threads may call at once."""
    if layer() != "workqueue":
        return compiled

    def alone(*args):
        with _one_at_a_time:
            return compiled(*args)

    return alone


def _after_fork() -> None:
    global _forked, count
    # GNU's OpenMP ends a forked process that uses it again.
    if _started and sys.platform == "linux" and layer() == "omp":
        _forked, count = True, 1


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
