"""Steps of the recipes `charlm` and `gpt`, ours and PyTorch's, from the same parameters on; and how both write.

PyTorch's transformer is written with its functions, as whoever wants rotary positions and kept keys and values has to.
"""

from collections.abc import Callable, Iterator
from functools import partial
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


def torch_step(torch: Any, scores: Callable[[Any], Any], parameters: dict[str, Any], batch: Any, **options: Any):
    """Loss, gradients, clipping and AdamW."""
    x, target = map(torch.from_numpy, batch)
    optimizer = torch.optim.AdamW(parameters.values(), **options, fused=True)

    def step() -> Any:
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(scores(x).flatten(0, 1), target.flatten())
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters.values(), 1.0)
        optimizer.step()
        return loss

    return step


def charlm_step(rows: int) -> Work:
    """Each step goes on from the state that the last one has left."""

    def calls(torch: Any, threads: int) -> Calls:
        net, batch = charlm.Network(), characters(rows, charlm.LENGTH)
        lr = charlm.SETTINGS["library"]["lr"]
        trainer = charlm.Truncated(net, lr, 10**6, 1)
        found: Calls = {OURS: lambda: trainer.learn(batch)[0]}
        if torch:
            parameters = parameters_of(torch, net)
            states: list[Any] = [None]
            own: dict[str, Any] = {name: parameters[f"lstm.{name}_l0"] for name in charlm.NAMES}
            lstm = torch.nn.LSTM(charlm.EMBEDDING, charlm.HIDDEN)
            for name, parameter in own.items():
                setattr(lstm, f"{name}_l0", torch.nn.Parameter(parameter.detach()))
            parameters |= {f"lstm.{key}": parameter for key, parameter in lstm.named_parameters()}

            def scores(x: Any) -> Any:
                h, state = lstm(parameters["embedding.weight"][x], states[0])
                states[0] = tuple(one.detach() for one in state)
                return torch.nn.functional.linear(h, parameters["head.weight"], parameters["head.bias"])

            turned = [np.ascontiguousarray(array.T) for array in batch]
            found[TORCH] = torch_step(torch, scores, parameters, turned, lr=lr / charlm.WARM)
        return found

    return Work("LSTM language model step", f"{rows}×{charlm.LENGTH} characters", calls, autograd=True)


class Kept:
    """PyTorch's keys and values of the rows so far, of each layer."""

    def __init__(self, torch: Any, rows: int):
        shape = 2, 1, gpt.HEADS, rows, gpt.WIDTH // gpt.HEADS
        self.arrays, self.count = [torch.zeros(shape) for _ in range(gpt.DEPTH)], 0


def transformer(torch: Any, p: dict[str, Any], x: Any, kept: Kept | None = None) -> Any:
    """The recipe's network, with these parameters."""
    F, width, half = torch.nn.functional, gpt.WIDTH, gpt.WIDTH // gpt.HEADS // 2
    rows, length = x.shape
    before = kept.count if kept else 0
    angles = torch.arange(before, before + length)[:, None] * 10_000 ** (-torch.arange(half) / half)
    cos, sin = angles.cos(), angles.sin()

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
            found[TORCH] = torch_step(torch, partial(transformer, torch, parameters), parameters, batch, **options)
        return found

    return Work("transformer language model step", f"{rows}×{gpt.LENGTH} characters", calls, autograd=True)


def charlm_writing(length: int) -> Work:
    """So many characters, one after another: each goes on from the state behind the one before."""

    def calls(torch: Any, threads: int) -> Calls:
        net, (text, _) = charlm.Network(), characters(1, length)

        def ours() -> Any:
            scores = state = None
            for place in range(length):
                scores, state = net(text[:, place : place + 1], state)
            return scores

        found: Calls = {OURS: ours}
        if torch:
            p = {key: value.detach() for key, value in parameters_of(torch, net).items()}
            lstm, one = torch.nn.LSTM(charlm.EMBEDDING, charlm.HIDDEN), torch.from_numpy(text)
            lstm.load_state_dict({key[5:]: value for key, value in p.items() if key.startswith("lstm.")})
            F, weight, bias = torch.nn.functional, p["head.weight"], p["head.bias"]

            def theirs() -> Any:
                scores = state = None
                for place in range(length):
                    h, state = lstm(F.embedding(one[:, [place]], p["embedding.weight"]), state)
                    scores = F.linear(h, weight, bias)
                return scores

            found[TORCH] = theirs
        return found

    return Work("LSTM writes", f"{length} characters", calls)


def gpt_writing(length: int) -> Work:
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

    return Work("transformer writes", f"{length} characters", calls)


def texts(quick: bool) -> Iterator[Work]:
    if not quick:
        yield charlm_step(32)
        yield gpt_step(16)


def writings(quick: bool) -> Iterator[Work]:
    yield charlm_writing(64)
    if not quick:
        yield gpt_writing(64)


WORK: dict[str, Callable[[bool], Iterator[Work]]] = {"training": texts, "generation": writings}
