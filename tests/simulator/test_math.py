"""CUDA's mathematical functions, within the errors that its programming guide gives for them."""

import math
from statistics import NormalDist

import numpy as np
import pytest

from .expressions import check, evaluate, floats, instruction

pytestmark = pytest.mark.cuda

NUMPY_ULPS = 4  # how far NumPy's own functions may be off in float64, where processors have wide vectors


def elementwise(function):
    return np.vectorize(function, otypes=[np.float64])


# Expression: units in the last place that CUDA allows for float and for double, the function.
FUNCTIONS = {
    "exp(a)": (1, 1, np.exp),
    "exp2(a)": (2, 1, np.exp2),
    "exp10(u)": (2, 1, lambda x: 10.0**x),
    "expm1(a)": (2, 1, np.expm1),
    "log(a)": (1, 1, np.log),
    "log2(a)": (1, 1, np.log2),
    "log10(a)": (2, 1, np.log10),
    "log1p(a)": (1, 1, np.log1p),
    "sin(a)": (2, 2, np.sin),
    "cos(a)": (2, 2, np.cos),
    "tan(a)": (4, 2, np.tan),
    "sinpi(u)": (1, 2, lambda x: np.copysign(np.sin(np.pi * np.minimum(np.abs(x), 1 - np.abs(x))), x)),
    "sine_and_cosine(u)": (2, 2, lambda x: np.where(x < 0, np.sin(x), np.cos(x))),
    "asin(u)": (2, 2, np.arcsin),
    "acos(u)": (2, 2, np.arccos),
    "atan(a)": (2, 2, np.arctan),
    "atan2(a, b)": (3, 2, np.arctan2),
    "sinh(a)": (3, 2, np.sinh),
    "cosh(a)": (2, 1, np.cosh),
    "tanh(a)": (2, 1, np.tanh),
    "asinh(a)": (3, 3, np.arcsinh),
    "acosh(a)": (4, 3, np.arccosh),
    "atanh(u)": (3, 2, np.arctanh),
    "pow(a, b)": (4, 2, np.power),
    "hypot(a, b)": (3, 2, np.hypot),
    "cbrt(a)": (1, 1, np.cbrt),
    "rsqrt(a)": (2, 1, lambda x: 1 / np.sqrt(x)),
    "rcbrt(a)": (1, 1, lambda x: 1 / np.cbrt(x)),
    "rhypot(u, 3)": (2, 1, lambda x: 1 / np.hypot(x, 3)),
    "erf(a)": (2, 2, elementwise(math.erf)),
    "erfc(a)": (4, 5, elementwise(math.erfc)),
    "normcdf(u)": (5, 5, elementwise(lambda x: math.erfc(-x / math.sqrt(2)) / 2)),
    "tgamma(g)": (5, 10, elementwise(math.gamma)),
    "lgamma(g)": (6, 12, elementwise(math.lgamma)),
}
PARTS = """
__device__ float sine_and_cosine(float x) { float s, c; sincosf(x, &s, &c); return x < 0 ? s : c; }
__device__ double sine_and_cosine(double x) { double s, c; sincos(x, &s, &c); return x < 0 ? s : c; }
"""


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_functions(dtype):
    a, b = floats(dtype, 2)
    generator = np.random.default_rng(5)
    u = np.concatenate([generator.uniform(-1, 1, a.size - 5), [0, -0.0, 1, -1, np.nan]]).astype(dtype)
    g = np.concatenate([generator.uniform(2.5, 30, a.size - 5), [1, 2, 0.5, -0.5, -1.5]]).astype(dtype)
    double = dtype is np.float64
    # In float64 the expected values are all but exact for float.
    table = {
        expression: lambda *x, f=f: f(*(y.astype(np.float64) for y in x)) for expression, (*_, f) in FUNCTIONS.items()
    }
    ulps = {expression: row[double] + double * NUMPY_ULPS for expression, row in FUNCTIONS.items()}
    check({dtype: table}, PARTS, ulps, a=a, b=b, u=u, g=g)


APPROXIMATE = instruction("div.full.f32", "f32 f32 f32") + "".join(
    instruction(f"{name}.f32", "f32 f32")
    for name in ("rcp.approx", "sqrt.approx", "ex2.approx", "ex2.approx.ftz", "lg2.approx", "tanh.approx")
)


def test_fast_functions():
    """Those made of one or two approximate instructions."""
    generator = np.random.default_rng(6)
    lowest = {"a": -4, "b": -4, "p": 0.1}
    inputs = {name: generator.uniform(low, 4, 512).astype(np.float32) for name, low in lowest.items()}
    a, b, p = (x.astype(np.float64) for x in inputs.values())
    expected = {
        "__expf(a)": np.exp(a),
        "__exp10f(a)": 10**a,
        "__logf(p)": np.log(p),
        "__log2f(p)": np.log2(p),
        "__log10f(p)": np.log10(p),
        "__sinf(a)": np.sin(a),
        "__cosf(a)": np.cos(a),
        "__tanf(a / 4)": np.tan(a / 4),
        "__powf(p, b)": p**b,
        "__fdividef(a, p)": a / p,
        "__frsqrt_rn(p)": 1 / np.sqrt(p),
        "rsqrtf(p)": 1 / np.sqrt(p),
        "__expf(a) / (1 + __expf(a))": 1 / (1 + np.exp(-a)),
        "rcp_approx_f32(p)": 1 / p,
        "sqrt_approx_f32(p)": np.sqrt(p),
        "ex2_approx_f32(a)": np.exp2(a),
        "ex2_approx_ftz_f32(a)": np.exp2(a),
        "lg2_approx_f32(p)": np.log2(p),
        "div_full_f32(a, p)": a / p,
        "tanh_approx_f32(a)": np.tanh(a),
    }
    results = evaluate([(expression, np.float32) for expression in expected], inputs, APPROXIMATE)
    for (expression, values), result in zip(expected.items(), results):
        tolerance = 2.0**-10.9 if "tanh" in expression else 2.0**-18
        np.testing.assert_allclose(result, values, rtol=tolerance, atol=tolerance, err_msg=expression)


def test_fast_functions_at_extremes():
    a = np.array([0, -0.0, np.inf, -np.inf, np.nan, 1e30, -1e30], np.float32)
    table = {
        "__expf(a)": lambda a: np.exp(a.astype(np.float64)),
        "__log2f(a)": lambda a: np.log2(a.astype(np.float64)),
        "rsqrtf(a)": lambda a: 1 / np.sqrt(a),
        "1 / a": lambda a: 1 / a,
        "tanhf(a)": np.tanh,
    }
    check({np.float32: table}, ulps=2, a=a)


def test_normal_quantiles():
    p = np.random.default_rng(7).uniform(0.001, 0.999, 256)
    quantile = elementwise(NormalDist().inv_cdf)
    check({np.float64: {"normcdfinv(p)": quantile}}, ulps=64, p=p)
    half = p.astype(np.float32)
    check({np.float32: {"normcdfinv(p)": quantile}}, ulps=5, p=half[np.abs(half - 0.5) > 0.01])
