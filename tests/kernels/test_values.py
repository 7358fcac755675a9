"""Every operation, on every backend, on every sample, against its definition in float64."""

import numpy as np
import pytest

from kernelwright import kernels

from ..catalog import BACKENDS, DTYPES, OPERATIONS, as_tuple, by_name, in_float64, moved_to, same, samples

OUT_OF_PLACE = [operation for operation in OPERATIONS if not operation.in_place]
DIFFERENTIABLE = [operation for operation in OPERATIONS if operation.backward]
LOSSES = [operation for operation in OPERATIONS if operation.with_gradient]
IN_PLACE = [operation for operation in OPERATIONS if operation.in_place]


def reference(function, *args, **options):
    with kernels.using("reference"):
        return as_tuple(function(*args, **options))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", BACKENDS)
@pytest.mark.parametrize("operation", OUT_OF_PLACE, ids=by_name)
def test_values(operation, name, dtype):
    backend = kernels.backend(name)
    for sample in samples(operation, dtype):
        exact = in_float64(sample)
        expected = reference(operation.function, *exact.args, **exact.options)
        with kernels.using(name):
            moved = moved_to(backend, sample)
            results = as_tuple(operation.function(*moved.args, **moved.options))
        for result, wanted in zip(results, expected, strict=True):
            assert result.dtype == dtype
            same(backend.to_numpy(result), wanted, operation.tolerance(dtype), sample.note)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", BACKENDS)
@pytest.mark.parametrize("operation", DIFFERENTIABLE, ids=by_name)
def test_gradients(operation, name, dtype):
    """`NAME_backward` against its own definition; that the definition is the gradient is test_gradients.py."""
    backend = kernels.backend(name)
    rng = np.random.default_rng(1)
    for sample in samples(operation, dtype):
        exact = in_float64(sample)
        outputs = reference(operation.function, *exact.args, **exact.options)
        grad = rng.standard_normal(outputs[0].shape).astype(dtype)
        arguments = operation.backward_arguments(exact, outputs, grad.astype(np.float64))
        expected = reference(operation.backward, **arguments)
        with kernels.using(name):
            moved = moved_to(backend, sample)
            outputs = tuple(backend.from_numpy(y.astype(dtype)) for y in outputs)
            arguments = operation.backward_arguments(moved, outputs, backend.from_numpy(grad))
            results = as_tuple(operation.backward(**arguments))
        for result, wanted in zip(results, expected, strict=True):
            if wanted is None:
                assert result is None
            else:
                same(backend.to_numpy(result), wanted, operation.tolerance(dtype), sample.note)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", BACKENDS)
@pytest.mark.parametrize("operation", LOSSES, ids=by_name)
def test_losses_with_gradients(operation, name, dtype):
    backend = kernels.backend(name)
    for sample in samples(operation, dtype):
        exact = in_float64(sample)
        expected = reference(operation.gradient, *exact.args, **exact.options)
        with kernels.using(name):
            moved = moved_to(backend, sample)
            results = operation.gradient(*moved.args, **moved.options)
        for what, result, wanted in zip(("loss", "gradient"), results, expected, strict=True):
            note = f"{what} of {sample.note}"
            same(backend.to_numpy(result), wanted, operation.tolerance(dtype), note)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", BACKENDS)
@pytest.mark.parametrize("operation", IN_PLACE, ids=by_name)
def test_updates(operation, name, dtype):
    backend = kernels.backend(name)
    for sample in samples(operation, dtype):
        exact = in_float64(sample)
        reference(operation.function, *exact.args, **exact.options)
        with kernels.using(name):
            moved = moved_to(backend, sample)
            operation.function(*moved.args, **moved.options)
        expected, changed = operation.bind(exact), operation.bind(moved)
        for argument in operation.in_place:
            note = f"{argument} of {sample.note}"
            same(backend.to_numpy(changed[argument]), expected[argument], operation.tolerance(dtype), note)
        same(backend.to_numpy(changed["grad"]), expected["grad"], {"rtol": 0, "atol": 0}, "grad is only read")
