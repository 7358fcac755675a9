"""Launches of updates: arrays, then numbers and flags, over all elements."""

from collections.abc import Callable

import numpy as np

from .. import capture, cuda


def update(source: cuda.Source, name: str, arrays: int) -> Callable[..., None]:
    """The launch of the kernel of that name, whose first arguments are so many arrays."""

    def launch(device, *arguments):
        parameter, real = arguments[0], arguments[0].dtype.type
        numbers = tuple(np.int32(x) if isinstance(x, bool) else real(x) for x in arguments[arrays:])
        held = capture.held(device, numbers, arguments[:arrays])
        width = 16 // parameter.itemsize  # as in each.cuh
        cuda.elementwise(device, source, name, parameter.size, *arguments[:arrays], *numbers, held, at_once=width)

    return launch
