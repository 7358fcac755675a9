"""Networks that write, letter by letter: their training steps and the writing of one more letter, ours and PyTorch's.

    charlm    Embedding 96 ─► LSTM 256 ─► Linear                                     its state is carried on
    gpt       Embedding + places ─► 4 × (norm ─► attention ─► +, norm ─► MLP ─► +) ─► norm ─► Linear

Both sides have the same parameters, text and steps. PyTorch's optimizers are its fused ones. A letter is written as the
one that scores best; what has been read before it, the state or each layer's keys and values, is kept.
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .. import kernels, layers, training
from ..kernels.operation import Draw
from .rivals import OURS, TORCH, Calls, Work

ALPHABET = 100
EMBEDDING, HIDDEN = 96, 256  # of charlm
WIDTH, DEPTH, HEADS = 128, 4, 4  # of gpt
OPTIONS: dict[str, Any] = {"lr": 1e-3, "weight_decay": 0.01}
CLIP = 1.0


def text(*shape: int) -> np.ndarray:
    return np.asarray(Draw(0, np.float32).rng.integers(0, ALPHABET, shape))


class CharLM(layers.Module):
    """Scores (T, B, alphabet) of letters (T, B), and the state behind them."""

    def __init__(self):
        self.embedding = layers.Embedding(ALPHABET, EMBEDDING)
        self.lstm = layers.LSTM(EMBEDDING, HIDDEN)
        self.head = layers.Linear(HIDDEN, ALPHABET)

    def __call__(self, x, state=None):  # type: ignore[override]
        h, state = self.lstm(self.embedding(x), state)
        return self.head(h), state

    def forward(self, x, state=None):  # type: ignore[override]
        e, embedding_back = self.embedding.forward(x)
        (h, state), lstm_back = self.lstm.forward(e, state)
        scores, head_back = self.head.forward(h)

        def backward(grad, input_gradient=True):
            embedding_back(lstm_back(head_back(grad))[0])

        return (scores, state), backward


class Block(layers.Module):
    """x + attention(norm(x)), then x + MLP(norm(x)); attention is causal."""

    def __init__(self):
        self.norm1, self.norm2 = layers.LayerNorm(WIDTH), layers.LayerNorm(WIDTH)
        self.attention = layers.MultiheadAttention(WIDTH, HEADS, batch_first=True)
        self.mlp = layers.Sequential(layers.Linear(WIDTH, 4 * WIDTH), layers.GELU(), layers.Linear(4 * WIDTH, WIDTH))

    def forward(self, x):
        a, norm1_back = self.norm1.forward(x)
        (a, _), attention_back = self.attention.forward(a, a, a, need_weights=False, is_causal=True)
        middle = x + a
        m, norm2_back = self.norm2.forward(middle)
        m, mlp_back = self.mlp.forward(m)

        def backward(grad, input_gradient=True):
            grad = grad + norm2_back(mlp_back(grad))
            return grad + norm1_back(attention_back(grad)[0])

        return middle + m, backward

    def write(self, x: Any, keys: Any, values: Any, place: int) -> Any:
        """One row (1, width) at that place; its key and value are put among the kept ones (heads, rows, width)."""
        weight, bias = self.attention.in_proj_weight, self.attention.in_proj_bias
        assert bias is not None
        q, k, v = kernels.linear(self.norm1(x), weight.data, bias.data).reshape(3, HEADS, 1, -1)
        keys[:, place : place + 1], values[:, place : place + 1] = k, v
        y = kernels.scaled_dot_product_attention(q, keys[:, : place + 1], values[:, : place + 1])
        x = x + self.attention.out_proj(y.reshape(1, WIDTH))
        return x + self.mlp(self.norm2(x))


class GPT(layers.Module):
    """Scores (B, T, alphabet) of letters (B, T)."""

    def __init__(self, longest: int):
        self.embedding, self.places = layers.Embedding(ALPHABET, WIDTH), layers.Embedding(longest, WIDTH)
        self.blocks = layers.Sequential(*(Block() for _ in range(DEPTH)))
        self.norm, self.head = layers.LayerNorm(WIDTH), layers.Linear(WIDTH, ALPHABET)

    def forward(self, x):
        e, embedding_back = self.embedding.forward(x)
        p, places_back = self.places.forward(np.arange(x.shape[1]))
        h, blocks_back = self.blocks.forward(e + p)
        h, norm_back = self.norm.forward(h)
        scores, head_back = self.head.forward(h)

        def backward(grad, input_gradient=True):
            grad = blocks_back(norm_back(head_back(grad)))
            places_back(grad.sum(0))
            embedding_back(grad)

        return scores, backward

    def write(self, letter: np.ndarray, kept: list, place: int) -> Any:
        """The scores (1, alphabet) of the letter after this one, (1,)."""
        h = self.embedding(letter) + self.places.weight.data[place]
        for block, (keys, values) in zip(self.blocks.layers, kept):
            h = block.write(h, keys, values, place)
        return self.head(self.norm(h))


def charlm_in_torch(torch: Any, net: CharLM) -> Any:
    nn = torch.nn
    parts = {
        "embedding": nn.Embedding(ALPHABET, EMBEDDING),
        "lstm": nn.LSTM(EMBEDDING, HIDDEN),
        "head": nn.Linear(HIDDEN, ALPHABET),
    }
    return _filled(torch, parts, net)


def gpt_in_torch(torch: Any, net: GPT) -> Any:
    nn = torch.nn

    def block() -> Any:
        mlp = nn.Linear(WIDTH, 4 * WIDTH), nn.GELU(), nn.Linear(4 * WIDTH, WIDTH)
        attention = nn.MultiheadAttention(WIDTH, HEADS, batch_first=True)
        norms = {"norm1": nn.LayerNorm(WIDTH), "norm2": nn.LayerNorm(WIDTH)}
        return nn.ModuleDict({**norms, "attention": attention, "mlp": nn.Sequential(*mlp)})

    parts = {
        "embedding": nn.Embedding(ALPHABET, WIDTH),
        "places": nn.Embedding(net.places.num_embeddings, WIDTH),
        "blocks": nn.Sequential(*(block() for _ in range(DEPTH))),
        "norm": nn.LayerNorm(WIDTH),
        "head": nn.Linear(WIDTH, ALPHABET),
    }
    return _filled(torch, parts, net)


def _filled(torch: Any, parts: dict[str, Any], net: layers.Module) -> Any:
    found = torch.nn.ModuleDict(parts)
    found.load_state_dict({key: torch.from_numpy(value) for key, value in net.state_dict().items()})
    return found


def charlm_step(rows: int, steps: int) -> Work:
    """Truncated backpropagation through time: each step begins with the state that the one before ended with."""

    def calls(torch: Any, threads: int) -> Calls:
        layers.manual_seed(0)
        net, x = CharLM(), text(steps + 1, rows)
        state: Any = None
        found: Calls = {}
        if torch:
            theirs, their_state = charlm_in_torch(torch, net), None

            def their_scores(x: Any) -> Any:
                nonlocal their_state
                h, ended = theirs["lstm"](theirs["embedding"](x), their_state)
                their_state = tuple(one.detach() for one in ended)
                return theirs["head"](h)

            found[TORCH] = step_in_torch(torch, theirs, their_scores, x[:-1], x[1:])

        def scores(x: Any) -> tuple[Any, Any]:
            nonlocal state
            (y, state), backward = net.forward(x, state)
            return y, backward

        return {OURS: step(net, scores, x[:-1], x[1:]), **found}

    return Work("charlm step with AdamW", f"{rows}×{steps} letters", calls, autograd=True)


def gpt_step(rows: int, steps: int) -> Work:
    def calls(torch: Any, threads: int) -> Calls:
        layers.manual_seed(0)
        net, x = GPT(steps), text(rows, steps + 1)
        found: Calls = {}
        if torch:
            theirs = gpt_in_torch(torch, net)
            places, mask = torch.arange(steps), torch.nn.Transformer.generate_square_subsequent_mask(steps)

            def scores(x: Any) -> Any:
                h = theirs["embedding"](x) + theirs["places"](places)
                for block in theirs["blocks"]:
                    a, options = block["norm1"](h), {"attn_mask": mask, "is_causal": True}
                    h = h + block["attention"](a, a, a, need_weights=False, **options)[0]
                    h = h + block["mlp"](block["norm2"](h))
                return theirs["head"](theirs["norm"](h))

            found[TORCH] = step_in_torch(torch, theirs, scores, x[:, :-1], x[:, 1:])
        return {OURS: step(net, net.forward, x[:, :-1], x[:, 1:]), **found}

    return Work("GPT step with AdamW", f"{rows}×{steps} letters", calls, autograd=True)


def step(net: layers.Module, scores: Callable[[Any], tuple[Any, Any]], x: Any, target: Any) -> Callable[[], Any]:
    parameters = net.parameters()
    optimizer, criterion = training.AdamW(parameters, **OPTIONS), layers.CrossEntropyLoss()
    x, target = np.ascontiguousarray(x), np.ascontiguousarray(target).reshape(-1)

    def once() -> Any:
        optimizer.zero_grad()
        y, backward = scores(x)
        loss, loss_back = criterion.forward(y.reshape(-1, ALPHABET), target)
        backward(loss_back().reshape(y.shape), input_gradient=False)
        training.clip_grad_norm_(parameters, CLIP)
        optimizer.step()
        return loss

    return once


def step_in_torch(torch: Any, net: Any, scores: Callable[[Any], Any], x: Any, target: Any) -> Callable[[], Any]:
    optimizer = torch.optim.AdamW(net.parameters(), **OPTIONS, fused=True)
    x, target = (torch.from_numpy(np.ascontiguousarray(part)) for part in (x, target))
    target = target.reshape(-1)

    def once() -> Any:
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(scores(x).reshape(-1, ALPHABET), target)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), CLIP)
        optimizer.step()
        return loss

    return once


def charlm_letter() -> Work:
    """One letter more, from the state behind the one before."""

    def calls(torch: Any, threads: int) -> Calls:
        layers.manual_seed(0)
        net, letter, state = CharLM(), text(1, 1), None

        def write() -> Any:
            nonlocal letter, state
            scores, state = net(letter, state)
            letter = scores.argmax(-1)
            return scores

        found: Calls = {OURS: write}
        if torch:
            theirs = charlm_in_torch(torch, net).requires_grad_(False)
            their_letter, their_state = torch.from_numpy(letter), None

            def their_write() -> Any:
                nonlocal their_letter, their_state
                h, their_state = theirs["lstm"](theirs["embedding"](their_letter), their_state)
                scores = theirs["head"](h)
                their_letter = scores.argmax(-1)
                return scores

            found[TORCH] = their_write
        return found

    return Work("charlm letter", "batch 1", calls)


def gpt_letter(place: int, longest: int) -> Work:
    """The letter at that place, again and again; the keys and values of those before it are random."""

    def calls(torch: Any, threads: int) -> Calls:
        layers.manual_seed(0)
        net, letter, draw = GPT(longest), text(1), Draw(0, np.float32)
        kept = [[draw.normal(HEADS, longest, WIDTH // HEADS) for _ in range(2)] for _ in range(DEPTH)]
        their_kept = [[torch.from_numpy(x.copy()) for x in pair] for pair in kept] if torch else []

        def write() -> Any:
            nonlocal letter
            scores = net.write(letter, kept, place)
            letter = scores.argmax(-1)
            return scores

        found: Calls = {OURS: write}
        if torch:
            theirs = gpt_in_torch(torch, net).requires_grad_(False)
            found[TORCH] = _gpt_writes(torch, theirs, torch.from_numpy(letter), their_kept, place)
        return found

    return Work("GPT letter", f"batch 1, place {place}", calls)


def _gpt_writes(torch: Any, net: Any, letter: Any, kept: list, place: int) -> Callable[[], Any]:
    functional, blocks = torch.nn.functional, list(net["blocks"])

    def write() -> Any:
        nonlocal letter
        h = net["embedding"](letter) + net["places"].weight[place]
        for block, (keys, values) in zip(blocks, kept):
            attention = block["attention"]
            q, k, v = functional.linear(block["norm1"](h), attention.in_proj_weight, attention.in_proj_bias).view(
                3, HEADS, 1, -1
            )
            keys[:, place : place + 1], values[:, place : place + 1] = k, v
            y = functional.scaled_dot_product_attention(q, keys[:, : place + 1], values[:, : place + 1])
            h = h + attention.out_proj(y.reshape(1, WIDTH))
            h = h + block["mlp"](block["norm2"](h))
        scores = net["head"](net["norm"](h))
        letter = scores.argmax(-1)
        return scores

    return write


def trainings(quick: bool) -> Iterator[Work]:
    if not quick:
        yield charlm_step(32, 64)
        yield gpt_step(16, 128)


def writings(quick: bool) -> Iterator[Work]:
    yield charlm_letter()
    if not quick:
        yield gpt_letter(100, 128)


WORK: dict[str, Callable[[bool], Iterator[Work]]] = {"training": trainings, "generation": writings}
