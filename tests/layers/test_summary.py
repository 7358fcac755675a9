"""The table of a network: what runs, not what formulas say."""

import inspect

import numpy as np

from kernelwright import kernels, layers
from kernelwright.kernels.watch import watching


class Twice(layers.Module):
    """A network with a layer that is used twice, in one place by its way back's forward."""

    def __init__(self):
        self.shared = layers.Linear(4, 4, dtype=np.float64)
        self.act = layers.GELU()
        self.head = layers.Sequential(layers.Linear(4, 2, bias=False, dtype=np.float64), layers.Softmax(-1))

    def forward(self, x):
        y, first = self.shared.forward(x)
        y = self.shared(self.act(y))
        z, last = self.head.forward(kernels.relu(y))
        return z, lambda grad, input_gradient=True: first(last(grad))


def test_what_was_called():
    net = Twice()
    before = net.state_dict()
    with kernels.using("reference"):
        found = layers.summary(net, (3, 4), np.float64)
    assert [(row.name, row.kind, row.depth, row.output, row.parameters, row.flops) for row in found.rows] == [
        ("", "Twice", 0, (3, 2), 0, 12),  # relu
        ("shared", "Linear", 1, (3, 4), 20, 96),
        ("act", "GELU", 1, (3, 4), 0, kernels.CATALOG["gelu"].cost(np.zeros(12)).flops),
        ("shared", "Linear", 1, (3, 4), 0, 96),
        ("head", "Sequential", 1, (3, 2), 0, 0),
        ("head.0", "Linear", 2, (3, 2), 8, 48),
        ("head.1", "Softmax", 2, (3, 2), 0, 30),
    ]
    assert found.parameters == 28
    assert found.bytes == 28 * 8
    assert found.flops == sum(row.flops for row in found.rows)
    for key, value in net.state_dict().items():
        np.testing.assert_array_equal(value, before[key])
    assert type(net.shared) is layers.Linear
    assert inspect.unwrap(kernels.relu) is kernels.CATALOG["relu"].function


def test_what_returns_more_than_an_output():
    """Sequences and attention, whose kernels give what the way back needs besides: their arithmetic counts."""
    rows, width, steps = 3, 8, 5
    with kernels.using("reference"):
        lstm = layers.summary(layers.LSTM(width, 4), (steps, rows, width)).rows[0]
        net = layers.Sequential(layers.LayerNorm(width), layers.TransformerEncoderLayer(width, 2, 16, batch_first=True))
        attention = layers.summary(net, (rows, steps, width)).rows[2:]
    assert lstm.output == (steps, rows, 4)
    assert lstm.flops == 2 * steps * rows * 16 * (width + 4)
    (one,) = (row for row in attention if row.kind == "MultiheadAttention")
    assert one.output == (rows, steps, width)
    assert one.flops >= 2 * rows * steps * (3 * width * width + 2 * steps * width)


def test_the_table():
    with kernels.using("reference"):
        text = str(layers.summary(layers.Sequential(layers.Flatten(), layers.Linear(6, 500)), (10, 2, 3)))
    assert text.splitlines() == [
        "layer          output         parameters    FLOPs",
        "─" * 49,
        "Sequential     10×500",
        "  0: Flatten   10×6",
        "  1: Linear    10×500              3,500   60,000",
        "─" * 49,
        "total          input 10×2×3        3,500   60,000",
    ]


def test_watching_ends_with_an_error():
    calls = []
    try:
        with watching(lambda operation, sample: calls.append((operation.name, sample))):
            kernels.softmax(np.zeros((2, 3)), axis=0)
            kernels.relu(5)
    except TypeError:
        pass
    assert [name for name, _ in calls] == ["softmax", "relu"]
    assert calls[0][1].options == {"axis": 0}
    kernels.tanh(np.zeros(3))
    assert len(calls) == 2
