"""How good made images are: a judge, who has seen real ones only, and how much they differ."""

import numpy as np

from ... import layers, training
from . import cnn


def train_judge(real: np.ndarray, labels: np.ndarray, classes: int, epochs: int, batch_size: int, seed: int):
    """A classifier that has seen real images only."""
    layers.manual_seed(seed)
    judge = cnn.network(real.shape[-1], classes, (16, 32, 64))
    loader = training.DataLoader((real, labels), batch_size, shuffle=True, seed=seed)
    optimizer = training.AdamW(judge.parameters(), lr=4e-3)
    schedule = training.OneCycleLR(optimizer, 4e-3, epochs=epochs, steps_per_epoch=len(loader))
    trainer = training.Trainer(judge, layers.CrossEntropyLoss(), optimizer, schedule=schedule)
    trainer.fit(loader, epochs=epochs, report=False)
    return judge


def recognised(judge: layers.Module, made: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Of each class, the share of the images made for it that the judge takes for it."""
    right = training.predict(judge, made).argmax(1) == labels
    return np.array([right[labels == label].mean() for label in np.unique(labels)])


def deviation(pixels: np.ndarray, labels: np.ndarray) -> float:
    """How much images of one class differ: a pixel's standard deviation within a class, the mean of all."""
    return float(np.mean([pixels[labels == label].std(0) for label in np.unique(labels)]))
