"""For pytest: the fixture `simulate`, so that any project can test its CUDA kernels on any machine.

    # conftest.py
    pytest_plugins = ["kernelwright.kernels.simulator.testing"]

    # test_kernels.py
    def test_transpose(simulate):
        x, y = np.random.rand(64, 64).astype(np.float32), simulator.empty((64, 64))
        report = simulate("transpose.cu", "transpose<1>", grid=(2, 2), block=(32, 8), args=[x, y, 64])
        assert (y == x.T).all()
        assert report.races == [] and report.violations == []
        assert report.global_efficiency > 0.9

If the test fails, the listing of every kernel that it ran is printed below it. Without NVIDIA's compiler library the
test is skipped, and says what to install.
"""

from collections.abc import Callable, Iterator

import pytest

from .. import cuda
from ..backend import Unavailable
from . import Report, run

_reports = pytest.StashKey[list[Report]]()


@pytest.fixture
def simulate(request: pytest.FixtureRequest) -> Callable[..., Report]:
    """`simulator.run`, whose reports are shown if the test fails."""
    try:
        cuda.nvrtc()
    except Unavailable as error:
        pytest.skip(str(error))
    reports = request.node.stash.setdefault(_reports, [])

    def simulated(*args, **options) -> Report:
        reports.append(run(*args, **options))
        return reports[-1]

    return simulated


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    outcome = yield
    if outcome.failed and outcome.when == "call":
        for report in item.stash.get(_reports, []):
            outcome.sections.append((f"simulated {report.kernel}", str(report)))
    return outcome
