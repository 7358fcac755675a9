"""The memory of a launch as its owner sees it: arrays, variables, where each lies, and what it is called."""

import ctypes
import re
import struct
import weakref
from collections.abc import Mapping
from typing import Any

import numpy as np

from .memory import OFFSET_MASK
from .parser import SIZES, Variable
from .program import Program
from .rows import (
    CODE,
    FIRST_VARIABLE,
    REGION_BITS,
    SHARED,
)
from .state import BYTES, DELTA, READ_ONLY, REGION_WORDS, START

# Arrays that count as uninitialised where they still hold this.
_PATTERNS = {2: 0x7DA5, 4: 0x7FA5A5A5, 8: 0x7FF5A5A5A5A5A5A5, 1: 0xA5}
_uninitialised: "weakref.WeakValueDictionary[int, np.ndarray]" = weakref.WeakValueDictionary()


def empty(shape: int | tuple[int, ...], dtype: Any = np.float32) -> np.ndarray:
    """An array whose elements count as uninitialised until somebody, kernel or NumPy, writes them."""
    array = np.empty(shape, dtype)
    size = array.dtype.itemsize
    if size in _PATTERNS:
        array.view(f"u{size}")[...] = _PATTERNS[size]
        _uninitialised[id(array)] = array
    return array


def aligned(size: int, alignment: int = 256) -> np.ndarray:
    """Bytes at an aligned address, all zero."""
    space = np.zeros(size + alignment, np.uint8)
    start = -space.ctypes.data % alignment
    return space[start : start + size]


def never_written(array: np.ndarray) -> np.ndarray | None:
    """Which elements of an array count as uninitialised; None if it isn't one that `empty` made."""
    root = root_of(array)
    if _uninitialised.get(id(root)) is not root or not array.flags.c_contiguous:
        return None
    size = array.itemsize
    return array.view(f"u{size}").reshape(-1) == _PATTERNS[size]


class Memory:
    """The regions of a launch: variables first, then the arrays among its arguments."""

    def __init__(self, program: Program, symbols: Mapping[str, np.ndarray]):
        self.rows = np.zeros((FIRST_VARIABLE + len(program.variables), REGION_WORDS), np.int64)
        self.names = ["nothing", "shared memory", "local memory", "the kernel's parameters"]
        self.kept: list[np.ndarray] = []
        self.arrays: list[tuple[int, int, int]] = []  # lowest address, end, region
        self.origins: list[np.ndarray | None] = [None] * FIRST_VARIABLE
        self.program = program
        self.variables: dict[str, np.ndarray] = {}
        functions = {frame.function.name: k for k, frame in enumerate(program.frames)}
        addresses = {name: region << REGION_BITS for name, (region, _) in program.variables.items()}
        addresses |= {name: CODE + k for name, k in functions.items()}
        addresses |= {name: offset + (SHARED << REGION_BITS) for name, (offset, _) in program.shared.items()}
        for name, (region, variable) in program.variables.items():
            space = aligned(max(variable.size, 1))
            space[: variable.size] = np.frombuffer(initial_bytes(variable, addresses), np.uint8)
            self.variables[name] = space[: variable.size]
            self.set(region, space, 0, variable.size, variable.space == "const")
            self.names.append(name)
            self.origins.append(None)
        self.symbols = dict(symbols)
        for name, value in self.symbols.items():
            space = self.variable(name)
            given = np.ascontiguousarray(value).view(np.uint8).reshape(-1)
            if given.size > space.size:
                raise ValueError(f"symbols: {name} has {space.size} bytes, but was given {given.size}")
            space[: given.size] = given

    def variable(self, name: str) -> np.ndarray:
        """The bytes of a variable by the name that it has in CUDA C."""
        for known, space in self.variables.items():
            if name in (known, plain_name(known)):
                return space
        known = ", ".join(sorted(map(plain_name, self.variables))) or "none"
        raise ValueError(f"symbols: the kernel uses no variable {name!r}; it uses: {known}")

    def set(self, region: int, space: np.ndarray, start: int, size: int, read_only: bool) -> None:
        self.kept.append(space)
        row = self.rows[region]
        row[START], row[BYTES], row[READ_ONLY] = start, start + size, read_only
        row[DELTA] = space.ctypes.data - start - (region << REGION_BITS)

    def add_arrays(self, arrays: list[tuple[str, np.ndarray]]) -> None:
        """Give each array a region; those that overlap share theirs."""
        spans = []
        for name, array in arrays:
            spans.append((*bounds(array), name, array))
        groups: list[list] = []
        for span in sorted(spans, key=lambda span: span[:2]):
            if groups and span[0] < max(member[1] for member in groups[-1]):
                groups[-1].append(span)
            else:
                groups.append([span])
        rows = []
        for group in groups:
            region = len(self.rows) + len(rows)
            low, high = group[0][0], max(member[1] for member in group)
            root = root_of(group[0][3])
            start = (low - root.ctypes.data) % 256 if isinstance(root, np.ndarray) else 0
            row = np.zeros(REGION_WORDS, np.int64)
            row[START], row[BYTES], row[DELTA] = start, start + high - low, low - start - (region << REGION_BITS)
            row[READ_ONLY] = not any(member[3].flags.writeable for member in group)
            rows.append(row)
            self.arrays.append((low, high, region))
            self.names.append(" and ".join(dict.fromkeys(member[2] for member in group)))
            self.origins.append(group[0][3] if len(group) == 1 else None)
        if rows:
            self.rows = np.concatenate([self.rows, rows])

    def address(self, array: np.ndarray) -> int:
        low = array.ctypes.data
        for start, end, region in self.arrays:
            if start <= low < end or (start == end == low):
                return low - int(self.rows[region, DELTA])
        raise AssertionError("an array without a region")

    def name_of(self, address: int) -> str:
        """What lies at an address, in words."""
        region, offset = address >> REGION_BITS, address & OFFSET_MASK
        if region == 0:
            return "the null pointer" if offset == 0 else f"address {address:#x}, near the null pointer"
        if region == SHARED:
            for name, (start, size) in self.program.shared.items():
                if start <= offset < start + size + 128:
                    return _beyond(plain_name(name), offset - start, size)
            dynamic = offset - self.program.shared_size
            return _beyond("dynamic shared memory", dynamic, int(self.rows[SHARED, BYTES]) - self.program.shared_size)
        if not 0 < region < len(self.rows):
            return f"address {address:#x}, which belongs to no array"
        start, end = self.rows[region, START], self.rows[region, BYTES]
        if offset >= 1 << REGION_BITS - 1:
            offset -= 1 << REGION_BITS
        array = self.origins[region]
        place = _beyond(plain_name(self.names[region]), int(offset - start), int(end - start))
        if array is not None and array.flags.c_contiguous and 0 <= offset - start < end - start:
            index = np.unravel_index(int(offset - start) // array.itemsize, array.shape)
            place = f"{self.names[region]}[{', '.join(map(str, index))}]"
        return place

    def text_at(self, address: int) -> str:
        """The C string at an address."""
        region, offset = address >> REGION_BITS, address & OFFSET_MASK
        if not FIRST_VARIABLE <= region < len(self.rows) or offset >= self.rows[region, BYTES]:
            return f"{address:#x}"
        size = int(self.rows[region, BYTES] - offset)
        return ctypes.string_at(address + int(self.rows[region, DELTA]), size).split(b"\0")[0].decode(errors="replace")

    def read_back(self) -> None:
        """__device__ variables into the arrays that were given for them."""
        for name, value in self.symbols.items():
            if isinstance(value, np.ndarray) and value.flags.writeable:
                space = self.variable(name)[: value.nbytes]
                value[...] = space.view(value.dtype).reshape(value.shape)


def bounds(array: np.ndarray) -> tuple[int, int]:
    """The addresses of an array's first byte and behind its last, whatever its strides."""
    start = array.ctypes.data
    if array.size == 0:
        return start, start
    ways = [(size - 1) * stride for size, stride in zip(array.shape, array.strides)]
    return start + sum(way for way in ways if way < 0), start + sum(way for way in ways if way > 0) + array.itemsize


def root_of(array: Any) -> Any:
    while isinstance(getattr(array, "base", None), np.ndarray):
        array = array.base
    return array


def plain_name(name: str) -> str:
    """The last word of a mangled name: `_ZN5space5tableE` is `table`, `_ZZ1fILi32EEvPfE4tile` is `tile`."""
    at, word = 2, name
    while name.startswith("_Z") and (found := re.compile(r"L[a-z]n?\d+E|(\d+)").search(name, at)):
        at = found.end()
        if found[1]:  # a word, and how long it is; else a number among the arguments of a template
            word, at = name[at : at + int(found[1])], at + int(found[1])
    return word


def _beyond(name: str, offset: int, size: int) -> str:
    if offset < 0:
        return f"{-offset} bytes before {name}"
    if offset >= size:
        return f"{offset - size} bytes beyond the end of {name}, which has {size}"
    return f"byte {offset} of {name}"


def initial_bytes(variable: Variable, addresses: Mapping[str, int]) -> bytes:
    """A variable's initial content."""
    size = SIZES[variable.type]
    content = bytearray()
    for value in variable.values:
        text = re.sub(r"generic\(([^)]*)\)", r"\1", value)
        part = re.fullmatch(r"(0[xX][fF0]+)\((.*)\)", text)  # one byte of an address
        symbol = re.fullmatch(r"([a-zA-Z_$][\w$]*)(?:\s*\+\s*(\d+))?", part[2] if part else text)
        if symbol and not re.fullmatch(r"0[fFdD][0-9a-fA-F]+", text):
            number = addresses[symbol[1]] + int(symbol[2] or 0)
            if part:
                mask = int(part[1], 16)
                number = (number & mask) >> (mask & -mask).bit_length() - 1
        elif re.fullmatch(r"0[fF][0-9a-fA-F]{8}|0[dD][0-9a-fA-F]{16}", text):
            number = int(text[2:], 16)
        elif re.search(r"[.eE]", text) and not text.lower().startswith("0x"):
            packed = struct.pack("<d" if size == 8 else "<f", float(text))
            number = int.from_bytes(packed, "little")
        else:
            number = int(text.rstrip("U"), 0)
        content += (number & (1 << 8 * size) - 1).to_bytes(size, "little")
    return bytes(content[: variable.size]).ljust(variable.size, b"\0")
