"""The networks of characters that are timed beside PyTorch's."""

import numpy as np
import pytest

from kernelwright import layers
from kernelwright.bench import texts
from kernelwright.bench.rivals import OURS, TORCH


@pytest.mark.compare
@pytest.mark.parametrize("work", [texts.charlm_step(2), texts.gpt_step(2)], ids=["charlm", "gpt"])
def test_pytorch_takes_the_same_steps(work):
    layers.manual_seed(0)
    calls = work.calls(pytest.importorskip("torch"), 1)
    losses = [(float(calls[OURS]()), float(calls[TORCH]().detach())) for _ in range(3)]
    for mine, theirs in losses:
        assert mine == pytest.approx(theirs, rel=1e-4)
    assert losses[2][0] < losses[0][0]


@pytest.mark.compare
@pytest.mark.parametrize("work", [texts.charlm_writing(5), texts.gpt_writing(5)], ids=["charlm", "gpt"])
def test_pytorch_writes_the_same(work):
    calls = work.calls(pytest.importorskip("torch"), 1)
    np.testing.assert_allclose(calls[OURS](), calls[TORCH]().detach().numpy(), rtol=1e-4, atol=1e-5)


WORK = {"charlm": texts.charlm_step(2), "charlm writes": texts.charlm_writing(3), "gpt writes": texts.gpt_writing(3)}


@pytest.mark.parametrize("work", WORK.values(), ids=WORK)
def test_ours(work):
    assert np.isfinite(work.calls(None, 1)[OURS]()).all()
