"""The rows of what works on sequences: both sides compute the same."""

import pytest

from kernelwright.bench import sequences
from kernelwright.bench.rivals import OURS, TORCH

from .test_versus import assert_same, values

# Every kind of row, small.
SMALL = {
    **{name: sequences.recurrent(name, 3, 2, 5) for name in ("LSTM", "GRU", "RNN")},
    "attention": sequences.attention((2, 1, 5, 4), causal=False),
    "causal": sequences.attention((2, 1, 5, 4), causal=True),
    "table": sequences.table_gradient(9, 7, 5),
    "bags": sequences.bags(3, 4, 7, 5),
}


@pytest.mark.parametrize("name", SMALL)
def test_ours_can_be_called(name):
    calls = SMALL[name].calls(None, 1)
    assert set(calls) == {OURS}
    assert_same(calls)


@pytest.mark.compare
@pytest.mark.parametrize("name", SMALL)
def test_pytorch_does_the_same(name):
    calls = SMALL[name].calls(pytest.importorskip("torch"), 1)
    assert len(values(calls[OURS]())) == len(values(calls[TORCH]()))
    assert_same(calls, times=3)
