"""Optimizers: PyTorch's names, arguments and defaults; a step is one kernel over all parameters of a group.

Unlike in PyTorch, a parameter that got no gradient has a gradient of zero: momentum and weight decay still move it.
"""

from .adafactor import Adafactor
from .adagrad import Adadelta, Adagrad
from .adam import Adam, Adamax, AdamW, NAdam, RAdam, SparseAdam
from .averaging import ASGD, AdamWScheduleFree
from .base import Group, Optimizer
from .ftrl import Ftrl
from .lamb import Lamb
from .lbfgs import LBFGS
from .multi import MultiOptimizer
from .muon import Muon
from .rmsprop import RMSprop
from .sgd import SGD
from .signs import Lion, Rprop

__all__ = [
    "ASGD",
    "LBFGS",
    "SGD",
    "Adadelta",
    "Adafactor",
    "Adagrad",
    "Adam",
    "AdamW",
    "AdamWScheduleFree",
    "Adamax",
    "Ftrl",
    "Group",
    "Lamb",
    "Lion",
    "MultiOptimizer",
    "Muon",
    "NAdam",
    "Optimizer",
    "RAdam",
    "RMSprop",
    "Rprop",
    "SparseAdam",
]
