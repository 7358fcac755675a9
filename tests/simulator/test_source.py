""".cu files as people write them: host code, headers, templates, mistakes."""

import numpy as np
import pytest

from kernelwright.bench import simulation
from kernelwright.kernels import simulator
from kernelwright.kernels.simulator import host, source

from .running import zeros
from .samples import DIRECTORY

pytestmark = pytest.mark.cuda

PROGRAM = r"""
#include <cstdio>
#include <vector>
#include <cuda_runtime.h>
#include "helper_of_somebody.h"
#define CHECK(call) do { cudaError_t e = call; if (e != cudaSuccess) { printf("}{"); exit(1); } } while (0)
using namespace std;
const int N = 64;
std::vector<float> results;
static void report(const char* text, cudaError_t error = cudaSuccess);
enum Mode { PLAIN, TWICE };
struct Options { Mode mode; float scale; };
constexpr int half(int n) { return n / 2; }
template <typename T, int K> __device__ T power(T x) { T y = 1; for (int k = 0; k < K; k++) y *= x; return y; }

// A comment with a brace { and a "quote.
template <typename T, int K>
__global__ void __launch_bounds__(64) powers(T* x, Options options) {
    const char* text = "}";
    x[threadIdx.x] = power<T, K>(x[threadIdx.x]) * (options.mode == TWICE ? 2 : 1) + half(3) + (text[0] == '}');
}

namespace space {
__constant__ int table[2] = {10, 20};
__global__ void inside(int* x) { x[threadIdx.x] = table[threadIdx.x % 2]; }
void host_inside() { std::vector<int> v(3); inside<<<1, 2>>>(v.data()); }
}

extern "C" {
__global__ void plain(int* x) { x[threadIdx.x] = N; }
}

class Timer { public: float seconds = 0; };

int main(int argc, char** argv) {
    float* x;
    CHECK(cudaMalloc(&x, N * sizeof(float)));
    powers<float, 3><<<1, N>>>(x, {PLAIN, 1.0f});
    for (auto v : results) { printf("%f\n", v); }
    return 0;
}
"""


@pytest.fixture
def program(tmp_path):
    path = tmp_path / "program.cu"
    path.write_text(PROGRAM)
    return path


def test_a_program_with_its_host_code(program):
    x = np.arange(8, dtype=np.float32)
    options = np.zeros((), np.dtype([("mode", np.int32), ("scale", np.float32)]))
    options["mode"] = 1
    report = simulator.run(program, "powers<float, 3>", 1, 8, [x, options])
    assert report.findings == []
    assert x.tolist() == [2 * k**3 + 2 for k in range(8)]
    line = 1 + next(k for k, line in enumerate(PROGRAM.splitlines()) if "x[threadIdx.x] = power" in line)
    assert report.lines[line].global_bytes == 64


def test_kernels_in_namespaces_and_of_several(program):
    x = zeros(4)
    simulator.run(str(program), "space::inside", 1, 4, [x], strict=True)
    assert x.tolist() == [10, 20, 10, 20]
    simulator.run(str(program), "plain", 1, 4, [x], strict=True)
    assert x.tolist() == [64] * 4


def test_instances_of_a_template_are_told_apart(program):
    options = bytes(8)
    for kind, dtype in (("double", np.float64), ("int", np.int32)):
        x = np.arange(4, dtype=dtype)
        simulator.run(program, f"powers<{kind}, 2>", 1, 4, [x, options], strict=True)
        assert x.tolist() == [k * k + 2 for k in range(4)]


def test_what_is_not_there(program):
    with pytest.raises(
        ValueError, match=r"kernel is 'absent', which .*program.cu doesn't have; it has: inside, plain, powers"
    ):
        simulator.run(program, "absent", 1, 1, [])
    with pytest.raises(ValueError, match=r"source is 'absent.cu': there is no such file"):
        simulator.run("absent.cu", "f", 1, 1, [])


def test_a_mistake_in_the_source_names_its_line():
    with pytest.raises(ValueError, match=r'kernel.cu\(2\): error: identifier "y" is undefined'):
        simulator.run("__global__ void f(int* x) {\n    x[0] = y;\n}", "f", 1, 1, [zeros(1)])


def test_a_missing_header_is_named_if_anything_fails():
    with pytest.raises(ValueError, match=r"taken for empty: mine\.h"):
        simulator.run('#include "mine.h"\n__global__ void f(int* x) { x[0] = FROM_MINE; }', "f", 1, 1, [zeros(1)])
    with pytest.raises(ValueError, match="is one of NVIDIA's headers: pip install"):
        simulator.run("#include <cuda/nothing>\n__global__ void f(int* x) {}", "f", 1, 1, [zeros(1)])


def test_headers_beside_the_file_and_elsewhere(tmp_path):
    (tmp_path / "there").mkdir()
    (tmp_path / "beside.h").write_text('#include "deep.h"\nvoid host() { std::cout << 1; }\n#define ONE DEEP\n')
    (tmp_path / "there" / "deep.h").write_text(
        "#pragma once\n#define DEEP 41\n__device__ inline int more(int x) { return x + 1; }\n"
    )
    path = tmp_path / "main.cu"
    path.write_text('#include "beside.h"\n__global__ void f(int* x) { x[0] = more(ONE); }\n')
    x = zeros(1)
    simulator.run(path, "f", 1, 1, [x], include=[tmp_path / "there"], strict=True)
    assert x[0] == 42
    (tmp_path / "there" / "deep.h").write_text("#define DEEP 1\n__device__ inline int more(int x) { return x; }\n")
    simulator.run(path, "f", 1, 1, [x], include=[tmp_path / "there"], strict=True)
    assert x[0] == 1


def test_macros():
    text = "__global__ void f(int* x) { x[0] = SIZE; }"
    for defines in ({"SIZE": 7}, ["SIZE=7"]):
        x = zeros(1)
        simulator.run(text, "f", 1, 1, [x], defines=defines, strict=True)
        assert x[0] == 7
    with pytest.raises(TypeError, match="must be a list of macros, such as"):
        simulator.run(text, "f", 1, 1, [zeros(1)], defines="SIZE=7")


def test_host_headers_that_kernels_use():
    text = """
#include <cmath>
#include <cfloat>
#include <climits>
#include <cstdint>
__global__ void f(double* x) { x[0] = M_PI; x[1] = -INFINITY; x[2] = FLT_MAX; x[3] = INT_MIN; x[4] = (uint8_t)300; }"""
    x = np.zeros(5)
    simulator.run(text, "f", 1, 1, [x], strict=True)
    assert x.tolist() == [np.pi, -np.inf, float(np.finfo(np.float32).max), -(2**31), 44]


@pytest.mark.parametrize(
    "text",
    [
        "struct alignas(16) Four { float x[4]; };\nvoid host(std::vector<int> v) {}\n"
        "__global__ void f(int* x) { x[0] = sizeof(Four); }",
        "struct __align__(8) Two { float x, y; __device__ Two(float a) : x(a), y(a) {} };\n"
        "__global__ void f(int* x) { x[0] = Two(8).y * 2; }",
        "template <bool A = true, typename T = int> __device__ int g(T y) { return A ? 16 : y; }\n"
        "void host() { std::cout << 1; }\n__global__ void f(int* x) { x[0] = g(3); }",
        "#define BOTH __device__ \\\n    __host__ inline\nBOTH int half(int n) { return n / 2; }\n"
        "__global__ void f(int* x) { x[0] = half(32); }",
        "constexpr int M = 4, N = 8;\n__global__ __launch_bounds__((M * N) / (1 * 1), 1) void f(int* x) { x[0] = 16; }",
        "__global__ void __launch_bounds__(32)\nf(int* __restrict__ x) { x[0] = 16; }",
        'extern "C"__global__ void f(int* x) { x[0] = 16; }',
        "extern cudaDeviceProp properties;\ncublasHandle_t handle;\n__global__ void f(int* x) { x[0] = 16; }",
        "__global__ void f(int* x) { x[0] = (int8_t)(INT_MAX - INT32_MAX + 16) + int(INFINITY < M_2_SQRTPI); }",
        "__global__ void f(int* x) { x[0] = std::max(std::min(99, 16), 2); }",
        "__global__ void f(int* x) { register float y = -256; x[0] = std::sqrt(std::abs(y)) + std::isinf(y); }",
        "template <typename T, std::enable_if_t<std::is_same<T, int>::value, int> = 0>\n"
        "__device__ T g(T x) { return x; }\n"
        "__global__ void f(int* x) { x[0] = g(16); }",
        "#include <cublas_v2.h>\n__global__ void f(int* x) { x[0] = __half2float(half(16.0f)); }",
        "float4 operator==(float4 a, int b) { return a; }\n"
        "__device__ int operator+(float4 a, int b) { return 15 + b; }\n"
        "__global__ void f(int* x) { x[0] = make_float4(1, 2, 3, 4) + 1; }",
        "#define KERNEL(name) __global__ void name##_of_macro\nKERNEL(f)(int* x) { x[0] = 16; }",
        "int table[] = {1, 2};\nstd::map<int, int> names = {{1, 2}};\n__global__ void f(int* x) { x[0] = 16; }",
    ],
)
def test_what_people_write(text):
    x = zeros(1)
    simulator.run(text, "f_of_macro" if "_of_macro" in text else "f", 1, 1, [x], strict=True)
    assert x[0] == 16


def test_headers_with_host_code_in_them(tmp_path):
    (tmp_path / "common.h").write_text(
        "extern cudaDeviceProp p;\nvoid show(torch::Tensor x);\n__device__ int one() { return 1; }\n"
    )
    (tmp_path / "kernels.cuh").write_text("__global__ void f(int* x) { x[0] = 1; }\n")
    path = tmp_path / "main.cu"
    path.write_text('#include "common.h"\n#include "kernels.cuh"\n__global__ void g(int* x) { x[0] = one() + 1; }\n')
    for kernel, value in (("f", 1), ("g", 2)):
        x = zeros(1)
        simulator.run(path, kernel, 1, 1, [x], strict=True)
        assert x[0] == value


def test_a_template_of_an_unknown_type():
    """NVRTC crashes if it is asked for an instance of such a one: the mistake must be found before."""
    text = "template <int N = 256> __global__ void k(unknown_t* a, int* y) { y[0] = a[0]; }"
    with pytest.raises(ValueError, match='"unknown_t" is undefined'):
        simulator.run(text, "k<256>", 1, 1, [zeros(1), zeros(1)])


@pytest.mark.parametrize("arch", [75, 80, 90, 120])
@pytest.mark.parametrize("path", [simulation.SOURCE, *sorted(DIRECTORY.glob("*.cu"))], ids=lambda path: path.stem)
def test_sources_outside_the_library_compile_everywhere(path, arch):
    for kernel in host.kernels(path.read_text()):
        assert source.compile(path, kernel, arch).resources.registers > 0


def test_lines_keep_their_numbers():
    code = host.device_code(PROGRAM)
    assert code.count("\n") == PROGRAM.count("\n")
    assert "int main" not in code
    assert "host_inside" not in code
    for line, kept in zip(PROGRAM.splitlines(), code.splitlines()):
        assert kept in ("", line) or not kept.strip() or line.startswith(kept.rstrip()[:10])


def test_the_time_of_half_precision_headers_is_paid_once(program):
    text = "#include <cuda_fp16.h>\n__global__ void f(__half* x) { x[0] = __hadd(x[0], x[1]); }"
    x = np.array([1.5, 2], np.float16)
    for _ in range(2):
        simulator.run(text, "f", 1, 1, [x], strict=True)
    assert x[0] == 5.5
