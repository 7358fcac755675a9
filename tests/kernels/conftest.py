"""What a test of kernels sets for the whole process is set back after it."""

import pytest

from kernelwright import kernels


@pytest.fixture(autouse=True)
def _precisions_as_before():
    matmul, convolution = kernels.get_matmul_precision(), kernels.conv_precision()
    yield
    kernels.set_matmul_precision(matmul)
    kernels.set_conv_precision(convolution)
