"""Compiled kernels are kept on disk; where they can't be, the library works all the same."""

import os
import subprocess
import sys
from pathlib import Path

CODE = """
import time, numpy as np
from kernelwright import kernels
t = time.perf_counter()
assert kernels.relu(np.array([-1.0, 1.0], np.float32)).tolist() == [0, 1]
print(time.perf_counter() - t)
"""


def run(cache: str) -> subprocess.CompletedProcess:
    environment = {**os.environ, "KERNELWRIGHT_CACHE_DIR": cache}
    return subprocess.run([sys.executable, "-c", CODE], env=environment, capture_output=True, text=True, check=True)


def test_kept_and_found_again(tmp_path):
    run(str(tmp_path))
    kept = {p: p.stat().st_mtime_ns for p in tmp_path.rglob("*.nbc")}
    assert kept
    again = run(str(tmp_path))
    assert {p: p.stat().st_mtime_ns for p in tmp_path.rglob("*.nbc")} == kept
    assert again.stderr == ""


def test_a_damaged_file_is_compiled_again(tmp_path):
    run(str(tmp_path))
    for path in tmp_path.rglob("*.nbc"):
        path.write_bytes(path.read_bytes()[:100])
    again = run(str(tmp_path))
    assert "compiling it again" in again.stderr
    assert run(str(tmp_path)).stderr == ""


def test_nowhere_to_write(tmp_path):
    blocked = Path(tmp_path, "file")
    blocked.write_text("not a directory")
    result = run(str(blocked / "cache"))
    assert "set KERNELWRIGHT_CACHE_DIR" in result.stderr
    assert result.stderr.count("can't be kept") == 1
