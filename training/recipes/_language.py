"""What the recipes of language models share: their loss, what they are measured by, what they write, the picture."""

import argparse
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ... import kernels, layers
from ..callbacks import Callback
from ..kneser_ney import kneser_ney
from ..picture import INK, QUIET, RIGHT, WRONG, Band, curves, plain
from ..text import ALPHABET, Text, decoded, encoded

# Characters of training text, and the highest order of the models that count.
DATA = {"library": (8_000_000, 14), "small": (200_000, 6)}
ORDER = 5  # of the model to be beaten
BEGIN = "\n\n\ndef "
TEMPERATURE = 0.5
SHOWN = 80  # characters of a line of the picture; longer ones are broken
NAT = 1 / math.log(2)  # in bits


class PerCharacter(layers.CrossEntropyLoss):
    """The mean over all characters: the scores have one axis more than these."""

    def __call__(self, scores, target):  # type: ignore[override]
        return super().__call__(scores.reshape(-1, scores.shape[-1]), target.reshape(-1))

    def forward(self, scores, target):  # type: ignore[override]
        loss, backward = super().forward(scores.reshape(-1, scores.shape[-1]), target.reshape(-1))
        return loss, lambda: backward().reshape(scores.shape)


def warm_cosine(warm: int, steps: int) -> Callable[[int], float]:
    """A rate's factor: it rises in the first steps, of whose gradients Adam knows little yet, and falls to 0."""
    warm = min(warm, -(-steps // 10))
    return lambda t: min((t + 1) / warm, 1) * (1 + math.cos(math.pi * min(t / steps, 1))) / 2


class Judged(Callback):
    """After each epoch, the bits per character: of the training text as it was learned, and of a validation text.

    measured(network, text) → bits per character.
    """

    def __init__(self, measured: Callable[[Any, np.ndarray], float], text: np.ndarray):
        self.measured, self.text = measured, text

    def on_epoch_end(self, trainer, row):
        row["bits"], row["val_bits"] = row["loss"] * NAT, self.measured(trainer.network, self.text)


def counting(text: Text, data: str) -> list[float]:
    """Bits per character of the test text by Kneser–Ney models of order 1, 2, …"""
    found = kneser_ney(text.train, text.test, DATA[data][1], len(ALPHABET))
    return [float(-np.log2(p[1:]).mean()) for p in found]  # networks aren't asked for the first one, either


def written(model: Any, length: int, seed: int) -> str:
    """Text drawn from a model, a character at a time.

    model(new characters, state) → the scores of the next one, and the new state, of all characters so far. Scores
    are divided by a temperature: the lower it is, the more often the likeliest is drawn.
    """
    rng = np.random.Generator(np.random.Philox(seed))
    places, state, new = [], None, encoded(BEGIN).astype(np.int64)
    while len(places) < length:
        places += new.tolist()
        scores, state = model(new, state)
        scores = kernels.current().to_numpy(scores).astype(np.float64) / TEMPERATURE
        shares = np.cumsum(np.exp(scores - scores.max()))
        new = np.searchsorted(shares, rng.uniform(0, shares[-1], 1), "right")
    return decoded(places).strip("\n")


def outcome(
    recipe: str,
    arguments: argparse.Namespace,
    settings: dict[str, Any],
    text: Text,
    bits: float,
    written: str,
    history: list[dict[str, Any]],
) -> dict[str, Any]:
    """What a recipe leaves in metrics.json, but for the paths; the main part is printed."""
    result = {
        "recipe": recipe,
        "data": arguments.data,
        "text": text.sha256,
        "backend": kernels.current().name,
        "seed": arguments.seed,
        **settings,
        "bits": bits,
        "kneser_ney": counting(text, arguments.data),
        "written": written,
        "seconds": sum(row["seconds"] for row in history),
    }
    print(f"{written}\n\n{verdict(result)}; after {result['seconds']:.1f} s of training")
    return result


def verdict(result: dict[str, Any]) -> str:
    """One sentence of how good it is."""
    bits, counts = result["bits"], result["kneser_ney"]
    others = ", ".join(f"{other:.3f} (order {order})" for order, other in enumerate(counts, 1) if order >= ORDER)
    better = next(
        (f"better from order {order} on" for order, other in enumerate(counts, 1) if other < bits), "no better"
    )
    return f"{bits:.3f} bits per character of the test text; Kneser–Ney models need {others}: {better}"


def bands(history: list[dict[str, Any]], result: dict[str, Any], text: str) -> list[Band]:
    """How it went, how good it is beside models that count, and what it writes."""
    bits, counts = result["bits"], result["kneser_ney"]

    def top(figure):
        loss, beside = figure.subplots(1, 2)
        curves(loss, history, "bits")
        loss.lines[1].set_label("validation")
        loss.legend(frameon=False, labelcolor="linecolor", fontsize=8)
        orders = range(1, len(counts) + 1)
        beside.bar(orders, counts, color=[WRONG if other < bits else QUIET for other in counts])
        beside.axhline(bits, color=RIGHT, label=result["recipe"])
        beside.set_xticks(orders)
        beside.set_ylim(min(bits, *counts) * 0.8, counts[1])
        beside.set_xlabel("order of the Kneser–Ney model", color=QUIET)
        beside.legend(frameon=False, labelcolor="linecolor", fontsize=8)
        plain(beside, "bits per character of the test text")

    lines = [line[at : at + SHOWN] for line in text.split("\n") for at in range(0, max(len(line), 1), SHOWN)]
    half = -(-len(lines) // 2)

    def code(figure):
        heading = f'After "def ", drawn a character at a time at a temperature of {TEMPERATURE}'
        figure.suptitle(heading, color=INK, fontsize=10, x=0.01, ha="left")
        for axes, part in zip(figure.subplots(1, 2), (lines[:half], lines[half:])):
            axes.axis("off")
            shown = "\n".join(part).replace("$", r"\$")
            axes.text(0, 1, shown, family="monospace", fontsize=6.5, color=INK, va="top", transform=axes.transAxes)

    return [(3.2, top), (0.5 + 0.125 * half, code)]
