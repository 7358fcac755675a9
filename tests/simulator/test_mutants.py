"""Is a mistake found? Every barrier deleted, every bound dropped, every atomic made plain, one at a time.

A mutant counts as reported if a run of it has a finding, or a wrong value. Those that are no mistakes stand in HARMLESS
with the reason.
"""

import functools
import re

import numpy as np
import pytest

from kernelwright import kernels
from kernelwright.kernels import cuda, simulator
from kernelwright.kernels.backend import Simulator
from kernelwright.kernels.operation import of_ladder, tolerance_of_rung

from ..catalog import OPERATIONS, as_tuple, in_float64, samples
from .mutants import Mutant, mutants
from .samples import SAMPLES, launcher, source

pytestmark = pytest.mark.cuda

# File, change, and which one of those alike → why that changes nothing.
HARMLESS = {
    ("embedding/gpu.cu", "index < rows → index <= rows", 1): "the contract has refused such indices",
    ("losses/labels/gpu.cu", "label < classes → label <= classes", 1): "the contract has refused such labels",
    ("losses/sequences/gpu.cu", "label < classes → label <= classes", 1): "the contract has refused such labels",
    ("last_block", "__threadfence(); → nothing", 2): "a fence on the reader's side isn't demanded (races.py)",
}


AS_IT_IS = simulator.Device()  # for kernels that a mutant doesn't reach: compiled once


class MutantDevice(simulator.Device):
    """Runs the library's kernels with one file changed."""

    def __init__(self, mutant: Mutant):
        super().__init__()
        self.mutant = mutant

    def _program(self, source, name, dtype):
        if cuda.KERNELS / self.mutant.file not in {source.path, *included(source.path)}:
            return AS_IT_IS._program(source, name, dtype)
        key = source, name, np.dtype(dtype)
        if key not in self._programs:
            headers = {str(p.relative_to(cuda.KERNELS)): p.read_text() for p in cuda.KERNELS.rglob("*.cuh")}
            text = source.path.read_text()
            if self.mutant.file in headers:
                headers[self.mutant.file] = self.mutant.text
            elif self.mutant.file == str(source.path.relative_to(cuda.KERNELS)):
                text = self.mutant.text
            options = (*source.options(dtype), "-arch=compute_80")
            contents = {name: header.encode() for name, header in headers.items()}
            ptx = cuda.nvrtc().compile(str(source.path), text.encode(), contents, options, "ptx")
            program = simulator._launch.program(ptx.decode("latin-1").rstrip("\0"), name, str(source.path))
            self._programs[key] = program
        return self._programs[key]

    def _about(self, source, name, dtype):
        return simulator._launch.About(name)


class MutantBackend(Simulator):
    def __init__(self, mutant: Mutant):
        super().__init__()
        self.device = MutantDevice(mutant)


def calls(operation, sample):
    """An operation's call and that of its gradient: functions of a sample and a dtype, which return the results."""

    def forward(s, dtype):
        return operation.function(*s.args, **s.options)

    def in_place(s, dtype):
        operation.function(*s.args, **s.options)
        return tuple(operation.bind(s)[name] for name in operation.in_place)

    def with_gradient(s, dtype):
        return operation.gradient(*s.args, **s.options)

    yield in_place if operation.in_place else forward
    if operation.with_gradient:
        yield with_gradient
    if operation.backward:
        with kernels.using("reference"):
            outputs = as_tuple(operation.function(*sample.args, **sample.options))
        grad = np.random.default_rng(1).standard_normal(outputs[0].shape)

        def backward(s, dtype):
            given = tuple(output.astype(dtype) for output in outputs)
            return operation.backward(**operation.backward_arguments(s, given, grad.astype(dtype)))

        yield backward


def farness(operation, mutant: Mutant) -> int:
    """Of an operation from a header's mutant, for those nearest to it know soonest: including it, or beside it."""
    folder = cuda.KERNELS / operation.folder.replace(".", "/")
    if f'"{mutant.file}"' in (folder / "gpu.cu").read_text():
        return 0
    return 1 if folder == (cuda.KERNELS / mutant.file).parent else 2


def reported(mutant: Mutant, folder: str, rung: str) -> bool:
    """Whether any sample of the operations in the folder, or in those below, shows the mistake."""
    backend = MutantBackend(mutant)
    for operation in sorted(OPERATIONS, key=lambda one: farness(one, mutant)):
        if f"{operation.folder}.".startswith(f"{folder}." if folder else "") and (
            not rung or operation is of_ladder(folder)
        ):
            for number in range(len(samples(operation, np.float32))):
                if shows(operation, number, backend, rung):
                    return True
    return False


def shows(operation, number: int, backend, rung: str) -> bool:
    """Whether one sample does: by a finding, or by a value that differs from the definition's."""

    def draw():
        return samples(operation, np.float32)[number]

    for call in calls(operation, draw()):
        with kernels.using("reference"):
            wanted = as_tuple(call(in_float64(draw()), np.float64))
        rungs = {operation.name: rung} if rung else {}
        with kernels.using(backend), kernels.rung(**rungs), simulator.record() as reports:
            results = as_tuple(call(draw(), np.float32))
        pairs = [(x, np.asarray(y, np.float64)) for x, y in zip(results, wanted) if y is not None]
        tolerance = tolerance_of_rung(operation.folder, rung) if rung else operation.tolerance(np.float32)
        if any(report.findings for report in reports):
            return True
        if not all(np.allclose(x, y, **tolerance, equal_nan=True) for x, y in pairs):
            return True
    return False


def rungs_with(path) -> list[str]:
    """The rungs that a file of a ladder belongs to: itself, or those that include it."""
    files = [path] if path.suffix == ".cu" else [x for x in path.parent.glob("*.cu") if path in included(x)]
    return sorted(file.stem.removeprefix("gpu_") for file in files)


@functools.cache
def included(path) -> frozenset:
    """The headers that a source includes, and those that they include."""
    found = {cuda.KERNELS / name for name in re.findall(r'^#include "(.+)"', path.read_text(), re.MULTILINE)}
    return frozenset(found.union(*(included(header) for header in found)))


def is_harmless(mutant: Mutant) -> bool:
    return key(mutant) in HARMLESS


def verdict(mutant: Mutant) -> str:
    return f"{mutant} is called harmless, but is noticed" if is_harmless(mutant) else f"nobody noticed {mutant}"


def key(mutant: Mutant) -> tuple[str, str, int]:
    return mutant.file, mutant.change, mutant.number


LIBRARY = [
    (mutant, path)
    for path in sorted([*cuda.KERNELS.rglob("*.cu"), *cuda.KERNELS.rglob("*.cuh")])
    for mutant in mutants(str(path.relative_to(cuda.KERNELS)), path.read_text())
]
COURSE = [mutant for name in SAMPLES for mutant in mutants(name, source(name).read_text())]


@pytest.mark.parametrize(("mutant", "path"), LIBRARY, ids=lambda x: str(x) if isinstance(x, Mutant) else "")
def test_of_the_library(mutant, path):
    place = path.parent.relative_to(cuda.KERNELS).parts
    rungs = [""]
    if place[-1:] == ("ladder",):
        place, rungs = place[:-1], rungs_with(path)
    elif path.suffix != ".cu":
        place = ()
    noticed = any(reported(mutant, ".".join(place), rung) for rung in rungs)
    assert noticed is not is_harmless(mutant), verdict(mutant)


@pytest.mark.parametrize("mutant", COURSE, ids=str)
def test_of_a_course(mutant):
    runs = (run for order in simulator.ORDERS for run in SAMPLES[mutant.file](launcher(mutant.text, order)))
    noticed = any(report.findings or not right for report, right in runs)
    assert noticed is not is_harmless(mutant), verdict(mutant)


@pytest.mark.parametrize("order", simulator.ORDERS)
@pytest.mark.parametrize("name", SAMPLES)
def test_the_course_itself_is_right(name, order):
    for report, right in SAMPLES[name](launcher(source(name), order)):
        assert report.findings == [], str(report)
        assert right


def test_there_are_enough_and_few_are_harmless():
    everything = [*(mutant for mutant, _ in LIBRARY), *COURSE]
    kinds = [mutant.kind for mutant in everything]
    least = {"barrier": 20, "bound": 50, "atomic": 5, "fence": 2, "wait": 1}
    assert all(kinds.count(kind) >= count for kind, count in least.items())
    assert {key(mutant) for mutant in everything if is_harmless(mutant)} == set(HARMLESS)
    assert len(HARMLESS) <= len(everything) // 20
