"""exp, log, tanh and their kin on vectors: every 997th float32 there is; float64 at random and where it's delicate."""

import functools
import hashlib
import math
import os
import platform
import subprocess
import sys
from pathlib import Path
from unittest import mock

import numpy as np
import pytest

from kernelwright.kernels import simd, vector_math
from kernelwright.kernels.jit import kernel
from kernelwright.kernels.simd import lanes, load_first, store_first

LONG = np.longdouble
FUNCTIONS = ["exp", "expm1", "log", "log1p", "tanh", "sigmoid", "softplus", "erf"]
PRECISIONS = [np.float32, np.float64]
MOST = 2  # units in the last place; most functions have 0.9, sigmoid, erf, expm1 and softplus from 1.4 to 1.8


@pytest.fixture(autouse=True, scope="module")
def _no_kernel_is_kept():
    with mock.patch("kernelwright.kernels.cache.directory", return_value=None):
        yield


@functools.cache
def compiled(name):
    function = getattr(vector_math, name)

    @kernel("in real[::1], out real[::1]")
    def apply(x, y, threads):
        for i in range(0, x.size, lanes(x)):
            n = min(lanes(x), x.size - i)
            store_first(y, i, n, function(load_first(x, i, n, 0)))

    return apply


def values(name, x):
    y = np.empty_like(x)
    compiled(name)(x, y)
    return y


def exact(name, x):
    """The function in x's own type, which has more digits than the one that is tested."""
    if name == "sigmoid":
        e = np.exp(-abs(x))
        return np.where(x < 0, e, 1) / (1 + e)
    if name == "softplus":
        return np.logaddexp(0, x)
    if name == "erf":
        return np.frompyfunc(math.erf, 1, 1)(x).astype(x.dtype) if x.dtype == np.float64 else erf(x)
    return getattr(np, name)(x)


def erf(x):
    """2/√π exp(−x²) (x + 2/3 x³ + 4/15 x⁵ + …): all terms of one sign, so no digit is lost."""
    a = np.minimum(abs(x), 7)
    square, term, total, k = a * a, a.copy(), a.copy(), 1
    while (term > total * np.finfo(LONG).eps / 4).any():
        k += 2
        term = term * (2 * square / k)
        total += term
    pi = LONG("3.14159265358979323846264338327950288")
    return np.where(np.isnan(x), x, np.copysign(total * np.exp(-square) * 2 / np.sqrt(pi), x))


def errors(y, expected):
    """|y − expected| in units of y's last place at `expected`; infinite where one is NaN, infinite or negative only."""
    information = np.finfo(y.dtype)
    rounded = expected.astype(y.dtype)
    _, exponent = np.frexp(expected)
    least = information.minexp - information.nmant
    unit = np.ldexp(expected.dtype.type(1), np.maximum(exponent - information.nmant - 1, least))
    error = abs(y.astype(expected.dtype) - expected) / unit
    same = (y == rounded) | (np.isnan(y) & np.isnan(rounded))
    error[same & ~np.isfinite(rounded)] = 0
    error[np.isnan(error) | ((np.signbit(y) != np.signbit(rounded)) & ~np.isnan(y))] = np.inf
    return error


def check(name, x, wider):
    error = errors(values(name, x), exact(name, x.astype(wider)))
    at = int(np.argmax(error))
    assert error[at] <= MOST, f"{name}({x[at]!r}) is {error[at]:.2f} units off"


@pytest.mark.parametrize("name", FUNCTIONS)
def test_all_of_float32(name):
    check(name, np.arange(0, 1 << 32, 997, dtype=np.uint32).view(np.float32), np.float64)


@pytest.mark.skipif(np.finfo(LONG).nmant < 63, reason="long double has no more digits than float64 on this machine")
@pytest.mark.parametrize("name", FUNCTIONS)
def test_float64(name):
    rng = np.random.default_rng(0)
    n = 10_000
    ranges = [(-0.4, 0.4), (-1, 1), (-6, 6), (-40, 40), (-750, 720), (-746, -700), (709, 710), (0.5, 2.5)]
    x = [rng.uniform(*limits, n) for limits in ranges]
    x.append(rng.integers(0, 1 << 64, 5 * n, dtype=np.uint64).view(np.float64))  # any bits
    x.append(np.exp(rng.uniform(-45, 3, n)) * rng.choice([-1, 1], n))
    x.append(rng.integers(0, 1 << 53, n, dtype=np.uint64).view(np.float64))  # denormal, or almost
    check(name, np.concatenate(x), LONG)


SPECIAL = {  # at −∞, −10⁴, −0, 0, 10⁴, ∞
    "exp": (0, 0, 1, 1, np.inf, np.inf),
    "expm1": (-1, -1, -0.0, 0, np.inf, np.inf),
    "log": (np.nan, np.nan, -np.inf, -np.inf, None, np.inf),
    "log1p": (np.nan, np.nan, -0.0, 0, None, np.inf),
    "tanh": (-1, -1, -0.0, 0, 1, 1),
    "sigmoid": (0, 0, 0.5, 0.5, 1, 1),
    "softplus": (0, 0, None, None, 1e4, np.inf),
    "erf": (-1, -1, -0.0, 0, 1, 1),
}


@pytest.mark.parametrize("dtype", PRECISIONS)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_special_values(name, dtype):
    known = zip((-np.inf, -1e4, -0.0, 0, 1e4, np.inf), SPECIAL[name])
    x, expected = np.array([pair for pair in known if pair[1] is not None] + [(np.nan, np.nan)], dtype).T.copy()
    y = values(name, x)
    np.testing.assert_array_equal(y, expected)
    np.testing.assert_array_equal(np.signbit(y)[y == 0], np.signbit(expected)[expected == 0])


@pytest.mark.parametrize("dtype", PRECISIONS)
def test_the_smallest_numbers(dtype):
    least = np.finfo(dtype).smallest_subnormal
    x = np.array([least, -least, 1000 * least, -1000 * least], dtype)
    for name in ("expm1", "log1p", "tanh"):
        np.testing.assert_array_equal(values(name, x), x)
    np.testing.assert_array_equal(values("exp", x), np.ones_like(x))
    np.testing.assert_array_equal(values("erf", x), np.array([1, -1, 1128, -1128], dtype) * least)
    np.testing.assert_array_equal(values("log", x)[:1], np.log(x[:1]))
    assert np.isnan(values("log", x)[[1, 3]]).all()
    one = np.array([-1, 0], dtype)
    np.testing.assert_array_equal(values("log1p", one), [-np.inf, 0])
    np.testing.assert_array_equal(values("log", one + 1), [-np.inf, 0])


@pytest.mark.parametrize("dtype", PRECISIONS)
def test_results_fade_into_denormal_numbers(dtype):
    information = np.finfo(dtype)
    smallest = float(np.log(information.smallest_normal))
    x = np.linspace(smallest - 12, smallest + 2, 1001).astype(dtype)
    for name in ("exp", "sigmoid", "softplus"):
        y = values(name, x)
        assert (np.diff(y) >= 0).all()
        assert 0 < y[0] < information.smallest_normal < y[-1]


def fingerprint():
    """All functions' values at many places, in short."""
    rng, found = np.random.default_rng(1), hashlib.sha256()
    for dtype, unsigned, bits in ((np.float32, np.uint32, 32), (np.float64, np.uint64, 64)):
        x = rng.integers(0, 1 << bits, 10_000, dtype=unsigned).view(dtype)
        x = np.concatenate([x, *(rng.uniform(-a, a, 10_000).astype(dtype) for a in (1, 20, 110, 750))])
        for name in FUNCTIONS:
            y = values(name, x)
            found.update(np.where(np.isnan(y), dtype(np.nan), y).tobytes())
    return found.hexdigest()


@pytest.mark.skipif(
    platform.machine() not in ("x86_64", "AMD64") or simd.BITS < 512, reason="needs registers of several widths"
)
def test_the_same_bits_from_narrower_registers(tmp_path):
    features = "+sse,+sse2,+sse3,+ssse3,+sse4.1,+sse4.2,+avx,+avx2,+fma,+bmi,+bmi2,+popcnt"
    narrower = {"NUMBA_CPU_NAME": "haswell", "NUMBA_CPU_FEATURES": features, "KERNELWRIGHT_CACHE_DIR": str(tmp_path)}
    code = "from tests.kernels.test_vector_math import fingerprint, simd; print(simd.BITS, fingerprint())"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **narrower},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.split() == ["256", fingerprint()], done.stderr
