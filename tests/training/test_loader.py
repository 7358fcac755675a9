"""Batches: every sample once an epoch, the same draws in every run, and no thread left behind."""

import threading

import numpy as np
import pytest

from kernelwright import training

X, T = np.arange(20).reshape(10, 2), np.arange(10)


def threads():
    return [thread for thread in threading.enumerate() if thread.name.startswith("DataLoader")]


def add_noise(batch, rng):
    return batch[0] + rng.random(batch[0].shape), *batch[1:]


def flat(batches):
    return [tuple(array.tolist() for array in batch) for batch in batches]


def test_in_order():
    loader = training.DataLoader((X, T), 4)
    assert len(loader) == 3
    assert [labels.tolist() for _, labels in loader] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    full = training.DataLoader((X, T), 4, drop_last=True)
    assert (len(full), full.samples, len(list(full))) == (2, 8, 2)
    assert [batch[0].tolist() for batch in training.DataLoader(T, 5)] == [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9]]
    assert list(training.DataLoader((X[:0], T[:0]), 4)) == []


def test_shuffled():
    loader = training.DataLoader(training.Part(X, T), 4, shuffle=True, seed=3)
    first, second = list(loader), list(loader)
    assert loader.epoch == 2
    for epoch in (first, second):
        images, labels = (np.concatenate(arrays) for arrays in zip(*epoch))
        assert sorted(labels.tolist()) == list(range(10))
        np.testing.assert_array_equal(images, X[labels])
    assert flat(first) != flat(second)
    assert flat(loader.batches(1)) == flat(second)
    assert flat(training.DataLoader((X, T), 4, shuffle=True, seed=4)) != flat(first)


@pytest.mark.parametrize("prefetch", [0, 1, 5])
def test_the_same_draws_from_the_middle_on(prefetch):
    options = {"shuffle": True, "seed": 1, "transforms": [add_noise, add_noise]}
    whole = flat(training.DataLoader((X, T), 3, **options).batches(2))
    loader = training.DataLoader((X, T), 3, prefetch=prefetch, **options)
    assert flat(loader.batches(2)) == whole
    assert flat(loader.batches(2, 2)) == whole[2:]
    assert flat(loader.batches(1)) != whole
    assert not threads()


def test_a_loop_that_is_broken_off_leaves_no_thread():
    for _ in training.DataLoader((X, T), 1, prefetch=2):
        assert threads()
        break
    assert not threads()


def test_a_mistake_in_the_thread_is_raised_where_the_batch_is_wanted():
    def fail(batch, rng):
        if 5 in batch[1]:
            raise RuntimeError("no such image")
        return batch

    batches = iter(training.DataLoader((X, T), 2, prefetch=3, transforms=[fail]))
    assert [next(batches)[1].tolist() for _ in range(2)] == [[0, 1], [2, 3]]
    with pytest.raises(RuntimeError, match="no such image"):
        next(batches)
    assert not threads()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"batch_size": 0}, "DataLoader: batch_size is 0, it must be at least 1"),
        ({"prefetch": -1}, "DataLoader: prefetch is -1, it must be at least 0"),
        ({"seed": -1}, "DataLoader: seed is -1, it must be at least 0"),
        ({"dataset": (X, T[:4])}, r"DataLoader: the arrays of dataset have the lengths \[10, 4\]"),
        ({"dataset": ()}, r"DataLoader: the arrays of dataset have the lengths \[\]"),
    ],
)
def test_refused(options, message):
    with pytest.raises(ValueError, match=message):
        training.DataLoader(**{"dataset": (X, T), **options})
