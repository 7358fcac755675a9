"""__syncthreads and its kin: who waits, what is returned, and what goes wrong."""

import numpy as np
import pytest

from kernelwright.kernels import simulator

from .running import clean, ints, run, zeros

pytestmark = pytest.mark.cuda


def kinds(report):
    return [finding.kind for finding in report.findings]


@pytest.mark.parametrize("block", [1, 31, 32, 33, 256, 1024])
def test_sharing_through_a_barrier(block):
    a = ints(block)
    clean("__shared__ int s[1024]; s[t] = a[t]; __syncthreads(); a[t] = s[blockDim.x - 1 - t];", a, block=block)
    assert a.tolist() == list(range(block))[::-1]


def test_many_rounds():
    a = ints(96)
    clean(
        """
    __shared__ int s[96];
    s[t] = a[t];
    for (int k = 0; k < 100; k++) {
        __syncthreads();
        int next = s[(t + 1) % 96];
        __syncthreads();
        s[t] = next;
    }
    a[t] = s[t];""",
        a,
        block=96,
    )
    assert a.tolist() == [(t + 100) % 96 for t in range(96)]


def test_counting_barriers():
    a, b, c = zeros(70), zeros(70), zeros(70)
    clean(
        "a[t] = __syncthreads_count(t % 3 == 0); b[t] = __syncthreads_and(t < 70) + 2 * __syncthreads_and(t < 69);"
        "c[t] = __syncthreads_or(t == 50) + 2 * __syncthreads_or(t == 71);",
        *(a, b, c),
        block=70,
    )
    assert set(a) == {24}
    assert set(b) == {1}
    assert set(c) == {1}


def test_named_barriers_of_producers_and_consumers():
    """Warp 0 fills, warps 1 and 2 wait for it: bar.arrive, bar.sync with a number of threads."""
    a = zeros(64)
    report = clean(
        """
    __shared__ int s[64];
    if (t < 32) {
        s[t] = t * t;
        s[t + 32] = -t;
        asm volatile("bar.arrive 3, 96;" ::: "memory");
    } else {
        asm volatile("bar.sync 3, 96;" ::: "memory");
        a[t - 32] = s[95 - t];
    }""",
        a,
        block=96,
    )
    assert a.tolist() == [-(31 - k) if k < 32 else (63 - k) ** 2 for k in range(64)]
    assert report.races == []


def test_threads_that_have_ended_need_not_come():
    """CUDA lets a barrier go on when those who ended can't come; it is said all the same, for it is a mistake."""
    a = zeros(64)
    report = run("if (t >= 40) return;\n__syncthreads();\na[t] = 1;", a, block=64)
    assert a.sum() == 40
    assert kinds(report) == ["missing barrier"]
    (found,) = report.violations
    assert found.threads[1] == (40, 0, 0)
    assert "has ended at line" in found.sentence


def test_whole_warps_that_have_ended():
    report = run("if (t >= 32) return; __syncthreads();", zeros(1), block=64)
    assert kinds(report) == ["missing barrier"]


def test_a_barrier_in_a_branch_names_both_places():
    a = zeros(64)
    report = run(
        """
    if (t % 2) {
        a[t] = 1;
        __syncthreads();
    } else {
        a[t] = 2;
        __syncthreads();
        a[t]++;
    }""",
        a,
        block=64,
    )
    found = next(finding for finding in report.violations if finding.kind == "divergent barrier")
    text = report.text.splitlines()
    assert sorted(found.lines) == [k for k, line in enumerate(text, 1) if "__syncthreads" in line]
    assert "all threads of a block must come to the same barrier" in found.sentence


def test_a_barrier_that_half_a_warp_skips():
    report = run("if (t < 16) __syncthreads(); a[t] = 1;", zeros(32))
    assert "missing barrier" in kinds(report)


def test_a_barrier_that_a_warp_skips_for_another():
    """Two warps at barriers of different numbers wait for each other for ever."""
    a = zeros(1)
    report = run('if (t < 32) asm volatile("bar.sync 1;"); else asm volatile("bar.sync 2;"); a[0] = 1;', a, block=64)
    assert "deadlock" in kinds(report)
    assert a[0] == 0
    found = next(finding for finding in report.violations if finding.kind == "deadlock")
    assert "waits for ever" in found.sentence


def test_a_barrier_that_waits_for_too_many():
    report = run('asm volatile("bar.sync 1, 128;");', zeros(1), block=64)
    assert kinds(report) == ["deadlock"]


def test_lanes_that_come_to_a_barrier_at_different_times():
    """The first ones wait while others loop, however long; they come to the same barrier in the end."""
    a = zeros(48)
    clean("for (int k = 0; k < 100 * (t % 32); k++) a[t] += k & 1; __syncthreads(); a[t] += 1;", a, block=48)
    assert a.tolist() == [50 * (t % 32) + 1 for t in range(48)]


def test_strict_raises():
    with pytest.raises(simulator.KernelError, match="without coming to it") as caught:
        run("if (t) __syncthreads();", zeros(1), strict=True)
    assert caught.value.report.violations


def test_one_thread_at_a_time():
    """__syncthreads_count in a loop, its result used by the next round: the lanes must not run ahead."""
    a = ints(64) % 7
    a = a.astype(np.int32)
    clean(
        "int left = a[t], rounds = 0; while (__syncthreads_count(left > 0)) { left--; rounds++; } a[t] = rounds;",
        a,
        block=64,
    )
    assert set(a) == {6}
