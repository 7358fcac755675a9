"""Optimizers: PyTorch's names, arguments and defaults; a step is one kernel over all parameters of a group.

Unlike in PyTorch, a parameter that got no gradient has a gradient of zero: momentum and weight decay still move it.
"""

from .adam import Adam, AdamW
from .base import Group, Optimizer
from .rmsprop import RMSprop
from .sgd import SGD

__all__ = ["SGD", "Adam", "AdamW", "Group", "Optimizer", "RMSprop"]
