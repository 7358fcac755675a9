"""Everything that a GPU is asked, in one command: is each kernel right, and how fast is it?

    kernelwright bench gpu                              # under ten minutes
    kernelwright bench gpu softmax --seconds 60

First the whole catalog against its definition, both precisions, values and gradients (gpu_check.py); a sample of it
under NVIDIA's compute-sanitizer, where that is installed; then times, on the GPU's own clock and with cold caches,
beside cuBLAS and PyTorch (gpu_rivals.py; products in each type by gpu_products.py) and the limits of this GPU
(gpu_limits.py). The work is done by processes of its own: one that a kernel breaks is replaced by another, and the
kernel's line says so. What doesn't fit into the seconds is said, too.
"""

import json
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .. import kernels
from ..kernels.operation import CATALOG, Operation
from . import gpu_work, machine, report
from .limits import Limits

SECONDS, QUICK_SECONDS = 540.0, 120.0
CHECKS = 0.4  # the share of the seconds after which checking ends
PATIENCE = 90.0  # seconds that a process may be silent: compilation, torch.compile's above all, takes some
ROUNDS, QUICK_ROUNDS = 0.25, 0.1  # seconds of a race
SANITIZED = ("matmul", "softmax", "layer_norm", "sum", "adam_update", "embedding")
# Whose times are wanted first, should the seconds not suffice for all.
FIRST = ("matmul", "convolution", "attention", "softmax", "normalization", "updates", "losses", "activations")
HEADINGS = ("operation", "size", "direction", "by", "time", "±", "GFLOP/s", "GB/s", "of limit", "ours is faster")


def run(families: list[str], quick: bool, seconds: float | None, path: Path | None) -> int:
    """Check, time, show, write; the exit code: 1 if anything failed or was wrong."""
    from .choices import chosen

    kernels.backend("cupy")  # raises, if it can't run here
    operations = sorted(chosen(families), key=_rank)
    report.check_outputs(path, None)
    budget = seconds or (QUICK_SECONDS if quick else SECONDS)
    end = time.monotonic() + budget
    seed = int(np.random.default_rng().integers(1 << 31))  # another one each time
    results: dict[str, Any] = {"command": ["bench", "gpu", *families], "seed": seed, **_about(end)}
    print(machine.line(results["machine"]))
    print(report.limits_line("this GPU, plain cores", Limits(**results["limits"])))
    for kind, flops in results["tensor_cores"].items():
        print(f"limit of this GPU's tensor cores by mma.sync, {kind}: {report.rate(flops)} GFLOP/s")

    names = [operation.name for operation in operations]
    results["checks"] = checks = _checks(names, seed, end - (1 - CHECKS) * budget)
    results["sanitizer"] = _sanitizer([name for name in SANITIZED if name in names], seed, end)
    results["large"] = large = {} if quick or families else _large(end)
    results["steps"] = [] if families else _of_all("steps", QUICK_ROUNDS if quick else 2.0, end)
    results["products"] = [] if families else _of_all("products", QUICK_ROUNDS if quick else 1.0, end)
    rows, failed, untimed = _times(names, quick, results["limits"], end)
    results |= {"rows": rows, "failed": failed, "untimed": untimed}
    if path:
        report.write_json(path, results)
    _show(results)
    wrong = [name for found in (checks, large) for name, fault in found.items() if fault]
    broken = [row for row in (*results["steps"], *results["products"]) if "failed" in row]
    return int(bool(wrong or failed or broken or results["sanitizer"].get("errors")))


def _rank(operation: Operation) -> tuple[int, str]:
    return (FIRST.index(operation.family) if operation.family in FIRST else len(FIRST), operation.family)


def _about(end: float) -> dict[str, Any]:
    worker = Worker("about", {"operations": []}, end)
    for message in worker:
        return message
    raise RuntimeError(f"bench gpu: the GPU's limits can't be measured: {worker.last}")


def _checks(names: list[str], seed: int, end: float) -> dict[str, str | None]:
    """What is wrong with each operation, None if nothing is; those that the time didn't suffice for are missing."""
    found: dict[str, str | None] = {}
    for message in _through("check", names, {"seed": seed}, end):
        if "operation" in message:
            fault = message.get("failed")
            found[message["operation"]] = fault
            if fault:
                print(f"wrong: {message['operation']}: {fault}")
    print(f"checked {len(found)} of {len(names)} operations (seed {seed}): {sum(map(bool, found.values()))} wrong")
    return found


def _large(end: float) -> dict[str, str | None]:
    """What is wrong with operations on arrays of more than 2³¹ elements; those that there is room for."""
    worker = Worker("large", {}, end)
    found = {message["operation"]: message.get("failed") for message in worker}
    if worker.code:
        found["large arrays"] = f"the process ended with exit code {worker.code}: {worker.last}"
    for name, fault in found.items():
        print(f"{name} of 2³¹ elements and more: {fault or 'right'}")
    return found


def _of_all(mode: str, budget: float, end: float) -> list[dict[str, Any]]:
    """Everyone's figures for a whole training step, or for products of matrices."""
    worker = Worker(mode, {"operations": [], "budget": budget}, end)
    found = list(worker)
    if worker.code:
        found.append({"failed": f"the process ended with exit code {worker.code}: {worker.last}"})
    return found


def _sanitizer(names: list[str], seed: int, end: float) -> dict[str, Any]:
    """compute-sanitizer's word on some operations."""
    tool = shutil.which("compute-sanitizer")
    if tool is None:
        return {"ran": False, "why": "compute-sanitizer isn't installed"}
    command = [
        tool,
        "--tool",
        "memcheck",
        "--error-exitcode",
        "9",
        *_command("check", {"operations": names, "seed": seed}),
    ]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=max(1, (end - time.monotonic()) / 4)
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return {"ran": False, "why": str(error)}
    lines = [line for line in done.stdout.splitlines() if line.startswith("=========")]
    errors = lines[:40] if done.returncode else []
    print(f"compute-sanitizer on {', '.join(names)}: {lines[-1] if lines else 'no word'}")
    return {"ran": True, "operations": names, "exit_code": done.returncode, "errors": errors}


def _times(
    names: list[str], quick: bool, limits: dict[str, Any], end: float
) -> tuple[list[dict[str, Any]], list[dict[str, Any]], list[str]]:
    """The rows; what failed; and what the time didn't suffice for."""
    rows, failed, untimed = [], [], []
    # First the first workload of each, then all others, then those that torch.compile takes its seconds for.
    for first, compiled in ((True, False),) if quick else ((True, False), (False, False), (True, True)):
        chosen = [name for name in names if not compiled or name in gpu_work.gpu_rivals.COMPILE]
        options = {
            "quick": first,
            "budget": QUICK_ROUNDS if quick else ROUNDS,
            "limits": limits,
            "compiled": compiled,
        }
        done: set[str] = set()
        for message in _through("time", chosen, options, end):
            if "row" in message:
                rows.append({**message["row"], "with_compiled": compiled})
            elif "failed" in message:
                failed.append(message)
            elif "done" in message:
                done.add(message["done"])
        kind = "torch.compile" if compiled else "the first size" if first else "other sizes"
        left = [name for name in chosen if name not in done]
        untimed += [f"{kind} of {', '.join(left)}"] if left else []
    return rows, failed, untimed


def _through(mode: str, names: Sequence[str], options: dict[str, Any], end: float) -> Iterator[dict[str, Any]]:
    """What is said of these operations, by as many processes as it takes."""
    waiting = list(names)
    while waiting and time.monotonic() < end:
        worker = Worker(mode, {**options, "operations": waiting}, end)
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

    def __init__(self, mode: str, given: dict[str, Any], end: float):
        self.command, self.end = _command(mode, given), end
        self.code, self.last = 0, ""

    def __iter__(self) -> Iterator[dict[str, Any]]:
        with tempfile.TemporaryFile("w+") as errors:
            process = subprocess.Popen(self.command, stdout=subprocess.PIPE, stderr=errors, text=True)
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
                process.kill()
                self.code = process.wait()
                process.stdout.close()
                errors.seek(0)
                self.last = (errors.read().strip().splitlines() or ["without a word"])[-1]

    def _alarm(self, process: subprocess.Popen) -> threading.Timer:
        alarm = threading.Timer(min(PATIENCE, max(0.1, self.end - time.monotonic())), process.kill)
        alarm.daemon = True
        alarm.start()
        return alarm


def _command(mode: str, given: dict[str, Any]) -> list[str]:
    return [sys.executable, "-m", gpu_work.__name__, mode, json.dumps(given)]


def _show(results: dict[str, Any]) -> None:
    """What failed and what there was no time for, then the table."""
    for message in results["failed"]:
        what = " ".join(message.get(key, "") for key in ("operation", "workload", "direction", "contender")).strip()
        print(f"failed: {what}: {message['failed']}")
    unchecked = len(CATALOG) - len(results["checks"])
    if unchecked and len(results["command"]) == 2:
        print(f"not checked, for the time was up: {unchecked} operations")
    for row in results["steps"]:
        took = row.get("failed") or f"{row['step']} {report.duration(row['seconds'])} ± {row['spread']:.0%}"
        print(f"a training step: {took}")
    for row in results["products"]:
        took = row.get("failed") or (
            f"{row['product']}: {report.duration(row['seconds'])} ± {row['spread']:.0%}, "
            f"{report.rate(row['flops'])} GFLOP/s, off by {row['error']:.1e}"
        )
        print(f"a product of matrices: {took}")
    for what in results["untimed"]:
        print(f"not timed, for the time was up: {what}")
    cells = [
        (
            row["operation"],
            row["workload"],
            row["direction"],
            row["backend"],
            report.duration(row["seconds"]),
            f"{row['spread']:.0%}",
            report.rate(row["flops"]),
            report.rate(row["bandwidth"]),
            report.share(row["of_limit"], row["bound"]),
            "" if row["backend"] == gpu_work.OURS else report.ratio(row["ours_is_faster"]),
        )
        for row in results["rows"]
    ]
    print(report.markdown_table(HEADINGS, cells))
