"""Kernels of a course, each with what it must give: they use what the library's own don't, and are all correct."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from kernelwright.kernels import simulator

DIRECTORY = Path(__file__).with_name("samples")
Launch = Callable[..., simulator.Report]
Outcome = tuple[simulator.Report, bool]  # and whether the values are right


def histogram(run: Launch) -> Iterator[Outcome]:
    for size, bins in ((1000, 7), (1, 1), (257, 64)):
        values, counts = np.random.default_rng(0).integers(0, bins, size).astype(np.int32), np.zeros(bins, np.int32)
        report = run("histogram", 3, 64, [values, counts, size, bins], 4 * bins)
        yield report, (counts == np.bincount(values, minlength=bins)).all()


def last_block(run: Launch) -> Iterator[Outcome]:
    for size in (1, 1000, 1023):
        x = np.random.default_rng(1).integers(0, 9, size).astype(np.float32)
        parts, total, arrived = simulator.empty(5), simulator.empty(1), np.zeros(1, np.uint32)
        report = run("sum", 5, 128, [x, parts, total, arrived, size])
        yield report, total[0] == x.sum()


def scan(run: Launch) -> Iterator[Outcome]:
    for size in (256, 200, 600):
        x, y = np.random.default_rng(2).integers(0, 9, size).astype(np.int32), simulator.empty(size, np.int32)
        report = run("scan", -(-size // 256), 256, [x, y, size])
        wanted = np.concatenate([np.cumsum(x[k : k + 256]) for k in range(0, size, 256)])
        yield report, (y == wanted).all()


def warp_sum(run: Launch) -> Iterator[Outcome]:
    for rows, columns in ((4, 32), (5, 33), (7, 100), (1, 1)):
        x, y = np.random.default_rng(3).integers(0, 9, (rows, columns)).astype(np.float32), simulator.empty(rows)
        report = run("warp_sum", -(-rows // 4), 128, [x, y, rows, columns])
        yield report, (y == x.sum(1)).all()


def copy_pipeline(run: Launch) -> Iterator[Outcome]:
    for tiles in (1, 2, 5):
        x, y = np.arange(64 * tiles, dtype=np.float32), simulator.empty(64)
        report = run("sums", 1, 64, [x, y, tiles])
        yield report, (y == x.reshape(tiles, 64).sum(0)[::-1]).all()


def maximum(run: Launch) -> Iterator[Outcome]:
    for size in (1, 96, 200):
        x = np.random.default_rng(4).permutation(1000)[:size].astype(np.uint32)
        best = np.zeros(1, np.uint64)
        report = run("maximum", -(-size // 64), 64, [x, best, size])
        yield report, best[0] == (int(x.max()) << 32 | int(x.argmax()))
        kept, count = np.zeros(size, np.uint32), np.zeros(1, np.uint32)
        report = run("select", -(-size // 64), 64, [x, kept, count, 500, size])
        yield report, sorted(kept[: count[0]]) == sorted(x[x > 500])


def stencil(run: Launch) -> Iterator[Outcome]:
    for size in (1, 127, 128, 129, 300):
        x, y = np.random.default_rng(5).random(size, np.float32), simulator.empty(size)
        report = run("smooth", -(-size // 128), 128, [x, y, size])
        padded = np.pad(x, 1)
        yield report, np.allclose(y, (padded[:-2] + x + padded[2:]) / 3, rtol=1e-6)


SAMPLES = {
    sample.__name__: sample for sample in (histogram, last_block, scan, warp_sum, copy_pipeline, maximum, stencil)
}


def source(name: str) -> Path:
    return DIRECTORY / f"{name}.cu"


def launcher(text: str | Path, order: str = "forward") -> Launch:
    """Launches kernels of a source."""

    def run(kernel, grid, block, args, shared=0):
        return simulator.run(text, kernel, grid, block, args, shared, order=order, limit=10**7)

    return run
