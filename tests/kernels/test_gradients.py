"""Every gradient's definition against central differences of its operation, in float64.

With test_values.py, which holds the backends to the definitions, this makes every backend's gradient right.
"""

import numpy as np
import pytest

from kernelwright import kernels

from ..catalog import OPERATIONS, as_tuple, by_name, samples

DIFFERENTIABLE = [operation for operation in OPERATIONS if operation.backward]
LOSSES = [operation for operation in OPERATIONS if operation.with_gradient]
STEP = 1e-6
PLACES = 12  # elements tried in each argument


def differences(value, x, rng):
    """(place, slope) of some elements of x: how the sum of value() changes with them."""
    for place in rng.permutation(x.size)[:PLACES]:
        index = np.unravel_index(place, x.shape)
        kept = x[index]
        step = STEP * max(1.0, abs(kept))
        x[index] = kept + step
        above = value()
        x[index] = kept - step
        below = value()
        x[index] = kept
        yield index, np.sum(above - below) / (2 * step)


def writeable(sample):
    """The sample's arguments as fresh float64 arrays that can be nudged."""
    return [x.astype(np.float64) if isinstance(x, np.ndarray) and x.dtype.kind == "f" else x for x in sample.args]


@pytest.mark.parametrize("operation", DIFFERENTIABLE, ids=by_name)
def test_backward_is_the_gradient(operation):
    kernels.use("reference")
    rng = np.random.default_rng(0)
    tried = 0
    for sample in samples(operation, np.float64):
        if not sample.smooth:
            continue
        args = writeable(sample)
        sample = type(sample)(tuple(args), sample.options)
        outputs = as_tuple(operation.function(*args, **sample.options))
        grad = rng.standard_normal(outputs[0].shape)
        results = as_tuple(operation.backward(**operation.backward_arguments(sample, outputs, grad)))
        named = operation.bind(sample)
        for name, gradient in zip(operation.differentiable, results, strict=True):
            if named[name] is None:
                assert gradient is None
                continue
            assert gradient.shape == named[name].shape

            def value():
                return grad * operation.function(*args, **sample.options)  # noqa: B023

            for index, slope in differences(value, named[name], rng):
                np.testing.assert_allclose(gradient[index], slope, rtol=1e-5, atol=1e-6, err_msg=sample.note)
                tried += 1
    assert tried > 20


@pytest.mark.parametrize("operation", LOSSES, ids=by_name)
def test_gradients_of_losses(operation):
    kernels.use("reference")
    rng = np.random.default_rng(0)
    tried = 0
    for sample in samples(operation, np.float64):
        if not sample.smooth:
            continue
        args = writeable(sample)
        loss, *gradients = operation.gradient(*args, **sample.options)
        if not np.isfinite(loss).all():
            continue  # a mean over nothing
        named = operation.bind(type(sample)(tuple(args), sample.options))

        def value():
            return operation.function(*args, **sample.options)  # noqa: B023

        for name, gradient in zip(operation.by, gradients, strict=True):
            if named[name] is None:
                assert gradient is None
                continue
            assert gradient.shape == named[name].shape
            for index, slope in differences(value, named[name], rng):
                note = f"by {name}, {sample.note}"
                np.testing.assert_allclose(gradient[index], slope, rtol=1e-5, atol=1e-6, err_msg=note)
                tried += 1
    assert tried > 50
