"""How good a network is."""

from typing import Any


def accuracy(scores: Any, labels: Any) -> float:
    """The share of samples whose highest score is that of their label: scores (n, classes), labels (n,)."""
    if scores.ndim != 2 or labels.shape != scores.shape[:1]:
        raise ValueError(f"accuracy: scores {scores.shape} and labels {labels.shape} must be (n, classes) and (n,)")
    if not labels.size:
        raise ValueError("accuracy: there are no samples")
    return float((scores.argmax(-1) == labels).mean())
