"""A training that was interrupted ends like one that wasn't, bit for bit."""

import signal

import numpy as np
import pytest

from kernelwright import layers, training

from .test_checkpoint import entry, header
from .test_trainer import BOTH, TEST, TRAIN, figures

STEPS = 25  # of an epoch


class PressCtrlC(training.Callback):
    def __init__(self, step):
        self.at = step

    def on_step_end(self, trainer):
        if trainer.step == self.at:
            signal.raise_signal(signal.SIGINT)


SCHEDULES = {
    "one cycle": (lambda o: training.OneCycleLR(o, 0.02, total_steps=3 * STEPS), "step"),
    "step": (lambda o: training.StepLR(o, 2), "epoch"),
    "plateau": (lambda o: training.ReduceLROnPlateau(o, patience=0, threshold=0.5), "epoch"),
    "restarts": (lambda o: training.CosineAnnealingWarmRestarts(o, 20), "step"),
}
CASES = [
    ("AdamW", "one cycle", None),
    ("SGD", "plateau", 0.9),
    ("Adam", "restarts", None),
    ("AdamWScheduleFree", "step", None),
    ("two groups", "step", 0.5),
]


def make(optimizer, schedule, decay, callbacks=()):
    """Everything that draws or remembers: RReLU, transforms, momentum, schedule, average, early stopping."""
    layers.manual_seed(7)
    net = layers.Sequential(layers.Linear(2, 8), layers.RReLU(), layers.Linear(8, 4))
    if optimizer == "two groups":
        groups = [{"params": net[0].parameters(), "betas": (0.8, 0.9)}, {"params": net[2].parameters()}]
        made = training.MultiOptimizer([training.Adam(groups[:1]), training.SGD(groups[1]["params"], momentum=0.9)])
    else:
        options = {"momentum": 0.9} if optimizer == "SGD" else {}
        made = getattr(training, optimizer)(net.parameters(), lr=0.02, **options)
    rule, by = SCHEDULES[schedule]
    average = None if decay is None else training.AveragedModel(net, decay)
    return training.Trainer(
        net,
        layers.CrossEntropyLoss(),
        made,
        metrics=BOTH,
        schedule=rule(made),
        schedule_by=by,
        average=average,
        monitor="val_loss",
        callbacks=[training.EarlyStopping(5), *callbacks],
    )


def blur(batch, rng):
    return batch[0] + np.float32(0.1) * rng.standard_normal(batch[0].shape, np.float32), batch[1]


def loader():
    return training.DataLoader(TRAIN, 20, shuffle=True, seed=3, transforms=[blur], prefetch=2)


@pytest.mark.parametrize(("optimizer", "schedule", "decay"), CASES, ids=[case[0] for case in CASES])
def test_interrupted_in_the_middle_of_an_epoch(optimizer, schedule, decay, tmp_path, capsys):
    whole = make(optimizer, schedule, decay)
    whole.fit(loader(), TEST, epochs=3, report=False)
    for step in (STEPS + 11, 2 * STEPS):  # within an epoch, and at the end of one
        broken = make(optimizer, schedule, decay, [PressCtrlC(step)])
        with pytest.raises(KeyboardInterrupt):
            broken.fit(loader(), TEST, epochs=3, directory=tmp_path, report=False)
        assert broken.step == step
        text = capsys.readouterr().out
        assert f"interrupted in epoch 2 after {step - STEPS} batches; saved {tmp_path / 'last.safetensors'}" in text
        assert "resume=True" in text

        broken.callbacks.pop()
        broken.fit(loader(), TEST, epochs=3, report=False)  # from where it stands, without the file
        again = make(optimizer, schedule, decay, [PressCtrlC(0)])
        layers.manual_seed(99)
        again.fit(loader(), TEST, epochs=3, directory=tmp_path, resume=True, report=False)
        for trainer in (broken, again):
            assert figures(trainer.history) == figures(whole.history)
            for key, value in weights(whole).items():
                np.testing.assert_array_equal(weights(trainer)[key], value)


def weights(trainer):
    average = {} if trainer.average is None else trainer.average.module.state_dict()
    return {**trainer.network.state_dict(), **{f"average {key}": value for key, value in average.items()}}


def test_another_training_is_refused(tmp_path):
    trainer = make("SGD", "step", None)
    trainer.save(tmp_path / "one")
    for other, message in (
        (make("SGD", "step", 0.5), "is the checkpoint of another training: it has .*; this one .*average"),
        (make("AdamW", "step", None), "one: load_state_dict: this isn't the state of an optimizer AdamW"),
        (make("SGD", "plateau", None), "one: load_state_dict: this isn't the state of a schedule ReduceLROnPlateau"),
    ):
        with pytest.raises(ValueError, match=message):
            other.load(tmp_path / "one")
    with pytest.raises(FileNotFoundError):
        trainer.load(tmp_path / "two")
    trainer._loader = {"samples": 1, "batch_size": 1, "seed": 0}
    with pytest.raises(ValueError, match="fit: the training was begun with the batches"):
        trainer.fit(loader(), epochs=1)


def test_a_second_ctrl_c_ends_at_once():
    class Twice(training.Callback):
        def on_step_end(self, trainer):
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGINT)
            raise AssertionError("not reached")

    with pytest.raises(KeyboardInterrupt):
        make("SGD", "step", None, [Twice()]).fit(loader(), epochs=1)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_states(tmp_path):
    state = {
        "a": [1, 2.5, None, True, "x", float("inf")],
        "b": {"c": (np.arange(3), (1, 2)), "d.e": np.ones((2, 0))},
        "b.d": {"e": np.float64(0.1)},
        "b.d.e": np.array(5),
    }
    training.save_state(tmp_path / "s", state)
    found = training.load_state(tmp_path / "s")
    assert found["a"] == state["a"]
    assert found["b"]["c"][1] == (1, 2)
    assert found["b.d"] == {"e": 0.1}
    np.testing.assert_array_equal(found["b"]["c"][0], np.arange(3))
    assert found["b"]["d.e"].shape == (2, 0)
    assert found["b.d.e"].shape == ()
    assert found["b.d.e"] == 5


@pytest.mark.parametrize("words", ['{"x": {"$tensor": "b"}}', '{"x": {"$tensor": []}}', '{"x": {"$tuple": 3}}'])
def test_hostile_states(words, tmp_path):
    (tmp_path / "s").write_bytes(header({"a": entry([1], 0, 4), "__metadata__": {"kernelwright": words}}) + bytes(4))
    with pytest.raises(ValueError, match="doesn't hold the state of a training"):
        training.load_state(tmp_path / "s")
