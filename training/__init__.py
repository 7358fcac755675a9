"""Training: optimizers, schedules, data, the loop around them, checkpoints; recipes/ puts them together."""

from .average import AveragedModel
from .callbacks import Callback, EarlyStopping
from .capture import capture
from .checkpoint import load as load_checkpoint
from .checkpoint import save as save_checkpoint
from .clip import clip_grad_norm_, clip_grad_value_
from .data import Dataset, Part, batches, load
from .inference import evaluate, predict
from .k_means import Clusters, k_means
from .loader import DataLoader
from .logs import CSVLogger, TensorBoard
from .metrics import accuracy, confusion_matrix, f1, precision, recall, top_k_accuracy
from .optimizers import (
    ASGD,
    LBFGS,
    SGD,
    Adadelta,
    Adafactor,
    Adagrad,
    Adam,
    Adamax,
    AdamW,
    AdamWScheduleFree,
    Ftrl,
    Lamb,
    Lion,
    MultiOptimizer,
    Muon,
    NAdam,
    Optimizer,
    RAdam,
    RMSprop,
    Rprop,
    SparseAdam,
)
from .ridge import ridge
from .scaler import GradScaler
from .schedules import (
    ChainedScheduler,
    ConstantLR,
    CosineAnnealingLR,
    CosineAnnealingWarmRestarts,
    CyclicLR,
    ExponentialLR,
    LambdaLR,
    LinearLR,
    LRScheduler,
    MultiplicativeLR,
    MultiStepLR,
    OneCycleLR,
    PolynomialLR,
    ReduceLROnPlateau,
    SequentialLR,
    StepLR,
)
from .state import load_state, save_state
from .text import Streams, Text
from .trainer import Trainer

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
    "AveragedModel",
    "CSVLogger",
    "Callback",
    "ChainedScheduler",
    "Clusters",
    "ConstantLR",
    "CosineAnnealingLR",
    "CosineAnnealingWarmRestarts",
    "CyclicLR",
    "DataLoader",
    "Dataset",
    "EarlyStopping",
    "ExponentialLR",
    "Ftrl",
    "GradScaler",
    "LRScheduler",
    "Lamb",
    "LambdaLR",
    "LinearLR",
    "Lion",
    "MultiOptimizer",
    "MultiStepLR",
    "MultiplicativeLR",
    "Muon",
    "NAdam",
    "OneCycleLR",
    "Optimizer",
    "Part",
    "PolynomialLR",
    "RAdam",
    "RMSprop",
    "ReduceLROnPlateau",
    "Rprop",
    "SequentialLR",
    "SparseAdam",
    "StepLR",
    "Streams",
    "TensorBoard",
    "Text",
    "Trainer",
    "accuracy",
    "batches",
    "capture",
    "clip_grad_norm_",
    "clip_grad_value_",
    "confusion_matrix",
    "evaluate",
    "f1",
    "k_means",
    "load",
    "load_checkpoint",
    "load_state",
    "precision",
    "predict",
    "recall",
    "ridge",
    "save_checkpoint",
    "save_state",
    "top_k_accuracy",
]
