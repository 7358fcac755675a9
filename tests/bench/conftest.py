"""What several tests of the benchmarks share."""

import pytest

from kernelwright import kernels
from kernelwright.bench import fair


@pytest.fixture
def threads_alike():
    """As many for our kernels as NumPy's BLAS has (tests have one each): other numbers are refused a ratio."""
    with fair.as_they_were():
        kernels.set_threads(fair.threads_of("numpy"))
        yield
