"""Where figures come from: processor, GPU, threads, versions, load, date and commit."""

import datetime
import functools
import os
import platform
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

from .. import kernels

FEATURES = ("avx2", "fma", "avx512f", "avx512bf16", "amx-tile", "neon", "sve", "sve2")


def describe(backends: tuple[str, ...] = ("numba",)) -> dict[str, Any]:
    """All that a reader of a figure must know; plain values, for JSON."""
    about = {
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "commit": commit(),
        "cpu": cpu_name(),
        "cores": cores(),
        "cpus": os.cpu_count(),
        "os": platform.platform(),
        "load": [round(x, 2) for x in os.getloadavg()] if hasattr(os, "getloadavg") else None,
        "python": platform.python_version(),
        **{name: installed(name) for name in ("kernelwright", "numpy", "numba", "llvmlite")},
        "blas": blas(),
    }
    if backends != ("cupy",) and kernels.backends()["numba"] is None:  # nothing that a GPU does hangs on Numba
        about.update(threading())
    if "cupy" in backends:
        about.update(gpu())
    return about


def line(about: dict[str, Any]) -> str:
    """The same, in one line."""
    library = about["blas"]
    parts = [
        f"{about['cpu']}, {about['cores']} cores ({about.get('features') or platform.machine()})",
        f"{about['threads']} threads ({about['threading_layer']})" if "threads" in about else "",
        about.get("gpu", ""),
        f"Python {about['python']}, NumPy {about['numpy']}, Numba {about['numba']}",
        f"{library['name']} {library['version']}"
        + (f" with {library['threads']} threads" if library["threads"] else ""),
    ]
    return "; ".join(part for part in parts if part)


def installed(distribution: str) -> str | None:
    """Its version, if it is installed."""
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None


def cpu_name() -> str:
    if sys.platform == "linux":
        for text in Path("/proc/cpuinfo").read_text().splitlines():
            if text.startswith("model name"):
                return text.partition(":")[2].strip()
    if sys.platform == "darwin":
        found = _output("sysctl", "-n", "machdep.cpu.brand_string")
        if found:
            return found
    return platform.processor() or platform.machine()


def cores() -> int | None:
    """Physical cores: two hyper-threads are one."""
    if sys.platform == "linux":
        siblings = Path("/sys/devices/system/cpu").glob("cpu[0-9]*/topology/thread_siblings_list")
        return len({path.read_text() for path in siblings}) or os.cpu_count()
    if sys.platform == "darwin":
        return int(_output("sysctl", "-n", "hw.physicalcpu") or 0) or os.cpu_count()
    return os.cpu_count()


@functools.cache
def threading() -> dict[str, Any]:
    """Numba's threads, and the layer that starts them: known only once a parallel kernel has run."""
    import numba as package
    from llvmlite import binding

    numba: Any = package  # its types leave out what it documents
    with kernels.using("numba"):
        kernels.relu(np.zeros(1, np.float32))
    found = binding.get_host_cpu_features()
    return {
        "threads": kernels.get_threads(),
        "threading_layer": numba.threading_layer(),
        "svml": bool(numba.config.USING_SVML),
        "llvm_cpu": binding.get_host_cpu_name(),
        "features": " ".join(name for name in FEATURES if found.get(name)),
        "spin_count": os.environ.get("GOMP_SPINCOUNT"),
    }


def blas() -> dict[str, Any]:
    """The library behind NumPy's matrix product."""
    try:
        from threadpoolctl import threadpool_info
    except ImportError:
        # NumPy knows what it was built with, not how many threads that takes.
        configuration: Any = np.show_config(mode="dicts")
        built = configuration["Build Dependencies"]["blas"]
        return {"name": built["name"], "version": built["version"], "threads": None}
    found = [pool for pool in threadpool_info() if pool["user_api"] == "blas"]
    if not found:  # Apple's Accelerate is none that threadpoolctl knows
        return {"name": "unknown", "version": "", "threads": None}
    own = next((pool for pool in found if "numpy" in pool["filepath"]), found[0])
    return {"name": own["internal_api"], "version": own["version"], "threads": own["num_threads"]}


def gpu() -> dict[str, Any]:
    device: Any = kernels.backend("cupy").device
    cupy = device.cupy
    properties = cupy.cuda.runtime.getDeviceProperties(cupy.cuda.Device().id)
    return {
        "gpu": properties["name"].decode(),
        "compute_capability": device.arch,
        "cuda_driver": cupy.cuda.runtime.driverGetVersion(),
        "cuda_runtime": cupy.cuda.runtime.runtimeGetVersion(),
        "cupy": cupy.__version__,
    }


def commit() -> str | None:
    """Of the checkout that this file lies in, with "+" where files differ from it; None elsewhere."""
    root = Path(__file__).resolve().parents[1]
    if not (root / ".git").exists():
        return None
    found = _output("git", "-C", str(root), "rev-parse", "--short=12", "HEAD")
    changed = _output("git", "-C", str(root), "status", "--porcelain", "--untracked-files=no")
    return found and found + ("+" if changed else "")


def busy_seconds() -> float | None:
    """Processor time that all programs together have used so far, of all cores; None where the system doesn't say."""
    if sys.platform != "linux":
        return None
    user, nice, system, _, _, *interrupts = map(int, Path("/proc/stat").read_text().split()[1:9])
    return (user + nice + system + sum(interrupts)) / os.sysconf("SC_CLK_TCK")


def _output(*command: str) -> str | None:
    try:
        ran = subprocess.run(command, capture_output=True, text=True, check=True, timeout=10)
    except (OSError, subprocess.SubprocessError):
        return None
    return ran.stdout.strip()
