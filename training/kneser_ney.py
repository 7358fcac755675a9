"""Kneser–Ney smoothing: how well counts of sequences foretell the next character.

Of a text's sequences w = u c of k characters, u being the context, let

    a(w)   be how often w occurs in the training text, for the highest order k = n; else how many different characters
           stand before it there
    Dⱼ     the discounts, j = min(a(w), 3):  Y = n₁ / (n₁ + 2 n₂),  Dⱼ = j − (j + 1) Y nⱼ₊₁ / nⱼ,
           nⱼ of the sequences having a(w) = j

Then the probabilities of the character c after u, and after u without its first character, u′, are

    pₖ(c | u) = (a(u c) − D + Σ D(u ·) pₖ₋₁(c | u′)) / Σ a(u ·)        p₀ = 1 / the size of the alphabet

with sums over the characters that follow u, and D(w) the discount of w, 0 where a(w) = 0. Where none follows, pₖ is
pₖ₋₁. The text begins with as many empty characters as a context has.

Texts are sorted once, by what stands to the left of each place, read from right to left: then the places that share
their last k characters lie side by side, for each k, and counting is comparing neighbours:

    text   a b a b b     sorted by   a    a b a    b a    b a b a    b b a b a     k = 1:  a a │ b b b
    place  0 1 2 3 4     place       0    2        1      3          4             k = 2:  a· │ ab │ ba ba │ bb

Sources: Kneser and Ney, Improved Backing-off for M-gram Language Modeling, 1995; Chen and Goodman, An Empirical Study
of Smoothing Techniques for Language Modeling, 1999 (modified, interpolated).
"""

from collections.abc import Iterator

import numpy as np

DEEPEST = 18  # characters in two words of 64 bits, 7 bits each
HALF, BITS = DEEPEST // 2, 7


def kneser_ney(train: np.ndarray, text: np.ndarray, order: int, symbols: int) -> Iterator[np.ndarray]:
    """For each order from 1 to `order`, the probabilities (n,) of the characters of `text` by its model of `train`.

    Both are integers from 0 to symbols − 1. All orders take little longer than the highest alone, for they share all
    but its counts. Those of 10 need some 100 bytes a character.

    Raises
    ------
    ValueError
        `order` or `symbols` is out of range, or `train` is empty.
    """
    if not 1 <= order <= DEEPEST:
        raise ValueError(f"kneser_ney: order is {order}, it must be from 1 to {DEEPEST}")
    if not 1 <= symbols < 1 << BITS:
        raise ValueError(f"kneser_ney: symbols is {symbols}, it must be from 1 to {(1 << BITS) - 1}")
    if not len(train):
        raise ValueError("kneser_ney: train is empty")
    # Both texts in one row, empty characters (0) before each, so that a sequence has one number in both.
    gap = np.zeros(order, np.uint8)
    row = np.concatenate([gap, train.astype(np.uint8) + 1, gap, text.astype(np.uint8) + 1])
    learned, asked = slice(order, order + len(train)), slice(2 * order + len(train), None)
    places, new = _sorted(row, order)
    counted = np.zeros(len(row), bool)
    counted[learned] = True
    counted = counted[places]

    def grouped(k: int) -> tuple[np.ndarray, np.ndarray]:
        """The sequences of k characters: the number of that at each sorted place, and the place where each begins."""
        begins = new <= k
        return np.cumsum(begins, dtype=np.int32) - 1, np.flatnonzero(begins)

    # Of k = 0 there is one sequence, the empty one; and one context of k = 1.
    numbers, context = np.zeros(len(row), np.int32), np.zeros(len(row), np.int32)
    below = np.full(len(row) - asked.start, 1 / symbols)
    group, first = grouped(1)
    for k in range(1, order + 1):
        context[1:] = numbers[:-1]  # at each place of the row, that of the k − 1 characters before it
        numbers[places] = group
        occurrences = np.bincount(group, counted, len(first))
        longer, longer_first = grouped(k + 1) if k < order else (group, first)
        of_first, mine, mine_before = context[places[first]], numbers[asked], context[asked]
        yield _level(occurrences, of_first, mine, mine_before, below)
        if k < order:
            found = np.bincount(longer, counted, len(longer_first)) > 0
            different = np.bincount(group[longer_first], found, len(first))
            below = _level(different, of_first, mine, mine_before, below)
            group, first = longer, longer_first


def _sorted(row: np.ndarray, order: int) -> tuple[np.ndarray, np.ndarray]:
    """The places sorted by what stands to their left, the place itself included; and how many characters from the
    right the first one is at which each differs from the one sorted before it (1, 2, …)."""
    words = []  # characters 1 … 9 from the right, and 10 … 18
    for begin in range(0, order, HALF):
        word = np.zeros(len(row), np.uint64)
        for back in range(begin, begin + HALF):
            word <<= np.uint64(BITS)
            if back < order:
                word[back:] |= row[: len(row) - back]
        words.append(word)
    places = np.lexsort(words[::-1])
    new = np.full(len(row), order + 1, np.uint8)
    new[0] = 1
    for half in reversed(range(len(words))):
        word = words[half][places]
        differing = word[1:] ^ word[:-1]
        for back in reversed(range(HALF)):  # the leftmost bits are those of the first character
            new[1:][differing >> np.uint64(BITS * (HALF - 1 - back)) > 0] = half * HALF + back + 1
    return places, new


def _level(a: np.ndarray, context: np.ndarray, mine: np.ndarray, before: np.ndarray, below: np.ndarray) -> np.ndarray:
    """pₖ where the sequence `mine` ends, in the context `before`; a and context are those of each sequence."""
    discounts = _discounts(a)
    off = discounts[np.minimum(a, 3).astype(np.int64)]
    contexts = 1 + max(int(context.max(initial=0)), int(before.max(initial=0)))
    total, spared = (np.bincount(context, weights, contexts)[before] for weights in (a, off))
    known = total > 0
    return np.where(known, (a[mine] - off[mine] + spared * below) / np.where(known, total, 1), below)


def _discounts(a: np.ndarray) -> np.ndarray:
    """D₀ = 0, D₁, D₂, D₃ of the counts; ½, 1, 3⁄2 where there are too few counts for the estimate."""
    n1, n2, n3, n4 = (np.count_nonzero(a == j) for j in range(1, 5))
    if n1 and n2 and n3 and n4:
        y = n1 / (n1 + 2 * n2)
        found = np.array([0, 1 - 2 * y * n2 / n1, 2 - 3 * y * n3 / n2, 3 - 4 * y * n4 / n3])
        if (found >= 0).all():
            return found
    return np.array([0, 0.5, 1, 1.5])
