"""Every kind of memory and access: what is read and written, what it costs, what is refused."""

import ctypes

import numpy as np
import pytest

from kernelwright.kernels import simulator

from .running import clean, floats, ints, run, zeros

pytestmark = pytest.mark.cuda


def only(report, kind):
    """The one finding of a run."""
    (found,) = report.findings
    assert found.kind == kind, found
    return found


# Coalescing: sectors of 32 bytes that a request touches.


@pytest.mark.parametrize(
    ("index", "sectors", "ideal"),
    [("t", 4, 4), ("t * 2", 8, 4), ("t * 8", 32, 4), ("t * 32", 32, 4), ("31 - t", 4, 4), ("0", 1, 1), ("t / 2", 2, 2),
     ("t + 1", 5, 4), ("t ^ 1", 4, 4), ("t % 8 * 128 + t / 8", 8, 4), ("t * 9", 32, 4)],
)  # fmt: skip
def test_sectors_of_a_read(index, sectors, ideal):
    a, b = floats(1024), np.zeros(32, np.float32)
    report = clean(f"float v =\na[{index}];\nb[t] = v;", a, b)
    line = next(line for line in report.lines.values() if line.requests and line.global_bytes == 128)
    assert (line.requests, line.sectors, line.ideal_sectors) == (1, sectors, ideal)


def test_a_column_of_a_matrix_costs_a_sector_a_lane():
    a, b = floats(32 * 32), np.zeros(32, np.float32)
    report = clean("float v =\na[t * 32 + 5];\nb[t] = v;", a, b)
    assert max(line.sectors for line in report.lines.values()) == 32
    assert report.global_efficiency == 8 / 36


@pytest.mark.parametrize(("kind", "count", "sectors"), [("float2", 2, 8), ("float4", 4, 16), ("double2", 4, 16)])
def test_vectors_of_global_memory(kind, count, sectors):
    a, b = floats(32 * count), np.zeros(32 * count, np.float32)
    report = clean(f"(({kind}*)b)[t] = (({kind}*)a)[t];", a, b)
    assert a.tolist() == b.tolist()
    total = report.total
    assert (total.requests, total.sectors, total.ideal_sectors) == (2, 2 * sectors, 2 * sectors)
    assert total.global_bytes == 2 * 128 * count


def test_dram_traffic_counts_a_sector_once():
    a, b = floats(1000), np.zeros(1000, np.float32)
    report = clean("for (int k = 0; k < 5; k++) b[t] = a[t] + k;", a, b, block=256)
    assert report.read_bytes == 1024
    assert report.written_bytes == 1024


# Shared memory: passes over the 32 banks.


@pytest.mark.parametrize(
    ("kind", "index", "wavefronts", "ideal"),
    [("float", "t", 1, 1), ("float", "t * 2", 2, 1), ("float", "t * 32", 32, 1), ("float", "t * 33", 1, 1),
     ("float", "7", 1, 1), ("float", "t / 2", 1, 1),
     ("float", "t * 16 % 512", 16, 1), ("double", "t", 2, 2), ("double", "t * 2", 4, 2),
     ("double", "t * 16", 32, 2), ("float4", "t", 4, 4), ("float4", "t * 2", 8, 4), ("short", "t", 1, 1),
     ("short", "t * 2", 1, 1), ("char", "t * 4", 1, 1), ("char", "t * 128", 32, 1)],
)  # fmt: skip
def test_bank_conflicts(kind, index, wavefronts, ideal):
    text = f"""
    extern __shared__ float4 raw[];
    for (int k = t; k < 4096; k += 32) ((float*)raw)[k] = k;
    __syncthreads();
    (({kind}*)a)[t] = (({kind}*)raw)[{index}];"""
    report = clean(text, floats(1024), shared=16384)
    filling, total = 4096 // 32, report.total  # a request, and a pass, for each row of the loop
    assert total.shared_requests - filling == 1
    assert total.bank_wavefronts - filling == wavefronts
    assert total.ideal_wavefronts - filling == ideal


TRANSPOSE = """
template <int PAD> __global__ void transpose(const float* in, float* out, int n) {
    __shared__ float tile[32][32 + PAD];
    int x = blockIdx.x * 32 + threadIdx.x, y = blockIdx.y * 32;
    for (int j = threadIdx.y; j < 32; j += 8) tile[j][threadIdx.x] = in[(y + j) * n + x];
    __syncthreads();
    x = blockIdx.y * 32 + threadIdx.x, y = blockIdx.x * 32;
    for (int j = threadIdx.y; j < 32; j += 8) {
        float v =
            tile[threadIdx.x][j];
        out[(y + j) * n + x] = v;
    }
}
"""


@pytest.mark.parametrize(("pad", "ways"), [(0, 32), (1, 1)])
def test_a_transpose(pad, ways):
    """[32][32] is the worst case, [32][33] free of conflicts."""
    n = 64
    x, y = floats(n * n).reshape(n, n), simulator.empty((n, n))
    report = simulator.run(TRANSPOSE, f"transpose<{pad}>", (2, 2), (32, 8), [x, y, n])
    assert report.findings == []
    assert (y == x.T).all()
    line = report.lines[1 + TRANSPOSE.splitlines().index("            tile[threadIdx.x][j];")]
    assert line.bank_wavefronts == ways * line.shared_requests
    assert report.global_efficiency == 1


# Other memory.


def test_constants_and_symbols():
    prelude = "__constant__ float scale[4] = {1, 2, 3, 4};\n__constant__ int shift;\n__device__ int calls = 7;"
    a, calls = np.zeros(32, np.float32), np.array([5], np.int32)
    clean(
        "a[t] = scale[t % 4] + shift; if (t == 0) calls += 3;",
        a,
        prelude=prelude,
        symbols={"shift": np.int32(10), "calls": calls},
    )
    assert a.tolist() == [t % 4 + 11 for t in range(32)]
    assert calls[0] == 8
    with pytest.raises(ValueError, match="uses no variable 'wrong'; it uses: calls, scale, shift"):
        run("a[t] = scale[t % 4] + shift + calls;", a, prelude=prelude, symbols={"wrong": np.int32(1)})
    with pytest.raises(ValueError, match="shift has 4 bytes, but was given 8"):
        run("a[t] = scale[t % 4] + shift;", a, prelude=prelude, symbols={"shift": np.int64(1)})


def test_constant_memory_can_only_be_read():
    body = 'asm volatile("st.u32 [%0], 1;" :: "l"(&table[t % 8]));'
    found = only(run(body, zeros(1), prelude="__constant__ int table[8];"), "read-only")
    assert "writes byte 0 of table" in found.sentence


def test_an_array_that_numpy_forbids_to_write():
    a = ints(32)
    a.flags.writeable = False
    assert "which can only be read" in only(run("a[t] = 1;", a), "read-only").sentence
    assert a.tolist() == list(range(32))


def test_local_arrays():
    a = zeros(64)
    clean("int x[16]; for (int k = 0; k < 16; k++) x[k] = k * t; a[t] = x[a[t] + t % 16];", a, block=64)
    assert a.tolist() == [t % 16 * t for t in range(64)]


def test_local_vectors_of_every_width():
    a = np.zeros(32, np.float64)
    clean(
        """
    double d[4]; float f[4]; short s[4]; signed char c[4];
    for (int k = 0; k < 4; k++) { d[k] = k + .5; f[k] = k * 2; s[k] = -k; c[k] = t + k; }
    int k = t % 4;
    a[t] = d[k] + f[k] * 10 + s[k] * 100 + c[k] * 1000;""",
        a,
    )
    assert a.tolist() == [k + 0.5 + 20 * k - 100 * k + 1000 * (t + k) for t in range(32) for k in [t % 4]]


def test_static_and_dynamic_shared_memory():
    a = zeros(32)
    clean(
        "extern __shared__ int dynamic[]; __shared__ int fixed[32]; fixed[t] = t; dynamic[t] = 10 * t; __syncthreads();"
        "a[t] = fixed[31 - t] + dynamic[31 - t];",
        a,
        shared=128,
    )
    assert a.tolist() == [11 * (31 - t) for t in range(32)]


def test_narrow_types():
    arrays = [np.arange(-16, 16, dtype=np.int8), np.arange(32, dtype=np.uint8) * 7, np.arange(32, dtype=np.int16) - 9]
    expected = [int(x) + int(y) + int(z) for x, y, z in zip(*arrays)]
    out = zeros(32)
    clean("d[t] = a[t] + b[t] + c[t]; a[t] = d[t]; c[t] = -c[t];", *arrays, out)
    assert out.tolist() == expected
    assert arrays[0].tolist() == [np.int64(x).astype(np.int8) for x in expected]


def test_read_only_loads_and_cache_hints():
    a, b = ints(32), zeros(32)
    clean("b[t] = __ldg(&a[t]) + __ldcs(&a[t]) + __ldcg(&a[t]); __stcs(&b[t], b[t] * 2);", a, b)
    assert b.tolist() == [6 * t for t in range(32)]


# Arguments.

STRUCTURE = """
struct Options { int n; double scale; float* out; };
extern "C" __global__ void kernel(Options o, float3 v, char c, bool flag) {
    if (threadIdx.x < o.n) o.out[threadIdx.x] = v.x + v.y * v.z * o.scale + c + 100 * flag;
}
"""


def test_structures_as_arguments():
    class Float3(ctypes.Structure):
        _fields_ = [(name, ctypes.c_float) for name in "xyz"]

    kind = np.dtype([("n", np.int32), ("scale", np.float64), ("out", np.uint64)], align=True)
    options = np.zeros((), kind)
    options["n"], options["scale"] = 0, 0.5
    report = simulator.run(STRUCTURE, "kernel", 1, 4, [options, Float3(1, 2, 3), 5, True])
    assert report.findings == []
    with pytest.raises(TypeError, match=r"args\[0\] has 3 bytes, but the kernel's parameter has 24"):
        simulator.run(STRUCTURE, "kernel", 1, 4, [b"abc", Float3(1, 2, 3), 5, True])
    with pytest.raises(TypeError, match=r"args\[1\] is 3, but the kernel's parameter is a structure of 12 bytes"):
        simulator.run(STRUCTURE, "kernel", 1, 4, [options, 3, 5, True])


def test_structures_with_pointers():
    text = """
struct Matrix { int rows; float* data; short columns; };
struct Both { Matrix a, b; char mode; };
extern "C" __global__ void kernel(Both both) {
    if (threadIdx.x < both.a.rows) both.b.data[threadIdx.x] = both.a.data[threadIdx.x] * both.mode + both.b.columns;
}"""
    x, y = floats(4), simulator.empty(4)
    both = ((np.int32(4), x, np.int16(1)), (np.int32(4), y, np.int16(7)), np.int8(3))
    assert simulator.run(text, "kernel", 1, 32, [both]).findings == []
    assert y.tolist() == [7, 10, 13, 16]
    with pytest.raises(TypeError, match=r"args\[0\]\[1\] is 3: a field must be an array, a NumPy scalar"):
        simulator.run(text, "kernel", 1, 32, [(both[0], 3)])
    with pytest.raises(TypeError, match=r"args\[0\] makes a structure of 24 bytes, but the kernel's parameter has 56"):
        simulator.run(text, "kernel", 1, 32, [both[0]])


@pytest.mark.parametrize(
    ("argument", "error", "message"),
    [
        (np.int64(3), TypeError, r"args\[1\] is a int64, but the kernel's parameter is a 32-bit integer"),
        (3.5, TypeError, r"args\[1\] is 3.5, but the kernel's parameter is a 32-bit integer"),
        (2**40, ValueError, r"args\[1\] is 1099511627776, which 4 bytes can't hold"),
        (np.zeros(3), TypeError, r"args\[1\] is an array, but the kernel's parameter is a 32-bit integer"),
        ("text", TypeError, r"args\[1\] is a str: it must be a NumPy array, a number or the bytes"),
    ],
)
def test_arguments_that_do_not_fit(argument, error, message):
    a = zeros(1)
    with pytest.raises(error, match=message):
        simulator.run('extern "C" __global__ void kernel(int* a, int n) { a[0] = n; }', "kernel", 1, 1, [a, argument])
    assert a[0] == 0


def test_python_numbers_fit_what_they_can():
    a = np.zeros(3, np.float64)
    types = "double* a, float x, long long y, unsigned z"
    text = f'extern "C" __global__ void kernel({types}) {{ a[0] = x; a[1] = y; a[2] = z; }}'
    simulator.run(text, "kernel", 1, 1, [a, 2, -(2**40), 2**32 - 1], strict=True)
    assert a.tolist() == [2, -(2**40), 2**32 - 1]


def test_strided_arrays_are_given_as_they_lie():
    whole = ints(64)
    clean("a[2 * t] = -1;", whole[::2])
    assert whole.tolist() == [-1 if k % 2 == 0 else k for k in range(64)]


def test_arrays_that_overlap():
    whole = ints(40)
    clean("int v = a[t] + b[t]; __syncwarp(); b[t] = v;", whole[:32], whole[8:])
    assert whole.tolist() == [*range(8), *(k + k + 8 for k in range(32))]


# What is refused, and that nothing is written there.


@pytest.mark.parametrize(("index", "beside"), [("t + 1", "0 bytes beyond the end"), ("t - 1", "4 bytes before")])
def test_out_of_bounds(index, beside):
    whole = ints(34)
    found = only(run(f"a[{index}] = -7;", whole[1:33]), "out of bounds")
    assert beside in found.sentence
    assert found.count == 1
    assert whole[0] == 0
    assert whole[33] == 33


def test_reads_out_of_bounds_give_nothing_of_others():
    a, b = ints(32), zeros(32)
    report = run("b[t] = a[t * 1000];", a, b)
    assert {finding.kind for finding in report.violations} == {"out of bounds"}
    assert b.tolist() == [0] * 32


def test_the_null_pointer():
    report = simulator.run("__global__ void f(int* p) {\n    *p = 1;\n}", "f", 1, 1, [None])
    assert "the null pointer" in only(report, "out of bounds").sentence
    with pytest.raises(TypeError, match="takes 1 arguments, not 0"):
        simulator.run("__global__ void f(int* x) {}", "f", 1, 1, [])


def test_shared_arrays_are_bounded_one_by_one():
    body = (
        "__shared__ int x[32]; __shared__ int y[32]; y[t] = t; x[t] = t; __syncthreads(); a[t] = x[a[t]] + y[31 - t];"
    )
    found = only(run(body, ints(32) + np.int32(1)), "out of bounds")
    assert "0 bytes beyond the end of x, which has 128" in found.sentence
    found = only(run("extern __shared__ int s[]; s[t] = t;", zeros(1), shared=124), "out of bounds")
    assert "0 bytes beyond the end of dynamic shared memory" in found.sentence


def test_addresses_of_shared_memory_wrap_around():
    """They have 32 bits: a compiler may take 4 from one, and add 4 at the access."""
    a = ints(32)
    clean(
        """
    __shared__ int s[32];
    s[t] = 10 * t;
    __syncwarp();
    unsigned before = (unsigned)__cvta_generic_to_shared(s) + 4 * t - 4;
    asm volatile("ld.shared.b32 %0, [%1+4];" : "=r"(a[t]) : "r"(before));
    asm volatile("st.shared.b32 [%0+4], %1;" :: "r"(before), "r"(t));
    asm volatile("red.shared.add.u32 [%0+4], 5;" :: "r"(before));
    a[t] += s[t];""",
        a,
    )
    assert a.tolist() == [11 * t + 5 for t in range(32)]
    report = run('asm volatile("st.shared.b32 [%0+4], 1;" :: "r"(4 * t - 64)); ', a, prelude="__shared__ int s[16];")
    assert {finding.kind for finding in report.violations} == {"out of bounds"}


def test_misaligned():
    found = only(run("*(float4*)(a + 2) = *(float4*)b;", zeros(64), zeros(64)), "misaligned")
    assert "16 bytes" in found.sentence


def test_pointers_of_another_space():
    body = '__shared__ int s[32]; asm volatile("st.global.u32 [%0], 1;" :: "l"(&s[t])); a[t] = s[t];'
    assert "wrong space" in {finding.kind for finding in run(body, zeros(32)).findings}


def test_uninitialised_memory():
    found = only(run("__shared__ int s[64]; s[t] = t; __syncthreads(); a[t] = s[t + 1];", zeros(32)), "uninitialised")
    assert "thread (31, 0, 0)" in found.sentence
    b = simulator.empty(32, np.int32)
    b[:16] = 0
    found = only(run("a[t] = b[t];", zeros(32), b), "uninitialised")
    assert found.threads == ((16, 0, 0),)
    assert "args[1][16]" in found.sentence


def test_memory_that_a_kernel_has_written_is_initialised_for_the_next():
    b = simulator.empty(32, np.float32)
    clean("a[t] = t;", b)
    clean("a[t] = a[t] + 1;", b)
    assert b.tolist() == [t + 1 for t in range(32)]


def test_empty_arrays():
    found = only(run("a[t] = 1;", np.zeros(0, np.int32), block=1), "out of bounds")
    assert "args[0]" in found.sentence
