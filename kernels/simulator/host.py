"""The device's part of a `.cu` file: host code is taken out, and what its headers declare is stood in for.

NVRTC compiles device code alone and knows no host headers, yet most `.cu` files also hold `main`, launches and error
checks. What is taken out leaves its line breaks behind, so every line keeps its number.
"""

import re
from collections.abc import Iterator
from pathlib import Path

# Comments, literals and preprocessor lines: no brace or semicolon in them counts.
_SKIPPED = re.compile(
    r"//[^\n]*|/\*.*?\*/|R\"\((?:.|\n)*?\)\"|\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'|^[ \t]*#(?:[^\n\\]|\\.|\\\n)*",
    re.DOTALL | re.MULTILINE,
)
_DEVICE = r"__(?:global|device|constant|shared|managed|grid_constant)__"
_DEVICE_FUNCTION = r"__(?:global|device)__|\b(?:constexpr|consteval)\b"
_DEVICE_MACRO = re.compile(r"^[ \t]*#[ \t]*define[ \t]+(\w+)(?:[^\n\\]|\\\n|\\.)*?__(?:global|device)__", re.MULTILINE)
_SCOPE = re.compile(r'\s*(?:(?:inline\s+)?namespace\b[^;=]*|extern\s*"[^"]*"\s*)\Z')
_TYPE = re.compile(r"\s*(?:typedef\s+)?(?:struct|class|union|enum)\b[^()]*\Z")
_ATTRIBUTE = re.compile(r"\b(?:alignas|__align__|__attribute__|__declspec|__launch_bounds__|__cluster_dims__)\s*(?=\()")
_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*["<]([^">]+)[">]', re.MULTILINE)

# Read before every source, the second one if it needs more of `std`.
PRELUDE, STANDARD = "kernelwright/simulator/prelude.cuh", "kernelwright/simulator/standard.cuh"
USES_STANDARD = re.compile(
    r"\bstd::(?:enable_if|is_\w+|conditional|numeric_limits|\w*_constant|remove_\w+|decay|forward|move|pair)"
)
_HALVES = "#include <cuda_fp16.h>\n#include <cuda_bf16.h>\n"
_WITH_HALVES = "cublas_v2.h cublasLt.h cudnn.h torch/extension.h torch/all.h torch/types.h"
_HOST_ONLY = """cuda.h cuda_runtime.h cuda_runtime_api.h device_launch_parameters.h driver_types.h curand.h
cuda_profiler_api.h cuda_gl_interop.h device_functions.h cuda_device_runtime_api.h"""
# What stands in for headers that bring these types, and for NVIDIA's own of the host; those not found are empty.
HEADERS = {
    **{
        header: Path(__file__).with_name(Path(header).name).read_text(encoding="utf-8")
        for header in (PRELUDE, STANDARD)
    },
    **dict.fromkeys(_WITH_HALVES.split(), _HALVES),
    **dict.fromkeys(_HOST_ONLY.split(), ""),
}
# NVIDIA's headers that device code needs.
NEEDED = re.compile(
    r"(?:cuda_(?:fp\d+|bf16|tf32|pipeline|awbarrier)|cooperative_groups|mma\.h|cuda/|cub/|thrust/|curand_kernel)"
)


def includes(text: str) -> list[str]:
    """The headers that a source names."""
    return _INCLUDE.findall(text)


def local_headers(text: str, directories: list[Path]) -> dict[str, str]:
    """The text of every header that is found in these directories, and of those that they include."""
    found: dict[str, str] = {}
    waiting = [text]
    while waiting:
        for name in includes(waiting.pop()):
            if name in found:
                continue
            for directory in directories:
                path = directory / name
                if path.is_file():
                    found[name] = device_code(path.read_text(encoding="utf-8", errors="replace"))
                    waiting.append(found[name])
                    break
    return found


def device_code(text: str) -> str:
    """A source without its host functions."""
    code = _without(text, [span for span, kind in declarations(text) if kind == "host function"])
    return code.replace('"C"__', '"C" __')  # else the compiler takes it for a literal with a suffix


def without_lines(text: str, lines: set[int]) -> str:
    """A source without those declarations, on one of these lines, that aren't marked as the device's."""
    spans = []
    for (start, end), kind in declarations(text):
        first = text.count("\n", 0, start) + 1
        last = first + text.count("\n", start, end)
        if kind != "device" and any(first <= line <= last for line in lines):
            spans.append((start, end))
    return _without(text, spans)


def _without(text: str, spans: list[tuple[int, int]]) -> str:
    for start, end in reversed(spans):
        text = text[:start] + re.sub(r"[^\n]", " ", text[start:end]) + text[end:]
    return text


def kernels(text: str) -> list[str]:
    """The names of its kernels."""
    plain, found = _plain(text), []
    for mark in re.finditer(r"\b__global__\b", plain):
        head = _without_groups(plain[mark.end() : mark.end() + 1000], _ATTRIBUTE)
        words = re.findall(r"\w+", head.partition("(")[0])
        if "(" in head and words:
            found.append(words[-1])
    return sorted(set(found))


def declarations(text: str) -> Iterator[tuple[tuple[int, int], str]]:
    """Where each declaration outside of all functions begins and ends, and what it is: "device", "host function", or
    "other"; namespaces and `extern "C" { }` are looked into."""
    plain = _plain(text)
    macros = "".join(rf"|\b{name}\b" for name in _DEVICE_MACRO.findall(text))
    function, anything = re.compile(_DEVICE_FUNCTION + macros), re.compile(_DEVICE + macros)
    start = position = 0
    while position < len(plain):
        letter = plain[position]
        if start == position and (letter.isspace() or letter in "};"):
            start = position = position + 1
        elif letter == "{":
            head = plain[start:position]
            if _SCOPE.match(head):
                start = position = position + 1
                continue
            position = _closing(plain, position) + 1
            if _is_function(head):
                yield (start, position), "device" if function.search(head) else "host function"
                start = position
        elif letter == ";":
            position += 1
            yield (start, position), "device" if anything.search(plain[start:position]) else "other"
            start = position
        else:
            position += 1


def _is_function(head: str) -> bool:
    """Whether what stands before a brace is that of a function, rather than of a type or of a variable."""
    head = _without_groups(head, _ATTRIBUTE)
    while (template := re.match(r"\s*template\s*<", head)) is not None:
        depth, at = 1, template.end()
        while depth and at < len(head):
            depth += {"<": 1, ">": -1}.get(head[at], 0)
            at += 1
        head = head[at:]
    if "(" not in head or _TYPE.match(head):
        return False
    outside = re.sub(r"operator\s*[^\s\w(]+", "", head)
    while "(" in outside and (shorter := re.sub(r"\([^()]*\)", "", outside)) != outside:
        outside = shorter
    return "=" not in outside


def _without_groups(text: str, names: re.Pattern[str]) -> str:
    """Without these words and the parentheses that follow each."""
    while found := names.search(text):
        depth, at = 0, found.end()
        while at < len(text):
            depth += {"(": 1, ")": -1}.get(text[at], 0)
            at += 1
            if depth == 0:
                break
        text = text[: found.start()] + text[at:]
    return text


def _plain(text: str) -> str:
    """With spaces for comments, literals and preprocessor lines."""
    return _SKIPPED.sub(lambda found: re.sub(r"[^\n]", " ", found[0]) if found[0][0] != '"' else _blank(found[0]), text)


def _blank(literal: str) -> str:
    return '"' + " " * (len(literal) - 2) + '"'


def _closing(text: str, opening: int) -> int:
    """The place of the brace that closes the one at `opening`; the end, if there is none."""
    depth = 0
    for found in re.compile(r"[{}]").finditer(text, opening):
        depth += 1 if found[0] == "{" else -1
        if depth == 0:
            return found.start()
    return len(text)
