"""Everything that a GPU is asked, in one command: is each kernel right, and how fast is it?

    kernelwright bench gpu                              # under ten minutes
    kernelwright bench gpu softmax --seconds 60

What is wanted most comes first: the whole catalog against its definition, both precisions, values and gradients
(gpu_check.py), by several processes at a time; times of each operation's first size, on the GPU's own clock, with cold
caches and on several sets of inputs by turns (gpu_sets.py), beside cuBLAS and PyTorch (gpu_rivals.py) and the limits of
this GPU (gpu_limits.py); training steps (gpu_steps.py), a whole training (gpu_training.py), and products of matrices in
each type (gpu_products.py); arrays of more than 2³¹ elements; a sample under NVIDIA's compute-sanitizer, where that is
installed; other sizes, and torch.compile. Each of these has seconds of its own, and what doesn't fit into them is said.

The work is done by processes of its own: one that a kernel breaks is replaced by another, and the kernel's line says
so. Results are written as they come: a run that is killed loses none, and lacks "complete".
"""

import os
import shutil
import subprocess
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from .. import kernels
from ..kernels.operation import CATALOG, Operation
from . import gpu_processes, gpu_rivals, gpu_work, machine, report
from .limits import Limits

SECONDS, QUICK_SECONDS = 540.0, 120.0
# Shares of the seconds after which checking ends, and timing first sizes; seconds that others have at most.
CHECKS, FIRST_SIZES = 0.35, 0.75
STEPS, TRAINING, PRODUCTS, LARGE, SANITIZER = 60.0, 30.0, 45.0, 60.0, 60.0
ROUNDS, QUICK_ROUNDS = 0.25, 0.1  # seconds of a race
SANITIZED = ("matmul", "softmax", "layer_norm", "sum", "adam_update", "embedding")
# Whose times are wanted first, should the seconds not suffice for all.
FIRST = ("matmul", "convolution", "attention", "softmax", "normalization", "updates", "losses", "activations")
PLACE = "gpu figures"
HEADINGS = ("operation", "size", "direction", "by", "time", "±", "GFLOP/s", "GB/s", "of limit", "ours is faster")


def run(
    families: list[str], quick: bool, seconds: float | None, path: Path | None, markdown: Path | None = None
) -> int:
    """Check, time, show, write; the exit code: 1 if anything failed or was wrong."""
    from .choices import chosen

    kernels.backend("cupy")  # raises, if it can't run here
    names = [operation.name for operation in sorted(chosen(families), key=_rank)]
    report.check_outputs(path, markdown, PLACE)
    begin, budget = time.monotonic(), seconds or (QUICK_SECONDS if quick else SECONDS)
    end, seed = begin + budget, int(np.random.default_rng().integers(1 << 31))  # another one each time
    results: dict[str, Any] = {
        "command": ["bench", "gpu", *families],
        "seed": seed,
        "complete": False,
        "checks": {},
        "sanitizer": {},
        "large": {},
        "steps": [],
        "training": [],
        "products": [],
        "rows": [],
        "failed": [],
        "untimed": [],
    }
    keep = partial(_keep, path, results)
    _about(results, min(end, begin + gpu_processes.PATIENCE))
    keep()

    _checks(names, seed, begin + CHECKS * budget, results["checks"], keep)
    times = partial(_times, results, quick, keep) if "limits" in results else _no_times
    times(names, True, False, begin + (FIRST_SIZES if not quick else 1) * budget)
    if not families:
        results["steps"] = _of_all("steps", QUICK_ROUNDS if quick else 2.0, _within(STEPS, end))
        keep()
        _training(results, _within(TRAINING, end))
        keep()
        results["products"] = _of_all("products", QUICK_ROUNDS if quick else 1.0, _within(PRODUCTS, end))
        keep()
    if not (quick or families):
        results["large"] = _large(_within(LARGE, end))
        keep()
    results["sanitizer"] = _sanitizer([name for name in SANITIZED if name in names], seed, _within(SANITIZER, end))
    keep()
    if not quick:
        times(names, False, False, end)
        times([name for name in names if name in gpu_rivals.COMPILE], True, True, end)
    results["complete"] = True
    keep()
    _show(results)
    if markdown:
        report.write_markdown(markdown, figures(results), PLACE)
    wrong = [name for what in ("checks", "large") for name, fault in results[what].items() if fault]
    broken = [row for row in (*results["steps"], *results["training"], *results["products"]) if "failed" in row]
    return int(bool(wrong or results["failed"] or broken or results["sanitizer"].get("errors")))


def _keep(path: Path | None, results: dict[str, Any]) -> None:
    """Write what there is; whoever reads the file finds all of it, or all that was there before."""
    if path:
        part = path.with_name(path.name + ".part")
        report.write_json(part, results)
        part.replace(path)


def _within(seconds: float, end: float) -> float:
    return min(end, time.monotonic() + seconds)


def _rank(operation: Operation) -> tuple[int, str]:
    return (FIRST.index(operation.family) if operation.family in FIRST else len(FIRST), operation.family)


def _about(results: dict[str, Any], end: float) -> None:
    """Which machine this is, and its limits: without them nothing is timed, but all is checked."""
    worker = gpu_processes.Worker("about", {"operations": []}, end)
    for message in worker:
        results.update(message)
    if "limits" not in results:
        results["failed"].append({"operation": "this GPU's limits", "failed": worker.last})
    for line in _introduction(results):
        print(line)


def _introduction(results: dict[str, Any]) -> list[str]:
    """The machine and its limits, as far as they are known."""
    lines = [machine.line(results["machine"])] if "machine" in results else []
    if "limits" in results:
        lines.append(report.limits_line("this GPU, plain cores", Limits(**results["limits"])))
    for kind, flops in results.get("tensor_cores", {}).items():
        lines.append(f"limit of this GPU's tensor cores by mma.sync, {kind}: {report.rate(flops)} GFLOP/s")
    return lines


def _checks(
    names: list[str], seed: int, end: float, found: dict[str, str | None], keep: Callable[[], None] = lambda: None
) -> None:
    """What is wrong with each operation, None if nothing is; those that the time didn't suffice for are missing."""
    for message in gpu_processes.together("check", names, {"seed": seed}, end):
        if "operation" in message:
            fault = message.get("failed")
            found[message["operation"]] = fault
            if fault:
                print(f"wrong: {message['operation']}: {fault}", flush=True)
        keep()
    print(f"checked {len(found)} of {len(names)} operations (seed {seed}): {sum(map(bool, found.values()))} wrong")


def _large(end: float) -> dict[str, str | None]:
    """What is wrong with operations on arrays of more than 2³¹ elements; those that there is room for."""
    worker = gpu_processes.Worker("large", {}, end)
    found = {message["operation"]: message.get("failed") for message in worker}
    if worker.code:
        found["large arrays"] = f"the process ended with exit code {worker.code}: {worker.last}"
    for name, fault in found.items():
        print(f"{name} of 2³¹ elements and more: {fault or 'right'}")
    return found


def _of_all(mode: str, budget: float, end: float) -> list[dict[str, Any]]:
    """Everyone's figures for a whole training step, or for products of matrices."""
    worker = gpu_processes.Worker(mode, {"operations": [], "budget": budget}, end)
    found = list(worker)
    if worker.code:
        found.append({"failed": f"the process ended with exit code {worker.code}: {worker.last}"})
    return found


def _training(results: dict[str, Any], end: float) -> None:
    """How long until 90 % of Fashion-MNIST is right, if the images are here."""
    for row in _of_all("training", 0.0, end):
        if "untimed" in row:
            results["untimed"].append(f"training: {row['untimed']}")
        else:
            results["training"].append(row)


def _sanitizer(names: list[str], seed: int, end: float) -> dict[str, Any]:
    """compute-sanitizer's word on some operations."""
    tool = shutil.which("compute-sanitizer") or shutil.which("compute-sanitizer", path="/usr/local/cuda/bin")
    if tool is None:
        return {"ran": False, "why": "compute-sanitizer isn't installed"}
    # By default it gives up on a process that hasn't called CUDA after some seconds.
    options = ("--tool", "memcheck", "--error-exitcode", "9", "--launch-timeout", "0")
    command = [tool, *options, *gpu_processes.command("check", {"operations": names, "seed": seed, "alone": True})]
    environment, left = {**os.environ, **gpu_processes.CHECKING}, max(1.0, end - time.monotonic())
    try:
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, text=True, env=environment, **gpu_processes.GROUP
        ) as process:
            try:
                said, _ = process.communicate(timeout=left)
            finally:
                gpu_processes.stop(process)
    except subprocess.TimeoutExpired:
        return {"ran": False, "why": f"it wasn't done after {left:.0f} seconds"}
    except OSError as error:
        return {"ran": False, "why": str(error)}
    lines = [line for line in said.splitlines() if line.startswith("=========")]
    errors = lines[:40] if process.returncode else []
    print(f"compute-sanitizer on {', '.join(names)}: {lines[-1] if lines else 'no word'}")
    return {"ran": True, "operations": names, "exit_code": process.returncode, "errors": errors}


def _times(
    results: dict[str, Any],
    quick: bool,
    keep: Callable[[], None],
    names: list[str],
    first: bool,
    compiled: bool,
    end: float,
) -> None:
    """Rows of these operations, of the first workload of each or of all others; what failed; what there was no time
    for."""
    budget = QUICK_ROUNDS if quick else ROUNDS
    options = {"quick": first, "budget": budget, "limits": results["limits"], "compiled": compiled}
    done: set[str] = set()
    for message in gpu_processes.through("time", names, options, end):
        if "row" in message:
            results["rows"].append({**message["row"], "with_compiled": compiled})
        elif "failed" in message:
            results["failed"].append(message)
        elif "done" in message:
            done.add(message["done"])
            keep()
    kind = "torch.compile" if compiled else "the first size" if first else "other sizes"
    left = [name for name in names if name not in done]
    results["untimed"] += [f"{kind} of {', '.join(left)}"] if left else []
    print(f"timed {kind} of {len(done)} of {len(names)} operations", flush=True)


def _no_times(*_: Any) -> None:
    """Instead, where the GPU's limits aren't known."""


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
    for row in results["training"]:
        took = row.get("failed") or (
            f"{row['accuracy']:.1%} of the test images right after {row['seconds']:.2f} s, {row['epochs']} epochs, "
            f"{row['steps']} steps"
        )
        print(f"Fashion-MNIST: {took}")
    for row in results["products"]:
        took = row.get("failed") or (
            f"{row['product']}: {report.duration(row['seconds'])} ± {row['spread']:.0%}, "
            f"{report.rate(row['flops'])} GFLOP/s, off by {row['error']:.1e}"
        )
        print(f"a product of matrices: {took}")
    for what in results["untimed"]:
        print(f"not timed, for the time was up: {what}")
    print(_table(results))


def figures(results: dict[str, Any]) -> str:
    """For a Markdown file."""
    note = (
        "Medians on the GPU's own clock, with cold caches, on several sets of inputs by turns. Ours is faster: the "
        "other's time over ours."
    )
    return "\n".join([*(f"{line}  " for line in _introduction(results)), "", _table(results), "", note])


def _table(results: dict[str, Any]) -> str:
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
    return report.markdown_table(HEADINGS, cells)
