"""Networks that write: gradients, what they write, an interrupted training, a step on every backend."""

import numpy as np
import pytest

from kernelwright import kernels, layers, training
from kernelwright.training import dates, scenes, writing
from kernelwright.training.recipes import caption, translation

from ..catalog import BACKENDS
from .gradients import check_gradients

SYMBOLS, STEPS, SIDE = 5, 4, 8
NETWORKS = {
    "translation": lambda: translation.Translator(7, SYMBOLS, 3, 4),
    "caption": lambda: caption.Captioner(SIDE, SYMBOLS, (2, 3, 4), 5),
}
networks = pytest.mark.parametrize("recipe", NETWORKS)


def network(recipe):
    layers.manual_seed(0)
    return NETWORKS[recipe]()


def draws(recipe, n):
    """Inputs and texts; both have ends."""
    rng = np.random.default_rng(0)
    x = rng.integers(1, 8, (n, 6)) if recipe == "translation" else rng.random((n, 1, SIDE, SIDE), np.float32)
    texts = rng.integers(1, SYMBOLS + 1, (n, STEPS))
    texts[0, -1] = 0
    if recipe == "translation":
        x[0, 4:], x[1, 1:] = 0, 0
    return x, texts


def teacher(net, x, texts, **options):
    callbacks = [writing.Examined(x, texts)]
    optimizer = training.SGD(net.parameters(), lr=0.1)
    return writing.Teacher(net, layers.CrossEntropyLoss(), optimizer, callbacks=callbacks, **options)


def test_texts_are_numbers():
    rows = writing.numbered(["ab", "c", "abc"], "abc")
    np.testing.assert_array_equal(rows, [[1, 2, 0], [3, 0, 0], [1, 2, 3]])
    assert writing.spelled(rows, "abc") == ["ab", "c", "abc"]
    assert writing.spelled(np.array([[2, 1, 0, 1], [0, 1, 1, 1]]), ("left", "right"), " ") == ["right left", ""]
    np.testing.assert_array_equal(writing.before(rows), [[0, 1, 2], [0, 3, 0], [0, 1, 2]])
    assert writing.exact(rows, rows[[0, 1, 1]]) == 2 / 3


def test_bad_input():
    with pytest.raises(ValueError, match="numbered: texts has the symbol 'd', it must be one of a, b, c"):
        writing.numbered(["ab", "cd"], "abc")
    with pytest.raises(ValueError, match="numbered: texts is empty"):
        writing.numbered([], "abc")
    for module in (dates, scenes):
        with pytest.raises(ValueError, match="load: name is 'words', it must be one of"):
            module.load("words")


@networks
def test_gradients(recipe):
    net, (x, texts) = network(recipe), draws(recipe, 3)
    x = x if recipe == "translation" else x.astype(np.float64)
    check_gradients(net, lambda x: net.forward((x, texts)), x)


@networks
def test_it_writes_what_it_was_taught(recipe):
    """Each symbol is the most probable one after those before, as `forward` sees them; in parts of the batch, too."""
    with kernels.using("reference"):
        net, x = network(recipe), draws(recipe, 5)[0]
        if recipe == "caption":  # batch norm is another in training
            net.features = layers.Sequential(layers.Flatten(), layers.Linear(SIDE * SIDE, 5))
        rng = np.random.default_rng(1)
        for parameter in net.parameters():
            parameter.data = 2 * rng.standard_normal(parameter.shape) * (len(parameter.shape) > 1)
        found = writing.written(net, x, STEPS)
        np.testing.assert_array_equal(net.forward((x, found))[0].argmax(-1), found)
        np.testing.assert_array_equal(writing.written(net, x, STEPS, 2), found)
        assert len(np.unique(found)) > 2


def test_where_it_looks():
    """The weights of the means: 0 beyond the end, and those that make the mean that is used."""
    with kernels.using("reference"):
        net, (x, texts) = network("translation"), draws("translation", 3)
        weights = net.weights(x, texts)
        assert weights.shape == (3, STEPS, 6)
        np.testing.assert_allclose(weights.sum(-1), 1, rtol=1e-6)
        assert not weights[0, :, 4:].any()
        assert (weights[1, :, 0] == 1).all()
        memory, mask, _ = net.read(x)
        h, _ = net.decoder(net.symbols(writing.before(texts)))
        np.testing.assert_allclose(weights @ memory, net.attention(h, memory, mask), atol=1e-6)


class Stop(training.Callback):
    def on_step_end(self, trainer):
        if trainer.step == 5:
            raise KeyboardInterrupt


def test_an_interrupted_training_ends_like_one_that_was_not(tmp_path):
    x, texts = draws("translation", 12)

    def loader():
        return training.DataLoader((x, texts), 3, shuffle=True, seed=5)

    whole = teacher(network("translation"), x, texts, clip_norm=0.5)
    whole.fit(loader(), epochs=3, report=False)
    broken = teacher(network("translation"), x, texts, clip_norm=0.5)
    broken.callbacks.append(Stop())
    with pytest.raises(KeyboardInterrupt):
        broken.fit(loader(), epochs=3, report=False)
    del broken.callbacks[1]
    broken.save(tmp_path / "last.safetensors")
    again = teacher(network("translation"), x, texts, clip_norm=0.5)
    again.fit(loader(), epochs=3, directory=tmp_path, resume=True, report=False)
    for key, value in whole.network.state_dict().items():
        np.testing.assert_array_equal(again.network.state_dict()[key], value, err_msg=key)


@networks
@pytest.mark.parametrize("name", BACKENDS)
def test_a_step_on_every_backend(name, recipe):
    x, texts = draws(recipe, 3)
    after = []
    for backend in ("reference", name):
        with kernels.using(backend):
            net = network(recipe)
            trainer = teacher(net, x, texts, clip_norm=1.0)
            trainer.fit(training.DataLoader((x, texts), 3), epochs=1, report=False)
            after.append((net.state_dict(), trainer.history[0]))
    assert after[1][1]["loss"] == pytest.approx(after[0][1]["loss"], rel=1e-5)
    assert after[1][1]["val_exact"] == after[0][1]["val_exact"]
    for key, value in after[0][0].items():
        np.testing.assert_allclose(after[1][0][key], value, rtol=1e-3, atol=1e-5, err_msg=key)
