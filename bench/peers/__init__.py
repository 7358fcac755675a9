"""The same two networks trained by us, by NumPy alone, and by other libraries: kernelwright bench peers.

Each in a process of its own, one after the other: the same images (Fashion-MNIST), the same first parameters, the same
batches in the same order, plain gradient descent. Told are the time of a step, the time until 85 % of 2,048 test
images are right, and how far the memory rises. The first losses must be NumPy's, or the row says that they aren't.

    pip install 'kernelwright[peers]'
    kernelwright bench peers --json bench/results/peers.json --markdown docs/peers.md

It takes some 5 minutes: no training goes on for longer than 30 seconds after its first step, but for the step that it
is in. What our first step compiles is kept on disk: where it isn't there yet, the time of the first step says so.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np

from .. import machine, report
from . import measure, work

PEERS = {
    "kernelwright": "Kernelwright",
    "numpy": "NumPy, by hand",
    "torch": "PyTorch",
    "jax": "JAX",
    "tinygrad": "tinygrad",
    "thinc": "thinc",
    "numpy_ml": "numpy-ml",
}
SECONDS, LIMIT = 30.0, 300.0  # of training after the first step; of the whole process
PLACE = "peers"
HEADINGS = ("network", "library", "step", "first step", "to 85 %", "steps", "peak memory", "note")
# What libraries read to know how many threads they may have: all get one for each core.
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


def run(names: list[str] | None, markdown: Path | None, json_file: Path | None) -> int:
    """Measure, show, write; the exit code: 1 if a peer that is installed failed."""
    chosen = list(PEERS) if names is None else names
    for name in chosen:
        if name not in PEERS:
            raise ValueError(f"bench peers: there is no peer {name!r}: it must be one of {', '.join(PEERS)}")
    report.check_outputs(json_file, markdown, PLACE)
    rows = []
    with report.progress(len(chosen) * len(work.NETWORKS)) as say:
        for network in work.NETWORKS:
            for name in chosen:
                say(f"{network} {name}", 0)
                rows.append(row(network, name))
                say("", 1)
    judge(rows)
    about = {**machine.describe(()), "threads_of_all": os.cpu_count()}
    results = {"machine": about, "peers": rows}
    print(table(rows))
    if json_file:
        report.write_json(json_file, results)
    if markdown:
        report.write_markdown(markdown, figures(results), PLACE)
    return int(any(row["failed"] for row in rows))


def row(network: str, name: str) -> dict[str, Any]:
    """What a process found; or in "note", why there is nothing."""
    module = measure.module(name)
    version = machine.installed(module.PACKAGE)
    found: dict[str, Any] = {"network": network, "peer": name, "version": version, "note": "", "failed": False}
    lacks = getattr(module, "LACKS", {}).get(network)
    if version is None and name != "kernelwright":
        return {**found, "note": "not installed"}
    if lacks:
        return {**found, "note": lacks}
    command = [sys.executable, "-m", __name__, name, network, str(SECONDS)]
    environment = {**os.environ, **dict.fromkeys(THREADS, str(os.cpu_count())), "KERNELWRIGHT_BACKEND": "numba"}
    try:
        ran = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=LIMIT, check=False)
    except subprocess.TimeoutExpired:
        return {**found, "note": f"not done after {LIMIT:.0f} s"}
    if ran.returncode:
        last = (ran.stderr.strip() or "it said nothing").splitlines()[-1]
        return {**found, "note": f"failed: {last}", "failed": True}
    return {**found, **json.loads(ran.stdout.splitlines()[-1])}


def judge(rows: list[dict[str, Any]]) -> None:
    """Note which networks didn't reach the accuracy, and which didn't do what NumPy's did."""
    for network in work.NETWORKS:
        own = [row for row in rows if row["network"] == network and "losses" in row]
        right = next((row["losses"] for row in own if row["peer"] == "numpy"), None)
        for row in own:
            notes = []
            if right is not None:
                count = min(len(right), len(row["losses"]))
                if not np.allclose(row["losses"][:count], right[:count], rtol=1e-3):
                    notes.append("its losses differ from NumPy's")
            if row["reached"] is None:
                notes.append(f"not within {SECONDS:.0f} s")
            row["note"] = "; ".join(notes)


def table(rows: list[dict[str, Any]]) -> str:
    body = []
    for row in rows:
        name = PEERS[row["peer"]]
        named = name if row["peer"] == "kernelwright" or not row["version"] else f"{name} {row['version']}"
        known = "step" in row
        body.append(
            (
                *(row["network"], named),
                *(report.duration(row[key]) if known else "–" for key in ("step", "first_step", "reached")),
                str(row["steps"]) if known else "–",
                report.amount(row["peak"]) if known else "–",
                row["note"],
            )
        )
    return report.markdown_table(HEADINGS, body)


def figures(results: dict[str, Any]) -> str:
    about = results["machine"]
    parts = [f"{about['date'][:10]}: {machine.line(about)}; {about['threads_of_all']} threads for all."]
    return "\n".join([*parts, "", table(results["peers"])])
