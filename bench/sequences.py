"""What works on sequences, forward and back: recurrent layers, attention, rows of tables; ours beside PyTorch's.

Recurrent layers are compared as images.py does it, with all parameters' gradients. Attention and embedding are compared
by the functions themselves; attention's way back is PyTorch's autograd, the embedding's its kernel alone.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from .. import kernels, layers
from ..kernels.operation import Draw
from .rivals import OURS, TORCH, Calls, Work


def recurrent(name: str, steps: int, rows: int, width: int) -> Work:
    """A recurrent layer, as wide as its input."""

    def calls(torch: Any, threads: int) -> Calls:
        draw = Draw(0, np.float32)
        layers.manual_seed(0)
        net = getattr(layers, name)(width, width)
        x, grad = (draw.normal(steps, rows, width) for _ in range(2))
        found: Calls = {OURS: partial(_there_and_back, net, net.parameters(), x, grad)}
        if torch:
            theirs = getattr(torch.nn, name)(width, width)
            theirs.load_state_dict({key: torch.from_numpy(value) for key, value in net.state_dict().items()})
            x, grad = torch.from_numpy(x).requires_grad_(), torch.from_numpy(grad)
            by = [x, *theirs.parameters()]

            def both() -> list:
                y, _ = theirs(x)
                return [y, *torch.autograd.grad(y, by, grad)]

            found[TORCH] = both
        return found

    return Work(name, f"{steps}×{rows}×{width}", calls, autograd=True)


def _there_and_back(net: Any, parameters: list, x: Any, grad: Any) -> list:
    for parameter in parameters:
        parameter.drop_grad()
    (y, _), backward = net.forward(x)
    grad_x, _ = backward(grad)
    return [y, grad_x, *(parameter.grad for parameter in parameters)]


def recurrences(quick: bool) -> Iterator[Work]:
    """Steps, rows of the batch, and width."""
    for name in ("LSTM",) if quick else ("LSTM", "GRU", "RNN"):
        for rows in (64, 1):
            yield recurrent(name, 64, rows, 256)


def attention_calls(torch: Any, shape: tuple[int, ...], causal: bool) -> Callable[[], list]:
    """Self-attention of heads of that shape and its three gradients: PyTorch's, or, without it, ours."""
    draw = Draw(0, np.float32)
    query, key, value, grad = arrays = [draw.normal(*shape) for _ in range(4)]
    if torch:
        query, key, value, grad = map(torch.from_numpy, arrays)
        by = [x.requires_grad_() for x in (query, key, value)]

        def theirs() -> list:
            y = torch.nn.functional.scaled_dot_product_attention(*by, is_causal=causal)
            return [y, *torch.autograd.grad(y, by, grad)]

        return theirs

    def ours() -> list:
        options: Any = {"is_causal": causal}
        y, sums = kernels.scaled_dot_product_attention_with_logsumexp(query, key, value, **options)
        options |= {"y": y, "logsumexp": sums}
        return [y, *kernels.scaled_dot_product_attention_backward(grad, query, key, value, **options)]

    return ours


def attention(shape: tuple[int, ...], causal: bool) -> Work:
    def calls(torch: Any, threads: int) -> Calls:
        found: Calls = {OURS: attention_calls(None, shape, causal)}
        if torch:
            found[TORCH] = attention_calls(torch, shape, causal)
        return found

    return Work("causal attention" if causal else "attention", "×".join(map(str, shape)), calls, True, one_thread=True)


def attentions(quick: bool) -> Iterator[Work]:
    """Batch, heads, rows, width of a head."""
    for shape in ((16, 4, 128, 32),) if quick else ((16, 4, 128, 32), (4, 8, 512, 64)):
        for causal in (False, True):
            yield attention(shape, causal)


def table_gradient(count: int, rows: int, columns: int) -> Work:
    """The gradient of a table of which so many rows are looked up."""

    def calls(torch: Any, threads: int) -> Calls:
        draw = Draw(0, np.float32)
        indices, grad = np.asarray(draw.rng.integers(0, rows, count)), draw.normal(count, columns)
        found: Calls = {OURS: partial(kernels.embedding_backward, grad, indices, np.empty((rows, columns), np.float32))}
        if torch:
            backward = torch.ops.aten.embedding_dense_backward
            found[TORCH] = partial(backward, torch.from_numpy(grad), torch.from_numpy(indices), rows, -1, False)
        return found

    return Work("embedding backward", f"{count} of {rows}×{columns}", calls)


def bags(count: int, terms: int, rows: int, columns: int) -> Work:
    """Sums of bags of rows."""

    def calls(torch: Any, threads: int) -> Calls:
        draw = Draw(0, np.float32)
        indices, table = np.asarray(draw.rng.integers(0, rows, (count, terms))), draw.normal(rows, columns)
        found: Calls = {OURS: partial(kernels.embedding_bag, indices, table, mode="sum")}
        if torch:
            arrays = map(torch.from_numpy, (indices, table))
            found[TORCH] = partial(torch.nn.functional.embedding_bag, *arrays, mode="sum")
        return found

    return Work("embedding_bag", f"{count} bags of {terms}, of {rows}×{columns}", calls)


def embeddings(quick: bool) -> Iterator[Work]:
    sizes = ((10000, 128), (96, 96), (50000, 512))
    for size in sizes[: 1 if quick else None]:
        yield table_gradient(2048, *size)
    if not quick:
        yield bags(512, 20, 10000, 128)


WORK = {"recurrence": recurrences, "attention": attentions, "embedding": embeddings}
