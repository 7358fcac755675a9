"""Attention in NumPy: its definition. Arrays are (batch, heads, rows, width)."""

import numpy as np

from ..random.reference import philox


def _weights(q, k, mask, scale, causal):
    """Each query's weights of all keys, and the logarithms of their sums."""
    scores = scale * np.einsum("bhqe,bhke->bhqk", q, np.repeat(k, q.shape[1] // k.shape[1], axis=1))
    if mask.size:
        scores = scores + mask
    if causal:
        scores = np.where(np.tri(*scores.shape[2:], dtype=bool), scores, -np.inf)
    top = scores.max(axis=-1, keepdims=True)
    blind = top == -np.inf
    with np.errstate(invalid="ignore", divide="ignore"):  # ∞ − ∞
        powers = np.exp(scores - np.where(blind, 0, top))
        sums = powers.sum(axis=-1, keepdims=True)
        weights = np.where(blind, 0, powers / sums)
        return weights, np.where(blind, np.inf, top + np.log(sums))[..., 0]


def kept(shape, seed, offset, limit):
    """Whether dropout keeps each pair: four neighbouring keys share the words of one counter."""
    batch, heads, queries, keys = shape
    head, query, key = np.ogrid[: batch * heads, :queries, :keys]
    words = philox(offset + (head * (-(-keys // 4)) + key // 4) * queries + query, seed)
    keep = np.choose(key % 4, words) < limit
    return keep.reshape(shape)


def attention(q, k, v, mask, scale, causal, seed, offset, limit, factor):
    weights, sums = _weights(q, k, mask, scale, causal)
    weights = factor * weights * kept(weights.shape, seed, offset, limit)
    return weights @ np.repeat(v, q.shape[1] // v.shape[1], axis=1), sums


def attention_backward(grad, q, k, v, mask, y, sums, scale, causal, seed, offset, limit, factor):
    group = q.shape[1] // k.shape[1]
    weights, _ = _weights(q, k, mask, scale, causal)
    keep = factor * kept(weights.shape, seed, offset, limit)
    by_weights = keep * (grad @ np.repeat(v, group, axis=1).swapaxes(-1, -2))
    by_scores = weights * (by_weights - (weights * by_weights).sum(axis=-1, keepdims=True))

    def of_group(x):
        """The sum over the queries' heads that share one of the keys'."""
        return x.reshape(x.shape[0], k.shape[1], group, *x.shape[2:]).sum(axis=2)

    grad_q = scale * by_scores @ np.repeat(k, group, axis=1)
    grad_k = of_group(scale * by_scores.swapaxes(-1, -2) @ q)
    return grad_q, grad_k, of_group((keep * weights).swapaxes(-1, -2) @ grad)
