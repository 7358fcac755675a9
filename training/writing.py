"""Networks that write texts, one symbol after another: how they are trained, and how they write.

A text is a row of numbers, one for each of its symbols, characters or words; 0 is none of them, and what comes before
the first symbol and after the last. Such a network has three methods:

    forward((x, texts))    the logits (n, steps, symbols) of each text's next symbol, where x and those before are known
    read(x)                what there is to know of x, to begin with
    write(symbols, known)  the logits (n, symbols) after these symbols (n,), and what is known then
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import kernels
from .callbacks import Callback
from .clip import clip_grad_norm_
from .data import batches
from .trainer import Trainer


def numbered(texts: Sequence[Sequence[str]], symbols: Sequence[str]) -> np.ndarray:
    """Texts as numbers (n, longest), from 1 on, filled up with 0.

    Raises
    ------
    ValueError
        A text has a symbol that isn't one of `symbols`, or there are no texts.
    """
    places = {symbol: i + 1 for i, symbol in enumerate(symbols)}
    if not texts:
        raise ValueError("numbered: texts is empty, there must be at least one")
    if unknown := {symbol for text in texts for symbol in text} - set(places):
        raise ValueError(f"numbered: texts has the symbol {min(unknown)!r}, it must be one of {', '.join(places)}")
    rows = np.zeros((len(texts), max(map(len, texts))), np.int64)
    for row, text in zip(rows, texts):
        row[: len(text)] = [places[symbol] for symbol in text]
    return rows


def spelled(rows: np.ndarray, symbols: Sequence[str], between: str = "") -> list[str]:
    """The texts again, each up to its first 0."""
    ends = np.where((rows == 0).any(1), (rows == 0).argmax(1), rows.shape[1])
    return [between.join(symbols[int(i) - 1] for i in row[:end]) for row, end in zip(rows, ends)]


def before(texts: Any) -> Any:
    """What comes before each symbol: 0, then all but the last."""
    found = kernels.current().empty(texts.shape, texts.dtype)
    found[:, 0], found[:, 1:] = 0, texts[:, :-1]
    return found


def written(network: Any, x: np.ndarray, steps: int, batch_size: int = 1000) -> np.ndarray:
    """The texts (n, steps) that the network writes, each time the symbol that it thinks most probable."""
    backend, parts = kernels.current(), []
    for part in batches(len(x), batch_size):
        known = network.read(backend.from_numpy(x[part]))
        symbols, text = backend.from_numpy(np.zeros(len(part), np.int64)), []
        for _ in range(steps):
            logits, known = network.write(symbols, known)
            symbols = logits.argmax(-1)
            text.append(backend.to_numpy(symbols))
        parts.append(np.stack(text, 1))
    return np.concatenate(parts)


class Teacher(Trainer):
    """Trains such a network on batches (x, texts): each symbol is to be foretold from those that should come before,
    whatever the network would have written itself (teacher forcing: Williams and Zipser, 1989)."""

    def learn(self, batch):
        x, texts = (kernels.current().from_numpy(array) for array in batch)
        self.optimizer.zero_grad()
        logits, backward = self.network.forward((x, texts))
        loss, loss_backward = self.criterion.forward(logits.reshape(-1, logits.shape[-1]), texts.reshape(-1))
        backward(loss_backward().reshape(logits.shape), input_gradient=False)
        if self.clip_norm is not None:
            clip_grad_norm_(self.network.parameters(), self.clip_norm)
        self.optimizer.step()
        return loss, {}


class Examined(Callback):
    """After each epoch the network writes, and the share of texts without a mistake is the column val_exact."""

    def __init__(self, x: np.ndarray, texts: np.ndarray):
        self.x, self.texts = x, texts

    def on_epoch_end(self, trainer, row):
        row["val_exact"] = exact(written(trainer.evaluated, self.x, self.texts.shape[1]), self.texts)


def exact(found: np.ndarray, texts: np.ndarray) -> float:
    """The share of rows that are the same in every symbol."""
    return float((found == texts).all(1).mean())
