"""How rows are shared out on the GPU: each number is read once and written once, by whole sectors, from registers."""

import numpy as np
import pytest

from kernelwright import kernels
from kernelwright.kernels import cuda, simulator, teams
from kernelwright.kernels.normalization import gpu as normalization
from kernelwright.kernels.simulator.resources import resources
from kernelwright.kernels.teams import Plan, plan

from ..catalog import DTYPES, as_tuple, running

pytestmark = pytest.mark.cuda


def array(*shape, dtype=np.float32):
    return np.random.default_rng(0).standard_normal(shape).astype(dtype)


def sectors(call) -> int:
    """Sectors of global memory that a call of the library reads or writes, on the simulator."""
    with kernels.using("simulator"), simulator.record(races=False) as reports:
        call()
    assert all(report.findings == [] for report in reports)
    return sum(report.total.sectors for report in reports)


# Rows for a few threads, a warp, a block; and columns.
@pytest.mark.parametrize("shape", [(64, 32), (8, 1024), (2, 8192), (3, 8, 256)])
def test_softmax_moves_each_number_once(shape):
    x = array(*shape)
    axis, ideal = len(shape) - 1 if len(shape) == 2 else 1, x.nbytes // 32
    assert sectors(lambda: kernels.softmax(x, axis)) == 2 * ideal
    assert sectors(lambda: kernels.sparsemax(x, axis)) == 2 * ideal
    assert sectors(lambda: kernels.softmax_backward(x, x, axis)) == 3 * ideal


@pytest.mark.parametrize("shape", [(64, 64), (8, 1024), (2, 8192)])
def test_norms_move_each_number_once(shape):
    x, n = array(*shape), shape[1]
    ideal = x.nbytes // 32
    assert sectors(lambda: kernels.layer_norm(x, n)) == 2 * ideal
    assert sectors(lambda: kernels.rms_norm(x, n)) == 2 * ideal
    _, statistics = kernels.backend("numba").layer_norm_with_statistics(x, n)
    given = {"statistics": statistics}
    moved = sectors(lambda: kernels.layer_norm_backward(x, x, n, **given))
    assert 3 * ideal <= moved <= 3.3 * ideal  # each warp reads what is known of its row
    assert sectors(lambda: kernels.rms_norm_backward(x, x, n)) == 3 * ideal


@pytest.mark.parametrize("classes", [32, 1024, 8192])
def test_cross_entropy_moves_each_number_once(classes):
    x, target = array(16, classes), np.arange(16) % classes
    moved = sectors(lambda: kernels.cross_entropy_with_gradient(x, target, reduction="sum"))
    ideal = 2 * x.nbytes // 32
    assert ideal <= moved <= 1.03 * ideal + 3 * len(x)  # each label, its logit and its loss


@pytest.mark.parametrize(("shape", "axis"), [((64, 1024), 1), ((16, 4096), 1), ((1024, 128), 0), ((1, 1 << 16), 1)])
def test_sums_read_each_number_once(shape, axis):
    x = array(*shape)
    ideal = x.nbytes // 32
    assert ideal <= sectors(lambda: kernels.sum(x, axis)) <= 1.05 * ideal  # and the sums of blocks


# Of arrays (2, n): the function, what it is given beside them, how often as many sectors as an array has it moves.
LONG = {
    "softmax": ((), 3),
    "log_softmax": ((), 3),
    "softmax_backward": ((0,), 5),
    "log_softmax_backward": ((0,), 4),
    "cross_entropy": (("labels",), 1),
    "cross_entropy_with_gradient": (("labels",), 3),
    "layer_norm": (("n",), 3),
    "layer_norm_backward": ((0, "n"), 6),  # x once more, for how its rows were normalised
    "rms_norm": (("n",), 3),
    "rms_norm_backward": ((0, "n"), 5),
}


def of_long_rows(name: str, n: int):
    """A call of it, on the backend in use; numbers of a row differ in size, and larger ones come late."""
    x, labels = array(2, n), np.array([1, n - 1])
    x[0, : n // 2] -= 100
    given = {"labels": labels, "n": n, 0: array(2, n)[::-1].copy()}
    arguments = [given[key] for key in LONG[name][0]]
    if name.endswith("backward"):  # the gradient comes first, then x, or a softmax of it
        y = x if "norm" in name else getattr(kernels.backend("reference"), name.removesuffix("_backward"))(x)
        arguments.insert(1, y)
    else:
        arguments.insert(0, x)
    options = {"label_smoothing": 0.1} if "entropy" in name else {}

    def call(dtype=np.float32):
        with np.errstate(over="ignore"):
            return getattr(kernels, name)(*[cast(argument, dtype) for argument in arguments], **options)

    return call, x.nbytes // 32


@pytest.mark.parametrize("name", ["softmax", "log_softmax", "sparsemax"])
def test_few_long_columns_are_turned_into_rows(name):
    """And the result into columns; shorter columns stay as they are."""
    x, grad = array(2, 400, 3), array(2, 400, 3)[::-1].copy()
    with kernels.using("numba"):
        y = getattr(kernels, name)(x, 1)
        wanted = getattr(kernels, f"{name}_backward")(grad, y, 1)
    with kernels.using("simulator"), simulator.record() as reports:
        np.testing.assert_allclose(getattr(kernels, name)(x, 1), y, rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(getattr(kernels, f"{name}_backward")(grad, y, 1), wanted, rtol=1e-4, atol=1e-6)
        getattr(kernels, name)(x[:, :100], 1)
    forward, back = ["transpose", name, "transpose"], ["transpose", "transpose", f"{name}_backward", "transpose"]
    assert [report.kernel for report in reports] == [*forward, *back, name]
    assert all(report.findings == [] for report in reports)


def cast(argument, dtype):
    return argument.astype(dtype) if isinstance(argument, np.ndarray) and argument.dtype.kind == "f" else argument


@pytest.mark.parametrize("name", LONG)
def test_few_long_rows_are_split_and_read_twice(name):
    call, ideal = of_long_rows(name, 33000)
    times = LONG[name][1]
    assert times * ideal <= sectors(call) <= 1.05 * times * ideal  # and, by each warp, what blocks found


@pytest.mark.parametrize("name", LONG)
@pytest.mark.parametrize(("n", "long", "parts"), [(33000, 1 << 40, 1), (9000, 1, 2)], ids=["of rows", "of parts"])
def test_long_rows_in_pieces(name, n, long, parts, monkeypatch):
    """As one block goes through them where there are many, and through parts where one row is very long."""
    monkeypatch.setattr(teams, "LONG", long)
    monkeypatch.setattr(teams, "PARTS", parts)
    call, _ = of_long_rows(name, n)
    with running("simulator", "reverse"):
        found = as_tuple(call())
    with kernels.using("reference"):
        wanted = as_tuple(call(np.float64))
    for x, y in zip(found, wanted):
        if y is not None:
            np.testing.assert_allclose(x, y, rtol=2e-5, atol=2e-5)


@pytest.mark.parametrize(("n", "long"), [(33000, 1 << 40), (9000, 1)], ids=["in pieces", "split"])
def test_extremes_in_long_rows(n, long, monkeypatch):
    monkeypatch.setattr(teams, "LONG", long)
    x = array(6, n)
    x[0, :5000], x[1, 7], x[2], x[3, 8000] = -np.inf, np.nan, -np.inf, np.inf
    x[4] *= 1e4
    x[5] += 1e4
    labels, options = np.array([6000, 1, 2, 3, 4, 0]), {"reduction": "none"}
    target = np.abs(array(6, n)) / n
    target[0, :5000] = 0
    for call in (
        lambda x, t: (kernels.softmax(x), kernels.log_softmax(x)),
        lambda x, t: (kernels.layer_norm(x, n), kernels.rms_norm(x, n)),
        lambda x, t: kernels.cross_entropy_with_gradient(x, labels, **options),
        lambda x, t: kernels.cross_entropy_with_gradient(x[1:], labels[1:], label_smoothing=0.1, **options),
        lambda x, t: kernels.cross_entropy_with_gradient(x, t, **options),
    ):
        with running("simulator", "reverse"), np.errstate(all="ignore"):
            found = call(x, target)
        with kernels.using("reference"), np.errstate(all="ignore"):
            wanted = call(x.astype(np.float64), target.astype(np.float64))
        for a, b in zip(found, wanted, strict=True):
            np.testing.assert_allclose(a, b, rtol=5e-5, atol=2e-5)


@pytest.mark.parametrize("blocks", [3, 6])
def test_a_block_takes_its_part_of_several_rows(blocks, monkeypatch):
    """In the way back of norms, where it adds up what they give to weight and bias; of three parts here."""
    monkeypatch.setattr(normalization, "BLOCKS", blocks)
    x, grad, weight = array(8, 8200), array(8, 8200)[::-1].copy(), array(8200)
    for call in (
        lambda: kernels.layer_norm_backward(grad, x, 8200, weight, weight),
        lambda: kernels.rms_norm_backward(grad, x, 8200, weight),
    ):
        with running("simulator", "shuffled"):
            found = call()
        with kernels.using("numba"):
            wanted = call()
        for a, b in zip(found, wanted, strict=True):
            np.testing.assert_allclose(a, b, rtol=2e-5, atol=2e-5)


@pytest.mark.parametrize("dtype", DTYPES)
def test_plans_hold_rows(dtype):
    for held in (1, 2, 4):
        for n in (1, 8, 31, 32, 33, 256, 1000, 1025, 4096, 8192, 16384, 32768, 40000):
            chosen = plan(n, 1, (array(1, dtype=dtype),), held)
            assert chosen.whole == (n <= chosen.threads * chosen.each) or n > 8192 // held
            assert chosen.threads * chosen.each >= n or not chosen.whole


def test_only_few_long_rows_are_split():
    held, loose = True, False  # in registers, or not
    assert teams.is_split(4, 1 << 22, loose)
    assert teams.is_split(65, 1 << 17, held)
    assert not teams.is_split(66, 1 << 17, held)
    assert teams.is_split(263, 1 << 18, loose)
    assert not teams.is_split(264, 1 << 18, loose)
    assert not teams.is_split(4, 1 << 15, held)


def test_every_part_has_some_of_the_row():
    for n in (4097, 33000, 1 << 20, 10**9):
        parts, chosen = teams.split(n, (array(4),), 1, 256, 1024)
        pieces = -(-n // 4096)
        assert parts <= 1024
        assert (parts - 1) * -(-pieces // parts) < pieces
        assert chosen.whole == (pieces <= 1024)


def test_packs_only_where_all_rows_begin_at_16_bytes():
    x = array(1025)
    assert plan(1024, 1, (x[:1024],)).wide == 4
    assert plan(1024, 1, (x[1:],)).wide == 1
    assert plan(1023, 1, (x[:1023],)).wide == 1
    assert plan(1024, 7, (x[:1024],)).wide == 1


@pytest.mark.parametrize(
    ("family", "file", "threads", "each", "name"),
    [
        ("softmax", "gpu.cu", 1024, 32, "softmax"),
        ("softmax", "gpu.cu", 1024, 16, "softmax_backward"),
        ("normalization", "gpu.cu", 512, 32, "layer_norm"),
        ("normalization", "backward.cu", 1024, 8, "layer_norm_backward"),
        ("losses/classification", "gpu.cu", 512, 16, "cross_entropy_indices"),
    ],
)
def test_registers_suffice(family, file, threads, each, name):
    """The largest plans on an H100: nothing is spilled, and 1024 threads find room on a multiprocessor."""
    source = Plan(threads, each, 4, True, False).source(str(cuda.KERNELS / family / "gpu.py"), file)
    found = resources(source.compile(90, np.float32).read_bytes(), name, 90)
    assert found.stack == 0
    assert found.occupancy(threads).warps >= 32
