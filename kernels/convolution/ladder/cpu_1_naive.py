"""Rung 1: the definition, a number at a time. For each result a walk over all that its window sees.

Each step asks whether it is still inside the image, and jumps through memory. The top of the ladder copies images with
zeros around them, so that it never has to ask, and gathers what many windows see, to multiply it as a matrix.
"""

from ...jit import kernel, task
from ...share import share

ARRAY = "real[:, :, :, :, ::1]"


@kernel(f"in {ARRAY}, in {ARRAY}, in real[::1], in int64[::1], int64, out {ARRAY}")
def convolution(x, weight, bias, geometry, precision, out, threads):
    share(_channels, out.shape[0] * out.shape[1], threads, x, weight, bias, geometry, out)


@task
def _channels(first, last, x, weight, bias, geometry, out):
    stride, pad, space = geometry[:3], geometry[3:6], geometry[6:9]
    outputs, inputs = out.shape[1], weight.shape[1]
    for channel in range(first, last):
        n, o = channel // outputs, channel % outputs
        group = o // (outputs // geometry[9])
        for z in range(out.shape[2]):
            for y in range(out.shape[3]):
                for column in range(out.shape[4]):
                    total = bias[o] if bias.size else x.dtype.type(0)
                    for c in range(inputs):
                        for i in range(weight.shape[2]):
                            at_z = z * stride[0] - pad[0] + i * space[0]
                            for j in range(weight.shape[3]):
                                at_y = y * stride[1] - pad[1] + j * space[1]
                                for k in range(weight.shape[4]):
                                    at_x = column * stride[2] - pad[2] + k * space[2]
                                    inside = (
                                        0 <= at_z < x.shape[2] and 0 <= at_y < x.shape[3] and 0 <= at_x < x.shape[4]
                                    )
                                    if inside:
                                        total += weight[o, c, i, j, k] * x[n, group * inputs + c, at_z, at_y, at_x]
                    out[n, o, z, y, column] = total
