"""exp, log, tanh and their kin on vectors (simd.py). No processor has instructions for them; this is how they are made.

    reduction         eˣ = 2ⁿ eʳ with n = round(x / ln 2): whatever x is, r = x − n ln 2 lies in ±½ ln 2
    polynomial        eʳ ≈ 1 + r + r² (q₀ + q₁ r + …): with r so small, a few terms do
    reconstruction    times 2ⁿ: n more in the exponent, which rounds nothing

The polynomial isn't Taylor's, which is exact at 0 and worse with the distance, but the one whose largest error over
the interval is smallest (minimax), found by Remez's algorithm in 50 digits: about a tenth of a rounding's error.

The rest of the error is rounding. In 2ⁿ (1 + r + t) the small t may be rounded as it comes, 1 + r may not: each
function brings its result to a large part, exact if possible, and a small one, added last. Where it matters, what a sum
s = a + b left out is computed too: for |a| ≥ |b| it is b − (s − a), exactly.

No lane can go its own way, so there is no branch: limits are set by `smaller` and `larger`, with x second so that NaN
passes, and cases are chosen by `where`. All results are within 2 units in the last place of the true ones, denormal
numbers, zeros, infinities and NaN included (tests/kernels/test_vector_math.py).
"""

from typing import Any, NamedTuple

from numba import typeof
from numba.core import types
from numba.extending import intrinsic

from .jit import inline
from .simd import (
    Vector,
    absolute,
    arithmetic,
    bits,
    call,
    copysign,
    fma,
    from_bits,
    larger,
    rint,
    scale,
    smaller,
    suffix,
    where,
)

# The `low` of a number that isn't rounded. Adding −0 changes nothing, so the compiler leaves it out; 0 would change −0.
EXACT = -0.0


class Precision(NamedTuple):
    """What depends on the type of the numbers."""

    mantissa: int  # bits of a number's mantissa
    lift: float  # 2^mantissa: times this, a denormal number is a normal one
    magic: float  # 1.5 · 2^mantissa: its last bits are integers, and an integer added to its bits is added to it
    magic_bits: int
    log2_e: float
    ln2_high: float  # ln 2 rounded, and
    ln2_low: float  # what is missing
    exp_least: float  # below, eˣ is 0
    exp_most: float  # above, eˣ is ∞
    expm1_least: float  # below, eˣ − 1 is −1
    exp: tuple[float, ...]  # (eʳ − 1 − r) / r² for |r| ≤ ½ ln 2
    smallest: float  # smaller numbers are denormal
    sqrt_half_bits: int  # √½
    log: tuple[float, ...]  # (log(1 + f) − f) / f² for √½ ≤ 1 + f ≤ √2
    tanh_most: float  # above, tanh is 1
    erf_most: float  # above, erf is 1
    erf: tuple[float, ...]  # −log(1 − erf a) / a − 1 for 0 ≤ a ≤ erf_most
    artanh: tuple[float, ...]  # ((artanh s) / s − 1) / s² = 1/3 + s²/5 + s⁴/7 + … for |s| ≤ ⅓


SINGLE = Precision(
    mantissa=23,
    lift=2.0**23,
    magic=1.5 * 2.0**23,
    magic_bits=0x4B400000,
    log2_e=1.4426950408889634,
    ln2_high=0.693147182464599609375,
    ln2_low=-1.9046542321e-9,
    exp_least=-105.0,
    exp_most=89.0,
    expm1_least=-20.0,
    exp=(0.500000005, 0.166666668, 0.0416663517, 0.00833327248, 0.00139412728, 0.000199145289),
    smallest=2.0**-126,
    sqrt_half_bits=0x3F3504F3,
    log=(
        -0.5,
        0.333333105,
        -0.249999867,
        0.200022254,
        -0.166692468,
        0.14218676,
        -0.123844236,
        0.118729301,
        -0.117893715,
        0.0691494279,
    ),
    tanh_most=9.02,
    erf_most=4.0,
    erf=(
        0.128379167,
        0.636619835,
        0.102771277,
        -0.0191176949,
        -0.000253061158,
        0.00179935411,
        -0.000740686144,
        0.000167481064,
        -2.13546167e-5,
        1.19330056e-6,
    ),
    artanh=tuple(1 / k for k in range(3, 15, 2)),
)

DOUBLE = Precision(
    mantissa=52,
    lift=2.0**52,
    magic=1.5 * 2.0**52,
    magic_bits=0x4338000000000000,
    log2_e=1.4426950408889634,
    ln2_high=0.6931471805599453,
    ln2_low=2.3190468138462996e-17,
    exp_least=-746.0,
    exp_most=710.0,
    expm1_least=-40.0,
    exp=(
        0.5,
        0.16666666666666677,
        0.041666666666666702,
        0.0083333333333213731,
        0.0013888888888866398,
        0.00019841269886873351,
        2.4801587361476938e-5,
        2.7557243373433887e-6,
        2.7557241941690733e-7,
        2.5109354543224875e-8,
        2.0924703345049145e-9,
    ),
    smallest=2.0**-1022,
    sqrt_half_bits=0x3FE6A09E667F3BCD,
    log=(
        -0.5,
        0.33333333333333472,
        -0.24999999999999241,
        0.19999999999939945,
        -0.16666666666828484,
        0.14285714294492977,
        -0.12499999990665834,
        0.11111110485663787,
        -0.099999999385343826,
        0.090909341130693696,
        -0.083333588268236912,
        0.076917144763858038,
        -0.071417734947473808,
        0.066749248613612343,
        -0.062720482035078054,
        0.058218704255334264,
        -0.053158009654564633,
        0.053847576813219287,
        -0.062857582857417992,
        0.057871873094725129,
        -0.024971860481692482,
    ),
    tanh_most=19.07,
    erf_most=5.95,
    erf=(
        0.12837916709551257,
        0.63661977236758361,
        0.10277260330178876,
        -0.019128447005070391,
        -0.00020919469484156346,
        0.0016962063857355457,
        -0.00059012555283483094,
        2.5878604031612712e-5,
        6.4491861608101457e-5,
        -2.972404791030346e-5,
        3.4072685823950415e-6,
        2.8351361421508725e-6,
        -1.7415434815756202e-6,
        3.3636180880606962e-7,
        1.37183546066691e-7,
        -1.4176243898292578e-7,
        6.5733585497365093e-8,
        -2.096265367434351e-8,
        4.9976988028725287e-9,
        -9.08220909216818e-10,
        1.2484068545239809e-10,
        -1.26109718333417e-11,
        8.8455643371113776e-13,
        -3.8505290876433192e-14,
        7.8342122466724408e-16,
    ),
    artanh=tuple(1 / k for k in range(3, 33, 2)),
)


def _precision(_typing, v):
    """The constants for the type of a vector, chosen while compiling."""
    if not isinstance(v, Vector):
        return None
    chosen = {types.float32: SINGLE, types.float64: DOUBLE}[v.element]
    kind = typeof(chosen)
    return kind(v), lambda context, b, _signature, _values: context.get_constant_generic(b, kind, chosen)


precision: Any = intrinsic(_precision)


@arithmetic(lambda kind: kind)
def polynomial(b, x, *coefficients):
    """c₀ + c₁ x + c₂ x² + …, from the last coefficient on: one fma each (Horner)."""
    *rest, result = coefficients
    for coefficient in reversed(rest):
        result = call(b, f"fma.{suffix(x.type)}", x.type, [result, x, coefficient])
    return result


@inline
def quotient(x, x_low, y, y_low):
    """(x + x_low) / (y + y_low), to the last digit: one division and a step of Newton's."""
    inverse = 1 / y
    q = x * inverse
    left = fma(-q, y_low, fma(-q, y, x) + x_low)  # what q · (y + y_low) misses
    return fma(left, inverse, q)


@inline
def split(x, low):
    """n, r and the smaller t, where x + low = n ln 2 + ρ and e^ρ = 1 + r + t; low is what x's rounding left out."""
    c = precision(x)
    n = rint((x + low) * c.log2_e)
    r = fma(n, -c.ln2_high, x)  # exact: x and n ln2_high are near each other
    low = fma(n, -c.ln2_low, low)
    rho = r + low
    return n, r, fma(rho * rho, polynomial(rho, *c.exp), low)


@inline
def exp(x):
    """eˣ."""
    c = precision(x)
    n, r, t = split(smaller(c.exp_most, larger(c.exp_least, x)), EXACT)
    return scale(1 + (r + t), n)


@inline
def expm1(x):
    """eˣ − 1, to the last digits near 0 too."""
    c = precision(x)
    n, r, t = split(smaller(c.exp_most, larger(c.expm1_least, x)), EXACT)
    half = scale(0.5, n)  # 2ⁿ may be too large
    y = 2 * fma(half, t, fma(half, r, half - 0.5))
    return where(absolute(x) < c.smallest, x, y)  # half a denormal number may lose its last bit, and a zero its sign


@inline
def sigmoid(x):
    """1 / (1 + e⁻ˣ) = eˣ / (1 + eˣ): the one whose power is ≤ 1, so that it can't overflow."""
    c = precision(x)
    n, r, t = split(larger(c.exp_least, -absolute(x)), EXACT)
    e = scale(1 + (r + t), n)
    y = 1 + e
    return quotient(where(x < 0, e, 1), EXACT, y, e - (y - 1))


@inline
def softplus(x):
    """log(1 + eˣ) = max(x, 0) + log(1 + e), with e = e^−|x|, and log(1 + e) = 2 artanh s = 2 s + 2 s³ (1/3 + s²/5 + …).

    s is e / (2 + e), at most ⅓. 2 s is taken as e − s e, whose second part is small where e is: so it is rounded less.
    """
    c = precision(x)
    e = exp(-absolute(x))
    s = e / (2 + e)
    square = s * s
    return where(x > 0, x, 0) + fma(s, fma(square + square, polynomial(square, *c.artanh), -e), e)


@inline
def tanh(x):
    """t / (t + 2), where t = e²ˣ − 1; from ½ on as 1 − 2 / (t + 2), which rounding harms less."""
    c = precision(x)
    a = smaller(c.tanh_most, absolute(x))
    n, r, t = split(2 * a, EXACT)
    power = scale(1, n)
    high, low = fma(power, r, power - 1), power * t
    t = high + low
    t_low = low - (t - high)
    y = t + 2
    y_low = t - (y - 2) + t_low
    large = a > 0.55
    q = quotient(where(large, 2, t), where(large, 0, t_low), y, y_low)
    return copysign(where(large, 1 - q, q), x)


@inline
def erf(x):
    """2/√π ∫₀ˣ exp(−t²) dt = 1 − exp(−a − a R(a)) for a = |x|, with a polynomial R."""
    c = precision(x)
    a = smaller(c.erf_most, absolute(x))
    rest = -a * polynomial(a, *c.erf)
    y = rest - a
    n, r, t = split(y, rest - (y + a))  # rest is the smaller where the last digits matter
    power = scale(1, n)
    return copysign(fma(-power, t, fma(-power, r, 1 - power)), x)


@inline
def take_apart(x):
    """f and k, both real, where x = (1 + f) 2ᵏ and √½ ≤ 1 + f < √2, for a positive x that isn't denormal."""
    c = precision(x)
    k = (bits(x) - c.sqrt_half_bits) >> c.mantissa
    f = from_bits(bits(x) - (k << c.mantissa)) - 1
    return f, from_bits(k + c.magic_bits) - c.magic


@inline
def log_of(f, low, k):
    """log((1 + f + low) 2ᵏ), where low is tiny."""
    c = precision(f)
    rounded = f + low
    rest = fma(rounded * rounded, polynomial(rounded, *c.log), fma(k, c.ln2_low, low))
    return fma(k, c.ln2_high, f + rest)


@inline
def log_limits(y, x):
    """y = log x, corrected where x isn't positive and finite."""
    y = where(x < float("inf"), y, x)
    y = where(x < 0, float("nan"), y)
    return where(x == 0, -float("inf"), y)


@inline
def log(x):
    """The natural logarithm."""
    c = precision(x)
    tiny = x < c.smallest
    f, k = take_apart(where(tiny, x * c.lift, x))
    return log_limits(log_of(f, EXACT, where(tiny, k - c.mantissa, k)), x)


@inline
def log1p(x):
    """log(1 + x), to the last digits near 0 too."""
    u = 1 + x
    low = where(x > 1, 1 - (u - x), x - (u - 1))  # 1 + x − u: what the sum's rounding left out
    f, k = take_apart(u)
    return copysign(log_limits(log_of(f, scale(low, -k), k), u), x)
