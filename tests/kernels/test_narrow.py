"""The kernels with narrower registers than this machine's: code for AVX2 and for SSE, run here."""

import os
import platform
import subprocess
import sys

import pytest

from kernelwright.kernels import simd

CODE = """
import math
import numpy as np
from kernelwright import kernels
from kernelwright.kernels import simd

print(simd.BITS)
rng = np.random.default_rng(0)
for m, k, n in ((1, 5, 3), (5, 7, 9), (13, 64, 10), (33, 70, 65), (100, 400, 70)):
    a, b = rng.standard_normal((m, k), np.float32), rng.standard_normal((k, n), np.float32)
    for x, y in ((a, b), (np.asfortranarray(a), b), (a, np.asfortranarray(b))):
        np.testing.assert_allclose(kernels.matmul(x, y), x.astype(float) @ y.astype(float), rtol=1e-4, atol=1e-4)
x, weight = rng.standard_normal((5, 77), np.float32), rng.standard_normal(77, np.float32)
double = x.astype(float)
for axis in (0, 1):
    e = np.exp(double - double.max(axis, keepdims=True))
    np.testing.assert_allclose(kernels.softmax(x, axis), e / e.sum(axis, keepdims=True), rtol=1e-5)
normal = (double - double.mean(1, keepdims=True)) / np.sqrt(double.var(1, keepdims=True) + 1e-5)
np.testing.assert_allclose(kernels.layer_norm(x, 77, weight), normal * weight, rtol=1e-4, atol=1e-5)
gelu = [0.5 * v * (1 + math.erf(v / math.sqrt(2))) for v in double.ravel()]
np.testing.assert_allclose(kernels.gelu(x).ravel(), gelu, rtol=1e-5, atol=1e-6)
"""


@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="the registers are those of x86 processors")
@pytest.mark.parametrize(
    ("bits", "processor", "features"), [(256, "haswell", "+avx2,+fma"), (128, "nehalem", "+sse4.2")]
)
def test_narrower_registers(bits, processor, features, tmp_path):
    if bits > simd.BITS:
        pytest.skip(f"this processor's registers have {simd.BITS} bits")
    environment = {**os.environ, "NUMBA_CPU_NAME": processor, "NUMBA_CPU_FEATURES": features}
    environment["KERNELWRIGHT_CACHE_DIR"] = str(tmp_path)
    ran = subprocess.run([sys.executable, "-c", CODE], env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.split() == [str(bits)]
