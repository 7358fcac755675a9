"""The memory that a training step needs at its peak, ours and PyTorch's: of each in a process of its own.

    python -m kernelwright.bench.memory "CNN step with AdamW" kernelwright 2      # or torch; and how many threads

Compilation isn't counted: a step with few images comes first, for which all code is compiled or loaded. Then the
resident set before network and images exist is taken from the largest during some later steps with all of them.
"""

import ctypes
import gc
import os
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np

from .. import kernels, layers
from ..kernels.operation import Draw
from . import images, sequences, steps
from .rivals import TORCH

PROCESS = Path("/proc/self")
FEW = 16  # images, or sequences, of the step that is not counted: as many as a vector holds


def cnn(torch: Any, batch: int) -> Callable[[], Any]:
    return steps.cnn_in_torch(torch, batch) if torch else steps.cnn_ours(batch)[1]


def convolution(torch: Any, batch: int) -> Callable[[], Any]:
    draw, (_, channels, *size) = Draw(0, np.float32), images.SEEN
    x, grad = (draw.normal(batch, channels, *size) for _ in range(2))
    arguments = channels, channels, 3
    if torch:
        return images.in_torch(torch, torch.nn.Conv2d(*arguments, padding=1), x, grad)
    return images.ours(layers.Conv2d(*arguments, padding=1), x, grad)


def attention(torch: Any, batch: int) -> Callable[[], Any]:
    return sequences.attention_calls(torch, (batch, 8, 512, 64), causal=False)


# By operation: given PyTorch, or None for ours, and how many images or sequences, the call; and how many the row has.
WORK: dict[str, tuple[Callable[[Any, int], Callable[[], Any]], int]] = {
    "CNN step with AdamW": (cnn, 128),
    "Conv2d 3×3, 64×32² → 64": (convolution, images.SEEN[0]),
    "attention 8×512×64": (attention, 4),
}


def is_known() -> bool:
    """Whether this system says how large a process has been, and lets it forget."""
    return os.access(PROCESS / "clear_refs", os.W_OK)


def peaks(operation: str, contenders: Iterable[str], threads: int) -> dict[str, int]:
    """Bytes, by contender."""
    make, _ = WORK[operation]
    with kernels.using("numba"):
        make(None, FEW)()  # compiles what isn't yet: compilers leave holes in a process's memory that others would fill
    return {name: _in_a_process(operation, name, threads) for name in contenders}


def _in_a_process(operation: str, contender: str, threads: int) -> int:
    command = [sys.executable, "-m", __name__, operation, contender, str(threads)]
    # With large pages, PyTorch's memory would be rounded up: for time that helps it, for memory not.
    environment = {**os.environ, "KERNELWRIGHT_BACKEND": "numba", "THP_MEM_ALLOC_ENABLE": "0"}
    ran = (subprocess.run(command, env=environment, check=True, capture_output=True, text=True) for _ in range(2))
    return min(int(process.stdout) for process in ran)  # where memory lies is chance: PyTorch's differs by a tenth


def peak(make: Callable[[Any, int], Callable[[], Any]], torch: Any, batch: int) -> int:
    """How far above what it was without network and images this process's resident set rises in a step."""
    make(torch, FEW)()
    gc.collect()
    _give_back()
    before = resident("VmRSS")
    step = make(torch, batch)
    for _ in range(2):
        step()
    forget_the_highest()
    for _ in range(3):
        step()
    return resident("VmHWM") - before


def forget_the_highest() -> None:
    """Let the highest resident set be the present one again."""
    (PROCESS / "clear_refs").write_text("5")


def _give_back() -> None:
    """Return to the system what the C library keeps of freed memory."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc's
    if trim:
        trim(0)


def resident(name: str) -> int:
    line = next(line for line in (PROCESS / "status").read_text().splitlines() if line.startswith(name))
    return int(line.split()[1]) << 10


def main(operation: str, contender: str, threads: str) -> None:
    torch = None
    if contender == TORCH:
        import torch

        torch.set_num_threads(int(threads))
    kernels.set_threads(int(threads))
    make, batch = WORK[operation]
    print(peak(make, torch, batch))


if __name__ == "__main__":
    main(*sys.argv[1:])
