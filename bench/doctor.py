"""`kernelwright doctor`: what runs here, what doesn't, why, and what to install."""

import importlib.metadata
import platform
from pathlib import Path

import numpy as np

from .. import kernels
from ..kernels import cache, cuda

# Package → the extra that brings it, and what it is for.
OPTIONAL = {
    "cupy-cuda13x": ("gpu", "kernels on an NVIDIA GPU"),
    "nvidia-cuda-nvrtc": ("simulator", "compiles CUDA C, without a GPU too"),
    "scikit-learn": ("train", "the digits data set"),
    "matplotlib": ("train", "pictures"),
    "safetensors": ("train", "checkpoints"),
    "rich": ("train", "progress bars and tables"),
    "threadpoolctl": ("bench", "says which BLAS NumPy uses"),
}


def run() -> None:
    for title, lines in (("Backends", _backends()), ("CPU", _cpu()), ("GPU", _gpu()), ("Packages", _packages())):
        print(title)
        for name, text in lines:
            print(f"  {name:18} {text}")


def _backends():
    for name, missing in kernels.backends().items():
        default = " (in use)" if not missing and kernels.current().name == name else ""
        yield name, f"runs here{default}" if missing is None else f"can't run here: {missing}"


def _cpu():
    import numba
    from numba.core import config

    from .machine import features, processor

    yield "processor", processor()
    wanted = ("sse4.2", "avx", "avx2", "fma", "avx512f", "avx512bf16", "amx-tile", "neon", "sve")
    yield "features", " ".join(feature for feature in wanted if features().get(feature)) or "none known"
    kernels.backend("numba").relu(np.ones(4, np.float32))  # a threading layer is chosen by the first parallel call
    layer = numba.threading_layer()
    cure = " – slow and not safe for several Python threads: pip install tbb" if layer == "workqueue" else ""
    yield "threads", f"{numba.get_num_threads()}, threading layer {layer}{cure}"
    svml = "used" if config.USING_SVML else "not used (Intel's vector mathematics; Numba's wheels come without)"  # pyright: ignore[reportAttributeAccessIssue]
    yield "SVML", svml
    kept = cache.directory()
    size = sum(file.stat().st_size for file in kept.rglob("*") if file.is_file()) if kept else 0
    yield "compiled kernels", f"{kept} ({size / 1e6:.1f} MB)" if kept else "not kept: see the warning"


def _gpu():
    version = cuda.driver()
    yield "driver", f"runs CUDA {version}" if version else "none found"
    if kernels.backends()["cupy"] is None:
        cupy = kernels.backend("cupy").device.cupy  # pyright: ignore[reportAttributeAccessIssue]
        properties = cupy.cuda.runtime.getDeviceProperties(cupy.cuda.Device().id)
        memory = f"{properties['totalGlobalMem'] / 2**30:.0f} GiB"
        yield "device", f"{properties['name'].decode()}, sm_{cupy.cuda.Device().compute_capability}, {memory}"
    try:
        major, minor = cuda.nvrtc().version
        yield "NVRTC", f"{major}.{minor}: CUDA C can be compiled here"
    except kernels.Unavailable as error:
        yield "NVRTC", str(error)


def _packages():
    yield "python", f"{platform.python_version()} {Path(platform.python_implementation())}"
    for name in ("kernelwright", "numpy", "numba", "llvmlite"):
        yield name, _version(name) or "not installed (run from a source tree)"
    for name, (extra, purpose) in OPTIONAL.items():
        yield name, _version(name) or f"not installed: pip install 'kernelwright[{extra}]' ({purpose})"


def _version(name: str) -> str | None:
    # CuPy has a package for each version of CUDA.
    names = ("cupy-cuda13x", "cupy-cuda12x", "cupy") if name.startswith("cupy") else (name,)
    for candidate in names:
        try:
            return importlib.metadata.version(candidate)
        except importlib.metadata.PackageNotFoundError:
            continue
    return None
