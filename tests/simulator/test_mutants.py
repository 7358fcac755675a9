"""Is a mistake found? Every barrier deleted, every bound dropped, every atomic made plain, one at a time.

A mutant counts as reported if a run of it has a finding, or a wrong value. Those that are no mistakes stand in HARMLESS
with the reason.
"""

import re
from collections.abc import Callable, Iterator
from functools import cache
from itertools import chain

import numpy as np
import pytest

from kernelwright import kernels
from kernelwright.kernels import cuda, simulator
from kernelwright.kernels.backend import Simulator
from kernelwright.kernels.operation import CATALOG, Sample, of_ladder, tolerance_of_rung

from ..catalog import OPERATIONS, as_tuple, in_float64, samples
from .mutants import Mutant, mutants
from .samples import SAMPLES, launcher, source

pytestmark = pytest.mark.cuda

# File, change, and which one of those alike → why that changes nothing.
HARMLESS = {
    ("embedding/gpu.cu", "index < rows → index <= rows", 1): "the contract has refused such indices",
    ("losses/sequences/gpu.cu", "label < classes → label <= classes", 1): "the contract has refused such labels",
    ("last_block", "__threadfence(); → nothing", 2): "a fence on the reader's side isn't demanded (races.py)",
}


HEADERS = {str(path.relative_to(cuda.KERNELS)): path for path in sorted(cuda.KERNELS.rglob("*.cuh"))}
UNCHANGED = simulator.Device()  # whose programs all mutants share


class MutantDevice(simulator.Device):
    """Runs the library's kernels with one file changed. Only the sources that it is part of are compiled anew, and once
    for all their kernels, for compiling takes longer than all else here."""

    def __init__(self, mutant: Mutant):
        super().__init__()
        self.mutant = mutant
        self.ptx: dict[tuple, str] = {}  # by source and dtype

    def _program(self, source, name, dtype):
        changed = cuda.KERNELS / self.mutant.file
        if source.path != changed and changed not in included(source.path):
            return UNCHANGED._program(source, name, dtype)
        key = source, np.dtype(dtype)
        if key not in self.ptx:
            self.ptx[key] = self._compile(source, dtype)
        return simulator._launch.program(self.ptx[key], name, str(source.path))

    def _compile(self, source, dtype) -> str:
        headers = {name: path.read_bytes() for name, path in HEADERS.items()}
        text = source.path.read_bytes()
        if self.mutant.file in headers:
            headers[self.mutant.file] = self.mutant.text.encode()
        else:
            text = self.mutant.text.encode()
        options = (*source.options(dtype), "-arch=compute_80")
        return cuda.nvrtc().compile(str(source.path), text, headers, options, "ptx").decode("latin-1").rstrip("\0")

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


SHOWN: dict[tuple[str, str], list[tuple[str, int]]] = {}  # by file and rung: samples that showed its mistakes


def reported(mutant: Mutant, folder: str, rung: str) -> bool:
    """Whether any sample of the operations in the folder, or in those below, shows the mistake.

    The ones that showed others of the file are tried first, the latest of them at once.
    """
    backend = MutantBackend(mutant)
    known = SHOWN.setdefault((mutant.file, rung), [])
    others = (sample for sample in candidates(mutant, folder, rung) if sample not in known)
    for name, number in chain(tuple(known), others):
        if shows(CATALOG[name], number, backend, rung):
            known[:] = [(name, number), *(sample for sample in known if sample != (name, number))]
            return True
    return False


def candidates(mutant: Mutant, folder: str, rung: str) -> Iterator[tuple[str, int]]:
    """The samples of those operations: the operation's name, and which of its samples."""
    for operation in sorted(OPERATIONS, key=lambda one: farness(one, mutant)):
        if f"{operation.folder}.".startswith(f"{folder}." if folder else "") and (
            not rung or operation is of_ladder(folder)
        ):
            yield from ((operation.name, number) for number in range(len(drawn(operation.name))))


def shows(operation, number: int, backend, rung: str) -> bool:
    """Whether one sample does: by a finding, or by a value that differs from the definition's."""
    tolerance = tolerance_of_rung(operation.folder, rung) if rung else operation.tolerance(np.float32)
    rungs = {operation.name: rung} if rung else {}
    for call, wanted in trials(operation.name, number):
        sample = samples(operation, np.float32)[number] if operation.in_place else drawn(operation.name)[number]
        with kernels.using(backend), kernels.rung(**rungs), simulator.record() as reports:
            results = as_tuple(call(sample, np.float32))
        if any(report.findings for report in reports):
            return True
        pairs = [(x, np.asarray(y, np.float64)) for x, y in zip(results, wanted) if y is not None]
        if not all(np.allclose(x, y, **tolerance, equal_nan=True) for x, y in pairs):
            return True
    return False


@cache
def drawn(name: str) -> list[Sample]:
    return samples(CATALOG[name], np.float32)


@cache
def trials(name: str, number: int) -> list[tuple[Callable, tuple]]:
    """The calls of one sample, and what each must give. They are the same for all mutants."""
    operation, result = CATALOG[name], []
    for call in calls(operation, drawn(name)[number]):
        with kernels.using("reference"):
            result.append((call, as_tuple(call(in_float64(drawn(name)[number]), np.float64))))
    return result


def rungs_with(path) -> list[str]:
    """The rungs that a file of a ladder belongs to: itself, or those that include it."""
    files = [path] if path.suffix == ".cu" else [x for x in path.parent.glob("*.cu") if path in included(x)]
    return sorted({re.sub("^(gpu|backward)_", "", file.stem) for file in files})


@cache
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
