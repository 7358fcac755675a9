"""PyTorch (https://pytorch.org), eager, as its own tutorials train."""

from collections.abc import Callable
from typing import Any

import numpy as np

from .work import CHANNELS, CLASSES, HIDDEN, SIDE

PACKAGE, MODULE = "torch", "torch"


def make(network: str, parameters: list[np.ndarray], lr: float) -> tuple[Callable, Callable]:
    import torch

    nn: Any = torch.nn
    first, second = CHANNELS
    nets = {
        "mlp": lambda: (nn.Linear(SIDE * SIDE, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, CLASSES)),
        "cnn": lambda: (
            *(nn.Conv2d(1, first, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Conv2d(first, second, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Flatten(), nn.Linear(second * (SIDE // 4) ** 2, CLASSES)),
        ),
    }
    net = nn.Sequential(*nets[network]())
    net.load_state_dict({key: torch.tensor(value) for key, value in zip(net.state_dict(), parameters)})
    criterion, optimizer = nn.CrossEntropyLoss(), torch.optim.SGD(net.parameters(), lr=lr)

    def step(images: np.ndarray, labels: np.ndarray) -> float:
        optimizer.zero_grad()
        loss = criterion(net(torch.from_numpy(images)), torch.from_numpy(labels))
        loss.backward()
        optimizer.step()
        return loss.item()

    def scores(images: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            return net(torch.from_numpy(images)).numpy()

    return step, scores
