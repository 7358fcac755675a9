"""Every operation, on every backend, on every sample, against its definition in float64."""

from contextlib import contextmanager

import numpy as np
import pytest

from kernelwright import kernels
from kernelwright.kernels.operation import of_ladder, tolerance_of_rung

from ..catalog import (
    BACKENDS,
    DTYPES,
    OPERATIONS,
    as_tuple,
    by_name,
    in_float64,
    moved_to,
    orders,
    running,
    same,
    samples,
)

OUT_OF_PLACE = [operation for operation in OPERATIONS if not operation.in_place]
DIFFERENTIABLE = [operation for operation in OPERATIONS if operation.backward]
LOSSES = [operation for operation in OPERATIONS if operation.with_gradient]
IN_PLACE = [operation for operation in OPERATIONS if operation.in_place]


def reference(function, /, *args, **options):
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
        for order in orders(name, dtype):
            with running(name, order):
                moved = moved_to(backend, sample)
                results = as_tuple(operation.function(*moved.args, **moved.options))
            for result, wanted in zip(results, expected, strict=True):
                kind = np.asarray(wanted).dtype
                assert result.dtype == (dtype if kind.kind == "f" else kind)
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
        for order in orders(name, dtype):
            with running(name, order):
                moved = moved_to(backend, sample)
                given = tuple(backend.from_numpy(y.astype(dtype)) for y in outputs)
                arguments = operation.backward_arguments(moved, given, backend.from_numpy(grad))
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
        for order in orders(name, dtype):
            with running(name, order):
                moved = moved_to(backend, sample)
                results = operation.gradient(*moved.args, **moved.options)
            what = ("the loss", *(f"its gradient by {argument}" for argument in operation.by))
            for which, result, wanted in zip(what, results, expected, strict=True):
                note = f"{which}, {sample.note}"
                if wanted is None:  # an argument that wasn't given has no gradient
                    assert result is None
                    continue
                same(backend.to_numpy(result), wanted, operation.tolerance(dtype), note)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", BACKENDS)
@pytest.mark.parametrize("operation", IN_PLACE, ids=by_name)
def test_updates(operation, name, dtype):
    backend = kernels.backend(name)
    for number, sample in enumerate(samples(operation, dtype)):
        exact = in_float64(sample)
        reference(operation.function, *exact.args, **exact.options)
        expected = operation.bind(exact)
        for order in orders(name, dtype):
            with running(name, order):
                moved = moved_to(backend, samples(operation, dtype)[number])  # drawn anew, for it changes
                operation.function(*moved.args, **moved.options)
            changed = operation.bind(moved)
            for argument in operation.in_place:
                note = f"{argument} of {sample.note}"
                same(backend.to_numpy(changed[argument]), expected[argument], operation.tolerance(dtype), note)
            same(backend.to_numpy(changed["grad"]), expected["grad"], {"rtol": 0, "atol": 0}, "grad is only read")


@pytest.mark.parametrize("name", BACKENDS)
@pytest.mark.parametrize("folder", sorted({operation.folder for operation in OPERATIONS}))
def test_rungs(folder, name):
    """Every rung of a ladder gives what the definition gives, and so does its gradient, where the rung has one."""
    backend = kernels.backend(name)
    for rung in backend.rungs(folder):
        operation = of_ladder(folder)
        tolerance = tolerance_of_rung(folder, rung)
        for sample in samples(operation, np.float32):
            exact, moved = in_float64(sample), moved_to(backend, sample)
            expected = reference(operation.function, *exact.args, **exact.options)
            with on_rung(operation, rung, name):
                results = as_tuple(operation.function(*moved.args, **moved.options))
            if operation.in_place:
                results, expected = ([operation.bind(s)[x] for x in operation.in_place] for s in (moved, exact))
            for result, wanted in zip(results, expected, strict=True):
                same(backend.to_numpy(result), wanted, tolerance, f"{rung}: {sample.note}")
            if not backend.has(operation.keys[1], rung):
                continue
            assert operation.backward
            grad = np.random.default_rng(1).standard_normal(expected[0].shape)
            wanted = reference(operation.backward, **operation.backward_arguments(exact, tuple(expected), grad))
            *outputs, grad = (backend.from_numpy(np.asarray(x, np.float32)) for x in (*expected, grad))
            with on_rung(operation, rung, name):
                results = as_tuple(operation.backward(**operation.backward_arguments(moved, tuple(outputs), grad)))
            for result, right in zip(results, wanted, strict=True):
                if right is not None:
                    same(backend.to_numpy(result), right, tolerance, f"{rung}, gradient: {sample.note}")


@contextmanager
def on_rung(operation, rung, name):
    with running(name, orders(name)[-1]), kernels.rung(**{operation.name: rung}):
        yield
