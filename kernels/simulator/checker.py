"""Is a kernel right? For students, and for tests of anybody's kernels."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .launch import ORDERS, in_order
from .regions import empty
from .report import Report

Shape = tuple[int, ...]


@dataclass
class Verdict:
    """What `check` found; true if the kernel is right."""

    ok: bool
    sentence: str
    reports: list[Report] = field(default_factory=list)

    def __bool__(self) -> bool:
        return self.ok

    def __str__(self) -> str:
        return self.sentence


def check(
    kernel: Callable[..., Report | Sequence[Report]],
    reference: Callable[..., Any],
    shapes: Iterable[Sequence[Shape]],
    *,
    dtype: Any = np.float32,
    rtol: float = 1e-5,
    atol: float = 1e-6,
    seed: int = 0,
) -> Verdict:
    """Whether a kernel gives what its definition gives, races nowhere and stays in bounds.

        def launch(a, b, out):
            return simulator.run("add.cu", "add", -(-out.size // 256), 256, [a, b, out, out.size])

        print(simulator.check(launch, lambda a, b: a + b, shapes=[[(n,), (n,)] for n in (1, 255, 256, 257)]))

    Parameters
    ----------
    kernel
        Launches it on the given inputs and output arrays, in this order, and returns the report of `run`, or several.
    reference
        The definition: the inputs in, the output out (or a tuple of them). It gets float64 for float32.
    shapes
        For each trial the shapes of all inputs; they are filled with normal numbers, or small integers. Take some that
        are no multiples of the block: that is where kernels break.
    dtype
        Of the inputs.
    rtol, atol
        How near the output must come to the definition's.
    """
    rng = np.random.default_rng(seed)
    reports: list[Report] = []
    trials = 0
    for trial in shapes:
        inputs = [_draw(rng, shape, np.dtype(dtype)) for shape in trial]
        exact = [x.astype(np.float64) if x.dtype == np.float32 else x for x in inputs]
        wanted = reference(*exact)
        wanted = wanted if isinstance(wanted, tuple) else (wanted,)
        for order in ORDERS:
            outputs = [_like(np.asarray(one), np.dtype(dtype)) for one in wanted]
            given = [x.copy() for x in inputs]
            with in_order(order):
                returned = kernel(*given, *outputs)
            found: list[Report] = [returned] if isinstance(returned, Report) else list(returned or ())
            if not found or not all(isinstance(one, Report) for one in found):
                raise TypeError("check: kernel must return the report of simulator.run, or several")
            reports += found
            trials += 1
            where = f"with inputs of shape {', '.join(map(str, trial))}, blocks in {order} order"
            for report in found:
                for finding in (*report.violations, *report.races):
                    return Verdict(False, f"{where}: {finding.sentence}", reports)
            for output, right in zip(outputs, wanted):
                wrong = _first_difference(output, np.asarray(right), rtol, atol)
                if wrong:
                    return Verdict(False, f"{where}: {wrong}", reports)
    return Verdict(
        trials > 0, f"right in {trials} launches, no race, nothing out of bounds" if trials else "no shapes", reports
    )


def _draw(rng: np.random.Generator, shape: Shape, dtype: np.dtype) -> np.ndarray:
    if dtype.kind == "f":
        return rng.standard_normal(shape).astype(dtype)
    return rng.integers(0, 100, shape).astype(dtype)


def _like(wanted: np.ndarray, dtype: np.dtype) -> np.ndarray:
    kind = dtype if wanted.dtype.kind == "f" else wanted.dtype
    return empty(wanted.shape, kind)


def _first_difference(output: np.ndarray, wanted: np.ndarray, rtol: float, atol: float) -> str:
    """Where the output first differs from what it should be; "" if nowhere."""
    near = np.isclose(output, wanted, rtol=rtol, atol=atol, equal_nan=True)
    if near.all():
        return ""
    index = tuple(int(k) for k in np.argwhere(~near)[0])
    many = int((~near).sum())
    place = f"[{', '.join(map(str, index))}]" if index else ""
    return f"out{place} is {output[index]}, it must be {wanted[index]:.7g} ({many} of {wanted.size} elements are wrong)"
