"""The kernels for the CPU; walk.py says how they walk."""

from .gru import gru, gru_backward
from .lstm import lstm, lstm_backward
from .rnn import rnn, rnn_backward

__all__ = ["gru", "gru_backward", "lstm", "lstm_backward", "rnn", "rnn_backward"]
