"""The whole state of a training in one safetensors file: arrays as tensors, all else as JSON beside them. Never pickle.

{"step": 3, "optimizer": {"lr": 0.1, "exp_avg": array}}
    tensor "optimizer.exp_avg", and the words {"step": 3, "optimizer": {"lr": 0.1, "exp_avg": {"tensor": "…"}}}
"""

import os
from pathlib import Path
from typing import Any

import numpy as np

from .checkpoint import read, write

TENSOR, TUPLE = "$tensor", "$tuple"


def save_state(path: str | os.PathLike, state: dict[str, Any]) -> None:
    """Write a dictionary of numbers, texts, NumPy arrays, lists and dictionaries, whole or not at all."""
    tensors: dict[str, np.ndarray] = {}
    words = _pack(state, (), tensors)
    write(path, tensors, words)


def load_state(path: str | os.PathLike) -> dict[str, Any]:
    """The dictionary that `save_state` was given.

    Raises
    ------
    FileNotFoundError
        There is no such file.
    ValueError
        It isn't a whole safetensors file, or not one that `save_state` wrote.
    """
    tensors, words = read(path)
    try:
        return _unpack(words, tensors)
    except (KeyError, TypeError) as error:
        raise ValueError(f"{Path(path)} doesn't hold the state of a training: {error!r}") from None


def _pack(value: Any, place: tuple[str, ...], tensors: dict[str, np.ndarray]) -> Any:
    """The value as JSON has it; its arrays go into `tensors`, by the names that lead to them."""
    if isinstance(value, dict):
        return {key: _pack(x, (*place, key), tensors) for key, x in value.items()}
    if isinstance(value, (list, tuple)):
        packed = [_pack(x, (*place, str(i)), tensors) for i, x in enumerate(value)]
        return packed if isinstance(value, list) else {TUPLE: packed}
    if isinstance(value, np.ndarray):
        name = ".".join(place)
        while name in tensors:  # a key may have dots of its own
            name += "_"
        tensors[name] = np.ascontiguousarray(value).reshape(value.shape)
        return {TENSOR: name}
    return value.item() if isinstance(value, np.generic) else value


def _unpack(value: Any, tensors: dict[str, np.ndarray]) -> Any:
    if isinstance(value, list):
        return [_unpack(x, tensors) for x in value]
    if not isinstance(value, dict):
        return value
    if TENSOR in value:
        return tensors[value[TENSOR]]
    if TUPLE in value:
        return tuple(_unpack(x, tensors) for x in value[TUPLE])
    return {key: _unpack(x, tensors) for key, x in value.items()}
