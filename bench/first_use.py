"""What a new process waits for: its first training step, when nothing is compiled yet, and when the disk has it all."""

import os
import subprocess
import sys
import tempfile
import time


def seconds() -> tuple[float, float]:
    """The seconds of that step with an empty cache, and with the cache that it left."""
    with tempfile.TemporaryDirectory() as cache:
        environment = {**os.environ, "KERNELWRIGHT_CACHE_DIR": cache, "KERNELWRIGHT_BACKEND": "numba"}
        command = [sys.executable, "-m", __name__]
        first, second = (
            float(subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout)
            for _ in range(2)
        )
    return first, second


def step() -> float:
    """The seconds of this process's first step, imports apart: Numba's too, which would wait for the first kernel."""
    import numba  # noqa: F401

    from .rivals import OURS
    from .steps import mlp_step

    started = time.perf_counter()
    mlp_step(64).calls(None, 1)[OURS]()
    return time.perf_counter() - started


if __name__ == "__main__":
    print(step())
