"""The vector toolkit against NumPy: arithmetic, bits, masks, lanes together, memory up to the last byte of ours."""

import ctypes
import mmap
import operator
import sys
from unittest import mock

import numpy as np
import pytest
from numba.core.errors import TypingError

from kernelwright.kernels import simd
from kernelwright.kernels.jit import kernel
from kernelwright.kernels.simd import (
    absolute,
    add_lanes,
    all_lanes,
    any_lane,
    bits,
    copysign,
    fence,
    first_lane,
    fma,
    from_bits,
    full,
    lane_numbers,
    lanes,
    larger,
    largest_lane,
    load,
    load_all,
    load_at,
    load_every,
    load_first,
    maximum,
    minimum,
    misaligned,
    prefetch,
    rint,
    scale,
    smaller,
    smallest_lane,
    sqrt,
    store,
    store_first,
    store_integers,
    stream,
    to_integer,
    to_real,
    where,
)

PRECISIONS = [np.float32, np.float64]
INTEGER = {np.float32: np.int32, np.float64: np.int64}
SIZE = 64  # a few vectors of any width


@pytest.fixture(autouse=True, scope="module")
def _no_kernel_is_kept():
    with mock.patch("kernelwright.kernels.cache.directory", return_value=None):
        yield


def samples(dtype, seed=0):
    """Two arrays whose pairs are of every kind: numbers, equal ones, zeros, infinities, NaN."""
    rng = np.random.default_rng(seed)
    a, b = rng.standard_normal((2, SIZE)).astype(dtype) * 3
    special = np.array([0, -0.0, 1, -2.5, np.inf, -np.inf, np.nan], dtype)
    a[:49], b[:49] = np.repeat(special, 7), np.tile(special, 7)
    return a, b


def width(dtype):
    return simd.BITS // np.finfo(dtype).bits


def same(found, expected):
    """Equal to the last bit, NaN like NaN, the zeros apart."""
    np.testing.assert_array_equal(found, expected)
    zero = found == 0
    np.testing.assert_array_equal(np.signbit(found[zero]), np.signbit(expected[zero]))


@kernel("in real[::1], in real[::1], out real[:, ::1]")
def many_operations(a, b, y, threads):
    for i in range(0, a.size, lanes(a)):
        u, v, n = load(a, i), load(b, i), a.size
        store(y, i, u + v)
        store(y, n + i, u - v)
        store(y, 2 * n + i, u * v)
        store(y, 3 * n + i, u / v)
        store(y, 4 * n + i, -u)
        store(y, 5 * n + i, 0.1 + 2 * u)
        store(y, 6 * n + i, 1 - u / 3)
        w = u
        w += v
        w *= v
        w -= 1
        w /= 7
        store(y, 7 * n + i, w)
        store(y, 8 * n + i, absolute(u))
        store(y, 9 * n + i, sqrt(u))
        store(y, 10 * n + i, rint(u))
        store(y, 11 * n + i, copysign(u, v))
        store(y, 12 * n + i, maximum(u, v))
        store(y, 13 * n + i, minimum(u, v))
        store(y, 14 * n + i, larger(u, v))
        store(y, 15 * n + i, smaller(u, v))
        store(y, 16 * n + i, maximum(u, 0.5))
        store(y, 17 * n + i, full(a, 3))


@pytest.mark.parametrize("dtype", PRECISIONS)
def test_arithmetic(dtype):
    a, b = samples(dtype)
    number = dtype
    expected = [
        a + b,
        a - b,
        a * b,
        a / b,
        -a,
        number(0.1) + number(2) * a,
        number(1) - a / number(3),
        ((a + b) * b - number(1)) / number(7),
        abs(a),
        np.sqrt(a),
        np.rint(a),
        np.copysign(a, b),
        np.maximum(a, b),
        np.minimum(a, b),
        np.where(a > b, a, b),
        np.where(a < b, a, b),
        np.maximum(a, number(0.5)),
        np.full_like(a, 3),
    ]
    y = np.empty((len(expected), SIZE), dtype)
    many_operations(a, b, y)
    for k, (row, wanted) in enumerate(zip(y, expected)):
        wanted = np.asarray(wanted, dtype)
        if k in (12, 13):  # of 0 and −0, either is the larger
            np.testing.assert_array_equal(row, wanted)
        else:
            same(row, wanted)


@kernel("in real[::1], in real[::1], out real[:, ::1]")
def many_masks(a, b, y, threads):
    for i in range(0, a.size, lanes(a)):
        u, v, n = load(a, i), load(b, i), a.size
        one = full(a, 1)
        store(y, i, where(u < v, one, 0))
        store(y, n + i, where(u <= v, one, 0))
        store(y, 2 * n + i, where(u > v, one, 0))
        store(y, 3 * n + i, where(u >= v, one, 0))
        store(y, 4 * n + i, where(u == v, one, 0))
        store(y, 5 * n + i, where(u != v, one, 0))
        store(y, 6 * n + i, where((u < v) & (u < 1), one, 0))
        store(y, 7 * n + i, where((u < v) | (u > 1), one, 0))
        store(y, 8 * n + i, where((u < v) ^ (u > 1), one, 0))
        store(y, 9 * n + i, where(~(u < v), one, 0))
        store(y, 10 * n + i, where(0 < u, u, v))  # noqa: SIM300  the number first
        store(y, 11 * n + i, where(u > 0, 2, v))


@pytest.mark.parametrize("dtype", PRECISIONS)
def test_masks(dtype):
    a, b = samples(dtype)
    comparisons = [operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne]
    less, more = a < b, a > 1
    expected = [
        *(compare(a, b) for compare in comparisons),
        less & (a < 1),
        less | more,
        less ^ more,
        ~less,
        np.where(a > 0, a, b),
        np.where(a > 0, 2, b),
    ]
    y = np.empty((len(expected), SIZE), dtype)
    many_masks(a, b, y)
    for row, wanted in zip(y, expected):
        same(row, wanted.astype(dtype))


@kernel("in real[::1], in real[::1], out real[:, ::1]")
def many_bits(a, b, y, threads):
    for i in range(0, a.size, lanes(a)):
        n = a.size
        j, k = to_integer(load(a, i)), to_integer(load(b, i))
        store(y, i, to_real(j + k))
        store(y, n + i, to_real(j - k))
        store(y, 2 * n + i, to_real(j * k))
        store(y, 3 * n + i, to_real(j & k))
        store(y, 4 * n + i, to_real(j | k))
        store(y, 5 * n + i, to_real(j ^ k))
        store(y, 6 * n + i, to_real(~j))
        store(y, 7 * n + i, to_real(-j))
        store(y, 8 * n + i, to_real(j << 3))
        store(y, 9 * n + i, to_real(j >> 2))
        store(y, 10 * n + i, where(j < k, load(a, i), load(b, i)))
        store(y, 11 * n + i, from_bits(bits(load(a, i)) + 1))


@pytest.mark.parametrize("dtype", PRECISIONS)
def test_integers_and_bits(dtype):
    rng = np.random.default_rng(1)
    a, b = rng.integers(-1000, 1000, (2, SIZE)).astype(dtype)
    j, k = a.astype(INTEGER[dtype]), b.astype(INTEGER[dtype])
    expected = [j + k, j - k, j * k, j & k, j | k, j ^ k, ~j, -j, j << 3, j >> 2, np.where(j < k, a, b)]
    expected = [row.astype(dtype) for row in expected]
    expected.append((a.view(INTEGER[dtype]) + 1).view(dtype))
    y = np.empty((len(expected), SIZE), dtype)
    many_bits(a, b, y)
    np.testing.assert_array_equal(y, expected)


@kernel("in real[::1], in real[::1], out real[::1], out real[::1]")
def fused_and_scaled(a, b, fused, scaled, threads):
    for i in range(0, a.size, lanes(a)):
        u, v = load(a, i), load(b, i)
        store(fused, i, fma(u, v, -1))
        store(scaled, i, scale(u, v))


@pytest.mark.parametrize("dtype", PRECISIONS)
def test_fma_rounds_once(dtype):
    small = np.finfo(dtype).eps * np.arange(1, SIZE + 1).astype(dtype) / 4096
    a, b, y = 1 + 4096 * small, 1 - 4096 * small, np.empty(SIZE, dtype)
    fused_and_scaled(a, b, y, np.empty_like(y))
    np.testing.assert_array_equal(y, -((4096 * small) ** 2))  # a · b − 1, where a · b would be rounded to a few digits


@pytest.mark.parametrize("dtype", PRECISIONS)
def test_scale_is_exact_and_fades_out(dtype):
    information = np.finfo(dtype)
    rng = np.random.default_rng(2)
    limit = information.maxexp + information.nmant
    for n in (rng.integers(-limit, limit, SIZE), np.arange(information.minexp - 40, information.minexp + 24)):
        x = rng.uniform(0.5, 2, SIZE).astype(dtype) * rng.choice([-1, 1], SIZE).astype(dtype)
        x[:4] = 0, -0.0, np.nan, np.inf
        y = np.empty_like(x)
        fused_and_scaled(x, n.astype(dtype), np.empty_like(x), y)
        same(y, np.ldexp(x, n))


@kernel("in real[::1], out real[:, ::1]")
def all_lanes_of(a, y, threads):
    for i in range(0, a.size, lanes(a)):
        u, j = load(a, i), i // lanes(a)
        y[0, j] = add_lanes(u)
        y[1, j] = largest_lane(u)
        y[2, j] = smallest_lane(u)
        y[3, j] = first_lane(u)
        y[4, j] = any_lane(u > 1)
        y[5, j] = all_lanes(u > -1)


@pytest.mark.parametrize("dtype", PRECISIONS)
def test_all_lanes_together(dtype):
    rng = np.random.default_rng(3)
    w = width(dtype)
    a = rng.standard_normal((40, w)).astype(dtype) * np.geomspace(0.1, 2, 40, dtype=dtype)[:, None]
    y = np.empty((6, 40), dtype)
    all_lanes_of(a.ravel(), y)
    half = a
    while half.shape[1] > 1:
        half = half[:, : half.shape[1] // 2] + half[:, half.shape[1] // 2 :]
    expected = [half[:, 0], a.max(1), a.min(1), a[:, 0], (a > 1).any(1), (a > -1).all(1)]
    np.testing.assert_array_equal(y, np.array(expected, dtype))
    assert 0 < y[4].sum() < 40  # both answers occur
    assert 0 < y[5].sum() < 40


@kernel("in real[::1], out real[:, ::1], int64, int64")
def many_accesses(x, y, i, count, threads):
    n = y.shape[1]
    prefetch(x, i)
    store(y, 0, load(x, i))
    store(y, n, load_all(x, i))
    store(y, 2 * n, load_first(x, i, count, 7))
    store_first(y, 3 * n, count, load(x, i))
    start = 4 * n + misaligned(y)  # n is as long as some vectors: every row lies alike
    stream(y, start, load(x, i))
    fence(y)
    y[5, 0] = misaligned(y)
    y[5, 1] = lanes(x)


@pytest.mark.parametrize("dtype", PRECISIONS)
def test_memory(dtype):
    w = width(dtype)
    x = np.arange(100, 100 + SIZE, dtype=dtype)
    for shift in range(w):
        # One that starts `shift` elements behind the start of a vector.
        store_ = np.zeros(6 * SIZE + 2 * w, dtype)
        first = -(store_.ctypes.data // store_.itemsize) % w + shift
        y = store_[first : first + 6 * SIZE].reshape(6, SIZE)
        count, i = shift, 3 * shift % 17
        many_accesses(x, y, i, count)
        expected = np.zeros_like(y)
        expected[0, :w] = x[i : i + w]
        expected[1, :w] = x[i]
        expected[2, :w] = [*x[i : i + count], *[7] * (w - count)]
        expected[3, :count] = x[i : i + count]
        to_skip = -shift % w
        expected[4, to_skip : to_skip + w] = x[i : i + w]
        expected[5, :2] = to_skip, w
        np.testing.assert_array_equal(y, expected)
        assert not store_[:first].any()
        assert not store_[first + 6 * SIZE :].any()


@kernel("in real[::1], out real[::1]")
def first_ones(x, y, threads):
    store_first(y, 0, y.size, load_first(x, 0, x.size, 0) + 1)


@pytest.mark.skipif(sys.platform == "win32", reason="protects memory by mprotect")
@pytest.mark.parametrize("dtype", PRECISIONS)
def test_what_lies_behind_is_not_touched(dtype):
    """Arrays that end where a page does, and the next page may not even be read: a stray access ends the process."""
    mprotect = ctypes.CDLL(None).mprotect
    mprotect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
    page = mmap.PAGESIZE
    memory = mmap.mmap(-1, 4 * page)
    everything = np.frombuffer(memory, dtype)
    a_page = page // everything.itemsize
    start = everything.ctypes.data
    for k in (1, 3):
        assert mprotect(start + k * page, page, mmap.PROT_NONE if hasattr(mmap, "PROT_NONE") else 0) == 0
    try:
        for count in range(width(dtype) + 1):
            x, y = everything[a_page - count : a_page], everything[3 * a_page - count : 3 * a_page]
            x[:] = np.arange(count)
            first_ones(x, y)
            np.testing.assert_array_equal(y, x + 1)
    finally:
        for k in (1, 3):
            assert mprotect(start + k * page, page, mmap.PROT_READ | mmap.PROT_WRITE) == 0


def test_outside_a_kernel():
    with pytest.raises(TypeError, match=r"simd\.fma works inside a compiled kernel only"):
        fma(1.0, 2.0, 3.0)


def test_two_numbers_do_not_say_which_type_is_meant():
    @kernel("in real[::1], out real[::1]")
    def step(x, y, threads):
        store(y, 0, where(load(x, 0) > 0, 1, 0))

    with pytest.raises(TypingError, match="where"):
        step(np.zeros(16, np.float32), np.zeros(16, np.float32))


@kernel("in real[::1], int64, int64, out real[::1], out int64[::1]")
def in_steps(x, step, count, y, numbers, threads):
    store(y, 0, load_every(x, 1, step))
    store_integers(numbers, 1, count, lane_numbers(x) * 3 - 4)


@pytest.mark.parametrize("dtype", PRECISIONS)
def test_loads_in_steps_and_lane_numbers(dtype):
    w = width(dtype)
    x = np.arange(8 * w, dtype=dtype)
    for step in (1, 2, 3, 5):
        for count in (0, 1, w - 1, w):
            y, numbers = np.empty(w, dtype), np.full(w + 2, 99)
            in_steps(x, step, count, y, numbers)
            np.testing.assert_array_equal(y, x[1::step][:w])
            np.testing.assert_array_equal(numbers, [99, *(3 * np.arange(count) - 4), *[99] * (w + 1 - count)])


@kernel("in real[::1], in int64[::1], out real[::1]")
def from_places(x, places, y, threads):
    store(y, 0, load_at(x, places, 1))


@pytest.mark.parametrize("dtype", PRECISIONS)
def test_loads_from_any_places(dtype):
    w = width(dtype)
    x, places = np.arange(50, dtype=dtype), np.random.default_rng(0).integers(0, 50, w + 1)
    y = np.empty(w, dtype)
    from_places(x, places, y)
    np.testing.assert_array_equal(y, x[places[1:]])
