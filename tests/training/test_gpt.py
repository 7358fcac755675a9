"""The recipe `gpt`: a shortened run, what it is measured by, how it writes, every backend."""

import json

import numpy as np
import pytest

from kernelwright import kernels, layers, training
from kernelwright.training import text
from kernelwright.training.recipes import _language, gpt

from ..catalog import BACKENDS

SIZES = 7, 8, 2, 2  # characters, width, depth, heads


def test_it_learns_to_write(tmp_path, capsys):
    """After 40 steps it knows more than how frequent each character is. It takes thousands to beat longer contexts."""
    result = gpt.main(["--data", "small", "--epochs", "1", "--out", str(tmp_path)])
    assert result["bits"] < result["kneser_ney"][0]
    assert result["written"].startswith("def ")
    assert f"{result['bits']:.3f} bits per character of the test text" in capsys.readouterr().out
    names = {"last.safetensors", "metrics.json", "model.safetensors", "training.png"}
    assert {path.name for path in tmp_path.iterdir()} == names == set(result["paths"])
    assert json.loads((tmp_path / "metrics.json").read_text())["bits"] == result["bits"]
    assert (tmp_path / "training.png").stat().st_size > 20_000
    assert training.load_checkpoint(tmp_path / "model.safetensors", gpt.Network())["epoch"] == 1


def small(sizes=SIZES):
    layers.manual_seed(0)
    net = gpt.Network(*sizes)
    for parameter in net.parameters():  # else all scores are nearly alike
        parameter.data[...] *= 10
    return net


def test_what_it_is_measured_by(monkeypatch):
    """Each character once, after at least half a piece where there is so much."""
    monkeypatch.setattr(gpt, "LENGTH", 8)
    net, characters = small(), np.random.default_rng(0).integers(0, 7, 29).astype(np.uint8)
    bits = []
    for place in range(1, 29):
        first = max((place - 1) // 4 * 4 - 4, 0)  # of the piece in whose second half the place is
        scores = net(characters[None, first:place].astype(np.int64))[0, -1].astype(np.float64)
        bits.append(np.log2(np.exp(scores).sum()) - scores[characters[place]] / np.log(2))
    assert gpt.measured(net, characters) == pytest.approx(np.mean(bits), rel=1e-5)


def test_it_writes_with_keys_and_values_kept(monkeypatch):
    monkeypatch.setattr(gpt, "LENGTH", 8)
    net, rng = small(), np.random.default_rng(0)
    next_one, state, seen, begin = gpt.writer(net), None, np.zeros(0, np.int64), 0
    for count in (3, *[1] * 12):
        new = rng.integers(0, 7, count)
        seen = np.append(seen, new)
        if len(seen) - begin > 8:  # begun anew with the last 4
            begin = len(seen) - 4
        scores, state = next_one(new, state)
        np.testing.assert_allclose(scores, net(seen[None, begin:])[0, -1], rtol=1e-4, atol=1e-5)
    assert begin > 8


def test_what_it_looks_at():
    maps = small().attention(np.array([[3, 1, 4, 1, 5]]))
    assert len(maps) == 4
    for one in maps:
        np.testing.assert_allclose(one.sum(1), 1, rtol=1e-6)
        assert not np.triu(one, 1).any()


@pytest.mark.parametrize("name", BACKENDS)
def test_a_step_on_every_backend(name):
    rng = np.random.default_rng(0)
    x, target = rng.integers(0, 7, (2, 3)), rng.integers(0, 7, (2, 3))
    after = []
    for backend in ("reference", name):
        with kernels.using(backend) as here:
            net = small((7, 4, 1, 2))
            trainer = training.Trainer(net, _language.PerCharacter(), training.SGD(net.parameters(), lr=0.1))
            loss = float(trainer.learn((x, target))[0])
            cache = layers.KeyValueCache()
            scores = [
                here.to_numpy(net(here.from_numpy(x[:1, places]), cache)) for places in (slice(0, 2), slice(2, 3))
            ]
            after.append((net.state_dict(), loss, np.concatenate(scores, 1)))
    assert after[1][1] == pytest.approx(after[0][1], rel=1e-5)
    np.testing.assert_allclose(after[1][2], after[0][2], rtol=1e-3, atol=1e-5)
    for key, value in after[0][0].items():
        np.testing.assert_allclose(after[1][0][key], value, rtol=1e-3, atol=1e-5, err_msg=key)


def test_characters_are_those_of_the_text():
    assert gpt.Network().embedding.num_embeddings == len(text.ALPHABET)
