"""That the suite is honest: contenders that cheat, or are a little slower, are planted, and each is found out."""

import dataclasses
import random

import numpy as np
import pytest

from kernelwright import kernels
from kernelwright.bench import contenders, measuring, ratios, timing
from kernelwright.bench.ratios import Conditions, Ratio
from kernelwright.bench.timing import Contender, Timing
from kernelwright.kernels.operation import CATALOG


class Clock:
    """Time that passes only while a planted contender works: what the machine does cannot make the tests fail."""

    def __init__(self, seed=0, noise=0.0, drift=0.0):
        self.now, self.random, self.noise, self.drift = 0.0, random.Random(seed), noise, drift

    def perf_counter(self):
        self.now += 1e-8
        return self.now

    def contender(self, seconds):
        """A call takes that long, more or less, and longer the later it is."""

        def call():
            disturbed = 1 + self.noise * self.random.random() ** 2 + self.drift * self.now
            self.now += seconds * disturbed

        return Contender(call)


@pytest.fixture
def clock(monkeypatch):
    def start(**options):
        made = Clock(**options)
        monkeypatch.setattr(timing.time, "perf_counter", made.perf_counter)
        return made

    return start


def found(clock, ours, theirs, rounds=9):
    entrants = {"ours": clock.contender(ours), "theirs": clock.contender(theirs)}
    timings = timing.race(entrants, 0.01, settle=0.01, least=rounds)
    return ratios.ratio(timings["ours"], timings["theirs"])


def test_five_per_cent_slower_is_found(clock):
    """On a machine that disturbs calls by up to 10 % and gets slower all the time, whichever of the two it is."""
    for seed in range(20):
        machine = clock(seed=seed, noise=0.1, drift=0.02)
        assert found(machine, 1.05e-3, 1e-3).verdict == "slower"
        assert found(machine, 1e-3, 1.05e-3).verdict == "faster"


def test_equal_ones_are_seldom_told_apart(clock):
    wrong = sum(found(clock(seed=seed, noise=0.2, drift=0.02), 1e-3, 1e-3).verdict != "undecided" for seed in range(60))
    assert wrong <= 60 * 0.1  # 5 % are to be expected


def test_one_that_sleeps_takes_as_long_as_it_sleeps(clock):
    sleeper = found(clock(noise=0.1), 5e-3, 1e-3)
    assert sleeper.verdict == "slower"
    assert sleeper.value == pytest.approx(0.2, rel=0.05)


def test_too_few_rounds_decide_nothing(clock):
    few = found(clock(), 1e-3, 2e-3, rounds=5)
    assert few == Ratio(pytest.approx(2.0, rel=1e-3), None, None)
    assert few.verdict == "undecided"


def test_the_interval_holds_what_it_promises():
    draw = random.Random(1)
    missed, of = 0, 2000
    for _ in range(of):
        low, high = ratios.interval([draw.expovariate(1.0) for _ in range(12)])
        missed += not low <= np.log(2) <= high  # the median of that distribution
    assert missed / of <= 0.05
    assert ratios.interval([3.0, 1.0, 2.0, 5.0, 4.0, 6.0]) == (1.0, 6.0)
    assert ratios.interval([1.0] * 5) == (None, None)


def test_ratios_are_of_paired_rounds():
    """Each round's disturbance falls on both."""
    ours, theirs = Timing([], [1.0, 9.0, 2.0, 4.0, 7.0, 3.0]), Timing([], [1.1, 9.9, 2.2, 4.4, 7.7, 3.3])
    assert ratios.ratio(ours, theirs).low == pytest.approx(1.1)


@pytest.mark.parametrize(
    ("ours", "theirs", "why"),
    [
        (Conditions("float32"), Conditions("float64"), "it computes in float64, we in float32"),
        (Conditions(threads=2), Conditions(threads=1), "it may use 1 thread, we 2 threads"),
        (
            Conditions(allocates=False),
            Conditions(allocates=True),
            "it makes new arrays for its results, ours writes into arrays that are there",
        ),
        (Conditions("float32", 2, True), Conditions("float32", None, True), None),
    ],
)
def test_unlike_things_have_no_ratio(ours, theirs, why):
    assert ratios.unlike(ours, theirs) == why


# A planted contender: given what the honest one does, the call that takes its place.


def caches(call):
    kept = call()
    return lambda: kept.copy()


def writes_nothing(call):
    kept = call()
    return lambda: np.empty_like(kept)


def skips_the_tail(call):
    def shorter():
        result, end = np.empty_like(call()), -3
        result[:end] = call()[:end]
        return result

    return shorter


def returns_nothing(call):
    return lambda: None


def writes_into_one_array(call):
    out = call().copy()

    def into():
        out[...] = call()
        return out

    return into


def in_another_dtype(call):
    return lambda: call().astype(np.float64)


@pytest.fixture
def rows(monkeypatch, threads_alike):
    """The rows of ReLU's (or another's) case in which `plant` has taken the place of our call."""

    def measured(plant, name="relu", direction="forward", size=1000):
        honest = contenders.contender

        def contender(case, name, rung=None):
            made = honest(case, name, rung)
            if name == "numba":
                with kernels.using("numba"):
                    made = dataclasses.replace(made, call=plant(made.call))
            return made

        monkeypatch.setattr(measuring, "contender", contender)
        monkeypatch.setattr(measuring, "SETTLE", 0.0)
        monkeypatch.setattr(measuring, "SETTLE_ALONE", 0.0)
        operation = dataclasses.replace(CATALOG[name], workloads={"small": (size,)})
        (case,) = [case for case in contenders.cases(operation, False) if case.direction == direction]
        return {row.backend: row for row in measuring.measure(case, ["numba"], {}, 0.02)}

    return measured


@pytest.mark.parametrize("plant", [caches, writes_nothing, skips_the_tail, returns_nothing])
@pytest.mark.parametrize("direction", ["forward", "backward"])
def test_who_does_not_do_the_work_is_not_timed(rows, plant, direction):
    found = rows(plant, direction=direction)
    assert found["numba"].error.startswith("its result is wrong: ")
    assert found["numba"].seconds is None
    assert found["numba"].ratios is None
    assert found["numpy"].seconds > 0


def test_the_honest_one_has_a_ratio(rows):
    ours = rows(lambda call: call)["numba"]
    assert ours.error is None
    assert ours.refused == {}
    assert (ours.allocates, ours.dtype) == (True, "float32")
    assert ours.rounds >= 6
    assert ours.ratios["numpy"]["low"] <= ours.ratios["numpy"]["value"] <= ours.ratios["numpy"]["high"]
    assert ours.low <= ours.high
    assert ours.compile <= ours.first_call


@pytest.mark.parametrize(
    ("plant", "why"),
    [
        (writes_into_one_array, "it makes new arrays for its results, ours writes into arrays that are there"),
        (in_another_dtype, "it computes in float32, we in float64"),
    ],
)
def test_who_works_under_other_conditions_has_no_ratio(rows, plant, why):
    ours = rows(plant)["numba"]
    assert ours.refused == {"numpy": why}
    assert ours.ratios == {}
    assert ours.vs_numpy is None
    assert ours.seconds > 0


def test_an_update_that_changes_nothing_is_found(rows):
    assert rows(lambda call: lambda: None, "sgd_update")["numba"].error.startswith("its result is wrong: ")
    ours = rows(lambda call: call, "sgd_update")["numba"]
    assert (ours.error, ours.allocates, ours.refused) == (None, False, {})


def test_where_all_fail_there_are_only_their_rows(monkeypatch):
    def fails(case, name, rung=None):
        raise MemoryError("too little")

    monkeypatch.setattr(measuring, "contender", fails)
    case = next(contenders.cases(dataclasses.replace(CATALOG["relu"], workloads={"small": (9,)}), True))
    rows = measuring.measure(case, ["numba"], {}, 0.0)
    assert [(row.backend, row.error) for row in rows] == [
        ("numpy", "MemoryError: too little"),
        ("numba", "MemoryError: too little"),
    ]


def test_inputs_are_as_they_were():
    operation = dataclasses.replace(CATALOG["relu"], workloads={"small": (100,)})
    (case, _) = contenders.cases(operation, False)
    before = case.sample.args[0].copy()
    measuring.measure(case, ["numba"], {}, 0.0, least=1)
    np.testing.assert_array_equal(case.sample.args[0], before)
