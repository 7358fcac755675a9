"""Numbers in the order of time: the sunspots, what is known at each of them, and forecasts that need no network.

A forecaster is a function of pasts (n, width), the last number at the end, that returns the next numbers (n,).
"""

from collections.abc import Callable

import numpy as np

from .optional import optional

Forecaster = Callable[[np.ndarray], np.ndarray]


def sunspots() -> tuple[np.ndarray, np.ndarray]:
    """The years 1700 to 2008 and the mean number of spots on the sun in each, in float64: as statsmodels has them.

    Raises
    ------
    Unavailable
        statsmodels isn't installed.
    """
    numbers = optional("statsmodels.datasets").sunspots.load().endog.to_numpy(np.float64)
    return np.arange(1700, 1700 + len(numbers)), numbers


def windows(values: np.ndarray, width: int, ahead: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """All pasts (n, width) in the series, and what came after each (n, ahead).

        values   a b c d e        width 2, ahead 1:        a b ─► c        b c ─► d        c d ─► e

    Raises
    ------
    ValueError
        The series is shorter than width + ahead.
    """
    if len(values) < width + ahead:
        raise ValueError(f"windows: values has {len(values)} numbers, it must have at least {width} + {ahead}")
    both = np.lib.stride_tricks.sliding_window_view(values, width + ahead)
    return both[:, :width], both[:, width:]


def seasonal(period: int) -> Forecaster:
    """What was `period` steps before."""
    return lambda pasts: pasts[:, -period]


def autoregression(values: np.ndarray, order: int) -> Forecaster:
    """The linear function of the last `order` numbers, and a constant, that has the least squared error on `values`.

    Source: Yule, On a Method of Investigating Periodicities in Disturbed Series, 1927, of these very sunspots.
    """
    pasts, after = windows(values, order)
    *weights, constant = np.linalg.lstsq(np.column_stack([pasts, np.ones(len(pasts))]), after[:, 0])[0]
    return lambda pasts: pasts[:, -order:] @ np.array(weights) + constant


def forecast(forecaster: Forecaster, pasts: np.ndarray, ahead: int) -> np.ndarray:
    """The next numbers (n, ahead): each forecast is taken for the truth by those after it."""
    known, width = pasts, pasts.shape[1]
    for _ in range(ahead):
        known = np.column_stack([known, forecaster(known[:, -width:])])
    return known[:, width:]


def rmse(forecasts: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """The root of the mean squared error of each column."""
    return np.sqrt(np.mean((forecasts - truth) ** 2, axis=0, dtype=np.float64))
