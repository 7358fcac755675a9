"""Checkpoints: the parameters of a network in a safetensors file. Never pickle: loading one runs no code."""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from ..layers import Module
from .optional import optional
from .whole import whole

ENTRY = "kernelwright"  # of the file's metadata


def save(path: str | os.PathLike, network: Module, **metadata: Any) -> None:
    """Write `network.state_dict()` and some words (JSON) about it, such as recipe="mlp" and epoch=10.

    The file is written whole or not at all. PyTorch loads it with `safetensors.torch.load_file`.
    """
    write(path, network.state_dict(), metadata)


def load(path: str | os.PathLike, network: Module) -> dict[str, Any]:
    """Give `network` the parameters in that file, and return the words about them, if it was `save` that wrote it.

    Raises
    ------
    FileNotFoundError
        There is no such file.
    ValueError
        It isn't a whole safetensors file, or doesn't fit the network, which is left as it was.
    """
    state, metadata = read(path)
    try:
        network.load_state_dict(state)
    except ValueError as error:
        raise ValueError(f"{Path(path)}: {error}") from None
    return metadata


def write(path: str | os.PathLike, tensors: dict[str, np.ndarray], metadata: dict[str, Any]) -> None:
    """Write arrays and some words about them."""
    # As one entry: safetensors writes several in a random order, and equal trainings should give equal files.
    words = {ENTRY: json.dumps(metadata)} if metadata else None
    content = optional("safetensors.numpy").save(tensors, words)
    with whole(Path(path)) as draft:
        draft.write_bytes(content)


def read(path: str | os.PathLike) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """The arrays of a file and the words about them, none if another program wrote it."""
    path = Path(path)
    safetensors = optional("safetensors")
    with open(path, "rb"):  # a missing file or permission is told in Python's words
        pass
    try:
        with safetensors.safe_open(path, framework="numpy") as file:
            metadata = json.loads((file.metadata() or {}).get(ENTRY, "{}"))
            if not isinstance(metadata, dict):
                raise ValueError("its words about itself are not a JSON object")
            # Not a dictionary: it can't be iterated over.
            return {key: file.get_tensor(key) for key in file.keys()}, metadata  # noqa: SIM118
    except (safetensors.SafetensorError, TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"{path} is not a whole safetensors file: {error}") from None
