"""What a kernel is launched with: sizes and arguments, held against what it can take."""

import ctypes
from typing import Any

import numpy as np

from .parser import Variable
from .program import Program
from .regions import Memory
from .report import Index
from .resources import multiprocessor

MAX_THREADS = 1024


def triple(size: Any, what: str) -> Index:
    """A number, or up to three, as x, y, z."""
    numbers = tuple(size) if isinstance(size, (tuple, list)) else (size,)
    if not 1 <= len(numbers) <= 3:
        raise ValueError(f"{what} is {size!r}: it must be a number or up to three of them")
    for number in numbers:
        if isinstance(number, (bool, float)) or int(number) != number or number < 1:
            raise ValueError(f"{what} is {size!r}: its sizes must be whole numbers from 1")
    x, y, z = (*(int(number) for number in numbers), 1, 1)[:3]
    return x, y, z


def check_geometry(grid: Index, block: Index, program: Program, shared: int, arch: int) -> None:
    if block[0] * block[1] * block[2] > MAX_THREADS or block[2] > 64:
        raise ValueError(f"block is {block}: a block has at most {MAX_THREADS} threads, and 64 along z")
    if grid[0] >= 1 << 31 or max(grid[1:]) > 65535:
        raise ValueError(f"grid is {grid}: it must be less than 2³¹ along x, and at most 65535 along y and z")
    used = sum(size for _, size in program.shared.values()) + shared
    limit = multiprocessor(arch).shared_block
    if shared < 0 or used > limit:
        raise ValueError(
            f"shared: the kernel uses {used} bytes of shared memory; sm_{arch} gives a block at most {limit}"
        )


def arrays_of(args: tuple, what: str = "args") -> list[tuple[str, np.ndarray]]:
    """The arrays that arguments point to, and what to call them."""
    found: list[tuple[str, np.ndarray]] = []
    for number, arg in enumerate(args):
        name = f"{what}[{number}]"
        if isinstance(arg, tuple):
            found += arrays_of(arg, name)
        elif isinstance(arg, np.ndarray) and not arg.dtype.names:
            found.append((name, arg))
    return found


def parameter_bytes(program: Program, args: tuple, memory: Memory) -> bytes:
    """The arguments as the kernel's parameters."""
    content = bytearray(program.parameter_size)
    for number, (variable, arg) in enumerate(zip(program.parameters, args)):
        at = program.parameter_offsets[variable.name]
        value = one_parameter(variable, arg, memory, f"args[{number}]")
        content[at : at + len(value)] = value
    return bytes(content)


def one_parameter(variable: Variable, arg: Any, memory: Memory, what: str) -> bytes:
    size, kind = variable.size, variable.type
    is_struct = kind == "b8" and size not in (1,)
    if isinstance(arg, np.ndarray) and arg.ndim + (arg.dtype.names is None) > 0 and not (is_struct and arg.ndim == 0):
        if size != 8 or kind not in ("u64", "b64", "s64"):
            raise TypeError(f"{what} is an array, but the kernel's parameter is {_c_type(variable)}")
        return memory.address(arg).to_bytes(8, "little")
    if isinstance(arg, (bytes, bytearray, np.void, np.ndarray, ctypes.Structure)):
        given = bytes(arg) if not isinstance(arg, (np.void, np.ndarray)) else arg.tobytes()
        if len(given) != size:
            raise TypeError(f"{what} has {len(given)} bytes, but the kernel's parameter has {size}")
        return given
    if isinstance(arg, tuple):
        given = structure(arg, memory, what)[0]
        if len(given) != size:
            raise TypeError(f"{what} makes a structure of {len(given)} bytes, but the kernel's parameter has {size}")
        return given
    if is_struct:
        raise TypeError(
            f"{what} is {arg!r}, but the kernel's parameter is a structure of {size} bytes: give its fields as a tuple "
            "of arrays and NumPy scalars, or its bytes"
        )
    if isinstance(arg, ctypes._SimpleCData):
        arg = np.dtype(type(arg)).type(arg.value)
    if isinstance(arg, np.generic):
        if arg.dtype.itemsize != size or (kind[0] == "f") != (arg.dtype.kind == "f"):
            raise TypeError(f"{what} is a {arg.dtype}, but the kernel's parameter is {_c_type(variable)}")
        return arg.tobytes()
    if arg is None and size == 8:
        return bytes(8)
    if not isinstance(arg, (int, float)):
        raise TypeError(
            f"{what} is a {type(arg).__name__}: it must be a NumPy array, a number or the bytes of a structure"
        )
    if kind[0] == "f":
        return np.array(arg, f"f{size}").tobytes()
    if isinstance(arg, float):
        raise TypeError(f"{what} is {arg!r}, but the kernel's parameter is {_c_type(variable)}")
    if kind == "u64" and arg and not -(1 << 63) <= arg < 1 << 64:
        raise ValueError(f"{what} is {arg}, which {size} bytes can't hold")
    if not -(1 << 8 * size - 1) <= arg < 1 << 8 * size:
        raise ValueError(f"{what} is {arg}, which {size} bytes can't hold")
    return (int(arg) & (1 << 8 * size) - 1).to_bytes(size, "little")


def structure(fields: tuple, memory: Memory, what: str) -> tuple[bytes, int]:
    """A structure as C lays it out, and its alignment: an array is a pointer, a tuple a structure inside."""
    content, alignment = bytearray(), 1
    for number, field in enumerate(fields):
        name = f"{what}[{number}]"
        if isinstance(field, tuple):
            given, align = structure(field, memory, name)
        elif isinstance(field, np.ndarray) and not field.dtype.names:
            given, align = memory.address(field).to_bytes(8, "little"), 8
        elif isinstance(field, np.generic):
            given = field.tobytes()
            align = len(given)
        else:
            raise TypeError(
                f"{name} is {field!r}: a field must be an array, a NumPy scalar such as np.int32(3), or a tuple"
            )
        content += bytes(-len(content) % align) + given
        alignment = max(alignment, align)
    return bytes(content) + bytes(-len(content) % alignment), alignment


def _c_type(variable: Variable) -> str:
    names = {"f32": "a float", "f64": "a double", "u64": "a pointer or a 64-bit integer", "u32": "a 32-bit integer"}
    return names.get(variable.type, f"{variable.size} bytes ({variable.type})")
