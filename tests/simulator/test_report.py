"""What a report says: figures, listing, notebook, occupancy; and the checker for students."""

import numpy as np
import pytest

from kernelwright import kernels
from kernelwright.kernels import simulator
from kernelwright.kernels.simulator.resources import Resources

from .running import floats, run, zeros

pytestmark = pytest.mark.cuda

ADD = """
extern "C" __global__ void add(const float* a, const float* b, float* out, int n) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n)
        out[i] = a[i] + b[i];
}
"""


def add(n=1000, text=ADD, **options):
    a, b, out = floats(n), floats(n), simulator.empty(n)
    return simulator.run(text, "add", -(-n // 256), 256, [a, b, out, n], **options)


def test_figures():
    report = add()
    assert report.kernel == "add"
    assert (report.grid, report.block, report.arch) == ((4, 1, 1), (256, 1, 1), 80)
    assert report.lines[5].requests == 3 * 32
    assert report.lines[5].global_bytes == 3 * 4000
    assert report.lines[5].arithmetic["fp32"] == 1000
    assert report.global_efficiency == report.shared_efficiency == 1
    assert (report.read_bytes, report.written_bytes) == (8000, 4000)
    assert report.instructions > report.lines[5].executions
    assert report.resources.registers > 4
    assert report.seconds > 0


def test_a_listing():
    text = str(add())
    assert "add  grid 4×1×1, block 256×1×1, sm_80" in text
    assert "registers a thread, 0 bytes of shared memory a block" in text
    assert "global memory: 96 requests of 375 sectors, 100% of them needed" in text
    assert "no races, no violations" in text
    (line,) = (line for line in text.splitlines() if "out[i] = a[i] + b[i];" in line)
    assert line.split()[:2][0] == "5"
    assert "375 / 375" in line


def test_a_listing_with_findings():
    report = add(text=ADD.replace("i < n", "i <= n"), strict=False)
    text = str(report)
    assert "out of bounds" in text
    assert "^ " in text
    assert report.violations[0].sentence in text
    assert report.violations[0].sentence in report._repr_html_()


def test_a_notebook_gets_a_table():
    html = add()._repr_html_()
    assert html.count("<tr>") == html.count("</tr>") > 3
    assert "i &lt; n" in html
    assert "375 / 375" in html


def test_without_tracing_there_are_no_figures():
    report = add(trace=False)
    assert report.lines == {}
    assert "no races, no violations" in str(report)
    assert report._repr_html_()


def test_header_lines_are_listed_apart():
    report = run("a[t] = erfcinvf(0.5f + a[t]) * lgammaf(2.5f + t);", zeros(32, np.float32))
    assert sum(line.executions for line in report.lines.values()) > 0
    assert str(report)


def test_the_resources_of_a_kernel():
    report = run(
        "__shared__ double s[100]; s[t] = t; __syncthreads(); a[t] = s[t + 1];", zeros(32, np.float64), arch=80
    )
    assert report.resources.shared == 800
    for arch in (75, 80, 86, 90, 100, 120):
        found = run(
            "__shared__ double s[100]; s[t] = a[t]; a[t] = s[t];", floats(32).astype(float), arch=arch
        ).resources
        assert found.shared in (0, 800)  # a compiler may see through it
        assert 0 < found.registers < 64


@pytest.mark.parametrize(
    ("registers", "shared", "threads", "arch", "blocks", "limit"),
    [
        (32, 0, 256, 80, 8, "threads"),
        (33, 0, 256, 80, 6, "registers"),
        (16, 48 * 1024, 128, 80, 3, "shared memory"),
        (16, 0, 32, 80, 32, "blocks"),
        (255, 0, 256, 80, 1, "registers"),
        (32, 0, 256, 75, 4, "threads"),
        (40, 8192, 192, 86, 8, "threads"),
        (32, 0, 1024, 90, 2, "threads"),
        (64, 0, 1024, 90, 1, "registers"),
    ],
)
def test_occupancy(registers, shared, threads, arch, blocks, limit):
    """As NVIDIA's occupancy calculator has it."""
    found = Resources(arch, registers, 0, shared).occupancy(threads)
    assert (found.blocks, found.limit) == (blocks, limit)
    assert found.warps == blocks * threads // 32


# The checker.


def launch(text):
    def kernel(a, b, out):
        return simulator.run(text, "add", -(-out.size // 256), 256, [a, b, out, out.size])

    return kernel


SHAPES = [[(n,), (n,)] for n in (1, 255, 256, 257)]


def test_a_right_kernel():
    verdict = simulator.check(launch(ADD), np.add, SHAPES)
    assert verdict
    assert "right in 12 launches" in str(verdict)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("i < n", "i <= n", "outside of any array"),
        ("i < n", "i < n - 1", "out"),
        ("a[i] + b[i]", "a[i] - b[i]", "it must be"),
        ("out[i]", "out[i & ~1]", "different values"),
        ("blockIdx.x * blockDim.x + threadIdx.x", "threadIdx.x", ""),
    ],
)
def test_wrong_kernels(old, new, says):
    verdict = simulator.check(launch(ADD.replace(old, new)), np.add, SHAPES)
    assert not verdict
    assert says in verdict.sentence
    assert "with inputs of shape" in verdict.sentence


def test_what_the_checker_wants():
    with pytest.raises(TypeError, match="must return the report"):
        simulator.check(lambda a, out: None, np.negative, [[(3,)]])
    assert not simulator.check(launch(ADD), np.add, [])


# The library's own launches.


def test_recording_the_library():
    x = floats(6000).reshape(3, 2000)  # more than a warp holds: warps meet in shared memory
    with kernels.using("simulator"), simulator.record() as reports:
        kernels.softmax(x)
        kernels.relu(x)
    assert [report.kernel for report in reports] == ["softmax", "relu_forward"]
    assert all(report.findings == [] for report in reports)
    assert reports[0].resources.shared > 0
    assert "FOR_EACH_ROW_OF_A_TEAM" in str(reports[0])


def test_mistakes_of_the_library_are_errors():
    from kernelwright.kernels.activations import gpu

    device, arguments = kernels.backend("simulator").device, (floats(4), floats(4), np.int64(9))
    with pytest.raises(simulator.KernelError, match="outside of any array"):
        device.launch(gpu.SOURCE, "relu_forward", np.float32, 1, 32, arguments)


def test_the_backend_is_listed():
    assert kernels.backends()["simulator"] is None
