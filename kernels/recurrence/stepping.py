"""What the definitions of the recurrent networks share.

An argument of size 0 isn't there: a bias or a state of zeros.
"""

import numpy as np


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def or_zeros(x, *shape):
    return x.reshape(shape) if x.size else np.zeros(shape, x.dtype)


def walk(steps, lengths, reverse):
    """Each step, and which rows it counts for, as a column."""
    for t in reversed(range(steps)) if reverse else range(steps):
        yield t, (t < lengths)[:, None]
