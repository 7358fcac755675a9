"""simulator.run as users meet it: printf, assert, mistakes in the call, and kernels that mean harm."""

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from kernelwright.kernels import simulator

from .running import clean, ints, run, zeros

pytestmark = pytest.mark.cuda


def kinds(report):
    return [finding.kind for finding in report.findings]


# printf and assert.


def test_printf():
    report = clean(
        r"""
    if (t < 2) printf("%d|%5.2f|%s|%c|%x|%lld|%u|%%|%-4d|%+d\n", t, t + 0.125, "word", 'a' + t, 255 + t, -1ll << 40,
        4000000000u, t, 3 + t);""",
        zeros(1),
    )
    expected = [
        f"{t}|{t + 0.125:5.2f}|word|{chr(97 + t)}|{255 + t:x}|{-1 << 40}|4000000000|%|{t:<4}|{3 + t:+}\n"
        for t in (0, 1)
    ]
    assert report.output == "".join(expected)


def test_printf_of_blocks_comes_in_their_order():
    report = run('if (t == 0) printf("%d ", blockIdx.x);', zeros(1), grid=6, order="reverse", races=False)
    assert report.output == "0 1 2 3 4 5 "


def test_more_printf_than_is_kept():
    report = run('for (int k = 0; k < 2000; k++) printf("%d\\n", k);', zeros(1))
    assert kinds(report) == ["limit"]
    assert "prints more" in report.violations[0].sentence


def test_assert():
    report = run("assert(t < 5);\na[t] = 1;", zeros(32), prelude="#include <cassert>")
    assert kinds(report) == ["assertion"]
    assert "thread (5, 0, 0) of block (0, 0, 0) fails the assertion `t < 5`" in report.violations[0].sentence


def test_trap():
    assert kinds(run("if (t == 3) __trap();", zeros(1))) == ["trap"]


def test_clock():
    a = np.zeros(2, np.int64)
    clean(
        "long long start = clock64(); for (int k = 0; k < 100; k++) atomicAdd((int*)a, 0); a[1] = clock64() - start;",
        a,
        block=1,
    )
    assert a[1] > 100


# Mistakes in the call.


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"grid": 0}, "grid is 0: its sizes must be whole numbers from 1"),
        ({"grid": (1, 2, 3, 4)}, "grid is .*: it must be a number or up to three"),
        ({"grid": (1, 70000)}, r"grid is \(1, 70000, 1\)"),
        ({"block": 1025}, r"block is \(1025, 1, 1\): a block has at most 1024 threads"),
        ({"block": (1, 1, 65)}, "64 along z"),
        ({"block": 2.5}, "block is 2.5"),
        ({"shared": 1 << 20}, "shared: the kernel uses 1048576 bytes .* sm_80 gives a block at most 166912"),
        ({"shared": -4}, "shared: the kernel uses -4 bytes"),
        ({"order": "sideways"}, "order is 'sideways': it must be one of forward, reverse, shuffled"),
        ({"arch": 13}, "arch is 13: it must be one of 75, 80, "),
        ({"threads": 0}, "threads is 0: it must be at least 1"),
        ({"limit": 0}, "limit is 0: it must be at least 1"),
    ],
)
def test_launches_that_cannot_be(options, message):
    with pytest.raises(ValueError, match=message):
        run("a[t] = 1;", a := zeros(32), **options)
    assert not a.any()


def test_too_few_arguments():
    with pytest.raises(TypeError, match="the kernel f takes 2 arguments, not 1"):
        simulator.run("__global__ void f(int* a, int n) {}", "f", 1, 1, [zeros(1)])


# Kernels that mean harm: an error within bounds, and the process lives.


def test_an_endless_loop():
    started = time.perf_counter()
    report = run("while (true) a[0] += 1;", zeros(1), grid=4, limit=10**6, races=False)
    assert "limit" in kinds(report)
    assert "hasn't ended within 1,000,000 warp instructions" in report.violations[0].sentence
    assert time.perf_counter() - started < 30


def test_an_endless_loop_without_memory():
    assert kinds(run('while (a[0] == 0) asm volatile("");', zeros(1), limit=10**5)) == ["limit"]


def test_threads_that_wait_for_each_other_for_ever():
    body = "if (t == 0) while (atomicAdd(&a[1], 0) == 0); else if (t == 32) while (atomicAdd(&a[0], 0) == 0);"
    assert kinds(run(body, zeros(2), block=64, limit=10**5)) == ["limit"]


def test_a_block_that_waits_for_a_later_one():
    """Blocks run one after another here: what needs two at once ends at the limit, and says where it stands."""
    body = "if (t == 0) { if (blockIdx.x == 0) while (atomicAdd(&a[0], 0) == 0); else atomicExch(&a[0], 1); }"
    report = run(body, zeros(1), grid=2, limit=10**5)
    assert kinds(report) == ["limit"]


def test_wild_pointers():
    a = ints(64)
    body = "((int*)(unsigned long long)(a[t] * 0x123456789abcdefull))[t] = 1; *(int*)(a[t] * 977777ull << 33) = 2;"
    report = run(body, a, block=64)
    assert set(kinds(report)) <= {"out of bounds", "misaligned", "wrong space", "read-only"}
    assert a.tolist() == list(range(64))


def test_a_wild_call():
    body = "void (*f)(int*) = (void (*)(int*))(a[0] + 12345ll); f(a);"
    assert kinds(run(body, zeros(1))) == ["out of bounds"]


def test_endless_recursion():
    prelude = """__device__ __noinline__ int deep(int n) {
    volatile int x[100];
    x[n % 100] = n;
    return deep(n + 1) + x[n % 100];
}"""
    assert kinds(run("a[t] = deep(a[t]);", zeros(32), prelude=prelude)) == ["stack overflow"]


def test_a_gigantic_grid():
    report = run("a[0] = 1;", zeros(1), grid=2**31 - 1, block=1024, limit=10**6)
    assert "limit" in kinds(report)


def test_large_local_arrays_and_registers():
    a = zeros(32)
    clean(
        """
    float x[2000], sum = 0;
    for (int k = 0; k < 2000; k++) x[k] = k + t;
    for (int k = t; k < 2000; k += 97) sum += x[k];
    a[t] = sum;""",
        a,
    )
    assert a.tolist() == [sum(k + t for k in range(t, 2000, 97)) for t in range(32)]


def test_the_worst_of_it_leaves_the_process_alive():
    """All of it once more in a process of its own, which ends well."""
    code = """
import numpy as np
from kernelwright.kernels import simulator
f = 'extern "C" __global__ void f(int* a) { %s }'
for body in ("while (1) a[0]++;", "*(volatile int*)7 = 1;", "((int*)64)[threadIdx.x << 20] = 3;", "__trap();",
             "if (threadIdx.x) __syncthreads(); a[-1] = 1;", "for (int k = 0; ; k++) a[k] = k;"):
    report = simulator.run(f % body, "f", 3, 96, [np.zeros(4, np.int32)], limit=200000)
    assert report.violations, body
print("alive")
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ran.stdout == "alive\n", ran.stderr


def test_several_python_threads_at_once():
    def one(k):
        a = ints(256, start=k)
        body = "int i = blockIdx.x * 64 + t; s[t] = a[i]; __syncthreads(); a[i] = s[63 - t];"
        clean(body, a, grid=4, block=64, prelude="__shared__ int s[64];")
        return a.reshape(4, 64)[:, ::-1].ravel().tolist() == list(range(k, k + 256))

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(one, range(16)))


def test_same_seed_same_result():
    """Looking changes nothing: with and without tracing and race finding, on one thread or two."""
    a = np.random.default_rng(0).standard_normal(512).astype(np.float32)
    body = """
    __shared__ float s[64];
    float v = a[blockIdx.x * 64 + t];
    s[t] = expf(v) * rsqrtf(v * v + 1);
    __syncthreads();
    for (int k = 0; k < 64; k++) v = fmaf(v, 0.5f, s[k]);
    a[blockIdx.x * 64 + t] = v;"""
    results = []
    for options in (
        {},
        {"races": False},
        {"races": False, "trace": False},
        {"races": False, "threads": 2},
        {"order": "shuffled"},
    ):
        b = a.copy()
        clean(body, b, grid=8, block=64, **options)
        results.append(b.tobytes())
    assert len(set(results)) == 1
