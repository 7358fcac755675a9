"""What races is found; what is ordered, by whatever means, is not reported."""

import numpy as np
import pytest

from kernelwright.kernels import simulator
from kernelwright.kernels.simulator import launch as simulator_launch
from kernelwright.kernels.simulator import races as simulator_races

from .running import clean, ints, run, zeros

pytestmark = pytest.mark.cuda


def races(body, *arrays, **options):
    return {race.kind for race in run(body, *arrays, **options).races}


NEIGHBOUR = "__shared__ int s[64]; s[t] = a[t]; {}; a[t] = s[63 - t];"


def test_a_missing_barrier():
    report = run(NEIGHBOUR.format(""), ints(64), block=64)
    assert {race.kind for race in report.races} >= {"shared write-read"}
    assert any("is a __syncthreads missing" in race.sentence for race in report.races)
    clean(NEIGHBOUR.format("__syncthreads()"), ints(64), block=64)


def test_syncwarp_is_not_enough_for_two_warps():
    assert "shared write-read" in races(NEIGHBOUR.format("__syncwarp()"), ints(64), block=64)


def test_the_second_barrier_of_a_loop():
    body = """
    __shared__ int s[64];
    int v = t;
    for (int k = 0; k < 3; k++) {{
        s[t] = v;
        __syncthreads();
        v += s[(t + 32) % 64];
        {}
    }}
    a[t] = v;"""
    clean(body.format("__syncthreads();"), zeros(64), block=64)
    assert "shared read-write" in races(body.format(""), zeros(64), block=64)


def test_both_write():
    report = run(
        "__shared__ int s[2]; s[t / 32] = t; s[1] = t; __syncthreads(); a[0] = s[0] + s[1];", zeros(1), block=64
    )
    assert {race.kind for race in report.races} == {"shared write-write"}
    assert any("at once" in race.sentence for race in report.races)


def test_many_may_write_the_same():
    a = zeros(1)
    clean("if (t % 3 == 1) a[0] = 1;", a, block=96, grid=3)
    assert a[0] == 1
    clean("__shared__ int found; if (t == 0) found = 0; __syncthreads(); if (t > 5) found = 1;", zeros(1), block=64)


REDUCTION = """
    __shared__ {volatile} int s[64];
    s[t] = t;
    __syncthreads();
    if (t < 32) {{
        {steps}
    }}
    if (t == 0) a[0] = s[0];"""


def steps(between):
    return " ".join(f"s[t] += s[t + {d}]; {between}" for d in (32, 16, 8, 4, 2, 1))


def test_warp_synchronous_code_races():
    """A reduction within a warp without __syncwarp, as it was written before Volta; volatile doesn't help."""
    for volatile in ("", "volatile"):
        a = zeros(1)
        found = run(REDUCTION.format(volatile=volatile, steps=steps("")), a, block=64).races
        assert found
        assert all("ordered only by __syncwarp" in race.sentence for race in found)


def test_syncwarp_after_each_step_is_still_a_race():
    """Between the read of s[t + d] and its owner's write of it nothing stands."""
    assert "shared read-write" in races(REDUCTION.format(volatile="", steps=steps("__syncwarp();")), zeros(1), block=64)


def test_syncwarp_between_reads_and_writes():
    right = " ".join(f"{{ int v = s[t + {d}]; __syncwarp(); s[t] += v; __syncwarp(); }}" for d in (32, 16, 8, 4, 2, 1))
    a = zeros(1)
    clean(REDUCTION.format(volatile="", steps=right), a, block=64)
    assert a[0] == sum(range(64))


def test_shuffles_and_votes_do_not_order_memory():
    for between in ("__shfl_sync(-1, t, 0)", "__ballot_sync(-1, t)", "__any_sync(-1, t)"):
        assert "shared write-read" in races(
            f"__shared__ int s[32]; s[t] = t; int v = {between}; a[t] = s[31 - t] + v;", zeros(32)
        )


def test_syncwarp_of_some_lanes():
    body = "__shared__ int s[32]; s[t] = t; if (t < 8) {{ __syncwarp(0xff); a[t] = s[{}]; }}"
    clean(body.format("7 - t"), zeros(32))
    assert "shared write-read" in races(body.format("15 - t"), zeros(32))


def test_order_is_handed_on():
    """Lane 0 → lane 1 by one __syncwarp, lane 1 → lane 2 by another: lane 2 comes after lane 0."""
    clean(
        """
    __shared__ int s[4];
    if (t == 0) s[0] = 5;
    if (t < 2) __syncwarp(3);
    if (t == 1 || t == 2) __syncwarp(6);
    if (t == 2) a[0] = s[0];""",
        zeros(1),
    )


def test_blocks_are_not_ordered():
    assert races("a[t] = blockIdx.x + t;", zeros(32), grid=2) == {"global write-write"}
    found = run("if (blockIdx.x == 0) a[t] = 5; else b[t] = a[t];", zeros(32), zeros(32), grid=2).races
    assert {race.kind for race in found} == {"global write-read"}
    assert "blocks run in any order" in found[0].sentence
    for order in ("forward", "reverse", "shuffled"):
        assert races("b[blockIdx.x] = a[t]; if (blockIdx.x == 1) a[t] = 5;", zeros(32), zeros(2), grid=2, order=order)


def test_blocks_that_keep_apart():
    clean("a[blockIdx.x * 32 + t] = t; a[blockIdx.x * 32 + t] += 1;", zeros(128), grid=4)


def test_global_memory_within_a_block():
    body = "a[t] = t; {}; b[t] = a[63 - t];"
    clean(body.format("__syncthreads()"), zeros(64), zeros(64), block=64)
    assert "global write-read" in races(body.format("__threadfence()"), zeros(64), zeros(64), block=64)


def test_atomics_do_not_race_with_each_other_but_with_plain_accesses():
    clean("atomicAdd(&a[0], t); atomicMax(&a[1], t);", zeros(2), grid=4, block=64)
    assert "global write-write" in races(
        "if (blockIdx.x) atomicAdd(&a[0], 1); else a[0] = 7;", zeros(1), block=1, grid=2
    )
    assert "global write-read" in races(
        "if (blockIdx.x == 0) atomicAdd(&a[0], 1); else b[0] = a[0];", zeros(1), zeros(1), grid=2
    )


def test_a_loop_around_compare_and_swap():
    """Its first read is plain, in the programming guide as well: should it be out of date, the swap fails."""
    a = zeros(1)
    clean(
        """
    int old = a[0], assumed;
    do {
        assumed = old;
        old = atomicCAS(&a[0], assumed, assumed + 1);
    } while (assumed != old);""",
        a,
        grid=4,
        block=64,
    )
    assert a[0] == 256
    clean("atomicCAS(&a[t], __ldcg(&a[t]), blockIdx.x);", zeros(32), grid=4)


LAST_BLOCK = """
    __shared__ bool last;
    atomicAdd(&b[0], 0);
    c[blockIdx.x] = blockIdx.x + 1;
    {fence};
    if (t == 0) last = atomicAdd(&a[0], 1) == gridDim.x - 1;
    __syncthreads();
    if (last && t == 0) {{
        {acquire};
        int sum = 0;
        for (int k = 0; k < gridDim.x; k++) sum += c[k];
        b[1] = sum;
    }}"""


@pytest.mark.parametrize("order", ["forward", "reverse", "shuffled"])
def test_the_last_block_sums(order):
    """The threadfence reduction of the CUDA samples: order comes from a fence, and an atomic that the other reads."""
    a, b, c = zeros(1), zeros(2), zeros(5)
    clean(LAST_BLOCK.format(fence="__threadfence()", acquire="__threadfence()"), a, b, c, grid=5, block=32, order=order)
    assert b[1] == 15


def test_the_last_block_without_a_fence():
    body = LAST_BLOCK.format(fence="", acquire="")
    assert "global write-read" in races(body, zeros(1), zeros(2), zeros(5), grid=5, block=32)


def test_flags_between_blocks():
    body = """
    if (blockIdx.x == 0) {{ if (t == 0) {{ a[0] = 42; {fence}; *(volatile int*)&b[0] = 1; }} }}
    else if (t == 0) {{ while (*(volatile int*)&b[0] == 0) {{}} {fence}; c[0] = a[0]; }}"""
    c = zeros(1)
    clean(body.format(fence="__threadfence()"), zeros(1), zeros(1), c, grid=2)
    assert c[0] == 42
    assert "global write-read" in races(body.format(fence=""), zeros(1), zeros(1), zeros(1), grid=2)


@pytest.mark.parametrize("blocks", [3, 700])
def test_a_chain_of_blocks(blocks):
    """Each waits for the one before, by a flag of its own: decoupled look-back, as of a scan in one launch."""
    a, b = zeros(blocks), zeros(blocks)
    report = clean(
        """
    if (t == 0) {
        int before = 0, k = blockIdx.x;
        if (k > 0) {
            while (atomicAdd(&b[k - 1], 0) == 0) {}
            __threadfence();
            before = a[k - 1];
        }
        a[k] = before + 1;
        __threadfence();
        atomicExch(&b[k], 1);
    }""",
        *(a, b),
        grid=blocks,
    )
    assert a.tolist() == list(range(1, blocks + 1))
    assert report.complete


def test_more_order_than_is_kept(monkeypatch):
    """Then nothing is reported that might have been ordered, and the report says so."""
    monkeypatch.setattr(simulator_races, "MAX_SLOTS", 4)
    body = """
    a[t] = t;
    __threadfence();
    atomicExch(&b[t], 1);
    if (atomicAdd(&b[t ^ 32], 0)) {
        __threadfence();
        a[t] += a[t ^ 32];
    }"""
    report = clean(body, zeros(64), zeros(64), block=64)
    assert not report.complete
    assert "weren't looked for everywhere" in str(report)


def test_arrays_too_large_to_be_watched(monkeypatch):
    monkeypatch.setattr(simulator_launch, "MAX_CELL_BYTES", 1 << 16)
    large, small = zeros(10_000), zeros(32)
    report = run("a[t % 32] = t; b[t % 32] = t;", large, small, block=64)
    assert not report.complete
    assert {race.kind for race in report.races} == {"global write-write"}
    assert all("args[1]" in race.sentence for race in report.races)


SCAN = """
    __shared__ int s[{}128];
    int out = 0;
    s[t] = a[t];
    __syncthreads();
    for (int d = 1; d < 64; d *= 2) {{
        {}
        __syncthreads();
    }}
    a[t] = s[out * 64 + t];"""


def test_a_scan_with_two_buffers():
    step = """
        out = 1 - out;
        s[out * 64 + t] = s[(1 - out) * 64 + t] + (t >= d ? s[(1 - out) * 64 + t - d] : 0);"""
    a = ints(64)
    clean(SCAN.format("", step), a, block=64)
    assert a.tolist() == np.cumsum(range(64)).tolist()


def test_a_scan_with_one_buffer():
    step = "if (t >= d) s[t] += s[t - d];"
    assert "shared read-write" in races(SCAN.format("", step), ints(64), block=64) | races(
        SCAN.format("", step), ints(64), block=64, order="reverse"
    )


def test_a_pipeline_of_barriers():
    """Two named barriers, full and empty, between a producing and a consuming warp: correct, and clean."""
    a = zeros(64)
    clean(
        """
    __shared__ int s[32];
    for (int k = 0; k < 4; k++) {
        if (t < 32) {
            if (k) asm volatile("bar.sync 2, 64;" ::: "memory");
            s[t] = 10 * k + t;
            asm volatile("bar.arrive 1, 64;" ::: "memory");
        } else {
            asm volatile("bar.sync 1, 64;" ::: "memory");
            a[t] += s[63 - t];
            if (k < 3) asm volatile("bar.arrive 2, 64;" ::: "memory");
        }
    }""",
        a,
        block=64,
    )
    assert a[32:].tolist() == [60 + 4 * (31 - k) for k in range(32)]


def test_a_pipeline_without_its_second_barrier():
    """The producer comes twice before the consumer once, which completes the barrier: the consumer waits for ever."""
    report = run(
        """
    __shared__ int s[32];
    for (int k = 0; k < 4; k++) {
        if (t < 32) {
            s[t] = 10 * k + t;
            asm volatile("bar.arrive 1, 64;" ::: "memory");
        } else {
            asm volatile("bar.sync 1, 64;" ::: "memory");
            a[t] += s[63 - t];
        }
    }""",
        zeros(64),
        block=64,
    )
    assert [finding.kind for finding in report.violations] == ["deadlock"]


def test_bytes_of_one_word_are_told_apart():
    clean("((char*)a)[t] = t;", zeros(16), block=64)


def test_findings_name_lines_threads_and_element():
    report = run("__shared__ int s[64];\ns[t] = t;\na[t] = s[t ^ 32];", zeros(64), block=64)
    found = next(race for race in report.races if race.kind == "shared write-read")
    text = report.text.splitlines()
    read, write = text.index("a[t] = s[t ^ 32];") + 1, text.index("s[t] = t;") + 1
    assert found.lines == (read, write)
    assert found.threads == ((32, 0, 0), (0, 0, 0))
    assert found.block == (0, 0, 0)
    assert "byte 0 of s" in found.sentence
    assert found.count > 1


def test_looking_for_races_can_be_left_out():
    assert run(NEIGHBOUR.format(""), ints(64), block=64, races=False).races == []


def test_two_launches_do_not_race():
    a = zeros(32)
    for _ in range(2):
        clean("a[31 - t] = t;", a)
    assert simulator.run('extern "C" __global__ void f(int* x) { x[threadIdx.x] += 1; }', "f", 1, 32, [a]).races == []
