"""The fixture for other people's tests."""

import pytest

from kernelwright.kernels import simulator
from kernelwright.kernels.simulator import engine

pytestmark = pytest.mark.cuda

TESTS = """
import numpy as np

SOURCE = "__global__ void f(int* x) { x[threadIdx.x %s] = 1; }"

def test_right(simulate):
    report = simulate(SOURCE % "", "f", 1, 4, [np.zeros(4, np.int32)])
    assert report.races == [] and report.violations == []
    assert report.global_efficiency > 0.4

def test_wrong(simulate):
    assert simulate(SOURCE % "+ 1", "f", 1, 4, [np.zeros(4, np.int32)]).violations == []
"""


def test_the_fixture(pytester):
    pytester.makeconftest('pytest_plugins = ["kernelwright.kernels.simulator.testing"]')
    pytester.makepyfile(TESTS)
    result = pytester.runpytest_subprocess()
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*simulated f*", "*x[[]threadIdx.x + 1[]] = 1;*", "*outside of any array*"])


def test_a_report_is_short_where_it_is_quoted():
    assert repr(simulator.run("__global__ void f() {}", "f", 1, 1, [])) == "<report of f: 0 races, 0 violations>"


def test_what_the_machine_is_made_of_is_known():
    """A file that its code comes from, and that the list leaves out, would leave stale code in the cache."""
    found, waiting = set(), ["machine"]
    here = engine.SOURCES[0].parent
    while waiting:
        name = waiting.pop()
        if name in found or not (here / f"{name}.py").exists():
            continue
        found.add(name)
        for line in (here / f"{name}.py").read_text().splitlines():
            words = line.split()
            if words[:2] == ["from", "."]:
                waiting += [word.strip(",") for word in words[3:]]
            elif words[:1] == ["from"] and words[1].startswith("."):
                waiting.append(words[1].lstrip("."))
    assert found <= {path.stem for path in engine.SOURCES}
