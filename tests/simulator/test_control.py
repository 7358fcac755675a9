"""Branches, loops, calls: which lanes run, where they meet again, and how often a line is executed."""

import numpy as np
import pytest

from kernelwright.kernels import simulator

from .running import clean, ints, run, zeros

pytestmark = pytest.mark.cuda


def lines_of(report, text):
    """The figures of the lines that hold a text."""
    return [report.lines[k] for k, line in enumerate(report.text.splitlines(), 1) if text in line and k in report.lines]


def test_both_sides_of_a_branch_run_and_join():
    a = zeros(32)
    report = clean(
        """
    if (t < 8) {
        a[t] = atomicAdd(&b[0], 0) + 1;
    } else {
        atomicExch(&a[t], 2 * t);
    }
    atomicAdd(&a[t], 100);""",
        a,
        zeros(1),
    )
    assert a.tolist() == [101 if t < 8 else 100 + 2 * t for t in range(32)]
    (then,), (other,), (after,) = (lines_of(report, text) for text in ("+ 1;", "atomicExch", "100)"))
    assert (then.atomics, other.atomics) == (8, 24)
    assert then.active_lanes < 32
    assert after.atomics == 32
    assert after.executions == 1  # all lanes together


def test_loops_of_different_lengths():
    a = zeros(32)
    clean("int n = 0; for (int k = 0; k < t; k++) { n += k; if (n > 100) break; } a[t] = n;", a)
    for t, found in enumerate(a):
        n = 0
        for k in range(t):
            n += k
            if n > 100:
                break
        assert found == n


def test_nested_divergence_and_continue():
    a = zeros(64)
    clean(
        """
    int sum = 0;
    for (int i = 0; i < 10; i++) {
        if ((i + t) % 3 == 0) continue;
        for (int j = 0; j < i; j++) {
            if (j == t % 5) break;
            sum += i * j;
        }
        if (sum > 150 + t) goto done;
    }
done:
    a[t] = sum;""",
        a,
        block=64,
    )

    def one(t):
        total = 0
        for i in range(10):
            if (i + t) % 3 == 0:
                continue
            for j in range(i):
                if j == t % 5:
                    break
                total += i * j
            if total > 150 + t:
                return total
        return total

    assert a.tolist() == [one(t) for t in range(64)]


def test_a_switch():
    a = ints(64)
    clean(
        """
    switch (a[t] % 9) {
        case 0: a[t] = 5; break;
        case 1: a[t] += 7;
        case 2: a[t] *= 3; break;
        case 5: a[t] -= 1; break;
        case 6: a[t] ^= 0x55; break;
        case 7: a[t] = -a[t]; break;
        default: a[t] = 0;
    }""",
        a,
        block=64,
    )

    def one(x):
        case = x % 9
        return {0: 5, 1: (x + 7) * 3, 2: x * 3, 5: x - 1, 6: x ^ 0x55, 7: -x}.get(case, 0)

    assert a.tolist() == [one(x) for x in range(64)]


CALLS = """
__device__ __noinline__ int twice(int x) { return 2 * x; }
__device__ __noinline__ int square(int x) { return x * x; }
__device__ __noinline__ int fibonacci(int n) { return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2); }
struct Pair { int first; double second; };
__device__ __noinline__ Pair swap(Pair p, int by) { return {(int)p.second + by, (double)p.first}; }
__device__ __noinline__ void fill(int* out, int n) { for (int k = 0; k < n; k++) out[k] = k * n; }
typedef int (*Function)(int);
__device__ Function table[2] = {twice, square};
"""


def test_calls():
    a = zeros(32)
    clean("if (t % 3) a[t] = twice(t) + square(t); else a[t] = square(twice(t));", a, prelude=CALLS)
    assert a.tolist() == [2 * t + t * t if t % 3 else 4 * t * t for t in range(32)]


def test_recursion_to_different_depths():
    a = zeros(32)
    clean("a[t] = fibonacci(t % 12);", a, prelude=CALLS)
    fibonacci = [0, 1]
    while len(fibonacci) < 12:
        fibonacci.append(fibonacci[-1] + fibonacci[-2])
    assert a.tolist() == [fibonacci[t % 12] for t in range(32)]


def test_structures_by_value():
    a = zeros(32)
    clean("Pair p = swap({t, 3.75 * t}, 1); a[t] = p.first * 1000 + (int)p.second;", a, prelude=CALLS)
    assert a.tolist() == [(int(3.75 * t) + 1) * 1000 + t for t in range(32)]


def test_pointers_to_functions():
    a = zeros(32)
    clean("a[t] = table[t % 2](t);", a, prelude=CALLS)
    assert a.tolist() == [t * t if t % 2 else 2 * t for t in range(32)]


def test_pointers_to_local_memory():
    a = zeros(32)
    clean("int x[20]; fill(x, t % 20); a[t] = t % 20 ? x[t % 20 - 1] : -1;", a, prelude=CALLS)
    assert a.tolist() == [(n - 1) * n if (n := t % 20) else -1 for t in range(32)]


def test_virtual_functions():
    shapes = """
struct Shape { __device__ virtual int area() const = 0; };
struct Square : Shape {
    int a;
    __device__ Square(int a) : a(a) {}
    __device__ int area() const override { return a * a; }
};
struct Line : Shape {
    int a;
    __device__ Line(int a) : a(a) {}
    __device__ int area() const override { return -a; }
};
__device__ __noinline__ int area(const Shape& s) { return s.area(); }
"""
    a = zeros(32)
    clean("Square s(t); Line l(t); a[t] = area(t % 2 ? (const Shape&)s : (const Shape&)l);", a, prelude=shapes)
    assert a.tolist() == [t * t if t % 2 else -t for t in range(32)]


def test_threads_that_end_early():
    a = zeros(70)
    clean("if (t % 5 == 0) return; a[t] = 1; if (t % 2) return; a[t] = 2;", a, block=70)
    assert a.tolist() == [0 if t % 5 == 0 else 1 if t % 2 else 2 for t in range(70)]


def test_blocks_and_threads_have_their_indices():
    a = zeros(2 * 3 * 2 * 4 * 3 * 2)
    clean(
        """
    int block = blockIdx.x + gridDim.x * (blockIdx.y + gridDim.y * blockIdx.z);
    a[block * 24 + t] = 100 * block + threadIdx.x + 10 * threadIdx.y + threadIdx.z * blockDim.z;""",
        a,
        grid=(2, 3, 2),
        block=(4, 3, 2),
    )
    x, y, z = (k.ravel() for k in np.meshgrid(range(4), range(3), range(2), indexing="ij"))
    one = np.zeros(24, int)
    one[x + 4 * (y + 3 * z)] = x + 10 * y + 2 * z
    assert a.tolist() == [100 * block + k for block in range(12) for k in one]


def test_a_lock_between_the_lanes_of_a_warp():
    """A loop that spins until another lane lets go ends, as it does since Volta."""
    a = zeros(2)
    report = run(
        """
    bool done = false;
    while (!done) {
        if (atomicCAS(&a[0], 0, 1) == 0) {
            *(volatile int*)&a[1] = *(volatile int*)&a[1] + 1;
            __threadfence();
            atomicExch(&a[0], 0);
            done = true;
        }
    }""",
        a,
        grid=2,
        block=96,
    )
    assert a.tolist() == [0, 192]
    assert not report.violations


def test_a_lock_that_spins_before_it():
    a = zeros(2)
    run("while (atomicCAS(&a[0], 0, 1)) {} atomicAdd(&a[1], 1); __threadfence(); atomicExch(&a[0], 0);", a, block=64)
    assert a.tolist() == [0, 64]


def test_warps_that_wait_for_each_other():
    """A flag that one warp sets and another one waits for, in either order of the two."""
    for first in (0, 1):
        a = zeros(3)
        clean(
            f"""
    if (t == {first * 32}) {{ atomicExch(&a[1], 42); __threadfence(); atomicExch(&a[0], 1); }}
    if (t == {32 - first * 32}) {{
        while (atomicAdd(&a[0], 0) == 0) {{}}
        __threadfence();
        a[2] = atomicAdd(&a[1], 0);
    }}""",
            a,
            block=64,
        )
        assert a[2] == 42


def test_line_counts():
    a = zeros(128)
    report = clean("\n    for (int k = 0; k < 10; k++)\n        if (a[t] < 1000) atomicAdd(&a[t], k);", a, block=128)
    (adds,) = lines_of(report, "atomicAdd")
    assert adds.atomics == 10 * 128
    assert adds.atomic_conflicts == 0


def test_a_grid_that_synchronises():
    prelude = "#include <cooperative_groups.h>"
    (found,) = run("cooperative_groups::this_grid().sync();", zeros(1), prelude=prelude, grid=2).findings
    assert "only in a cooperative launch" in found.sentence


def test_unknown_instructions_are_named():
    with pytest.raises(simulator.Unsupported, match=r"kernel.cu:4.*mbarrier.*doesn't know"):
        run('asm volatile("mbarrier.init.shared.b64 [%0], 1;" :: "r"(0));', zeros(1))
