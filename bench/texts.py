"""Steps of the recipes `charlm` and `gpt`, ours and PyTorch's, from the same parameters on; and how both write.

PyTorch's transformer is written with its functions, as whoever wants rotary positions and kept keys and values has to.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import cache, partial
from typing import Any

import numpy as np

from .. import layers, training
from ..training.recipes import charlm, gpt
from ..training.recipes._language import PerCharacter
from ..training.text import ALPHABET
from .rivals import OURS, TORCH, Calls, Work


def characters(rows: int, length: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return tuple(rng.integers(0, len(ALPHABET), (rows, length)) for _ in range(2))  # type: ignore[return-value]


def parameters_of(torch: Any, net: layers.Module) -> dict[str, Any]:
    return {key: torch.from_numpy(value).requires_grad_() for key, value in net.state_dict().items()}


def torch_step(torch: Any, scores: Callable[[Any], Any], parameters: Iterable[Any], batch: Any, **options: Any):
    """Loss, gradients, clipping and AdamW."""
    x, target = map(torch.from_numpy, batch)
    parameters = [*parameters]
    optimizer = torch.optim.AdamW(parameters, **options, fused=True)

    def step() -> Any:
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(scores(x).flatten(0, 1), target.flatten())
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        return loss

    return step


def recurrent(torch: Any, net: charlm.Network) -> Any:
    """The network of `charlm`, with its parameters."""
    nn = torch.nn
    embedding, head = nn.Embedding(len(ALPHABET), charlm.EMBEDDING), nn.Linear(charlm.HIDDEN, len(ALPHABET))
    theirs = nn.ModuleDict({"embedding": embedding, "lstm": nn.LSTM(charlm.EMBEDDING, charlm.HIDDEN), "head": head})
    theirs.load_state_dict({key: torch.from_numpy(value) for key, value in net.state_dict().items()})
    return theirs


def scores_of(theirs: Any) -> Callable[[Any], Any]:
    """Goes on from the state that its last call has left."""
    state: Any = None

    def scores(x: Any) -> Any:
        nonlocal state
        h, ended = theirs["lstm"](theirs["embedding"](x), state)
        state = tuple(one.detach() for one in ended)
        return theirs["head"](h)

    return scores


def charlm_step(rows: int) -> Work:
    """Each step goes on from the state that the last one has left."""

    def calls(torch: Any, threads: int) -> Calls:
        net, batch = charlm.Network(), characters(rows, charlm.LENGTH)
        lr = charlm.SETTINGS["library"]["lr"]
        trainer = charlm.Truncated(net, lr, 10**6, 1)
        found: Calls = {OURS: lambda: trainer.learn(batch)[0]}
        if torch:
            theirs, turned = recurrent(torch, net), [np.ascontiguousarray(array.T) for array in batch]
            found[TORCH] = torch_step(torch, scores_of(theirs), theirs.parameters(), turned, lr=lr / charlm.WARM)
        return found

    return Work("charlm step with AdamW", f"{rows}×{charlm.LENGTH} characters", calls, autograd=True)


class Kept:
    """PyTorch's keys and values of the rows so far, of each layer."""

    def __init__(self, torch: Any, rows: int):
        shape = 2, 1, gpt.HEADS, rows, gpt.WIDTH // gpt.HEADS
        self.arrays, self.count = [torch.zeros(shape) for _ in range(gpt.DEPTH)], 0


@cache
def rotations(torch: Any, half: int) -> tuple[Any, Any]:
    """By how much the places of a text are turned; made once."""
    angles = torch.arange(gpt.LENGTH)[:, None] * 10_000 ** (-torch.arange(half) / half)
    return angles.cos(), angles.sin()


def transformer(torch: Any, p: dict[str, Any], x: Any, kept: Kept | None = None) -> Any:
    """The recipe's network, with these parameters."""
    F, width, half = torch.nn.functional, gpt.WIDTH, gpt.WIDTH // gpt.HEADS // 2
    rows, length = x.shape
    before = kept.count if kept else 0
    cos, sin = (table[before : before + length] for table in rotations(torch, half))

    def turned(x: Any) -> Any:
        a, b = x[..., :half], x[..., half:]
        return torch.cat([a * cos - b * sin, a * sin + b * cos], -1)

    def linear(x: Any, name: str, between: str = ".") -> Any:
        return F.linear(x, p[f"{name}{between}weight"], p[f"{name}{between}bias"])

    def norm(x: Any, name: str) -> Any:
        return F.layer_norm(x, (width,), p[f"{name}.weight"], p[f"{name}.bias"])

    h = F.embedding(x, p["embedding.weight"])
    for layer in range(gpt.DEPTH):
        name = f"decoder.layers.{layer}."
        parts = linear(norm(h, name + "norm1"), name + "self_attn.in_proj", "_")
        q, k, v = parts.view(rows, length, 3, gpt.HEADS, 2 * half).permute(2, 0, 3, 1, 4)
        q, k = turned(q), turned(k)
        if kept:
            held = kept.arrays[layer][..., : before + length, :]
            held[0, :, :, before:], held[1, :, :, before:] = k, v
            k, v = held
        y = F.scaled_dot_product_attention(q, k, v, is_causal=length > 1)
        h = h + linear(y.transpose(1, 2).reshape(rows, length, width), name + "self_attn.out_proj")
        y = F.gelu(linear(norm(h, name + "norm2"), name + "linear1"))
        h = h + linear(y, name + "linear2")
    if kept:
        kept.count += length
    return linear(norm(h, "decoder.norm"), "head")


def gpt_step(rows: int) -> Work:
    def calls(torch: Any, threads: int) -> Calls:
        net, batch, options = gpt.Network(), characters(rows, gpt.LENGTH), {"lr": 3e-5, "betas": (0.9, 0.98)}
        trainer = training.Trainer(net, PerCharacter(), training.AdamW(net.parameters(), **options), clip_norm=1.0)
        found: Calls = {OURS: lambda: trainer.learn(batch)[0]}
        if torch:
            parameters = parameters_of(torch, net)
            found[TORCH] = torch_step(
                torch, partial(transformer, torch, parameters), parameters.values(), batch, **options
            )
        return found

    return Work("gpt step with AdamW", f"{rows}×{gpt.LENGTH} characters", calls, autograd=True, one_thread=True)


def writing(length: int) -> Work:
    """So many characters, one after another: each is a row, with the keys and values of those before it."""

    def calls(torch: Any, threads: int) -> Calls:
        net, (text, _) = gpt.Network(), characters(1, length)

        def ours() -> Any:
            cache = layers.KeyValueCache()
            return [net(text[:, place : place + 1], cache) for place in range(length)][-1]

        found: Calls = {OURS: ours}
        if torch:
            parameters = {key: value.detach() for key, value in parameters_of(torch, net).items()}

            def theirs() -> Any:
                kept, one = Kept(torch, length), torch.from_numpy(text)
                return [transformer(torch, parameters, one[:, [place]], kept) for place in range(length)][-1]

            found[TORCH] = theirs
        return found

    return Work("gpt writes", f"{length} characters", calls, one_thread=True)


def charlm_writing() -> Work:
    """One character more, after those that the state knows of."""

    def calls(torch: Any, threads: int) -> Calls:
        net, (x, _) = charlm.Network(), characters(1, 1)
        state: Any = None

        def ours() -> Any:
            nonlocal state
            scores, state = net(x, state)
            return scores

        found: Calls = {OURS: ours}
        if torch:
            theirs = recurrent(torch, net).requires_grad_(False)
            found[TORCH] = partial(scores_of(theirs), torch.from_numpy(x))
        return found

    return Work("charlm writes", "1 character", calls)


def trainings(quick: bool) -> Iterator[Work]:
    if not quick:
        yield charlm_step(32)
        yield gpt_step(16)


def writings(quick: bool) -> Iterator[Work]:
    yield charlm_writing()
    if not quick:
        yield writing(64)


WORK: dict[str, Callable[[bool], Iterator[Work]]] = {"training": trainings, "generation": writings}
