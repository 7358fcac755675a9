"""Launch geometry of depthwise.cu and depthwise_square.cu, for convolutions of one channel a group."""

import math

import numpy as np

from .. import cuda
from .geometry import Geometry

SOURCE = cuda.Source(__file__, "depthwise.cu")
SQUARE = {
    (window, stride): cuda.Source(__file__, "depthwise_square.cu", WINDOW=window, STRIDE=stride)
    for window in (3, 5)
    for stride in (1, 2)
}
OUTPUTS = 4  # a group; of more, the product of matrices reads the image once for all of them
PLACES = 9  # of a window, whose gradient a block of depthwise.cu sums
BLOCKS = 528  # enough to fill the largest GPU
TERMS = 512  # fewer aren't worth a block of their own, nor are fewer than one a thread
THREADS, EACH = 256, 4  # of a block; results of a thread of depthwise_square.cu
LARGEST = 1 << 30  # places in an image, and images: they are 32-bit numbers there


def serves(weight, groups: int) -> bool:
    return weight.shape[1] == 1 < groups and len(weight) // groups < OUTPUTS


def convolution(device, rules: Geometry, x, weight, bias, out, sizes):
    source = _square(rules, x, weight, out)
    if source:
        _launch_square(device, source, "depthwise", rules, x, weight, bias, out, rules.padding)
    else:
        _launch(device, "depthwise", x, weight, bias, out, sizes)


def transposed(device, rules: Geometry, x, weight, bias, out, sizes):
    source = _square(rules, x, weight, out)
    if source:
        # By single steps it is the convolution with the window turned, whose padding is another.
        before = rules.padding if rules.stride[1] > 1 else [weight.shape[3] - 1 - p for p in rules.padding]
        _launch_square(device, source, "depthwise_transposed", rules, x, weight, bias, out, before)
    else:
        _launch(device, "depthwise_transposed", x, weight, bias, out, sizes)


def weight_gradient(device, rules: Geometry, grad, x, out, sizes):
    """Parts of the gradient, (1, parts, out.size): their sum is all of it. With one part it is `out` itself."""
    source = _square(rules, x, out, grad)
    height, width = grad.shape[3:]
    if source:
        own, terms = len(out), len(grad) * cuda.blocks(height, EACH) * width
    else:
        own, terms = len(out) * cuda.blocks(math.prod(out.shape[2:]), PLACES), len(grad) * math.prod(grad.shape[2:])
    least = THREADS if source else TERMS
    share = cuda.blocks(terms, min(cuda.blocks(BLOCKS, own), cuda.blocks(terms, least)))
    parts = cuda.blocks(terms, share)
    target = out if parts == 1 else device.empty((1, parts, out.size), out.dtype)
    given = (grad, x, target, np.int64(share))
    if source:
        fan = len(out) // rules.groups
        numbers = map(np.int32, (len(grad), fan, len(out), *x.shape[3:], height, width, *rules.padding[1:]))
        device.launch(source, "depthwise_weight", out.dtype, (own, parts), THREADS, (*given, *numbers))
    else:
        device.launch(SOURCE, "depthwise_weight", out.dtype, (own, parts), THREADS, (*given, *sizes))
    return target


def _square(rules: Geometry, x, weight, y) -> cuda.Source | None:
    """What is compiled for such windows and steps, if anything is."""
    height, width = weight.shape[3:]
    flat = x.shape[2] == y.shape[2] == weight.shape[2] == rules.stride[0] == 1 and rules.padding[0] == 0
    alike = height == width and rules.stride[1] == rules.stride[2] and rules.dilation[1:] == (1, 1)
    small = all(max(math.prod(z.shape[:2]), math.prod(z.shape[3:])) < LARGEST for z in (x, y))
    return SQUARE.get((height, rules.stride[1])) if flat and alike and small else None


def _launch(device, name, x, weight, bias, out, sizes):
    given = (x, weight, bias, out, np.int32(bias.size > 0), *sizes)
    device.launch(SOURCE, name, out.dtype, cuda.elements(out.size), THREADS, given)


def _launch_square(device, source, name, rules: Geometry, x, weight, bias, out, padding):
    planes = math.prod(out.shape[:2])
    grid, block = cuda.planes(cuda.blocks(out.shape[3], EACH) * out.shape[4], planes)
    sizes = (len(weight) // rules.groups, out.shape[1], planes, *x.shape[3:], *out.shape[3:], *padding[1:])
    given = (x, weight, bias, out, *map(np.int32, (bias.size > 0, *sizes)))
    device.launch(source, name, out.dtype, grid, block, given)
