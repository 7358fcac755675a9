"""A transformer that learns to write Python, a character at a time: the text and the test of the recipe `charlm`.

    character ──► Embedding ──► 4 × [ attention to the characters before ──► two layers for each ] ──► Linear ──► scores
                                      norms before both, and ways around them

Each character sees itself and those before it, up to 127, by 4 heads of attention in each of 4 layers. Where it stands
is in how queries and keys are turned. In training all of a piece are foretold at once; in writing each is a new row,
and the keys and values of those before are kept.

With the defaults, on seed 0 and the library of Python 3.11.7, it needs 1.749 bits per character of the test text: less
than a Kneser–Ney model of the last 4 characters (1.796), more than one of the last 5 (1.697), and 0.121 more than
`charlm`, which takes as long to train: 163 s on two cores.

Sources: Vaswani et al., Attention Is All You Need, arXiv:1706.03762; Radford et al., Language Models are Unsupervised
Multitask Learners, 2019 (the decoder alone, norms first); Su et al., RoFormer, arXiv:2104.09864 (rotary positions).
"""

import argparse
from typing import Any

import numpy as np

from ... import kernels, layers, training
from ..arguments import add_options, choose_backend, chosen_settings, leave, output_directory
from ..picture import draw, images
from ..text import ALPHABET, Streams, encoded, library
from ._language import DATA, NAT, Judged, PerCharacter, bands, outcome, warm_cosine, written

SETTINGS = {
    "library": {"epochs": 4, "batch_size": 16, "lr": 3e-3},
    "small": {"epochs": 2, "batch_size": 16, "lr": 3e-3},
}
STEPS = {"library": 500, "small": 40}  # of an epoch, which isn't all of the text
LENGTH = 128  # of the pieces
GROUPS = {"library": 16, "small": 4}  # of pieces that follow each other
WARM = 100  # steps in which the rate rises, a tenth of all at most
WIDTH, DEPTH, HEADS = 128, 4, 4
SEEN = 32 * 2048  # characters of the validation text, after each epoch
WRITTEN = 1500
MAPPED = 48  # characters whose attention is shown


class Network(layers.Module):
    """Scores (n, T, characters) of what comes after each of the characters (n, T)."""

    def __init__(
        self, characters: int = len(ALPHABET), width: int = WIDTH, depth: int = DEPTH, heads: int = HEADS, dropout=0.0
    ):
        options: Any = {"activation": "gelu", "batch_first": True, "norm_first": True, "rotary": 10_000}
        layer = layers.TransformerEncoderLayer(width, heads, 4 * width, dropout, **options)
        self.embedding = layers.Embedding(characters, width)
        self.decoder = layers.TransformerEncoder(layer, depth, layers.LayerNorm(width))
        self.head = layers.Linear(width, characters)
        for parameter in self.decoder.parameters():
            if len(parameter.shape) == 2:
                layers.init.xavier_uniform_(parameter)  # each layer anew: they are copies of one
        for parameter in (self.embedding.weight, self.head.weight):
            layers.init.normal_(parameter, std=0.02)

    def __call__(self, x, cache=None):  # type: ignore[override]
        return self.head(self.decoder(self.embedding(x), is_causal=True, cache=cache))

    def forward(self, x):
        e, embedding_backward = self.embedding.forward(x)
        h, decoder_backward = self.decoder.forward(e, is_causal=True)
        scores, head_backward = self.head.forward(h)

        def backward(grad, input_gradient=True):
            embedding_backward(decoder_backward(head_backward(grad)))

        return scores, backward

    def attention(self, x):
        """Of a single text (1, T), how much each character (row) looks at which (column): layers · heads, T, T."""
        x, found = self.embedding(x), []
        for layer in self.decoder.layers:
            rows = layer.norm1(x)  # type: ignore[attr-defined]
            options: Any = {"is_causal": True, "average_attn_weights": False}
            found += [*layer.self_attn(rows, rows, rows, **options)[1][0]]  # type: ignore[attr-defined]
            x = layer(x, is_causal=True)  # type: ignore[call-arg]
        return found


def measured(network: Any, text: np.ndarray) -> float:
    """Bits per character of a text, each foretold from the 64 to 127 before it; but from fewer where it begins."""
    backend, criterion, half = kernels.current(), PerCharacter(), LENGTH // 2
    windows = np.lib.stride_tricks.sliding_window_view(text, LENGTH + 1)[::half].astype(np.int64)

    def loss(chosen, places):
        x, target = chosen[:, :-1], np.ascontiguousarray(chosen[:, 1:][:, places])
        return float(criterion(network(backend.from_numpy(x))[:, places], backend.from_numpy(target))) * target.size

    total = loss(windows[:1], slice(0, half))
    for first in range(0, len(windows), 64):
        total += loss(windows[first : first + 64], slice(half, LENGTH))
    return total / (half * (len(windows) + 1)) * NAT


def writer(network: Any):
    """A function for `written`: the state is the cache, and what it holds. If that becomes longer than what the network
    has learned from, it is begun anew with its later half."""

    def next_one(new, state):
        cache, seen = (layers.KeyValueCache(), new[:0]) if state is None else state
        seen = np.append(seen, new)
        if len(cache) + len(new) > LENGTH:
            cache, new = layers.KeyValueCache(), seen[-LENGTH // 2 :]
        scores = network(kernels.current().from_numpy(new[None]), cache)
        return scores[0, -1], (cache, seen)

    return next_one


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_options(parser, "gpt", tuple(SETTINGS))


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Train, test, and write model.safetensors, metrics.json, training.png; and last.safetensors, to go on from."""
    settings = chosen_settings(arguments, SETTINGS)
    backend = choose_backend(arguments.backend)
    out = output_directory(arguments.out, f"gpt-{arguments.data}")
    text = library(DATA[arguments.data][0])
    train = Streams(text.train, settings["batch_size"], LENGTH, STEPS[arguments.data], GROUPS[arguments.data])

    layers.manual_seed(arguments.seed)
    net = Network()
    optimizer = training.AdamW(net.parameters(), lr=settings["lr"], betas=(0.9, 0.98))
    trainer = training.Trainer(
        net,
        PerCharacter(),
        optimizer,
        schedule=training.LambdaLR(optimizer, warm_cosine(WARM, settings["epochs"] * len(train))),
        clip_norm=1.0,
        callbacks=[Judged(measured, text.validation[: SEEN + 1])],
    )
    size = sum(parameter.size for parameter in net.parameters())
    print(f"gpt on {arguments.data}, backend {backend.name}: {size:,} parameters, {DEPTH} layers of width {WIDTH}")
    print(f"{len(text.train):,} characters to learn, {len(text.test):,} to be tested by")
    history = trainer.fit(train, epochs=settings["epochs"], directory=out, resume=arguments.resume)
    found = measured(net, text.test), written(writer(net), WRITTEN, arguments.seed)
    result = outcome("gpt", arguments, settings, text, *found, history)
    shown = result["written"][:MAPPED]
    maps = net.attention(backend.from_numpy(encoded(shown).astype(np.int64)[None]))
    picture(out / "training.png", result, history, shown, [backend.to_numpy(one) for one in maps])
    return leave(out, net, result, history)


def picture(path, result, history, shown, maps) -> None:
    """What `bands` shows, and where each head of attention looks."""
    heading = f"Which characters (columns) each (row) of {shown!r} looks at".replace("$", r"\$")
    titles = [f"layer {number // HEADS + 1}, head {number % HEADS + 1}" for number in range(len(maps))]
    grid = images(heading, np.sqrt(maps), maps[0].shape, titles, columns=2 * HEADS)  # roots, to see faint ones
    title = f"gpt on {result['data']}: {result['bits']:.3f} bits per character"
    draw(path, title, [*bands(history, result, result["written"]), grid])


def main(arguments: list[str] | None = None) -> dict[str, Any]:
    parser = argparse.ArgumentParser(description="Train a transformer to write Python.")
    add_arguments(parser)
    return run(parser.parse_args(arguments))


if __name__ == "__main__":
    main()
