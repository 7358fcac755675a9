"""The kernels for the CPU; walk.py says how they walk."""

from .lstm import lstm, lstm_backward

__all__ = ["lstm", "lstm_backward"]
