"""A recurrent network that learns to write Python, a character at a time, from Python's own standard library.

    character ──► Embedding, 96 ──► LSTM, 256 ──► Linear ──► a score for each character that may come next
                                     ▲    │
                                     └────┘ its state

The text is cut into 256 streams, and a step learns from 64 characters of 32 of them, which take turns. The state of a
stream goes on from its last step to its next, but not the way back: so the network may remember what is far behind,
though it learns only from what is near.

It is measured by the bits that it needs for a character of files it hasn't seen: −log₂ of the probability that it
gave the right one. Beside it stand models that count what came after the last characters, in the same text. With the
defaults, on seed 0 and the library of Python 3.11.7:

    charlm                                     1.628 bits of the test text
    Kneser–Ney, of the last 4 characters       1.796
                of the last 5, 6, 9, 13        1.697, 1.633, 1.542, 1.498

So it is ahead of those that look 6 characters back, and behind those that look 7 back or more: they hold the whole
text, it 400,000 numbers. Each piece of text was seen 1.9 times, in 163 s on two cores.

Sources: Hochreiter and Schmidhuber, Long Short-Term Memory, 1997; Williams and Peng, An Efficient Gradient-Based
Algorithm for On-Line Training of Recurrent Network Trajectories, 1990 (truncated back-propagation through time).
"""

import argparse
from typing import Any

import numpy as np

from ... import kernels, layers, training
from ...layers.linear import linear_back
from ...layers.steps import NAMES, walk
from ..arguments import add_options, choose_backend, chosen_settings, leave, output_directory
from ..picture import draw
from ..text import ALPHABET, Streams, library
from ._language import DATA, NAT, Judged, PerCharacter, bands, outcome, warm_cosine, written

SETTINGS = {
    "library": {"epochs": 14, "batch_size": 32, "lr": 4e-3},
    "small": {"epochs": 2, "batch_size": 32, "lr": 4e-3},
}
STEPS = {"library": 500, "small": 40}  # of an epoch, which isn't all of the text
LENGTH = 64  # of the pieces
GROUPS = {"library": 8, "small": 2}  # of streams
WARM = 100  # steps in which the rate rises, a tenth of all at most
LONGEST = 1.0  # norm of all gradients together
EMBEDDING, HIDDEN = 96, 256
SEEN = 64 * 2048  # characters of the validation text, after each epoch
WRITTEN = 1500


class Network(layers.Module):
    """Scores (T, n, characters) of what comes after each of the characters (T, n), and the LSTM's state."""

    def __init__(self, characters: int = len(ALPHABET), embedding: int = EMBEDDING, hidden: int = HIDDEN):
        self.embedding = layers.Embedding(characters, embedding)
        self.lstm = layers.LSTM(embedding, hidden)
        self.head = layers.Linear(hidden, characters)
        self.lstm.bias_hh_l0.data[hidden : 2 * hidden] = 1  # type: ignore[attr-defined]  # at first it forgets little

    def __call__(self, x, state=None):  # type: ignore[override]
        h, state = self.lstm(self.embedding(x), state)
        return self.head(h), state

    def forward(self, x, state=None):  # type: ignore[override]
        # What a character adds to the gates is made once for each of the 97, rather than for each of 2,048 places.
        lstm: Any = self.lstm
        table, parameters = self.embedding.weight, {name: getattr(lstm, f"{name}_l0") for name in NAMES}
        weight = parameters["weight_ih"]
        added = kernels.linear(table.data, weight.data, parameters["bias_ih"].data)
        states = [None, None] if state is None else [one[0] for one in state]
        h, ends, walk_backward = walk("lstm", kernels.embedding(x, added), parameters, states, {}, True)
        scores, head_backward = self.head.forward(h)

        def backward(grad, input_gradient=True):
            grad_gates, bias, _ = walk_backward(head_backward(grad), (None, None))
            grad_added = kernels.embedding_backward(grad_gates, x, added)
            table.add_grad(linear_back(grad_added, table.data, weight, bias))

        return (scores, tuple(one[None] for one in ends)), backward


class Carried(training.Callback):
    """The states that the last steps have left, one for each group of streams; in checkpoints, too.

    At the end of the text they aren't forgotten: what they meet then is one more file.
    """

    def __init__(self, groups: int):
        self.states: list[Any] = [None] * groups

    def state_dict(self):
        to_numpy = kernels.current().to_numpy
        return {str(k): [*map(to_numpy, state)] for k, state in enumerate(self.states) if state is not None}

    def load_state_dict(self, state_dict):
        for k, state in state_dict.items():
            self.states[int(k)] = tuple(map(kernels.current().from_numpy, state))


class Truncated(training.Trainer):
    """Learns from pieces whose state is that which the pieces before have left."""

    def __init__(self, network: Network, lr: float, steps: int, groups: int, *callbacks: training.Callback):
        optimizer = training.AdamW(network.parameters(), lr=lr)
        schedule = training.LambdaLR(optimizer, warm_cosine(WARM, steps))
        self.carried = Carried(groups)
        super().__init__(network, PerCharacter(), optimizer, schedule=schedule, callbacks=(self.carried, *callbacks))

    def learn(self, batch):
        network: Any = self.network
        states, group = self.carried.states, self.step % len(self.carried.states)
        x, target = turned(batch)
        self.optimizer.zero_grad()
        (scores, states[group]), backward = network.forward(x, states[group])
        loss, loss_backward = self.criterion.forward(scores, target)
        backward(loss_backward(), input_gradient=False)
        # Now and then a step of the way back is steep: its gradient is shortened, lest it undo what was learned.
        training.clip_grad_norm_(network.parameters(), LONGEST)
        self.optimizer.step()
        return loss, {}


def turned(batch: Any) -> list[Any]:
    """The arrays (n, T) of a batch as (T, n), for the LSTM takes one time after the other."""
    return [kernels.current().from_numpy(np.ascontiguousarray(array.T)) for array in batch]


def measured(network: Any, text: np.ndarray) -> float:
    """Bits per character of a text, in 32 streams, each from its beginning to its end."""
    total, state, criterion, streams = 0.0, None, PerCharacter(), Streams(text, 32, LENGTH)
    for batch in streams.batches(0):
        x, target = turned(batch)
        scores, state = network(x, state)
        total += float(criterion(scores, target))
    return total / len(streams) * NAT


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_options(parser, "charlm", tuple(SETTINGS))


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Train, test, and write model.safetensors, metrics.json, training.png; and last.safetensors, to go on from."""
    settings = chosen_settings(arguments, SETTINGS)
    backend = choose_backend(arguments.backend)
    out = output_directory(arguments.out, f"charlm-{arguments.data}")
    text = library(DATA[arguments.data][0])
    train = Streams(text.train, settings["batch_size"], LENGTH, STEPS[arguments.data], GROUPS[arguments.data])

    layers.manual_seed(arguments.seed)
    net = Network()
    judged = Judged(measured, text.validation[: SEEN + 1])
    trainer = Truncated(net, settings["lr"], settings["epochs"] * len(train), train.groups, judged)
    size = sum(parameter.size for parameter in net.parameters())
    print(f"charlm on {arguments.data}, backend {backend.name}: {size:,} parameters, {net}")
    print(f"{len(text.train):,} characters to learn, {len(text.test):,} to be tested by")
    history = trainer.fit(train, epochs=settings["epochs"], directory=out, resume=arguments.resume)

    def next_one(new, state):
        scores, state = net(backend.from_numpy(new[:, None]), state)
        return scores[-1, 0], state

    found = measured(net, text.test), written(next_one, WRITTEN, arguments.seed)
    result = outcome("charlm", arguments, settings, text, *found, history)
    title = f"charlm on {arguments.data}: {result['bits']:.3f} bits per character"
    draw(out / "training.png", title, bands(history, result, result["written"]))
    return leave(out, net, result, history)


def main(arguments: list[str] | None = None) -> dict[str, Any]:
    parser = argparse.ArgumentParser(description="Train a recurrent network to write Python.")
    add_arguments(parser)
    return run(parser.parse_args(arguments))


if __name__ == "__main__":
    main()
