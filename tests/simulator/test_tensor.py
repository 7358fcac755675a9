"""Tensor cores and asynchronous copies: mma.sync, ldmatrix, wmma, cp.async."""

import numpy as np
import pytest

from kernelwright.kernels import simulator

from .running import clean, ints, run, zeros

pytestmark = pytest.mark.cuda

# Shape, type of A and B, type of C and D: registers of A, B, C.
MMA = {
    "m16n8k8 f16 f32": (2, 1, 4),
    "m16n8k16 f16 f32": (4, 2, 4),
    "m16n8k16 f16 f16": (4, 2, 2),
    "m16n8k8 bf16 f32": (2, 1, 4),
    "m16n8k16 bf16 f32": (4, 2, 4),
    "m16n8k4 tf32 f32": (2, 1, 4),
    "m16n8k8 tf32 f32": (4, 2, 4),
    "m8n8k16 s8 s32": (1, 1, 2),
    "m16n8k16 s8 s32": (2, 1, 4),
    "m16n8k32 s8 s32": (4, 2, 4),
    "m16n8k32 u8 s32": (4, 2, 4),
    "m8n8k4 f64 f64": (1, 1, 2),
}


def packed(values: np.ndarray, kind: str) -> np.ndarray:
    """Numbers in memory as a tensor core takes them."""
    if kind == "bf16":
        return (values.astype(np.float32).view(np.uint32) >> 16).astype(np.uint16)
    dtypes = {"f16": np.float16, "tf32": np.float32, "f32": np.float32, "s32": np.int32, "f64": np.float64}
    return values.astype(dtypes.get(kind) or {"s8": np.int8, "u8": np.uint8}[kind])


@pytest.mark.parametrize("case", MMA)
def test_mma(case):
    """Each lane gathers its registers by the tables of the PTX manual; the product is that of the matrices."""
    shape, kind, result = case.split()
    m, n, k = (int(x) for x in shape[1:].replace("n", " ").replace("k", " ").split())
    na, nb, nc = MMA[case]
    rng = np.random.default_rng(5)
    low = 0 if kind == "u8" else -8
    a, b, c = rng.integers(low, 9, (m, k)), rng.integers(low, 9, (k, n)), rng.integers(-50, 50, (m, n))
    e = {"f16": 2, "bf16": 2, "s8": 4, "u8": 4}.get(kind, 1)
    pair = 2 if result == "f16" else 1
    lane = np.arange(32)
    g, t = lane // 4, lane % 4
    high = m == 16
    fa = np.stack([a[g + (8 * (r % 2) if high else 0), e * t + j + 4 * e * (r // 2 if high else r)]
                   for r in range(na) for j in range(e)], 1)  # fmt: skip
    fb = np.stack([b[e * t + j + 4 * e * r, g] for r in range(nb) for j in range(e)], 1)
    where = [(g + 8 * (r // 2), 2 * t + r % 2) for r in range(nc * pair)]
    fc = np.stack([c[place] for place in where], 1)
    register = "d" if result == "f64" else "r"
    operands, first = [], 0
    for count in (nc, na, nb, nc):
        operands.append("{" + ", ".join(f"%{first + k}" for k in range(count)) + "}")
        first += count
    outs = ", ".join(f'"={register}"(d[t * {nc} + {k}])' for k in range(nc))
    reg = "d" if kind == "f64" else "r"
    ins = ", ".join(
        f'"{letter}"({name}[t * {count} + {k}])'
        for name, count, letter in (("a", na, reg), ("b", nb, reg), ("c", nc, register))
        for k in range(count)
    )
    opcode = f"mma.sync.aligned.{shape}.row.col.{result}.{kind}.{kind}.{result}"
    text = f'asm volatile("{opcode} {", ".join(operands)};" : {outs} : {ins});'
    word_in = np.float64 if kind == "f64" else np.uint32
    word_out = np.float64 if result == "f64" else np.uint32
    arrays = [np.ascontiguousarray(packed(x, kind)).view(word_in) for x in (fa, fb)]
    arrays.append(np.ascontiguousarray(packed(fc, result)).view(word_out))
    arrays.append(np.zeros_like(arrays[2]))
    report = clean(text, *(x.ravel() for x in arrays))
    expected = packed((a @ b + c), result)
    found = np.zeros((m, n), expected.dtype)
    values = arrays[3].view(expected.dtype).reshape(32, -1)
    for k_, place in enumerate(where):
        found[place] = values[:, k_]
    assert (found == expected).all()
    assert report.total.arithmetic["tensor"] == 2 * m * n * k


@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("count", [1, 2, 4])
def test_ldmatrix(count, transposed):
    """Lane l gets elements 2 (l % 4) and the next of row l / 4 of each matrix."""
    matrices = np.arange(count * 64, dtype=np.uint16)
    out = np.zeros(32 * count, np.uint32)
    places = "{" + ", ".join(f"%{k}" for k in range(count)) + "}"
    outs = ", ".join(f'"=r"(b[t * {count} + {k}])' for k in range(count))
    clean(
        f"""
    __shared__ __align__(16) unsigned short s[{count * 64}];
    for (int k = t; k < {count * 64}; k += 32) s[k] = a[k];
    __syncthreads();
    unsigned at = __cvta_generic_to_shared(s + t % {count * 8} * 8);
    asm volatile("ldmatrix.sync.aligned.m8n8.x{count}{".trans" if transposed else ""}.shared.b16 {places}, [%{count}];"
        : {outs} : "r"(at));""",
        *(matrices, out),
    )
    found = out.view(np.uint16).reshape(32, count, 2)
    for q in range(count):
        matrix = matrices[64 * q : 64 * q + 64].reshape(8, 8)
        matrix = matrix.T if transposed else matrix
        for lane in range(32):
            assert found[lane, q].tolist() == matrix[lane // 4, 2 * (lane % 4) : 2 * (lane % 4) + 2].tolist()


def test_stmatrix():
    out = np.zeros(64, np.uint16)
    clean(
        """
    __shared__ __align__(16) unsigned short s[64];
    unsigned at = __cvta_generic_to_shared(s + t % 8 * 8), v = 2 * t + ((2 * t + 1) << 16);
    asm volatile("stmatrix.sync.aligned.m8n8.x1.shared.b16 [%0], {%1};" :: "r"(at), "r"(v) : "memory");
    __syncwarp();
    a[t] = s[t]; a[t + 32] = s[t + 32];""",
        out,
        arch=90,
    )
    assert out.tolist() == list(range(64))


WMMA = """
#include <mma.h>
#include <cuda_fp16.h>
using namespace nvcuda;
extern "C" __global__ void product(const %(t)s* a, const %(t)s* b, float* c, int n) {
    wmma::fragment<wmma::matrix_a, 16, 16, %(k)d, %(p)s, wmma::row_major> x;
    wmma::fragment<wmma::matrix_b, 16, 16, %(k)d, %(p)s, wmma::%(b)s_major> y;
    wmma::fragment<wmma::accumulator, 16, 16, %(k)d, float> sum;
    wmma::fill_fragment(sum, 1.0f);
    for (int k = 0; k < n; k += %(k)d) {
        wmma::load_matrix_sync(x, a + k, n);
        wmma::load_matrix_sync(y, %(b_at)s, %(ld)s);
        wmma::mma_sync(sum, x, y, sum);
    }
    for (int k = 0; k < sum.num_elements; k++) sum.x[k] *= 2;
    wmma::store_matrix_sync(c, sum, 16, wmma::mem_row_major);
}
"""


@pytest.mark.parametrize("order", ["row", "col"])
@pytest.mark.parametrize(("kind", "precision", "k"), [("half", "half", 16), ("float", "wmma::precision::tf32", 8)])
def test_wmma(kind, precision, k, order):
    n = 48
    rng = np.random.default_rng(0)
    a, b = rng.integers(-9, 9, (16, n)), rng.integers(-9, 9, (n, 16))
    dtype = np.float16 if kind == "half" else np.float32
    stored = np.ascontiguousarray(b if order == "row" else b.T).astype(dtype)
    place, leading = ("b + k * 16", "16") if order == "row" else ("b + k", "n")
    text = WMMA % {"t": kind, "p": precision, "k": k, "b": order, "b_at": place, "ld": leading}
    c = np.zeros((16, 16), np.float32)
    report = simulator.run(text, "product", 1, 32, [a.astype(dtype), stored, c, n])
    assert report.findings == []
    assert (c == 2 * (a @ b + 1)).all()
    assert report.total.arithmetic["tensor"] == 2 * 16 * 16 * n


COPY = """
    __shared__ __align__(16) int s[128];
    unsigned at = __cvta_generic_to_shared(s + 4 * t);
    asm volatile("cp.async.{cache}.shared.global [%0], [%1], {size};" :: "r"(at), "l"(a + 4 * t) : "memory");
    asm volatile("cp.async.commit_group;" ::: "memory");
    {wait}
    {sync}
    b[t] = s[(4 * t + 4) % 128];"""
WAIT = 'asm volatile("cp.async.wait_group 0;" ::: "memory");'


@pytest.mark.parametrize(("cache", "size"), [("cg", 16), ("ca", 16), ("ca", 8), ("ca", 4)])
def test_asynchronous_copies(cache, size):
    a, b = ints(128), zeros(32)
    clean(COPY.format(cache=cache, size=size, wait=WAIT, sync="__syncthreads();"), a, b)
    assert b.tolist() == [(4 * t + 4) % 128 for t in range(32)]


def test_a_copy_that_nobody_waits_for():
    report = run(COPY.format(cache="cg", size=16, wait="", sync="__syncthreads();"), ints(128), zeros(32))
    assert {race.kind for race in report.races} == {"shared write-read"}
    assert "wait for the copy" in report.races[0].sentence


def test_a_copy_that_only_its_own_lane_waits_for():
    report = run(COPY.format(cache="cg", size=16, wait=WAIT, sync=""), ints(128), zeros(32))
    assert {race.kind for race in report.races} == {"shared write-read"}


def test_copies_beyond_the_end_are_zeros():
    a, b = ints(5), zeros(32)
    clean(
        """
    __shared__ int s[32];
    unsigned at = __cvta_generic_to_shared(s + t);
    int n = t < 5 ? 4 : 0;
    asm volatile("cp.async.ca.shared.global [%0], [%1], 4, %2;" :: "r"(at), "l"(n ? a + t : a), "r"(n));
    asm volatile("cp.async.wait_all;" ::: "memory");
    b[t] = s[t];""",
        *(a, b),
    )
    assert b.tolist() == [0, 1, 2, 3, 4] + [0] * 27


PIPELINE = """
#include <cuda_pipeline.h>
extern "C" __global__ void sums(const float* in, float* out, int tiles) {
    __shared__ float buffer[2][64];
    int t = threadIdx.x;
    float sum = 0;
    __pipeline_memcpy_async(&buffer[0][t], in + t, 4);
    __pipeline_commit();
    for (int k = 0; k < tiles; k++) {
        if (k + 1 < tiles) __pipeline_memcpy_async(&buffer[(k + 1) %% 2][t], in + (k + 1) * 64 + t, 4);
        __pipeline_commit();
        __pipeline_wait_prior(%d);
        __syncthreads();
        sum += buffer[k %% 2][63 - t];
        %s
    }
    out[t] = sum;
}
"""


def test_a_double_buffer():
    x, out = np.arange(512, dtype=np.float32), np.zeros(64, np.float32)
    report = simulator.run(PIPELINE % (1, "__syncthreads();"), "sums", 1, 64, [x, out, 8])
    assert report.findings == []
    assert (out == x.reshape(8, 64).sum(0)[::-1]).all()


@pytest.mark.parametrize(("prior", "barrier"), [(2, "__syncthreads();"), (1, "")])
def test_a_double_buffer_with_a_mistake(prior, barrier):
    """Waiting for one copy too few; writing a buffer that others still read."""
    x, out = np.arange(512, dtype=np.float32), np.zeros(64, np.float32)
    assert simulator.run(PIPELINE % (prior, barrier), "sums", 1, 64, [x, out, 8]).races
