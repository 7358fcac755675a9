"""Launch geometry of depthwise.cu, for convolutions of one channel a group."""

import math

import numpy as np

from .. import cuda

SOURCE = cuda.Source(__file__, "depthwise.cu")
OUTPUTS = 4  # a group; of more, the product of matrices reads the image once for all of them
PLACES = 9  # of a window, whose gradient a block sums
TERMS = 512  # fewer aren't worth a block of their own


def serves(weight, groups: int) -> bool:
    return weight.shape[1] == 1 < groups and len(weight) // groups < OUTPUTS


def launch(device, name, x, weight, bias, out, sizes):
    """`depthwise` or `depthwise_transposed`."""
    given = (x, weight, bias, out, np.int32(bias.size > 0), *sizes)
    device.launch(SOURCE, name, out.dtype, cuda.elements(out.size), 256, given)


def weight_gradient(device, grad, x, out, blocks: int, sizes):
    """Parts of the gradient, (1, parts, out.size): their sum is all of it. With one part it is `out` itself."""
    own = len(out) * cuda.blocks(math.prod(out.shape[2:]), PLACES)
    terms = len(grad) * math.prod(grad.shape[2:])
    share = cuda.blocks(terms, min(cuda.blocks(blocks, own), cuda.blocks(terms, TERMS)))
    parts = cuda.blocks(terms, share)
    target = out if parts == 1 else device.empty((1, parts, out.size), out.dtype)
    given = (grad, x, target, np.int64(share), *sizes)
    device.launch(SOURCE, "depthwise_weight", out.dtype, (own, parts), 256, given)
    return target
