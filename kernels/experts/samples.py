"""What the operations of this family are tried on."""

import numpy as np

from ..operation import Draw, Sample


def gates(draw: Draw):
    for rows, experts, k in ((0, 3, 2), (5, 1, 1), (7, 4, 1), (33, 8, 2), (3, 16, 16), (2, 257, 3), (4, 40, 19)):
        for over in ("chosen", "all"):
            yield Sample((draw.normal(rows, experts, scale=3), k, over), note=f"{k} of {rows}×{experts}, {over}")
    yield Sample((draw.normal(6, 5, layout="transposed"), 2), note="transposed")
    x = np.zeros((6, 20), draw.dtype)
    x[1, 3], x[2, 17], x[3, 1:], x[4], x[5, ::2] = np.inf, np.nan, -np.inf, -np.inf, 1e4
    for over in ("chosen", "all"):
        yield Sample((x, 3, over), smooth=False, note=f"ties and extreme values, {over}")


def chosen(draw: Draw, tokens: int, k: int, experts: int) -> np.ndarray:
    return np.argsort(draw.rng.random((tokens, experts)), axis=1)[:, :k]


# Tokens, width, k, experts, capacity: an expert without tokens, one with all, none at all.
ROUTES = ((0, 3, 2, 4, None), (5, 7, 1, 9, None), (9, 1, 3, 3, None), (37, 33, 2, 5, None), (40, 5, 2, 4, 6),
          (6, 70, 1, 1, 4), (5, 2, 1, 300, 1))  # fmt: skip


def dispatch(draw: Draw):
    for tokens, width, k, experts, capacity in ROUTES:
        note = f"{tokens}×{width}, {k} of {experts}, capacity {capacity}"
        yield Sample((draw.normal(tokens, width), chosen(draw, tokens, k, experts), experts, capacity), note=note)


def combine(draw: Draw):
    for tokens, width, k, experts, capacity in ROUTES:
        rows, gates = draw.normal(tokens * k, width), draw.normal(tokens, k)
        note = f"{tokens}×{width}, {k} of {experts}, capacity {capacity}"
        yield Sample((rows, gates, chosen(draw, tokens, k, experts), experts, capacity), note=note)


def grouped(draw: Draw):
    for experts, inputs, outputs, offsets in (
        (3, 5, 4, (0, 2, 2, 7)),
        (2, 65, 33, (0, 70, 71)),
        (1, 17, 67, (0, 30)),
        (4, 3, 1, (0, 0, 5, 5, 9)),
        (2, 0, 3, (0, 1, 4)),
        (2, 3, 2, (0, 0, 0)),
    ):
        x, weight = draw.normal(offsets[-1], inputs), draw.normal(experts, inputs, outputs)
        arrays = x, weight, np.array(offsets, np.int64)
        yield Sample((*arrays, draw.normal(experts, outputs)), note=f"{inputs}→{outputs}, {offsets}, bias")
    yield Sample((draw.normal(9, 4), draw.normal(2, 4, 3), np.array([0, 3, 5])), note="rows of no expert")
    x, weight = draw.normal(6, 9, layout="strided"), draw.normal(2, 5, 9, layout="reversed").swapaxes(1, 2)
    yield Sample((x, weight, np.array([0, 4, 6]), draw.normal(2, 5)), note="strided")
