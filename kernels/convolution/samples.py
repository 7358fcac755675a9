"""Arguments to try convolutions on."""

from typing import Any

from ..operation import Draw, Sample

Sizes = tuple[tuple[Any, ...], ...]

# n, channels, sizes, out_channels, window, options; first some that take most kernels' ways
PLANE: Sizes = (
    (2, 3, (8, 9), 4, (3, 3), {"padding": 1}),
    (1, 17, (12, 17), 33, (3, 3), {"padding": 1}),
    (1, 4, (9, 9), 8, (3, 3), {"groups": 4, "stride": 2, "dilation": 2, "padding": 2}),
    (1, 2, (12, 8), 4, (3, 3), {"groups": 2, "stride": 2, "padding": 1}),
    (2, 5, (8, 37), 5, (3, 3), {"groups": 5, "padding": 1}),
    (1, 1, (1, 1), 1, (1, 1), {}),
    (0, 2, (5, 5), 3, (3, 3), {}),
    (0, 16, (8, 8), 17, (3, 3), {"padding": 1}),  # of no images, by Winograd
    (0, 3, (5, 5), 3, (3, 3), {"groups": 3}),
    (3, 5, (7, 4), 2, (1, 1), {}),
    (2, 33, (5, 7), 31, (1, 1), {}),
    (1, 3, (17, 17), 2, (1, 1), {}),
    (2, 1, (15, 14), 7, (3, 3), {"padding": 1}),
    (2, 32, (8, 8), 16, (3, 3), {"padding": (0, 2)}),
    (3, 16, (4, 3), 40, (3, 3), {"padding": "same"}),
    (2, 16, (1, 5), 16, (3, 3), {"padding": 1}),
    (2, 4, (11, 10), 6, (3, 2), {"stride": 2, "padding": 1}),
    (1, 3, (23, 21), 5, (7, 7), {"stride": (2, 3), "padding": 3}),
    (2, 4, (6, 37), 6, (3, 3), {"stride": (1, 2), "padding": 1, "groups": 2}),
    (2, 4, (9, 33), 13, (5, 1), {"stride": (3, 1), "padding": (2, 0)}),
    (2, 3, (14, 14), 4, (4, 4), {"stride": 2, "padding": 1}),
    (1, 2, (6, 6), 3, (2, 2), {"stride": 3}),  # with gaps between windows
    (2, 3, (12, 11), 4, (3, 3), {"dilation": (2, 3), "padding": 2}),
    (1, 2, (9, 9), 2, (4, 3), {"padding": "same", "dilation": 2}),
    (2, 6, (7, 6), 4, (3, 3), {"groups": 2, "padding": 1}),
    (1, 2, (6, 34), 2, (5, 5), {"groups": 2, "padding": 2}),
    (1, 2, (3, 3), 2, (5, 5), {"padding": 2}),
    (1, 34, (3, 40), 14, (2, 2), {}),
    (16, 3, (6, 5), 5, (3, 2), {"stride": 2, "padding": 1}),  # as many images as a vector has lanes, and more
    (31, 17, (5, 7), 13, (3, 3), {"padding": 1}),
    (14, 16, (9, 14), 17, (3, 3), {"padding": (2, 1)}),  # Winograd's, with rims everywhere
    (13, 17, (8, 8), 16, (4, 4), {"padding": 1}),
    (14, 16, (7, 9), 18, (5, 5), {"padding": (2, 1)}),
    (1, 64, (7, 11), 40, (3, 3), {"padding": 1}),  # the same, on the GPU
    (33, 4, (3, 3), 6, (2, 2), {"padding": 2, "dilation": 2, "groups": 2}),
)
LINE: Sizes = (
    (2, 3, (37,), 4, (3,), {"padding": 1}),
    (1, 2, (11,), 3, (4,), {"stride": 3, "padding": 2, "dilation": 2}),
    (2, 4, (9,), 4, (3,), {"groups": 4, "padding": "same"}),
)
VOLUME: Sizes = (
    (2, 3, (4, 5, 6), 2, (3, 3, 3), {"padding": 1}),
    (16, 2, (2, 3, 3), 2, (2, 2, 3), {"padding": (1, 0, 1)}),
    (1, 2, (5, 4, 7), 4, (2, 3, 1), {"stride": (2, 1, 3), "padding": (1, 0, 0), "groups": 2}),
    (1, 2, (4, 5, 5), 3, (2, 2, 2), {"dilation": (1, 2, 2)}),
)
# The same for transposed ones, sizes being those of their input.
PLANE_TRANSPOSED: Sizes = (
    (2, 4, (5, 6), 3, (3, 3), {"padding": 1}),
    (1, 1, (1, 1), 1, (1, 1), {}),
    (0, 2, (5, 5), 3, (3, 3), {}),
    (1, 33, (6, 5), 17, (3, 3), {"padding": 1}),
    (2, 5, (7, 7), 3, (4, 4), {"stride": 2, "padding": 1}),
    (2, 3, (3, 18), 20, (3, 3), {"stride": 2, "padding": 1, "output_padding": 1}),
    (1, 3, (3, 4), 2, (2, 2), {"stride": 3, "output_padding": (2, 1)}),
    (1, 2, (4, 3), 2, (3, 2), {"stride": (2, 3), "dilation": (2, 3), "output_padding": (0, 2), "padding": (1, 0)}),
    (2, 6, (4, 4), 4, (3, 3), {"groups": 2, "stride": 2}),
    (1, 4, (5, 5), 4, (3, 3), {"groups": 4, "padding": 1}),
    (16, 5, (4, 3), 3, (4, 3), {"stride": 2, "padding": 1}),
    (31, 2, (5, 4), 4, (3, 3), {"padding": 1, "groups": 2}),
    (16, 17, (5, 6), 16, (3, 3), {}),
)
LINE_TRANSPOSED: Sizes = ((2, 3, (9,), 4, (4,), {"stride": 2, "padding": 1}), (1, 2, (5,), 2, (3,), {"groups": 2}))
VOLUME_TRANSPOSED: Sizes = (
    (1, 3, (2, 3, 4), 2, (2, 2, 2), {"stride": 2}),
    (1, 2, (3, 2, 3), 3, (3, 2, 3), {"padding": (1, 0, 1), "output_padding": (0, 1, 0), "stride": (1, 2, 1)}),
)


def convolved(draw: Draw, axes: int):
    for n, channels, size, outputs, window, options in (LINE, PLANE, VOLUME)[axes - 1]:
        groups = options.get("groups", 1)
        x, weight = draw.normal(n, channels, *size), draw.normal(outputs, channels // groups, *window)
        yield from _both(draw, x, weight, outputs, options)
    if axes == 2:
        yield from _layouts(draw, draw.normal(3), 3, 4)


def transposed(draw: Draw, axes: int):
    for n, channels, size, outputs, window, options in (LINE_TRANSPOSED, PLANE_TRANSPOSED, VOLUME_TRANSPOSED)[axes - 1]:
        groups = options.get("groups", 1)
        x, weight = draw.normal(n, channels, *size), draw.normal(channels, outputs // groups, *window)
        yield from _both(draw, x, weight, outputs, options)
    if axes == 2:
        yield from _layouts(draw, draw.normal(3), 4, 3)


def _both(draw: Draw, x, weight, outputs: int, options: dict):
    """With a bias, and, every other time, without one."""
    note = f"{x.shape} * {weight.shape}, {options}"
    yield Sample((x, weight, draw.normal(outputs)), options, note=note)
    if x.size % 2:
        yield Sample((x, weight), options, note=f"{note}, no bias")


def _layouts(draw: Draw, bias, first: int, second: int):
    """Of 4 channels and 3 outputs, or the other way round in the weight: (first, second, …)."""
    yield Sample((draw.normal(4, 6, 5), draw.normal(first, second, 3, 2), bias), note="one image")
    for layout in ("transposed", "strided", "reversed", "unaligned"):
        x, weight = draw.normal(2, 4, 6, 5, layout=layout), draw.normal(first, second, 3, 2, layout=layout)
        yield Sample((x, weight, bias), note=layout)
    x = draw.normal(1, 4, 6, 13)
    x[0, 1, 2, 3] = float("inf")
    yield Sample((x, draw.normal(first, second, 2, 2), bias), smooth=False, note="an infinity")
