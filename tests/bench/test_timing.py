"""Timing: what a contender takes, and which of two is faster."""

import itertools
import time

import pytest

from kernelwright.bench.timing import Contender, Timing, race


def test_a_sleeper_takes_as_long_as_it_sleeps():
    timing = race({"sleeper": Contender(lambda: time.sleep(0.01))}, 0.05)["sleeper"]
    assert 0.01 <= timing.median < 0.05
    assert len(timing.samples) >= 3


def test_two_are_ordered_by_speed_and_take_turns():
    turns = []

    def contender(name: str, terms: int) -> Contender:
        def call():
            turns.append(name)
            return sum(range(terms))

        return Contender(call)

    timings = race({"slow": contender("slow", 300_000), "fast": contender("fast", 3000)}, 0.1)
    assert timings["fast"].median * 10 < timings["slow"].median
    assert len(timings["fast"].rounds) == len(timings["slow"].rounds)
    switches = sum(one != other for one, other in itertools.pairwise(turns))
    assert switches >= 4  # three rounds; all of one and then all of the other would be a single switch


def test_one_that_is_too_slow_has_one_sample():
    contenders = {"slow": Contender(lambda: time.sleep(0.03)), "fast": Contender(lambda: None)}
    timings = race(contenders, 0.01)
    assert len(timings["slow"].samples) == 1
    assert len(timings["fast"].samples) >= 3


def test_the_first_call_is_apart():
    calls = []
    contender = Contender(lambda: time.sleep(0 if calls else 0.02) or calls.append(1))
    first = contender.first()
    assert first >= 0.02
    assert race({"it": contender}, 0.01)["it"].median < 0.01


def test_spread_is_half_the_quartiles_distance():
    timing = Timing([1.0, 2.0, 3.0, 4.0, 5.0])
    assert timing.median == 3
    assert timing.spread == pytest.approx((4 - 2) / 2 / 3)
    assert Timing([7.0]).spread == 0
