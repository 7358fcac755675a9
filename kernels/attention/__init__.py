"""Attention: each query takes a mean of the values, weighted by how well their keys fit it.

Arrays are seen as (batch, heads, rows, width). The matrix of weights, queries × keys, is never stored: kernels make it
a tile at a time, and keep of it the logarithm of each row's sum, from which the way back makes the tiles again.
"""

import math
from typing import Any

import numpy as np

from .. import capture, check
from ..backend import current, kernel
from ..operation import Cost, Draw, Sample, operation
from .matrices import in_rows, matrices, output
from .reference import kept


def _sample(draw: Draw, queries: tuple[int, ...], keys: int, note: str, *mask, **options) -> Sample:
    *lead, _rows, width = queries
    heads = options.pop("heads", lead[-1:])
    values = options.pop("values", width)
    shape = (*lead[:-1], *heads, keys)
    arrays = draw.normal(*queries), draw.normal(*shape, width), draw.normal(*shape, values)
    return Sample((*arrays, *mask), options, note=note)


def _samples(draw: Draw):
    yield _sample(draw, (1, 1, 1, 1), 1, "one of each")
    yield _sample(draw, (1, 1, 37, 33), 35, "a tile and a rim", values=34)
    yield _sample(draw, (1, 1, 32, 8), 33, "grouped, causal", is_causal=True, scale=0.3, values=5)
    yield _sample(draw, (2, 4, 3, 5), 7, "grouped heads", heads=(2,), enable_gqa=True)
    yield _sample(draw, (1, 1, 101, 17), 103, "more than a block, causal", is_causal=True)
    yield _sample(draw, (5, 6), 4, "one head alone")
    yield _sample(draw, (1, 1, 34, 67), 35, "wider than a tile", values=66)
    yield _sample(draw, (2, 1, 2, 3, 4), 5, "more axes", draw.normal(2, 1, 1, 3, 1))
    mask = draw.rng.uniform(size=(2, 1, 35, 34)) < 0.7
    mask[:, :, 3] = False
    mask[..., -1] = True
    mask[0, 0, 4, :33] = False
    yield _sample(draw, (2, 1, 35, 4), 34, "a mask, and a row that sees nothing", mask)
    yield _sample(draw, (2, 2, 3, 4), 101, "keys that none sees", draw.rng.uniform(size=(2, 1, 1, 101)) < 0.5)
    dropped = {"dropout_p": 0.3, "seed": 12345678901234567, "offset": (1 << 32) - 7}
    yield _sample(draw, (1, 2, 3, 4), 99, "dropout", heads=(1,), enable_gqa=True, **dropped)
    yield _sample(draw, (1, 1, 101, 2), 6, "dropout, causal", is_causal=True, **dropped)
    yield _sample(draw, (2, 1, 2, 3), 4, "all dropped", dropout_p=1, seed=0)
    yield _sample(draw, (1, 2, 3, 4), 0, "no keys")
    yield _sample(draw, (1, 2, 0, 4), 3, "no queries")
    views = (draw.normal(2, 5, 3, 4).swapaxes(1, 2), draw.normal(2, 3, 6, 4, layout="reversed"))
    yield Sample((*views, draw.normal(2, 3, 6, 4, layout="strided")), note="views")
    arrays = [draw.normal(1, 1, 4, 3) for _ in range(3)]
    arrays[0][0, 0, 1, 0], arrays[0][0, 0, 2, 0], arrays[0][0, 0, 3] = np.inf, -np.inf, 300
    yield Sample(tuple(arrays), smooth=False, note="extreme values")


def _torch(torch, query, key, value, attn_mask=None, dropout_p=0.0, seed=None, offset=0, **options):
    """PyTorch's; with dropout of our own mask, for its random numbers are others."""
    if not dropout_p:
        return torch.nn.functional.scaled_dot_product_attention(query, key, value, attn_mask, **options)
    query, key, value = (x[(None,) * (4 - x.ndim)] for x in (query, key, value))
    group = query.shape[1] // key.shape[1]
    key, value = (x.repeat_interleave(group, 1) for x in (key, value))
    scores = query @ key.mT / math.sqrt(query.shape[-1])
    if options.get("is_causal"):
        scores = scores.masked_fill(torch.ones(scores.shape).triu(1) == 1, -math.inf)
    keep = kept(tuple(scores.shape), seed, offset, _limit(dropout_p))
    return scores.softmax(-1) * torch.from_numpy(keep) * _factor(dropout_p) @ value


def _cost(query, key, value, *_, is_causal=False, **__):
    """Two products of matrices."""
    pairs = math.prod(query.shape[:-1]) * key.shape[-2] / (2 if is_causal else 1)
    moved = 2 * query.nbytes + key.nbytes + value.nbytes
    return Cost(2 * pairs * (query.shape[-1] + value.shape[-1]), moved)


def _backward_cost(query, key, value, *_, is_causal=False, **__):
    """Five products."""
    forward = _cost(query, key, value, is_causal=is_causal)
    return Cost(2.5 * forward.flops, 2 * forward.bytes)


@operation(
    formula="y = softmax(scale · q kᵀ + mask) v",
    samples=_samples,
    cost=_cost,
    backward_cost=_backward_cost,
    example=lambda draw, batch, heads, rows, width: _sample(
        draw, (batch, heads, rows, width), rows, "", is_causal=True
    ),
    workloads={"16×4×128×32": (16, 4, 128, 32), "4×8×512×64": (4, 8, 512, 64)},
    outputs=("y",),
    differentiable=("query", "key", "value"),
    kernel="attention",
    torch=_torch,
    rtol=1e-4,
    atol=2e-5,
    why="sums of some 100 products of order 1, in two products after each other, with exp in between",
)
def scaled_dot_product_attention(
    query,
    key,
    value,
    attn_mask=None,
    dropout_p=0.0,
    is_causal=False,
    *,
    scale=None,
    enable_gqa=False,
    seed=None,
    offset=0,
    out=None,
):
    """dropout(softmax(scale · query keyᵀ + attn_mask)) value, the softmax along the keys.

    Parameters
    ----------
    query : array (..., heads, queries, width); without heads, (queries, width)
    key : array (..., heads, keys, width)
    value : array (..., heads, keys, width of the result)
    attn_mask : array that broadcasts to (..., heads, queries, keys), optional
        Of bool: whether a key takes part. Of query's dtype: added to the scores; it gets no gradient.
    dropout_p : number from 0 to 1
        The probability of a weight to be dropped; those that are kept are divided by 1 − dropout_p.
    is_causal : bool
        Query i sees the keys 0 … i alone. Not together with a mask.
    scale : number, by default 1/√width
    enable_gqa : bool
        Allow fewer heads of key and value: each serves as many neighbouring heads of query.
    seed, offset : integers from 0 to 2⁶³ − 1
        Which random numbers, as for `dropout`; needed with dropout_p. `attention_counters` says how far the offset of
        the next call is.
    out : array (..., heads, queries, width of the result), optional
        To fill; of at most 4 axes it may be a view in which the numbers of a row lie together.

    A query that sees no key gets 0, as in PyTorch, and passes no gradient. Beside the result the kernels need memory
    for a number a query, and a few tiles a thread.

    `set_matmul_precision` may have a GPU's tensor cores multiply float32: "medium" rounds queries, keys, weights and
    values, not the softmax, and needs memory for keys and values so rounded; on the way back for all that is given.
    In PyTorch, `torch.backends.cuda.matmul.allow_tf32` does the like to this function, where it is made of products.

    Online softmax: Milakov and Gimelshein, arXiv:1805.02867; in tiles: Dao, FlashAttention-2, arXiv:2307.08691.
    """
    name = "scaled_dot_product_attention"
    drop = dropout_p, seed, offset
    return _forward(name, query, key, value, attn_mask, drop, is_causal, scale, enable_gqa, out, False)[0]


def scaled_dot_product_attention_with_logsumexp(
    query,
    key,
    value,
    attn_mask=None,
    dropout_p=0.0,
    is_causal=False,
    *,
    scale=None,
    enable_gqa=False,
    seed=None,
    offset=0,
    out=None,
):
    """`scaled_dot_product_attention`, and log Σ exp(scores) of each query, (..., heads, queries), for the way back.

    Of a query that sees no key it is +∞, so that exp(score − logsumexp) is 0 there.
    """
    name = "scaled_dot_product_attention_with_logsumexp"
    drop = dropout_p, seed, offset
    return _forward(name, query, key, value, attn_mask, drop, is_causal, scale, enable_gqa, out, True)


def scaled_dot_product_attention_backward(
    grad,
    query,
    key,
    value,
    attn_mask=None,
    dropout_p=0.0,
    is_causal=False,
    *,
    scale=None,
    enable_gqa=False,
    seed=None,
    offset=0,
    y=None,
    logsumexp=None,
    out=None,
):
    """The gradients of `scaled_dot_product_attention` by query, key and value.

    With p = exp(score − logsumexp) and D = Σ grad · y over a row of both:
    ∂v = (m ∘ p)ᵀ g, ∂score = p ∘ (m ∘ g vᵀ − D), ∂q = scale · ∂score k, ∂k = scale · ∂scoreᵀ q,
    where m is 1 / (1 − dropout_p) for what was kept and else 0: drawn again from the seed.

    `y` and `logsumexp` are those of `scaled_dot_product_attention_with_logsumexp`; without either, both are computed
    again. `out` may hold three arrays to fill, as that of the forward call.
    """
    name = "scaled_dot_product_attention_backward"
    shape, mask, scale = _check(name, query, key, value, attn_mask, is_causal, scale, enable_gqa)
    drop = dropout_p, seed, offset
    drawn = _drawn(name, *drop)
    check.same_dtype(name, "grad", grad, "query", query)
    check.shape(name, "grad", grad, shape, "as the output")
    if y is None or logsumexp is None:
        again = query, key, value, attn_mask, drop, is_causal, scale, enable_gqa, None, True
        y, logsumexp = _forward(name, *again)
    for what, array, wanted in (("y", y, shape), ("logsumexp", logsumexp, shape[:-1])):
        check.same_dtype(name, what, array, "query", query)
        check.shape(name, what, array, wanted)
    given = query, key, value
    read = grad, *given, attn_mask, y
    found = [output(name, x.shape, query.dtype, one, *read) for x, one in zip(given, out or (None,) * 3)]
    if query.shape[-2] and key.shape[-2]:
        arrays = [matrices(x) for x in (grad, *given)]
        heads = check.contiguous(logsumexp).reshape(arrays[0].shape[:-1])
        after = mask, matrices(y), heads, scale, int(is_causal), *drawn
        kernel("attention.attention_backward")(*arrays, *after, *map(matrices, found))
    else:
        for x in found:
            x[...] = 0
    return tuple(found)


def attention_counters(query_shape: tuple[int, ...], keys: int) -> int:
    """How many of the random numbers' counters dropout consumes: the next call's offset is further by as many."""
    return math.prod(query_shape[:-1]) * (-(-keys // 4))


def _forward(
    name, query, key, value, attn_mask, drop, is_causal, scale, enable_gqa, out, wants_sums
) -> tuple[Any, Any]:
    shape, mask, scale = _check(name, query, key, value, attn_mask, is_causal, scale, enable_gqa)
    drawn = _drawn(name, *drop)
    out = output(name, shape, query.dtype, out, query, key, value, attn_mask)
    sums = current().empty(shape[:-1] if wants_sums else (0,), query.dtype)
    if key.shape[-2] == 0:
        out[...], sums[...] = 0, math.inf
    elif query.shape[-2]:
        y = matrices(out)
        heads = sums.reshape(y.shape[:-1] if wants_sums else (0, 0, 0))
        arrays = [matrices(x) for x in (query, key, value)]
        kernel("attention.attention")(*arrays, mask, scale, int(is_causal), *drawn, y, heads)
    return out, sums


def _check(name, query, key, value, attn_mask, is_causal, scale, enable_gqa) -> tuple[tuple[int, ...], Any, float]:
    """The result's shape, the mask as (batch, heads, queries, keys), of size 0 without one, and the scale."""
    check.real(name, "query", query)
    for what, x in (("query", query), ("key", key), ("value", value)):
        check.same_dtype(name, what, x, "query", query)
        if x.ndim < 2:
            raise ValueError(f"{name}: {what} has the shape {x.shape}, it must be (…, heads, rows, width)")
    lead = query.shape[:-2]
    if enable_gqa and lead and 0 < key.ndim - 2 == len(lead) and key.shape[-3] and lead[-1] % key.shape[-3] == 0:
        lead = (*lead[:-1], key.shape[-3])
    heads = ", where its heads may be fewer by a whole factor" if enable_gqa else ""
    check.shape(name, "key", key, (*lead, *key.shape[-2:-1], query.shape[-1]), f"for query {query.shape}{heads}")
    check.shape(name, "value", value, (*key.shape[:-1], value.shape[-1]), "as key, but for the last axis")
    scale = 1 / math.sqrt(max(query.shape[-1], 1)) if scale is None else check.number(name, "scale", scale)
    pairs = (*query.shape[:-1], key.shape[-2])
    if attn_mask is None:
        mask = current().empty((0, 0, 0, 0), query.dtype)
    else:
        if is_causal:
            raise ValueError(f"{name}: attn_mask is given and is_causal is True: it must be one of them")
        mask = _additive(name, attn_mask, query, pairs)
    return (*query.shape[:-1], value.shape[-1]), mask, scale


def _drawn(name: str, p: Any, seed: Any, offset: Any) -> tuple[int, int, int, float]:
    """What kernels are told of dropout: the seed, the offset, the limit that kept words are below, and their factor."""
    p = check.number(name, "dropout_p", p, 0, 1)
    if p == 0 and seed is None:
        seed = 0
    for what, value in (("seed", seed), ("offset", offset)):
        if not isinstance(value, (int, np.integer)) or not 0 <= value < 1 << 63:
            raise ValueError(f"{name}: {what} is {value!r}, it must be an integer from 0 to 2⁶³ − 1")
    return int(seed), capture.as_offset(offset), _limit(p), _factor(p)


def _limit(p: float) -> int:
    return round((1 - p) * 2**32)


def _factor(p: float) -> float:
    return 0.0 if p == 1 else 1 / (1 - p)


def _additive(name: str, mask: Any, query: Any, pairs: tuple[int, ...]) -> Any:
    """The mask as numbers to be added, (batch, heads, queries, keys): a view with strides of 0 where it broadcasts."""
    check.array(name, "attn_mask", mask)
    if mask.dtype != bool and mask.dtype != query.dtype:
        raise TypeError(f"{name}: attn_mask is {mask.dtype}, it must be bool or {query.dtype} as query")
    check.broadcasts(name, "attn_mask", mask, pairs, "for each query and key")
    if mask.dtype == bool:
        hidden, mask = ~mask, current().empty(mask.shape, query.dtype)
        mask[...] = 0
        mask[hidden] = -math.inf
    if mask.shape[-1:] != pairs[-1:]:  # kernels read along the keys
        mask = np.broadcast_to(mask, (*mask.shape[:-1], pairs[-1])).copy()
    return matrices(np.broadcast_to(in_rows(mask), pairs))
