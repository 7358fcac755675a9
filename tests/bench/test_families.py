"""`pytest bench/`: a file for each family, which times what the catalog says."""

import json
import os
import subprocess
import sys
from pathlib import Path

from kernelwright import bench
from kernelwright.kernels.operation import CATALOG

FAMILIES = Path(bench.__file__).resolve().parent / "families"


def test_every_family_has_its_file():
    found = {path.stem.removeprefix("test_") for path in FAMILIES.glob("test_*.py")}
    assert found == {operation.family for operation in CATALOG.values()}


def test_one_is_timed(tmp_path):
    names = [f"softmax-128x10-forward-{contender}" for contender in ("numpy", "numba")]
    chosen = [f"{FAMILIES / 'test_softmax.py'}::test_softmax[{name}]" for name in names]
    options = ["--benchmark-min-rounds=2", "--benchmark-max-time=0.01", f"--benchmark-json={tmp_path / 'b.json'}"]
    command = [sys.executable, "-m", "pytest", *chosen, *options]
    # pytest-benchmark times nothing in a worker of xdist, and takes it for one.
    alone = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    ran = subprocess.run(command, capture_output=True, text=True, check=False, env=alone)
    assert ran.returncode == 0, ran.stdout
    timed = json.loads((tmp_path / "b.json").read_text())["benchmarks"]
    assert {one["params"]["contender"] for one in timed} == {"numpy", "numba"}
    assert {one["group"] for one in timed} == {"softmax 128×10 forward"}
    assert all(one["stats"]["median"] > 0 and one["extra_info"]["gflops"] > 0 for one in timed)
