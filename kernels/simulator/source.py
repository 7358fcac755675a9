"""CUDA C as a user has it → PTX and machine code of one kernel."""

import functools
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .. import cuda
from . import host
from .resources import Resources, resources

_ERROR_LINE = re.compile(r"^(.*?)\((\d+)\): (?:catastrophic )?error", re.MULTILINE)
_NO_HEADER = re.compile(r"cannot open source file \"([^\"]+)\"")
TRIES = 40  # headers that aren't found, or declarations of the host, that may be taken out one after the other


@dataclass(frozen=True)
class Compiled:
    ptx: str
    name: str  # of the kernel, in PTX
    path: str
    text: str  # as the user wrote it
    resources: Resources


def compile(
    source: str | Path,
    kernel: str,
    arch: int = 80,
    defines: Iterable[str] | Mapping[str, Any] = (),
    include: Iterable[str | Path] = (),
) -> Compiled:
    """Compile a kernel of a file or text; the arguments are those of `simulator.run`."""
    path, text = read(source)
    known = cuda.nvrtc().architectures
    if arch not in known:
        raise ValueError(f"arch is {arch!r}: it must be one of {', '.join(map(str, known))}")
    if isinstance(defines, Mapping):
        defines = (name if value is None else f"{name}={value}" for name, value in defines.items())
    elif isinstance(defines, str):
        raise TypeError(f'defines is {defines!r}: it must be a list of macros, such as ["TILE=16"], or a dictionary')
    options = tuple(define if define.startswith("-") else f"-D{define}" for define in defines)
    directories = [path.parent, *(Path(directory).resolve() for directory in include)]
    headers = host.local_headers(text, directories)
    return _compile(str(path), text, kernel, arch, options, tuple(headers.items()))


def read(source: str | Path) -> tuple[Path, str]:
    """Where a source stands, and its text; a text has a made-up place in the current directory."""
    if isinstance(source, str) and re.search(r"[\n{;]", source):
        return Path.cwd() / "kernel.cu", source
    path = Path(source)
    if not path.is_file():
        raise ValueError(f"source is {str(source)!r}: there is no such file, and it isn't CUDA C either")
    return path.resolve(), path.read_text(encoding="utf-8", errors="replace")


@functools.lru_cache(maxsize=64)
def _compile(
    path: str, text: str, kernel: str, arch: int, options: tuple[str, ...], local: tuple[tuple[str, str], ...]
) -> Compiled:
    headers, code = host.HEADERS | dict(local), host.device_code(text)
    everything = "\n".join([code, *dict(local).values()])
    before = [host.PRELUDE, *[host.STANDARD] * bool(host.USES_STANDARD.search(everything))]
    # What is left without __host__ or __device__, such as constexpr functions, is the device's.
    fixed = (f"-arch=sm_{arch}", "-std=c++17", "-lineinfo", "-default-device")
    options = (*fixed, *(f"-include={header}" for header in before), *_directories(), *options)
    code = _repaired(path, code, headers, options, arch)
    try:
        found = _translated(path, code, headers, options, (kernel,))
    except ValueError as error:
        known = host.kernels(everything)
        if kernel.partition("<")[0].rpartition("::")[2] in known:
            raise
        names = ", ".join(known) or "none"
        raise ValueError(f"kernel is {kernel!r}, which {path} doesn't have; it has: {names}") from error
    name = found.names[kernel]
    return Compiled(found.ptx.decode("latin-1").rstrip("\0"), name, path, text, resources(found.cubin, name, arch))


def _translated(path: str, code: str, headers: Mapping[str, str], options: tuple[str, ...], kernels=()) -> Any:
    contents = {name: header.encode() for name, header in headers.items()}
    return cuda.nvrtc().translate(path, code.encode(), contents, options, kernels)


def _repaired(path: str, code: str, headers: dict[str, str], options: tuple[str, ...], arch: int) -> str:
    """The code without what still is the host's: what isn't marked as the device's, and doesn't compile. Headers are
    repaired alike, in place; those that aren't found become empty ones.

    Only the syntax is looked at: fast, and NVRTC crashes if it is asked for a template that doesn't compile.
    """
    named = dict.fromkeys(host.includes("\n".join([code, *headers.values()])))
    absent = [name for name in named if name not in headers and _is_absent(name)]
    headers.update(dict.fromkeys(absent, ""))
    message = ""
    for _ in range(TRIES):
        try:
            _translated(path, code, headers, (*options, "-fdevice-syntax-only"))
            return code
        except ValueError as error:
            message = f"{path} doesn't compile for sm_{arch}:\n{str(error).partition(chr(10))[2]}"
        missing = _NO_HEADER.search(message)
        if missing and missing[1] not in headers:
            if host.NEEDED.match(missing[1]):
                raise ValueError(f"{message}\n{_install(missing[1])}")
            headers[missing[1]] = ""
            absent.append(missing[1])
            continue
        wrong: dict[str, set[int]] = {}
        for file, line in _ERROR_LINE.findall(message):
            wrong.setdefault(file, set()).add(int(line))
        shorter = host.without_lines(code, wrong.get(path, set()) | wrong.get(Path(path).name, set()))
        repaired = {name: host.without_lines(headers[name], lines) for name, lines in wrong.items() if name in headers}
        if shorter == code and all(headers[name] == header for name, header in repaired.items()):
            break
        code = shorter
        headers.update(repaired)
    note = f"\nNot found, and taken for empty: {', '.join(absent)}" if absent else ""
    raise ValueError(message + note)


def _is_absent(header: str) -> bool:
    directories = (option.removeprefix("-I") for option in _directories())
    return not host.NEEDED.match(header) and not any(Path(directory, header).is_file() for directory in directories)


@functools.cache
def _directories() -> tuple[str, ...]:
    """Where NVIDIA's headers are, for the compiler: of half precision, cooperative groups, matrix instructions."""
    from cuda import pathfinder

    found = []
    for library in ("cudart", "cccl", "curand"):
        try:
            directory = pathfinder.find_nvidia_header_directory(library)
        except RuntimeError:
            directory = None
        if directory and directory not in found:
            found.append(directory)
    return tuple(f"-I{directory}" for directory in found)


def _install(header: str) -> str:
    package = "nvidia-curand" if header.startswith("curand") else "'kernelwright[simulator]'"
    return f"{header} is one of NVIDIA's headers: pip install {package} brings it (no GPU needed)"
