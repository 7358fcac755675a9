"""Shuffles, votes, matches, reductions, and groups of lanes."""

import numpy as np
import pytest

from .running import clean, ints, run, zeros

pytestmark = pytest.mark.cuda
LANES = list(range(32))


@pytest.mark.parametrize("width", [32, 16, 8, 4, 2, 1])
def test_shuffles(width):
    a, b, c, d = (zeros(32) for _ in range(4))
    clean(
        f"""
    int v = 10 * t;
    a[t] = __shfl_sync(-1, v, t * 5, {width});
    b[t] = __shfl_up_sync(-1, v, 3, {width});
    c[t] = __shfl_down_sync(-1, v, 3, {width});
    d[t] = __shfl_xor_sync(-1, v, 5, {width});""",
        *(a, b, c, d),
    )

    def own(t, source):
        """A lane reads its own value where the source is beyond its segment."""
        return source if source // width == t // width and source >= 0 else t

    assert a.tolist() == [10 * (t // width * width + t * 5 % width) for t in LANES]
    assert b.tolist() == [10 * own(t, t - 3) for t in LANES]
    assert c.tolist() == [10 * own(t, t + 3) for t in LANES]
    # xor may reach an earlier segment, never a later one.
    assert d.tolist() == [10 * ((t ^ 5) if (t ^ 5) // width <= t // width else t) for t in LANES]


def test_a_butterfly_sum():
    a = ints(64)
    clean("int v = a[t]; for (int d = 16; d; d /= 2) v += __shfl_xor_sync(-1, v, d); a[t] = v;", a, block=64)
    assert a.tolist() == [sum(range(32))] * 32 + [sum(range(32, 64))] * 32


def test_wide_shuffles():
    a = np.arange(32, dtype=np.float64) / 3
    b = np.arange(32, dtype=np.int64) << 40
    clean("a[t] = __shfl_down_sync(-1, a[t], 1); b[t] = __shfl_sync(-1, b[t], 31 - t);", a, b)
    assert a.tolist() == [min(k + 1, 31) / 3 for k in LANES]
    assert b.tolist() == [(31 - k) << 40 for k in LANES]


def test_votes():
    a, b = np.zeros(32, np.uint32), zeros(32)
    clean(
        "a[t] = __ballot_sync(-1, t % 3 == 0);"
        "b[t] = __any_sync(-1, t == 9) + 2 * __any_sync(-1, t == 99);"
        "b[t] += 4 * __all_sync(-1, t < 32) + 8 * __all_sync(-1, t);",
        *(a, b),
    )
    assert set(a) == {sum(1 << k for k in range(0, 32, 3))}
    assert set(b) == {5}


def test_votes_of_some_lanes():
    a = np.zeros(32, np.uint32)
    clean("if (t % 4 == 1) a[t] = __ballot_sync(0x22222222, t > 8); else a[t] = __ballot_sync(~0x22222222, t > 8);", a)
    some = [k for k in LANES if k % 4 == 1]
    for t in LANES:
        group = some if t in some else [k for k in LANES if k not in some]
        assert a[t] == sum(1 << k for k in group if k > 8)


def test_matches():
    a, b = np.zeros(32, np.uint32), zeros(32)
    clean(
        "int all; a[t] = __match_any_sync(-1, t % 5); b[t] = __match_all_sync(-1, t / 32, &all) == 0xffffffff && all;",
        a,
        b,
    )
    assert a.tolist() == [sum(1 << k for k in LANES if k % 5 == t % 5) for t in LANES]
    assert set(b) == {1}
    clean("int all; b[t] = __match_all_sync(-1, (long long)t << 33, &all) + all;", a, b)
    assert set(b) == {0}


def test_reductions():
    values = (np.arange(32) * 2654435761 % 1000 - 300).astype(np.int32)
    outs = [zeros(32) for _ in range(6)]
    clean(
        """
    int v = a[t];
    b[t] = __reduce_add_sync(-1, v); c[t] = __reduce_min_sync(-1, v); d[t] = __reduce_max_sync(-1, v);
    e[t] = __reduce_and_sync(-1, v); f[t] = __reduce_or_sync(-1, v); g[t] = __reduce_xor_sync(-1, v);""",
        *(values, *outs),
    )
    functions = (np.add, np.minimum, np.maximum, np.bitwise_and, np.bitwise_or, np.bitwise_xor)
    for out, function in zip(outs, functions):
        assert set(out) == {function.reduce(values)}


def test_unsigned_reductions():
    a, b = zeros(32), np.zeros(32, np.uint32)
    clean("a[t] = __reduce_min_sync(-1, t - 5); b[t] = __reduce_min_sync(-1, (unsigned)(t - 5));", a, b)
    assert set(a) == {-5}
    assert set(b) == {0}


def test_active_lanes():
    a = np.zeros(32, np.uint32)
    clean("if (t % 2) a[t] = __activemask();", a)
    assert a.tolist() == [0xAAAAAAAA if t % 2 else 0 for t in LANES]


def test_lanes_that_come_later_are_waited_for():
    """The mask names all: the lanes of both branches execute the shuffle together, wherever they were before."""
    a = zeros(32)
    clean(
        """
    int v = t;
    if (t < 16) { for (int k = 0; k < t; k++) v += k; }
    a[t] = __shfl_xor_sync(-1, v, 16);""",
        a,
    )
    values = [t + sum(range(t)) if t < 16 else t for t in LANES]
    assert a.tolist() == [values[t ^ 16] for t in LANES]


def test_a_lane_that_takes_no_part():
    report = run("if (t < 16) a[t] = __shfl_sync(0xffff, t, t + 8);", zeros(32))
    assert {finding.kind for finding in report.violations} == {"inactive lane"}
    assert "which takes no part" in report.violations[0].sentence


def test_a_lane_where_there_is_no_thread():
    report = run("a[t] = __shfl_down_sync(-1, t, 8);", zeros(16), block=16)
    assert "lane 16 of the warp, where there is no thread" in report.violations[0].sentence


def test_a_mask_that_leaves_out_its_own_lane():
    report = run("a[t] = __ballot_sync(0xffff, 1);", zeros(32))
    assert any("whose mask doesn't name it" in finding.sentence for finding in report.violations)


def test_a_mask_that_names_one_that_never_comes():
    report = run("if (t < 16)\n    a[t] = __shfl_sync(-1, t, 3);\n__syncthreads();", zeros(32))
    (found,) = report.violations
    assert found.kind == "inactive lane"
    assert "which the mask names but which never comes" in found.sentence


GROUPS = "#include <cooperative_groups.h>\n#include <cooperative_groups/reduce.h>\nnamespace cg = cooperative_groups;"


def test_cooperative_groups():
    a, b, c = zeros(64), zeros(64), zeros(64)
    clean(
        """
    cg::thread_block block = cg::this_thread_block();
    auto tile = cg::tiled_partition<8>(block);
    int v = a[t] = block.thread_rank();
    for (int d = tile.size() / 2; d; d /= 2) v += tile.shfl_down(v, d);
    a[t] = tile.shfl(v, 0);
    b[t] = cg::reduce(cg::tiled_partition<32>(block), t, cg::plus<int>());
    if (t % 3 == 0) { auto some = cg::coalesced_threads(); c[t] = some.size() * 100 + some.thread_rank(); }
    block.sync();""",
        *(a, b, c),
        block=64,
        prelude=GROUPS,
    )
    assert a.tolist() == [sum(range(t // 8 * 8, t // 8 * 8 + 8)) for t in range(64)]
    assert b.tolist() == [sum(range(32))] * 32 + [sum(range(32, 64))] * 32
    for warp in (range(32), range(32, 64)):
        some = [t for t in warp if t % 3 == 0]
        assert [c[t] for t in some] == [100 * len(some) + k for k in range(len(some))]


def test_labeled_partitions():
    a = zeros(32)
    clean(
        "auto g = cg::labeled_partition(cg::tiled_partition<32>(cg::this_thread_block()), t % 3);"
        "a[t] = cg::reduce(g, t, cg::plus<int>());",
        a,
        prelude=GROUPS,
    )
    assert a.tolist() == [sum(k for k in LANES if k % 3 == t % 3) for t in LANES]
