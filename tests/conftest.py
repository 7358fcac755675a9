"""Every test starts on the default backend, and NumPy's floating-point warnings are not errors: extreme values
are among the samples on purpose."""

import numpy as np
import pytest

from kernelwright import kernels


@pytest.fixture(autouse=True)
def _default_backend():
    kernels.use("numba")
    with np.errstate(all="ignore"):
        yield
