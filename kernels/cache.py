"""Where compiled kernels are kept between processes: Numba's machine code and NVRTC's cubins."""

import functools
import os
import tempfile
import warnings
from pathlib import Path


def location() -> Path:
    """`KERNELWRIGHT_CACHE_DIR` if set, else `$XDG_CACHE_HOME/kernelwright`, else `~/.cache/kernelwright`."""
    chosen = os.environ.get("KERNELWRIGHT_CACHE_DIR")
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(chosen or Path(base, "kernelwright")).expanduser()


@functools.cache
def directory() -> Path | None:
    """The cache directory, made if need be; None, with one warning, where nothing can be written."""
    path = location()
    try:
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            return path
    except OSError as error:
        warnings.warn(
            f"compiled kernels can't be kept in {path} ({error}): every process will compile them anew; "
            "set KERNELWRIGHT_CACHE_DIR to a directory that can be written",
            stacklevel=2,
        )
        return None


def write(path: Path, content: bytes) -> None:
    """Write so that another process sees the whole file or none; a full disk only costs the caching."""
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
            file.write(content)
        os.replace(file.name, path)
    except OSError as error:
        warnings.warn(f"{path} can't be written ({error}): it will be compiled again", stacklevel=2)
