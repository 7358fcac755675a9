"""Short ways to run a kernel in a test."""

import numpy as np

from kernelwright.kernels import simulator


def run(body: str, *arrays, grid=1, block=32, prelude="", **options) -> simulator.Report:
    """Run the statements of a kernel on arrays that it knows as a, b, c, …; `t` is the thread's number in its block."""
    kinds = {
        "f4": "float",
        "f8": "double",
        "i4": "int",
        "u4": "unsigned",
        "i8": "long long",
        "u8": "unsigned long long",
    }
    kinds |= {"i2": "short", "u2": "unsigned short", "i1": "signed char", "u1": "unsigned char"}
    parameters = ", ".join(f"{kinds[x.dtype.str[1:]]}* {name}" for x, name in zip(arrays, "abcdefgh"))
    size = "threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z)"
    text = f'{prelude}\nextern "C" __global__ void kernel({parameters}) {{\n    int t = {size};\n{body}\n}}\n'
    return simulator.run(text, "kernel", grid, block, arrays, **options)


def clean(body: str, *arrays, **options) -> simulator.Report:
    """The same of a kernel in which nothing is wrong."""
    report = run(body, *arrays, **options)
    assert report.findings == [], "\n".join(map(str, report.findings))
    return report


def ints(size: int, start=0) -> np.ndarray:
    return np.arange(start, start + size, dtype=np.int32)


def floats(size: int) -> np.ndarray:
    return np.arange(size, dtype=np.float32)


def zeros(size: int, dtype=np.int32) -> np.ndarray:
    return np.zeros(size, dtype)
