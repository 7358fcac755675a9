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
_DEVICE = re.compile(r"\b__(?:global|device|constant|shared|managed|grid_constant)__\b")
_KEPT_FUNCTION = re.compile(r"\b__(?:global|device)__\b|\b(?:constexpr|consteval)\b")
_SCOPE = re.compile(r'\s*(?:(?:inline\s+)?namespace\b[^;=]*|extern\s*"[^"]*"\s*)\Z')
_TYPE = re.compile(r"\s*(?:template\s*<.*>\s*)?(?:typedef\s+)?(?:struct|class|union|enum)\b[^()]*\Z", re.DOTALL)
_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(["<])([^">]+)[">]', re.MULTILINE)

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
#define M_LN2 0.693147180559945309417
#define M_PI 3.14159265358979323846
#define M_PI_2 1.57079632679489661923
#define M_SQRT2 1.41421356237309504880
#define M_SQRT1_2 0.707106781186547524401
"""
# Integers by their width, where NVIDIA's own headers don't define them.
_WIDTHS = """
#ifndef KERNELWRIGHT_WIDTHS
#define KERNELWRIGHT_WIDTHS
typedef signed char int8_t;
typedef short int16_t;
typedef int int32_t;
typedef long long int64_t;
typedef unsigned char uint8_t;
typedef unsigned short uint16_t;
typedef unsigned int uint32_t;
typedef unsigned long long uint64_t;
typedef unsigned long long uintptr_t;
typedef long long intptr_t;
#endif
"""
# Read before every source: what nvcc's own headers would have declared.
PRELUDE = "kernelwright_prelude.h"
_PRELUDE = """
namespace std {}
typedef unsigned char uchar;
typedef unsigned short ushort;
typedef unsigned int uint;
typedef unsigned long ulong;
"""
# What stands in for host headers. Those that aren't listed, and aren't found, are taken for empty.
HEADERS = {
    PRELUDE: _PRELUDE,
    **dict.fromkeys(("limits.h", "climits"), _LIMITS),
    **dict.fromkeys(("float.h", "cfloat"), _FLOATS),
    **dict.fromkeys(("math.h", "cmath", "math_constants.h"), _MATHEMATICS),
    **dict.fromkeys(("stdint.h", "cstdint", "inttypes.h", "cinttypes"), _WIDTHS + _LIMITS),
    **dict.fromkeys(
        [
            "assert.h",
            "cassert",
            "stdio.h",
            "cstdio",
            "stdlib.h",
            "cstdlib",
            "string.h",
            "cstring",
            "stddef.h",
            "cstddef",
            "time.h",
            "ctime",
            "cuda.h",
            "cuda_runtime.h",
            "cuda_runtime_api.h",
            "device_launch_parameters.h",
            "device_functions.h",
            "algorithm",
            "array",
            "chrono",
            "cooperative_groups_host",
            "exception",
            "fstream",
            "functional",
            "iomanip",
            "iostream",
            "limits",
            "memory",
            "numeric",
            "random",
            "sstream",
            "stdexcept",
            "string",
            "tuple",
            "type_traits",
            "utility",
            "vector",
        ],
        "",
    ),
}
del HEADERS["math_constants.h"]  # NVIDIA's own will do


def includes(text: str) -> list[tuple[str, bool]]:
    """The headers that a source names, and whether in quotes."""
    return [(name, quote == '"') for quote, name in _INCLUDE.findall(text)]


def local_headers(text: str, directories: list[Path]) -> dict[str, str]:
    """The text of every header that is found in these directories, and of those that they include."""
    found: dict[str, str] = {}
    waiting = [text]
    while waiting:
        for name, _ in includes(waiting.pop()):
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
    return _without(text, [span for span, kind in declarations(text) if kind == "host function"])


def without_lines(text: str, lines: set[int]) -> str:
    """A source without those declarations, on one of these lines, that aren't the device's."""
    spans = []
    for (start, end), kind in declarations(text):
        first = text.count("\n", 0, start) + 1
        last = first + text.count("\n", start, end)
        if kind == "other" and any(first <= line <= last for line in lines):
            spans.append((start, end))
    return _without(text, spans)


def _without(text: str, spans: list[tuple[int, int]]) -> str:
    for start, end in reversed(spans):
        text = text[:start] + re.sub(r"[^\n]", " ", text[start:end]) + text[end:]
    return text


def declarations(text: str) -> Iterator[tuple[tuple[int, int], str]]:
    """Where each declaration outside of all functions begins and ends, and what it is: "device", "host function", or
    "other"; namespaces and `extern "C" { }` are looked into."""
    plain = _SKIPPED.sub(
        lambda found: re.sub(r"[^\n]", " ", found[0]) if found[0][0] != '"' else _blank(found[0]), text
    )
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
            if "(" in head and not _TYPE.match(head) and "=" not in re.sub(r"\([^()]*\)|operator\s*\S+", "", head):
                yield (start, position), "device" if _KEPT_FUNCTION.search(head) else "host function"
                start = position
        elif letter == ";":
            position += 1
            yield (start, position), "device" if _DEVICE.search(plain[start:position]) else "other"
            start = position
        else:
            position += 1


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
