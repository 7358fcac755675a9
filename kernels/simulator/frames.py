"""The frame that a warp begins with: constants, parameters and indices in their rows (rows.py draws it)."""

import numpy as np

from .parser import SIZES
from .program import Frame, Program
from .regions import aligned
from .report import Index
from .rows import (
    FRAME_SIZE,
    INDEX_ROWS,
    INDICES,
    LOCAL,
    LOCAL_END,
    LOCAL_ROW,
    REGION_BITS,
    TRUE,
)


def frame_image(
    frame: Frame, program: Program, parameters: bytes, grid: Index, block: Index, shared: int, local: int
) -> np.ndarray:
    """A frame as it is when its function begins."""
    image = aligned(frame.size)
    image[TRUE : TRUE + 8] = 255
    whole = image.view(np.int64)
    whole[FRAME_SIZE // 8] = frame.size
    whole[LOCAL_END // 8] = local
    image[LOCAL_ROW : LOCAL_ROW + 256].view(np.int64)[:] = LOCAL << REGION_BITS
    lane = np.arange(32)
    constants = {"laneid": lane, "nwarpid": (block[0] * block[1] * block[2] + 31) // 32, "smid": 0, "nsmid": 1}
    constants |= {f"ntid.{axis}": size for axis, size in zip("xyz", block)}
    constants |= {f"nctaid.{axis}": size for axis, size in zip("xyz", grid)}
    constants |= {f"nclusterid.{axis}": size for axis, size in zip("xyz", grid)}
    constants |= {f"cluster_nctaid.{axis}": 1 for axis in "xyz"} | {"cluster_nctarank": 1}
    constants |= {
        "lanemask_eq": 1 << lane,
        "lanemask_lt": (1 << lane) - 1,
        "lanemask_le": (2 << lane) - 1,
        "lanemask_gt": 0xFFFFFFFF & ~((2 << lane) - 1),
        "lanemask_ge": 0xFFFFFFFF & ~((1 << lane) - 1),
        "dynamic_smem_size": shared,
        "total_smem_size": program.shared_size + shared,
    }
    for key, offset in frame.offsets.items():
        if not isinstance(key, tuple) or key[0] in ("temporary", "carry"):
            continue
        width = frame.rows[key]
        if key[0] == "constant" and width == 0:
            image[offset : offset + 8] = 255 if key[1] & 1 else 0
            continue
        row = image[offset : offset + 4 * width].view(np.uint64 if width == 64 else np.uint32)
        if key[0] == "constant":
            row[:] = key[1]
        elif key[0] == "dynamic":
            row[:] = program.shared_size + key[1]
        elif key[0] == "special":
            row[:] = constants.get(key[1], 0)
        elif key[0] == "parameter":
            _, at, kind, _ = key
            value = int.from_bytes(parameters[at : at + SIZES[kind]], "little", signed=kind[0] == "s")
            row[:] = value & (1 << width) - 1
    return image


def set_indices(frames: np.ndarray, arena: int, warps: int, block: Index) -> None:
    """threadIdx and the warp's number into each warp's frame."""
    for w in range(warps):
        thread = np.arange(32 * w, 32 * w + 32)
        rows = (thread % block[0], thread // block[0] % block[1], thread // (block[0] * block[1]))
        for name, values in (*zip(INDEX_ROWS, rows), ("warpid", np.full(32, w))):
            at = w * arena + INDICES + 128 * INDEX_ROWS.index(name)
            frames[at : at + 128].view(np.uint32)[:] = values
