"""Launch geometry of the GPU's ladder: a function a rung, named attention_RUNG."""

import numpy as np

from ... import cuda
from .. import gpu
from ..launch import blocks_of, forward_arguments
from . import tensor

NAIVE, TILED, ONLINE = (cuda.Source(__file__, f"gpu_{rung}.cu") for rung in ("1_naive", "2_tiled", "3_online"))
TILE = 32


def attention_1_naive(device, q, k, *given):
    n = q.shape[0] * q.shape[1] * q.shape[2]
    weights = device.empty((n, k.shape[2]), q.dtype)
    given = (*forward_arguments(q, k, *given), weights, np.int64(n))
    device.launch(NAIVE, "attention", q.dtype, cuda.elements(n), 256, given)


def attention_2_tiled(device, q, *given):
    _tiles(device, TILED, q, *given)


def attention_3_online(device, q, *given):
    _tiles(device, ONLINE, q, *given)


def attention_4_tf32x3(device, q, k, v, *given):
    gpu.by(device, tensor.tf32x3 if tensor.knows(device, q, v) else None, q, k, v, *given)


def attention_5_bf16(device, q, k, v, *given):
    gpu.by(device, tensor.bf16 if tensor.knows(device, q, v) else None, q, k, v, *given)


def attention_backward_4_tf32x3(device, grad, q, k, v, *given):
    gpu.backward_by(device, tensor.tf32x3_backward if tensor.knows(device, q, v) else None, grad, q, k, v, *given)


def attention_backward_5_bf16(device, grad, q, k, v, *given):
    gpu.backward_by(device, tensor.bf16_backward if tensor.knows(device, q, v) else None, grad, q, k, v, *given)


def _tiles(device, source, q, *given):
    if blocks_of(q, TILE):
        device.launch(source, "attention", q.dtype, blocks_of(q, TILE), 256, forward_arguments(q, *given))
