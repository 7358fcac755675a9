"""Losses as objects: made once with their options, then called with an input and a target.

loss, backward = criterion.forward(logits, labels)      grad_logits = backward()
"""

from .base import Loss
from .binary import (
    BCELoss,
    BCEWithLogitsLoss,
    BinaryFocalCrossentropy,
    Hinge,
    HingeEmbeddingLoss,
    SoftMarginLoss,
    SquaredHinge,
)
from .classification import (
    CategoricalFocalCrossentropy,
    CategoricalGeneralizedCrossEntropy,
    CategoricalHinge,
    CrossEntropyLoss,
    MultiLabelMarginLoss,
    MultiLabelSoftMarginLoss,
    MultiMarginLoss,
    NLLLoss,
)
from .linear import LinearCrossEntropyLoss
from .pairs import (
    CosineEmbeddingLoss,
    CosineSimilarityLoss,
    MarginRankingLoss,
    TripletMarginLoss,
    TripletMarginWithDistanceLoss,
)
from .regression import (
    GaussianNLLLoss,
    HuberLoss,
    KLDivLoss,
    L1Loss,
    LogCosh,
    MeanAbsolutePercentageError,
    MeanSquaredLogarithmicError,
    MSELoss,
    Poisson,
    PoissonNLLLoss,
    SmoothL1Loss,
)
from .sequences import CTCLoss
from .sets import Circle, Dice, Tversky

__all__ = [
    "BCELoss",
    "BCEWithLogitsLoss",
    "BinaryFocalCrossentropy",
    "CTCLoss",
    "CategoricalFocalCrossentropy",
    "CategoricalGeneralizedCrossEntropy",
    "CategoricalHinge",
    "Circle",
    "CosineEmbeddingLoss",
    "CosineSimilarityLoss",
    "CrossEntropyLoss",
    "Dice",
    "GaussianNLLLoss",
    "Hinge",
    "HingeEmbeddingLoss",
    "HuberLoss",
    "KLDivLoss",
    "L1Loss",
    "LinearCrossEntropyLoss",
    "LogCosh",
    "Loss",
    "MSELoss",
    "MarginRankingLoss",
    "MeanAbsolutePercentageError",
    "MeanSquaredLogarithmicError",
    "MultiLabelMarginLoss",
    "MultiLabelSoftMarginLoss",
    "MultiMarginLoss",
    "NLLLoss",
    "Poisson",
    "PoissonNLLLoss",
    "SmoothL1Loss",
    "SoftMarginLoss",
    "SquaredHinge",
    "TripletMarginLoss",
    "TripletMarginWithDistanceLoss",
    "Tversky",
]
