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
_LIMITS = """
#define CHAR_BIT 8
#define SCHAR_MAX 127
#define SCHAR_MIN (-128)
#define UCHAR_MAX 255
#define SHRT_MAX 32767
#define SHRT_MIN (-32768)
#define USHRT_MAX 65535
#define INT_MAX 2147483647
#define INT_MIN (-2147483647 - 1)
#define UINT_MAX 4294967295u
#define LLONG_MAX 9223372036854775807ll
#define LLONG_MIN (-9223372036854775807ll - 1)
#define ULLONG_MAX 18446744073709551615ull
#define INT32_MAX INT_MAX
#define INT32_MIN INT_MIN
#define UINT32_MAX UINT_MAX
#define INT64_MAX LLONG_MAX
#define UINT64_MAX ULLONG_MAX
"""
_FLOATS = """
#define FLT_MAX 3.402823466e+38f
#define FLT_MIN 1.175494351e-38f
#define FLT_EPSILON 1.192092896e-07f
#define DBL_MAX 1.7976931348623158e+308
#define DBL_MIN 2.2250738585072014e-308
#define DBL_EPSILON 2.2204460492503131e-16
"""
_MATHEMATICS = """
#define INFINITY __int_as_float(0x7f800000)
#define NAN __int_as_float(0x7fffffff)
#define HUGE_VALF INFINITY
#define M_E 2.71828182845904523536
#define M_LOG2E 1.44269504088896340736
#define M_LOG10E 0.434294481903251827651
#define M_LN2 0.693147180559945309417
#define M_LN10 2.30258509299404568402
#define M_PI 3.14159265358979323846
#define M_PI_2 1.57079632679489661923
#define M_PI_4 0.785398163397448309616
#define M_1_PI 0.318309886183790671538
#define M_2_PI 0.636619772367581343076
#define M_2_SQRTPI 1.12837916709551257390
#define M_SQRT2 1.41421356237309504880
#define M_SQRT1_2 0.707106781186547524401
"""
# Functions that nvcc also knows as `std::`.
_FUNCTIONS = """isinf isnan isfinite abs fabs sqrt cbrt exp exp2 log log2 log10 sin cos tan tanh floor ceil round trunc
erf"""
_STANDARD_FUNCTIONS = "".join(
    f"template <typename T> __device__ auto {name}(T x) {{ return ::{name}(x); }}\n" for name in _FUNCTIONS.split()
)
_TYPES = """
#define register
typedef signed char int8_t;
typedef short int16_t;
typedef int int32_t;
typedef long long int64_t;
typedef unsigned char uint8_t;
typedef unsigned short uint16_t;
typedef unsigned int uint32_t;
typedef unsigned long long uint64_t;
typedef unsigned long long uintptr_t;
typedef unsigned char uchar;
typedef unsigned short ushort;
typedef unsigned int uint;
typedef unsigned long ulong;
namespace std {
template <typename T> __device__ constexpr const T& min(const T& a, const T& b) { return b < a ? b : a; }
template <typename T> __device__ constexpr const T& max(const T& a, const T& b) { return a < b ? b : a; }
template <typename T, typename U> __device__ auto pow(T x, U y) { return ::pow(x, y); }
FUNCTIONS
}
""".replace("FUNCTIONS", _STANDARD_FUNCTIONS)
# Read before every source: what nvcc has by itself, and what the most used host headers declare.
PRELUDE = "kernelwright_prelude.h"
# The same with more of `std`: NVIDIA's headers for it take seconds to compile.
STANDARD = """
#include <cuda/std/type_traits>
#include <cuda/std/limits>
#include <cuda/std/utility>
namespace std { using namespace cuda::std; }
"""
USES_STANDARD = re.compile(
    r"\bstd::(?:enable_if|is_\w+|conditional|numeric_limits|\w*_constant|remove_\w+|decay|forward|move|pair)"
)
_HALVES = "#include <cuda_fp16.h>\n#include <cuda_bf16.h>\n"
_WITH_HALVES = "cublas_v2.h cublasLt.h cudnn.h torch/extension.h torch/all.h torch/types.h"
_HOST_ONLY = """cuda.h cuda_runtime.h cuda_runtime_api.h device_launch_parameters.h driver_types.h curand.h
cuda_profiler_api.h cuda_gl_interop.h device_functions.h cuda_device_runtime_api.h"""
# What stands in for headers that bring these types, and for NVIDIA's own of the host; those not found are empty.
HEADERS = {
    PRELUDE: _LIMITS + _FLOATS + _MATHEMATICS + _TYPES,
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
