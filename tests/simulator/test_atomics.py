"""Atomic operations of every kind, type and place."""

import numpy as np
import pytest

from .running import clean, ints, run, zeros

pytestmark = pytest.mark.cuda

OPERATIONS = {
    "Add": lambda old, v: old + v,
    "Sub": lambda old, v: old - v,
    "Min": min,
    "Max": max,
    "And": lambda old, v: old & v,
    "Or": lambda old, v: old | v,
    "Xor": lambda old, v: old ^ v,
    "Exch": lambda old, v: v,
    "Inc": lambda old, v: 0 if old >= v else old + 1,
    "Dec": lambda old, v: v if old == 0 or old > v else old - 1,
}
TYPES = {
    np.int32: ("Add", "Sub", "Min", "Max", "And", "Or", "Xor", "Exch"),
    np.uint32: tuple(OPERATIONS),
    np.int64: ("Min", "Max", "And", "Or", "Xor"),
    np.uint64: ("Add", "Min", "Max", "And", "Or", "Xor", "Exch"),
    np.float32: ("Add", "Exch"),
    np.float64: ("Add",),
}
CASES = [(dtype, name) for dtype, names in TYPES.items() for name in names]


@pytest.mark.parametrize("place", ["global", "shared"])
@pytest.mark.parametrize(("dtype", "name"), CASES, ids=lambda x: getattr(x, "__name__", x))
def test_operations(dtype, name, place):
    """One lane at a time: the old value comes back, the new one stays."""
    rng = np.random.default_rng(3)
    start, values = rng.integers(0, 100, (2, 64)).astype(dtype)
    if np.dtype(dtype).kind == "i":
        start, values = start - 50, values - 50
    memory, old = start.copy(), np.zeros_like(start)
    where = "s[t]" if place == "shared" else "a[t]"
    copies = ("s[t] = a[t];", "a[t] = s[t];") if place == "shared" else ("", "")
    kind = {"i4": "int", "u4": "unsigned", "f4": "float", "f8": "double"}.get(np.dtype(dtype).str[1:])
    kind = kind or {"i8": "long long", "u8": "unsigned long long"}[np.dtype(dtype).str[1:]]
    clean(
        f"__shared__ {kind} s[64]; {copies[0]} c[t] = atomic{name}(&{where}, b[t]); {copies[1]}",
        *(memory, values, old),
        block=64,
    )
    assert old.tolist() == start.tolist()
    expected = [OPERATIONS[name](x, v) for x, v in zip(start.tolist(), values.tolist())]
    assert memory.tolist() == [dtype(x % 2**32 if dtype is np.uint32 else x) for x in expected]


@pytest.mark.parametrize("threads", [1, 2])
def test_everyone_adds(threads):
    a, b = zeros(1), np.zeros(1, np.float64)
    clean("atomicAdd(&a[0], t); atomicAdd(&b[0], 0.5);", a, b, grid=40, block=96, threads=threads, races=False)
    assert a[0] == 40 * sum(range(96))
    assert b[0] == 40 * 48


def test_each_gets_its_own_number():
    a, b = zeros(1), zeros(320)
    report = clean("b[atomicAdd(&a[0], 1)] = 1;", a, b, grid=10)
    assert set(b) == {1}
    total = report.total
    assert (total.atomics, total.atomic_conflicts) == (320, 310)


def test_compare_and_swap():
    a, b = zeros(32), zeros(32)
    clean("a[t] = t % 4; b[t] = atomicCAS(&a[t], 2, 100);", a, b)
    assert a.tolist() == [100 if t % 4 == 2 else t % 4 for t in range(32)]
    assert b.tolist() == [t % 4 for t in range(32)]


def test_compare_and_swap_of_16_and_64_bits():
    a, b = np.arange(32).astype(np.uint16), np.arange(32).astype(np.uint64) << 40
    clean("atomicCAS(&a[t], (unsigned short)5, (unsigned short)500); atomicCAS(&b[t], 7ull << 40, 70ull << 50);", a, b)
    assert a[5] == 500
    assert int(b[7]) == 70 << 50
    assert a.sum() == sum(range(32)) - 5 + 500


def test_half_precision():
    a, b = np.ones(2, np.uint16), np.zeros(2, np.uint32)
    a[:] = np.array([1.5, 0], np.float16).view(np.uint16)
    clean(
        "atomicAdd((__half*)a, __float2half(0.25f)); atomicAdd((__half2*)b, __floats2half2_rn(1.0f, 2.0f));",
        *(a, b),
        prelude="#include <cuda_fp16.h>",
    )
    assert a.view(np.float16)[0] == 1.5 + 32 * 0.25
    assert b.view(np.float16).tolist()[:2] == [32, 64]


def test_bfloat16():
    a = np.zeros(2, np.uint16)
    clean("atomicAdd((__nv_bfloat16*)a, __float2bfloat16(0.5f));", a, prelude="#include <cuda_bf16.h>", arch=90)
    assert (a[:1].astype(np.uint32) << 16).view(np.float32) == 16


def test_a_maximum_of_floats_by_their_bits():
    a = zeros(1)
    values = np.random.default_rng(0).random(256, np.float32)
    clean("atomicMax(&a[0], __float_as_int(b[blockIdx.x * 32 + t]));", a, values, grid=8)
    assert a.view(np.float32)[0] == values.max()


def test_scopes():
    a, b = zeros(1), zeros(1)
    clean("atomicAdd_block(&a[0], 1); atomicAdd_system(&b[0], 2);", a, b)
    assert (a[0], b[0]) == (32, 64)


def test_a_histogram_in_shared_memory():
    values, b = ints(1000) % 7, zeros(7)
    report = clean(
        """
    __shared__ int s[7];
    if (t < 7) s[t] = 0;
    __syncthreads();
    for (int k = t; k < 1000; k += blockDim.x) atomicAdd(&s[a[k]], 1);
    __syncthreads();
    if (t < 7) atomicAdd(&b[t], s[t]);""",
        *(values.astype(np.int32), b),
        block=128,
    )
    assert b.tolist() == np.bincount(values).tolist()
    assert report.total.atomic_conflicts > 700


def test_vectors():
    """Hopper adds vectors of floats."""
    a = np.zeros(4, np.float32)
    clean("atomicAdd((float4*)a, make_float4(1, 2, 3, 4));", a, arch=90)
    assert a.tolist() == [32, 64, 96, 128]


def test_out_of_bounds():
    report = run("atomicAdd(&a[t + 1], 1);", zeros(32))
    assert [finding.kind for finding in report.violations] == ["out of bounds"]
