"""Launch geometry of the GPU's ladder: functions convolution_RUNG and weight_gradient_RUNG."""

import numpy as np

from ... import cuda
from ..geometry import unpack
from ..gpu import arguments
from . import winograd

RUNGS = "1_naive", "2_channels", "3_tiles", "4_registers"
NAIVE, CHANNELS, TILES, REGISTERS = (cuda.Source(__file__, f"gpu_{rung}.cu") for rung in RUNGS)


def convolution_1_naive(device, x, weight, bias, geometry, precision, out):
    _launch(device, NAIVE, cuda.blocks(out.size, 256), 256, x, weight, bias, geometry, out)


def weight_gradient_1_naive(device, grad, x, geometry, precision, out):
    if out.size:
        given = (grad, x, out, *arguments(x, out, grad, geometry))
        device.launch(NAIVE, "weight_gradient", out.dtype, cuda.blocks(out.size, 256), 256, given)


def convolution_2_channels(device, x, weight, bias, geometry, precision, out):
    groups, positions = int(geometry[9]), out.size // len(weight)
    grid = cuda.blocks(positions, 128), min(groups * cuda.blocks(len(weight) // groups, 8), 65535)
    _launch(device, CHANNELS, grid, 128, x, weight, bias, geometry, out)


def convolution_3_tiles(device, x, weight, bias, geometry, precision, out):
    groups, positions = int(geometry[9]), out.size // len(weight)
    tiles = cuda.blocks(positions, 16) * cuda.blocks(len(weight) // groups, 16)
    _launch(device, TILES, (tiles, min(groups, 65535)), (16, 16), x, weight, bias, geometry, out)


def convolution_4_registers(device, x, weight, bias, geometry, precision, out):
    groups, positions = int(geometry[9]), out.size // len(weight)
    tiles = cuda.blocks(positions, 64) * cuda.blocks(len(weight) // groups, 64)
    _launch(device, REGISTERS, (tiles, min(groups, 65535)), 256, x, weight, bias, geometry, out)


def convolution_5_winograd(device, x, weight, bias, geometry, precision, out):
    rules, _ = unpack(geometry)
    if out.size and winograd.fits(rules, x, weight, out):
        winograd.convolution(device, x, weight, bias, rules.padding, out)
    else:
        convolution_4_registers(device, x, weight, bias, geometry, precision, out)


def _launch(device, source, grid, block, x, weight, bias, geometry, out):
    if out.size:
        given = (x, weight, bias, out, np.int32(bias.size > 0), *arguments(x, weight, out, geometry))
        device.launch(source, "convolution", out.dtype, grid, block, given)
