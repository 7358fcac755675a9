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


# Root may write anywhere, so that a directory's mode alone makes none read-only.
READ_ONLY = """
from kernelwright.kernels import cache
cache._can_write = lambda path: False
"""

# Counts what Numba compiles rather than finds.
COUNTING = """
from numba.core import compiler
compiled, really = [], compiler.compile_extra
def compile_extra(*args, **options):
    compiled.append(args)
    return really(*args, **options)
compiler.compile_extra = compile_extra
"""


def run(cache: str, before: str = "", after: str = "") -> subprocess.CompletedProcess:
    environment = {**os.environ, "KERNELWRIGHT_CACHE_DIR": cache}
    return subprocess.run(
        [sys.executable, "-c", before + CODE + after], env=environment, capture_output=True, text=True, check=True
    )


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


def test_a_read_only_cache_is_used_and_left_alone(tmp_path):
    run(str(tmp_path))
    kept = sorted(tmp_path.rglob("*"))
    check = """
assert not compiled, "relu was compiled again"
assert kernels.sigmoid(np.zeros(1, np.float32)) == 0.5
assert compiled
"""
    result = run(str(tmp_path), READ_ONLY + COUNTING, check)
    assert "can't be kept" not in result.stderr
    assert sorted(tmp_path.rglob("*")) == kept


def test_an_empty_read_only_cache(tmp_path):
    result = run(str(tmp_path), READ_ONLY)
    assert result.stderr.count("it can't be written") == 1
    assert not list(tmp_path.iterdir())


def test_nowhere_to_write(tmp_path):
    blocked = Path(tmp_path, "file")
    blocked.write_text("not a directory")
    result = run(str(blocked / "cache"))
    assert "set KERNELWRIGHT_CACHE_DIR" in result.stderr
    assert result.stderr.count("can't be kept") == 1
