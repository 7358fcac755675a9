"""The norm in NumPy: its definition."""

import numpy as np


def vector_norm(x, ord):
    return np.array([np.linalg.norm(x, ord)])
