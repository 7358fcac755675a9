"""Layers: PyTorch's names, arguments, defaults and parameter names, on the backend in use.

logits, backward = net.forward(images)      # training
backward(gradient)                          # adds into every parameter's .grad
prediction = net(images)                    # inference
"""

from .activations import GELU, LeakyReLU, LogSoftmax, ReLU, Sigmoid, Softmax, Tanh
from .initial import manual_seed
from .linear import Linear
from .losses import (
    BCELoss,
    BCEWithLogitsLoss,
    BinaryFocalCrossentropy,
    CategoricalFocalCrossentropy,
    CategoricalGeneralizedCrossEntropy,
    CategoricalHinge,
    CosineEmbeddingLoss,
    CosineSimilarityLoss,
    CrossEntropyLoss,
    GaussianNLLLoss,
    Hinge,
    HingeEmbeddingLoss,
    HuberLoss,
    KLDivLoss,
    L1Loss,
    LogCosh,
    Loss,
    MarginRankingLoss,
    MeanAbsolutePercentageError,
    MeanSquaredLogarithmicError,
    MSELoss,
    MultiLabelMarginLoss,
    MultiLabelSoftMarginLoss,
    MultiMarginLoss,
    NLLLoss,
    Poisson,
    PoissonNLLLoss,
    SmoothL1Loss,
    SoftMarginLoss,
    SquaredHinge,
    TripletMarginLoss,
    TripletMarginWithDistanceLoss,
)
from .module import Module
from .parameter import Parameter
from .sequential import Sequential
from .shape import Flatten, Identity

__all__ = [
    "GELU",
    "BCELoss",
    "BCEWithLogitsLoss",
    "BinaryFocalCrossentropy",
    "CategoricalFocalCrossentropy",
    "CategoricalGeneralizedCrossEntropy",
    "CategoricalHinge",
    "CosineEmbeddingLoss",
    "CosineSimilarityLoss",
    "CrossEntropyLoss",
    "Flatten",
    "GaussianNLLLoss",
    "Hinge",
    "HingeEmbeddingLoss",
    "HuberLoss",
    "Identity",
    "KLDivLoss",
    "L1Loss",
    "LeakyReLU",
    "Linear",
    "LogCosh",
    "LogSoftmax",
    "Loss",
    "MSELoss",
    "MarginRankingLoss",
    "MeanAbsolutePercentageError",
    "MeanSquaredLogarithmicError",
    "Module",
    "MultiLabelMarginLoss",
    "MultiLabelSoftMarginLoss",
    "MultiMarginLoss",
    "NLLLoss",
    "Parameter",
    "Poisson",
    "PoissonNLLLoss",
    "ReLU",
    "Sequential",
    "Sigmoid",
    "SmoothL1Loss",
    "SoftMarginLoss",
    "Softmax",
    "SquaredHinge",
    "Tanh",
    "TripletMarginLoss",
    "TripletMarginWithDistanceLoss",
    "manual_seed",
]
