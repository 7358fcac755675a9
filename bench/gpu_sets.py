"""Several sets of inputs for each contender on the GPU, taken by turns.

Nobody's time then hangs on one set of numbers (a branch that they never take, a sum that stays zero), nor on what the
call before left in a cache: by the time that a set's turn comes again, the others have gone through it. Each contender
has as many sets as all others.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ..kernels.operation import Draw
from .contenders import Case
from .timing import OnGPU

SETS = 3
SHARE = 0.5  # of the memory that is free, for all of them
# How often a set's arrays may be there, in one form or another: results, gradients and what is kept for the way back,
# for ours, cuBLAS and PyTorch in three ways.
HELD = 5 * 4


def of(case: Case, free: int) -> list[Case]:
    """The case, and the same work on other numbers: as many as there is room for in so many bytes."""
    arrays = (x for x in case.operation.bind(case.sample).values() if isinstance(x, np.ndarray))
    room = int(SHARE * free) // max(1, HELD * sum(x.nbytes for x in arrays))
    sizes = case.operation.workloads[case.workload]
    samples = [case.operation.example(Draw(k, case.dtype), *sizes) for k in range(1, max(1, min(SETS, room)))]
    return [case, *(replace(case, sample=sample, grad=None) for sample in samples)]


def by_turns(entrants: Sequence[OnGPU]) -> OnGPU:
    """One contender of those that do the same on other sets."""
    first, *others = entrants
    return replace(first, others=[other.call for other in others])


def rivals(found: Sequence[dict[str, Callable[[], Any]]], cupy: Any) -> dict[str, OnGPU]:
    """Those that there are for every set, given the calls of each set by name."""
    names = [name for name in found[0] if all(name in calls for calls in found)]
    return {name: by_turns([OnGPU(calls[name], cupy=cupy) for calls in found]) for name in names}
