"""The loop around it all, on a problem that takes a moment."""

import json
import sys

import numpy as np
import pytest

from kernelwright import layers, training
from kernelwright.training.progress import progress


def problem(count, seed):
    """Points in the plane; the class is the quadrant."""
    points = np.random.default_rng(seed).uniform(-1, 1, (count, 2)).astype(np.float32)
    return training.Part(points, (points[:, 0] > 0) * 2 + (points[:, 1] > 0).astype(np.int64))


TRAIN, TEST = problem(500, 0), problem(200, 1)
BOTH = {"accuracy": training.accuracy}


def make(seed=0, lr=0.02, average=None, optimizer=training.Adam, **options):
    layers.manual_seed(seed)
    net = layers.Sequential(layers.Linear(2, 16), layers.Tanh(), layers.Linear(16, 4))
    if average is not None:
        options["average"] = training.AveragedModel(net, average)
    return training.Trainer(
        net, layers.CrossEntropyLoss(), optimizer(net.parameters(), lr=lr), **{"metrics": BOTH, **options}
    )


def loader(part=TRAIN, seed=0, batch_size=16, **options):
    return training.DataLoader(part, batch_size, shuffle=True, seed=seed, **options)


def figures(history):
    return [{name: value for name, value in row.items() if name != "seconds"} for row in history]


def test_it_learns_and_tells(capsys):
    trainer = make()
    history = trainer.fit(loader(), TEST, epochs=4)
    assert [row["epoch"] for row in history] == [1, 2, 3, 4]
    assert list(history[0]) == ["epoch", "loss", "accuracy", "val_loss", "val_accuracy", "lr", "seconds"]
    assert history[-1]["val_accuracy"] > 0.95
    assert history[-1]["loss"] < history[0]["loss"]
    found = training.evaluate(trainer.network, layers.CrossEntropyLoss(), TEST, BOTH)
    assert found == {"loss": history[-1]["val_loss"], "accuracy": history[-1]["val_accuracy"]}
    scores = training.predict(trainer.network, TEST.images, 30)
    assert training.accuracy(scores, TEST.labels) == found["accuracy"]
    assert float(layers.CrossEntropyLoss()(scores, TEST.labels)) == pytest.approx(found["loss"], rel=1e-6)
    assert trainer.step == 4 * 32
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 4
    assert lines[-1].startswith(f"epoch 4/4   loss {history[-1]['loss']:.4f}   accuracy ")


def test_the_figures_are_those_of_the_batches():
    class Still(training.SGD):
        def update(self, group, parameter, grad):
            pass

    trainer = make(optimizer=Still)
    (row,) = trainer.fit(loader(batch_size=30), TRAIN, epochs=1, report=False)
    assert row["loss"] == pytest.approx(row["val_loss"], rel=1e-6)
    assert row["accuracy"] == pytest.approx(row["val_accuracy"])


def test_the_same_seed_gives_the_same_network():
    def wobble(batch, rng):
        return batch[0] + rng.standard_normal(batch[0].shape, np.float32) * np.float32(0.01), batch[1]

    trainers = [make(seed) for seed in (0, 0, 1)]
    for trainer, seed in zip(trainers, (0, 0, 1)):
        trainer.fit(loader(seed=seed, transforms=[wobble]), epochs=2, report=False)
    one, same, other = (trainer.network.state_dict() for trainer in trainers)
    for key, value in one.items():
        np.testing.assert_array_equal(value, same[key])
        assert not np.array_equal(value, other[key])
    assert figures(trainers[0].history) == figures(trainers[1].history)


def test_schedules_by_step_by_epoch_and_by_a_metric():
    class Count:
        steps = 0

        def step(self):
            self.steps += 1

    for by, steps in (("step", 2 * 32), ("epoch", 2)):
        count = Count()
        make(schedule=count, schedule_by=by).fit(loader(), epochs=2, report=False)
        assert count.steps == steps
    trainer = make(monitor="val_loss", mode="max")
    trainer.schedule = training.ReduceLROnPlateau(trainer.optimizer, "max", 0.5, patience=0)
    rates = [row["lr"] for row in trainer.fit(loader(), TEST, epochs=4, report=False)]
    assert rates == [0.02, 0.02, 0.01, 0.005]  # the loss falls, which "max" doesn't like


def test_labels_may_be_probabilities():
    mix = training.augment.MixUp(alpha=0.2, num_classes=4)
    history = make().fit(loader(transforms=[mix]), TEST, epochs=4, report=False)
    assert history[-1]["val_accuracy"] > 0.9
    assert history[-1]["accuracy"] > 0.7  # of the class that has the larger share


def test_clipping():
    class Look(training.SGD):
        norms = ()

        def update(self, group, parameter, grad):
            self.norms = (*self.norms, np.linalg.norm(grad), np.abs(grad).max())

    trainer = make(optimizer=Look, clip_norm=0.01)
    trainer.fit(loader(), epochs=1, report=False)
    assert max(trainer.optimizer.norms[::2]) == pytest.approx(0.01, rel=1e-3)
    trainer = make(optimizer=Look, clip_value=0.001)
    trainer.fit(loader(), epochs=1, report=False)
    assert max(trainer.optimizer.norms[1::2]) == pytest.approx(0.001)


def test_the_average_is_validated():
    trainer = make(average=0.9)
    (row,) = trainer.fit(loader(), TEST, epochs=1, report=False)
    found = training.evaluate(trainer.average.module, trainer.criterion, TEST)["loss"]
    assert row["val_loss"] == found != training.evaluate(trainer.network, trainer.criterion, TEST)["loss"]
    assert trainer.average.n_averaged == 32
    assert make(average=0.9, evaluate_average=False).evaluated is not trainer.network


@pytest.mark.parametrize("kind", ["AdamWScheduleFree", "LBFGS"])
def test_optimizers_that_are_special(kind):
    trainer = make(optimizer=getattr(training, kind), lr=0.05)
    before = trainer.network.state_dict()
    history = trainer.fit(loader(batch_size=100), TEST, epochs=3, report=False)
    assert history[-1]["val_loss"] < 1.3
    assert (trainer.network.state_dict()["0.weight"] != before["0.weight"]).any()


def test_early_stopping_and_the_best(tmp_path):
    stopping = training.EarlyStopping(patience=1, min_delta=10)
    trainer = make(monitor="val_accuracy", mode="max", callbacks=[stopping])
    history = trainer.fit(loader(), TEST, epochs=9, directory=tmp_path, report=False)
    assert len(history) == 3  # the first is always better than none, no other by 10
    best = max(history, key=lambda row: row["val_accuracy"])
    words = training.load_checkpoint(tmp_path / "best.safetensors", trainer.network)
    assert words == {"epoch": best["epoch"], "val_accuracy": best["val_accuracy"]}
    again = make(monitor="val_accuracy", mode="max", callbacks=[training.EarlyStopping(1, 10)])
    assert again.fit(loader(), TEST, epochs=9, directory=tmp_path, resume=True) == history


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_diverging_loss_is_said():
    images = TRAIN.images.copy()
    images[7] = np.nan
    with pytest.raises(ValueError, match="the loss became nan in epoch 1: try a lower learning rate"):
        make().fit(loader(training.Part(images, TRAIN.labels)), epochs=1)


NOTHING = training.Part(TRAIN.images[:0], TRAIN.labels[:0])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: make().fit(loader(NOTHING), epochs=1), "fit: there are no training samples"),
        (lambda: make().fit(loader(), NOTHING, epochs=1), "evaluate: there are no samples"),
        (lambda: make().fit(loader(), epochs=1, resume=True), "fit: resume needs the directory"),
        (lambda: make(mode="least"), "Trainer: mode is 'least', it must be one of 'min', 'max'"),
        (lambda: make(schedule_by="day"), "Trainer: schedule_by is 'day', it must be one of 'step', 'epoch'"),
        (
            lambda: make(monitor="loss2").fit(loader(), epochs=1),
            "monitor is 'loss2', it must be one of epoch, loss",
        ),
        (lambda: make(callbacks=[training.EarlyStopping()]).fit(loader(), epochs=1), "the trainer monitors nothing"),
        (
            lambda: make(schedule=training.ReduceLROnPlateau(make().optimizer)),
            "Trainer: monitor is None, a ReduceLROnPlateau needs one",
        ),
    ],
)
def test_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_the_history_is_json():
    assert json.loads(json.dumps(make().fit(loader(), TEST, epochs=1)))[0]["epoch"] == 1


def test_progress_on_a_terminal(capsys, monkeypatch):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    with progress("start", 10, "samples") as bar:
        bar.advance(5, "epoch 1/2")
        bar.line("a line that stays")
        bar.advance(5)
    written = capsys.readouterr().out
    assert "a line that stays" in written
    assert "100%" in written
    assert "samples/s" in written
