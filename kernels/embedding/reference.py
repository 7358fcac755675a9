"""Embeddings in NumPy: their definition. A bag's positions among the indices are starts[bag] … starts[bag + 1] − 1."""

import numpy as np


def embedding(weight, indices):
    return weight[indices]


def embedding_backward(grad, indices, rows, padding, by_frequency):
    result = np.zeros((rows, grad.shape[1]), grad.dtype)
    kept = indices != padding
    np.add.at(result, indices[kept], grad[kept])
    count = np.bincount(indices, minlength=rows)[:, None]
    return result / np.maximum(count, 1) if by_frequency else result


def _bags(indices, starts, padding):
    """Each bag with the positions in it."""
    for bag in range(starts.size - 1):
        places = np.arange(starts[bag], starts[bag + 1])
        yield bag, places[indices[places] != padding]


def bag(weight, indices, starts, factors, padding, mean):
    result = np.zeros((starts.size - 1, weight.shape[1]), weight.dtype)
    for bag, places in _bags(indices, starts, padding):
        factor = factors[places] if factors.size else np.ones(places.size, weight.dtype)
        result[bag] = (factor[:, None] * weight[indices[places]]).sum(axis=0) / (max(places.size, 1) if mean else 1)
    return result


def bag_backward(grad, indices, starts, factors, rows, padding, mean):
    result = np.zeros((rows, grad.shape[1]), grad.dtype)
    for bag, places in _bags(indices, starts, padding):
        factor = factors[places] if factors.size else np.ones(places.size, grad.dtype)
        np.add.at(result, indices[places], factor[:, None] * grad[bag] / (max(places.size, 1) if mean else 1))
    return result


def bag_factors_backward(grad, weight, indices, starts, padding):
    result = np.zeros(indices.size, grad.dtype)
    for bag, places in _bags(indices, starts, padding):
        result[places] = weight[indices[places]] @ grad[bag]
    return result


def bag_max(weight, indices, starts, padding):
    result = np.zeros((starts.size - 1, weight.shape[1]), weight.dtype)
    chosen = np.full(result.shape, -1)
    for bag, places in _bags(indices, starts, padding):
        for place in places:
            row = weight[indices[place]]
            taken = (chosen[bag] < 0) | (row > result[bag])
            result[bag], chosen[bag] = np.where(taken, row, result[bag]), np.where(taken, place, chosen[bag])
    return result, chosen


def bag_max_backward(grad, indices, starts, chosen, rows):
    del starts
    result = np.zeros((rows, grad.shape[1]), grad.dtype)
    bag, column = np.nonzero(chosen >= 0)
    np.add.at(result, (indices[chosen[bag, column]], column), grad[bag, column])
    return result
