"""The compiled machine: from the disk if it is there, else made now, which takes some seconds."""

import sys
import threading
import time
from pathlib import Path
from typing import Any

from .. import jit

# The files that it is made of: a change of any makes the one on the disk stale.
SOURCES = tuple(
    Path(__file__).with_name(f"{name}.py")
    for name in [
        "access",
        "atomics",
        "barriers",
        "control",
        "findings",
        "floats",
        "integers",
        "intrinsics",
        "lanes",
        "machine",
        "memory",
        "operations",
        "parser",
        "program",
        "races",
        "rounding",
        "rows",
        "state",
        "swaps",
        "tensor",
        "trace",
        "warp",
    ]
)
_lock = threading.Lock()
_machine: Any = None


def machine() -> Any:
    """The function that a worker runs: it takes the address of the worker's record (state.py)."""
    global _machine
    with _lock:
        if _machine is None:
            _machine = _compiled()
    return _machine


def _compiled() -> Any:
    import numba

    from .machine import run

    compiled = jit.keep(numba.njit(error_model="numpy", nogil=True)(run), SOURCES)
    said = "kernelwright: compiling the simulator, once …"
    note = threading.Timer(2.0, lambda: print(said, end="", file=sys.stderr, flush=True))
    note.daemon = True
    note.start()
    started = time.perf_counter()
    try:
        compiled.compile((numba.int64,))
    finally:
        note.cancel()
    seconds = time.perf_counter() - started
    if seconds > 2:
        print(f" {seconds:.1f} s", file=sys.stderr)
    return compiled
