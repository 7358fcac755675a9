"""The backend cupy, on the stand-in for CuPy: what is launched how, and what is said when it fails."""

import importlib.util
import re
import sys

import numpy as np
import pytest

from kernelwright import kernels
from kernelwright.kernels import cuda

from ..catalog import OPERATIONS, as_tuple, by_name, moved_to, same, samples
from ..standin.fixture import standin as standin

pytestmark = pytest.mark.cuda

KERNELS = """
extern "C" __global__ void reverse(const real* x, real* y) {
    extern __shared__ real tile[];
    for (int i = threadIdx.x; i < 16000; i += blockDim.x) tile[i] = x[i];
    __syncthreads();
    for (int i = threadIdx.x; i < 16000; i += blockDim.x) y[i] = tile[15999 - i];
}
extern "C" __global__ void wild(real* x) { x[threadIdx.x + (1 << 20)] = 1; }
"""


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "own.cu"
    path.write_text(KERNELS)
    return cuda.Source(str(path), path.name)


@pytest.mark.parametrize("operation", OPERATIONS[::9], ids=by_name)
def test_some_operations(operation, standin):
    """All of them are tried by `make gpu`, on a GPU; and here by the simulator's tests."""
    sample = samples(operation, np.float32)[0]
    moved = moved_to(standin, sample)
    results = as_tuple(operation.function(*moved.args, **moved.options))
    with kernels.using("reference"):
        expected = as_tuple(operation.function(*sample.args, **sample.options))
    if operation.in_place:
        results, expected = ([operation.bind(s)[x] for x in operation.in_place] for s in (moved, sample))
    for result, wanted in zip(results, expected, strict=True):
        assert type(result) is standin.array_type
        same(standin.to_numpy(result), wanted, operation.tolerance(np.float32), sample.note)


def test_much_shared_memory_is_asked_for(standin, source):
    x = standin.from_numpy(np.arange(16000, dtype=np.float32))
    y = standin.empty((16000,), np.float32)
    for _ in range(2):
        standin.device.launch(source, "reverse", x.dtype, 1, 256, (x, y), 64000)
    np.testing.assert_array_equal(standin.to_numpy(y), np.arange(16000)[::-1])


def test_tiles_in_much_shared_memory(standin):
    """Rung 15 of the matrix product has 84 KB or more."""
    rng = np.random.default_rng(0)
    a, b = (rng.standard_normal(shape).astype(np.float32) for shape in ((40, 50), (50, 36)))
    with kernels.using(standin), kernels.rung(matmul="15_wide_tiles"):
        y = kernels.matmul(standin.from_numpy(a), standin.from_numpy(b))
    same(standin.to_numpy(y), a @ b, {"rtol": 1e-2, "atol": 0.1}, "")


def test_a_failed_launch_is_named(standin, source, monkeypatch):
    x = standin.empty((4,), np.float32)
    error = sys.modules["cupy"].cuda.driver.CUDADriverError

    def fail(self, *_, **__):
        raise error("CUDA_ERROR_INVALID_VALUE: invalid argument")

    monkeypatch.setattr(sys.modules["cupy.raw"].RawKernel, "__call__", fail)
    with pytest.raises(cuda.LaunchError, match=r"own.cu: the kernel wild \(float32\) failed with grid \(7,\), block"):
        standin.device.launch(source, "wild", x.dtype, 7, 32, (x,))


def test_a_compiler_newer_than_the_driver_is_named(standin, source, monkeypatch):
    x = standin.empty((4,), np.float32)
    monkeypatch.setattr(cuda, "driver", lambda: "12.4")

    def fail(self, *_, **__):
        raise sys.modules["cupy"].cuda.driver.CUDADriverError("CUDA_ERROR_INVALID_IMAGE: it is invalid")

    monkeypatch.setattr(sys.modules["cupy"].RawModule, "get_function", fail)
    with pytest.raises(cuda.LaunchError, match=r"invalid; the driver runs CUDA up to 12.4, and the compiler NVRTC"):
        standin.device.launch(source, "wild", x.dtype, 1, 32, (x,))


@pytest.mark.parametrize(("newest", "expected"), [("12.4", "up to 12.4, .*InsufficientDriver"), (None, "no NVI")])
def test_a_driver_that_cupy_can_not_use(standin, newest, expected, monkeypatch):
    def refuses():
        raise sys.modules["cupy"].cuda.runtime.CUDARuntimeError("cudaErrorInsufficientDriver: too old")

    monkeypatch.setattr(sys.modules["cupy"].cuda, "is_available", refuses)
    monkeypatch.setattr(cuda, "driver", lambda: newest)
    cuda.missing.cache_clear()
    assert re.search(expected, kernels.backends()["cupy"])


def test_the_compiler_without_a_pathfinder(monkeypatch):
    """CuPy 13 doesn't need cuda-pathfinder; a toolkit's libraries are the system's."""
    known = cuda.nvrtc()
    monkeypatch.setitem(sys.modules, "cuda.pathfinder", None)
    assert cuda._Nvrtc().version == known.version


def test_functions_without_a_word_are_the_gpus(tmp_path):
    """A lambda with an `auto` argument is such a function to NVRTC 13.0."""
    path = tmp_path / "own.cu"
    path.write_text('int twice(int x) { return 2 * x; }\nextern "C" __global__ void f(int* x) { *x = twice(*x); }\n')
    assert cuda.Source(str(path), path.name).compile(90, np.float32).read_bytes()[:4] == b"\x7fELF"


def test_no_number_of_a_broken_kernel_is_seen(standin, monkeypatch):
    cupy = sys.modules["cupy"]

    def broken(*_):
        raise cupy.cuda.runtime.CUDARuntimeError("cudaErrorIllegalAddress: an illegal memory access was encountered")

    x = standin.empty((4,), np.float32)
    monkeypatch.setattr(cupy.ndarray, "get", broken)
    with pytest.raises(cuda.LaunchError, match=r"illegal memory access.*KERNELWRIGHT_CUDA_SYNC=1 says which"):
        standin.to_numpy(x)


def test_waiting_after_each_launch_names_the_kernel(standin, source, monkeypatch):
    cupy, said = sys.modules["cupy"], "cudaErrorIllegalAddress: an illegal memory access was encountered"

    def broken(self):
        raise cupy.cuda.runtime.CUDARuntimeError(said)

    monkeypatch.setenv("KERNELWRIGHT_CUDA_SYNC", "1")
    monkeypatch.setattr(cupy.cuda.Stream, "synchronize", broken)
    x = standin.empty((16000,), np.float32)
    with pytest.raises(cuda.LaunchError, match=f"the kernel reverse .* {said}$"):
        cuda.Device().launch(source, "reverse", x.dtype, 1, 256, (x, x), 64000)


def test_too_large_an_array_is_a_memory_error(standin):
    with pytest.raises(MemoryError, match="4,398,046,511,104 bytes"):
        standin.empty((1 << 40,), np.float32)


def test_an_output_over_an_input_is_refused(standin):
    x = standin.from_numpy(np.ones((4, 6), np.float32))
    assert kernels.relu(x, out=x) is x
    with pytest.raises(ValueError, match="out overlaps an input"):
        kernels.softmax(x[:3], out=x[1:])


@pytest.mark.parametrize(
    ("arch", "expected"), [(90, (90, "cubin")), (87, (86, "cubin")), (103, (100, "cubin")), (130, (120, "ptx"))]
)
def test_machine_code_or_ptx(arch, expected):
    assert cuda.target(arch, (75, 80, 86, 90, 100, 120)) == expected


def test_a_gpu_that_is_too_old():
    with pytest.raises(kernels.Unavailable, match="from sm_75 on, and yours is sm_70"):
        cuda.target(70, (75, 80))


@pytest.mark.skipif(importlib.util.find_spec("cupy") is None, reason="CuPy isn't installed here")
def test_the_stand_in_has_nothing_that_cupy_lacks(standin):
    """By name: what is called here with success is there, too."""
    ours = {name: value for name, value in sys.modules.items() if name.partition(".")[0] == "cupy"}
    for name in ours:
        del sys.modules[name]
    sys.path.remove(next(path for path in sys.path if path.endswith("standin")))
    real, own = importlib.import_module("cupy"), ours["cupy"]
    missing = [name for name in (*own.__all__, *own.ALIKE.split()) if not hasattr(real, name)]
    missing += [f"cuda.{name}" for name in own.cuda.__all__ if not hasattr(real.cuda, name)]
    missing += [f"cuda.runtime.{name}" for name in vars(own.cuda.runtime) if not hasattr(real.cuda.runtime, name)]
    for mine, theirs in (
        (own.ndarray, real.ndarray),
        (own.cuda.Stream, real.cuda.Stream),
        (own.cuda.Event, real.cuda.Event),
        (own.cuda.Graph, real.cuda.Graph),
        (own.cuda.MemoryPool, real.cuda.MemoryPool),
        (own.cuda.Device, real.cuda.Device),
    ):
        public = (name for name in vars(mine) if not name.startswith("_"))
        missing += [f"{mine.__name__}.{name}" for name in public if not hasattr(theirs, name)]
    assert missing == []
