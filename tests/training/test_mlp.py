"""The recipe `mlp`: a shortened run of the real thing."""

import json
import signal

import pytest

from kernelwright import layers, training
from kernelwright.training.recipes import mlp

FILES = {"last.safetensors", "model.safetensors", "metrics.json", "training.png"}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    out = tmp_path_factory.mktemp("run") / "deeper"
    return out, mlp.main(["--epochs", "12", "--out", str(out)])


def test_it_reads_digits(run):
    assert run[1]["test_accuracy"] >= 0.94  # 60 epochs, the default, come to 98.5 % and more


def test_what_it_leaves(run):
    out, result = run
    assert {path.name for path in out.iterdir()} == FILES
    metrics = json.loads((out / "metrics.json").read_text())
    assert metrics["test_accuracy"] == result["test_accuracy"]
    assert len(metrics["history"]) == metrics["epochs"] == 12
    assert metrics["lr"] == mlp.SETTINGS["digits"]["lr"]
    assert (out / "training.png").read_bytes().startswith(b"\x89PNG")
    assert (out / "training.png").stat().st_size > 20_000


def test_the_checkpoint_is_the_network(run):
    out, result = run
    net = mlp.network(64, 10)
    words = training.load_checkpoint(out / "model.safetensors", net)
    assert words == {"recipe": "mlp", "data": "digits", "epoch": 12}
    test = training.load("digits").test
    found = training.evaluate(net, layers.CrossEntropyLoss(), test, {"accuracy": training.accuracy})
    assert found["accuracy"] == result["test_accuracy"]


def test_the_same_seed_gives_the_same_file(tmp_path, capsys, monkeypatch):
    """Also if Ctrl-C is pressed meanwhile, in the second epoch of 15 steps."""
    learn, files = training.Trainer.learn, []

    def disturbed(trainer, batch):
        if trainer.step == 20:
            signal.raise_signal(signal.SIGINT)
        return learn(trainer, batch)

    for i, seed in enumerate((4, 4, 5)):
        out = tmp_path / str(i)
        arguments = ["--epochs", "2", "--batch-size", "100", "--seed", str(seed), "--out", str(out)]
        if i == 1:
            monkeypatch.setattr(training.Trainer, "learn", disturbed)
            with pytest.raises(KeyboardInterrupt):
                mlp.main(arguments)
            monkeypatch.undo()
            assert {path.name for path in out.iterdir()} == {"last.safetensors"}
            arguments.append("--resume")
        mlp.main(arguments)
        files.append((out / "model.safetensors").read_bytes())
    assert files[0] == files[1] != files[2]
    text = capsys.readouterr().out
    assert "test accuracy" in text
    assert str(tmp_path / "0" / "training.png") in text


def test_out_is_tried_before_training(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"):
        mlp.main(["--out", str(tmp_path / "file" / "run")])
    assert "epoch" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--epochs", "0"], "argument --epochs: 0 must be at least 1"),
        (["--batch-size", "x"], "argument --batch-size"),
        (["--lr", "nan"], "argument --lr: nan must be above 0 and finite"),
        (["--seed", "-1"], "argument --seed: -1 must be at least 0"),
        (["--data", "mnist"], "invalid choice: 'mnist'"),
    ],
)
def test_wrong_options(arguments, text, capsys):
    with pytest.raises(SystemExit) as caught:
        mlp.main(arguments)
    assert caught.value.code == 2
    assert text in capsys.readouterr().err


def test_unknown_backend(tmp_path):
    with pytest.raises(ValueError, match="unknown backend 'tpu'"):
        mlp.main(["--backend", "tpu", "--out", str(tmp_path)])
