"""A recurrent network that forecasts next year's sunspots from those of the last 24 years.

    24 years, one by one ──► LSTM, 48 ──► its last state ──► Dropout ──► Linear ──► the next year

"""

import argparse
from typing import Any

import numpy as np

from ... import layers, training
from ..arguments import add_options, choose_backend, chosen_settings, leave, output_directory
from ..picture import INK, QUIET, RIGHT, WRONG, curves, draw, plain
from ..series import autoregression, forecast, rmse, seasonal, sunspots, windows
from ..trainer import BEST

SETTINGS = {"sunspots": {"epochs": 60, "batch_size": 32, "lr": 3e-3, "weight_decay": 0.01}}
LAST_TRAINING, LAST_VALIDATION = 1920, 1955
WINDOW, HIDDEN, DROPOUT = 24, 48, 0.2
ORDER, PERIOD = 9, 11  # of the autoregression; of the sun, in years
AHEAD = 2 * PERIOD
CELLS = {"lstm": layers.LSTM, "gru": layers.GRU}
SHOWN = np.array([0, 10, 50, 100, 150, 200])  # numbers of sunspots at the axis


class Forecaster(layers.Module):
    """The next number (n, 1) after each of the sequences (n, steps, 1)."""

    def __init__(self, cell: str = "lstm", hidden: int = HIDDEN, dropout: float = DROPOUT):
        self.recurrent = CELLS[cell](1, hidden, batch_first=True)
        self.head = layers.Sequential(layers.Dropout(dropout), layers.Linear(hidden, 1))

    def __call__(self, x):
        return self.head(self.recurrent(x)[0][:, -1])

    def forward(self, x):
        (_, state), recurrent_backward = self.recurrent.forward(x)
        pair = isinstance(state, tuple)  # an LSTM's, (h, c)
        h = state[0] if pair else state
        y, head_backward = self.head.forward(h[0])

        def backward(grad, input_gradient=True):
            grad_h = head_backward(grad)[None]
            return recurrent_backward(None, (grad_h, None) if pair else grad_h, input_gradient)[0]

        return y, backward


def divided(values: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """Windows, and the year after each, of the training, validation and test years."""
    return []


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_options(parser, "lstm", tuple(SETTINGS))


def run(arguments: argparse.Namespace, recipe: str = "lstm") -> dict[str, Any]:
    """Train, test, and write model.safetensors, metrics.json, training.png; last.safetensors, to go on from; and
    best.safetensors, which becomes the model."""
    settings = chosen_settings(arguments, SETTINGS)
    backend = choose_backend(arguments.backend)
    out = output_directory(arguments.out, f"{recipe}-{arguments.data}")
    years, numbers = sunspots()
    roots = np.sqrt(numbers)
    ends = [int(np.searchsorted(years, last, "right")) for last in (LAST_TRAINING, LAST_VALIDATION)]
    mean, deviation = roots[: ends[0]].mean(), roots[: ends[0]].std()

    def samples(part):
        x, target = windows(((part - mean) / deviation).astype(np.float32), WINDOW)
        return x[..., None], target

    train = training.DataLoader(samples(roots[: ends[0]]), settings["batch_size"], shuffle=True, seed=arguments.seed)
    validation = samples(roots[ends[0] - WINDOW : ends[1]])
    unseen = roots[ends[1] - WINDOW :]  # and what is known before them

    layers.manual_seed(arguments.seed)
    net = Forecaster(recipe)
    optimizer = training.AdamW(net.parameters(), lr=settings["lr"], weight_decay=settings["weight_decay"])
    schedule = training.OneCycleLR(optimizer, settings["lr"], epochs=settings["epochs"], steps_per_epoch=len(train))
    trainer = training.Trainer(net, layers.MSELoss(), optimizer, schedule=schedule, monitor="val_loss")

    size = sum(parameter.size for parameter in net.parameters())
    print(f"{recipe} on {arguments.data}, backend {backend.name}: {size:,} parameters, {net}")
    history = trainer.fit(train, validation, epochs=settings["epochs"], directory=out, resume=arguments.resume)
    best_epoch = training.load_checkpoint(out / BEST, net)["epoch"]

    def network(pasts):
        x = ((pasts - mean) / deviation).astype(np.float32)
        return training.predict(net, x[..., None])[:, 0].astype(np.float64) * deviation + mean

    forecasters = {
        "network": network,
        "autoregression": autoregression(roots[: ends[0]], ORDER),
        "seasonal": seasonal(PERIOD),
    }
    pasts, after = windows(unseen, WINDOW)
    errors = {name: float(rmse(one(pasts), after[:, 0])) for name, one in forecasters.items()}
    print(errors, best_epoch, trainer.best**.5 * deviation)
    return errors
