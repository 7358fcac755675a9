"""Processes that work on the GPU for `bench gpu`: one that a kernel breaks, or that hangs, is replaced by another."""

import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

from . import gpu_work

PATIENCE = 90.0  # seconds that a process may be silent: compilation, torch.compile's above all, takes some
# Of processes that check: their work is mostly the CPU's, and a tile timed while others work would be kept as the best.
TOGETHER = max(1, min(8, (os.cpu_count() or 1) // 2))
CHECKING = {"KERNELWRIGHT_AUTOTUNE": "0", "OMP_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "2"}
# Whoever ends a process ends what it has started, too: torch.compile's compilers, what compute-sanitizer runs.
GROUP: dict[str, Any] = {"process_group": 0} if hasattr(os, "killpg") else {}


def together(mode: str, names: list[str], options: dict[str, Any], end: float) -> Iterator[dict[str, Any]]:
    """What is said of these operations by several processes at a time."""
    said: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()

    def ask(own: list[str]) -> None:
        try:
            for message in through(mode, own, options, end, CHECKING):
                said.put(message)
        finally:
            said.put(None)

    with ThreadPoolExecutor(TOGETHER) as pool:
        asked = [pool.submit(ask, names[k::TOGETHER]) for k in range(TOGETHER)]
        left = len(asked)
        while left:
            message = said.get()
            if message is None:
                left -= 1
            else:
                yield message
        for one in asked:
            one.result()  # raises what was raised there


def through(
    mode: str, names: Sequence[str], options: dict[str, Any], end: float, environment: dict[str, str] | None = None
) -> Iterator[dict[str, Any]]:
    """What is said of these operations, by as many processes as it takes."""
    waiting = list(names)
    while waiting and time.monotonic() < end:
        worker = Worker(mode, {**options, "operations": waiting}, end, environment)
        for message in worker:
            yield message
            if "done" in message:
                waiting.remove(message["done"])
        if waiting and time.monotonic() < end:  # it broke at the first of those that it hadn't done
            broken = waiting.pop(0)
            if worker.code != gpu_work.BROKEN:  # else it has said so itself
                yield {"operation": broken, "failed": f"the process ended with exit code {worker.code}: {worker.last}"}
            yield {"done": broken}


class Worker:
    """A process that works on the GPU, and what it says, until it ends, the time is up, or it has hung."""

    def __init__(self, mode: str, given: dict[str, Any], end: float, environment: dict[str, str] | None = None):
        self.command, self.end = command(mode, given), end
        self.environment = {**os.environ, **(environment or {})}
        self.code, self.last = 0, ""

    def __iter__(self) -> Iterator[dict[str, Any]]:
        with tempfile.TemporaryFile("w+") as errors:
            process = subprocess.Popen(
                self.command, stdout=subprocess.PIPE, stderr=errors, text=True, env=self.environment, **GROUP
            )
            assert process.stdout is not None
            alarm = self._alarm(process)
            try:
                for line in process.stdout:
                    alarm.cancel()
                    if line.startswith("{"):  # else a library's own words
                        yield json.loads(line)
                    alarm = self._alarm(process)
            finally:
                alarm.cancel()
                stop(process)
                self.code = process.wait()
                process.stdout.close()
                errors.seek(0)
                self.last = (errors.read().strip().splitlines() or ["without a word"])[-1]

    def _alarm(self, process: subprocess.Popen) -> threading.Timer:
        alarm = threading.Timer(min(PATIENCE, max(0.1, self.end - time.monotonic())), stop, (process,))
        alarm.daemon = True
        alarm.start()
        return alarm


def stop(process: subprocess.Popen) -> None:
    """At once, with all that it has started."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL) if GROUP else process.kill()


def command(mode: str, given: dict[str, Any]) -> list[str]:
    return [sys.executable, "-m", gpu_work.__name__, mode, json.dumps(given)]
