"""The rows of networks that see: both sides compute the same, and errors and memory are shown."""

import numpy as np
import pytest

from kernelwright import kernels, layers
from kernelwright.bench import contests, images, steps, tables, targets, versus
from kernelwright.bench.rivals import OURS, TORCH
from kernelwright.bench.targets import Row

from .test_versus import assert_same, values

IMAGE = (3, 4, 6, 5)
# Every kind of row, small.
SMALL = {
    "convolution": images.layer("Conv2d", "", IMAGE, 4, 6, 3, padding=1, exact=True),
    "first": images.layer("Conv2d", "", IMAGE, 4, 6, 3, padding=1, input_gradient=False),
    "highest": images.layer("Conv2d", "", (16, 16, 6, 6), 16, 16, 3, precision="highest", exact=True),
    "depthwise": images.layer("Conv2d", "", IMAGE, 4, 4, 3, stride=2, groups=4),
    "conv1d": images.layer("Conv1d", "", (3, 4, 9), 4, 5, 3, padding=1),
    "conv3d": images.layer("Conv3d", "", (2, 2, 3, 4, 5), 2, 3, 2),
    "transposed": images.layer("ConvTranspose2d", "", IMAGE, 4, 3, 4, stride=2, padding=1),
    "maximum": images.layer("MaxPool2d", "", IMAGE, 3, 2),
    "average": images.layer("AvgPool2d", "", IMAGE, 2),
    "adaptive": images.layer("AdaptiveAvgPool2d", "", IMAGE, 1),
    "batch norm": images.layer("BatchNorm2d", "", IMAGE, 4),
    "group norm": images.layer("GroupNorm", "", IMAGE, 2, 4),
    "instance norm": images.layer("InstanceNorm2d", "", IMAGE, 4, affine=True),
    "nearest": images.layer("Upsample", "", IMAGE, scale_factor=2, mode="nearest"),
    "bilinear": images.layer("Upsample", "", IMAGE, scale_factor=2, mode="bilinear"),
    "rung": images.on_rung("1_naive", IMAGE, 2),
}
DROPOUT = images.layer("Dropout", "", IMAGE, 0.5)


@pytest.mark.parametrize("name", SMALL)
def test_ours_can_be_called(name):
    calls = SMALL[name].calls(None, 1)
    assert set(calls) == {OURS}
    assert_same(calls)


@pytest.mark.compare
@pytest.mark.parametrize("name", SMALL)
def test_pytorch_does_the_same(name):
    calls = SMALL[name].calls(pytest.importorskip("torch"), 1)
    assert len(values(calls[OURS]())) == len(values(calls[TORCH]()))
    assert_same(calls, times=2)


@pytest.mark.compare
def test_both_drop_half():
    calls = DROPOUT.calls(pytest.importorskip("torch"), 1)
    for call in calls.values():
        y, grad = values(call())
        assert 0 < np.count_nonzero(y) < y.size
        assert ((y == 0) == (grad == 0)).all()
    assert_same({name: lambda call=call: abs(call()[0]).max() <= 8 for name, call in calls.items()})


@pytest.mark.compare
def test_pytorch_takes_the_same_step(monkeypatch):
    """But for Dropout, which draws by other generators."""
    torch = pytest.importorskip("torch")
    monkeypatch.setattr(layers.Dropout, "forward", layers.Identity.forward)
    monkeypatch.setattr(torch.nn.Dropout, "forward", torch.nn.Identity.forward)
    calls = steps.cnn_step(16).calls(torch, 1)
    first, second = ([float(values(calls[name]())[0]) for name in (OURS, TORCH)] for _ in range(2))
    assert first[0] == pytest.approx(first[1], rel=1e-5)
    # AdamW's first step is the sign of each gradient, which rounding decides where there is next to none.
    assert second[0] == pytest.approx(second[1], rel=1e-3)
    assert second[0] < first[0]


def test_the_recipes_step():
    layers.manual_seed(0)
    net, step = steps.cnn_ours(4)
    first = float(step())
    assert repr(net) == repr(steps.cnn.network(28, 10))
    assert min(float(step()) for _ in range(5)) < first


@pytest.mark.compare
def test_pytorch_takes_the_same_steps_against_each_other():
    calls = contests.contest_step(16).calls(pytest.importorskip("torch"), 1)
    for near in (1e-5, 1e-3):
        mine, theirs = (np.array(values(calls[name]())) for name in (OURS, TORCH))
        np.testing.assert_allclose(mine, theirs, rtol=near)


def test_a_contest():
    layers.manual_seed(0)
    step = contests.contest_step(4).calls(None, 1)[OURS]
    losses = np.array([values(step()) for _ in range(5)])
    assert np.isfinite(losses).all()
    assert losses[-1, 0] < losses[0, 0]


def test_errors_are_those_of_the_precision():
    seen = images.layer("Conv2d", "", (16, 16, 6, 6), 16, 16, 3, exact=True)
    errors = [
        versus.inexact(work.calls(None, 1)[OURS](), work.exact())
        for work in (SMALL["highest"], seen)
        if work.exact is not None
    ]
    assert 0 < errors[0] < 8 < errors[1] < 100
    assert kernels.conv_precision() == "medium"


def test_an_error_is_in_units_of_the_largest_result():
    eps = float(np.finfo(np.float32).eps)
    exact = np.array([4.0, -1.0])
    assert versus.inexact([exact + np.array([0, 8 * eps]), "not asked for"], [exact]) == pytest.approx(2)
    assert versus.inexact([exact, exact + np.array([8 * eps, 0])], [exact, exact]) == pytest.approx(2)


def test_errors_are_measured_and_shown():
    (row,) = versus.measure("convolution", _alone(SMALL["highest"]), 1, None, 0.0)
    assert row.inexact.keys() == {OURS, TORCH}
    other = Row("convolution", "Conv2d", "1×1", 1, {OURS: 1.0, TORCH: 2.0})
    row = Row("convolution", "Conv2d", "3×3, 8×8", 1, {OURS: 1.0, TORCH: 1.2}, inexact={OURS: 71.25, TORCH: 3.0})
    shown = tables.table([row, other])
    assert "below | error of ours | error of PyTorch |\n" in shown
    assert "PyTorch 1.5× |        71.2 ε |              3 ε |" in shown
    assert shown.endswith("|             – |                – |")
    assert "| Conv2d    | 3×3, 8×8 |       1 | largest error | 71.2 ε |     3 ε |" in tables.beside_time([other, row])


def _alone(work):
    """That work, without PyTorch: ours takes its place."""

    def calls(torch, threads):
        (call,) = work.calls(None, threads).values()
        return {OURS: call, TORCH: call}

    return images.Work(work.operation, work.size, calls, True, work.exact)


def test_memory_is_shown_in_bytes():
    row = Row(targets.MEMORY, "step", "batch 8", 2, bytes={OURS: 40_000_000, TORCH: 60_000_000})
    assert row.ratio(TORCH) == 1.5
    assert row.missed() == []
    assert "| 40 MB |   60 MB |      1.50× |     – |" in tables.table([row])
    assert "| step      | batch 8 |       2 | peak memory | 40 MB |   60 MB |" in tables.beside_time([row])
    assert tables.beside_time([Row("pooling", "it", "9", 1)]) == ""


def test_figures_hold_what_is_no_time(tmp_path):
    about = {"date": "2026-01-01", "pytorch": "2", "jax": None, "environment": {}, "freed_memory_is_kept": False}
    about |= {"others": None}
    row = Row(targets.MEMORY, "step", "batch 8", 2, bytes={OURS: 40_000_000, TORCH: 60_000_000})
    results = {"machine": {**versus.machine.describe(), **about}, "rows": [vars(row)], "verdicts": []}
    text = tables.figures(results)
    assert text.index("| peak memory |") < text.index("A ratio is")
