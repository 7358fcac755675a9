"""Correct rounding by definition: the exact result as a fraction, then the one rounding that IEEE 754 asks for."""

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np

# Bits of precision, exponent of the smallest number, the largest number.
FORMATS = {
    "float16": (11, -24, Fraction(65504)),
    "bfloat16": (8, -133, Fraction(2**8 - 1) * 2**120),
    "float32": (24, -149, Fraction(2**24 - 1) * 2**104),
    "float64": (53, -1074, Fraction(2**53 - 1) * 2**971),
}
TO_INTEGER: dict[str, Callable[[Any], int]] = {"rn": round, "rz": math.trunc, "rd": math.floor, "ru": math.ceil}
MODES = tuple(TO_INTEGER)


def rounded(exact: Fraction, kind: str, mode: str) -> float:
    """A number other than zero in a format; `round` takes ties to even."""
    digits, lowest, largest = FORMATS[kind]
    size = abs(exact)
    exponent = size.numerator.bit_length() - size.denominator.bit_length()
    exponent -= size < Fraction(2) ** exponent
    unit = Fraction(2) ** max(exponent - digits + 1, lowest)
    result = TO_INTEGER[mode](exact / unit) * unit
    sign = 1.0 if exact > 0 else -1.0
    if abs(result) > largest:
        outward = mode == "rn" or mode == ("ru" if exact > 0 else "rd")
        return sign * (math.inf if outward else float(largest))
    return math.copysign(float(result), sign)


def correctly(function: Callable[..., Any], kind: str, mode: str) -> Callable[..., np.ndarray]:
    """A function of fractions → the function of arrays whose results are in a format, rounded once."""

    def apply(*operands: np.ndarray) -> np.ndarray:
        # Where a result is zero, infinite or NaN, the operands' signs decide: NumPy knows which it is.
        signs = [np.where(np.isfinite(x) & (x != 0), np.copysign(1.0, x), x.astype(float)) for x in operands]
        results = np.array(function(*signs), np.float64)
        for k, row in enumerate(zip(*(x.tolist() for x in operands))):
            if all(map(math.isfinite, row)):
                try:
                    exact = function(*map(Fraction, row))
                except (ZeroDivisionError, ValueError):
                    continue
                if exact:
                    results[k] = rounded(exact, kind, mode)
        return results

    return apply


def root(x):
    """√x, of a fraction to more bits than any format has and one that says whether it goes on."""
    if not isinstance(x, Fraction):
        return np.sqrt(x)
    scale = 2**1500
    floor = math.isqrt(x.numerator * scale**2 // x.denominator)
    return Fraction(2 * floor + (Fraction(floor, scale) ** 2 != x), 2 * scale)
