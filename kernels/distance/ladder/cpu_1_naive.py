"""Rung 1: the definition, three loops. The sum is a chain of additions that each wait for the one before, and the
functions are computed a number at a time."""

import math

from ...jit import kernel, task
from ...share import share
from ..cpu import ARGUMENTS


@kernel(ARGUMENTS)
def distance(x, centres, widths, function, distances, y, threads):
    share(_rows, y.shape[0], threads, x, centres, widths, function, distances, y)


@task
def _rows(first, last, x, centres, widths, function, distances, y):
    for i in range(first, last):
        for j in range(y.shape[1]):
            u = y.dtype.type(0)
            for k in range(x.shape[1]):
                d = x[i, k] - centres[j, k]
                u += d * d
            if distances.size:
                distances[i, j] = u
            if widths.size:
                u = u / widths[j] / widths[j]
            if function == 1:
                u = math.exp(-u)
            elif function == 2:
                u = math.sqrt(1 + u)
            elif function == 3:
                u = 1 / math.sqrt(1 + u)
            elif function == 4 and u != 0:
                u = y.dtype.type(0.5) * u * math.log(u)
            y[i, j] = u
