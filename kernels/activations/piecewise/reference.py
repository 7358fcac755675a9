"""The activations of straight pieces in NumPy: their definition."""

import numpy as np


def hardshrink(x, lambd):
    return np.where((x >= -lambd) & (x <= lambd), 0, x)


def hardshrink_backward(grad, x, lambd):
    return np.where((x >= -lambd) & (x <= lambd), 0, grad)


def softshrink(x, lambd):
    return np.where(np.isnan(x), x, np.where(x > lambd, x - lambd, np.where(x < -lambd, x + lambd, 0)))


def softshrink_backward(grad, x, lambd):
    return hardshrink_backward(grad, x, lambd)


def hardsigmoid(x):
    return np.clip(x + 3, 0, 6) / 6


def hardsigmoid_backward(grad, x):
    return np.where((x > -3) & (x < 3), grad / 6, 0)


def hardswish(x):
    return x * np.clip(x + 3, 0, 6) / 6


def hardswish_backward(grad, x):
    return np.where(x <= -3, 0, np.where(x < 3, grad * (x / 3 + 0.5), grad))


def hardtanh(x, min_val, max_val):
    return np.clip(x, min_val, max_val)


def hardtanh_backward(grad, x, min_val, max_val):
    return np.where((x <= min_val) | (x >= max_val), 0, grad)


def threshold(x, threshold, value):
    return np.where(x <= threshold, value, x)


def threshold_backward(grad, x, threshold):
    return np.where(x <= threshold, 0, grad)


def relu_squared(x):
    return np.maximum(x, 0) ** 2


def relu_squared_backward(grad, x):
    return 2 * grad * np.maximum(x, 0)


def sparse_plus(x):
    return np.where(x <= -1, 0, np.where(x < 1, (x + 1) ** 2 / 4, x))


def sparse_plus_backward(grad, x):
    return np.where(x <= -1, 0, np.where(x < 1, (x + 1) / 2 * grad, grad))


def sparse_sigmoid(x):
    return np.where(x <= -1, 0, np.where(x >= 1, 1, (x + 1) / 2))


def sparse_sigmoid_backward(grad, x):
    return np.where((x > -1) & (x < 1), grad / 2, 0)
