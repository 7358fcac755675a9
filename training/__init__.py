"""Training: optimizers, schedules, data, the loop around them, checkpoints; recipes/ puts them together."""

from .checkpoint import load as load_checkpoint
from .checkpoint import save as save_checkpoint
from .clip import clip_grad_norm_, clip_grad_value_
from .data import Dataset, Part, batches, load
from .metrics import accuracy
from .optimizers import (
    ASGD,
    SGD,
    Adadelta,
    Adagrad,
    Adam,
    Adamax,
    AdamW,
    AdamWScheduleFree,
    Ftrl,
    Lamb,
    Lion,
    NAdam,
    Optimizer,
    RAdam,
    RMSprop,
    Rprop,
    SparseAdam,
)
from .schedules import OneCycleLR
from .trainer import Epoch, evaluate, fit, predict

__all__ = [
    "ASGD",
    "SGD",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "AdamWScheduleFree",
    "Adamax",
    "Dataset",
    "Epoch",
    "Ftrl",
    "Lamb",
    "Lion",
    "NAdam",
    "OneCycleLR",
    "Optimizer",
    "Part",
    "RAdam",
    "RMSprop",
    "Rprop",
    "SparseAdam",
    "accuracy",
    "batches",
    "clip_grad_norm_",
    "clip_grad_value_",
    "evaluate",
    "fit",
    "load",
    "load_checkpoint",
    "predict",
    "save_checkpoint",
]
