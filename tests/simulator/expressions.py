"""Tables of CUDA C expressions beside what they must give: one kernel evaluates a table for every sample."""

import itertools
import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from kernelwright.kernels import simulator

Table = Mapping[str, Callable[..., Any]]
C_TYPES = {
    "bool": "bool",
    "int8": "signed char",
    "uint8": "unsigned char",
    "int16": "short",
    "uint16": "unsigned short",
    "int32": "int",
    "uint32": "unsigned",
    "int64": "long long",
    "uint64": "unsigned long long",
    "float16": "__half",
    "float32": "float",
    "float64": "double",
}
# What PTX calls a type, C's name for it, and the letter of its registers in inline assembly.
PTX_TYPES = {
    "b16": ("unsigned short", "h"),
    "s32": ("int", "r"),
    "u32": ("unsigned", "r"),
    "s64": ("long long", "l"),
    "u64": ("unsigned long long", "l"),
    "f32": ("float", "f"),
    "f64": ("double", "d"),
}
BLOCK = 128


def instruction(opcode: str, types: str, name="", immediate="") -> str:
    """A C function of one PTX instruction, named after it; `types`, in PTX's words, begin with the result's."""
    (result, letter), *operands = (PTX_TYPES[word] for word in types.split())
    parameters = ", ".join(f"{c_name} x{k}" for k, (c_name, _) in enumerate(operands))
    places = ", ".join(f"%{k}" for k in range(1 + len(operands))) + immediate
    inputs = ", ".join(f'"{letter}"(x{k})' for k, (_, letter) in enumerate(operands))
    body = f'{result} d; asm("{opcode} {places};" : "={letter}"(d) : {inputs}); return d;'
    return f"__device__ {result} {name or opcode.replace('.', '_')}({parameters}) {{ {body} }}\n"


def evaluate(
    wanted: list[tuple[str, Any]], inputs: Mapping[str, np.ndarray], prelude="", arch=80, c_types=None
) -> list:
    """The values of expressions, each with its dtype, for every element of the inputs that they name.

    `c_types` changes the types that dtypes stand for.
    """
    types = {np.dtype(name): text for name, text in (C_TYPES | (c_types or {})).items()}
    size = next(iter(inputs.values())).size
    results = [np.zeros(size, dtype) for _, dtype in wanted]
    parameters = [f"const {types[array.dtype]}* {name}s" for name, array in inputs.items()]
    parameters += [f"{types[np.dtype(dtype)]}* out{k}" for k, (_, dtype) in enumerate(wanted)]
    reads = [f"const {types[array.dtype]} {name} = {name}s[i];" for name, array in inputs.items()]
    writes = [f"out{k}[i] = {expression};" for k, (expression, _) in enumerate(wanted)]
    lines = [
        prelude,
        f'extern "C" __global__ void kernel(int size, {", ".join(parameters)}) {{',
        "    int i = blockIdx.x * blockDim.x + threadIdx.x;",
        "    if (i >= size) return;",
        *("    " + line for line in (*reads, *writes)),
        "}",
    ]
    arguments = (np.int32(size), *inputs.values(), *results)
    report = simulator.run("\n".join(lines), "kernel", -(-size // BLOCK), BLOCK, arguments, arch=arch)
    assert not report.races
    assert not report.violations
    return results


def check(tables: Mapping[Any, Table], prelude="", ulps: Any = 0, arch=80, c_types=None, **inputs: np.ndarray) -> None:
    """Every expression gives what its function says of the inputs that the expression names, in their order.

    `tables` has one for each dtype of results; `ulps` is one number or that of each expression.
    """
    rows = [(expression, np.dtype(dtype), f) for dtype, table in tables.items() for expression, f in table.items()]
    results = evaluate([row[:2] for row in rows], inputs, prelude, arch, c_types)
    mistakes = []
    for (expression, dtype, function), result in zip(rows, results):
        operands = {name: x for name, x in inputs.items() if re.search(rf"\b{name}\b", expression)}
        expected = np.asarray(function(*operands.values()))
        allowed = ulps[expression] if isinstance(ulps, Mapping) else ulps
        wrong = np.flatnonzero(~agree(result, expected, allowed))
        if wrong.size:
            at = wrong[0]
            values = ", ".join(f"{name} = {x[at]!r}" for name, x in operands.items())
            found = f"{result[at]!r}, not {expected[at]!r}"
            mistakes.append(f"{expression} as {dtype}: {wrong.size} of {result.size}; where {values}: {found}")
    assert not mistakes, "\n".join(mistakes)


def agree(result: np.ndarray, expected: np.ndarray, ulps: float) -> np.ndarray:
    """Where results are right: to the last bit, signs of zeros too, or to some units in the last place; NaN is NaN."""
    if result.dtype.kind != "f":
        return result == expected
    rounded = expected.astype(result.dtype)
    right = (result == rounded) & (np.signbit(result) == np.signbit(rounded)) | np.isnan(result) & np.isnan(rounded)
    if ulps:
        right |= np.abs(result - expected) <= ulps * np.abs(np.spacing(rounded))
    return right


def whole(dtype, table: Table) -> Table:
    """A table whose functions take Python's integers, one of each operand; the type keeps the low bits of results."""
    bits = np.dtype(dtype).itemsize * 8

    def of_arrays(function):
        def apply(*operands):
            numbers = zip(*(x.tolist() for x in operands))
            low = [int(function(*row)) & ((1 << bits) - 1) for row in numbers]
            return np.array(low, f"uint{bits}").view(dtype)

        return apply

    return {expression: of_arrays(function) for expression, function in table.items()}


def combinations(edges: np.ndarray, operands: int, random: np.ndarray, count=1024) -> list[np.ndarray]:
    """Operands: extreme values in (almost) all combinations, then random ones."""
    rows = np.array(list(itertools.product(range(edges.size), repeat=operands)))
    np.random.default_rng(0).shuffle(rows)
    return [np.concatenate([edges[column], r]) for column, r in zip(rows[:count].T, random)]


def integers(dtype, operands=2, count=512) -> list[np.ndarray]:
    """Extreme integers, then random ones of every length."""
    info = np.iinfo(dtype)
    generator = np.random.default_rng(1)
    near = [0, 1, -1, 2, 3, -7, 8, 15, 31, 32, 33, 64, info.min, info.min + 1, info.max, info.max - 1]
    edges = np.array(near, object) & ((1 << info.bits) - 1)
    random = generator.integers(info.min, info.max, (operands, count), dtype, endpoint=True)
    random >>= generator.integers(0, info.bits, random.shape).astype(dtype)
    return combinations(edges.astype(f"uint{info.bits}").view(dtype), operands, random)


def floats(dtype, operands=1, count=512) -> list[np.ndarray]:
    """Extreme numbers, NaN and infinities, then random ones: of ordinary size, and of any bits at all."""
    info = np.finfo(dtype)
    generator = np.random.default_rng(2)
    small, powers = info.smallest_subnormal, [2.0**k for k in (24, 31, 32, 63, 64)]
    positive = [0, 1, 1 + info.eps, 1 - info.epsneg, 0.5, 1.5, 2.5, 0.1, 7.25, 100, info.max, info.tiny, *powers]
    positive += [info.tiny - small, small, 3 * small, np.inf]
    edges = np.array([*positive, *(-x for x in positive), -0.0, np.nan], np.float64).astype(dtype)
    ordinary = generator.normal(0, 4, (operands, count // 2)).astype(dtype)
    bits = generator.integers(0, 1 << info.bits, ordinary.shape, f"uint{info.bits}") if info.bits < 64 else None
    bits = generator.integers(0, 1 << 63, ordinary.shape, np.uint64) * 2 + 1 if bits is None else bits
    return combinations(edges, operands, np.concatenate([ordinary, bits.view(dtype)], axis=1))
