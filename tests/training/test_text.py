"""Python's library as text, and streams of a text."""

import re

import numpy as np
import pytest

from kernelwright.training import Streams, text


def test_the_library():
    found = text.library(100_000)
    assert 90_000 < len(found.train) <= 100_000
    for part in (found.validation, found.test):
        assert part.dtype == np.uint8
        assert len(part) == 2 * text.PIECE + 1  # what fits into a twentieth
    whole = text.decoded(found.train)
    assert "\ndef " in whole
    assert set(whole) <= set(text.ALPHABET)


def test_which_files_are_held_out(tmp_path):
    for number in range(41):
        (tmp_path / f"m{number:02}.py").write_text(f"{number:02}" * text.PIECE)
    for folder in ("test", "encodings", "config-3.11", "a"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "b.py").write_text("b" * 3 * text.PIECE)  # a/b.py is number 0
    found = text.library(10**6, tmp_path)
    assert text.decoded(found.test) == ("b" * 3 * text.PIECE + "19" * text.PIECE + "39" * text.PIECE)[: 6 * 2048 + 1]
    assert text.decoded(found.validation) == ("09" * text.PIECE + "29" * text.PIECE)[: 3 * 2048 + 1]
    expected = "".join(f"{number:02}" * text.PIECE for number in range(41) if number not in (9, 19, 29, 39))
    assert text.decoded(found.train) == expected
    assert text.decoded(text.library(3 * 4096, tmp_path).train) == expected[: 3 * 4096]
    assert text.library(10**6, tmp_path).sha256 == found.sha256 != text.library(3 * 4096, tmp_path).sha256
    with pytest.raises(FileNotFoundError, match=re.escape(f"Python's standard library isn't in {tmp_path / 'a'}")):
        text.library(root=tmp_path / "a")


def test_characters():
    assert text.decoded(text.encoded("aä\t\n ~\x7f€")) == "a\ufffd\ufffd\n ~\ufffd\ufffd"


def test_streams():
    streams = Streams(text.encoded("abcdefghijklm"), 2, 3)
    assert (len(streams), streams.samples, streams.batch_size) == (2, 4, 2)
    batches = [[[text.decoded(row) for row in array] for array in batch] for batch in streams]
    assert batches == [[["abc", "ghi"], ["bcd", "hij"]], [["def", "jkl"], ["efg", "klm"]]]
    three = Streams(text.encoded("abcdefghijklm"), 2, 3, steps=3)
    firsts = [text.decoded(x[0]) for epoch in range(2) for x, _ in three.batches(epoch)]
    assert firsts == ["abc", "def", "abc", "def", "abc", "def"]
    x, target = next(three.batches(1, 1))
    assert x.dtype == target.dtype == np.int64
    assert text.decoded(x[1]) == "ghi"
    with pytest.raises(ValueError, match=re.escape("text has 6 characters, it must have at least 2 · 3 + 1")):
        Streams(np.zeros(6, np.uint8), 2, 3)


def test_groups_of_streams_take_turns():
    streams = Streams(text.encoded("abcdefghijklmnopqrstuvwxy"), 2, 3, groups=2)
    assert len(streams) == 4
    found = [[text.decoded(row) for row in x] for x, _ in streams]
    assert found == [["abc", "ghi"], ["mno", "stu"], ["def", "jkl"], ["pqr", "vwx"]]
    with pytest.raises(ValueError, match=re.escape("text has 12 characters, it must have at least 2 · 2 · 3 + 1")):
        Streams(np.zeros(12, np.uint8), 2, 3, groups=2)
