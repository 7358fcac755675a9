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


@functools.cache
def scratch() -> tempfile.TemporaryDirectory:
    """A directory of this process alone, for what can't be kept; it goes with the process."""
    return tempfile.TemporaryDirectory(prefix="kernelwright-")


def write(name: str, content: bytes) -> Path:
    """Write a file so that another process sees all of it or nothing, and return where it is.

    Where nothing can be kept, or the disk is full, that is a place of this process alone.
    """
    kept = directory()
    try:
        if kept:
            with tempfile.NamedTemporaryFile(dir=kept, delete=False) as file:
                file.write(content)
            os.replace(file.name, kept / name)
            return kept / name
    except OSError as error:
        warnings.warn(f"{name} can't be written ({error}): it will be compiled again", stacklevel=2)
    path = Path(scratch().name, name)
    path.write_bytes(content)
    return path
