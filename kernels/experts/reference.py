"""Mixtures of experts in NumPy: their definition."""

from itertools import pairwise

import numpy as np


def top_k_gates(x, k, over_all):
    keys = np.where(np.isnan(x), np.inf, x)
    chosen = np.argsort(-keys, axis=1, kind="stable")[:, :k]  # of equal scores the first stays the first
    largest = np.take_along_axis(x, chosen, 1)
    with np.errstate(invalid="ignore"):
        terms = np.exp((x if over_all else largest) - largest[:, :1])
        return np.exp(largest - largest[:, :1]) / terms.sum(axis=1, keepdims=True), chosen


def top_k_gates_backward(grad, x, y, chosen, over_all):
    total = (grad * y).sum(axis=1, keepdims=True)
    own = y * (grad if over_all else grad - total)
    result = np.zeros_like(x)
    if over_all:
        with np.errstate(invalid="ignore"):
            result = -total * y[:, :1] * np.exp(x - np.take_along_axis(x, chosen[:, :1], 1))
    np.add.at(result, (np.arange(len(x))[:, None], chosen), own)
    return result


def expert_routing(chosen, experts, capacity):
    taken = [np.flatnonzero(chosen == expert)[:capacity] for expert in range(experts)]
    order, places = np.full(chosen.size, -1), np.full(chosen.size, -1)
    offsets = np.cumsum([0, *map(len, taken)])
    order[: offsets[-1]] = np.concatenate(taken)
    places[order[: offsets[-1]]] = np.arange(offsets[-1])
    starts = np.minimum(np.arange(chosen.size + 1), offsets[-1])
    return order, starts, places, offsets, np.bincount(chosen, minlength=experts)


def expert_dispatch(x, factors, order, starts, owners):
    result = np.zeros((order.size, x.shape[1]), x.dtype)
    used = order[: starts[-1]]
    result[: starts[-1]] = x[owners[used]] * (factors[used, None] if factors.size else 1)
    return result


def expert_combine(rows, factors, places, begins):
    terms = np.where(places[:, None] < 0, 0, rows[places] if rows.size else rows)
    terms = terms * (factors[:, None] if factors.size else 1)
    shape = (begins.size - 1, places.size // max(begins.size - 1, 1), rows.shape[1])
    return terms.reshape(shape).sum(axis=1)


def grouped_matmul(x, weight, bias, offsets):
    y = np.zeros((x.shape[0], weight.shape[2]), x.dtype)
    for expert, matrix in enumerate(weight):
        group = slice(offsets[expert], offsets[expert + 1])
        y[group] = x[group] @ matrix + (bias.reshape(len(weight), -1)[expert] if bias.size else 0)
    return y


def grouped_weight_gradient(x, grad, offsets):
    groups = [slice(begin, end) for begin, end in pairwise(offsets)]
    return np.stack([x[group].T @ grad[group] for group in groups])
