"""The recipe `charlm`: a shortened run, its gradients, what it is measured by, an interrupted run, every backend."""

import json
import math

import numpy as np
import pytest

from kernelwright import kernels, layers, training
from kernelwright.training import text
from kernelwright.training.recipes import _language, charlm

from ..catalog import BACKENDS

SIZES = 7, 5, 4  # characters, embedding, hidden units


def test_it_learns_to_write(tmp_path, capsys):
    """After 80 steps it knows more than how frequent each character is. It takes thousands to beat longer contexts."""
    result = charlm.main(["--data", "small", "--out", str(tmp_path)])
    assert result["bits"] < result["kneser_ney"][0] - 0.3
    assert result["history"][-1]["val_bits"] < result["history"][0]["val_bits"]
    assert len(result["kneser_ney"]) == 6
    assert result["written"].startswith("def ")
    assert f"{result['bits']:.3f} bits per character of the test text" in capsys.readouterr().out
    names = {"last.safetensors", "metrics.json", "model.safetensors", "training.png"}
    assert {path.name for path in tmp_path.iterdir()} == names == set(result["paths"])
    assert json.loads((tmp_path / "metrics.json").read_text())["bits"] == result["bits"]
    assert (tmp_path / "training.png").stat().st_size > 20_000
    assert training.load_checkpoint(tmp_path / "model.safetensors", charlm.Network())["epoch"] == 2


def drawn(steps=3, rows=2):
    rng = np.random.default_rng(0)
    return tuple(rng.integers(0, SIZES[0], (steps, rows)) for _ in range(2))


@pytest.mark.parametrize("given", [False, True])
def test_what_is_looked_up_after_the_product_is_the_same(given):
    """Scores, state and gradients are those of the layers one after another."""
    layers.manual_seed(0)
    net, (x, _) = charlm.Network(*SIZES), drawn()
    rng = np.random.default_rng(1)
    state = tuple(rng.standard_normal((2, 1, 2, 4)).astype(np.float32)) if given else None
    grad = rng.standard_normal((3, 2, 7)).astype(np.float32)
    (scores, ends), backward = net.forward(x, state)
    assert backward(grad) is None
    found = {key: parameter.grad.copy() for key, parameter in net.named_parameters()}
    net.zero_grad()
    e, embedding_backward = net.embedding.forward(x)
    (h, expected_ends), lstm_backward = net.lstm.forward(e, state)
    expected, head_backward = net.head.forward(h)
    embedding_backward(lstm_backward(head_backward(grad))[0])
    tolerance = {"rtol": 1e-4, "atol": 1e-6}  # the same sums in another order
    for a, b in ((scores, expected), (net(x, state)[0], expected), *zip(ends, expected_ends, strict=True)):
        np.testing.assert_allclose(a, b, **tolerance)
    for key, parameter in net.named_parameters():
        np.testing.assert_allclose(found[key], parameter.grad, err_msg=key, **tolerance)


def test_what_it_is_measured_by():
    """A network that gives each character's double a probability of a half, and the others the rest evenly."""

    def model(x, state):
        seen = 0 if state is None else state
        scores = np.full((*x.shape, 97), math.log(0.5 / 96), np.float32)
        np.put_along_axis(scores, (2 * x % 97)[..., None], math.log(0.5), 2)
        return scores, seen + len(x)

    characters = np.zeros(4097, np.uint8)
    assert charlm.measured(model, characters) == pytest.approx(1, abs=1e-5)  # 0 after 0
    characters[::2] = 1
    assert charlm.measured(model, characters) == pytest.approx(-math.log2(0.5 / 96), abs=1e-4)


def test_language():
    factors = [_language.warm_cosine(10, 100)(t) for t in (0, 9, 50, 100)]
    np.testing.assert_allclose(factors, [0.1, (1 + math.cos(0.09 * math.pi)) / 2, 0.5, 0], atol=1e-12)
    scores, target = np.random.default_rng(0).standard_normal((2, 3, 5), np.float32), np.array([[0, 1, 2], [4, 4, 0]])
    loss, backward = _language.PerCharacter().forward(scores, target)
    expected, expected_backward = layers.CrossEntropyLoss().forward(scores.reshape(6, 5), target.ravel())
    assert loss == expected == _language.PerCharacter()(scores, target)
    np.testing.assert_array_equal(backward(), expected_backward().reshape(2, 3, 5))
    result = {"bits": 1.5, "kneser_ney": [4.0, 3, 2.5, 2, 1.8, 1.4]}
    assert "need 1.800 (order 5), 1.400 (order 6): better from order 6 on" in _language.verdict(result)
    assert _language.verdict({**result, "bits": 1.3}).endswith("no better")

    def alphabet(new, state):  # after each character the next of the alphabet
        scores = np.zeros(len(text.ALPHABET), np.float32)
        scores[(new[-1] + 1) % len(scores)] = 100
        return scores, state

    assert _language.written(alphabet, 12, 0) == 'def !"#$%'[: 12 - 3]


class Stop(training.Callback):
    def on_step_end(self, trainer):
        if trainer.step == 5:
            raise KeyboardInterrupt


def begun(*callbacks):
    layers.manual_seed(3)
    return charlm.Truncated(charlm.Network(*SIZES), 1e-2, 12, 2, *callbacks)


def test_an_interrupted_training_ends_like_one_that_was_not(tmp_path):
    """Though each of the two groups of streams has a state that goes on."""
    streams = training.Streams(np.random.default_rng(0).integers(0, 7, 100), 3, 4, 6, groups=2)
    whole = begun()
    whole.fit(streams, epochs=2, report=False)
    broken = begun(Stop())
    with pytest.raises(KeyboardInterrupt):
        broken.fit(streams, epochs=2, report=False)
    broken.callbacks.pop()
    broken.save(tmp_path / "last.safetensors")
    again = begun()
    again.fit(streams, epochs=2, directory=tmp_path, resume=True, report=False)
    for key, value in whole.network.state_dict().items():
        np.testing.assert_array_equal(again.network.state_dict()[key], value, err_msg=key)
    for ours, expected in zip(again.carried.states, whole.carried.states, strict=True):
        np.testing.assert_array_equal(ours, expected)


@pytest.mark.parametrize("name", BACKENDS)
def test_a_step_on_every_backend(name):
    after = []
    for backend in ("reference", name):
        with kernels.using(backend):
            layers.manual_seed(0)
            trainer = charlm.Truncated(charlm.Network(*SIZES), 1e-2, 10, 1)
            batches = drawn(2, 3), drawn(2, 3)[::-1]
            losses = [float(trainer.learn(batch)[0]) for batch in batches]
            after.append((trainer.network.state_dict(), losses))
    np.testing.assert_allclose(after[1][1], after[0][1], rtol=1e-5)
    for key, value in after[0][0].items():
        np.testing.assert_allclose(after[1][0][key], value, rtol=1e-3, atol=1e-4, err_msg=key)
