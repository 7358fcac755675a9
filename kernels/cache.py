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
    """The cache directory, made if need be; None, with one warning, where there is none to read or to write.

    One that holds kernels but can't be written, such as a container image's, is used as it is (`writable`).
    """
    path = location()
    try:
        path.mkdir(parents=True, exist_ok=True)
        if _can_write(path) or any(path.iterdir()):
            return path
        reason = "it can't be written"
    except OSError as error:
        reason = str(error)
    warnings.warn(
        f"compiled kernels can't be kept in {path} ({reason}): every process will compile them anew; "
        "set KERNELWRIGHT_CACHE_DIR to a directory that can be written",
        stacklevel=2,
    )
    return None


@functools.cache
def writable() -> bool:
    """Whether what is compiled can be kept."""
    path = directory()
    return path is not None and _can_write(path)


def _can_write(path: Path) -> bool:
    try:
        with tempfile.TemporaryFile(dir=path):
            return True
    except OSError:
        return False


@functools.cache
def scratch() -> tempfile.TemporaryDirectory:
    """A directory of this process alone, for what can't be kept; it goes with the process."""
    return tempfile.TemporaryDirectory(prefix="kernelwright-")


def write(name: str, content: bytes) -> Path:
    """Write a file so that another process sees all of it or nothing, and return where it is.

    Where nothing can be kept, or the disk is full, that is a place of this process alone.
    """
    kept = directory() if writable() else None
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
