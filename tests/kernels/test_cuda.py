"""The CUDA C sources without a GPU: each compiles for every architecture, and its launch code fits it."""

import re

import numpy as np
import pytest

from kernelwright import kernels
from kernelwright.kernels import cache, cuda
from kernelwright.kernels.backend import CuPy
from kernelwright.kernels.operation import of_ladder
from kernelwright.kernels.simulator.resources import multiprocessor

from ..catalog import DTYPES, OPERATIONS, as_tuple, by_name, samples

pytestmark = pytest.mark.cuda

ARCHITECTURES = (75, 80, 90, 120)
FILES = sorted(cuda.KERNELS.rglob("*.cu"))
# What PTX calls the type of a parameter that launch code passes.
PTX_TYPES = {"int64": "u64", "int32": "u32", "float32": "f32", "float64": "f64"}


@pytest.mark.parametrize("arch", ARCHITECTURES)
@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_compiles(path, arch):
    """In float64 for the oldest alone: what the others have in its stead the simulator runs, as PTX."""
    for dtype in DTYPES if arch == ARCHITECTURES[0] else DTYPES[:1]:
        assert cuda.Source(str(path), path.name).compile(arch, dtype).read_bytes()[:4] == b"\x7fELF"


def test_there_are_sources():
    folders = {operation.folder.replace(".", "/") for operation in OPERATIONS}
    assert {str(path.parent.relative_to(cuda.KERNELS)) for path in FILES if path.name == "gpu.cu"} == folders


def test_an_error_names_the_line(tmp_path):
    path = tmp_path / "wrong.cu"
    path.write_text('extern "C" __global__ void f(real* x) {\n    x[0] = y;\n}\n')
    with pytest.raises(ValueError, match=r"wrong.cu\(2\)"):
        cuda.Source(str(path), path.name).compile(80, np.float32)


def test_nowhere_to_keep_it(monkeypatch):
    monkeypatch.setattr(cache, "directory", lambda: None)
    monkeypatch.setattr(cache, "writable", lambda: False)  # which would keep this answer for the tests that follow
    source = cuda.Source(str(cuda.KERNELS / "updates" / "gpu.py"))
    assert source.compile(80, np.float32).read_bytes()[:4] == b"\x7fELF"


def test_a_second_time_it_is_found(monkeypatch):
    source = cuda.Source(str(cuda.KERNELS / "updates" / "gpu.py"))
    path = source.compile(80, np.float32)
    monkeypatch.setattr(cache, "write", lambda *_: pytest.fail("compiled again"))
    assert source.compile(80, np.float32) == path


def test_a_copy_elsewhere_names_its_own_lines(tmp_path):
    lines = []
    for name in ("one", "two"):
        path = tmp_path / name / "gpu.cu"
        path.parent.mkdir()
        path.write_bytes((cuda.KERNELS / "softmax" / "gpu.cu").read_bytes())
        ptx = cuda.Source(str(path)).compile(80, np.float32, "ptx").read_text()
        assert f'"{path}"' in ptx
        assert f'"{cuda.KERNELS / "teams.cuh"}"' in ptx
        lines.append(ptx.replace(str(path), ""))
    assert lines[0] == lines[1]


class Recorder:
    """A device that runs nothing but holds every launch against the compiled kernel's own parameters."""

    arch = 80

    def __init__(self):
        self.launches = []
        self.parameters = {}

    def empty(self, shape, dtype):
        return np.zeros(shape, dtype)

    def launch(self, source, name, dtype, grid, block, args, shared=0):
        assert shared <= multiprocessor(self.arch).shared_block, (name, shared)
        grid, block = (size if isinstance(size, tuple) else (size,) for size in (grid, block))
        assert all(0 < size < limit for size, limit in zip(grid, (2**31, 65536, 65536))), (name, grid)
        wanted, bound = self.declared(source, name, dtype)
        # So many threads have registers for whatever a kernel takes, 255 at most; of more the compiler must be told.
        assert 0 < np.prod(block) <= (bound or 256), (name, block)
        passed = ["u64" if arg is None or isinstance(arg, np.ndarray) else PTX_TYPES[arg.dtype.name] for arg in args]
        assert passed == wanted, f"{source.path.parent.name}/{source.path.name}: {name}"
        for arg in args:
            assert not isinstance(arg, np.ndarray) or arg.dtype in (dtype, np.int64), (name, arg.dtype)
        self.launches.append(name)

    def declared(self, source, name, dtype):
        """The kernel's parameters as PTX declares them, a pointer being a u64, and its __launch_bounds__, or 0."""
        key = (source, name, dtype)
        if key not in self.parameters:
            ptx = source.compile(80, dtype, "ptx").read_text()
            entry = re.search(rf"\.entry {name}\((.*?)\)(.*?){{", ptx, re.DOTALL)
            assert entry, f"{source.path} has no kernel {name}"
            bound = re.search(r"\.maxntid (\d+)", entry[2])
            self.parameters[key] = re.findall(r"\.param \.(\w+)", entry[1]), int(bound[1]) if bound else 0
        return self.parameters[key]


class Recording(CuPy):
    """The cupy backend with NumPy's arrays and a recorder for a GPU."""

    array_type = np.ndarray

    def __init__(self):
        super().__init__()
        self.device = Recorder()

    def from_numpy(self, array):
        return array

    def to_numpy(self, array):
        return array

    def may_share_memory(self, a, b):
        return np.may_share_memory(a, b)


@pytest.fixture
def recorder():
    with kernels.using(Recording()) as backend:
        yield backend.device


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("operation", OPERATIONS, ids=by_name)
def test_launches_fit_the_kernels(operation, dtype, recorder):
    for sample in samples(operation, dtype):
        outputs = as_tuple(operation.function(*sample.args, **sample.options))
        if operation.with_gradient:
            operation.gradient(*sample.args, **sample.options)
        if operation.backward:
            grad = np.ones(outputs[0].shape, dtype)
            operation.backward(**operation.backward_arguments(sample, outputs, grad))
    assert recorder.launches


def test_rungs_fit_too(recorder):
    for folder in sorted({operation.folder for operation in OPERATIONS}):
        for rung in kernels.current().rungs(folder):
            operation = of_ladder(folder)
            with kernels.rung(**{operation.name: rung}):
                for sample in samples(operation, np.float32):
                    operation.function(*sample.args, **sample.options)
    assert recorder.launches


def test_many_rows_fit_a_grid(recorder):
    """Of 65,535 blocks at most but along x."""
    x = np.zeros(((1 << 20) + 1, 1), np.float32)
    with kernels.rung(squared_distances="1_naive"):
        kernels.squared_distances(x, x[:1])
    assert recorder.launches == ["distance"]
