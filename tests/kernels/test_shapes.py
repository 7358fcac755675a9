"""Shapes, strides and sizes that nobody thought of: hypothesis draws them."""

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from kernelwright import kernels

QUIET = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
dtypes = st.sampled_from([np.float32, np.float64])
shapes = hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=9)


@st.composite
def views(draw, shape=shapes):
    """An array seen through a random slice and permutation: any strides, negative and zero ones too."""
    dtype = draw(dtypes)
    wanted = draw(shape)
    order = draw(st.permutations(range(len(wanted))))
    steps = [draw(st.sampled_from([1, 2, -1, -3])) for _ in wanted]
    whole = [max(1, size) * abs(step) for size, step in zip(wanted, steps)]
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    base = np.asarray(rng.standard_normal([whole[i] for i in order]), dtype)
    x = base.transpose(np.argsort(order)) if wanted else base
    slices = tuple(slice(None, None, step) for step in steps)
    x = np.asarray(x[slices][(*(slice(0, size) for size in wanted), ...)])
    assert x.shape == tuple(wanted)
    return x


@QUIET
@given(views())
def test_activations(x):
    for function in (kernels.relu, kernels.sigmoid, kernels.gelu):
        with kernels.using("reference"):
            expected = function(x)
        np.testing.assert_allclose(function(x), expected, rtol=1e-5, atol=1e-6)


@QUIET
@given(views(hnp.array_shapes(min_dims=1, max_dims=4, max_side=9)), st.integers(-4, 3))
def test_softmax_along_any_axis(x, axis):
    axis = axis % x.ndim
    y = kernels.softmax(x, axis)
    np.testing.assert_allclose(y.sum(axis), np.ones_like(y.sum(axis)), rtol=1e-5)
    with kernels.using("reference"):
        np.testing.assert_allclose(y, kernels.softmax(x, axis), rtol=1e-5, atol=1e-6)


@st.composite
def products(draw):
    m, k, n = (draw(st.integers(0, 70)) for _ in range(3))
    a = draw(views(st.just((m, k))))
    b = draw(views(st.just((k, n)))).astype(a.dtype)
    return a, b


@QUIET
@given(products(), st.booleans(), st.booleans())
def test_matmul(pair, flip_a, flip_b):
    a, b = pair
    a = np.asfortranarray(a) if flip_a else a
    b = np.asfortranarray(b) if flip_b else b
    np.testing.assert_allclose(kernels.matmul(a, b), np.matmul(a, b), rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(kernels.matmul(b.T, a.T), np.matmul(a, b).T, rtol=1e-4, atol=1e-4)


@QUIET
@given(hnp.mutually_broadcastable_shapes(signature="(m,k),(k,n)->(m,n)", max_dims=3, max_side=4))
def test_stacks_broadcast_like_numpy(drawn):
    rng = np.random.default_rng(0)
    a, b = (rng.standard_normal(shape) for shape in drawn.input_shapes)
    np.testing.assert_allclose(kernels.matmul(a, b), np.matmul(a, b), rtol=1e-12, atol=1e-12)
    y = kernels.matmul(a, b)
    grad_a, grad_b, *_ = kernels.matmul_backward(np.ones_like(y), a, b)
    assert (grad_a.shape, grad_b.shape) == (a.shape, b.shape)
