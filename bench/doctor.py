"""What runs on this machine, what doesn't and why, and what to install."""

import os
import platform
import sys
from pathlib import Path

import numpy as np

from .. import kernels
from ..kernels import cache, cuda
from . import machine

# What each extra of the distribution is for, and the packages that it installs.
EXTRAS = {
    "train": ("scikit-learn", "matplotlib", "rich", "safetensors", "tensorboardX", "statsmodels"),
    "bench": ("rich", "threadpoolctl"),
    "simulator": ("cuda-pathfinder", "nvidia-cuda-nvrtc", "nvidia-cuda-runtime", "nvidia-cuda-crt", "nvidia-cuda-cccl"),
    "gpu": ("cupy-cuda13x",),
    "compare": ("torch",),
}
INSTEAD = {"cupy-cuda13x": ("cupy-cuda12x", "cupy")}  # the same package for another CUDA


def run() -> int:
    """Print all of it; the exit code: 1 if the default backend doesn't work."""
    _say("kernelwright", machine.installed("kernelwright") or "not installed, run from its sources")
    _say("Python", f"{platform.python_version()} ({sys.executable})")
    _say("NumPy", f"{np.__version__}, {_blas()}")
    _say("CPU", f"{machine.cpu_name()}, {machine.cores()} cores, {os.cpu_count()} threads")
    print("\nBackends")
    for name, why_not in kernels.backends().items():
        _say(f"  {name}", "runs here" if why_not is None else f"can't run: {why_not}")
    print("\nNumba")
    healthy = _numba()
    print("\nGPU")
    _gpu()
    print("\nPackages")
    for extra, packages in EXTRAS.items():
        _say(f"  {extra}", _packages(extra, packages))
    print()
    _say("Cache", _cache())
    return 0 if healthy else 1


def _say(what: str, text: str) -> None:
    print(f"{what:<18}{text}")


def _blas() -> str:
    library = machine.blas()
    threads = f", {library['threads']} threads" if library["threads"] else ""
    return f"{library['name']} {library['version']}{threads}"


def _numba() -> bool:
    """Whether it works: a kernel is compiled, or fetched from the cache, and run."""
    _say("  version", f"{machine.installed('numba')}, llvmlite {machine.installed('llvmlite')}")
    try:
        found = machine.threading()
    except Exception as error:
        _say("  fails", f"{type(error).__name__}: {error}")
        return False
    _say(
        "  compiles for", f"{found['llvm_cpu']}, with {found['features'] or 'none of the vector features that matter'}"
    )
    _say("  threads", f"{found['threads']}, started by {found['threading_layer']}")
    if found["threading_layer"] == "workqueue":
        print("    which is slow (a hundred microseconds a kernel) and not safe in several threads: pip install tbb")
    _say("  SVML", "used" if found["svml"] else "not used, nor needed")
    return True


def _gpu() -> None:
    newest = cuda.driver()
    _say("  driver", f"runs CUDA up to {newest}" if newest else "none is found")
    if kernels.backends()["cupy"] is None:
        found = machine.gpu()
        _say("  device", f"{found['gpu']}, compute capability {found['compute_capability']}, CuPy {found['cupy']}")
    try:
        _say("  NVRTC", ".".join(map(str, cuda.nvrtc().version)))
    except kernels.Unavailable as error:
        _say("  NVRTC", str(error))


def _packages(extra: str, packages: tuple[str, ...]) -> str:
    versions = {}
    for package in packages:
        known = (machine.installed(name) for name in (package, *INSTEAD.get(package, ())))
        versions[package] = next((version for version in known if version), None)
    text = ", ".join(f"{package} {version or 'missing'}" for package, version in versions.items())
    return text if all(versions.values()) else f"{text}: pip install 'kernelwright[{extra}]'"


def _cache() -> str:
    directory: Path | None = cache.directory()
    if directory is None:
        return "none: set KERNELWRIGHT_CACHE_DIR to a directory that can be written"
    sizes = [path.stat().st_size for path in directory.rglob("*") if path.is_file()]
    return f"{directory}, {len(sizes)} files, {sum(sizes) / 1e6:.1f} MB"
