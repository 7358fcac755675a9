"""The matrix product on the GPU: every tile and split, what the simulator proves of the ladder, how one is chosen."""

import numpy as np
import pytest

from kernelwright import kernels
from kernelwright.kernels import cache, cuda, simulator
from kernelwright.kernels.matmul import gpu, order, tune
from kernelwright.kernels.matmul.table import (
    DOTS,
    LARGE,
    MIDDLE,
    PARTS,
    SMALL,
    TILES,
    TINY,
    Choice,
    Shape,
    candidates,
    cycles,
    predicted,
)
from kernelwright.kernels.simulator.resources import resources

from ..catalog import DTYPES
from ..simulator.running import run

H100 = 90
LAYOUTS = {"C": np.ascontiguousarray, "F": np.asfortranarray, "strided": lambda x: np.repeat(x, 2, axis=1)[:, ::2]}
CUDA = pytest.mark.cuda


def operands(m: int, k: int, n: int, dtype=np.float32):
    rng = np.random.default_rng(0)
    return [rng.standard_normal(shape).astype(dtype) for shape in ((m, k), (k, n), (n,), (m, n))]


def traced(rung: str, size: int) -> simulator.Report:
    a, b, _, _ = operands(size, size, size)
    with kernels.using("simulator"), kernels.rung(matmul=rung), simulator.record(races=False) as reports:
        kernels.matmul(a, b)
    return reports[0]


def total(report: simulator.Report, what: str) -> int:
    return sum(getattr(line, what) for line in (*report.lines.values(), *report.places.values()))


def multiplied(device, choice: Choice, layout: str, n: int, after: bool) -> int:
    """Holds a product of 133 × 36 × n, with or without what may follow, against NumPy's; how many kernels that took. A
    team has 36 terms, too, so several have more."""
    a, b, bias, residual = operands(133, 36 * choice.tile.teams, n)
    exact, nothing = a.astype(float) @ b, np.empty(0, np.float32)
    wanted = np.maximum(exact + bias + residual, 0) if after else exact
    following = (bias, residual, 1) if after else (nothing, nothing, 0)
    out = np.empty((1, *residual.shape), np.float32)
    with simulator.record() as reports:
        gpu.run(device, choice, LAYOUTS[layout](a)[None], LAYOUTS[layout](b)[None], *following, out)
    assert all(report.findings == [] for report in reports)
    np.testing.assert_allclose(out[0], wanted, rtol=1e-4, atol=1e-4)
    return len(reports)


@CUDA
@pytest.mark.parametrize("tile", DOTS)
def test_dot_products(tile):
    """Of terms side by side in vectors, of others, of none, and of more than a block takes at once; in one launch, and
    with nothing read that isn't wanted."""
    device, rng = kernels.backend("simulator").device, np.random.default_rng(4)
    for m, k, n, stack in ((1, 1100, 37, 1), (9, 36, 33, 3), (17, 35, 5, 2), (3, 0, 40, 1), (8, 4, 64, 1)):
        for dtype in DTYPES:
            given = (stack, m, k), (stack, n, k), (n,), (stack, m, n)
            a, b, bias, residual = (rng.standard_normal(shape).astype(dtype) for shape in given)
            out = np.full((stack, m, n), np.nan, dtype)
            with simulator.record() as reports:
                gpu.run(device, Choice(tile, 1), a, b.swapaxes(1, 2), bias, residual, 1, out)
            assert [(report.kernel, report.findings) for report in reports] == [("dots", [])]
            wanted = np.maximum(a.astype(float) @ b.swapaxes(1, 2) + bias + residual, 0)
            np.testing.assert_allclose(out, wanted, rtol=1e-4, atol=1e-4)


@CUDA
@pytest.mark.parametrize("parts", [1, 3])
@pytest.mark.parametrize("tile", TILES)
def test_every_tile_and_split(tile, parts):
    """Of which the samples' sizes get but few. 133 × 140: a rim of everything; 36 terms: two steps and a rest."""
    device = kernels.backend("simulator").device
    for layout, n, after in (("C", 140, False), ("F", 139, True), ("strided", 140, True)):
        assert multiplied(device, Choice(tile, parts), layout, n, after) == 1 + (parts > 1)


@CUDA
def test_without_asynchronous_copies():
    """Before sm_80 they are plain ones."""
    device = simulator.Device()
    device.arch = 75
    for layout in LAYOUTS:
        multiplied(device, Choice(MIDDLE, 1), layout, 140, True)


@CUDA
def test_where_no_tile_is_said_it_is_the_middle_one():
    """Other families' kernels that include tile.cuh are launched with its threads."""
    default, middle = (source.compile(80, np.float32, "ptx").read_text() for source in (gpu.SOURCE, gpu.source(MIDDLE)))
    assert default == middle


@CUDA
@pytest.mark.parametrize("tile", DOTS)
def test_nothing_of_dots_is_spilled(tile):
    """One block a multiprocessor will do: it has all that it reads for 1,024 terms on its way."""
    for arch in (75, 80, H100, 120):
        found = resources(gpu.source(tile).compile(arch, np.float32).read_bytes(), "dots", arch)
        assert found.stack <= 56, found


@CUDA
@pytest.mark.parametrize("tile", TILES)
def test_nothing_is_spilled(tile):
    """Local memory holds the 56 bytes of Result, which the functions behind the sums read; registers all else."""
    for arch in (80, H100):
        for dtype in DTYPES:
            found = resources(gpu.source(tile).compile(arch, dtype).read_bytes(), "matmul", arch)
            assert found.stack <= 56, found
        found = resources(gpu.source(tile).compile(arch, np.float32).read_bytes(), "matmul", arch)
        assert found.occupancy(tile.threads * tile.teams, tile.shared).warps >= 16, found


@CUDA
def test_rungs_without_bank_conflicts():
    """From rung 7 on each access to shared memory takes no more passes than its bytes need; before, some do."""
    for rung in ("7_conflicts", "8_warps", "9_async"):
        report = traced(rung, 128)
        assert total(report, "bank_wavefronts") * 128 == total(report, "shared_bytes") > 0, rung
    for rung in ("5_square", "6_vectors"):
        report = traced(rung, 128)
        assert total(report, "bank_wavefronts") * 128 > total(report, "shared_bytes"), rung


@CUDA
def test_rungs_read_less_and_less():
    """Sectors of global memory: of rung 9 those that its tiles hold and no more."""
    sectors = [total(traced(rung, 128), "sectors") for rung in ("1_naive", "2_coalesced", "3_shared", "7_conflicts")]
    assert sectors == sorted(sectors, reverse=True)
    assert total(traced("9_async", 128), "sectors") == 3 * 128 * 128 * 4 // 32


def layer(activation: str, rows: int = 64) -> tuple[simulator.Report, list[simulator.Report]]:
    """A dense layer's launch, and those of its way back but for the two products of it."""
    rng = np.random.default_rng(0)
    x, weight, bias, grad = (
        rng.standard_normal(shape).astype(np.float32) for shape in ((rows, 40), (96, 40), (96,), (rows, 96))
    )
    with kernels.using("simulator"), simulator.record(races=False) as there:
        y = kernels.linear(x, weight, bias, activation)
    with kernels.using("simulator"), simulator.record(races=False) as back:
        kernels.linear_backward(grad, x, weight, bias, activation, y)
    assert [report.kernel for report in back[-2:]] == ["matmul", "matmul"]
    (forward,) = there
    return forward, back[:-2]


@CUDA
@pytest.mark.parametrize("activation", ["relu", "gelu"])
def test_a_dense_layer_is_one_launch(activation):
    """With bias and activation it moves as many bytes as without."""
    forward, _ = layer(activation)
    assert forward.kernel == "dots"
    assert forward.read_bytes == 4 * (64 * 40 + 96 * 40 + 96)
    assert forward.written_bytes == 4 * 64 * 96


@CUDA
def test_the_way_back_through_an_activation_is_one_pass():
    """It reads the gradient and the output once, writes once, and has the bias's gradient by the way."""
    _, (through,) = layer("relu")
    assert through.kernel == "through_output"
    assert through.total.sectors * 32 == 4 * (3 * 64 * 96 + 96)
    assert [report.kernel for report in layer("relu", 65)[1]] == ["through_output", "sum_columns"]


@CUDA
def test_the_way_back_through_gelu_makes_the_product_once_more_and_nothing_of_it_is_stored():
    _, (through, bias) = layer("gelu")
    assert (through.kernel, bias.kernel) == ("dots", "sum_columns")
    assert through.read_bytes == 4 * (64 * 40 + 96 * 40 + 96 + 64 * 96)
    assert through.written_bytes == 4 * 64 * 96


@CUDA
@pytest.mark.parametrize("tile", TILES)
def test_the_parameters_gradients_are_one_launch(tile, monkeypatch):
    """The bias's is made by the weight's product, in every tile; where blocks share its terms, by one more."""
    rng = np.random.default_rng(1)
    for rows in (0, 1, 70 * tile.teams):
        g, x = (rng.standard_normal((rows, n)).astype(np.float32) for n in (137, 45))
        for parts in (1, 2):
            monkeypatch.setattr(gpu, "_choice", lambda *_, parts=parts: Choice(tile, parts))
            weight, bias = np.full((137, 45), np.nan, np.float32), np.full(137, np.nan, np.float32)
            with simulator.record() as reports:
                gpu.parameter_gradients(kernels.backend("simulator").device, g, x, weight, bias)
            more = {report.kernel for report in reports[1:]}
            assert more == ({"add_parts", "sum_columns"} if parts > 1 else set())
            assert all(report.findings == [] for report in reports)
            np.testing.assert_allclose(weight, g.T.astype(float) @ x, rtol=1e-4, atol=1e-4)
            np.testing.assert_allclose(bias, g.sum(0, dtype=float), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("backend", ["reference", "numba", pytest.param("simulator", marks=CUDA)])
@pytest.mark.parametrize("dtype", DTYPES)
def test_the_way_back_through_the_inputs_activation(backend, dtype):
    """What the layer's way back and then the activation's give, in one."""
    rng = np.random.default_rng(3)
    for shape, outputs in (((17, 33), 45), ((0, 33), 45), ((5, 0), 3), ((5, 3), 0), ((2, 3, 7), 130), ((1,), 1)):
        for activation in ("relu", "sigmoid", "tanh"):
            x = getattr(kernels, activation)(rng.standard_normal(shape).astype(dtype))
            inputs = shape[-1]
            given = ((*shape[:-1], outputs), (outputs, inputs), (outputs,))
            grad, weight, bias = (rng.standard_normal(shape).astype(dtype) for shape in given)
            with kernels.using("reference"):
                wanted = list(kernels.linear_backward(*(v.astype(np.float64) for v in (grad, x, weight, bias))))
                wanted[0] = getattr(kernels, f"{activation}_backward")(wanted[0], x.astype(np.float64))
            out = [np.full(like.shape, np.nan, dtype) for like in (x, weight, bias)]
            with kernels.using(backend):
                options = {"input_activation": activation, "out": tuple(out)}
                found = kernels.linear_backward(grad, x, weight, bias, **options)
            tolerance = 1e-4 if dtype == np.float32 else 1e-12
            for one, other, filled in zip(found, wanted, out):
                np.testing.assert_allclose(one, other, rtol=tolerance, atol=tolerance)
                assert one is filled


@CUDA
@pytest.mark.parametrize("activation", ["relu", "sigmoid", "tanh"])
def test_a_dense_layers_way_back_is_two_launches(activation):
    """Through the activation before it, too, with the bias's gradient by the way: no product is read again."""
    rng = np.random.default_rng(2)
    x = getattr(kernels, activation)(rng.standard_normal((64, 40)).astype(np.float32))
    weight, bias, grad = (rng.standard_normal(shape).astype(np.float32) for shape in ((96, 40), (96,), (64, 96)))
    with kernels.using("simulator"), simulator.record(races=False) as reports:
        kernels.linear_backward(grad, x, weight, bias, input_activation=activation)
    assert [report.kernel for report in reports] == ["matmul", "matmul"]
    assert reports[0].read_bytes == 4 * (64 * 96 + 96 * 40 + 64 * 40)


@CUDA
def test_every_tile_has_a_block():
    """Each once, in any grid; and order.py says the same as order.cuh."""
    shapes = [(1, 1), (1, 37), (37, 1), (15, 3), (16, 3), (17, 3), (31, 2), (48, 5), (53, 7), (3, 61)]
    body = """
    if (t >= b[0] * b[1]) return;
    TilePlace tile = tile_of_block(t, b[0], b[1]);
    a[2 * t] = tile.row, a[2 * t + 1] = tile.column;"""
    header = (cuda.KERNELS / "matmul" / "order.cuh").read_text()
    for down, across in shapes:
        found = np.full((down * across, 2), -1, np.int32)
        report = run(body, found.reshape(-1), np.array([down, across], np.int32), block=1024, prelude=header)
        assert report.findings == []
        assert sorted(map(tuple, found)) == [(i, j) for i in range(down) for j in range(across)]
        assert [order.tile_of_block(block, down, across) for block in range(down * across)] == list(map(tuple, found))


def test_the_order_of_blocks_spares_dram():
    """On an H100, with as many blocks of the large tile on a multiprocessor as the kernels have: beside row by row, and
    beside what other groups would give."""
    for resident, size, share in ((2, 4096, 0.92), (2, 8192, 0.52), (1, 4096, 0.75), (1, 8192, 0.4)):
        at_once = 132 * resident
        read = {g: order.read_from_dram(LARGE, size, size, size, 4, at_once, g) for g in (1, 4, 8, 16, 32)}
        assert read[order.GROUP] == min(read.values())
        assert read[order.GROUP] < share * read[1]


def test_the_model():
    """It gives a large product large tiles, a small one small ones, and shares many terms out where blocks are few."""
    assert predicted(H100, Shape(1, 4096, 4096, 4096, 4, True)) == Choice(LARGE, 1)
    assert predicted(H100, Shape(64, 64, 16, 64, 4)) == Choice(SMALL, 1)
    assert predicted(H100, Shape(1, 64, 784, 256, 4)) == Choice(TINY, 1)
    assert predicted(H100, Shape(1, 64, 784, 256, 4, along=True)).tile.is_of_dots
    assert predicted(H100, Shape(1, 1, 4096, 4096, 4, along=True)) == Choice(DOTS[0], 1)
    assert predicted(H100, Shape(1, 64, 65536, 64, 4)).parts > 1
    assert predicted(H100, Shape(4096, 64, 64, 64, 4)).parts == 1
    for shape in ((1, 1, 1, 1, 4), (1, 512, 512, 512, 4), (3, 7, 100_000, 5, 8), (1, 300, 0, 300, 4)):
        for along in (False, True):
            every = list(candidates(Shape(*shape, along)))
            assert predicted(H100, Shape(*shape, along)) in every
            assert all(choice.parts in PARTS and cycles(H100, choice, Shape(*shape, along)) >= 0 for choice in every)


class Timed:
    """A GPU whose times are planted: what it is asked to run tells it which choice that was."""

    arch = H100
    card = "a card for tests"

    def __init__(self, fastest: Choice):
        self.fastest, self.timed, self.busy = fastest, [], False
        self.seen: Choice | None = None

    def empty(self, shape, dtype):
        return np.empty(shape, dtype)

    def launch(self, source, name, dtype, grid, block, args, shared=0):
        if name == "matmul":
            tile = next(tile for tile in TILES if gpu.source(tile) == source)
            self.seen = Choice(tile, grid[2])

    def capturing(self):
        return self.busy

    def milliseconds(self, run):
        run()
        self.timed.append(self.seen)
        return 1.0 if self.seen == self.fastest else 2.0

    def multiply(self, size: int = 512) -> Choice | None:
        a, b, _, _ = operands(size, size, size)
        nothing = np.empty(0, np.float32)
        gpu.matmul(self, a[None], b[None], nothing, nothing, 0, np.empty((1, size, size), np.float32))
        return self.seen


@pytest.fixture
def untuned(monkeypatch, tmp_path):
    """Nothing is known yet, neither to this process nor on disk."""
    monkeypatch.setattr(tune, "_found", {})
    monkeypatch.setattr(cache, "directory", lambda: tmp_path)
    monkeypatch.setattr(cache, "writable", lambda: True)
    monkeypatch.delenv("KERNELWRIGHT_AUTOTUNE", raising=False)
    return tmp_path


def test_the_fastest_is_chosen_and_kept(untuned, monkeypatch):
    first = Timed(Choice(MIDDLE, 2))
    assert first.multiply() == first.fastest
    assert 1 < len(first.timed) == len(set(first.timed)) <= tune.TRIED
    assert predicted(H100, Shape(1, 512, 512, 512, 4)) in first.timed
    first.timed.clear()
    assert first.multiply(400) == first.fastest  # of the same class, and known
    assert first.timed == []

    monkeypatch.setattr(tune, "_found", {})  # another process
    second = Timed(Choice(SMALL, 1))
    assert second.multiply() == first.fastest
    assert second.timed == []

    other = Timed(Choice(SMALL, 1))
    other.card = "another card"
    other.multiply()
    assert other.timed


def test_what_does_not_fit_into_memory_is_not_chosen(untuned):
    """The sums of 32 parts of a large product, say."""
    device = Timed(Choice(SMALL, 1))

    def empty(shape, dtype):
        if len(shape) == 4:
            raise MemoryError
        return np.empty(shape, dtype)

    device.empty = empty
    chosen = device.multiply()
    assert chosen.parts == 1
    assert len(device.timed) < tune.TRIED


def test_a_spoilt_file_is_measured_anew(untuned, monkeypatch):
    Timed(Choice(MIDDLE, 2)).multiply()
    (file,) = untuned.iterdir()
    for content in (b"", b"{}", b'{"choice": [[1], 2]}', b"[1]"):
        file.write_bytes(content)
        monkeypatch.setattr(tune, "_found", {})
        device = Timed(Choice(MIDDLE, 2))
        assert device.multiply() == device.fastest
        assert device.timed


def test_without_timing_the_model_chooses(untuned, monkeypatch):
    model = predicted(H100, Shape(1, 512, 512, 512, 4))
    device = Timed(next(choice for choice in candidates(Shape(1, 512, 512, 512, 4)) if choice != model))
    device.busy = True  # a graph is captured
    assert device.multiply() == model
    device.busy = False
    monkeypatch.setenv("KERNELWRIGHT_AUTOTUNE", "0")
    assert device.multiply() == model
    assert device.timed == [] == list(untuned.iterdir())


def test_the_simulator_times_nothing():
    assert not hasattr(kernels.backend("simulator").device, "milliseconds")


def test_what_was_measured_comes_first(untuned, monkeypatch):
    key = H100, tune.shape_class(Shape(1, 512, 512, 512, 4))
    monkeypatch.setitem(tune.MEASURED, key, Choice(SMALL, 4))
    device = Timed(Choice(MIDDLE, 2))
    assert device.multiply() == Choice(SMALL, 4)
    assert device.timed == []
