"""Every test starts on the default backend, and NumPy's floating-point warnings are not errors: extreme values
are among the samples on purpose."""

import numpy as np
import pytest

from kernelwright import kernels
from kernelwright.kernels import cuda

pytest_plugins = ["pytester"]


def pytest_collection_modifyitems(items):
    """What compiles CUDA C is skipped where NVIDIA's compiler isn't installed; it says how to install it."""
    try:
        cuda.nvrtc()
    except kernels.Unavailable as error:
        for item in items:
            if item.get_closest_marker("cuda"):
                item.add_marker(pytest.mark.skip(reason=str(error)))


@pytest.fixture(autouse=True)
def _default_backend():
    kernels.use("numba")
    with np.errstate(all="ignore"):
        yield
