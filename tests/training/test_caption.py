"""The recipe `caption`: a shortened run, and the scenes."""

import json

import numpy as np

from kernelwright import training
from kernelwright.training import scenes
from kernelwright.training.recipes import caption


def test_it_says_what_it_sees(tmp_path, capsys):
    result = caption.main(["--data", "small", "--epochs", "3", "--out", str(tmp_path)])
    assert result["test_exact"] > 0.2  # a guess is right once in 360 times
    assert f"{result['test_exact']:.2%} are described without a mistake" in capsys.readouterr().out
    names = {"last.safetensors", "metrics.json", "model.safetensors", "training.png"}
    assert {path.name for path in tmp_path.iterdir()} == names == set(result["paths"])
    assert json.loads((tmp_path / "metrics.json").read_text())["test_exact"] == result["test_exact"]
    assert (tmp_path / "training.png").stat().st_size > 20_000
    net = caption.Captioner(16, len(scenes.WORDS))
    assert training.load_checkpoint(tmp_path / "model.safetensors", net)["epoch"] == 3


def test_scenes_are_as_their_captions_say():
    """Of digits that are squares, each of its own shade."""
    labels, shades = np.array([3, 7, 3, 0]), {"three": 0.3, "seven": 0.7, "zero": 1.0}
    digits = training.Part(np.repeat([[shades[scenes.DIGITS[i]]] for i in labels], 64, 1).astype(np.float32), labels)
    images, captions = scenes.compose(digits, 24, np.array([[3, 7], [7, 0]]), 200, np.random.default_rng(0))
    assert images.shape == (200, 1, 24, 24)
    said = set()
    for (image,), caption_ in zip(images, captions):
        _, first, *relation, _, second = caption_.split()
        inks = [ink * shades[word] for ink, word in zip(scenes.INK, (first, second))]
        places = [np.argwhere(np.isclose(image, ink)) for ink in inks]
        assert [len(place) for place in places] == [64, 64]
        down, right = places[1].min(0) - places[0].min(0)
        ways = {"above": (down, right), "below": (-down, right), "left": (right, down), "right": (-right, down)}
        way, aside = ways[relation[0]]
        assert way >= scenes.DIGIT
        assert abs(aside) <= scenes.ASIDE
        said.add(caption_)
    assert len(said) == 2 * 4


def test_pairs_that_are_not_in_training():
    parts = scenes.load("small")
    assert [len(part.captions) for part in parts] == [5_000, 2_000, 2_000, 2_000]
    sums = []
    for images, captions in parts:
        assert images.shape == (len(captions), 1, 16, 16)
        digits = [[scenes.DIGITS.index(word) for word in text.split() if word in scenes.DIGITS] for text in captions]
        sums.append(np.sum(digits, 1))
    assert all((total != 9).all() for total in sums[:3])
    assert (sums[3] == 9).all()
