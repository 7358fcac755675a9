"""Ridge regression: the linear layer with the least squared error, and not too large weights, in closed form."""

import numpy as np


def ridge(features: np.ndarray, targets: np.ndarray, penalty: float) -> tuple[np.ndarray, np.ndarray]:
    """The weight (outputs, features) and the bias (outputs,) that minimise ‖Φ Wᵀ + b − T‖² + penalty ‖W‖², in float64.

    Φ is `features` (n, features), T is `targets` (n, outputs), and the bias is free. With columns counted from their
    means, (ΦᵀΦ + penalty · I) Wᵀ = ΦᵀT, and b is what the means leave.

    Source: Hoerl and Kennard, Ridge Regression: Biased Estimation for Nonorthogonal Problems, 1970.

    Raises
    ------
    ValueError
        The numbers of rows differ, there is none, or `penalty` isn't above 0.
    """
    rows = len(features)
    if len(targets) != rows or not rows:
        raise ValueError(f"ridge: features has {rows} rows, targets {len(targets)}: it must be as many, and at least 1")
    if not penalty > 0:
        raise ValueError(f"ridge: penalty is {penalty}, it must be above 0")
    features, targets = features.astype(np.float64), targets.astype(np.float64)
    center, level = features.mean(axis=0), targets.mean(axis=0)
    features, targets = features - center, targets - level
    weight = np.linalg.solve(features.T @ features + penalty * np.eye(features.shape[1]), features.T @ targets).T
    return weight, level - weight @ center
