"""The rows of sequences and of networks that write: both sides compute the same."""

import numpy as np
import pytest

from kernelwright.bench import sequences, texts
from kernelwright.bench.rivals import OURS, TORCH

from .test_versus import assert_same, values

# Every kind of row, small.
SMALL = {
    **{name: sequences.recurrent(name, 3, 2, 5) for name in ("LSTM", "GRU", "RNN")},
    "attention": sequences.attention((2, 1, 5, 4), causal=False),
    "causal": sequences.attention((2, 1, 5, 4), causal=True),
    "table": sequences.table_gradient(9, 7, 5),
    "bags": sequences.bags(3, 4, 7, 5),
    "charlm's letter": texts.charlm_letter(),
    "gpt's letter": texts.gpt_letter(3, 5),
}
STEPS = {"charlm": texts.charlm_step(2, 3), "gpt": texts.gpt_step(2, 3)}


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


@pytest.mark.parametrize("name", STEPS)
def test_a_network_learns(name):
    step = STEPS[name].calls(None, 1)[OURS]
    losses = [float(step()) for _ in range(5)]
    assert losses[0] == pytest.approx(np.log(texts.ALPHABET), rel=0.2)
    assert losses[-1] < losses[0]


@pytest.mark.compare
@pytest.mark.parametrize("name", STEPS)
def test_pytorch_takes_the_same_steps(name):
    calls = STEPS[name].calls(pytest.importorskip("torch"), 1)
    # AdamW's first step is the sign of each gradient, which rounding decides where there is next to none.
    for near in (1e-5, 1e-3, 1e-3):
        mine, theirs = (float(values(calls[name]())[0]) for name in (OURS, TORCH))
        assert mine == pytest.approx(theirs, rel=near)


def test_letters_are_written_one_after_another():
    """Each from all that came before, as in training."""
    net, letters = texts.GPT(6), texts.text(2, 6)[:1]
    at_once, _ = net.forward(letters)
    width = texts.WIDTH // texts.HEADS
    kept = [[np.empty((texts.HEADS, 6, width), np.float32) for _ in range(2)] for _ in range(texts.DEPTH)]
    for place in range(6):
        scores = net.write(letters[0, place : place + 1], kept, place)
        np.testing.assert_allclose(scores[0], at_once[0, place], rtol=1e-4, atol=1e-5)
    charlm, letters = texts.CharLM(), letters.T
    at_once, state = charlm(letters), None
    for place in range(6):
        scores, state = charlm(letters[place : place + 1], state)
        np.testing.assert_allclose(scores[0], at_once[0][place], rtol=1e-4, atol=1e-5)
