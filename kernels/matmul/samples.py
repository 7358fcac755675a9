"""What matrix products are tried with."""

from ..operation import Draw, Sample
from .fused import ACTIVATIONS

# One less, equal to and one more than the tiles of the kernels, and sizes that are prime, one and zero.
SHAPES = (
    (1, 1, 1),
    (0, 3, 4),
    (3, 0, 4),
    (3, 4, 0),
    (0, 0, 0),
    (2, 3, 5),
    (1, 37, 1),
    (1, 5, 300),
    (300, 5, 1),
    (3, 4, 5),
    (4, 4, 4),
    (7, 13, 11),
    (15, 16, 17),
    (31, 33, 32),
    (63, 65, 64),
    (65, 63, 127),
    (64, 64, 64),
    (5, 255, 3),
    (6, 257, 9),
    (8, 259, 513),
    (128, 784, 10),
    (253, 389, 517),  # one block and a rim of everything, on the CPU
)


def matmul(draw: Draw):
    a, b, bias = draw.normal(33, 31), draw.normal(31, 17), draw.normal(17)
    for name in ACTIVATIONS:  # first what most mistakes show in
        yield Sample((a, b, bias, name), note=f"bias and {name}")
        yield Sample((a, b, None, name, draw.normal(33, 17)), note=f"residual and {name}")
    yield Sample((a, b, None, "relu"), note="an activation without bias")
    for m, k, n in SHAPES:
        yield Sample((draw.normal(m, k), draw.normal(k, n)), note=f"{m}×{k}×{n}")
    yield Sample((draw.normal(3, 0), draw.normal(0, 4), draw.normal(4), "sigmoid"), note="nothing to sum")
    for left in draw.LAYOUTS:
        for right in draw.LAYOUTS:
            pair = (draw.normal(9, 21, layout=left), draw.normal(21, 70, layout=right))
            yield Sample(pair, note=f"{left} × {right}")
    stacks = (((3, 4, 5), (3, 5, 2)), ((2, 3, 4, 5), (5, 2)), ((4, 5), (3, 5, 2)), ((2, 1, 4, 5), (3, 5, 2)))
    empty = (((0, 4, 5), (5, 2)), ((0, 4, 5), (1, 5, 2)), ((2, 0, 5), (5, 3)), ((2, 3, 4, 0), (0, 2)))
    vectors = (
        ((5,), (5,)),
        ((5,), (5, 3)),
        ((4, 5), (5,)),
        ((5,), (2, 5, 3)),
        ((2, 4, 5), (5,)),
        ((0,), (0,)),
    )
    for one, other in (*stacks, *empty, *vectors):
        yield Sample((draw.normal(*one), draw.normal(*other)), note=f"{one} × {other}")
    yield Sample((draw.normal(2, 3, 4, 5), draw.normal(3, 5, 6), draw.normal(6), "gelu"), note="a stack with bias")
    residual = draw.normal(2, 3, 4, 6, layout="strided")
    everything = (draw.normal(2, 3, 4, 5), draw.normal(3, 5, 6), draw.normal(6), "tanh", residual)
    yield Sample(everything, note="all at once")
    yield Sample((draw.normal(4, 5), draw.normal(5), None, None, draw.normal(4)), note="a vector's residual")
    special = draw.extremes().reshape(2, 7)
    yield Sample((special, draw.normal(7, 3)), smooth=False, note="extreme values")


def column_sum(draw: Draw):
    for shape in ((0, 3), (3, 0), (1, 1), (1, 33), (257, 1), (7, 31), (300, 65), (1000, 10), (2, 1000)):
        yield Sample((draw.normal(*shape),), note=f"{shape[0]}×{shape[1]}")
    for layout in draw.LAYOUTS:
        yield Sample((draw.normal(9, 70, layout=layout),), note=layout)


def linear(draw: Draw):
    for rows, inputs, outputs in ((1, 1, 1), (0, 3, 2), (4, 0, 3), (33, 17, 31), (2, 65, 63)):
        x, weight, bias = draw.normal(rows, inputs), draw.normal(outputs, inputs), draw.normal(outputs)
        yield Sample((x, weight, bias), note=f"{rows}×{inputs}→{outputs}")
        yield Sample((x, weight), note="without bias")
    weight, bias = draw.normal(3, 5), draw.normal(3)
    yield Sample((draw.normal(5), weight, bias), note="one vector")
    yield Sample((draw.normal(130, 5), weight, bias, "relu"), note="a bias that several blocks sum up")
    yield Sample((draw.normal(2, 3, 4, 5), weight, bias), note="leading axes")
    yield Sample((draw.normal(6, 5, layout="strided"), weight.copy(order="F"), bias), note="strided")
    for name in ACTIVATIONS:
        yield Sample((draw.normal(6, 5), weight, bias, name), note=f"with {name}")
