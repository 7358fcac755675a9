"""What the catalog's samples of recurrent networks don't reach."""

import numpy as np
import pytest

from kernelwright import kernels
from kernelwright.kernels import simulator
from kernelwright.kernels.operation import Draw
from kernelwright.kernels.recurrence import launch

from ..catalog import OPERATIONS, as_tuple, by_name, in_float64, running, same, samples


def given(gates, hidden):
    draw = Draw(0, np.float32)
    return draw.normal(3, 2, gates * hidden), draw.normal(gates * hidden, hidden), None, draw.normal(2, hidden)


@pytest.mark.parametrize(("name", "gates"), [("rnn", 1), ("gru", 3), ("lstm", 4)])
def test_the_weights_gradient_is_written_where_it_belongs(name, gates):
    backward, arguments = getattr(kernels, f"{name}_backward"), given(gates, 5)
    grad = Draw(1, np.float32).normal(3, 2, 5)
    out = np.full((gates * 5, 5), np.nan, np.float32)
    found = backward(grad, *arguments, out=out)
    assert found[1] is out
    np.testing.assert_array_equal(out, backward(grad, *arguments)[1])
    with pytest.raises(ValueError, match=rf"{name}_backward: out has the shape \(5, 5, 1\), it must be"):
        backward(grad, *arguments, out=np.empty((5, 5, 1), np.float32))


def test_few_rows_meet_the_weight_as_it_lies():
    """A row alone, whose weight isn't packed, goes as it does among many."""
    draw = Draw(0, np.float32)
    gates, weight, h0 = draw.normal(2, 20, 4 * 19), draw.normal(4 * 19, 19, scale=0.2), draw.normal(20, 19)
    many, alone = kernels.lstm(gates, weight, None, h0), kernels.lstm(gates[:, :1].copy(), weight, None, h0[:1])
    np.testing.assert_allclose(alone[:, 0], many[:, 0], rtol=1e-5, atol=1e-6)


@pytest.mark.cuda
def test_states_too_many_for_shared_memory(monkeypatch):
    """They lie in global memory, and everything comes out the same; sizes that need it would take minutes here."""
    draw = Draw(0, np.float32)
    arguments = draw.normal(3, 6, 4 * 7), draw.normal(4 * 7, 7), None, draw.normal(6, 7), draw.normal(6, 7)
    grad, results = draw.normal(3, 6, 7), []
    for limit in (launch.SHARED, 0):
        monkeypatch.setattr(launch, "SHARED", limit)
        with kernels.using("simulator"), simulator.record() as reports:
            results.append((kernels.lstm(*arguments), *kernels.lstm_backward(grad, *arguments)[:1]))
        assert [report.findings for report in reports] == [[]] * len(reports)
        assert any(report.dynamic for report in reports) == bool(limit)
    for near, far in zip(*results):
        np.testing.assert_array_equal(near, far)


@pytest.mark.cuda
@pytest.mark.parametrize("operation", [x for x in OPERATIONS if x.family == "recurrence"], ids=by_name)
def test_each_step_in_a_launch(operation, monkeypatch):
    """What large weights get, of all samples."""
    monkeypatch.setattr(launch, "LARGE", 0)
    for sample in samples(operation, np.float32):
        exact = in_float64(sample)
        with kernels.using("reference"):
            wanted = as_tuple(operation.function(*exact.args, **exact.options))
            grad = np.random.default_rng(1).standard_normal(wanted[0].shape)
            back = operation.backward(**operation.backward_arguments(exact, wanted, grad))
        with running("simulator", "shuffled"):
            found = as_tuple(operation.function(*sample.args, **sample.options))
            given = operation.backward_arguments(sample, found, grad.astype(np.float32))
            found_back = operation.backward(**given)
        for x, y in zip((*found, *found_back), (*wanted, *back), strict=True):
            if y is not None:
                same(x, y, operation.tolerance(np.float32), sample.note)


@pytest.mark.cuda
@pytest.mark.parametrize("large", [launch.LARGE, 0])
def test_rows_that_have_ended_meet_no_weight(large, monkeypatch):
    """Not even an infinite one, of which 0 times is NaN."""
    monkeypatch.setattr(launch, "LARGE", large)
    draw = Draw(0, np.float32)
    gates, weight, h0, c0 = draw.normal(3, 2, 8), draw.normal(8, 2), draw.normal(2, 2), draw.normal(2, 2)
    weight[5, 1], grad, results = np.inf, draw.normal(3, 2, 2), []
    for name in ("reference", "simulator"):
        with kernels.using(name), np.errstate(invalid="ignore"):
            found = kernels.lstm_backward(grad, gates, weight, None, h0, c0, [3, 0], grad_h_n=h0, grad_c_n=c0)
        results.append([x for x in found if x is not None])
    for x, y in zip(*results):
        np.testing.assert_allclose(x, y, rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(results[1][2][1], h0[1])
