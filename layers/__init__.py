"""Layers: PyTorch's names, arguments, defaults and parameter names, on the backend in use.

logits, backward = net.forward(images)      # training
backward(gradient)                          # adds into every parameter's .grad
prediction = net(images)                    # inference
"""

from .activations import GELU, LeakyReLU, LogSoftmax, ReLU, Sigmoid, Softmax, Tanh
from .initial import manual_seed
from .linear import Linear
from .losses import BCEWithLogitsLoss, CrossEntropyLoss, Loss, MSELoss
from .module import Module
from .parameter import Parameter
from .sequential import Sequential
from .shape import Flatten, Identity

__all__ = [
    "GELU",
    "BCEWithLogitsLoss",
    "CrossEntropyLoss",
    "Flatten",
    "Identity",
    "LeakyReLU",
    "Linear",
    "LogSoftmax",
    "Loss",
    "MSELoss",
    "Module",
    "Parameter",
    "ReLU",
    "Sequential",
    "Sigmoid",
    "Softmax",
    "Tanh",
    "manual_seed",
]
