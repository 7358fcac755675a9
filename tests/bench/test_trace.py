"""The command `kernelwright trace`."""

import numpy as np
import pytest

from kernelwright.bench import command, trace
from kernelwright.kernels.operation import CATALOG

pytestmark = pytest.mark.cuda

SCALE = """
template <int N> __global__ void scale(float* x, float by, int n) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n GUARD) x[i] *= by * N;
}
"""


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "scale.cu"
    path.write_text(SCALE)
    return str(path)


def test_a_file(source, capsys):
    options = [
        "scale<2>",
        "--grid",
        "4",
        "--block",
        "32",
        "--arg",
        "float32:100:ones",
        "--arg",
        "0.5",
        "--arg",
        "int32=100",
    ]
    assert command.main(["trace", source, *options, "-D", "GUARD="]) == 0
    out = capsys.readouterr().out
    assert "scale<2>  grid 4×1×1, block 32×1×1, sm_80" in out
    assert "no races, no violations" in out


def test_a_mistake_is_the_exit_code(source, capsys, tmp_path):
    page = tmp_path / "report.html"
    options = ["scale<1>", "--grid", "4", "--arg", "float32:100", "--arg", "1.5", "--arg", "100", "-D", "GUARD=+ 1"]
    assert command.main(["trace", source, *options, "--html", str(page)]) == 1
    assert "outside of any array" in capsys.readouterr().out
    assert "outside of any array" in page.read_text()


@pytest.mark.parametrize("backward", [False, True])
@pytest.mark.parametrize("operation", CATALOG.values(), ids=lambda operation: operation.name)
def test_every_operation(operation, backward, capsys):
    if backward and not (operation.backward or operation.with_gradient):
        return
    sizes = next(iter(operation.workloads.values()))
    shape = ",".join(str(min(size, 20 + k)) for k, size in enumerate(sizes))
    assert command.main(["trace", operation.name, "--shape", shape, *["--backward"] * backward]) == 0
    out = capsys.readouterr().out
    assert "no races, no violations" in out
    assert "warp instructions" in out


def test_a_rung(capsys):
    assert command.main(["trace", "matmul", "--rung", "1_naive", "--shape", "17x5x3", "--no-races"]) == 0
    out = capsys.readouterr().out
    assert "gpu_1_naive.cu" in out
    assert "the operation's least: 604 bytes, 510 flops" in out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["matmul"], "--shape is missing: matmul takes 3 sizes, such as --shape 64,64,64"),
        (["matmul", "--shape", "3,3"], "matmul: 2 sizes are given, but it takes 3: m, k, n"),
        (["matmul", "--shape", "3,-3,3"], "the sizes are (3, -3, 3): they must be at least 0"),
        (["matmul", "--shape", "3,3,3", "--rung", "9"], "matmul has no rung '9'"),
        (["sgd_update", "--shape", "9", "--backward"], "sgd_update has no gradient"),
        (["no.cu"], "no.cu needs the name of a kernel; operations of the library are relu,"),
        (["no.cu", "f"], "source is 'no.cu': there is no such file"),
        (["FILE", "nothing"], "it has: scale"),
        (["FILE", "scale<1>", "--arg", "float99:3"], "--arg float99:3: data type 'float99' not understood; write 64,"),
        (["FILE", "scale<1>", "--arg", "float32:3:sevens"], "there is no content 'sevens': it must be one of random,"),
        (["FILE", "scale<1>", "--arg", "float32:a"], "it must be whole numbers with commas"),
        (["FILE", "scale<1>", "--arg", "word"], "--arg word: invalid literal"),
        (["FILE", "scale<1>", "--grid", "a"], "'a': it must be whole numbers with commas, such as 64,64"),
        (["FILE", "scale<1>", "-D", "GUARD=", "--arg", "1"], "takes 3 arguments, not 1"),
    ],
)
def test_mistakes_are_one_line(options, message, source, capsys):
    try:
        code = command.main(["trace", *(source if option == "FILE" else option for option in options)])
    except SystemExit as ended:
        code = ended.code
    said = capsys.readouterr().err
    assert code == 2
    assert message in said
    assert said.count("\n") == 1


def test_help(capsys):
    with pytest.raises(SystemExit):
        command.main(["trace", "--help"])
    assert "kernelwright trace scan.cu scan" in capsys.readouterr().out


def test_nothing_to_do(capsys):
    assert command.main(["trace", "matmul", "--shape", "0,3,3"]) == 0
    assert capsys.readouterr().out == "matmul: nothing is launched for these sizes\n"


def test_arguments(tmp_path):
    np.save(tmp_path / "x.npy", np.arange(3.0))
    assert trace.argument("7") == 7
    assert trace.argument("-0x10") == -16
    assert trace.argument("1e-3") == 0.001
    assert trace.argument("uint8=200").dtype == np.uint8
    assert trace.argument("int64:2,3:arange").tolist() == [[0, 1, 2], [3, 4, 5]]
    assert trace.argument("float64:2:zeros").dtype == np.float64
    assert trace.argument(str(tmp_path / "x.npy")).tolist() == [0, 1, 2]
    assert (trace.argument("float32:9") == trace.argument("float32:9:random")).all()
