"""Kneser–Ney smoothing, against its definition, read word for word."""

from collections import Counter, defaultdict

import numpy as np
import pytest

from kernelwright.training.kneser_ney import DEEPEST, kneser_ney

EMPTY = -1


class Literal:
    """The model of one order, as Chen and Goodman write it down: dictionaries of tuples."""

    def __init__(self, train, order, symbols):
        self.order, self.symbols = order, symbols
        row = [EMPTY] * (order - 1) + [int(c) for c in train]
        ends = range(order - 1, len(row))
        self.counts = {order: Counter(tuple(row[i - order + 1 : i + 1]) for i in ends)}
        for k in range(order - 1, 0, -1):
            longer = {tuple(row[i - k : i + 1]) for i in ends}
            self.counts[k] = Counter(sequence[1:] for sequence in longer)
        self.discounts = {k: self.estimated(counts) for k, counts in self.counts.items()}
        self.followers = {k: defaultdict(list) for k in self.counts}
        for k, counts in self.counts.items():
            for sequence, count in counts.items():
                self.followers[k][sequence[:-1]].append(count)

    @staticmethod
    def estimated(counts):
        n = [sum(count == j for count in counts.values()) for j in range(5)]
        if all(n[1:]):
            y = n[1] / (n[1] + 2 * n[2])
            found = [j - (j + 1) * y * n[j + 1] / n[j] for j in (1, 2, 3)]
            if min(found) >= 0:
                return [0, *found]
        return [0, 0.5, 1, 1.5]

    def probability(self, character, context, k=None):
        k = self.order if k is None else k
        if k == 0:
            return 1 / self.symbols
        context = tuple(([EMPTY] * k + [int(c) for c in context])[len(context) + 1 :])
        shorter = self.probability(character, context[1:], k - 1)
        counts, d = self.followers[k][context], self.discounts[k]
        if not counts:
            return shorter
        count = self.counts[k][(*context, int(character))]
        spared = sum(d[min(other, 3)] for other in counts)
        return (count - d[min(count, 3)] + spared * shorter) / sum(counts)


def texts(symbols):
    """A text with some order in it, and one of the same kind, in which there are characters that never came before."""
    rng = np.random.default_rng(0)
    steps = rng.integers(0, 3, 240).cumsum() % (symbols - 1)
    return steps[:200], np.concatenate([steps[200:], [symbols - 1, 0, 1]])


@pytest.mark.parametrize(("symbols", "order"), [(7, 5), (4, 11)])
def test_it_is_the_definition(symbols, order):
    train, asked = texts(symbols)
    for k, found in enumerate(kneser_ney(train, asked, order, symbols), 1):
        model = Literal(train, k, symbols)
        expected = [model.probability(c, asked[max(i - k + 1, 0) : i]) for i, c in enumerate(asked)]
        np.testing.assert_allclose(found, expected, rtol=1e-12, err_msg=f"order {k}")
    assert k == order


def test_the_discounts_are_estimated():
    """From counts that are many: the fallback isn't what was compared above."""
    train, _ = texts(7)
    assert Literal(train, 3, 7).discounts[3] != [0, 0.5, 1, 1.5]


@pytest.mark.parametrize("seen", [True, False])
def test_probabilities_sum_to_one(seen):
    train, _ = texts(7)
    context = train[50:60] if seen else np.array([6, 6, 6])
    alike = [list(kneser_ney(train, np.append(context, c), 6, 7)) for c in range(7)]
    for k in range(6):
        assert sum(found[k][-1] for found in alike) == pytest.approx(1, abs=1e-12)


def test_all_the_same():
    """Of one character over and over the next is nearly sure, and nothing is divided by zero."""
    for found in kneser_ney(np.zeros(100, int), np.zeros(5, int), 3, 97):
        assert np.isfinite(found).all()
        assert found[-1] > 0.9
    assert all(found.size == 0 for found in kneser_ney(np.zeros(9, int), np.zeros(0, int), 3, 97))


@pytest.mark.parametrize(
    ("train", "order", "symbols", "message"),
    [
        ([0, 1], 0, 2, "order is 0, it must be from 1 to 18"),
        ([0, 1], DEEPEST + 1, 2, "order is 19, it must be from 1 to 18"),
        ([0, 1], 2, 128, "symbols is 128, it must be from 1 to 127"),
        ([], 2, 2, "train is empty"),
    ],
)
def test_refused(train, order, symbols, message):
    with pytest.raises(ValueError, match=message):
        next(kneser_ney(np.array(train, int), np.array([0]), order, symbols))
